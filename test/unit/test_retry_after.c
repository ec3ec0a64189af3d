/* units: src/channel/retry_after.c */
/*
 * test_retry_after.c
 *	  Seconds and the three date forms, against the C library's own calendar.
 */
#include "base/pure.h"

#include <limits.h>
#include <time.h>

#include "channel/retry_after.h"
#include "tap.h"

#define RFC_DATE	INT64CONST(784111777)	/* Sun, 06 Nov 1994 08:49:37 GMT */

typedef struct Case
{
	const char *value;
	int64		now;
	int			expected;
} Case;

static const Case cases[] = {
	{"0", 0, 0}, {"120", 0, 120}, {"  120\t", 0, 120}, {"00120", 0, 120},
	{"2147483647", 0, INT_MAX}, {"2147483648", 0, INT_MAX},
	{"99999999999999999999999999999999", 0, INT_MAX},
	{NULL, 0, -1}, {"", 0, -1}, {"   ", 0, -1}, {"-1", 0, -1}, {"+1", 0, -1},
	{"1.5", 0, -1}, {"1 2", 0, -1}, {"120s", 0, -1}, {"soon", 0, -1},
	{"0x10", 0, -1}, {"1e3", 0, -1}, {"120\r\nX: y", 0, -1}, {"\xc2\xb2", 0, -1},
	{"12,13", 0, -1},

	{"Sun, 06 Nov 1994 08:49:37 GMT", RFC_DATE - 90, 90},
	{"Sun, 06 Nov 1994 08:49:37 GMT", RFC_DATE, 0},
	{"Sun, 06 Nov 1994 08:49:37 GMT", RFC_DATE + 1, 0},
	{"Sunday, 06-Nov-94 08:49:37 GMT", RFC_DATE - 90, 90},
	{"Sun Nov  6 08:49:37 1994", RFC_DATE - 90, 90},
	{" sun, 06 nov 1994 08:49:37 gmt ", RFC_DATE - 90, 90},
	{"Thu, 01 Jan 1970 00:00:10 GMT", 0, 10},
	{"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000 - 5, 5},
	{"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800 - 5, 5},
	{"Wed Nov 16 00:00:00 1994", 784944000 - 7, 7},
	{"Fri, 31 Dec 9999 23:59:59 GMT", 0, INT_MAX},
	{"Sat, 01 Jan 0000 00:00:00 GMT", 0, 0},
	{"Sat, 01 Jan 0000 00:00:00 GMT", -PG_INT64_MAX, INT_MAX},
	{"Fri, 31 Dec 9999 23:59:59 GMT", PG_INT64_MAX, 0},

	{"Sun, 6 Nov 1994 08:49:37 GMT", 0, -1},
	{"Sun, 06 Nov 94 08:49:37 GMT", 0, -1},
	{"Sun, 06 Nov 1994 08:49:37", 0, -1},
	{"Sun, 06 Nov 1994 08:49:37 UTC", 0, -1},
	{"Sun, 06 Nov 1994 08:49:37 +0000", 0, -1},
	{"Sun, 06 Nov 1994 08:49:37 GMTx", 0, -1},
	{"Sun, 06 Nov 1994 08:49:37 GMT, 5", 0, -1},
	{"Sun 06 Nov 1994 08:49:37 GMT", 0, -1},
	{"06 Nov 1994 08:49:37 GMT", 0, -1},
	{"Dom, 06 Nov 1994 08:49:37 GMT", 0, -1},
	{"Sun, 06 Now 1994 08:49:37 GMT", 0, -1},
	{"Sun, 06-Nov-1994 08:49:37 GMT", 0, -1},
	{"Sun, 00 Nov 1994 08:49:37 GMT", 0, -1},
	{"Sun, 31 Nov 1994 08:49:37 GMT", 0, -1},
	{"Wed, 29 Feb 2023 12:00:00 GMT", 0, -1},
	{"Thu, 29 Feb 1900 12:00:00 GMT", 0, -1},
	{"Tue, 29 Feb 2000 12:00:00 GMT", 951825600 - 3, 3},
	{"Sun, 06 Nov 1994 24:00:00 GMT", 0, -1},
	{"Sun, 06 Nov 1994 08:60:37 GMT", 0, -1},
	{"Sun, 06 Nov 1994 08:49:61 GMT", 0, -1},
	{"Sun, 06 Nov 1994 08:49:3 GMT", 0, -1},
	{"Sun, 06 Nov 1994 8:49:37 GMT", 0, -1},
	{"Sun, 06 Nov 1994 -8:49:37 GMT", 0, -1},
	{"Sun, ", 0, -1}, {"Sunday", 0, -1}, {"Sun Nov", 0, -1},
	{"Sun Nov 6 08:49:37 1994", 0, -1},
	{"Sun Nov 06 08:49:37 1994", RFC_DATE - 90, 90},
	{"Sun Nov   6 08:49:37 1994", 0, -1},
	{"Sun Nov  6 08:49:37 94", 0, -1},
	{"Sun, 06-Nov-94 08:49:37 GMT", 0, -1},
	{"Sunday, 06-Nov-1994 08:49:37 GMT", 0, -1}
};

static void
check_calendar(void)
{
	static const char *const days[] = {
		"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
	};
	static const char *const months[] = {
		"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
		"Nov", "Dec"
	};
	int			wrong = 0;
	int			tried = 0;

	/* every 17th day from 1970 to 2150, at a moving time of day */
	for (int64 t = 0; t < INT64CONST(5680281600); t += 17 * 86400 + 3661)
	{
		time_t		instant = (time_t) t;
		struct tm	tm;
		char		text[64];

		gmtime_r(&instant, &tm);
		snprintf(text, sizeof(text), "%s, %02d %s %04d %02d:%02d:%02d GMT",
				 days[tm.tm_wday], tm.tm_mday, months[tm.tm_mon],
				 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
		if (ion_retry_after_parse(text, Max(t - 100, 0)) != Min(t, 100))
			wrong++;
		snprintf(text, sizeof(text), "%s %s %2d %02d:%02d:%02d %04d",
				 days[tm.tm_wday], months[tm.tm_mon], tm.tm_mday,
				 tm.tm_hour, tm.tm_min, tm.tm_sec, tm.tm_year + 1900);
		if (ion_retry_after_parse(text, Max(t - 100, 0)) != Min(t, 100))
			wrong++;
		tried++;
	}
	ok(tried > 3500, "a calendar of %d days", tried);
	is_int(wrong, 0, "agrees with the C library");
}

/* Seconds from now to the given rfc850 date, as if now were mid-year. */
static int64
from_mid_year(int year, int two_digits)
{
	struct tm	tm;
	char		text[64];

	memset(&tm, 0, sizeof(tm));
	tm.tm_year = year - 1900;
	tm.tm_mon = 6;
	tm.tm_mday = 1;
	snprintf(text, sizeof(text), "Friday, 01-Jul-%02d 00:00:09 GMT", two_digits);
	return ion_retry_after_parse(text, (int64) timegm(&tm));
}

static void
check_two_digit_years(void)
{
	is_int(from_mid_year(2026, 26), 9, "this year");
	is_int(from_mid_year(2026, 27), 365 * 86400 + 9, "next year");
	is_int(from_mid_year(2026, 25), 0, "last year");
	is_int(from_mid_year(2026, 76), INT64CONST(1577923209), "50 years ahead");
	is_int(from_mid_year(2026, 77), 0, "51 years ahead is the past");
	is_int(from_mid_year(2026, 99), 0, "99 is 1999");
	is_int(from_mid_year(2099, 0), 365 * 86400 + 9, "00 in 2099 is 2100");
	is_int(from_mid_year(2099, 98), 0, "98 in 2099 is the past");
	is_int(from_mid_year(2100, 0), 9, "00 in 2100");
	is_int(from_mid_year(1970, 70), 9, "70 in 1970");
}

int
main(void)
{
	for (size_t i = 0; i < lengthof(cases); i++)
	{
		char		name[96];

		snprintf(name, sizeof(name), "case %zu: %d", i, cases[i].expected);
		if (!is_int(ion_retry_after_parse(cases[i].value, cases[i].now),
					cases[i].expected, name))
			printf("#   value: %s\n", cases[i].value ? cases[i].value : "(null)");
	}
	check_calendar();
	check_two_digit_years();
	return done_testing();
}
