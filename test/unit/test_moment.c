/* units: src/render/moment.c */
/*-------------------------------------------------------------------------
 *
 * test_moment.c
 *	  Dates, times and timestamps out of text: what is read, and as what.
 *
 * The numbers of days and microseconds come from PostgreSQL:
 * SELECT extract(epoch FROM timestamptz '...').
 *
 *-------------------------------------------------------------------------
 */
#include "render/moment.h"

#include "tap.h"

static void
test_days(void)
{
	static const struct
	{
		int			year;
		int			month;
		int			day;
		int			days;
	}			cases[] = {
		{1970, 1, 1, 0},
		{1969, 12, 31, -1},
		{2000, 2, 29, 11016},
		{2000, 3, 1, 11017},
		{1900, 3, 1, -25508},
		{2026, 1, 15, 20468},
		{1, 1, 1, -719162},
		{1582, 10, 15, -141427},
		{1582, 10, 10, -141432},
		{9999, 12, 31, 2932896},
	};
	static const int none[][3] = {
		{0, 1, 1}, {10000, 1, 1}, {-1, 1, 1}, {2026, 0, 1}, {2026, 13, 1}, {2026, 1, 0},
		{2026, 1, 32}, {2026, 4, 31}, {2026, 2, 29}, {1900, 2, 29}, {2000, 2, 30}
	};
	int64		days;

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		days = 1;
		ok(ion_moment_days(cases[i].year, cases[i].month, cases[i].day, &days) &&
		   days == cases[i].days, "%04d-%02d-%02d is day %d", cases[i].year,
		   cases[i].month, cases[i].day, cases[i].days);
	}
	for (size_t i = 0; i < lengthof(none); i++)
		ok(!ion_moment_days(none[i][0], none[i][1], none[i][2], &days),
		   "there is no day %d-%d-%d", none[i][0], none[i][1], none[i][2]);
}

static void
test_dates(void)
{
	static const char *const ill[] = {
		"", "2026", "2026-1-15", "2026-01-5", "26-01-15", "2026/01/15", "2026-02-29",
		" 2026-01-15", "2026-01-15 ", "2026-01-15T00:00:00", "10000-01-01", "0000-01-01",
		"-2026-01-15", "2026-01-15 BC", "infinity", "today", "2O26-01-15", "2026-01-1:",
		"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-01-15"
	};
	int			y = 0;
	int			m = 0;
	int			d = 0;

	ok(ion_moment_read_date("2026-01-15", &y, &m, &d) && y == 2026 && m == 1 && d == 15,
	   "a date");
	ok(ion_moment_read_date("0001-01-01", &y, &m, &d) && y == 1, "the first");
	ok(ion_moment_read_date("9999-12-31", &y, &m, &d) && y == 9999, "the last");
	ok(ion_moment_read_date("2024-02-29", &y, &m, &d) && d == 29, "a leap day");
	for (size_t i = 0; i < lengthof(ill); i++)
		ok(!ion_moment_read_date(ill[i], &y, &m, &d), "no date: \"%s\"", ill[i]);
}

static void
test_times(void)
{
	static const char *const good[] = {
		"00:00", "14:30", "23:59", "14:30:59", "14:30:59.5", "14:30:59.123456789"
	};
	static const char *const ill[] = {
		"", "14", "14:", "1:30", "14:3", "24:00", "24:00:00", "23:60", "14:30:60",
		"14:30:5", "14:30:", "14:30:59.", "14:30:59.1234567890", "14:30 ", "14:30Z",
		"14:30+01", "-1:30", "2:30 PM", "14.30"
	};
	static const int hours[] = {0, 14, 23, 14, 14, 14};
	static const int minutes[] = {0, 30, 59, 30, 30, 30};
	int			h;
	int			m;

	for (size_t i = 0; i < lengthof(good); i++)
		ok(ion_moment_read_time(good[i], &h, &m) && h == hours[i] && m == minutes[i],
		   "a time: %s", good[i]);
	for (size_t i = 0; i < lengthof(ill); i++)
		ok(!ion_moment_read_time(ill[i], &h, &m), "no time: \"%s\"", ill[i]);
}

static void
test_timestamps(void)
{
	static const struct
	{
		const char *text;
		long long	usec;
	}			cases[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"1970-01-01t00:00:00z", 0},
		{"1970-01-01 00:00Z", 0},
		{"2026-01-15T14:30:00+01:00", 1768483800000000},
		{"2026-01-15T14:30:00.123456+01:00", 1768483800123456},
		{"2026-01-15T13:30:00.123456789Z", 1768483800123456},
		{"2026-01-15 14:30:00+01", 1768483800000000},
		{"2026-01-15T14:30:00+0100", 1768483800000000},
		{"2026-01-15T08:30:00-05:00", 1768483800000000},
		{"2026-01-15T19:15:00+05:45", 1768483800000000},
		{"1890-01-01T00:00:00+00:49:56", -2524524596000000},
		{"1969-12-31T23:59:59.999999Z", -1},
		{"2016-12-31T23:59:60Z", 1483228800000000},
		{"0001-01-02T00:00:00Z", ION_MOMENT_MIN},
		{"9999-12-31T23:59:59.999999Z", ION_MOMENT_MAX},
	};
	static const char *const ill[] = {
		"", "2026-01-15", "2026-01-15T14:30:00", "2026-01-15T14:30", "2026-01-15T14Z",
		"2026-01-15_14:30:00Z", "2026-01-15  14:30:00Z", "2026-01-15T14:30:00 Z",
		"2026-01-15T14:30:00+1", "2026-01-15T14:30:00+01:", "2026-01-15T14:30:00+01:0",
		"2026-01-15T14:30:00+010", "2026-01-15T14:30:00+16:00", "2026-01-15T14:30:00+01:60",
		"2026-01-15T14:30:00+01:00:60", "2026-01-15T14:30:00+01:00x", "2026-01-15T14:30:00ZZ",
		"2026-01-15T14:30:00+01:00 BC", "2026-02-30T14:30:00Z", "2026-01-15T24:00:00Z",
		"2026-01-15T14:30:61Z", "2026-01-15T14:30:00,5Z", "infinity", "-infinity",
		"0001-01-01T23:59:59.999999Z", "9999-12-31T23:59:59.999999-00:01", "2026-W03-4T00:00Z"
	};
	int64		usec;

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		usec = 42;
		ok(ion_moment_read_timestamp(cases[i].text, &usec), "a timestamp: %s", cases[i].text);
		is_int(usec, cases[i].usec, "its microseconds");
	}
	for (size_t i = 0; i < lengthof(ill); i++)
		ok(!ion_moment_read_timestamp(ill[i], &usec), "no timestamp: \"%s\"", ill[i]);
}

int
main(void)
{
	test_days();
	test_dates();
	test_times();
	test_timestamps();
	return done_testing();
}
