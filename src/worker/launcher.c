/*-------------------------------------------------------------------------
 *
 * launcher.c
 *	  One process per cluster that sees to it that dispatchers run.
 *
 * It connects to no database, so it stands in nobody's way: it reads the list
 * of databases and learns about each from a probe, a worker that looks and
 * ends.  Later it is told by shared memory: install() and adopt() mark their
 * database for a new look, a dispatcher that finds nothing marks it absent.
 *
 * It never gives up.  Whatever cannot be started (no worker slot is free, the
 * dispatcher keeps dying) is tried again after a time that doubles up to a
 * minute, and status() says why.  After crashes in a row it waits as well, as
 * crash_record.c says.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_database.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "base/shared.h"
#include "compat/compat.h"
#include "worker/crash_record.h"
#include "worker/launcher.h"

#define LAUNCHER_NAP_MS		5000
#define LAUNCHER_BUSY_MS	100		/* while something is being started */
#define BACKOFF_FIRST_MS	250
#define BACKOFF_MAX_MS		60000
#define PROBES_MAX			2		/* at a time: worker slots are everybody's */
#define SHORT_LIFE_MS		10000	/* a dispatcher that lives less has failed */
#define MAINTAIN_EVERY_US	(INT64CONST(3600) * 1000 * 1000)
#define VACUUM_EVERY_US		(INT64CONST(200) * 1000)
#define VACUUM_SHARE		15		/* a vacuum may take one part in this of the time */

/* A worker we started, by place: dispatchers 0…, then the chore. */
typedef struct Child
{
	BackgroundWorkerHandle *handle; /* NULL: not started */
	TimestampTz started_at;
	TimestampTz not_before;		/* back-off */
	int			failures;
} Child;

typedef struct Known
{
	Oid			database;		/* InvalidOid: unused */
	bool		seen;
	Child		dispatchers[ION_MAX_DISPATCHERS];
	Child		chore;
	IonChore	chore_kind;
} Known;

typedef struct Launcher
{
	MemoryContext cxt;
	Known		known[ION_MAX_DATABASES];	/* parallel to ion_shared->databases */
	bool		busy;			/* something is being started: look again soon */
	TimestampTz hold_until;		/* after crashes in a row: no dispatcher yet */
	int			probes;			/* under way */
	bool		full;			/* said that there are too many databases */
	bool		slots_exhausted;	/* said so already */
} Launcher;

static void attach(void);
static void detach(int code, Datum arg);
static void count_probes(Launcher *l);
static void read_databases(Launcher *l);
static void send_away(Known *known);
static void look_after(Launcher *l, int i);
static void look_after_dispatchers(Launcher *l, int i, IonDatabaseState state, bool evicted);
static void look_after_chore(Launcher *l, int i, IonDatabaseState state);
static bool running(Launcher *l, Child *child);
static bool backing_off(Child *child, TimestampTz now);
static void failed(Child *child, TimestampTz now);
static bool start(Launcher *l, Child *child, Oid database, const char *name, const char *type, const char *function, Datum arg);
static void say(const char *message);

void
ion_launcher_register(void)
{
	BackgroundWorker worker = {0};

	worker.bgw_flags = ION_BGWORKER_FLAGS;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = 5;
	strlcpy(worker.bgw_library_name, ION_EXTENSION, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, "ion_launcher_main", sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, "io_notify launcher", BGW_MAXLEN);
	strlcpy(worker.bgw_type, "io_notify launcher", BGW_MAXLEN);
	RegisterBackgroundWorker(&worker);
}

static void
attach(void)
{
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	ion_shared->launcher_pid = MyProcPid;
	ion_shared->launcher_latch = MyLatch;
	ion_shared->launcher_started_at = GetCurrentTimestamp();
	LWLockRelease(ion_shared->lock);
	before_shmem_exit(detach, (Datum) 0);
}

static void
detach(int code, Datum arg)
{
	(void) code;
	(void) arg;
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	if (ion_shared->launcher_pid == MyProcPid)
	{
		ion_shared->launcher_pid = 0;
		ion_shared->launcher_latch = NULL;
	}
	LWLockRelease(ion_shared->lock);
}

void
ion_launcher_main(Datum arg)
{
	Launcher   *l;
	int64		wait_ms;

	(void) arg;
	pqsignal(SIGHUP, SignalHandlerForConfigReload);
	pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnection(NULL, NULL, 0);
	attach();
	l = MemoryContextAllocZero(TopMemoryContext, sizeof(Launcher));
	l->cxt = TopMemoryContext;
	wait_ms = ion_crash_record_wait_ms();
	if (wait_ms > 0)
	{
		l->hold_until = GetCurrentTimestamp() + wait_ms * 1000;
		say("the server went down right after a dispatcher had started: waiting before the next");
	}
	pgstat_report_activity(STATE_IDLE, NULL);

	while (!ShutdownRequestPending)
	{
		l->busy = false;
		read_databases(l);
		count_probes(l);
		for (int i = 0; i < ION_MAX_DATABASES; i++)
			look_after(l, i);
		(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH,
						 l->busy ? LAUNCHER_BUSY_MS : LAUNCHER_NAP_MS, ION_WAIT_EVENT);
		ResetLatch(MyLatch);
		CHECK_FOR_INTERRUPTS();
		if (ConfigReloadPending)
		{
			ConfigReloadPending = false;
			ProcessConfigFile(PGC_SIGHUP);
		}
	}
	ion_crash_record_clear();
	/* with status 0 the postmaster would never start us again */
	proc_exit(1);
}

