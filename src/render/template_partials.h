/*-------------------------------------------------------------------------
 *
 * template_partials.h
 *	  Partials out of a JSON object that maps names to template texts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_TEMPLATE_PARTIALS_H
#define ION_RENDER_TEMPLATE_PARTIALS_H

#include "render/template.h"

typedef struct IonPartials IonPartials;

/*
 * A set over texts, an object of strings that must outlive the set (NULL for
 * an empty set).  Returns NULL and a static *error when texts is no object or
 * one of its values no string.  The set and the templates parsed on its
 * behalf belong to the memory context current at this call and at the first
 * lookup of each name: use one context for both.
 */
extern IonPartials *ion_partials_create(const IonValue *texts,
										const char **error);

/*
 * An IonPartialLookup; arg is the IonPartials.  A partial is parsed when it is
 * first asked for, and once.
 */
extern bool ion_partials_lookup(void *arg, const char *name,
								const IonTemplate **partial,
								IonTemplateError *err);

#endif							/* ION_RENDER_TEMPLATE_PARTIALS_H */
