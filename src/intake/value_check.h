/*-------------------------------------------------------------------------
 *
 * value_check.h
 *	  Checks shared by messages and the registry's triggers.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_VALUE_CHECK_H
#define ION_INTAKE_VALUE_CHECK_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "compat/compat.h"

/* Raise 22023 for a column; detail and hint may be NULL. */
ion_noreturn extern void ion_value_error(const char *column, const char *detail, const char *hint);

/* E.164: + and 8 to 15 digits. */
extern bool ion_phone_valid(const char *text, int length);

/* Positive and at most ION_TTL_MAX_DAYS. */
extern bool ion_time_to_live_valid(const Interval *ttl);

/* A language tag: two or three letters and subtags (BCP 47, well-formed). */
extern bool ion_language_valid(const char *text, int length);

#endif							/* ION_INTAKE_VALUE_CHECK_H */
