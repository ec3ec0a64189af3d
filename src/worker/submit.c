/*-------------------------------------------------------------------------
 *
 * submit.c
 *	  From claimed to begun to ended.
 *
 * No transaction is open here.  A job is marked begun in the flight record
 * before anything is done with it, rendering included, so that a message that
 * kills the process is known by name afterwards.
 *
 * What must not begin now leaves here without a try: its time to live is over,
 * its service is paused, its citizen sleeps.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "channel/content.h"
#include "channel/provider_health.h"
#include "queue/quiet_hours.h"
#include "queue/settle.h"
#include "worker/dispatcher.h"

#define FAULT_RETRY_MS 1000		/* no provider says when it will be back */

/* A claim is begun within this time or not at all: well before its lease ends. */
#define ION_BEGIN_WITHIN_US (INT64CONST(1000000) * ION_LEASE_SECONDS / 3)

#define LANE_SHARE 4

/* One dispatcher per process; transports call back with the job alone. */
static IonDispatcher *me;

static void submit_lane(IonDispatcher *d, IonLane *lane);
static bool lane_stands(IonDispatcher *d, const IonLane *lane);
static bool must_not_begin(IonJob *job);
static void give_back(IonDispatcher *d, IonLane *lane, IonVerdict verdict);
static void release_lane(IonDispatcher *d, IonLane *lane);
static IonStart begin(IonDispatcher *d, IonProvider *p, IonJob *job);
static void job_ended(IonJob *job);
static void job_held(IonJob *job);
static void put_back(IonDispatcher *d, IonJob *job);
static int64 next_provider_ms(IonDispatcher *d, const IonLane *lane);
static void end_begun(IonDispatcher *d, IonJob *job);
static void conclude(IonDispatcher *d, IonJob *job, IonProvider *p);
static void widen(IonLane *lane, const IonOutcome *outcome, int window_max);

void
ion_submit_init(IonDispatcher *d)
{
	me = d;
	d->net.ended = job_ended;
	d->net.held = job_held;
}

void
ion_submit(IonDispatcher *d)
{
	dlist_iter	iter;

	if (d->n_ready == 0)
		return;
	if (d->paused_all)
	{
		ion_submit_release(d);
		return;
	}
	ion_gate_enter(d);
	dlist_foreach(iter, &d->lanes)
		submit_lane(d, dlist_container(IonLane, node, iter.cur));
	ion_gate_leave(d);
}

/*
 * How many more jobs of a lane could begin now, providers and window willing.
 * A lane among others may hold LANE_SHARE times what it leaves unused and no
 * more: should all it holds hang, the others still have room.
 */
int
ion_submit_room(IonDispatcher *d, IonLane *lane)
{
	int64		now_ms = ion_monotonic_ms();
	int			room = 0;
	int			unused = 0;
	dlist_iter	iter;

	dlist_foreach(iter, &d->providers)
	{
		IonProvider *p = dlist_container(IonProvider, node, iter.cur);
		int			here;

		if (strcmp(p->channel, lane->channel) != 0)
			continue;
		here = ion_provider_room(p, d->share, now_ms);
		room += here;
		if (here > 0)
			unused += Max((p->max_in_flight + d->share - 1) / d->share - p->in_flight, 0);
	}
	if (lane->destination[0] != '\0')
		room = Min(room, (int) lane->window - lane->in_flight);
	if (lane->in_company && lane->in_flight > 0)
		room = Min(room, (LANE_SHARE * unused - lane->in_flight) / (LANE_SHARE + 1));
	else if (lane->in_company)
		room = Min(room, Max(LANE_SHARE * unused / (LANE_SHARE + 1), 1));
	return Max(room, 0);
}

/* Milliseconds until a provider may have room by itself; -1 never. */
long
ion_submit_wait_ms(IonDispatcher *d)
{
	int64		now_ms = ion_monotonic_ms();
	long		wait = -1;
	dlist_iter	iter;

	dlist_foreach(iter, &d->providers)
	{
		long		at = ion_provider_wait_ms(dlist_container(IonProvider, node, iter.cur), now_ms);

		/* room that is there already is no reason to wake up */
		if (at > 0)
			wait = wait < 0 ? at : Min(wait, at);
	}
	return wait;
}

