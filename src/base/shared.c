/*-------------------------------------------------------------------------
 *
 * shared.c
 *	  The shared control block: databases, dispatchers, provider health.
 *
 * A sender's commit must be cheap and must never fail: waking takes the lock
 * in shared mode, bumps a counter and sets at most one latch.  No wake-up is
 * lost: a dispatcher marks itself sleeping, then compares the counter with
 * the value it read before its last scan; the sender bumps the counter, then
 * looks for a sleeper.  Whichever comes second sees the other.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/ipc.h"
#include "storage/shmem.h"

#include "base/shared.h"

#define ION_TRANCHE "io_notify"

IonShared  *ion_shared = NULL;

static shmem_request_hook_type previous_request_hook = NULL;
static shmem_startup_hook_type previous_startup_hook = NULL;

static void shared_request_hook(void);
static void shared_startup_hook(void);

void
ion_shared_request(void)
{
	previous_request_hook = shmem_request_hook;
	shmem_request_hook = shared_request_hook;
	previous_startup_hook = shmem_startup_hook;
	shmem_startup_hook = shared_startup_hook;
}

static void
shared_request_hook(void)
{
	if (previous_request_hook)
		previous_request_hook();
	RequestAddinShmemSpace(MAXALIGN(sizeof(IonShared)));
	RequestNamedLWLockTranche(ION_TRANCHE, 1);
}

static void
shared_startup_hook(void)
{
	bool		found;

	if (previous_startup_hook)
		previous_startup_hook();

	LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
	ion_shared = ShmemInitStruct("io_notify", sizeof(IonShared), &found);
	if (!found)
	{
		memset(ion_shared, 0, sizeof(IonShared));
		ion_shared->lock = &(GetNamedLWLockTranche(ION_TRANCHE))->lock;
		for (int i = 0; i < ION_MAX_DATABASES; i++)
		{
			IonDatabaseSlot *slot = &ion_shared->databases[i];

			pg_atomic_init_u32(&slot->work, 0);
			pg_atomic_init_u32(&slot->config, 0);
			for (int d = 0; d < ION_MAX_DISPATCHERS; d++)
			{
				pg_atomic_init_u32(&slot->dispatchers[d].sleeping, 0);
				pg_atomic_init_u32(&slot->dispatchers[d].network, 0);
			}
		}
		for (int i = 0; i < ION_RATE_SETS; i++)
			SpinLockInit(&ion_shared->rates[i].mutex);
	}
	LWLockRelease(AddinShmemInitLock);
}

IonDatabaseSlot *
ion_shared_database(Oid database, bool create)
{
	IonDatabaseSlot *unused = NULL;

	Assert(LWLockHeldByMe(ion_shared->lock));
	for (int i = 0; i < ION_MAX_DATABASES; i++)
	{
		IonDatabaseSlot *slot = &ion_shared->databases[i];

		if (slot->state == ION_DB_FREE)
		{
			if (unused == NULL)
				unused = slot;
		}
		else if (slot->database == database)
			return slot;
	}
	if (!create || unused == NULL)
		return NULL;

	unused->database = database;
	unused->state = ION_DB_UNKNOWN;
	unused->evicted_until = 0;
	unused->maintained_at = 0;
	unused->maintenance_wanted = false;
	unused->last_error[0] = '\0';
	unused->last_error_at = 0;
	memset(unused->providers, 0, sizeof(unused->providers));
	return unused;
}

/*
 * The slot of a database found without creating one; the index of the last
 * hit is kept because a backend asks about one database all its life.
 */
static IonDatabaseSlot *
find_cached(Oid database)
{
	static int	last = 0;

	if (ion_shared->databases[last].database != database ||
		ion_shared->databases[last].state == ION_DB_FREE)
	{
		IonDatabaseSlot *slot = ion_shared_database(database, false);

		if (slot == NULL)
			return NULL;
		last = slot - ion_shared->databases;
	}
	return &ion_shared->databases[last];
}

