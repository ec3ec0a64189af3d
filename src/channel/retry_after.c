/*-------------------------------------------------------------------------
 *
 * retry_after.c
 *	  The value of a Retry-After header (RFC 9110, section 10.2.3).
 *
 * The value comes from the far side and is read strictly: what is not exactly
 * a number or one of the three date forms is no advice at all, and the
 * schedule decides alone.  How far the advice is followed is settled by
 * queue/retry_policy.c.
 *
 * Dates are turned into seconds by hand: the C library's functions depend on
 * locale and time zone, and this runs in a server that has its own of both.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <limits.h>

#include "channel/retry_after.h"

#define SECONDS_PER_DAY		INT64CONST(86400)

/* A cursor: every take_* moves it forward on success only. */
typedef struct IonDateText
{
	const char *at;
	const char *end;
} IonDateText;

typedef struct IonHttpDate
{
	int			year;
	int			month;			/* 1..12 */
	int			day;
	int			hour;
	int			minute;
	int			second;			/* 60 in a leap second */
} IonHttpDate;

static const char *const short_days[] = {
	"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"
};

static const char *const long_days[] = {
	"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday",
	"Saturday"
};

static const char *const month_names[] = {
	"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
	"Nov", "Dec"
};

static bool parse_seconds(IonDateText text, int *seconds);
static bool parse_imf_fixdate(IonDateText text, IonHttpDate *date);
static bool parse_rfc850(IonDateText text, IonHttpDate *date, int64 now_unix);
static bool parse_asctime(IonDateText text, IonHttpDate *date);
static bool take_time(IonDateText *text, IonHttpDate *date);
static bool take_number(IonDateText *text, int digits, int *value);
static bool take_name(IonDateText *text, const char *const *names, int count,
					  int *index);
static bool take_text(IonDateText *text, const char *expected);
static bool date_exists(const IonHttpDate *date);
static int64 date_to_unix(const IonHttpDate *date);
static int	year_of(int64 unix_seconds);

int
ion_retry_after_parse(const char *value, int64 now_unix)
{
	IonDateText text;
	IonHttpDate date;
	int			seconds;
	int64		wait;

	if (value == NULL)
		return -1;
	while (*value == ' ' || *value == '\t')
		value++;
	text.at = value;
	text.end = value + strlen(value);
	while (text.end > text.at && (text.end[-1] == ' ' || text.end[-1] == '\t'))
		text.end--;
	if (text.end == text.at || text.end - text.at > ION_RETRY_AFTER_TEXT_MAX)
		return -1;

	if (parse_seconds(text, &seconds))
		return seconds;
	memset(&date, 0, sizeof(date));
	if (!parse_imf_fixdate(text, &date) &&
		!parse_rfc850(text, &date, now_unix) &&
		!parse_asctime(text, &date))
		return -1;
	if (!date_exists(&date))
		return -1;
	wait = date_to_unix(&date);
	if (wait <= now_unix)
		return 0;

	/* dates end in year 9999, so only an absurd now_unix could overflow */
	if (now_unix < 0 || wait - now_unix > INT_MAX)
		return INT_MAX;
	return (int) (wait - now_unix);
}