static void
submit_lane(IonDispatcher *d, IonLane *lane)
{
	while (!dlist_is_empty(&lane->ready))
	{
		IonJob	   *job = dlist_head_element(IonJob, node, &lane->ready);
		IonProvider *p;

		/* pauses have changed and are read first */
		if (!ion_gate_is_open(d))
			return;
		if (must_not_begin(job))
		{
			give_back(d, lane, job->verdict);
			continue;
		}
		if (lane->in_company && ion_submit_room(d, lane) <= 0)
			return;
		p = ion_provider_choose(&d->providers, lane->channel, d->share, ion_monotonic_ms(), ion_random01());
		if (p == NULL)
		{
			/* whoever cancels or requeues must not meet a claim that stands */
			if (lane_stands(d, lane))
				release_lane(d, lane);
			return;
		}
		dlist_delete(&job->node);
		lane->waiting--;
		d->n_ready--;
		if (begin(d, p, job) == ION_START_BUSY)
			return;
	}
}

/* Whether a job ends here, by the verdict it is given. */
static bool
must_not_begin(IonJob *job)
{
	TimestampTz now = GetCurrentTimestamp();

	if (job->expires_at <= now)
	{
		job->verdict = ION_VERDICT_EXPIRED;
		return true;
	}
	job->verdict = ION_VERDICT_RELEASED;
	if (job->quiet != NULL)
		job->retry_at = ion_quiet_until(job->quiet->from, job->quiet->to, job->quiet->zone, now);
	/* when its lease ends, another dispatcher may take it over */
	return job->retry_at != 0 || job->paused || now - job->started_at > ION_BEGIN_WITHIN_US;
}

/* No provider of the lane takes anything: paused, failing or gone, not full. */
static bool
lane_stands(IonDispatcher *d, const IonLane *lane)
{
	int64		now_ms = ion_monotonic_ms();
	dlist_iter	iter;

	dlist_foreach(iter, &d->providers)
	{
		const IonProvider *p = dlist_container(IonProvider, node, iter.cur);

		if (strcmp(p->channel, lane->channel) == 0 && ion_provider_usable(p, now_ms))
			return false;
	}
	return true;
}

/* The lane's first job ends without a try. */
static void
give_back(IonDispatcher *d, IonLane *lane, IonVerdict verdict)
{
	IonJob	   *job = dlist_container(IonJob, node, dlist_pop_head_node(&lane->ready));

	lane->waiting--;
	d->n_ready--;
	job->verdict = verdict;
	ion_submit_settle(d, job);
}

static void
release_lane(IonDispatcher *d, IonLane *lane)
{
	while (!dlist_is_empty(&lane->ready))
		give_back(d, lane, ION_VERDICT_RELEASED);
}

