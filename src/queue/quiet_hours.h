/*-------------------------------------------------------------------------
 *
 * quiet_hours.h
 *	  Whether a citizen's quiet hours hold now, and until when.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_QUIET_HOURS_H
#define ION_QUEUE_QUIET_HOURS_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/date.h"

#define ION_QUIET_ZONE "Europe/Rome"	/* where the citizen's is none */

/*
 * The moment the quiet hours that hold at now are over; 0 when none hold.
 * from and to are local times of day: the hours begin at from and end before
 * to, across midnight when to is the earlier; equal, there are none.  zone is
 * an IANA name; NULL or an unknown one counts as ION_QUIET_ZONE.  Never fails.
 */
extern TimestampTz ion_quiet_until(TimeADT from, TimeADT to, const char *zone, TimestampTz now);

/* Whether quiet hours concern a delivery: not emergencies, not every channel. */
extern bool ion_quiet_concerns(const char *channel, const char *priority);

#endif							/* ION_QUEUE_QUIET_HOURS_H */
