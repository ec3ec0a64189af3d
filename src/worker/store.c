/*-------------------------------------------------------------------------
 *
 * store.c
 *	  The transaction of each cycle: settle what ended, claim what is next.
 *
 * One commit covers both, so under load a flush is shared by hundreds of
 * rows, while a single delivery on an idle system is settled at once.
 *
 * Nothing is lost when the transaction fails: finished jobs stay on the done
 * list until their commit has returned, and rows claimed by a transaction
 * that rolled back were never ours.  After a failure that a whole batch
 * cannot explain, jobs are settled one by one, so that one bad row holds back
 * only itself.
 *
 * Scanning: claims read forward behind a cursor per lane and priority.  What
 * becomes visible behind the cursor (a transaction that committed late, a
 * lane nobody knew) is found by a lap: lanes are discovered anew and cursors
 * rewound.  A lap runs when a wake-up brought nothing, and never oftener than
 * a tenth of the time it takes, because with an old snapshot held elsewhere
 * it walks every dead entry.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "channel/content.h"
#include "channel/provider_health.h"
#include "queue/claim.h"
#include "queue/orphan.h"
#include "queue/settle.h"
#include "queue/tx.h"
#include "worker/dispatcher.h"

#define LAP_SHARE 10			/* a lap may take one part in this of the time */
#define LAP_MIN_MS 50			/* between laps while there is other work */
#define ROUTES_PER_CYCLE 500
#define SWEEP_ROWS 1000
#define SWEEP_MS 10000
#define ERROR_WAIT_MAX_MS 30000
#define LANE_SLOTS_MAX (ION_FLIGHT_SLOTS / 2)	/* of the flight record; the rest is others' */
#define AGAIN_MS 20				/* after a deadlock or somebody's lock */

static bool scan_due(IonDispatcher *d, int64 now_ms);
static bool lap_allowed(IonDispatcher *d, int64 now_ms);
static bool want_claim(IonDispatcher *d, int64 now_ms);
static void adapt_prefetch(IonDispatcher *d, int64 now_ms);
static void cycle(IonDispatcher *d, dlist_head *claimed, IonJob **settling, int n_settling);
static void claim(IonDispatcher *d, dlist_head *claimed);
static int	claim_lanes(IonDispatcher *d, dlist_head *claimed, TimestampTz now, int already);
static bool claim_routes(IonDispatcher *d, TimestampTz now);
static void lap(IonDispatcher *d);
static void look_everywhere(IonDispatcher *d);
static void lane_found(void *arg, const char *channel, const char *destination);
static void sweep(IonDispatcher *d, int64 now_ms);
static pg_noinline int take_done(IonDispatcher *d, IonJob **settling);
static void committed(IonDispatcher *d, dlist_head *claimed, IonJob **settling, int n_settling);
static void rolled_back(IonDispatcher *d, dlist_head *claimed, IonJob **settling, int n_settling, bool again, const char *error);

/* Whether something happened that makes every lane worth a look. */
static bool
scan_due(IonDispatcher *d, int64 now_ms)
{
	return pg_atomic_read_u32(&d->slot->work) != d->work_seen ||
		d->next_due <= GetCurrentTimestamp() ||
		(d->dirty && lap_allowed(d, now_ms)) ||
		now_ms >= d->lap_at_ms + ION_POLL_MS;
}

static bool
lap_allowed(IonDispatcher *d, int64 now_ms)
{
	return now_ms >= d->lap_at_ms + d->lap_cost_ms * LAP_SHARE;
}

static bool
want_claim(IonDispatcher *d, int64 now_ms)
{
	int			turn = d->n_ready;	/* jobs that wait for nothing but their turn */
	bool		wanted = false;
	bool		scan;
	dlist_iter	iter;

	if (!d->active || !d->recovered || d->paused_all || d->draining)
		return false;
	scan = scan_due(d, now_ms);
	dlist_foreach(iter, &d->lanes)
	{
		IonLane    *lane = dlist_container(IonLane, node, iter.cur);

		if (lane->channel[0] != '\0' && ion_submit_room(d, lane) <= 0)
			turn -= lane->waiting;	/* behind a full or hanging destination */
		else
			wanted = wanted || lane->more || scan;
	}
	if (turn > d->prefetch / 2)
		return false;
	if (wanted)
		return true;
	if (d->n_ready > d->prefetch / 2 && now_ms < d->lap_at_ms + LAP_MIN_MS)
		return false;
	/* nobody has room, but there may be a lane we do not know */
	return scan && !(d->next_due <= GetCurrentTimestamp() && d->n_lanes > 0 && !d->dirty &&
					 pg_atomic_read_u32(&d->slot->work) == d->work_seen &&
					 now_ms < d->lap_at_ms + ION_POLL_MS);
}

