/*-------------------------------------------------------------------------
 *
 * template_cache.h
 *	  Templates as a process keeps them: compiled, and shared by all it sends
 *	  or accepts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_TEMPLATE_CACHE_H
#define ION_CHANNEL_TEMPLATE_CACHE_H

#include "postgres.h"

#include "channel/kept.h"
#include "render/param_type.h"
#include "render/template_text.h"

/*
 * A template at one version: what it declares, and its texts.  None of it
 * changes but for texts being compiled.
 */
typedef struct IonFamily
{
	IonKept		kept;
	char		name[NAMEDATALEN];
	int32		version;
	const IonParamSet *params;	/* NULL: nothing is declared */
	IonTemplateText *texts;
	int			n_texts;
} IonFamily;

/*
 * The template at a version, or NULL when there is no such version.  Pin it
 * (ion_kept_pin) to use it past the next call.  Runs between SPI_connect and
 * SPI_finish, as the owner.
 */
extern IonFamily *ion_family_get(const char *name, int32 version);

/*
 * Fill in one of the family's texts: declared parameters are written as its
 * language and the time zone (IANA name, NULL: Europe/Rome) want them.  Appends
 * to subject and body; false with a reason in *error, static or in the current
 * context.  Needs no transaction.
 */
extern bool ion_family_render(IonFamily *family, IonTemplateText *text, const IonValue *params, const char *time_zone,
							  StringInfo subject, StringInfo body, const char **error);

#endif							/* ION_CHANNEL_TEMPLATE_CACHE_H */