static IonStart
begin(IonDispatcher *d, IonProvider *p, IonJob *job)
{
	IonStart	volatile start = ION_START_FAILED;
	MemoryContext old = MemoryContextSwitchTo(job->cxt);
	const char *error = NULL;

	job->provider = p->server;
	job->via = p;
	strlcpy(job->provider_name, p->name, NAMEDATALEN);
	job->hold_unknown = p->hold_unknown;
	ion_flight_begun(d->flight, job);
	ion_provider_begin(p);
	d->unshown = true;
	job->lane->in_flight++;
	dlist_push_tail(&d->begun, &job->node);
	d->n_begun++;
	PG_TRY();
	{
		if (ion_content_prepare(job, &error))
			start = ion_transport(p->transport)->start(&d->net, p, job);
		else
		{
			ion_outcome_init(&job->outcome, ION_OUTCOME_PERMANENT, 0);
			ion_outcome_add_detail(&job->outcome, error, -1);
		}
	}
	PG_CATCH();
	{
		/* out of memory, most likely: this delivery's trouble, not the rest's */
		FlushErrorState();
		start = ION_START_FAILED;
		ion_outcome_init(&job->outcome, ION_OUTCOME_TRANSIENT, 0);
		ion_outcome_add_detail(&job->outcome, "the message could not be prepared", -1);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(old);

	if (start == ION_START_BEGUN)
		return start;

	/* the provider was not reached: nothing to learn about its health */
	ion_provider_unbegin(p);
	end_begun(d, job);
	if (start == ION_START_BUSY)
		put_back(d, job);
	else
		conclude(d, job, p);
	return start;
}

/* It has not begun after all: first in its lane again. */
static void
put_back(IonDispatcher *d, IonJob *job)
{
	ion_flight_unbegun(d->flight, job);
	dlist_push_head(&job->lane->ready, &job->node);
	job->lane->waiting++;
	d->n_ready++;
}

/* A transport asked before the first byte, and was told not to. */
static void
job_held(IonJob *job)
{
	ion_provider_unbegin(job->via);
	end_begun(me, job);
	put_back(me, job);
}

static void
end_begun(IonDispatcher *d, IonJob *job)
{
	dlist_delete(&job->node);
	d->n_begun--;
	job->lane->in_flight--;
	job->via = NULL;
}

/*
 * Milliseconds until some provider of a lane may take a delivery: 0 when
 * another stands by, else until the first breaker lets a probe through.
 */
static int64
next_provider_ms(IonDispatcher *d, const IonLane *lane)
{
	int64		now_ms = ion_monotonic_ms();
	int64		wait = -1;
	dlist_iter	iter;

	dlist_foreach(iter, &d->providers)
	{
		const IonProvider *p = dlist_container(IonProvider, node, iter.cur);
		long		at;

		if (strcmp(p->channel, lane->channel) != 0)
			continue;
		if (ion_provider_usable(p, now_ms))
			return 0;
		at = ion_provider_wait_ms(p, now_ms);
		if (at >= 0)
			wait = wait < 0 ? at : Min(wait, at);
	}
	return wait < 0 ? FAULT_RETRY_MS : wait;
}

/* The outcome is in: plan the retry and hand the job to the next transaction. */
static void
conclude(IonDispatcher *d, IonJob *job, IonProvider *p)
{
	job->finished_at = GetCurrentTimestamp();
	job->verdict = ION_VERDICT_OUTCOME;
	ion_settle_plan_retry(job, &p->retry, job->finished_at, ion_random01());
	if (job->outcome.kind == ION_OUTCOME_PROVIDER_FAULT)
		job->retry_at = job->finished_at + next_provider_ms(d, job->lane) * 1000;
	ion_flight_ended(d->flight, job);
	ion_submit_settle(d, job);
}

/* A transport has an outcome. */
static void
job_ended(IonJob *job)
{
	IonDispatcher *d = me;
	IonProvider *p = job->via;
	int			opens = p->opens;

	ion_provider_end(p, &job->outcome, ion_monotonic_ms(), ion_random01());
	widen(job->lane, &job->outcome, Max(p->max_in_flight / d->share, 1));
	d->unshown = true;
	if (p->opens != opens)
		d->show_at_ms = 0;		/* a breaker that moved is shown at once */
	end_begun(d, job);
	conclude(d, job, p);
}

/* The next transaction records what became of a job. */
void
ion_submit_settle(IonDispatcher *d, IonJob *job)
{
	if (d->n_done == 0)
		d->done_since_ms = ion_monotonic_ms();
	dlist_push_tail(&d->done, &job->node);
	d->n_done++;
	d->ended_recently++;
}

/*
 * A destination's window: one more for each answer, half after a failure to
 * connect or a time-out, never below one.
 */
static void
widen(IonLane *lane, const IonOutcome *outcome, int window_max)
{
	if (lane->destination[0] == '\0')
		return;
	if (outcome->destination_fault)
		lane->window = Max(lane->window / 2, 1);
	else if (outcome->kind != ION_OUTCOME_PROVIDER_FAULT)
		lane->window = Min(lane->window + 1, window_max);
}

/* Give back everything claimed and not begun. */
void
ion_submit_release(IonDispatcher *d)
{
	dlist_iter	iter;

	dlist_foreach(iter, &d->lanes)
		release_lane(d, dlist_container(IonLane, node, iter.cur));
}

/*
 * The drain's time is up: what is still under way has an unknown outcome.
 * The caller closes the pools without driving the reactor again, so no late
 * callback meets a job that is settled.
 */
void
ion_submit_abandon(IonDispatcher *d)
{
	while (!dlist_is_empty(&d->begun))
	{
		IonJob	   *job = dlist_head_element(IonJob, node, &d->begun);

		ion_outcome_init(&job->outcome, ION_OUTCOME_UNKNOWN, 0);
		ion_outcome_add_detail(&job->outcome, "the dispatcher was stopped before an answer came", -1);
		job_ended(job);
	}
}
