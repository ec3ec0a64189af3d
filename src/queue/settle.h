/*-------------------------------------------------------------------------
 *
 * settle.h
 *	  Recording what became of claimed deliveries.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_SETTLE_H
#define ION_QUEUE_SETTLE_H

#include "postgres.h"

#include "queue/job.h"
#include "queue/retry_policy.h"

/*
 * Settle jobs in one statement per kind: final ones leave the queue, the
 * others go back into it with their next time.  tokens names whose claim each
 * job was (one text for all when it is our own).  An outcome whose claim is
 * no longer held is recorded as an audit event only.  Inside ion_tx_begin.
 */
extern void ion_settle(IonJob **jobs, int n, const char *token, TimestampTz now);

/*
 * Decide what a failed job's retry is, by its provider's schedule: fills
 * retry_at, counts and last_try.  random01 in [0, 1).
 */
extern void ion_settle_plan_retry(IonJob *job, const IonRetrySchedule *schedule, TimestampTz now, double random01);

#endif							/* ION_QUEUE_SETTLE_H */
