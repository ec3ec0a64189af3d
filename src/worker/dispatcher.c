/*-------------------------------------------------------------------------
 *
 * dispatcher.c
 *	  The process that sends: its start, its loop, its end.
 *
 * The loop walks the same phases for ever: interrupts, harvest, store,
 * submit, wait.  Network work happens in harvest and submit, where no
 * transaction is open; tables are touched in store alone.
 *
 * If we die at any point: before the claim's commit nothing was ours; after
 * it the queue row bears our token and the flight record says how far each
 * job had come; after the settling commit there is nothing left to know.
 *
 * SIGTERM (shutdown, DROP DATABASE, the launcher) drains: nothing more is
 * claimed, what has not begun goes back, and answers under way are awaited
 * for two seconds.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <unistd.h>

#include "access/xact.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "net/curl_global.h"
#include "queue/tx.h"
#include "worker/dispatcher.h"

#define SHOW_MS 100				/* between two publications of what we do */

static IonDispatcher *dispatcher_create(int index);
static void attach(IonDispatcher *d);
static void detach(int code, Datum arg);
static void phase_interrupts(IonDispatcher *d);
static void phase_harvest(IonDispatcher *d);
static void phase_wait(IonDispatcher *d);
static long wait_ms(IonDispatcher *d);
static bool may_sleep(IonDispatcher *d);
static void drain(IonDispatcher *d);
static long tick_transports(IonDispatcher *d);
static void count_dispatchers(IonDispatcher *d);
static void request_vacuum(IonDispatcher *d);
static long show_activity(IonDispatcher *d);

void
ion_dispatcher_main(Datum arg)
{
	Oid			database;
	int			index = DatumGetInt32(arg);
	IonDispatcher *d;

	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(Oid));
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	ion_tx_settings();

	d = dispatcher_create(index);
	attach(d);
	before_shmem_exit(detach, PointerGetDatum(d));
	ion_registry_refresh_safely(d);
	for (;;)
	{
		phase_interrupts(d);
		phase_harvest(d);
		if (ion_store_due(d))
			ion_store(d);
		/* what was claimed may have been committed after a change of ours */
		if (d->n_ready > 0 && ion_registry_is_stale(d))
			ion_registry_refresh_safely(d);
		ion_submit(d);
		phase_wait(d);
	}
}

