/* units: src/render/local_time.c */
#include "base/pure.h"

#include "render/local_time.h"
#include "tap.h"

#define SECOND	INT64CONST(1000000)

static void
local_is(int64 seconds, const char *zone, const char *want)
{
	IonLocalTime t = {0};
	const char *error = NULL;

	if (!ok(ion_local_time(seconds * SECOND, zone, &t, &error), "%s in %s", want, zone))
		printf("# %s\n", error);
	is_str(psprintf("%04d-%02d-%02d %02d:%02d:%02d", t.year, t.month, t.day, t.hour, t.minute, t.second), want, zone);
}

static void
refused(int64 microseconds, const char *zone, const char *want)
{
	IonLocalTime t;
	const char *error = NULL;

	ok(!ion_local_time(microseconds, zone, &t, &error), "refused: %s", zone);
	is_str(error, want, "and why");
}

static bool
whole_day(int hour, int minute, int second)
{
	IonLocalTime t = {2026, 11, 30, hour, minute, second};

	return ion_local_time_whole_day(&t);
}

int
main(void)
{
	char		too_long[ION_LOCAL_TIME_ZONE_MAX + 2];

	local_is(0, "Etc/UTC", "1970-01-01 00:00:00");
	local_is(1700000000, "Europe/Rome", "2023-11-14 23:13:20");
	local_is(1720000000, "Europe/Rome", "2024-07-03 11:46:40");
	local_is(1711846799, "Europe/Rome", "2024-03-31 01:59:59");
	local_is(1711846800, "Europe/Rome", "2024-03-31 03:00:00");
	local_is(1700000000, "Asia/Kolkata", "2023-11-15 03:43:20");
	local_is(1700000000, "America/New_York", "2023-11-14 17:13:20");
	local_is(1709164800, "Europe/Ljubljana", "2024-02-29 01:00:00");
	local_is(-1, "Etc/UTC", "1969-12-31 23:59:59");
	local_is(253402214399, "Etc/UTC", "9999-12-30 23:59:59");
	local_is(-62135510400, "Etc/UTC", "0001-01-02 00:00:00");

	refused(0, "Europe/Atlantis", "the time zone is unknown");
	refused(0, "", "the time zone is unknown");
	refused(0, "GMT+5", "the time zone is unknown");
	refused(0, "Europe/R\xc3\xb6m", "the time zone is unknown");
	refused(0, "Europe/Rome\n", "the time zone is unknown");
	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[sizeof(too_long) - 1] = '\0';
	refused(0, too_long, "the time zone is unknown");
	refused(PG_INT64_MIN, "Etc/UTC", "the date is out of range");
	refused(PG_INT64_MAX, "Etc/UTC", "the date is out of range");
	refused(INT64CONST(253402300800) * SECOND, "Etc/UTC", "the date is out of range");

	ok(whole_day(0, 0, 0), "midnight means the day");
	ok(whole_day(23, 59, 0) && whole_day(23, 59, 59), "so does the day's last minute");
	ok(!whole_day(23, 58, 59) && !whole_day(0, 1, 0) && !whole_day(12, 0, 0), "no other minute does");
	return done_testing();
}