/* Probes under way; a child that has ended is noticed by look_after. */
static void
count_probes(Launcher *l)
{
	l->probes = 0;
	for (int i = 0; i < ION_MAX_DATABASES; i++)
		l->probes += l->known[i].chore.handle != NULL && l->known[i].chore_kind == ION_CHORE_PROBE;
}

/*
 * Bring the shared table in line with pg_database: new databases get a slot
 * to be probed, slots of dropped ones are freed.
 */
static void
read_databases(Launcher *l)
{
	Relation	rel;
	TableScanDesc scan;
	HeapTuple	tuple;

	for (int i = 0; i < ION_MAX_DATABASES; i++)
		l->known[i].seen = false;
	StartTransactionCommand();
	(void) GetTransactionSnapshot();
	rel = table_open(DatabaseRelationId, AccessShareLock);
	scan = table_beginscan_catalog(rel, 0, NULL);
	while (HeapTupleIsValid(tuple = heap_getnext(scan, ForwardScanDirection)))
	{
		Form_pg_database form = (Form_pg_database) GETSTRUCT(tuple);
		IonDatabaseSlot *slot;

		/* a template must stay free of connections */
		if (!form->datallowconn || form->datistemplate)
			continue;
		LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
		slot = ion_shared_database(form->oid, true);
		LWLockRelease(ion_shared->lock);
		if (slot == NULL)
		{
			if (!l->full)
				say("there are more databases than io_notify can look after");
			l->full = true;
			continue;
		}
		l->known[slot - ion_shared->databases].seen = true;
		l->known[slot - ion_shared->databases].database = form->oid;
	}
	table_endscan(scan);
	table_close(rel, AccessShareLock);
	CommitTransactionCommand();

	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < ION_MAX_DATABASES; i++)
	{
		IonDatabaseSlot *slot = &ion_shared->databases[i];
		bool		in_use = false;

		if (l->known[i].seen || slot->state == ION_DB_FREE)
			continue;
		for (int d = 0; d < ION_MAX_DISPATCHERS; d++)
			in_use = in_use || slot->dispatchers[d].pid != 0;
		if (in_use)
			send_away(&l->known[i]);
		else
		{
			slot->state = ION_DB_FREE;
			slot->database = InvalidOid;
			memset(&l->known[i], 0, sizeof(Known));
		}
	}
	LWLockRelease(ion_shared->lock);
}

/* The database is gone, or became a template: nobody of ours may stay. */
static void
send_away(Known *known)
{
	for (int d = 0; d < ION_MAX_DISPATCHERS; d++)
	{
		if (known->dispatchers[d].handle != NULL)
			TerminateBackgroundWorker(known->dispatchers[d].handle);
	}
}

static void
look_after(Launcher *l, int i)
{
	IonDatabaseSlot *slot = &ion_shared->databases[i];
	IonDatabaseState state;
	bool		evicted;

	if (!l->known[i].seen)
		return;
	LWLockAcquire(ion_shared->lock, LW_SHARED);
	state = slot->state;
	evicted = slot->evicted_until > GetCurrentTimestamp();
	LWLockRelease(ion_shared->lock);
	if (!evicted)
		look_after_chore(l, i, state);
	else if (l->known[i].chore.handle != NULL)
		TerminateBackgroundWorker(l->known[i].chore.handle);
	look_after_dispatchers(l, i, state, evicted);
}

static void
look_after_dispatchers(Launcher *l, int i, IonDatabaseState state, bool evicted)
{
	IonDatabaseSlot *slot = &ion_shared->databases[i];
	TimestampTz now = GetCurrentTimestamp();

	for (int d = 0; d < ION_MAX_DISPATCHERS; d++)
	{
		Child	   *child = &l->known[i].dispatchers[d];
		char		name[BGW_MAXLEN];

		if (child->handle != NULL && !running(l, child))
		{
			if (slot->dispatchers[d].orderly)
				child->failures = 0;
			else
				failed(child, now);
			/* how else would a crash be noticed */
			if (slot->dispatchers[d].pid != 0 && !slot->dispatchers[d].orderly)
			{
				LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
				slot->dispatchers[d].pid = 0;
				slot->departures++;
				LWLockRelease(ion_shared->lock);
			}
		}
		if (state != ION_DB_PRESENT || evicted || d >= ion_dispatchers ||
			child->handle != NULL || slot->dispatchers[d].pid != 0)
			continue;
		l->hold_until = Min(l->hold_until, now + (int64) BACKOFF_MAX_MS * 1000);
		if (backing_off(child, now) || now < l->hold_until)
		{
			l->busy = true;
			continue;
		}
		/* one that ends before it attaches has not ended in order */
		slot->dispatchers[d].orderly = false;
		snprintf(name, sizeof(name), "io_notify dispatcher %d for database %u", d + 1, l->known[i].database);
		ion_crash_record_start();
		start(l, child, l->known[i].database, name, "io_notify dispatcher", "ion_dispatcher_main", Int32GetDatum(d));
	}
}

