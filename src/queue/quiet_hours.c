/*-------------------------------------------------------------------------
 *
 * quiet_hours.c
 *	  Whether a citizen's quiet hours hold now, and until when.
 *
 * The clock on the citizen's wall decides: the hours hold while it shows a
 * time between from and to, and they are over at the first moment when it
 * does not.  So the end is found by walking: as far as the present UTC offset
 * reaches the wall clock runs evenly; at a change of offset we look at the
 * clock anew.  An end that a change skips (02:30 on the night clocks go on) is
 * the change itself, and one that comes twice (when they go back) is the
 * first, after which the second hour may be quiet again.
 *
 * Arithmetic and the server's zone tables only: no table is read and nothing
 * can fail.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "pgtime.h"
#include "utils/timestamp.h"

#include "queue/quiet_hours.h"

#define CHANGES_MAX 4			/* of offset, walked past; a zone has two a year */

static pg_tz *zone_of(const char *name);
static bool is_quiet(TimeADT from, TimeADT to, TimeADT clock);

static pg_tz *
zone_of(const char *name)
{
	pg_tz	   *zone = name != NULL && name[0] != '\0' ? pg_tzset(name) : NULL;

	if (zone == NULL || !pg_tz_acceptable(zone))
		zone = pg_tzset(ION_QUIET_ZONE);
	return zone != NULL ? zone : pg_tzset("GMT");
}

static bool
is_quiet(TimeADT from, TimeADT to, TimeADT clock)
{
	return from <= to ? clock >= from && clock < to : clock >= from || clock < to;
}

TimestampTz
ion_quiet_until(TimeADT from, TimeADT to, const char *zone, TimestampTz now)
{
	pg_tz	   *tz;
	TimestampTz at = now;

	/* 24:00 is midnight too */
	from %= USECS_PER_DAY;
	to %= USECS_PER_DAY;
	if (from == to || TIMESTAMP_NOT_FINITE(now))
		return 0;
	tz = zone_of(zone);
	for (int changes = 0; changes < CHANGES_MAX; changes++)
	{
		pg_time_t	seconds = timestamptz_to_time_t(at);
		pg_time_t	change;
		long int	offset;
		long int	offset_after;
		int			isdst;
		int			isdst_after;
		int			found = pg_next_dst_boundary(&seconds, &offset, &isdst, &change, &offset_after, &isdst_after, tz);
		int64		clock;
		TimestampTz end;

		if (found < 0)
			return 0;
		/* midnight of 2000-01-01 is 0, so the remainder is the time of day */
		clock = (at + (int64) offset * USECS_PER_SEC) % USECS_PER_DAY;
		if (clock < 0)
			clock += USECS_PER_DAY;
		if (!is_quiet(from, to, clock))
			return at == now ? 0 : at;
		end = at + (to > clock ? to - clock : to - clock + USECS_PER_DAY);
		if (found == 0 || end < time_t_to_timestamptz(change))
			return end;
		at = time_t_to_timestamptz(change);
	}
	return at;
}

bool
ion_quiet_concerns(const char *channel, const char *priority)
{
	if (priority != NULL && strcmp(priority, "emergency") == 0)
		return false;
	return strcmp(channel, "push") == 0 || strcmp(channel, "sms") == 0 || strcmp(channel, "email") == 0;
}
