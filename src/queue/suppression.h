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
 * mandatory; then the delivery's reason and an audit event say so.
 */
extern void ion_suppression_apply(IonJob **jobs, int n, TimestampTz now);

/*
 * Suppress the addresses of those of the jobs whose outcome says that they are
 * no good.  One that is suppressed already keeps its reason.
 */
extern void ion_suppression_learn(IonJob **jobs, int n, TimestampTz now);

#endif							/* ION_QUEUE_SUPPRESSION_H */