/* delay-seconds = 1*DIGIT, saturating. */
static bool
parse_seconds(IonDateText text, int *seconds)
{
	int64		sum = 0;

	for (; text.at < text.end; text.at++)
	{
		if (*text.at < '0' || *text.at > '9')
			return false;
		sum = Min(sum * 10 + (*text.at - '0'), INT_MAX);
	}
	*seconds = (int) sum;
	return true;
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
static bool
parse_imf_fixdate(IonDateText text, IonHttpDate *date)
{
	int			ignored;

	return take_name(&text, short_days, lengthof(short_days), &ignored) &&
		take_text(&text, ", ") &&
		take_number(&text, 2, &date->day) &&
		take_text(&text, " ") &&
		take_name(&text, month_names, lengthof(month_names), &date->month) &&
		take_text(&text, " ") &&
		take_number(&text, 4, &date->year) &&
		take_text(&text, " ") &&
		take_time(&text, date) &&
		take_text(&text, " GMT") &&
		text.at == text.end;
}

/*
 * Sunday, 06-Nov-94 08:49:37 GMT.  A two-digit year that seems more than 50
 * years ahead is the most recent past year with those digits.
 */
static bool
parse_rfc850(IonDateText text, IonHttpDate *date, int64 now_unix)
{
	int			ignored;
	int			this_year;

	if (!take_name(&text, long_days, lengthof(long_days), &ignored) ||
		!take_text(&text, ", ") ||
		!take_number(&text, 2, &date->day) ||
		!take_text(&text, "-") ||
		!take_name(&text, month_names, lengthof(month_names), &date->month) ||
		!take_text(&text, "-") ||
		!take_number(&text, 2, &date->year) ||
		!take_text(&text, " ") ||
		!take_time(&text, date) ||
		!take_text(&text, " GMT") ||
		text.at != text.end)
		return false;
	this_year = year_of(now_unix);
	date->year += this_year - this_year % 100;
	if (date->year > this_year + 50)
		date->year -= 100;
	else if (date->year <= this_year - 50)
		date->year += 100;
	return true;
}

/* Sun Nov  6 08:49:37 1994, the day padded by a space */
static bool
parse_asctime(IonDateText text, IonHttpDate *date)
{
	int			ignored;

	return take_name(&text, short_days, lengthof(short_days), &ignored) &&
		take_text(&text, " ") &&
		take_name(&text, month_names, lengthof(month_names), &date->month) &&
		take_text(&text, " ") &&
		(take_text(&text, " ") ? take_number(&text, 1, &date->day) :
		 take_number(&text, 2, &date->day)) &&
		take_text(&text, " ") &&
		take_time(&text, date) &&
		take_text(&text, " ") &&
		take_number(&text, 4, &date->year) &&
		text.at == text.end;
}

static bool
take_time(IonDateText *text, IonHttpDate *date)
{
	return take_number(text, 2, &date->hour) &&
		take_text(text, ":") &&
		take_number(text, 2, &date->minute) &&
		take_text(text, ":") &&
		take_number(text, 2, &date->second);
}

static bool
take_number(IonDateText *text, int digits, int *value)
{
	int			sum = 0;

	if (text->end - text->at < digits)
		return false;
	for (int i = 0; i < digits; i++)
	{
		if (text->at[i] < '0' || text->at[i] > '9')
			return false;
		sum = sum * 10 + (text->at[i] - '0');
	}
	text->at += digits;
	*value = sum;
	return true;
}

/* *index counts from 1, as months do. */
static bool
take_name(IonDateText *text, const char *const *names, int count, int *index)
{
	for (int i = 0; i < count; i++)
	{
		if (take_text(text, names[i]))
		{
			*index = i + 1;
			return true;
		}
	}
	return false;
}

static bool
take_text(IonDateText *text, const char *expected)
{
	size_t		length = strlen(expected);

	if ((size_t) (text->end - text->at) < length ||
		pg_strncasecmp(text->at, expected, length) != 0)
		return false;
	text->at += length;
	return true;
}

static bool
date_exists(const IonHttpDate *date)
{
	static const int month_days[] = {
		31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
	};
	bool		leap = date->year % 4 == 0 &&
		(date->year % 100 != 0 || date->year % 400 == 0);
	int			days = month_days[date->month - 1];

	if (leap && date->month == 2)
		days++;
	return date->day >= 1 && date->day <= days &&
		date->hour <= 23 && date->minute <= 59 && date->second <= 60;
}

/*
 * Seconds since 1970 of a date of the proleptic Gregorian calendar.  Years
 * are counted from March, which puts the leap day last.
 */
static int64
date_to_unix(const IonHttpDate *date)
{
	int64		year = date->month > 2 ? date->year : date->year - 1;
	int64		month = (date->month + 9) % 12; /* March is 0 */
	int64		days;

	/* year 0 would be negative here; shift by one whole 400-year cycle */
	year += 400;
	days = year * 365 + year / 4 - year / 100 + year / 400 +
		(month * 153 + 2) / 5 + date->day - 1;
	days -= 719468 + 146097;	/* from 0000-03-01 to 1970-01-01, and the
								 * cycle */
	return days * SECONDS_PER_DAY + date->hour * 3600 + date->minute * 60 +
		date->second;
}

/* The calendar year an instant falls in; instants before 1970 count as 1970. */
static int
year_of(int64 unix_seconds)
{
	IonHttpDate new_year = {1970, 1, 1, 0, 0, 0};

	/* counting leap years only gives a year that is not too late */
	if (unix_seconds > 0)
		new_year.year += (int) Min(unix_seconds / (366 * SECONDS_PER_DAY), 9000);
	while (new_year.year < 9999)
	{
		new_year.year++;
		if (date_to_unix(&new_year) > unix_seconds)
			return new_year.year - 1;
	}
	return new_year.year;
}
