/*-------------------------------------------------------------------------
 *
 * local_time.h
 *	  What the clock on the wall says in a time zone.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_LOCAL_TIME_H
#define ION_RENDER_LOCAL_TIME_H

#include "base/pure.h"

#define ION_LOCAL_TIME_ZONE		"Europe/Rome"	/* where none is given */
#define ION_LOCAL_TIME_ZONE_MAX 64	/* octets of a zone's name */

typedef struct IonLocalTime
{
	int			year;			/* Gregorian, 1 to 9999 */
	int			month;			/* 1 to 12 */
	int			day;
	int			hour;
	int			minute;
	int			second;
} IonLocalTime;

/*
 * The local time at unix_microseconds in an IANA time zone.  False, with
 * *error a static string, for an unknown zone and a year outside 1 to 9999.
 */
extern bool ion_local_time(int64 unix_microseconds, const char *time_zone,
						   IonLocalTime *local, const char **error);

/*
 * Whether a deadline at that time means its whole day: people who have a date
 * and no time write midnight or 23:59.
 */
extern bool ion_local_time_whole_day(const IonLocalTime *local);

#endif							/* ION_RENDER_LOCAL_TIME_H */
