/*-------------------------------------------------------------------------
 *
 * recover.c
 *	  Cleaning up after dispatchers that died.
 *
 * Each orphaned claim is judged by the flight record its dispatcher left:
 * not begun, it goes back into the queue as if nothing had happened; ended,
 * it is settled with the outcome that was in; begun without an end, or with
 * no record to ask, its outcome is unknown and the provider's policy decides:
 * try again (the identity on the wire stays the same) or hold it as
 * uncertain.  A job found begun under a dead worker twice is quarantined,
 * because it may be what kills it.  Who is alive is read before and after the
 * scan, because a dispatcher may start while we look.
 *
 * Orphans are settled by the same statements as live jobs, fenced by the dead
 * dispatcher's token.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "queue/orphan.h"
#include "queue/settle.h"
#include "queue/tx.h"
#include "worker/dispatcher.h"

#define ORPHANS_PER_TX 2000
#define QUARANTINE_AFTER 2		/* dead workers under one job */

#define RECOVER_MS 60000		/* at the latest: a lease may have run out */
#define RECOVER_AGAIN_MS 1000	/* after a failure */
#define RECOVER_SHARE 100		/* it reads the queue: one part in this of the time */

typedef struct Tokens
{
	int			n;
	char		token[ION_MAX_DISPATCHERS][ION_TOKEN_MAX];
} Tokens;

static void read_tokens(IonDispatcher *d, Tokens *tokens);
static bool is_among(const Tokens *tokens, const char *token);
static Datum tokens_array(Tokens *tokens);
static void judge(IonOrphan *orphan, IonFlightRecord *record, bool has_record, TimestampTz now);
static TimestampTz lease_start(IonDispatcher *d, TimestampTz now);
static void take_over(IonOrphan *orphans, int n, TimestampTz now);
static int	recover_some(IonDispatcher *d, List **claimed);

/* The tokens of this database's running dispatchers. */
static void
read_tokens(IonDispatcher *d, Tokens *tokens)
{
	tokens->n = 0;
	LWLockAcquire(ion_shared->lock, LW_SHARED);
	for (int i = 0; i < ION_MAX_DISPATCHERS; i++)
	{
		if (d->slot->dispatchers[i].pid != 0)
			strlcpy(tokens->token[tokens->n++], d->slot->dispatchers[i].token, ION_TOKEN_MAX);
	}
	LWLockRelease(ion_shared->lock);
}

static bool
is_among(const Tokens *tokens, const char *token)
{
	for (int i = 0; i < tokens->n; i++)
	{
		if (strcmp(tokens->token[i], token) == 0)
			return true;
	}
	return false;
}

