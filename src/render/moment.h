/*-------------------------------------------------------------------------
 *
 * moment.h
 *	  Dates and times as the text that JSON carries.
 *
 * Days and microseconds count from 1970-01-01 UTC in the proleptic Gregorian
 * calendar, which is PostgreSQL's.  Years are 1 to 9999.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_MOMENT_H
#define ION_RENDER_MOMENT_H

#include "base/pure.h"

#define ION_MOMENT_YEAR_MAX		9999
#define ION_MOMENT_DAY_USEC		INT64CONST(86400000000)

/*
 * The instants we show, in microseconds: 0001-01-02 to 9999-12-31 UTC.  The
 * first day is left out so that no time zone reaches back before the era.
 */
#define ION_MOMENT_MIN			(INT64CONST(-719161) * ION_MOMENT_DAY_USEC)
#define ION_MOMENT_MAX			(INT64CONST(2932897) * ION_MOMENT_DAY_USEC - 1)

extern bool ion_moment_days(int year, int month, int day, int64 *days);
extern bool ion_moment_read_date(const char *text, int *year, int *month, int *day);
extern bool ion_moment_read_time(const char *text, int *hour, int *minute);
extern bool ion_moment_read_timestamp(const char *text, int64 *unix_microseconds);

#endif							/* ION_RENDER_MOMENT_H */