bool
ion_store_due(IonDispatcher *d)
{
	int64		now_ms = ion_monotonic_ms();

	if (now_ms < d->retry_at_ms)
		return false;
	if (d->n_done > 0 &&
		(d->n_done >= ION_SETTLE_ROWS || d->settle_singly ||
		 (d->n_begun == 0 && d->n_ready == 0) ||
		 now_ms - d->done_since_ms >= ION_SETTLE_MS))
		return true;
	return want_claim(d, now_ms) && (d->n_done == 0 || d->n_ready == 0 || d->n_done >= d->prefetch / 4);
}

/*
 * Milliseconds until ion_store_due may turn true by itself, asked when it is
 * not.  A moment that has passed all the same was held up by something else
 * (no room, an open breaker), whose end is what wakes us.
 */
long
ion_store_wait_ms(IonDispatcher *d)
{
	int64		now_ms = ion_monotonic_ms();
	int64		wait = ION_POLL_MS;
	int64		at;

	if (now_ms < d->retry_at_ms)
		return (long) (d->retry_at_ms - now_ms);
	if (d->n_done > 0)
		wait = Min(wait, d->done_since_ms + ION_SETTLE_MS - now_ms);
	if (d->active && !d->draining)
	{
		at = d->lap_at_ms + Max(d->lap_cost_ms * LAP_SHARE, LAP_MIN_MS);
		if ((d->dirty || pg_atomic_read_u32(&d->slot->work) != d->work_seen) && at > now_ms)
			wait = Min(wait, at - now_ms);
		at = d->next_due != DT_NOEND ? d->next_due - GetCurrentTimestamp() : 0;
		if (at > 0)
			wait = Min(wait, at / 1000 + 1);
	}
	return (long) Max(wait, 0);
}

/* Claim ahead what the last seconds' throughput consumes in ION_PREFETCH_MS. */
static void
adapt_prefetch(IonDispatcher *d, int64 now_ms)
{
	int64		elapsed = now_ms - d->rate_since_ms;
	int			wanted;

	if (elapsed < 5)
		return;
	wanted = (int) Min((int64) d->ended_recently * ION_PREFETCH_MS / elapsed, ION_PREFETCH_MAX);
	d->prefetch = Max((d->prefetch + wanted + 1) / 2, ION_PREFETCH_MIN);
	d->ended_recently = 0;
	d->rate_since_ms = now_ms;
}

void
ion_store(IonDispatcher *d)
{
	IonJob	   *settling[ION_FLIGHT_SLOTS];
	int			n_settling;
	dlist_head	claimed = DLIST_STATIC_INIT(claimed);
	bool		failed = false;
	char		error[ION_ERROR_MAX];

	adapt_prefetch(d, ion_monotonic_ms());
	n_settling = d->n_settling = take_done(d, settling);
	PG_TRY();
	{
		cycle(d, &claimed, settling, n_settling);
	}
	PG_CATCH();
	{
		bool		again = ion_tx_failed(error, sizeof(error));

		rolled_back(d, &claimed, settling, n_settling, again, error);
		failed = true;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(d->cxt);
	if (!failed)
		committed(d, &claimed, settling, n_settling);
}

/* Not inlined: its counter must not live across the caller's sigsetjmp. */
static int
take_done(IonDispatcher *d, IonJob **settling)
{
	int			limit = d->settle_singly ? 1 : ION_FLIGHT_SLOTS;
	int			n = 0;

	while (!dlist_is_empty(&d->done) && n < limit)
		settling[n++] = dlist_container(IonJob, node, dlist_pop_head_node(&d->done));
	return n;
}

static void
cycle(IonDispatcher *d, dlist_head *claimed, IonJob **settling, int n_settling)
{
	int64		now_ms = ion_monotonic_ms();
	bool		claiming = want_claim(d, now_ms);

	ion_tx_begin(true, "io_notify: settling and claiming deliveries");
	if (n_settling > 0)
		ion_settle(settling, n_settling, d->token, GetCurrentTimestamp());
	if (claiming)
		claim(d, claimed);
	if (d->active && !d->draining && now_ms >= d->sweep_at_ms)
		sweep(d, now_ms);
	ion_tx_commit();
}

static void
claim(IonDispatcher *d, dlist_head *claimed)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		now_ms = ion_monotonic_ms();
	uint32		work = pg_atomic_read_u32(&d->slot->work);
	int			n;
	dlist_iter	iter;

	dlist_foreach(iter, &d->lanes)
		dlist_container(IonLane, node, iter.cur)->taken = 0;
	if (scan_due(d, now_ms))
		look_everywhere(d);
	/* whoever commits from here on bumps the counter past what we note */
	if (work != d->work_seen || now_ms >= d->lap_at_ms + ION_POLL_MS)
		d->dirty = true;
	d->work_seen = work;
	d->spills = false;

	n = claim_lanes(d, claimed, now, 0);
	if (d->dirty && lap_allowed(d, now_ms) &&
		(n == 0 || now_ms >= d->lap_at_ms + LAP_MIN_MS))
	{
		lap(d);
		d->dirty = false;
		n += claim_lanes(d, claimed, now, n);
		d->lap_at_ms = ion_monotonic_ms();
		d->lap_cost_ms = d->lap_at_ms - now_ms;
	}
	/* a commit wakes one of us: what it cannot take, it passes on */
	if (d->spills && d->share > 1)
		ion_shared_wake_other(d->slot);
	d->next_due = DT_NOEND;
	if (n == 0)
	{
		IonLane   **lanes;
		int			n_lanes = 0;

		lanes = palloc(sizeof(IonLane *) * (d->n_lanes + 1));
		dlist_foreach(iter, &d->lanes)
			lanes[n_lanes++] = dlist_container(IonLane, node, iter.cur);
		if (n_lanes > 0)
			d->next_due = ion_claim_next_due(lanes, n_lanes, now);
	}
}

