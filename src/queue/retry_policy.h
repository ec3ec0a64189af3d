/*-------------------------------------------------------------------------
 *
 * retry_policy.h
 *	  When to try again, and when to stop: arithmetic only.
 *
 * See retry_policy.c for the argument.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_RETRY_POLICY_H
#define ION_QUEUE_RETRY_POLICY_H

#include "base/pure.h"

#define ION_RETRY_STEPS_MAX			32
#define ION_RETRY_TEXT_MAX			1024	/* bytes of a schedule's text */
#define ION_RETRY_STEP_MIN_MS		INT64CONST(1)
#define ION_RETRY_STEP_MAX_MS		(INT64CONST(30) * 24 * 3600 * 1000)
#define ION_RETRY_AFTER_MAX_S		(24 * 3600)
#define ION_RETRY_JITTER			0.2 /* each delay is within +-20 % */
#define ION_BREAKER_FIRST_MS		INT64CONST(1000)
#define ION_BREAKER_MAX_MS			INT64CONST(60000)

typedef struct IonRetrySchedule
{
	int			count;			/* steps used; 0 means never retry */
	int64		delay_ms[ION_RETRY_STEPS_MAX];
} IonRetrySchedule;

/*
 * Parse a list such as '5 s, 5 min, 30 min, 2 h, 1 d' into *out: whole
 * numbers with a unit (ms, s, sec, min, h, hour, d, day and their long forms
 * and plurals, in any case), 1 to 32 steps, each from 1 ms to 30 days.  On
 * false, *error (if not NULL) is a static text and *out is zeroed.
 */
extern bool ion_retry_schedule_parse(const char *text, IonRetrySchedule *out,
									 const char **error);

/*
 * The schedule of a channel whose provider sets none (contract table of the
 * design).  Never NULL: inbox and unknown names get a schedule of no steps.
 */
extern const IonRetrySchedule *ion_retry_default(const char *channel);

/*
 * Milliseconds to wait after the failures-th failed attempt (1 = the first),
 * or -1 when the schedule is exhausted.  random01 in [0, 1) spreads the step
 * by +-20 %.  retry_after_s (-1: none) is a floor, itself capped at 24 h.
 */
extern int64 ion_retry_delay_ms(const IonRetrySchedule *schedule, int failures,
								int retry_after_s, double random01);

/*
 * Milliseconds a circuit breaker stays open when it opens for the
 * consecutive_opens-th time in a row (1 = the first): 1 s, doubling to 60 s,
 * spread by +-20 %.
 */
extern int64 ion_breaker_delay_ms(int consecutive_opens, double random01);

#endif							/* ION_QUEUE_RETRY_POLICY_H */
