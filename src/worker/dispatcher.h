/*-------------------------------------------------------------------------
 *
 * dispatcher.h
 *	  The process that sends: one or more per database.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_WORKER_DISPATCHER_H
#define ION_WORKER_DISPATCHER_H

#include "postgres.h"

#include "storage/latch.h"

#include "base/shared.h"
#include "channel/provider.h"
#include "channel/transport.h"
#include "compat/compat.h"
#include "queue/claim.h"
#include "queue/job.h"
#include "queue/lane.h"
#include "worker/flight_record.h"

#define ION_SETTLE_ROWS		200 /* finished jobs that make a commit worth it */
#define ION_SETTLE_MS		10	/* and how long the first of them waits */
#define ION_PREFETCH_MIN	16	/* jobs claimed ahead of free capacity */
#define ION_PREFETCH_MAX	800
#define ION_PREFETCH_MS		40	/* of throughput, between those two */
#define ION_WINDOW_START	4	/* concurrency of a destination not yet known */
#define ION_POLL_MS			5000	/* longest sleep: what no wake-up announced */
#define ION_DRAIN_MS		2000	/* a shutdown waits for answers this long */
#define ION_VACUUM_ROWS		4000	/* finished rows that ask for a vacuum */

typedef struct IonDispatcher
{
	Oid			owner;			/* of the tables; we act as it */
	int			index;			/* among the dispatchers of this database */
	IonDatabaseSlot *slot;
	IonDispatcherSlot *self;
	char		token[ION_TOKEN_MAX];
	IonNet		net;
	WaitEventSet *set;
	IonFlightRecord *flight;
	MemoryContext cxt;			/* lives as long as the process */
	MemoryContext jobs_cxt;		/* parent of every job's */

	/* what we know of the configuration */
	uint32		config_seen;
	bool		active;			/* may claim: tables, identity, settings agree */
	bool		recovered;		/* orphans of the dead have been taken over */
	uint32		departures_seen;	/* slot->departures at the last recovery */
	int64		recover_at_ms;	/* the next one, at the latest */
	uint32		pauses_seen;	/* slot->config when pauses were last read */
	bool		paused_all;
	Datum		paused_services;	/* text[] */
	int			share;			/* dispatchers that divide the limits */
	IonShare	part;			/* of the messages that is ours first */
	dlist_head	providers;
	dlist_head	retired;		/* replaced, still in use */
	int64		providers_at_ms;

	/* work in hand */
	dlist_head	lanes;
	int			n_lanes;
	dlist_head	begun;			/* under way */
	dlist_head	done;			/* to be settled */
	int			n_ready;
	int			n_begun;
	int			n_done;
	int			n_settling;		/* taken off the done list by a transaction */
	int64		done_since_ms;

	/* what we know of the queue */
	uint32		work_seen;		/* slot->work at the last scan */
	bool		dirty;			/* rows may lie behind the cursors */
	bool		spills;			/* the last claim left rows that others could take */
	int64		lap_at_ms;		/* when the cursors were last rewound */
	int64		lap_cost_ms;
	TimestampTz next_due;
	int64		sweep_at_ms;
	int64		sweep_cost_ms;
	int			prefetch;
	int			ended_recently;
	int64		rate_since_ms;
	int			settled_since_vacuum;

	/* what people see of us: registry.c publishes it */
	bool		unshown;		/* something began or ended since */
	int64		show_at_ms;		/* not before */

	/* wall clock against monotonic clock */
	bool		clock_known;
	int64		clock_offset_ms;
	int64		leases_from_ms; /* until then no lease has run out */

	/* after an error in a transaction */
	int64		retry_at_ms;
	int			errors;			/* in a row */
	bool		settle_singly;
	bool		route_singly;
	bool		routing;		/* scheduled messages are being routed */
	bool		route_failed;	/* the one that was routed singly */
	bool		draining;
} IonDispatcher;

/* Entry point, named in the worker's registration. */
extern PGDLLEXPORT void ion_dispatcher_main(Datum arg);

/* registry.c: providers, pauses, identity */
extern void ion_registry_init(IonDispatcher *d);
extern void ion_registry_refresh_safely(IonDispatcher *d);
extern bool ion_registry_is_stale(IonDispatcher *d);
extern void ion_registry_publish(IonDispatcher *d);
extern void ion_registry_retire(IonDispatcher *d);
extern IonLane *ion_registry_lane(IonDispatcher *d, const char *channel, const char *destination);
extern void ion_registry_forget_lanes(IonDispatcher *d);

/* store.c: the transaction of each cycle */
extern bool ion_store_due(IonDispatcher *d);
extern void ion_store(IonDispatcher *d);
extern long ion_store_wait_ms(IonDispatcher *d);
extern bool ion_store_blocked(IonDispatcher *d);
extern void ion_store_failed(IonDispatcher *d, const char *error);

/* submit.c: from claimed to begun to ended */
extern void ion_submit_init(IonDispatcher *d);
extern void ion_submit(IonDispatcher *d);
extern long ion_submit_wait_ms(IonDispatcher *d);
extern int	ion_submit_room(IonDispatcher *d, IonLane *lane);
extern void ion_submit_release(IonDispatcher *d);
extern void ion_submit_settle(IonDispatcher *d, IonJob *job);
extern void ion_submit_abandon(IonDispatcher *d);

/* gate.c: what holds a message back at the last moment */
extern void ion_gate_init(IonDispatcher *d);
extern void ion_gate_enter(IonDispatcher *d);
extern void ion_gate_leave(IonDispatcher *d);
extern bool ion_gate_is_open(IonDispatcher *d);
extern void ion_gate_mark(IonDispatcher *d);

/* clock.c: the wall clock was set */
extern void ion_clock_check(IonDispatcher *d);

/* recover.c: orphans of dead dispatchers */
extern bool ion_recover_due(IonDispatcher *d);
extern void ion_recover_safely(IonDispatcher *d);

static inline double
ion_random01(void)
{
	return random() / (RAND_MAX + 1.0);
}

#endif							/* ION_WORKER_DISPATCHER_H */
