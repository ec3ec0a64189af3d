/* units: src/render/locale_format.c src/render/locale_cache.c src/render/moment.c */
/*-------------------------------------------------------------------------
 *
 * test_locale_format.c
 *	  Money, numbers, dates and times in the languages we promise.
 *
 * Which space CLDR puts between a number and its unit changes from release to
 * release, so every space that does not break is compared as a plain one.
 * At the end every formatter is closed and ICU cleaned up: what the leak
 * checker then still finds, we lost.
 *
 *-------------------------------------------------------------------------
 */
#include "render/locale_format.h"

#include <unicode/uclean.h>

#include "render/locale_cache.h"
#include "render/moment.h"
#include "render/text_check.h"
#include "tap.h"

#define WINTER	INT64CONST(1768483800000000)	/* 2026-01-15 14:30 in Rome */
#define HOUR	INT64CONST(3600000000)

static const char *const languages[] = {"it", "en", "de", "fr", "es", "sl"};

static StringInfoData out;
static const char *error_seen;

/* What was appended, spaces made plain; or the error. */
static const char *
result(bool done)
{
	static char text[512];
	int			n = 0;

	if (strncmp(out.data, "kept ", 5) != 0 || (!done && out.len != 5))
		return "what was there before was not kept";
	if (done != (error_seen == NULL))
		return "an error and no failure, or the other way round";
	if (!done)
		return error_seen;
	for (const char *c = out.data + 5; *c != '\0' && n < 511; c++)
	{
		if (strncmp(c, "\xc2\xa0", 2) == 0)
		{
			text[n++] = ' ';
			c++;
		}
		else if (strncmp(c, "\xe2\x80\xaf", 3) == 0)
		{
			text[n++] = ' ';
			c += 2;
		}
		else
			text[n++] = *c;
	}
	text[n] = '\0';
	return text;
}

static void
begin(void)
{
	resetStringInfo(&out);
	appendStringInfoString(&out, "kept ");
	error_seen = "never set";
}

static const char *
money(int64 cents, const char *currency, const char *language)
{
	begin();
	return result(ion_format_money(&out, cents, currency, language, &error_seen));
}

static const char *
number(const char *digits, const char *language)
{
	begin();
	return result(ion_format_number(&out, digits, language, &error_seen));
}

static const char *
date(int64 usec, const char *language, const char *zone)
{
	begin();
	return result(ion_format_date(&out, usec, language, zone, &error_seen));
}

static const char *
time_of_day(int64 usec, const char *language, const char *zone)
{
	begin();
	return result(ion_format_time(&out, usec, language, zone, &error_seen));
}

static const char *
timestamp(int64 usec, const char *language, const char *zone)
{
	begin();
	return result(ion_format_timestamp(&out, usec, language, zone, &error_seen));
}

static const char *
plain_date(int y, int m, int d, const char *language)
{
	begin();
	return result(ion_format_plain_date(&out, y, m, d, language, &error_seen));
}

static const char *
plain_time(int hour, int minute, const char *language)
{
	begin();
	return result(ion_format_plain_time(&out, hour, minute, language, &error_seen));
}