/* Wake one dispatcher of those that sleep.  Caller holds the lock. */
static void
wake_one(IonDatabaseSlot *slot)
{
	for (int i = 0; i < ION_MAX_DISPATCHERS; i++)
	{
		IonDispatcherSlot *d = &slot->dispatchers[i];

		if (d->pid != 0 &&
			pg_atomic_read_u32(&d->sleeping) == 1 &&
			pg_atomic_exchange_u32(&d->sleeping, 0) == 1)
		{
			SetLatch(d->latch);
			break;
		}
	}
}

void
ion_shared_wake_work(Oid database)
{
	IonDatabaseSlot *slot;
	bool		absent = false;

	if (ion_shared == NULL)
		return;
	LWLockAcquire(ion_shared->lock, LW_SHARED);
	slot = find_cached(database);
	if (slot != NULL)
	{
		/* a full barrier, which the argument at the top rests on */
		pg_atomic_fetch_add_u32(&slot->work, 1);
		wake_one(slot);
		absent = slot->state == ION_DB_ABSENT;
	}
	LWLockRelease(ion_shared->lock);
	if (slot == NULL || absent)
	{
		/* it has become ours unannounced: created or restored since the probe */
		ion_shared_wake_config(database);
		ion_shared_wake_launcher();
	}
}

void
ion_shared_wake_other(IonDatabaseSlot *slot)
{
	LWLockAcquire(ion_shared->lock, LW_SHARED);
	wake_one(slot);
	LWLockRelease(ion_shared->lock);
}

void
ion_shared_wake_config(Oid database)
{
	IonDatabaseSlot *slot;

	if (ion_shared == NULL)
		return;
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	slot = find_cached(database);
	if (slot != NULL)
	{
		if (slot->state == ION_DB_ABSENT)
			slot->state = ION_DB_UNKNOWN;
		pg_atomic_fetch_add_u32(&slot->config, 1);
		pg_atomic_fetch_add_u32(&slot->work, 1);
		for (int i = 0; i < ION_MAX_DISPATCHERS; i++)
		{
			if (slot->dispatchers[i].pid != 0)
				SetLatch(slot->dispatchers[i].latch);
		}
	}
	LWLockRelease(ion_shared->lock);
}

/*
 * A dispatcher makes its counter odd, a full barrier, before it looks at the
 * configuration counter and lets a message begin; we have bumped the
 * configuration counter, a full barrier, before we look at its.  Even, it will
 * see our bump; odd, it may not have, and has let go once the counter moves.
 */
bool
ion_shared_await_network(Oid database, int timeout_ms)
{
	IonDatabaseSlot *slot;
	uint32		before[ION_MAX_DISPATCHERS];
	instr_time	start;
	instr_time	now;

	if (ion_shared == NULL)
		return true;
	LWLockAcquire(ion_shared->lock, LW_SHARED);
	slot = find_cached(database);
	LWLockRelease(ion_shared->lock);
	if (slot == NULL)
		return true;
	pg_memory_barrier();
	for (int i = 0; i < ION_MAX_DISPATCHERS; i++)
		before[i] = pg_atomic_read_u32(&slot->dispatchers[i].network);
	INSTR_TIME_SET_CURRENT(start);
	for (int i = 0; i < ION_MAX_DISPATCHERS;)
	{
		if (before[i] % 2 == 0 || pg_atomic_read_u32(&slot->dispatchers[i].network) != before[i])
		{
			i++;
			continue;
		}
		INSTR_TIME_SET_CURRENT(now);
		INSTR_TIME_SUBTRACT(now, start);
		if (INSTR_TIME_GET_MILLISEC(now) >= timeout_ms)
			return false;
		pg_usleep(100);
	}
	return true;
}

void
ion_shared_wake_launcher(void)
{
	if (ion_shared == NULL)
		return;
	LWLockAcquire(ion_shared->lock, LW_SHARED);
	if (ion_shared->launcher_pid != 0)
		SetLatch(ion_shared->launcher_latch);
	LWLockRelease(ion_shared->lock);
}

void
ion_shared_set_text(char *buffer, size_t size, const char *text)
{
	int			length = strlen(text);

	if ((size_t) length >= size)
		length = pg_mbcliplen(text, length, size - 1);
	memcpy(buffer, text, length);
	buffer[length] = '\0';
}
