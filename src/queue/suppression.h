/*-------------------------------------------------------------------------
 *
 * suppression.h
 *	  Addresses that must not be used, as the dispatcher meets them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_SUPPRESSION_H
#define ION_QUEUE_SUPPRESSION_H

#include "postgres.h"

#include "queue/job.h"

/*
 * Both inside ion_tx_begin.  Look the addresses of freshly claimed jobs up:
 * those suppressed get ION_VERDICT_SUPPRESSED, unless their service is
 * mandatory: then they are overridden, and the delivery's reason says so.
 */
extern void ion_suppression_apply(IonJob **jobs, int n, TimestampTz now);

/*
 * What settling these jobs teaches: an audit event for each try of an
 * overridden one; and the addresses of those whose outcome says that they are
 * no good are suppressed (one that is already keeps its reason).
 */
extern void ion_suppression_settle(IonJob **jobs, int n, TimestampTz now);

#endif							/* ION_QUEUE_SUPPRESSION_H */