/* One column per language, in the order of languages[]. */
static void
test_money(void)
{
	static const struct
	{
		int64		cents;
		const char *want[6];
	}			cases[] = {
		{1250, {"12,50 €", "€12.50", "12,50 €", "12,50 €", "12,50 €", "12,50 €"}},
		{0, {"0,00 €", "€0.00", "0,00 €", "0,00 €", "0,00 €", "0,00 €"}},
		{5, {"0,05 €", "€0.05", "0,05 €", "0,05 €", "0,05 €", "0,05 €"}},
		{123450, {"1.234,50 €", "€1,234.50", "1.234,50 €", "1 234,50 €", "1.234,50 €", "1.234,50 €"}},
		{-123456789, {"-1.234.567,89 €", "-€1,234,567.89", "-1.234.567,89 €",
		"-1 234 567,89 €", "-1.234.567,89 €", "−1.234.567,89 €"}},
		{PG_INT64_MAX, {"92.233.720.368.547.758,07 €", "€92,233,720,368,547,758.07",
				"92.233.720.368.547.758,07 €", "92 233 720 368 547 758,07 €",
		"92.233.720.368.547.758,07 €", "92.233.720.368.547.758,07 €"}},
		{PG_INT64_MIN, {"-92.233.720.368.547.758,08 €", "-€92,233,720,368,547,758.08",
				"-92.233.720.368.547.758,08 €", "-92 233 720 368 547 758,08 €",
		"-92.233.720.368.547.758,08 €", "−92.233.720.368.547.758,08 €"}},
	};
	static const char *const ill[] = {"", "eur", "EU", "EURO", "E R", "€"};

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		for (size_t l = 0; l < lengthof(languages); l++)
			is_str(money(cases[i].cents, "EUR", languages[l]), cases[i].want[l],
				   psprintf("%lld cents in %s", (long long) cases[i].cents, languages[l]));
	}
	is_str(money(1250, "USD", "it"), "12,50 USD", "another currency");
	is_str(money(125050, "JPY", "it"), "1.250,50 JPY", "no currency is rounded to its coins");
	is_str(money(1250, "CHF", "de-CH"), "CHF 12.50", "Switzerland");
	for (size_t i = 0; i < lengthof(ill); i++)
		is_str(money(1, ill[i], "it"), "a currency is three capital letters",
			   psprintf("no currency: \"%s\"", ill[i]));
}

static void
test_numbers(void)
{
	static const struct
	{
		const char *digits;
		const char *want[6];
	}			cases[] = {
		{"0", {"0", "0", "0", "0", "0", "0"}},
		{"7", {"7", "7", "7", "7", "7", "7"}},
		{"-125", {"-125", "-125", "-125", "-125", "-125", "−125"}},
		{"12500", {"12.500", "12,500", "12.500", "12 500", "12.500", "12.500"}},
		{"1234567890", {"1.234.567.890", "1,234,567,890", "1.234.567.890",
		"1 234 567 890", "1.234.567.890", "1.234.567.890"}},
		{"1.50", {"1,50", "1.50", "1,50", "1,50", "1,50", "1,50"}},
		{"0.1", {"0,1", "0.1", "0,1", "0,1", "0,1", "0,1"}},
		{"-12345.678", {"-12.345,678", "-12,345.678", "-12.345,678", "-12 345,678",
		"-12.345,678", "−12.345,678"}},
	};

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		for (size_t l = 0; l < lengthof(languages); l++)
			is_str(number(cases[i].digits, languages[l]), cases[i].want[l],
				   psprintf("%s in %s", cases[i].digits, languages[l]));
	}
	is_str(number("9007199254740993", "en"), "9,007,199,254,740,993", "more than a double holds");
	is_str(number("9223372036854775808", "en"), "9,223,372,036,854,775,808", "more than 64 bits hold");
	is_str(number("0.30000000000000004", "en"), "0.30000000000000004", "every decimal");
	is_str(number("2.5", "en"), "2.5", "nothing is rounded");
	is_str(number("1e3", "en"), "1,000", "an exponent");
	is_str(number("1.25E+3", "en"), "1,250", "one that takes the decimals away");
	is_str(number("125e-2", "en"), "1.25", "one that makes some");
	is_str(number("1.50e1", "en"), "15.0", "and one that leaves some");
	is_str(number("-0", "en"), "0", "zero has no sign");
	is_str(number("-0.00", "it"), "0,00", "nor with decimals");
	is_str(number("-0.00e1", "it"), "0,0", "nor with an exponent");
	is_str(number("1234567890123456789012345678901234567890.1234567890123456789012345678901234567890", "en"),
		   "1,234,567,890,123,456,789,012,345,678,901,234,567,890.1234567890123456789012345678901234567890",
		   "the longest number");
}

