/*-------------------------------------------------------------------------
 *
 * settle.c
 *	  Recording what became of claimed deliveries.
 *
 * One statement takes the row out of the queue (or puts it back with a later
 * time), inserts the attempt and moves the delivery, so state and evidence
 * cannot part.  Each job is fenced by its claim: the queue row must still
 * carry our token and this attempt's number.  When it does not (a rescuer
 * thought us dead), the outcome is kept as an audit event and changes nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

#include "queue/plan.h"
#include "queue/settle.h"
#include "queue/suppression.h"

/* The rows to settle, one array per column. */
#define ROWS \
	"WITH r AS (SELECT * FROM unnest($1::uuid[], $2::int2[], $3::int4[], $4::text[], $5::int4[], $6::text[], $7::text[], " \
	"  $8::timestamptz[], $9::timestamptz[], $10::text[], $11::text[], $12::text[], $13::timestamptz[], $14::int4[], $15::int4[]) " \
	"  AS r (message_id, seq, n, outcome, code, detail, provider, started_at, finished_at, state, reason, ref, due_at, failures, orphaned)), "

#define FENCE \
	"q.message_id = r.message_id AND q.seq = r.seq AND q.attempt = r.n AND q.claimed_by = $16 "

/* The fence makes n unique: no conflict to look for, which halves the cost. */
#define RECORD \
	"tried AS (INSERT INTO io_notify.attempt (message_id, seq, n, started_at, finished_at, provider, outcome, code, detail, dispatcher) " \
	"  SELECT message_id, seq, n, started_at, finished_at, provider, outcome, code, detail, $16 FROM held " \
	"  WHERE outcome IS NOT NULL) "

#define ROW_TYPES \
	UUIDARRAYOID, INT2ARRAYOID, INT4ARRAYOID, TEXTARRAYOID, INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, \
	TIMESTAMPTZARRAYOID, TIMESTAMPTZARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, \
	INT4ARRAYOID, INT4ARRAYOID, TEXTOID, TIMESTAMPTZOID

enum
{
	ARG_ID, ARG_SEQ, ARG_N, ARG_OUTCOME, ARG_CODE, ARG_DETAIL, ARG_PROVIDER, ARG_STARTED, ARG_FINISHED,
	ARG_STATE, ARG_REASON, ARG_REF, ARG_DUE, ARG_FAILURES, ARG_ORPHANED, ARG_ARRAYS, ARG_TOKEN = ARG_ARRAYS, ARG_NOW, ARGS
};

static const Oid array_types[ARG_ARRAYS] = {
	UUIDOID, INT2OID, INT4OID, TEXTOID, INT4OID, TEXTOID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID,
	TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID, INT4OID, INT4OID
};

static IonPlan settle_final = {
	ROWS
	"held AS (DELETE FROM io_notify.queue q USING r WHERE " FENCE " RETURNING r.*), "
	RECORD ", "
	"moved AS (UPDATE io_notify.delivery d SET state = h.state, attempts = h.failures, "
	"    reason = coalesce(h.reason, CASE WHEN d.reason = 'suppression_overridden' THEN d.reason END), "
	"    provider = coalesce(h.provider, d.provider), next_attempt_at = NULL, "
	"    sent_at = CASE WHEN h.state = 'sent' THEN h.finished_at ELSE d.sent_at END, "
	"    settled_at = $17, provider_ref = coalesce(h.ref, d.provider_ref) "
	"  FROM held h WHERE d.message_id = h.message_id AND d.seq = h.seq) "
	"SELECT count(*) FROM held",
	ARGS, {ROW_TYPES}, NULL
};

static IonPlan settle_again = {
	ROWS
	"held AS (UPDATE io_notify.queue q SET claimed_by = NULL, claimed_at = NULL, due_at = coalesce(r.due_at, q.due_at), "
	"    failures = r.failures, orphaned = r.orphaned, attempt = CASE WHEN r.outcome IS NULL THEN q.attempt - 1 ELSE q.attempt END "
	"  FROM r WHERE " FENCE " RETURNING r.*), "
	RECORD ", "
	"moved AS (UPDATE io_notify.delivery d SET attempts = CASE WHEN h.outcome IS NULL THEN d.attempts ELSE h.failures END, "
	"    provider = coalesce(h.provider, d.provider), next_attempt_at = h.due_at "
	"  FROM held h WHERE h.due_at IS NOT NULL AND d.message_id = h.message_id AND d.seq = h.seq) "
	"SELECT count(*) FROM held",
	ARGS, {ROW_TYPES}, NULL
};

