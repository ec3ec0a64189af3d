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
 * because it may be what kills it.
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

static Datum live_tokens(IonDispatcher *d);
static void judge(IonOrphan *orphan, IonFlightRecord *record, bool has_record, TimestampTz now);
static int	recover_some(IonDispatcher *d);

/* The tokens of this database's running dispatchers. */
static Datum
live_tokens(IonDispatcher *d)
{
	Datum		items[ION_MAX_DISPATCHERS];
	int			n = 0;

	LWLockAcquire(ion_shared->lock, LW_SHARED);
	for (int i = 0; i < ION_MAX_DISPATCHERS; i++)
	{
		char		token[ION_TOKEN_MAX];

		if (d->slot->dispatchers[i].pid == 0)
			continue;
		strlcpy(token, d->slot->dispatchers[i].token, sizeof(token));
		items[n++] = CStringGetTextDatum(token);
	}
	LWLockRelease(ion_shared->lock);
	return PointerGetDatum(construct_array(items, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
judge(IonOrphan *orphan, IonFlightRecord *record, bool has_record, TimestampTz now)
{
	IonJob	   *job = orphan->job;
	const IonFlightSlot *slot = has_record ? ion_flight_find(record, &job->message_id, job->seq, job->attempt) : NULL;

	job->retry_at = now;
	if (has_record && (slot == NULL || slot->phase == ION_FLIGHT_CLAIMED))
	{
		job->verdict = ION_VERDICT_RELEASED;
		return;
	}
	job->verdict = ION_VERDICT_OUTCOME;
	job->finished_at = now;
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

/* One transaction's worth; returns how many orphans it found. */
static int
recover_some(IonDispatcher *d)
{
	IonOrphan  *orphans;
	int			n;
	TimestampTz now = GetCurrentTimestamp();
	int			from = 0;

	ion_tx_begin(d->owner, "io_notify: recovering orphaned deliveries");
	n = ion_orphans_find(live_tokens(d), now, ORPHANS_PER_TX, &orphans);
	while (from < n)
	{
		const char *token = orphans[from].token;
		IonFlightRecord *record = ion_flight_open(MyDatabaseId, token);
		IonJob	  **jobs = palloc(sizeof(IonJob *) * n);
		int			m = 0;

		while (from < n && strcmp(orphans[from].token, token) == 0)
		{
			judge(&orphans[from], record, record != NULL, now);
			jobs[m++] = orphans[from++].job;
		}
		ion_settle(jobs, m, token, now);
		if (record != NULL)
			ion_flight_close(record);
		ereport(LOG,
				(errmsg("io_notify took over %d deliveries of dispatcher %s", m, token),
				 errdetail(record != NULL ? "Its flight record says which of them had begun."
						   : "It left no flight record: each of them counts as unknown.")));
	}
	ion_tx_commit();
	return n;
}

void
ion_recover_safely(IonDispatcher *d)
{
	char		error[ION_ERROR_MAX];

	PG_TRY();
	{
		while (recover_some(d) >= ORPHANS_PER_TX)
			;
		/* every claim of the dead is settled: their records are of no use now */
		ion_flight_clean(MyDatabaseId, d->slot);
		d->recovered = true;
	}
	PG_CATCH();
	{
		(void) ion_tx_failed(error, sizeof(error));
		ion_store_failed(d, error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(d->cxt);
	d->dirty = true;
}