static void
test_ill_numbers(void)
{
	static const char *const ill[] = {
		"", "-", "+1", "01", "-01", "1.", ".5", "1e", "1e+", "1 ", " 1", "0x10", "1,5", "1.5.2",
		"NaN", "Infinity", "--1", "1e999999999", "1e-999999999", "0e999999999999999999999",
		"1e40", "1e-41", "12345678901234567890123456789012345678901",
		"0.12345678901234567890123456789012345678901", "1\xc2\xa0", "1@", "1e5e5"
	};
	char	   *zeros = palloc(5020);
	int			whole;
	int			decimals;

	for (size_t i = 0; i < lengthof(ill); i++)
		is_str(number(ill[i], "it"), "no number, or one of too many digits",
			   psprintf("no number: \"%s\"", ill[i]));
	memset(zeros, '0', 5000);
	zeros[1] = '.';
	strcpy(zeros + 5000, "1e5000");
	ok(!ion_number_measure(zeros, &whole, &decimals), "thousands of digits, undone by an exponent");
	zeros[0] = '1';
	zeros[1] = '0';
	strcpy(zeros + 5000, "e-4999");
	ok(!ion_number_measure(zeros, &whole, &decimals), "the same in front of the point");
	ok(ion_number_measure("-12.50", &whole, &decimals) && whole == 2 && decimals == 2, "the measure");
	ok(ion_number_measure("0.001e5", &whole, &decimals) && whole == 6 && decimals == 0,
	   "the measure with an exponent: an upper bound");
	ok(ion_number_measure("12e-4", &whole, &decimals) && whole == 1 && decimals == 4,
	   "the measure with a negative one");
}

static void
test_dates(void)
{
	static const char *const dates[] = {
		"15 gennaio 2026", "January 15, 2026", "15. Januar 2026", "15 janvier 2026",
		"15 de enero de 2026", "15. januar 2026"
	};
	static const char *const augusts[] = {
		"1 agosto 2026", "August 1, 2026", "1. August 2026", "1 août 2026",
		"1 de agosto de 2026", "1. avgust 2026"
	};
	static const char *const times[] = {
		"14:30", "2:30 PM", "14:30", "14:30", "14:30", "14:30"
	};

	for (size_t l = 0; l < lengthof(languages); l++)
	{
		const char *language = languages[l];
		const char *both;

		is_str(date(WINTER, language, "Europe/Rome"), dates[l], psprintf("a date in %s", language));
		is_str(plain_date(2026, 1, 15, language), dates[l], psprintf("a plain date in %s", language));
		is_str(plain_date(2026, 8, 1, language), augusts[l], psprintf("in August in %s", language));
		is_str(time_of_day(WINTER, language, "Europe/Rome"), times[l], psprintf("a time in %s", language));
		is_str(plain_time(14, 30, language), times[l], psprintf("a plain time in %s", language));

		/* the words between date and time are CLDR's to change */
		both = timestamp(WINTER, language, "Europe/Rome");
		ok(strncmp(both, dates[l], strlen(dates[l])) == 0 &&
		   strcmp(both + strlen(both) - strlen(times[l]), times[l]) == 0 &&
		   strlen(both) <= strlen(dates[l]) + strlen(times[l]) + 10,
		   "a timestamp in %s: %s", language, both);
	}
	is_str(plain_time(0, 0, "it"), "00:00", "midnight");
	is_str(plain_time(9, 5, "it"), "09:05", "two digits");
	is_str(plain_time(0, 5, "en"), "12:05 AM", "after midnight in English");
}

