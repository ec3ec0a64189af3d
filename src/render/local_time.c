/*-------------------------------------------------------------------------
 *
 * local_time.c
 *	  What the clock on the wall says in a time zone.
 *
 * By ICU, whose zone names are PostgreSQL's own (IANA).  ICU allocates by
 * malloc; its calendar is closed before we return, and nothing between can
 * leave by an error.  An unknown zone would silently be Greenwich in ICU, so
 * the name is looked up first.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>
#include <unicode/ucal.h>

#include "render/local_time.h"

#define MILLISECOND		1000	/* microseconds */

/* Milliseconds before any year we know: no Julian calendar before 1582. */
#define ALWAYS_GREGORIAN	(-1e14)

/* 0001-01-01 and 9999-12-31 23:59:59, with a day to spare for the zone. */
#define UNIX_SECOND_MIN	INT64CONST(-62135596800)
#define UNIX_SECOND_MAX	INT64CONST(253402300799)
#define SECOND			INT64CONST(1000000) /* microseconds */
#define DAY				(86400 * SECOND)

static bool zone_name(const char *time_zone, UChar name[ION_LOCAL_TIME_ZONE_MAX + 1]);

bool
ion_local_time(int64 unix_microseconds, const char *time_zone,
			   IonLocalTime *local, const char **error)
{
	UErrorCode	status = U_ZERO_ERROR;
	UChar		name[ION_LOCAL_TIME_ZONE_MAX + 1];
	UCalendar  *calendar;
	int64		milliseconds = unix_microseconds / MILLISECOND;

	if (unix_microseconds < UNIX_SECOND_MIN * SECOND + DAY ||
		unix_microseconds > UNIX_SECOND_MAX * SECOND - DAY)
	{
		*error = "the date is out of range";
		return false;
	}
	if (!zone_name(time_zone, name))
	{
		*error = "the time zone is unknown";
		return false;
	}
	calendar = ucal_open(name, -1, "en@calendar=gregorian", UCAL_GREGORIAN, &status);
	ucal_setGregorianChange(calendar, ALWAYS_GREGORIAN, &status);
	ucal_setMillis(calendar, (UDate) milliseconds, &status);
	local->year = ucal_get(calendar, UCAL_YEAR, &status);
	local->month = ucal_get(calendar, UCAL_MONTH, &status) + 1;
	local->day = ucal_get(calendar, UCAL_DATE, &status);
	local->hour = ucal_get(calendar, UCAL_HOUR_OF_DAY, &status);
	local->minute = ucal_get(calendar, UCAL_MINUTE, &status);
	local->second = ucal_get(calendar, UCAL_SECOND, &status);
	if (calendar != NULL)
		ucal_close(calendar);
	if (U_FAILURE(status))
	{
		*error = "the local time cannot be computed";
		return false;
	}
	return true;
}

bool
ion_local_time_whole_day(const IonLocalTime *local)
{
	return (local->hour == 0 && local->minute == 0) ||
		(local->hour == 23 && local->minute == 59);
}

/* The zone's name in UTF-16; false for one that ICU does not know. */
static bool
zone_name(const char *time_zone, UChar name[ION_LOCAL_TIME_ZONE_MAX + 1])
{
	UErrorCode	status = U_ZERO_ERROR;
	UChar		canonical[ION_LOCAL_TIME_ZONE_MAX * 2];
	UBool		is_system = false;
	size_t		len = strnlen(time_zone, ION_LOCAL_TIME_ZONE_MAX + 1);

	if (len == 0 || len > ION_LOCAL_TIME_ZONE_MAX)
		return false;
	for (size_t i = 0; i <= len; i++)
	{
		if (time_zone[i] < 0)
			return false;		/* names are ASCII */
		name[i] = (UChar) time_zone[i];
	}
	ucal_getCanonicalTimeZoneID(name, (int32_t) len, canonical,
								lengthof(canonical), &is_system, &status);
	/* "GMT+5" is no system zone: ICU reads it east of Greenwich, others west */
	return U_SUCCESS(status) && is_system;
}
