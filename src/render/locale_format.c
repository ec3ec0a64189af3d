/*-------------------------------------------------------------------------
 *
 * locale_format.c
 *	  Money, numbers, dates and times as people write them.
 *
 * All knowledge of languages is ICU's.  What is ours: a number reaches ICU as
 * the decimal text it came in, never as a double, and is first measured,
 * because "1e999999999" is a short text for a long number; an instant is
 * checked against the years that can be written plainly.  ICU writes into a
 * buffer on the stack; only when it is done, and holds nothing, is memory
 * allocated, which may fail by longjmp().
 *
 *-------------------------------------------------------------------------
 */
#include "render/locale_format.h"

#include <unicode/ustring.h>

#include "render/locale_cache.h"
#include "render/moment.h"

/* Digits, a separator for each, sign, currency and the marks around them. */
#define TEXT_MAX			(4 * ION_NUMBER_DIGITS_MAX + 96)	/* UTF-16 units */
#define EXPONENT_MAX		1000	/* with a greater one, and so with this
									 * one, no number is short enough */
#define INT64_DIGITS		18	/* that surely fit */

static bool append_number(StringInfo out, const char *digits, bool small,
						  const IonFormatter *formatter, const char **error);
static bool append_moment(StringInfo out, int64 unix_microseconds, IonFormatKind kind,
						  const char *language, const char *time_zone,
						  const char **error);
static bool append_text(StringInfo out, const UChar *text, int32_t length,
						UErrorCode status, const char **error);
static int	count_digits(const char **s);
static bool is_zero(const char *digits);