static void
test_years(void)
{
	is_str(plain_date(1900, 2, 28, "it"), "28 febbraio 1900", "1900");
	is_str(plain_date(1900, 3, 1, "it"), "1 marzo 1900", "which had no leap day");
	is_str(plain_date(9999, 12, 31, "it"), "31 dicembre 9999", "9999");
	is_str(plain_date(1, 1, 1, "it"), "1 gennaio 1", "the first day");
	is_str(plain_date(1582, 10, 10, "it"), "10 ottobre 1582", "a day that only we had");
	is_str(plain_date(1500, 2, 28, "it"), "28 febbraio 1500", "before the reform, as PostgreSQL counts");
	is_str(plain_date(2024, 2, 29, "it"), "29 febbraio 2024", "a leap day");
	is_str(plain_date(2026, 2, 29, "it"), "there is no such day in the years 1 to 9999", "none");
	is_str(plain_date(0, 1, 1, "it"), "there is no such day in the years 1 to 9999", "year 0");
	is_str(plain_date(10000, 1, 1, "it"), "there is no such day in the years 1 to 9999", "year 10000");
	is_str(plain_time(24, 0, "it"), "there is no such time of day", "24:00");
	is_str(plain_time(0, 60, "it"), "there is no such time of day", "00:60");
	is_str(plain_time(-1, 0, "it"), "there is no such time of day", "-1:00");
	is_str(timestamp(INT64CONST(-2208988800000000), "it", "Europe/Rome"),
		   "1 gennaio 1900 alle ore 01:00", "1900 in Rome");
	is_str(date(ION_MOMENT_MAX, "it", "UTC"), "31 dicembre 9999", "the last instant");
	is_str(date(ION_MOMENT_MIN, "it", "America/Los_Angeles"), "1 gennaio 1", "the first one");
	is_str(date(ION_MOMENT_MAX + 1, "it", "UTC"), "time lies outside the years 1 to 9999", "after the last");
	is_str(date(PG_INT64_MAX, "it", "UTC"), "time lies outside the years 1 to 9999", "far after it");
	is_str(date(PG_INT64_MIN, "it", "UTC"), "time lies outside the years 1 to 9999", "far before the first");
	is_str(timestamp(-1, "it", "UTC"), "31 dicembre 1969 alle ore 23:59", "a microsecond before the epoch");
}

/*
 * Summer time in Europe begins and ends at 01:00 UTC.
 */
static void
test_zones(void)
{
	static const int64 spring = INT64CONST(1774746000000000);	/* 2026-03-29 01:00Z */
	static const int64 autumn = INT64CONST(1792890000000000);	/* 2026-10-25 01:00Z */
	static const char *const unknown[] = {
		"", "Europe/Atlantis", "GMT+5", "UTC+03:00", "+01:00", "<+03>-3", "Etc/Unknown", "Roma",
		"Europe/Rome ", "Europe/Rome\n", "../../etc/passwd", "\xff\xff", "Europe/R\xc3\xb2me",
		"Europe/Rome/Europe/Rome/Europe/Rome/Europe/Rome/Europe/Rome/Europe/Rome/Europe/Rome"
	};

	is_str(time_of_day(spring - 1, "it", "Europe/Rome"), "01:59", "before summer time");
	is_str(time_of_day(spring, "it", "Europe/Rome"), "03:00", "its first minute");
	is_str(time_of_day(autumn - 1, "it", "Europe/Rome"), "02:59", "its last minute");
	is_str(time_of_day(autumn, "it", "Europe/Rome"), "02:00", "the hour that comes twice");
	is_str(time_of_day(autumn + HOUR, "it", "Europe/Rome"), "03:00", "and after it");
	is_str(date(WINTER + 10 * HOUR, "it", "Europe/Rome"), "16 gennaio 2026", "past midnight in Rome");
	is_str(date(WINTER + 10 * HOUR, "it", "America/New_York"), "15 gennaio 2026", "not yet in New York");
	is_str(time_of_day(WINTER, "it", "Asia/Kathmandu"), "19:15", "quarters of an hour");
	is_str(time_of_day(WINTER, "it", "UTC"), "13:30", "UTC");
	is_str(time_of_day(WINTER, "it", "Etc/GMT+5"), "08:30", "a zone of the database with a sign");
	is_str(time_of_day(WINTER, "it", "europe/rome"), "14:30", "any case, as in PostgreSQL");
	for (size_t i = 0; i < lengthof(unknown); i++)
	{
		is_str(time_of_day(WINTER, "it", unknown[i]), "unknown time zone",
			   psprintf("unknown zone %d", (int) i));
		ok(!ion_time_zone_known(unknown[i]), "nor when asked");
	}
	is_str(time_of_day(WINTER, "it", NULL), "unknown time zone", "no zone at all");
	ok(ion_time_zone_known("Europe/Rome") && ion_time_zone_known("UTC"), "zones known when asked");
}