static IonDispatcher *
dispatcher_create(int index)
{
	MemoryContext cxt = AllocSetContextCreate(TopMemoryContext, "io_notify dispatcher", ALLOCSET_DEFAULT_SIZES);
	IonDispatcher *d;

	MemoryContextSwitchTo(cxt);
	d = palloc0(sizeof(IonDispatcher));
	d->cxt = cxt;
	d->jobs_cxt = AllocSetContextCreate(cxt, "io_notify jobs", ALLOCSET_DEFAULT_SIZES);
	d->index = index;
	d->share = 1;
	d->prefetch = ION_PREFETCH_MIN;
	d->next_due = DT_NOEND;
	d->dirty = true;
	d->config_seen = PG_UINT32_MAX;
	dlist_init(&d->begun);
	dlist_init(&d->done);
	srandom((unsigned int) (MyProcPid ^ GetCurrentTimestamp()));
	ion_registry_init(d);
	ion_submit_init(d);
	ion_gate_init(d);

	if (!ion_curl_global_init())
		ereport(FATAL,
				(errcode(ERRCODE_SYSTEM_ERROR),
				 errmsg("io_notify could not initialise libcurl")));
	d->net.reactor = ion_reactor_create();
	if (d->net.reactor == NULL)
		ereport(FATAL,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("io_notify could not create its network reactor")));
	d->set = ion_create_wait_event_set(3);
	AddWaitEventToSet(d->set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
	AddWaitEventToSet(d->set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
	AddWaitEventToSet(d->set, WL_SOCKET_READABLE, d->net.reactor->epoll_fd, NULL, NULL);
	return d;
}

/* Take our place in shared memory; a second process for it ends at once. */
static void
attach(IonDispatcher *d)
{
	uint32		noise[2];

	if (!pg_strong_random(noise, sizeof(noise)))
		noise[0] = noise[1] = (uint32) random();
	snprintf(d->token, sizeof(d->token), "%d-%08x%08x", MyProcPid, noise[0], noise[1]);

	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	d->slot = ion_shared_database(MyDatabaseId, true);
	d->self = d->slot ? &d->slot->dispatchers[d->index] : NULL;
	if (d->self == NULL || d->self->pid != 0)
	{
		LWLockRelease(ion_shared->lock);
		ereport(FATAL,
				(errcode(ERRCODE_OBJECT_IN_USE),
				 errmsg("io_notify dispatcher %d of database %u is running already", d->index, MyDatabaseId)));
	}
	d->self->pid = MyProcPid;
	d->self->latch = MyLatch;
	strlcpy(d->self->token, d->token, sizeof(d->self->token));
	strlcpy(d->self->state, "starting", sizeof(d->self->state));
	d->self->started_at = GetCurrentTimestamp();
	d->self->in_flight = 0;
	d->self->settled = 0;
	d->self->orderly = false;
	pg_atomic_write_u32(&d->self->sleeping, 0);
	pg_atomic_write_u32(&d->self->network, 0);
	LWLockRelease(ion_shared->lock);
	d->flight = ion_flight_create(MyDatabaseId, d->token);
}

/* Leave shared memory, however we end; orphans are found by this. */
static void
detach(int code, Datum arg)
{
	IonDispatcher *d = (IonDispatcher *) DatumGetPointer(arg);

	(void) code;
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	if (d->self->pid == MyProcPid)
	{
		d->self->pid = 0;
		d->self->latch = NULL;
		/* an error may have thrown us out of the network */
		if (pg_atomic_read_u32(&d->self->network) % 2 != 0)
			ion_gate_leave(d);
		for (int i = 0; i < ION_MAX_PROVIDERS; i++)
			d->slot->providers[i].in_flight[d->index] = 0;
		/* the others look at once for what we leave behind */
		d->slot->departures++;
		for (int i = 0; i < ION_MAX_DISPATCHERS; i++)
		{
			if (d->slot->dispatchers[i].pid != 0)
				SetLatch(d->slot->dispatchers[i].latch);
		}
	}
	if (ion_shared->launcher_pid != 0)
		SetLatch(ion_shared->launcher_latch);
	LWLockRelease(ion_shared->lock);
}

static void
phase_interrupts(IonDispatcher *d)
{
	bool		leave;

	/* pg_cancel_backend means a statement, and none is running */
	QueryCancelPending = false;
	CHECK_FOR_INTERRUPTS();
	if (ConfigReloadPending)
	{
		ConfigReloadPending = false;
		ProcessConfigFile(PGC_SIGHUP);
		ion_tx_settings();
		d->config_seen = pg_atomic_read_u32(&d->slot->config) - 1;
	}
	leave = ShutdownRequestPending || d->index >= ion_dispatchers;
	if (!leave && d->slot->evicted_until != 0)
		leave = d->slot->evicted_until > GetCurrentTimestamp();
	if (leave)
		drain(d);
	count_dispatchers(d);
	ion_clock_check(d);

	if (d->n_begun == 0 || pg_atomic_read_u32(&d->slot->config) != d->config_seen || ion_registry_is_stale(d))
		ion_registry_refresh_safely(d);
	if (ion_recover_due(d))
		ion_recover_safely(d);
	if ((!d->active || d->paused_all) && d->n_ready > 0)
		ion_submit_release(d);
	request_vacuum(d);
}

static void
phase_harvest(IonDispatcher *d)
{
	ion_gate_enter(d);
	ion_reactor_drive(d->net.reactor);
	ion_gate_leave(d);
}

/* Who else is at work: limits and messages are divided among us. */
static void
count_dispatchers(IonDispatcher *d)
{
	d->share = d->part.index = 0;
	for (int i = 0; i < ION_MAX_DISPATCHERS; i++)
	{
		if (i == d->index)
			d->part.index = d->share;
		if (i == d->index || d->slot->dispatchers[i].pid != 0)
			d->share++;
	}
	d->part.of = d->share;
}

/* What autovacuum would get to in a minute, the queue needs every second. */
static void
request_vacuum(IonDispatcher *d)
{
	if (d->settled_since_vacuum < ION_VACUUM_ROWS)
		return;
	d->settled_since_vacuum = 0;
	if (d->slot->maintenance_wanted)
		return;
	d->slot->maintenance_wanted = true;
	ion_shared_wake_launcher();
}

static long
tick_transports(IonDispatcher *d)
{
	long		next = -1;
	dlist_head *lists[2] = {&d->providers, &d->retired};
	dlist_iter	iter;

	for (int i = 0; i < 2; i++)
	{
		dlist_foreach(iter, lists[i])
		{
			IonProvider *p = dlist_container(IonProvider, node, iter.cur);
			long		at;

			if (p->pool == NULL)
				continue;
			at = ion_transport(p->transport)->tick(p);
			if (at >= 0)
				next = next < 0 ? at : Min(next, at);
		}
	}
	return next;
}

/* How long nothing can happen by itself. */
static long
wait_ms(IonDispatcher *d)
{
	long		wait;
	long		at;

	/* ticking may end jobs, which may make a transaction due */
	ion_gate_enter(d);
	at = tick_transports(d);
	ion_gate_leave(d);
	wait = ion_store_due(d) ? 0 : ion_store_wait_ms(d);
	if (at >= 0)
		wait = Min(wait, at);
	at = ion_reactor_timeout(d->net.reactor);
	if (at >= 0)
		wait = Min(wait, at);
	at = ion_submit_wait_ms(d);
	if (at >= 0)
		wait = Min(wait, at);
	return wait;
}

/*
 * Mark ourselves asleep, then look once more: a sender that commits now either
 * sees the mark and sets our latch, or its bump of the counter is seen here.
 */
static bool
may_sleep(IonDispatcher *d)
{
	/* work that could not be claimed anyway need not wake us */
	if (!d->active || d->paused_all || d->draining)
		return true;
	pg_atomic_write_u32(&d->self->sleeping, 1);
	pg_memory_barrier();
	if (d->n_done == 0 && !ion_store_blocked(d) &&
		pg_atomic_read_u32(&d->slot->work) != d->work_seen)
	{
		pg_atomic_write_u32(&d->self->sleeping, 0);
		return false;
	}
	return true;
}

static void
phase_wait(IonDispatcher *d)
{
	WaitEvent	events[3];
	long		wait = wait_ms(d);
	int			n;

	if (wait > 0)
	{
		long		shown = show_activity(d);

		if (shown >= 0)
			wait = Min(wait, shown);
		if (!may_sleep(d))
			wait = 0;
	}
	n = WaitEventSetWait(d->set, wait, events, 3, ION_WAIT_EVENT);
	pg_atomic_write_u32(&d->self->sleeping, 0);
	for (int i = 0; i < n; i++)
	{
		if (events[i].events & WL_LATCH_SET)
			ResetLatch(MyLatch);
	}
}

/*
 * Let people see what changed, at most every SHOW_MS unless a provider failed.
 * Returns in how many milliseconds it will be time; -1 when all is shown.
 */
static long
show_activity(IonDispatcher *d)
{
	int64		now_ms = ion_monotonic_ms();

	if (!d->unshown)
		return -1;
	if (now_ms < d->show_at_ms)
		return (long) (d->show_at_ms - now_ms);
	d->unshown = false;
	d->show_at_ms = now_ms + SHOW_MS;
	ion_registry_publish(d);
	pgstat_report_stat(true);
	return -1;
}

/* End in order: give back, await, record, go. */
static void
drain(IonDispatcher *d)
{
	int64		deadline = ion_monotonic_ms() + ION_DRAIN_MS;

	d->draining = true;
	strlcpy(d->self->state, "draining", sizeof(d->self->state));
	pgstat_report_activity(STATE_RUNNING, "io_notify: waiting for the last answers");
	ion_submit_release(d);
	while (d->n_begun > 0 && ion_monotonic_ms() < deadline)
	{
		WaitEvent	events[3];

		phase_harvest(d);
		ion_gate_enter(d);
		(void) tick_transports(d);
		ion_gate_leave(d);
		ion_submit_release(d);	/* what a pause has held back */
		if (ion_store_due(d))
			ion_store(d);
		if (WaitEventSetWait(d->set, 20, events, 3, ION_WAIT_EVENT) > 0)
			ResetLatch(MyLatch);
		QueryCancelPending = false;
		CHECK_FOR_INTERRUPTS();
	}
	ion_submit_abandon(d);
	for (int tries = 0; d->n_done > 0 && tries < 100; tries++)
	{
		d->retry_at_ms = 0;
		ion_store(d);
	}
	/* a record that still holds something is left for the next dispatcher */
	if (d->n_done == 0)
		ion_flight_remove(d->flight);
	d->self->orderly = true;
	proc_exit(0);
}
