/*-------------------------------------------------------------------------
 *
 * shared.h
 *	  What the processes of one cluster tell each other.
 *
 * Nothing process-local is kept here: pids, latches (which live in shared
 * memory themselves), counters and short texts.  All fields are guarded by
 * ion_shared->lock unless marked atomic.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_SHARED_H
#define ION_BASE_SHARED_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "port/atomics.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "storage/spin.h"

#include "io_notify.h"

typedef enum IonDatabaseState
{
	ION_DB_FREE = 0,			/* slot unused */
	ION_DB_UNKNOWN,				/* needs a probe */
	ION_DB_ABSENT,				/* probed: no io_notify there */
	ION_DB_PRESENT				/* dispatchers wanted */
} IonDatabaseState;

typedef struct IonDispatcherSlot
{
	pid_t		pid;			/* 0: nobody */
	Latch	   *latch;			/* the process's latch; valid while pid is set */
	char		token[ION_TOKEN_MAX];	/* its name in queue.claimed_by */
	char		state[32];		/* for status(): running, inert, parked … */
	TimestampTz started_at;
	int			in_flight;
	uint64		settled;
	bool		orderly;		/* it ended because it was told to */
	pg_atomic_uint32 sleeping;	/* atomic: 1 while it waits for work */
	pg_atomic_uint32 network;	/* atomic: odd while messages may begin to leave */
} IonDispatcherSlot;

typedef struct IonProviderSlot
{
	Oid			server;			/* InvalidOid: unused */
	int			in_flight[ION_MAX_DISPATCHERS];
	bool		broken;			/* a dispatcher cannot use it: last_error */
	int			opens;			/* consecutive times the breaker opened; 0
								 * closed */
	TimestampTz retry_at;		/* while open: when one probe may go */
	double		success_rate;	/* moving average, 0..1; negative: unknown */
	char		last_error[ION_ERROR_MAX];
	TimestampTz last_error_at;
} IonProviderSlot;

typedef struct IonDatabaseSlot
{
	Oid			database;
	IonDatabaseState state;
	TimestampTz evicted_until;	/* dispatchers stay away until then */
	TimestampTz maintained_at;	/* last maintenance run */
	bool		maintenance_wanted; /* the queue is due for a vacuum */
	int64		vacuum_cost_us; /* what the last one took */
	uint32		departures;		/* dispatchers that have left, in whatever way */
	pg_atomic_uint32 work;		/* atomic: bumped by every commit with work */
	pg_atomic_uint32 config;	/* atomic: bumped by pause, resume, install … */
	char		last_error[ION_ERROR_MAX];
	TimestampTz last_error_at;
	IonDispatcherSlot dispatchers[ION_MAX_DISPATCHERS];
	IonProviderSlot providers[ION_MAX_PROVIDERS];
} IonDatabaseSlot;

/* Tokens a service has left; forgotten services find a full bucket. */
typedef struct IonRateBucket
{
	Oid			database;		/* InvalidOid: unused */
	char		service[NAMEDATALEN];
	double		tokens;			/* below zero: drawn in advance */
	TimestampTz counted_at;		/* when tokens was right */
} IonRateBucket;

/* A bucket may lie anywhere in the set its service's hash names. */
typedef struct IonRateSet
{
	slock_t		mutex;			/* guards the buckets, not ion_shared->lock */
	IonRateBucket buckets[ION_RATE_WAYS];
} IonRateSet;

typedef struct IonShared
{
	LWLock	   *lock;
	pid_t		launcher_pid;
	Latch	   *launcher_latch;
	TimestampTz launcher_started_at;
	char		launcher_error[ION_ERROR_MAX];
	TimestampTz launcher_error_at;
	IonDatabaseSlot databases[ION_MAX_DATABASES];
	IonRateSet	rates[ION_RATE_SETS];
} IonShared;

/* NULL when the library was not in shared_preload_libraries. */
extern IonShared *ion_shared;

/* Ask for shared memory; called from _PG_init while preloading. */
extern void ion_shared_request(void);

/*
 * The slot of a database, or NULL.  With create, a free slot is taken and
 * starts as ION_DB_UNKNOWN (NULL when all are taken).  Caller holds the lock,
 * exclusively with create.
 */
extern IonDatabaseSlot *ion_shared_database(Oid database, bool create);

/*
 * Tell this database's dispatchers that committed work awaits (one sleeping
 * dispatcher is woken) or that the configuration changed (all are, and the
 * launcher's knowledge of the database is renewed).  Safe in a commit
 * callback: takes the lock, allocates nothing.
 */
extern void ion_shared_wake_work(Oid database);
extern void ion_shared_wake_config(Oid database);
extern void ion_shared_wake_launcher(void);

/*
 * After a wake_config: wait until whatever network work the database's
 * dispatchers had begun before it is over, and with it all they began under
 * the old configuration.  False when one of them was still at it after
 * timeout_ms.  Safe in a commit callback.
 */
extern bool ion_shared_await_network(Oid database, int timeout_ms);

/* A dispatcher found more than it can take: wake another that sleeps. */
extern void ion_shared_wake_other(IonDatabaseSlot *slot);

/* Copy text into a fixed buffer, cut at a character boundary. */
extern void ion_shared_set_text(char *buffer, size_t size, const char *text);

#endif							/* ION_BASE_SHARED_H */