static void
test_languages(void)
{
	static const char *const italian[] = {
		"it", "IT", "it-IT", "it_IT", "it_IT.UTF-8", "it-XX", "it-Latn-IT", "it-u-ca-buddhist-nu-arab",
		"it@calendar=buddhist", "", "xx", "xx-IT", "tlh", "root", "und", "mul", "x-private", "C", "-",
		"../../it", "\xff\xfe", "%s%n%s", "it\n", "italiano",
		"a-language-tag-that-is-much-longer-than-any-there-is-and-then-some", NULL
	};

	for (size_t i = 0; i < lengthof(italian); i++)
		is_str(plain_date(2026, 1, 15, italian[i]), "15 gennaio 2026",
			   psprintf("what becomes Italian, %d", (int) i));
	is_str(plain_date(2026, 1, 15, "de-AT"), "15. Jänner 2026", "Austria has its own January");
	is_str(plain_date(2026, 1, 15, "de_AT"), "15. Jänner 2026", "with an underscore");
	is_str(plain_date(2026, 1, 15, "de-XX"), "15. Januar 2026", "an unknown region");
	is_str(plain_date(2026, 1, 15, "en-GB"), "15 January 2026", "British English");
	is_str(number("1.5", "it-CH"), "1.5", "Italian in Switzerland");
	is_str(plain_date(2026, 1, 15, "zh-TW"), "2026年1月15日", "an old name of a locale");
	is_str(plain_date(2026, 1, 15, "no"), "15. januar 2026", "another");
	ok(strstr(plain_date(2026, 1, 15, "th"), "2026") != NULL, "Gregorian years in Thai");
	ok(strstr(plain_date(2026, 1, 15, "ar-SA"), "يناير") != NULL, "Gregorian months in Saudi Arabia");
}

/*
 * Far more combinations than the cache holds, twice over: each answer must be
 * its own, and the leak checker watches the evictions.
 */
static void
test_eviction(void)
{
	static const char *const zones[] = {
		"UTC", "Europe/Rome", "Asia/Tokyo", "America/New_York", "Asia/Kolkata", "Australia/Sydney"
	};
	static const char *const want[] = {"13:30", "14:30", "22:30", "08:30", "19:00", "00:30"};
	int			wrong = 0;

	for (int round = 0; round < 3; round++)
	{
		for (size_t l = 0; l < lengthof(languages); l++)
		{
			for (size_t z = 0; z < lengthof(zones); z++)
			{
				/* English has AM and PM, Spanish no leading zero */
				if (l != 1 && l != 4 && strcmp(time_of_day(WINTER, languages[l], zones[z]), want[z]) != 0)
					wrong++;
				if (strstr(date(WINTER, languages[l], zones[z]), "2026") == NULL ||
					strstr(timestamp(WINTER, languages[l], zones[z]), "2026") == NULL)
					wrong++;
			}
			for (int decimals = 0; decimals <= ION_NUMBER_DIGITS_MAX; decimals++)
			{
				const char *digits = psprintf("1%s%.*s", decimals ? "." : "", decimals,
											  "1111111111111111111111111111111111111111");

				if ((int) strlen(number(digits, languages[l])) != (int) strlen(digits))
					wrong++;
			}
		}
	}
	ok(6 * 6 * 3 + 6 * 41 > ION_LOCALE_CACHE_MAX, "more formatters than are kept");
	is_int(wrong, 0, "every text came from its own");
	ion_locale_format_reset();
	is_str(time_of_day(WINTER, "it", "Europe/Rome"), "14:30", "and again after all were closed");
}

int
main(void)
{
	initStringInfo(&out);
	test_money();
	test_numbers();
	test_ill_numbers();
	test_dates();
	test_years();
	test_zones();
	test_languages();
	test_eviction();
	ion_locale_format_reset();
	u_cleanup();
	return done_testing();
}
