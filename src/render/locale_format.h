/*-------------------------------------------------------------------------
 *
 * locale_format.h
 *	  Money, numbers, dates and times as people write them.
 *
 * The words and signs are those of CLDR, by ICU: "1.234,50 €" in Italian,
 * "€1,234.50" in English.  A language is a BCP 47 tag (it, de-AT; de_AT will
 * do).  One that CLDR does not know is taken by its language part, and else
 * for Italian.  Dates are Gregorian in every language.  What separates groups
 * of digits, or a number from its unit, may be a space that does not break
 * (U+00A0, U+202F).
 *
 * A time zone is a name of the time zone database (Europe/Rome).  ICU brings
 * its own copy of that database, so its rules are those of the ICU package
 * and not of tzdata.
 *
 * Each function appends to out and returns true, or leaves out as it was and
 * returns false with a static *error.  Texts given are zero-terminated.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_LOCALE_FORMAT_H
#define ION_RENDER_LOCALE_FORMAT_H

#include "base/pure.h"

#define ION_NUMBER_DIGITS_MAX	40	/* before the decimal point; and after it */

/*
 * cents are hundredths of the currency (ISO 4217, three capital letters),
 * whatever its own smallest coin is.
 */
extern bool ion_format_money(StringInfo out, int64 cents, const char *currency,
							 const char *language, const char **error);

/*
 * digits is a JSON number; as many decimals are shown as it has, none is
 * rounded.
 */
extern bool ion_format_number(StringInfo out, const char *digits,
							  const char *language, const char **error);

/*
 * The day, the time of day (hours and minutes) or both, of an instant seen
 * from a time zone.  The instant lies between ION_MOMENT_MIN and
 * ION_MOMENT_MAX (moment.h).
 */
extern bool ion_format_date(StringInfo out, int64 unix_microseconds,
							const char *language, const char *time_zone,
							const char **error);
extern bool ion_format_time(StringInfo out, int64 unix_microseconds,
							const char *language, const char *time_zone,
							const char **error);
extern bool ion_format_timestamp(StringInfo out, int64 unix_microseconds,
								 const char *language, const char *time_zone,
								 const char **error);

/* A day and a time of day that belong to no time zone. */
extern bool ion_format_plain_date(StringInfo out, int year, int month, int day,
								  const char *language, const char **error);
extern bool ion_format_plain_time(StringInfo out, int hour, int minute,
								  const char *language, const char **error);

/*
 * How many digits a JSON number has before (*whole) and after (*decimals) the
 * decimal point once its exponent is applied.  False when the text is no JSON
 * number, or either count would be above ION_NUMBER_DIGITS_MAX.
 */
extern bool ion_number_measure(const char *digits, int *whole, int *decimals);

/*
 * Is the name one of a time zone that can be used here?  Slow: for checks
 * when a setting is written.
 */
extern bool ion_time_zone_known(const char *time_zone);

/* Close every formatter kept; the next use opens them again. */
extern void ion_locale_format_reset(void);

#endif							/* ION_RENDER_LOCALE_FORMAT_H */
