/*-------------------------------------------------------------------------
 *
 * moment.c
 *	  Dates and times as the text that JSON carries.
 *
 * A strict reader: one form per type, every digit in its place, nothing
 * before and nothing behind.  PostgreSQL's own input functions would accept
 * "tomorrow" and depend on the session's DateStyle; a notice must mean the
 * same in every session.  Nothing is allocated and nothing can overflow: the
 * digits of each field are counted before they are read.
 *
 *-------------------------------------------------------------------------
 */
#include "render/moment.h"

#define SECOND_USEC			INT64CONST(1000000)
#define OFFSET_HOURS_MAX	15	/* of a UTC offset, as in PostgreSQL */
#define FRACTION_DIGITS_MAX	9	/* of a second: down to nanoseconds */

static bool read_number(const char **s, int digits, int max, int *number);
static bool read_sign(const char **s, char sign);
static bool read_date(const char **s, int *year, int *month, int *day);
static bool read_time(const char **s, int second_max, int64 *usec);
static bool read_fraction(const char **s, int64 *usec);
static bool read_offset(const char **s, int64 *usec);

/*
 * Days since 1970-01-01 of a day of the years 1 to 9999; false when there is
 * no such day.  March begins the year here, so that the leap day ends it.
 */
bool
ion_moment_days(int year, int month, int day, int64 *days)
{
	static const int8 length[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	int			years;
	int			months;

	if (year < 1 || year > ION_MOMENT_YEAR_MAX || month < 1 || month > 12)
		return false;
	if (day < 1 || day > length[month - 1] + (month == 2 && leap ? 1 : 0))
		return false;

	years = month > 2 ? year : year - 1;
	months = month > 2 ? month - 3 : month + 9;
	*days = (int64) years * 365 + years / 4 - years / 100 + years / 400 +
		(153 * months + 2) / 5 + day - 1 - 719468;
	return true;
}

/*
 * "YYYY-MM-DD" (RFC 3339, full-date), a day that exists.
 */
bool
ion_moment_read_date(const char *text, int *year, int *month, int *day)
{
	int64		days;

	return read_date(&text, year, month, day) && *text == '\0' &&
		ion_moment_days(*year, *month, *day, &days);
}

/*
 * "HH:MM", "HH:MM:SS" or with decimals of the second; 00:00 to 23:59:59.
 */
bool
ion_moment_read_time(const char *text, int *hour, int *minute)
{
	int64		usec;

	if (!read_time(&text, 59, &usec) || *text != '\0')
		return false;
	*hour = (int) (usec / (3600 * SECOND_USEC));
	*minute = (int) (usec / (60 * SECOND_USEC) % 60);
	return true;
}

/*
 * A date, "T" or a space, a time and an offset from UTC: "Z" or +HH, +HH:MM,
 * +HHMM, +HH:MM:SS, or the same with a minus.  RFC 3339's date-time and what
 * PostgreSQL writes are among these.  A leap second (:60) is the second that
 * follows.  The result lies between ION_MOMENT_MIN and ION_MOMENT_MAX.
 */
bool
ion_moment_read_timestamp(const char *text, int64 *unix_microseconds)
{
	int			year;
	int			month;
	int			day;
	int64		days;
	int64		usec;
	int64		offset;

	if (!read_date(&text, &year, &month, &day) ||
		!ion_moment_days(year, month, day, &days))
		return false;
	if (*text != 'T' && *text != 't' && *text != ' ')
		return false;
	text++;
	if (!read_time(&text, 60, &usec) || !read_offset(&text, &offset) || *text != '\0')
		return false;
	*unix_microseconds = days * ION_MOMENT_DAY_USEC + usec - offset;
	return *unix_microseconds >= ION_MOMENT_MIN && *unix_microseconds <= ION_MOMENT_MAX;
}

/*
 * Exactly so many digits, of a value not above max.
 */
static bool
read_number(const char **s, int digits, int max, int *number)
{
	*number = 0;
	for (int i = 0; i < digits; i++)
	{
		if (**s < '0' || **s > '9')
			return false;
		*number = *number * 10 + (*(*s)++ - '0');
	}
	return *number <= max;
}

static bool
read_sign(const char **s, char sign)
{
	if (**s != sign)
		return false;
	(*s)++;
	return true;
}

static bool
read_date(const char **s, int *year, int *month, int *day)
{
	return read_number(s, 4, ION_MOMENT_YEAR_MAX, year) && read_sign(s, '-') &&
		read_number(s, 2, 12, month) && read_sign(s, '-') &&
		read_number(s, 2, 31, day);
}

/*
 * The microseconds since midnight.
 */
static bool
read_time(const char **s, int second_max, int64 *usec)
{
	int			hour;
	int			minute;
	int			second = 0;
	int64		fraction = 0;

	if (!read_number(s, 2, 23, &hour) || !read_sign(s, ':') ||
		!read_number(s, 2, 59, &minute))
		return false;
	if (read_sign(s, ':'))
	{
		if (!read_number(s, 2, second_max, &second))
			return false;
		if (read_sign(s, '.') && !read_fraction(s, &fraction))
			return false;
	}
	*usec = ((hour * 60 + minute) * 60 + second) * SECOND_USEC + fraction;
	return true;
}

/*
 * One to nine digits; what is finer than a microsecond is dropped.
 */
static bool
read_fraction(const char **s, int64 *usec)
{
	int			digits = 0;
	int64		unit = SECOND_USEC;

	*usec = 0;
	while (**s >= '0' && **s <= '9' && digits < FRACTION_DIGITS_MAX)
	{
		unit /= 10;
		*usec += (*(*s)++ - '0') * unit;
		digits++;
	}
	return digits > 0;
}

static bool
read_offset(const char **s, int64 *usec)
{
	bool		west;
	int			hour;
	int			minute = 0;
	int			second = 0;

	*usec = 0;
	if (read_sign(s, 'Z') || read_sign(s, 'z'))
		return true;
	west = read_sign(s, '-');
	if (!west && !read_sign(s, '+'))
		return false;
	if (!read_number(s, 2, OFFSET_HOURS_MAX, &hour))
		return false;
	if (read_sign(s, ':'))
	{
		if (!read_number(s, 2, 59, &minute))
			return false;
		if (read_sign(s, ':') && !read_number(s, 2, 59, &second))
			return false;
	}
	else if (**s != '\0' && !read_number(s, 2, 59, &minute))
		return false;
	*usec = ((hour * 60 + minute) * 60 + second) * SECOND_USEC * (west ? -1 : 1);
	return true;
}
