/*-------------------------------------------------------------------------
 *
 * locale_cache.h
 *	  ICU's formatters, opened once and kept.
 *
 * Only locale_format.c needs it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_LOCALE_CACHE_H
#define ION_RENDER_LOCALE_CACHE_H

#include "base/pure.h"

#include <unicode/udat.h>
#include <unicode/unumberformatter.h>

/* A formatter has about 30 kB, so all of them 2 MB. */
#define ION_LOCALE_CACHE_MAX		64	/* formatters open at a time */
#define ION_LOCALE_LANGUAGE_MAX		35	/* bytes of a language tag (RFC 5646,
										 * section 4.4.1) */
#define ION_LOCALE_QUALIFIER_MAX	63	/* bytes of a time zone's name */

typedef enum IonFormatKind
{
	ION_FORMAT_MONEY = 0,		/* qualifier: the currency, ISO 4217 */
	ION_FORMAT_NUMBER,			/* the number of decimals, in digits */
	ION_FORMAT_DATE,			/* this one and the next: the time zone */
	ION_FORMAT_TIME,
	ION_FORMAT_TIMESTAMP
} IonFormatKind;

/* number for money and numbers, date for the others. */
typedef struct IonFormatter
{
	UNumberFormatter *number;
	UDateFormat *date;
} IonFormatter;

extern const IonFormatter *ion_locale_formatter(IonFormatKind kind,
												const char *language,
												const char *qualifier,
												const char **error);
extern UFormattedNumber *ion_locale_number_result(const char **error);

#endif							/* ION_RENDER_LOCALE_CACHE_H */