/*
 * Route scheduled messages that fell due.  One that fails even alone is given
 * up, or it would roll back the settling of everything else for ever.
 */
static bool
claim_routes(IonDispatcher *d, TimestampTz now)
{
	int			routed;

	if (d->route_failed)
	{
		ion_claim_route_failed(d->paused_services, now);
		d->route_failed = d->route_singly = false;
		return true;
	}
	d->routing = true;
	routed = ion_claim_routes(d->paused_services, now, d->route_singly ? 1 : ROUTES_PER_CYCLE);
	d->routing = false;
	if (routed == 0)
		d->route_singly = false;
	return routed > 0;
}

/*
 * Claim for every lane that may have more and has room; already is what this
 * transaction has claimed before.  The lanes share a budget and take turns at
 * being first, or a lane with much room would leave the others none.
 */
static int
claim_lanes(IonDispatcher *d, dlist_head *claimed, TimestampTz now, int already)
{
	IonLane   **lanes = palloc(sizeof(IonLane *) * (d->n_lanes + 1));
	int			n = 0;
	int			total = 0;
	int			budget = Min(ION_CLAIM_MAX, ion_flight_room(d->flight)) - already;
	IonShare	share = {1, 0};
	dlist_iter	iter;

	if (!dlist_is_empty(&d->lanes))
		dlist_push_tail(&d->lanes, dlist_pop_head_node(&d->lanes));
	dlist_foreach(iter, &d->lanes)
	{
		IonLane    *lane = dlist_container(IonLane, node, iter.cur);
		int			room;

		if (!lane->more)
			continue;
		if (lane->channel[0] == '\0')
		{
			lane->more = claim_routes(d, now);
			d->dirty = d->dirty || lane->more;
			continue;
		}
		room = ion_submit_room(d, lane);
		if (room <= 0)
		{
			d->spills = true;
			continue;
		}
		/* a destination with a window of its own gets no more than that ahead */
		room += lane->destination[0] != '\0' ? Min(d->prefetch, (int) lane->window) : d->prefetch;
		room = Min(room, LANE_SLOTS_MAX - lane->in_flight) - lane->waiting - lane->taken;
		lane->limit = Min(room, budget);
		if (lane->limit <= 0)
			continue;
		budget -= lane->limit;
		lanes[n++] = lane;
	}
	if (n == 0)
		return 0;
	/* idle, whoever was woken takes whatever there is */
	if (d->n_begun > 0 || d->n_ready > 0)
		share = d->part;
	total = ion_claim(lanes, n, &share, d->token, d->paused_services, now, d->jobs_cxt, claimed);
	if (total == 0 && share.of > 1)
	{
		/* our part is done: help the others */
		share.of = 1;
		share.index = 0;
		total = ion_claim(lanes, n, &share, d->token, d->paused_services, now, d->jobs_cxt, claimed);
	}
	ion_content_read(claimed);
	/* fewer than asked for proves nothing: others lock and claim as we do */
	for (int i = 0; i < n; i++)
	{
		lanes[i]->taken += lanes[i]->claimed;
		lanes[i]->more = lanes[i]->claimed > 0;
		d->spills = d->spills || lanes[i]->claimed >= lanes[i]->limit;
	}
	return total;
}

static void
look_everywhere(IonDispatcher *d)
{
	dlist_iter	iter;

	dlist_foreach(iter, &d->lanes)
		dlist_container(IonLane, node, iter.cur)->more = true;
}