static void
look_after_chore(Launcher *l, int i, IonDatabaseState state)
{
	Known	   *known = &l->known[i];
	IonDatabaseSlot *slot = &ion_shared->databases[i];
	TimestampTz now = GetCurrentTimestamp();
	char		name[BGW_MAXLEN];

	if (known->chore.handle != NULL)
	{
		if (running(l, &known->chore))
		{
			l->busy = true;
			return;
		}
		if (known->chore_kind == ION_CHORE_PROBE && slot->state == ION_DB_UNKNOWN)
			failed(&known->chore, now);
		else
			known->chore.failures = 0;
	}
	if (backing_off(&known->chore, now))
		return;
	if (state == ION_DB_UNKNOWN && l->probes >= PROBES_MAX)
		l->busy = true;
	else if (state == ION_DB_UNKNOWN)
	{
		l->probes++;
		snprintf(name, sizeof(name), "io_notify probe of database %u", known->database);
		known->chore_kind = ION_CHORE_PROBE;
		start(l, &known->chore, known->database, name, "io_notify probe", "ion_chore_main", Int32GetDatum(ION_CHORE_PROBE));
	}
	else if (state == ION_DB_PRESENT &&
			 (now - slot->maintained_at > MAINTAIN_EVERY_US ||
			  now < slot->maintained_at || /* the clock was set back */
			  (slot->maintenance_wanted &&
			   now - slot->maintained_at > Max(VACUUM_EVERY_US, slot->vacuum_cost_us * VACUUM_SHARE))))
	{
		snprintf(name, sizeof(name), "io_notify maintenance of database %u", known->database);
		known->chore_kind = ION_CHORE_MAINTAIN;
		start(l, &known->chore, known->database, name, "io_notify maintenance", "ion_chore_main", Int32GetDatum(ION_CHORE_MAINTAIN));
	}
	else if (state == ION_DB_PRESENT && slot->maintenance_wanted)
		l->busy = true;
}

/* Whether a child is alive or about to be; forgets it when it has ended. */
static bool
running(Launcher *l, Child *child)
{
	pid_t		pid;
	BgwHandleStatus status = GetBackgroundWorkerPid(child->handle, &pid);

	(void) l;
	if (status == BGWH_STARTED || status == BGWH_NOT_YET_STARTED)
		return true;
	pfree(child->handle);
	child->handle = NULL;
	return false;
}

/* Whether a child has to wait; a clock that was set back makes no wait longer. */
static bool
backing_off(Child *child, TimestampTz now)
{
	child->not_before = Min(child->not_before, now + (int64) BACKOFF_MAX_MS * 1000);
	return now < child->not_before;
}

static void
failed(Child *child, TimestampTz now)
{
	int64		wait;

	if (now - child->started_at > (int64) SHORT_LIFE_MS * 1000)
		child->failures = 0;
	wait = BACKOFF_FIRST_MS * (INT64CONST(1) << Min(child->failures, 10));
	child->failures++;
	child->not_before = now + Min(wait, BACKOFF_MAX_MS) * 1000;
}

static bool
start(Launcher *l, Child *child, Oid database, const char *name, const char *type, const char *function, Datum arg)
{
	BackgroundWorker worker = {0};
	MemoryContext old;
	bool		started;

	worker.bgw_flags = ION_BGWORKER_FLAGS;
	worker.bgw_start_time = BgWorkerStart_RecoveryFinished;
	worker.bgw_restart_time = BGW_NEVER_RESTART;
	strlcpy(worker.bgw_library_name, ION_EXTENSION, sizeof(worker.bgw_library_name));
	strlcpy(worker.bgw_function_name, function, sizeof(worker.bgw_function_name));
	strlcpy(worker.bgw_name, name, BGW_MAXLEN);
	strlcpy(worker.bgw_type, type, BGW_MAXLEN);
	memcpy(worker.bgw_extra, &database, sizeof(Oid));
	worker.bgw_main_arg = arg;
	worker.bgw_notify_pid = MyProcPid;
	old = MemoryContextSwitchTo(l->cxt);
	started = RegisterDynamicBackgroundWorker(&worker, &child->handle);
	MemoryContextSwitchTo(old);
	child->started_at = GetCurrentTimestamp();
	if (started)
	{
		l->slots_exhausted = false;
		return true;
	}
	child->handle = NULL;
	failed(child, child->started_at);
	if (!l->slots_exhausted)
		say("no background worker slot is free: raise max_worker_processes");
	l->slots_exhausted = true;
	return false;
}

static void
say(const char *message)
{
	ereport(LOG, (errmsg("io_notify: %s", message)));
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	ion_shared_set_text(ion_shared->launcher_error, sizeof(ion_shared->launcher_error), message);
	ion_shared->launcher_error_at = GetCurrentTimestamp();
	LWLockRelease(ion_shared->lock);
}