bool
ion_format_money(StringInfo out, int64 cents, const char *currency,
				 const char *language, const char **error)
{
	const IonFormatter *formatter;
	UFormattedNumber *result;
	UErrorCode	status = U_ZERO_ERROR;
	UChar		text[TEXT_MAX];
	int32_t		length;

	if (strlen(currency) != 3 || strspn(currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
	{
		*error = "a currency is three capital letters";
		return false;
	}
	formatter = ion_locale_formatter(ION_FORMAT_MONEY, language, currency, error);
	result = formatter == NULL ? NULL : ion_locale_number_result(error);
	if (result == NULL)
		return false;
	unumf_formatInt(formatter->number, cents, result, &status);
	length = unumf_resultToString(result, text, lengthof(text), &status);
	return append_text(out, text, length, status, error);
}

bool
ion_format_number(StringInfo out, const char *digits, const char *language,
				  const char **error)
{
	const IonFormatter *formatter;
	char		qualifier[4];
	int			whole;
	int			decimals;

	if (!ion_number_measure(digits, &whole, &decimals))
	{
		*error = "no number, or one of too many digits";
		return false;
	}
	if (*digits == '-' && is_zero(digits))
		digits++;
	qualifier[0] = (char) ('0' + decimals / 10);
	qualifier[1] = (char) ('0' + decimals % 10);
	qualifier[2] = '\0';
	formatter = ion_locale_formatter(ION_FORMAT_NUMBER, language, qualifier, error);
	return formatter != NULL &&
		append_number(out, digits, decimals == 0 && whole <= INT64_DIGITS,
					  formatter, error);
}

/*
 * A small number is whole and fits into 64 bits, if it has no exponent.
 */
static bool
append_number(StringInfo out, const char *digits, bool small,
			  const IonFormatter *formatter, const char **error)
{
	UFormattedNumber *result = ion_locale_number_result(error);
	UErrorCode	status = U_ZERO_ERROR;
	UChar		text[TEXT_MAX];
	int32_t		length;

	if (result == NULL)
		return false;
	if (small && digits[strspn(digits, "-0123456789")] == '\0')
		unumf_formatInt(formatter->number, strtoll(digits, NULL, 10), result, &status);
	else
		unumf_formatDecimal(formatter->number, digits, (int32_t) strlen(digits),
							result, &status);
	length = unumf_resultToString(result, text, lengthof(text), &status);
	return append_text(out, text, length, status, error);
}

bool
ion_format_date(StringInfo out, int64 unix_microseconds, const char *language,
				const char *time_zone, const char **error)
{
	return append_moment(out, unix_microseconds, ION_FORMAT_DATE, language, time_zone,
						 error);
}

bool
ion_format_time(StringInfo out, int64 unix_microseconds, const char *language,
				const char *time_zone, const char **error)
{
	return append_moment(out, unix_microseconds, ION_FORMAT_TIME, language, time_zone,
						 error);
}

bool
ion_format_timestamp(StringInfo out, int64 unix_microseconds, const char *language,
					 const char *time_zone, const char **error)
{
	return append_moment(out, unix_microseconds, ION_FORMAT_TIMESTAMP, language,
						 time_zone, error);
}

bool
ion_format_plain_date(StringInfo out, int year, int month, int day,
					  const char *language, const char **error)
{
	int64		days;
	int64		noon;

	if (!ion_moment_days(year, month, day, &days))
	{
		*error = "there is no such day in the years 1 to 9999";
		return false;
	}
	noon = days * ION_MOMENT_DAY_USEC + ION_MOMENT_DAY_USEC / 2;
	return append_moment(out, noon, ION_FORMAT_DATE, language, "UTC", error);
}

bool
ion_format_plain_time(StringInfo out, int hour, int minute, const char *language,
					  const char **error)
{
	if (hour < 0 || hour > 23 || minute < 0 || minute > 59)
	{
		*error = "there is no such time of day";
		return false;
	}
	return append_moment(out, INT64CONST(60000000) * (hour * 60 + minute),
						 ION_FORMAT_TIME, language, "UTC", error);
}

/*
 * ICU counts milliseconds in a double, which is exact in our years.
 */
static bool
append_moment(StringInfo out, int64 unix_microseconds, IonFormatKind kind,
			  const char *language, const char *time_zone, const char **error)
{
	const IonFormatter *formatter;
	UErrorCode	status = U_ZERO_ERROR;
	UChar		text[TEXT_MAX];
	int64		ms = unix_microseconds / 1000;
	int32_t		length;

	/* a plain date may be the first day of the era, which is seen from UTC */
	if (unix_microseconds < ION_MOMENT_MIN - ION_MOMENT_DAY_USEC ||
		unix_microseconds > ION_MOMENT_MAX)
	{
		*error = "time lies outside the years 1 to 9999";
		return false;
	}
	if (unix_microseconds % 1000 < 0)
		ms--;
	formatter = ion_locale_formatter(kind, language, time_zone, error);
	if (formatter == NULL)
		return false;
	length = udat_format(formatter->date, (UDate) ms, text, lengthof(text), NULL,
						 &status);
	return append_text(out, text, length, status, error);
}

/*
 * What ICU wrote, as UTF-8.
 */
static bool
append_text(StringInfo out, const UChar *text, int32_t length, UErrorCode status,
			const char **error)
{
	char		utf8[3 * TEXT_MAX]; /* no UTF-16 unit takes more bytes */
	int32_t		bytes = 0;

	if (U_SUCCESS(status))
		u_strToUTF8(utf8, sizeof(utf8), &bytes, text, length, &status);
	if (U_FAILURE(status))
	{
		*error = "value could not be written in this language";
		return false;
	}
	appendBinaryStringInfo(out, utf8, bytes);
	*error = NULL;
	return true;
}

bool
ion_number_measure(const char *digits, int *whole, int *decimals)
{
	const char *s = digits;
	int			exponent = 0;
	int			sign = 1;

	*decimals = 0;
	if (*s == '-')
		s++;
	if (s[0] == '0' && s[1] >= '0' && s[1] <= '9')
		return false;
	*whole = count_digits(&s);
	if (*whole == 0)
		return false;
	if (*s == '.')
	{
		s++;
		*decimals = count_digits(&s);
		if (*decimals == 0)
			return false;
	}
	if (*s == 'e' || *s == 'E')
	{
		s++;
		if (*s == '+' || *s == '-')
			sign = *s++ == '-' ? -1 : 1;
		if (*s < '0' || *s > '9')
			return false;
		for (; *s >= '0' && *s <= '9'; s++)
			exponent = Min(exponent * 10 + (*s - '0'), EXPONENT_MAX);
		exponent *= sign;
	}
	*whole = Max(*whole + exponent, 1);
	*decimals = Max(*decimals - exponent, 0);
	return *s == '\0' && *whole <= ION_NUMBER_DIGITS_MAX &&
		*decimals <= ION_NUMBER_DIGITS_MAX;
}

static int
count_digits(const char **s)
{
	int			count = 0;

	while (**s >= '0' && **s <= '9')
	{
		(*s)++;
		count++;
	}
	return count;
}

static bool
is_zero(const char *digits)
{
	for (const char *c = digits; *c != '\0' && *c != 'e' && *c != 'E'; c++)
	{
		if (*c >= '1' && *c <= '9')
			return false;
	}
	return true;
}
