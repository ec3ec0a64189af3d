/*-------------------------------------------------------------------------
 *
 * provider_health.c
 *	  Which provider takes the next delivery: room, rate, circuit breaker.
 *
 * The breaker opens on a provider fault (nothing about the delivery itself:
 * connect, TLS, credentials) and stays open for a time that doubles; then one
 * probe goes, and its end closes or reopens it.  Any answer that concerns the
 * delivery, a refusal included, proves the provider alive.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "base/shared.h"
#include "channel/provider_health.h"

#define RATE_WEIGHT 0.05		/* of one attempt in the moving average */

static void refill(IonProvider *p, int share, int64 now_ms);

static void
refill(IonProvider *p, int share, int64 now_ms)
{
	double		rate = p->rate_per_second / share;
	double		burst = Max(rate, 1.0);

	if (p->tokens_at_ms == 0)
		p->tokens = burst;
	else
		p->tokens = Min(burst, p->tokens + rate * (now_ms - p->tokens_at_ms) / 1000.0);
	p->tokens_at_ms = now_ms;
}

bool
ion_provider_usable(const IonProvider *p, int64 now_ms)
{
	if (p->problem[0] != '\0' || !p->enabled || p->paused || p->retired)
		return false;
	return p->opens == 0 || (now_ms >= p->retry_at_ms && !p->probing);
}

int
ion_provider_room(IonProvider *p, int share, int64 now_ms)
{
	int			room;

	if (!ion_provider_usable(p, now_ms))
		return 0;
	if (p->opens > 0)
		return 1;
	room = (p->max_in_flight + share - 1) / share - p->in_flight;
	if (p->rate_per_second > 0)
	{
		refill(p, share, now_ms);
		room = Min(room, (int) p->tokens);
	}
	return Max(room, 0);
}

long
ion_provider_wait_ms(const IonProvider *p, int64 now_ms)
{
	if (p->problem[0] != '\0' || !p->enabled || p->paused || p->retired)
		return -1;
	if (p->opens > 0)
		return p->probing ? -1 : (long) Max(p->retry_at_ms - now_ms, 0);
	if (p->rate_per_second > 0 && p->tokens < 1)
		return (long) ((1 - p->tokens) * 1000 / p->rate_per_second) + 1;
	return -1;
}

IonProvider *
ion_provider_choose(dlist_head *providers, const char *channel, int share, int64 now_ms, double random01)
{
	IonProvider *best = NULL;
	int			total = 0;
	dlist_iter	iter;

	/* one pass: a reservoir of size one, weighted, reset by a better priority */
	dlist_foreach(iter, providers)
	{
		IonProvider *p = dlist_container(IonProvider, node, iter.cur);

		if (strcmp(p->channel, channel) != 0 || ion_provider_room(p, share, now_ms) <= 0)
			continue;
		if (best != NULL && p->priority > best->priority)
			continue;
		if (best == NULL || p->priority < best->priority)
		{
			best = p;
			total = p->weight;
			continue;
		}
		total += p->weight;
		if (random01 * total < p->weight)
		{
			best = p;
			random01 = random01 * total / p->weight;
		}
		else
			random01 = (random01 * total - p->weight) / (total - p->weight);
	}
	return best;
}

void
ion_provider_begin(IonProvider *p)
{
	p->in_flight++;
	if (p->rate_per_second > 0)
		p->tokens -= 1;
	if (p->opens > 0)
		p->probing = true;
}

void
ion_provider_unbegin(IonProvider *p)
{
	p->in_flight--;
	if (p->rate_per_second > 0)
		p->tokens += 1;
	p->probing = false;
}

void
ion_provider_end(IonProvider *p, const IonOutcome *outcome, int64 now_ms, double random01)
{
	bool		good = outcome->kind == ION_OUTCOME_ACCEPTED;

	p->in_flight--;
	p->success_rate = p->success_rate < 0 ? (good ? 1 : 0) :
		p->success_rate * (1 - RATE_WEIGHT) + (good ? RATE_WEIGHT : 0);
	if (!good)
	{
		ion_shared_set_text(p->last_error, sizeof(p->last_error), outcome->detail);
		p->last_error_at = GetCurrentTimestamp();
	}
	if (outcome->kind == ION_OUTCOME_PROVIDER_FAULT)
	{
		/* fifty requests that fail together are one reason to open */
		if (p->opens == 0 || p->probing)
		{
			p->opens++;
			p->retry_at_ms = now_ms + ion_breaker_delay_ms(p->opens, random01);
			p->probing = false;
		}
	}
	else if (outcome->kind == ION_OUTCOME_UNKNOWN)
		p->probing = false;
	else
	{
		p->opens = 0;
		p->probing = false;
	}
}
