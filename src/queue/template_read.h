/*-------------------------------------------------------------------------
 *
 * template_read.h
 *	  Templates and layouts as they stand in their tables.
 *
 * Each function runs between SPI_connect and SPI_finish, as the owner, and
 * reads under the latest snapshot: what is kept from it must not be older than
 * the last message that something changed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_TEMPLATE_READ_H
#define ION_QUEUE_TEMPLATE_READ_H

#include "postgres.h"

#include "utils/uuid.h"

/* One text of a template; strings live during the call that shows it. */
typedef struct IonTemplateRow
{
	pg_uuid_t	id;
	int32		version;
	bool		live;			/* not retired at the version asked for */
	const char *channel;		/* NULL: every channel; others may be NULL too */
	const char *language;
	const char *subject;
	const char *markdown;
	const char *parameters;		/* JSON text, here and below */
	const char *partials;
	const char *registrations;	/* array of objects */
	const char *layout;
	bool		calendar;
	int			sms_max_segments;	/* 0: none of its own */
} IonTemplateRow;

typedef void (*IonTemplateRowFound) (void *arg, const IonTemplateRow *row);

/* What a service's messages of one template are bound to. */
typedef struct IonTemplateChoice
{
	int32		version;
	int			sms_max_segments;	/* the service's */
	bool		sms_transliterate;
	char	  **channels;		/* the service's, in the current context */
	int			n_channels;
} IonTemplateChoice;

/*
 * The version of template name that a message of service is bound to now: of
 * the nearest scope (the service itself, its organization, those above it,
 * everywhere) with a text that is not retired.  False when there is none.
 */
extern bool ion_template_resolve(const char *service, const char *name, IonTemplateChoice *choice);

/*
 * Show the texts of template name at a version, in the scope that version
 * belongs to: of each channel and language the newest up to there.  The first
 * shown is the newest of all.  Returns their number, 0 when there is no such
 * version.
 */
extern int	ion_template_family_read(const char *name, int32 version, IonTemplateRowFound found, void *arg);

/* NULL where the table has null. */
typedef struct IonLayoutRow
{
	const char *name;
	const char *logo_url;
	const char *logo_alt;
	const char *primary_color;
	const char *footer_markdown;
	const char *contacts_markdown;
	const char *website;
	const char *unsubscribe_text;
	const char *unsubscribe_url;
} IonLayoutRow;

/*
 * The layout of an organization, or of the nearest one above it that has one,
 * in the current context.  False when none has.
 */
extern bool ion_layout_read(const char *organization, IonLayoutRow *row);

#endif							/* ION_QUEUE_TEMPLATE_READ_H */