static IonPlan record_late = {
	ROWS
	"late AS (SELECT r.* FROM r WHERE r.outcome IS NOT NULL AND NOT EXISTS ("
	"    SELECT FROM io_notify.attempt a WHERE a.message_id = r.message_id AND a.seq = r.seq AND a.n = r.n AND a.dispatcher = $16)) "
	"INSERT INTO io_notify.audit_event (kind, subject, detail) "
	"SELECT 'late_outcome', l.message_id || '.' || l.seq, pg_catalog.jsonb_build_object('n', l.n, 'outcome', l.outcome, "
	"  'code', l.code, 'provider', l.provider, 'dispatcher', $16, 'finished_at', l.finished_at, 'recorded_at', $17) FROM late l",
	ARGS, {ROW_TYPES}, NULL
};

typedef struct Batch
{
	Datum	   *items[ARG_ARRAYS];
	bool	   *nulls[ARG_ARRAYS];
	int			n;
} Batch;

static void batch_init(Batch *batch, int n);
static void batch_add(Batch *batch, IonJob *job, TimestampTz now, const char *state, const char *reason);
static bool job_state(IonJob *job, const char **state, const char **reason);
static void run_batch(Batch *batch, IonPlan *plan, const char *token, TimestampTz now);
static void set(Batch *batch, int column, Datum value);
static void set_text(Batch *batch, int column, const char *text);

void
ion_settle_plan_retry(IonJob *job, const IonRetrySchedule *schedule, TimestampTz now, double random01)
{
	int64		delay;

	job->counts = job->outcome.kind != ION_OUTCOME_PROVIDER_FAULT;
	delay = ion_retry_delay_ms(schedule, job->failures + 1, job->outcome.retry_after_s, random01);
	if (delay < 0)
		job->last_try = true;
	else
		job->retry_at = now + delay * 1000;
}

/*
 * The delivery's next state.  True when it is final.  Pure, so that every row
 * of the table in doc/architecture.md can be found here.
 */
static bool
job_state(IonJob *job, const char **state, const char **reason)
{
	*state = *reason = NULL;
	if (job->verdict == ION_VERDICT_RELEASED)
		return false;
	if (job->verdict == ION_VERDICT_EXPIRED)
	{
		*state = "expired";
		*reason = "time_to_live";
		return true;
	}
	if (job->verdict == ION_VERDICT_SUPPRESSED)
	{
		*state = "suppressed";
		*reason = "suppressed_address";
		return true;
	}
	switch (job->outcome.kind)
	{
		case ION_OUTCOME_ACCEPTED:
			*state = "sent";
			return true;
		case ION_OUTCOME_PERMANENT:
			*state = "failed";
			*reason = "rejected";
			return true;
		case ION_OUTCOME_UNKNOWN:
			if (job->hold_unknown)
			{
				*state = "uncertain";
				*reason = "unknown_outcome";
				return true;
			}
			break;
		case ION_OUTCOME_TRANSIENT:
		case ION_OUTCOME_PROVIDER_FAULT:
			break;
	}
	if (job->counts && job->last_try)
	{
		*state = job->outcome.kind == ION_OUTCOME_UNKNOWN ? "uncertain" : "failed";
		*reason = "retries_exhausted";
		return true;
	}
	if (job->retry_at >= job->expires_at)
	{
		*state = job->outcome.kind == ION_OUTCOME_UNKNOWN ? "uncertain" : "expired";
		*reason = "time_to_live";
		return true;
	}
	return false;
}

static void
batch_init(Batch *batch, int n)
{
	batch->n = 0;
	for (int c = 0; c < ARG_ARRAYS; c++)
	{
		batch->items[c] = palloc(sizeof(Datum) * n);
		batch->nulls[c] = palloc0(sizeof(bool) * n);
	}
}

