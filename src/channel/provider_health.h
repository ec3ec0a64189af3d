/*-------------------------------------------------------------------------
 *
 * provider_health.h
 *	  Which provider takes the next delivery: room, rate, circuit breaker.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_PROVIDER_HEALTH_H
#define ION_CHANNEL_PROVIDER_HEALTH_H

#include "postgres.h"

#include "lib/ilist.h"

#include "base/outcome.h"
#include "channel/provider.h"

/*
 * How many deliveries this provider could begin now.  share is the number of
 * dispatchers that divide its limits.  now_ms is monotonic.
 */
extern int	ion_provider_room(IonProvider *p, int share, int64 now_ms);

/* Whether it takes deliveries at all now, full or not. */
extern bool ion_provider_usable(const IonProvider *p, int64 now_ms);

/* Milliseconds until room may appear by itself (rate, breaker); -1 never. */
extern long ion_provider_wait_ms(const IonProvider *p, int64 now_ms);

/*
 * The provider for a channel: of those with room, the lowest priority, among
 * equals by weight.  NULL when none.
 */
extern IonProvider *ion_provider_choose(dlist_head *providers, const char *channel, int share, int64 now_ms, double random01);

/* Bookkeeping around one attempt. */
extern void ion_provider_begin(IonProvider *p);
extern void ion_provider_unbegin(IonProvider *p);	/* it was not reached */
extern void ion_provider_end(IonProvider *p, const IonOutcome *outcome, int64 now_ms, double random01);

#endif							/* ION_CHANNEL_PROVIDER_HEALTH_H */