static Datum
tokens_array(Tokens *tokens)
{
	Datum		items[ION_MAX_DISPATCHERS];

	for (int i = 0; i < tokens->n; i++)
		items[i] = CStringGetTextDatum(tokens->token[i]);
	return PointerGetDatum(construct_array(items, tokens->n, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
judge(IonOrphan *orphan, IonFlightRecord *record, bool has_record, TimestampTz now)
{
	IonJob	   *job = orphan->job;
	const IonFlightSlot *slot = has_record ? ion_flight_find(record, &job->message_id, job->seq, job->attempt) : NULL;

	if (has_record && (slot != NULL ? slot->phase == ION_FLIGHT_CLAIMED : ion_flight_complete(record)))
	{
		job->verdict = ION_VERDICT_RELEASED;
		return;
	}
	job->verdict = ION_VERDICT_OUTCOME;
	job->finished_at = job->retry_at = now;
	job->counts = true;
	job->hold_unknown = strcmp(job->channel, "sms") == 0 || strcmp(job->channel, "pec") == 0;
	if (slot != NULL)
	{
		job->hold_unknown = slot->hold_unknown;
		strlcpy(job->provider_name, slot->provider, NAMEDATALEN);
	}
	if (slot != NULL && slot->phase == ION_FLIGHT_ENDED &&
		slot->kind >= ION_OUTCOME_ACCEPTED && slot->kind <= ION_OUTCOME_UNKNOWN)
	{
		ion_outcome_init(&job->outcome, slot->kind, slot->code);
		ion_outcome_add_detail(&job->outcome, slot->detail, strnlen(slot->detail, ION_DETAIL_MAX - 1));
		ion_outcome_set_ref(&job->outcome, slot->ref, strnlen(slot->ref, ION_REF_MAX - 1));
		ion_settle_plan_retry(job, ion_retry_default(job->channel), now, ion_random01());
		if (job->outcome.kind == ION_OUTCOME_PROVIDER_FAULT)
			job->retry_at = now;
		return;
	}
	ion_outcome_init(&job->outcome, ION_OUTCOME_UNKNOWN, 0);
	ion_outcome_add_detail(&job->outcome, "the dispatcher died before an answer came", -1);
	job->orphaned++;
	if (job->orphaned >= QUARANTINE_AFTER)
		job->quarantined = job->hold_unknown = true;
}

/* Claims older than this have outlived their lease; see clock.c. */
static TimestampTz
lease_start(IonDispatcher *d, TimestampTz now)
{
	return ion_monotonic_ms() < d->leases_from_ms ? DT_NOBEGIN :
		now - (int64) ION_LEASE_SECONDS * USECS_PER_SEC;
}

/* Settle n orphans of one dispatcher. */
static void
take_over(IonOrphan *orphans, int n, TimestampTz now)
{
	const char *token = orphans[0].token;
	IonFlightRecord *record = ion_flight_open(MyDatabaseId, token);
	bool		has_record = record != NULL;
	IonJob	  **jobs = palloc(sizeof(IonJob *) * n);

	for (int i = 0; i < n; i++)
	{
		judge(&orphans[i], record, has_record, now);
		jobs[i] = orphans[i].job;
	}
	if (has_record)
		ion_flight_close(record);
	ion_settle(jobs, n, token, now);
	ereport(LOG,
			(errmsg("io_notify took over %d deliveries of dispatcher %s", n, token),
			 errdetail(has_record ? "Its flight record says which of them had begun."
					   : "It left no flight record: each of them counts as unknown.")));
}

/*
 * One transaction's worth; returns how many orphans it found, and with fewer
 * than a full batch the tokens that claims still bear (in d->cxt).
 */
static int
recover_some(IonDispatcher *d, List **claimed)
{
	IonOrphan  *orphans;
	Tokens		before;
	Tokens		after;
	int			n;
	int			last;
	TimestampTz now = GetCurrentTimestamp();

	ion_tx_begin(true, "io_notify: recovering orphaned deliveries");
	read_tokens(d, &before);
	n = ion_orphans_find(tokens_array(&before), lease_start(d, now), ORPHANS_PER_TX, &orphans);
	read_tokens(d, &after);
	for (int first = 0; first < n; first = last)
	{
		const char *token = orphans[first].token;

		for (last = first + 1; last < n && strcmp(orphans[last].token, token) == 0;)
			last++;
		/* a dispatcher that came between the two readings is no dead one */
		if (is_among(&before, token) || !is_among(&after, token))
			take_over(orphans + first, last - first, now);
	}
	if (n < ORPHANS_PER_TX)
	{
		List	   *tokens = ion_claim_tokens();
		MemoryContext old = MemoryContextSwitchTo(d->cxt);
		ListCell   *lc;

		foreach(lc, tokens)
			*claimed = lappend(*claimed, pstrdup(lfirst(lc)));
		for (int i = 0; i < before.n; i++)
			*claimed = lappend(*claimed, pstrdup(before.token[i]));
		MemoryContextSwitchTo(old);
	}
	ion_tx_commit();
	return n;
}

/*
 * Whether it is time: at our start, when a dispatcher has left, and now and
 * then for leases and for what somebody had locked the last time.
 */
bool
ion_recover_due(IonDispatcher *d)
{
	return d->active && !d->draining &&
		(ion_monotonic_ms() >= d->recover_at_ms || d->slot->departures != d->departures_seen);
}

void
ion_recover_safely(IonDispatcher *d)
{
	char		error[ION_ERROR_MAX];
	uint32		departures = d->slot->departures;
	int64		from_ms = ion_monotonic_ms();
	List	   *volatile claimed = NIL;
	bool		volatile good = false;

	PG_TRY();
	{
		List	   *tokens = NIL;

		while (recover_some(d, &tokens) >= ORPHANS_PER_TX)
			;
		claimed = tokens;
		/* every claim of the others is settled: their records are of no use now */
		ion_flight_clean(MyDatabaseId, d->slot, tokens);
		good = true;
	}
	PG_CATCH();
	{
		(void) ion_tx_failed(error, sizeof(error));
		if (!d->recovered)
			ion_store_failed(d, error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(d->cxt);
	list_free_deep(claimed);
	d->departures_seen = departures;
	d->recover_at_ms = ion_monotonic_ms();
	if (good)
	{
		d->recover_at_ms += Max(RECOVER_MS, (d->recover_at_ms - from_ms) * RECOVER_SHARE);
		d->recovered = true;
	}
	else
		d->recover_at_ms += RECOVER_AGAIN_MS;
	d->dirty = true;
}
