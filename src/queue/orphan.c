/*-------------------------------------------------------------------------
 *
 * orphan.c
 *	  Claims whose dispatcher is gone, and rows whose time has passed.
 *
 * Orphans are found by liveness: a token that no running dispatcher bears.
 * PostgreSQL refuses to start while an old worker lives, so after a restart
 * every claim is an orphan at once.  The lease is the last resort, against a
 * dispatcher that is alive and stuck.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "io_notify.h"
#include "queue/orphan.h"
#include "queue/plan.h"

static IonPlan find_orphans = {
	"SELECT q.message_id, q.seq, q.attempt, q.failures, q.orphaned, q.channel, q.destination, q.claimed_by, q.claimed_at, q.expires_at "
	"FROM io_notify.queue q WHERE q.claimed_by IS NOT NULL AND (q.claimed_by <> ALL ($1) OR q.claimed_at < $2) "
	"ORDER BY q.claimed_by LIMIT $3 FOR UPDATE SKIP LOCKED",
	3, {TEXTARRAYOID, TIMESTAMPTZOID, INT4OID}, NULL
};

static IonPlan claim_tokens = {
	"SELECT DISTINCT claimed_by FROM io_notify.queue WHERE claimed_by IS NOT NULL",
	0, {0}, NULL
};

static IonPlan sweep = {
	"WITH old AS (SELECT q.ctid AS row FROM io_notify.queue q WHERE q.kind = 'send' AND q.expires_at <= $1 "
	"             AND q.claimed_by IS NULL LIMIT $2 FOR UPDATE SKIP LOCKED), "
	"gone AS (DELETE FROM io_notify.queue q USING old WHERE q.ctid = old.row RETURNING q.message_id, q.seq) "
	"UPDATE io_notify.delivery d SET state = 'expired', reason = 'time_to_live', next_attempt_at = NULL, settled_at = $1 "
	"FROM gone g WHERE d.message_id = g.message_id AND d.seq = g.seq",
	2, {TIMESTAMPTZOID, INT4OID}, NULL
};

static IonPlan move_due = {
	"UPDATE io_notify.queue SET due_at = due_at - pg_catalog.make_interval(secs => $2) "
	"WHERE kind = 'send' AND claimed_by IS NULL AND due_at > $1",
	2, {TIMESTAMPTZOID, FLOAT8OID}, NULL
};

int
ion_orphans_find(Datum live, TimestampTz claimed_before, int limit, IonOrphan **orphans)
{
	Datum		values[3];
	int			n;

	values[0] = live;
	values[1] = TimestampTzGetDatum(claimed_before);
	values[2] = Int32GetDatum(limit);
	n = (int) ion_plan_run(&find_orphans, values, NULL, false);
	*orphans = palloc0(sizeof(IonOrphan) * (n + 1));
	for (int i = 0; i < n; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		TupleDesc	desc = SPI_tuptable->tupdesc;
		IonJob	   *job = palloc0(sizeof(IonJob));
		bool		isnull;

		job->message_id = *DatumGetUUIDP(SPI_getbinval(row, desc, 1, &isnull));
		job->seq = DatumGetInt16(SPI_getbinval(row, desc, 2, &isnull));
		job->attempt = DatumGetInt32(SPI_getbinval(row, desc, 3, &isnull));
		job->failures = DatumGetInt32(SPI_getbinval(row, desc, 4, &isnull));
		job->orphaned = DatumGetInt32(SPI_getbinval(row, desc, 5, &isnull));
		job->channel = SPI_getvalue(row, desc, 6);
		job->destination = SPI_getvalue(row, desc, 7);
		job->started_at = DatumGetTimestampTz(SPI_getbinval(row, desc, 9, &isnull));
		job->expires_at = DatumGetTimestampTz(SPI_getbinval(row, desc, 10, &isnull));
		job->flight_slot = -1;
		(*orphans)[i].job = job;
		(*orphans)[i].token = SPI_getvalue(row, desc, 8);
	}
	return n;
}

List *
ion_claim_tokens(void)
{
	uint64		n = ion_plan_run(&claim_tokens, NULL, NULL, false);
	List	   *tokens = NIL;

	for (uint64 i = 0; i < n; i++)
		tokens = lappend(tokens, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1));
	return tokens;
}

int
ion_sweep_expired(TimestampTz now, int limit)
{
	Datum		values[2];

	values[0] = TimestampTzGetDatum(now);
	values[1] = Int32GetDatum(limit);
	return (int) ion_plan_run(&sweep, values, NULL, false);
}

void
ion_queue_move_due(TimestampTz now, int64 step_ms)
{
	Datum		values[2];

	values[0] = TimestampTzGetDatum(now);
	values[1] = Float8GetDatum(step_ms / 1000.0);
	ion_plan_run(&move_due, values, NULL, false);
}