static void
lane_found(void *arg, const char *channel, const char *destination)
{
	IonLane    *lane = ion_registry_lane(arg, channel, destination);

	lane->seen = true;
}

static void
lap(IonDispatcher *d)
{
	dlist_iter	iter;

	dlist_foreach(iter, &d->lanes)
	{
		IonLane    *lane = dlist_container(IonLane, node, iter.cur);

		lane->seen = false;
		lane->more = true;
		ion_lane_rewind(lane);
	}
	ion_lanes_discover(lane_found, d);
	ion_registry_forget_lanes(d);
}

/*
 * Rows of a lane that does not move (paused, provider down) expire too.  The
 * sweep reads the whole table, so it paces itself by its own cost.
 */
static void
sweep(IonDispatcher *d, int64 now_ms)
{
	int			n = ion_sweep_expired(GetCurrentTimestamp(), SWEEP_ROWS);
	int64		end_ms = ion_monotonic_ms();

	d->sweep_cost_ms = end_ms - now_ms;
	d->sweep_at_ms = end_ms + (n >= SWEEP_ROWS ? 0 : Max(SWEEP_MS, d->sweep_cost_ms * 100));
}

static void
committed(IonDispatcher *d, dlist_head *claimed, IonJob **settling, int n_settling)
{
	for (int i = 0; i < n_settling; i++)
	{
		ion_flight_settled(d->flight, settling[i]);
		/* a released row may keep its place, which is behind the cursor */
		if (settling[i]->retry_at != 0)
			d->next_due = Min(d->next_due, settling[i]->retry_at);
		else if (settling[i]->verdict == ION_VERDICT_RELEASED)
			d->dirty = true;
		ion_job_free(settling[i]);
	}
	d->n_done -= n_settling;
	d->n_settling = 0;
	if (d->n_done > 0)
		d->done_since_ms = ion_monotonic_ms();
	d->settled_since_vacuum += n_settling;
	d->unshown = d->unshown || n_settling > 0;
	d->self->settled += n_settling;
	while (!dlist_is_empty(claimed))
	{
		IonJob	   *job = dlist_container(IonJob, node, dlist_pop_head_node(claimed));

		ion_flight_claimed(d->flight, job);
		if (job->verdict == ION_VERDICT_SUPPRESSED)
		{
			ion_submit_settle(d, job);
			continue;
		}
		dlist_push_tail(&job->lane->ready, &job->node);
		job->lane->waiting++;
		d->n_ready++;
	}
	d->errors = 0;
	if (n_settling == 1 && d->n_done == 0)
		d->settle_singly = false;
}

static void
rolled_back(IonDispatcher *d, dlist_head *claimed, IonJob **settling, int n_settling, bool again, const char *error)
{
	for (int i = n_settling - 1; i >= 0; i--)
	{
		/* somebody's lock may be on that entry: the next bounce teaches the same */
		if (again)
			settling[i]->outcome.bad_address = false;
		dlist_push_head(&d->done, &settling[i]->node);
	}
	while (!dlist_is_empty(claimed))
		ion_job_free(dlist_container(IonJob, node, dlist_pop_head_node(claimed)));
	d->n_settling = 0;
	/* cursors may have moved past rows that are not ours */
	d->dirty = true;
	d->lap_cost_ms = 0;
	if (again)
	{
		/* soon, but answers come first */
		d->retry_at_ms = ion_monotonic_ms() + AGAIN_MS;
		d->routing = false;
		return;
	}
	if (d->routing)
	{
		/* not the fault of what was to be settled */
		d->routing = false;
		d->route_failed = d->route_singly;
		d->route_singly = true;
		ion_store_failed(d, error);
		return;
	}
	if (n_settling > 1)
		d->settle_singly = true;
	else if (d->settle_singly && n_settling == 1 && d->n_done > 1)
	{
		/* the bad row waits behind the others */
		dlist_delete(&settling[0]->node);
		dlist_push_tail(&d->done, &settling[0]->node);
	}
	ion_store_failed(d, error);
}

/* Back off, longer each time, and let status() say why. */
void
ion_store_failed(IonDispatcher *d, const char *error)
{
	d->errors++;
	d->retry_at_ms = ion_monotonic_ms() + Min(50 << Min(d->errors, 10), ERROR_WAIT_MAX_MS);
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	ion_shared_set_text(d->slot->last_error, sizeof(d->slot->last_error), error);
	d->slot->last_error_at = GetCurrentTimestamp();
	LWLockRelease(ion_shared->lock);
}

/* Whether new work could not be claimed now, so that it need not wake us. */
bool
ion_store_blocked(IonDispatcher *d)
{
	int64		now_ms = ion_monotonic_ms();

	return now_ms < d->retry_at_ms || !want_claim(d, now_ms);
}