static void
set(Batch *batch, int column, Datum value)
{
	batch->items[column][batch->n] = value;
	batch->nulls[column][batch->n] = false;
}

static void
set_text(Batch *batch, int column, const char *text)
{
	batch->nulls[column][batch->n] = text == NULL || text[0] == '\0';
	if (!batch->nulls[column][batch->n])
		batch->items[column][batch->n] = CStringGetTextDatum(text);
}

static void
batch_add(Batch *batch, IonJob *job, TimestampTz now, const char *state, const char *reason)
{
	bool		tried = job->verdict == ION_VERDICT_OUTCOME;
	bool		counts = tried && (job->counts || job->outcome.kind == ION_OUTCOME_ACCEPTED ||
								   job->outcome.kind == ION_OUTCOME_PERMANENT ||
								   job->outcome.kind == ION_OUTCOME_UNKNOWN);

	set(batch, ARG_ID, UUIDPGetDatum(&job->message_id));
	set(batch, ARG_SEQ, Int16GetDatum(job->seq));
	set(batch, ARG_N, Int32GetDatum(job->attempt));
	set_text(batch, ARG_OUTCOME, tried ? ion_outcome_name(job->outcome.kind) : NULL);
	set(batch, ARG_CODE, Int32GetDatum(job->outcome.code));
	batch->nulls[ARG_CODE][batch->n] = !tried || job->outcome.code == 0;
	set_text(batch, ARG_DETAIL, tried ? job->outcome.detail : NULL);
	set_text(batch, ARG_PROVIDER, tried ? job->provider_name : NULL);
	set(batch, ARG_STARTED, TimestampTzGetDatum(job->started_at));
	set(batch, ARG_FINISHED, TimestampTzGetDatum(job->finished_at ? job->finished_at : now));
	set_text(batch, ARG_STATE, state);
	set_text(batch, ARG_REASON, reason);
	set_text(batch, ARG_REF, tried ? job->outcome.ref : NULL);
	set(batch, ARG_DUE, TimestampTzGetDatum(job->retry_at ? job->retry_at : now));
	batch->nulls[ARG_DUE][batch->n] = !tried && job->retry_at == 0;
	set(batch, ARG_FAILURES, Int32GetDatum(job->failures + (counts ? 1 : 0)));
	set(batch, ARG_ORPHANED, Int32GetDatum(job->orphaned));
	batch->n++;
}

static void
run_batch(Batch *batch, IonPlan *plan, const char *token, TimestampTz now)
{
	Datum		values[ARGS];
	bool		isnull;
	int64		held;

	for (int c = 0; c < ARG_ARRAYS; c++)
	{
		int			dims[1] = {batch->n};
		int			lbs[1] = {1};
		int16		length;
		bool		byval;
		char		align;

		get_typlenbyvalalign(array_types[c], &length, &byval, &align);
		values[c] = PointerGetDatum(construct_md_array(batch->items[c], batch->nulls[c], 1, dims, lbs,
													   array_types[c], length, byval, align));
	}
	values[ARG_TOKEN] = CStringGetTextDatum(token);
	values[ARG_NOW] = TimestampTzGetDatum(now);
	ion_plan_run(plan, values, NULL, false);
	held = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
	if (held < batch->n)
		ion_plan_run(&record_late, values, NULL, false);
}

void
ion_settle(IonJob **jobs, int n, const char *token, TimestampTz now)
{
	Batch		batches[2];		/* final, again */

	batch_init(&batches[0], n);
	batch_init(&batches[1], n);
	for (int i = 0; i < n; i++)
	{
		const char *state;
		const char *reason;
		bool		final = job_state(jobs[i], &state, &reason);

		if (jobs[i]->quarantined)
			reason = "quarantined";
		batch_add(&batches[final ? 0 : 1], jobs[i], now, state, reason);
	}
	if (batches[0].n > 0)
		run_batch(&batches[0], &settle_final, token, now);
	if (batches[1].n > 0)
		run_batch(&batches[1], &settle_again, token, now);
	ion_suppression_settle(jobs, n, now);
}
