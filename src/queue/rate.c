/*-------------------------------------------------------------------------
 *
 * rate.c
 *	  How fast a service may send: a token bucket per service.
 *
 * The buckets lie in shared memory, in sets of a few, each set under its own
 * spinlock, held for some arithmetic.  The service unused for longest makes
 * room for another: it finds a full bucket when it comes back, as it would
 * have anyway but for what it had drawn in advance.  Without
 * shared_preload_libraries each session has buckets of its own.
 *
 * A bucket is not a table: tokens drawn are drawn at once, for all to see,
 * and this process remembers them until the transaction ends.  A commit
 * forgets them, an abort puts them back, of the whole transaction or of the
 * subtransaction that drew them.  A crash fills all buckets.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/xact.h"
#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/shared.h"
#include "queue/rate.h"

/* What this transaction has drawn and may have to put back. */
typedef struct Drawn
{
	SubTransactionId subxact;
	char		service[NAMEDATALEN];
	double		rate;
	double		tokens;
} Drawn;

static IonRateSet *own_sets = NULL; /* where there is no shared memory */
static Drawn *drawn = NULL;
static int	n_drawn = 0;
static int	drawn_size = 0;

static IonRateSet *set_of(const char *service);
static IonRateBucket *bucket_of(IonRateSet *set, const char *service, double capacity, TimestampTz now);
static double capacity_of(double rate);
static bool take(const char *service, double rate, double n, bool in_advance, double *left);
static void remember(const char *service, double rate, double n);
static double remembered(const char *service);
static void at_transaction_end(XactEvent event, void *arg);
static void at_subtransaction_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg);
static bool join(const Drawn *d, SubTransactionId parent, int end);
static void refuse(const char *service, double rate, int64 n, double left);

static IonRateSet *
set_of(const char *service)
{
	uint32		hash = hash_bytes((const unsigned char *) service, strlen(service)) ^ murmurhash32(MyDatabaseId);

	if (ion_shared != NULL)
		return &ion_shared->rates[hash % ION_RATE_SETS];
	if (own_sets == NULL)
	{
		IonRateSet *sets = MemoryContextAllocZero(TopMemoryContext, sizeof(IonRateSet) * ION_RATE_SETS);

		for (int i = 0; i < ION_RATE_SETS; i++)
			SpinLockInit(&sets[i].mutex);
		own_sets = sets;
	}
	return &own_sets[hash % ION_RATE_SETS];
}

/*
 * The service's bucket with the tokens of this moment, a full one in place of
 * the longest unused if it has none.  Caller holds the spinlock.
 */
static IonRateBucket *
bucket_of(IonRateSet *set, const char *service, double capacity, TimestampTz now)
{
	IonRateBucket *bucket = &set->buckets[0];

	for (int i = 0; i < ION_RATE_WAYS; i++)
	{
		IonRateBucket *b = &set->buckets[i];

		if (b->database == MyDatabaseId && strcmp(b->service, service) == 0)
			return b;
		if (b->database == InvalidOid || (bucket->database != InvalidOid && b->counted_at < bucket->counted_at))
			bucket = b;
	}
	bucket->database = MyDatabaseId;
	strlcpy(bucket->service, service, sizeof(bucket->service));
	bucket->tokens = capacity;
	bucket->counted_at = now;
	return bucket;
}

static double
capacity_of(double rate)
{
	return Max(1.0, floor(rate * ION_RATE_BURST_SECONDS));
}

/*
 * Take n tokens if they are there, or in any case with in_advance; a negative
 * n puts back.  *left is what the bucket then holds.
 */
static bool
take(const char *service, double rate, double n, bool in_advance, double *left)
{
	IonRateSet *set = set_of(service);
	double		capacity = capacity_of(rate);
	TimestampTz now = GetCurrentTimestamp();
	IonRateBucket *bucket;
	bool		taken;

	SpinLockAcquire(&set->mutex);
	bucket = bucket_of(set, service, capacity, now);
	/* a clock set back must not take tokens away */
	if (now > bucket->counted_at)
		bucket->tokens += (double) (now - bucket->counted_at) / USECS_PER_SEC * rate;
	bucket->counted_at = now;
	bucket->tokens = Min(bucket->tokens, capacity);
	taken = in_advance || bucket->tokens >= n;
	if (taken)
		bucket->tokens = Min(bucket->tokens - n, capacity);
	*left = bucket->tokens;
	SpinLockRelease(&set->mutex);
	return taken;
}

