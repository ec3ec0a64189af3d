/*-------------------------------------------------------------------------
 *
 * template_check.h
 *	  The template a message names: which version, and whether its params fit.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_TEMPLATE_CHECK_H
#define ION_INTAKE_TEMPLATE_CHECK_H

#include "postgres.h"

#include "intake/message_row.h"

typedef struct IonTemplateCheck IonTemplateCheck;

/* For one statement; lives in cxt. */
extern IonTemplateCheck *ion_template_check_create(MemoryContext cxt);

/*
 * Check the row's template and params, and bind the row to the template's
 * version of now: returns the tuple with template_version set, a new one in
 * tuple_cxt where that changes it.  Raises 42704 for a template the service
 * does not have, 22023 for params that do not fit and for an SMS that would
 * take more segments than allowed.  The current context is reset by the caller
 * row by row.
 */
extern HeapTuple ion_template_bind(IonTemplateCheck *check, const IonMessageRow *row, HeapTuple tuple, TupleDesc desc,
								   const IonColumnMap *map, MemoryContext tuple_cxt);

/*
 * Of row (a jsonb object), as params of a message of service, what the
 * template declares; all of it when there is no such template or it declares
 * nothing.
 */
extern Datum ion_template_declared(const char *service, const char *template, Datum row);

#endif							/* ION_INTAKE_TEMPLATE_CHECK_H */