static void
remember(const char *service, double rate, double n)
{
	static bool registered = false;
	SubTransactionId subxact = GetCurrentSubTransactionId();

	if (!registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		RegisterSubXactCallback(at_subtransaction_end, NULL);
		registered = true;
	}
	for (int i = n_drawn - 1; i >= 0; i--)
	{
		if (drawn[i].subxact == subxact && strcmp(drawn[i].service, service) == 0)
		{
			drawn[i].tokens += n;
			return;
		}
	}
	if (n_drawn == drawn_size)
	{
		int			size = drawn_size == 0 ? 8 : drawn_size * 2;

		drawn = drawn == NULL ? MemoryContextAlloc(TopMemoryContext, sizeof(Drawn) * size)
			: repalloc(drawn, sizeof(Drawn) * size);
		drawn_size = size;
	}
	drawn[n_drawn].subxact = subxact;
	strlcpy(drawn[n_drawn].service, service, sizeof(drawn[n_drawn].service));
	drawn[n_drawn].rate = rate;
	drawn[n_drawn].tokens = n;
	n_drawn++;
}

static double
remembered(const char *service)
{
	double		tokens = 0;

	for (int i = 0; i < n_drawn; i++)
	{
		if (strcmp(drawn[i].service, service) == 0)
			tokens += drawn[i].tokens;
	}
	return tokens;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	double		left;

	(void) arg;
	if (n_drawn == 0 || (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT && event != XACT_EVENT_PREPARE))
		return;
	for (int i = 0; i < n_drawn && event == XACT_EVENT_ABORT; i++)
		take(drawn[i].service, drawn[i].rate, -drawn[i].tokens, true, &left);
	n_drawn = 0;
}

/*
 * What a subtransaction has drawn stands at the end, after all its parents
 * have.  It joins the parent's, or a loop of a million savepoints would leave
 * a million behind.
 */
static void
at_subtransaction_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	int			first = n_drawn;
	int			kept;
	double		left;

	(void) arg;
	if (event != SUBXACT_EVENT_COMMIT_SUB && event != SUBXACT_EVENT_ABORT_SUB)
		return;
	while (first > 0 && drawn[first - 1].subxact == mine)
		first--;
	kept = first;
	for (int i = first; i < n_drawn; i++)
	{
		if (event == SUBXACT_EVENT_ABORT_SUB)
			take(drawn[i].service, drawn[i].rate, -drawn[i].tokens, true, &left);
		else if (!join(&drawn[i], parent, first))
		{
			drawn[i].subxact = parent;
			drawn[kept++] = drawn[i];
		}
	}
	n_drawn = kept;
}

/* Add d to what parent has drawn for the same service, if it has; its entries are the last before end. */
static bool
join(const Drawn *d, SubTransactionId parent, int end)
{
	for (int i = end - 1; i >= 0 && drawn[i].subxact == parent; i--)
	{
		if (strcmp(drawn[i].service, d->service) == 0)
		{
			drawn[i].tokens += d->tokens;
			return true;
		}
	}
	return false;
}

static void
refuse(const char *service, double rate, int64 n, double left)
{
	double		capacity = capacity_of(rate);
	double		asked = n + remembered(service);
	double		remaining = left + remembered(service); /* once this transaction
														 * has rolled back */
	int64		seconds = (int64) Max(1.0, ceil((Min(asked, capacity) - remaining) / rate));

	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 errmsg("service \"%s\" sends too fast", service),
			 errdetail("Limit %g messages per second and %.0f at once, remaining " INT64_FORMAT ".",
					   rate, capacity, (int64) Max(0.0, remaining)),
			 asked > capacity ?
			 errhint("Send at most %.0f messages in a transaction and try again in " INT64_FORMAT " s; a service with on_quota = 'defer' spreads them by itself.",
					 capacity, seconds) :
			 errhint("Try again in " INT64_FORMAT " s.", seconds),
			 errhidestmt(true)));
}

bool
ion_rate_draw(const char *service, double rate_per_second, int64 n, bool defer, TimestampTz *due_at)
{
	double		left;

	/* allocate before, not after tokens are taken */
	remember(service, rate_per_second, 0);
	if (!take(service, rate_per_second, (double) n, defer, &left))
		refuse(service, rate_per_second, n, left);
	remember(service, rate_per_second, (double) n);
	if (left >= 0)
		return true;
	*due_at = GetCurrentTimestamp() + (TimestampTz) (-left / rate_per_second * USECS_PER_SEC);
	return false;
}

void
ion_rate_count(const char *service, double rate_per_second, int64 n)
{
	double		left;

	double		beyond;

	remember(service, rate_per_second, 0);
	take(service, rate_per_second, (double) n, true, &left);
	/* a night of emergencies must not silence the service for a day */
	beyond = Min((double) n, Max(0.0, -capacity_of(rate_per_second) - left));
	if (beyond > 0)
		take(service, rate_per_second, -beyond, true, &left);
	remember(service, rate_per_second, n - beyond);
}
