/*-------------------------------------------------------------------------
 *
 * claim.c
 *	  Taking work from the queue, durably, before a byte of it leaves.
 *
 * A claim writes only columns no index covers, so it is a HOT update; the
 * row's place in the claim index does not change.  What was claimed is passed
 * over by the cursor, not by re-reading the head of the index: with an old
 * snapshot held elsewhere, every finished row stays there as a dead entry, and
 * a scan from the head would walk them all each time (measured: -65 %).  The
 * dispatcher rewinds the cursors now and then for what commits late behind
 * them.
 *
 * Several dispatchers would all run after the same rows; each therefore first
 * claims the part of the messages its number stands for, by a hash of the id,
 * and anything at all only when its part is empty.
 *
 * SKIP LOCKED matters against senders: a cancel() in an open transaction must
 * not stop the dispatcher.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "io_notify.h"
#include "queue/claim.h"
#include "queue/job_facts.h"
#include "queue/plan.h"
#include "queue/route.h"
#include "queue/suppression.h"

enum
{
	COL_LANE = 1, COL_MESSAGE_ID, COL_SEQ, COL_ATTEMPT, COL_FAILURES, COL_ORPHANED, COL_PRIORITY, COL_DUE_AT, COL_EXPIRES_AT,
	COL_ADDRESS, COL_SERVICE, COL_RECIPIENT, COL_SUBJECT, COL_MARKDOWN, COL_TEMPLATE, COL_LANGUAGE, COL_REFERENCE,
	COL_MESSAGE_PRIORITY, COL_SECURE, COL_CREATED_AT, COL_DUE_DATE, COL_AMOUNT, COL_NOTICE, COL_PAYEE, COL_INVALID_AFTER,
	COL_TEMPLATE_VERSION, COL_PARAMS,
	COL_LAST = COL_PARAMS
};

static IonPlan claim_plan = {
	"WITH want AS (SELECT * FROM unnest($1::int4[], $2::text[], $3::text[], "
	"    $4::timestamptz[], $5::uuid[], $6::int2[], $7::timestamptz[], $8::uuid[], $9::int2[], "
	"    $10::timestamptz[], $11::uuid[], $12::int2[], $16::int4[]) "
	"  AS w (lane, channel, destination, due0, id0, seq0, due1, id1, seq1, due2, id2, seq2, n)), "
	"picked AS (SELECT w.lane, x.row FROM want w CROSS JOIN LATERAL ("
	"  SELECT y.row FROM (VALUES (0::int2, w.due0, w.id0, w.seq0), (1::int2, w.due1, w.id1, w.seq1), (2::int2, w.due2, w.id2, w.seq2)) "
	"    AS c (priority, due_at, message_id, seq) CROSS JOIN LATERAL ("
	"    SELECT q.ctid AS row FROM io_notify.queue q "
	"    WHERE q.channel = w.channel AND q.destination = w.destination AND q.priority = c.priority "
	"    AND (q.due_at, q.message_id, q.seq) > (c.due_at, c.message_id, c.seq) AND q.due_at <= $13 "
	"    AND q.claimed_by IS NULL AND q.service <> ALL ($14) AND (uuid_hash(q.message_id) & 1023) % $17 = $18 "
	"    ORDER BY q.due_at, q.message_id, q.seq LIMIT w.n FOR UPDATE SKIP LOCKED) y "
	"  LIMIT w.n) x), "
	"claimed AS (UPDATE io_notify.queue q SET claimed_by = $15, claimed_at = $13, attempt = q.attempt + 1 "
	"  FROM picked p WHERE q.ctid = p.row "
	"  RETURNING p.lane, q.message_id, q.seq, q.attempt, q.failures, q.orphaned, q.priority, q.due_at, q.expires_at, q.address, q.service, q.channel) "
	"SELECT c.lane, c.message_id, c.seq, c.attempt, c.failures, c.orphaned, c.priority, c.due_at, c.expires_at, c.address, "
	"  c.service, m.recipient, m.subject, m.markdown, m.template, m.language, m.reference, m.priority, "
	"  m.require_secure_channels, m.created_at, m.due_date, m.payment_amount, m.payment_notice, m.payment_payee, m.payment_invalid_after_due_date, "
	"  m.template_version, CASE WHEN m.template IS NOT NULL THEN m.params::text END "
	"FROM claimed c LEFT JOIN io_notify.message m ON m.id = c.message_id",
	18,
	{INT4ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZARRAYOID, UUIDARRAYOID, INT2ARRAYOID,
		TIMESTAMPTZARRAYOID, UUIDARRAYOID, INT2ARRAYOID, TIMESTAMPTZARRAYOID, UUIDARRAYOID, INT2ARRAYOID,
	TIMESTAMPTZOID, TEXTARRAYOID, TEXTOID, INT4ARRAYOID, INT4OID, INT4OID}, NULL
};

static IonPlan take_routes = {
	"WITH due AS (SELECT x.row FROM (VALUES (0), (1), (2)) p (priority) CROSS JOIN LATERAL ("
	"  SELECT q.ctid AS row FROM io_notify.queue q WHERE q.channel = '' AND q.destination = '' AND q.priority = p.priority "
	"  AND q.due_at <= $1 AND q.service <> ALL ($2) ORDER BY q.due_at, q.message_id LIMIT $3 FOR UPDATE SKIP LOCKED) x LIMIT $3), "
	"gone AS (DELETE FROM io_notify.queue q USING due WHERE q.ctid = due.row RETURNING q.message_id) "
	"SELECT array_agg(message_id) FROM gone",
	3, {TIMESTAMPTZOID, TEXTARRAYOID, INT4OID}, NULL
};

static IonPlan fail_route = {
	"WITH due AS (SELECT q.ctid AS row FROM io_notify.queue q WHERE q.channel = '' AND q.destination = '' "
	"  AND q.due_at <= $1 AND q.service <> ALL ($2) ORDER BY q.priority, q.due_at, q.message_id LIMIT 1 FOR UPDATE SKIP LOCKED), "
	"gone AS (DELETE FROM io_notify.queue q USING due WHERE q.ctid = due.row RETURNING q.message_id, q.service) "
	"INSERT INTO io_notify.delivery (message_id, seq, service, recipient, channel, state, reason, settled_at) "
	"SELECT g.message_id, 1, g.service, coalesce(m.recipient, ''), 'inbox', 'failed', 'routing_failed', now() "
	"FROM gone g LEFT JOIN io_notify.message m ON m.id = g.message_id ON CONFLICT DO NOTHING",
	2, {TIMESTAMPTZOID, TEXTARRAYOID}, NULL
};

static IonPlan next_due = {
	"SELECT min(x.due_at) FROM unnest($1::text[], $2::text[]) w (channel, destination) "
	"CROSS JOIN (VALUES (0), (1), (2)) p (priority) "
	"CROSS JOIN LATERAL (SELECT q.due_at FROM io_notify.queue q "
	"  WHERE q.channel = w.channel AND q.destination = w.destination AND q.priority = p.priority AND q.due_at > $3 "
	"  AND q.claimed_by IS NULL ORDER BY q.due_at LIMIT 1) x",
	3, {TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID}, NULL
};

static IonPlan discover = {
	"WITH RECURSIVE lane AS ("
	"  (SELECT q.channel, q.destination FROM io_notify.queue q ORDER BY q.channel, q.destination LIMIT 1) "
	"  UNION ALL "
	"  SELECT n.channel, n.destination FROM lane l CROSS JOIN LATERAL ("
	"    SELECT q.channel, q.destination FROM io_notify.queue q "
	"    WHERE (q.channel, q.destination) > (l.channel, l.destination) "
	"    ORDER BY q.channel, q.destination LIMIT 1) n) "
	"SELECT channel, destination FROM lane",
	0, {0}, NULL
};

static void lane_arrays(IonLane **lanes, int n, Datum *values);
static void channel_arrays(IonLane **lanes, int n, Datum *channels, Datum *destinations);
static IonJob *job_from_row(const Datum *v, const bool *isnull, IonLane *lane, TimestampTz now, MemoryContext parent);
static char *copy_text(const Datum *v, const bool *isnull, int column);

void
ion_lane_rewind(IonLane *lane)
{
	for (int p = 0; p < ION_PRIORITIES; p++)
	{
		memset(&lane->cursor[p], 0, sizeof(IonCursor));
		lane->cursor[p].due_at = DT_NOBEGIN;
	}
}

void
ion_lanes_discover(void (*found) (void *arg, const char *channel, const char *destination), void *arg)
{
	uint64		n = ion_plan_run(&discover, NULL, NULL, false);

	for (uint64 i = 0; i < n; i++)
		found(arg, SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1),
			  SPI_getvalue(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 2));
}

static void
channel_arrays(IonLane **lanes, int n, Datum *channels, Datum *destinations)
{
	Datum	   *items = palloc(sizeof(Datum) * (n + 1));

	for (int i = 0; i < n; i++)
		items[i] = CStringGetTextDatum(lanes[i]->channel);
	*channels = ion_plan_array(items, n, TEXTOID);
	for (int i = 0; i < n; i++)
		items[i] = CStringGetTextDatum(lanes[i]->destination);
	*destinations = ion_plan_array(items, n, TEXTOID);
}

static void
lane_arrays(IonLane **lanes, int n, Datum *values)
{
	Datum	   *items = palloc(sizeof(Datum) * (n + 1));

	for (int i = 0; i < n; i++)
		items[i] = Int32GetDatum(i);
	values[0] = ion_plan_array(items, n, INT4OID);
	channel_arrays(lanes, n, &values[1], &values[2]);
	for (int p = 0; p < ION_PRIORITIES; p++)
	{
		for (int i = 0; i < n; i++)
			items[i] = TimestampTzGetDatum(lanes[i]->cursor[p].due_at);
		values[3 + p * 3] = ion_plan_array(items, n, TIMESTAMPTZOID);
		for (int i = 0; i < n; i++)
			items[i] = UUIDPGetDatum(&lanes[i]->cursor[p].message_id);
		values[4 + p * 3] = ion_plan_array(items, n, UUIDOID);
		for (int i = 0; i < n; i++)
			items[i] = Int16GetDatum(lanes[i]->cursor[p].seq);
		values[5 + p * 3] = ion_plan_array(items, n, INT2OID);
	}
	for (int i = 0; i < n; i++)
		items[i] = Int32GetDatum(lanes[i]->limit);
	values[15] = ion_plan_array(items, n, INT4OID);
}

static char *
copy_text(const Datum *v, const bool *isnull, int column)
{
	return isnull[column - 1] ? NULL : TextDatumGetCString(v[column - 1]);
}

static IonJob *
job_from_row(const Datum *v, const bool *isnull, IonLane *lane, TimestampTz now, MemoryContext parent)
{
	MemoryContext cxt = AllocSetContextCreate(parent, "io_notify job", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	IonJob	   *job = palloc0(sizeof(IonJob));

	job->cxt = cxt;
	job->lane = lane;
	job->message_id = *DatumGetUUIDP(v[COL_MESSAGE_ID - 1]);
	job->seq = DatumGetInt16(v[COL_SEQ - 1]);
	job->attempt = DatumGetInt32(v[COL_ATTEMPT - 1]);
	job->failures = DatumGetInt32(v[COL_FAILURES - 1]);
	job->orphaned = DatumGetInt32(v[COL_ORPHANED - 1]);
	job->channel = lane->channel;
	job->destination = lane->destination;
	job->started_at = now;
	job->expires_at = DatumGetTimestampTz(v[COL_EXPIRES_AT - 1]);
	job->service = copy_text(v, isnull, COL_SERVICE);
	job->recipient = copy_text(v, isnull, COL_RECIPIENT);
	job->address = copy_text(v, isnull, COL_ADDRESS);
	job->subject = copy_text(v, isnull, COL_SUBJECT);
	job->markdown = copy_text(v, isnull, COL_MARKDOWN);
	job->template = copy_text(v, isnull, COL_TEMPLATE);
	job->template_version = isnull[COL_TEMPLATE_VERSION - 1] ? 0 : DatumGetInt32(v[COL_TEMPLATE_VERSION - 1]);
	job->params = copy_text(v, isnull, COL_PARAMS);
	job->language = copy_text(v, isnull, COL_LANGUAGE);
	job->reference = copy_text(v, isnull, COL_REFERENCE);
	job->priority = copy_text(v, isnull, COL_MESSAGE_PRIORITY);
	job->secure = !isnull[COL_SECURE - 1] && DatumGetBool(v[COL_SECURE - 1]);
	job->created_at = DatumGetTimestampTz(v[COL_CREATED_AT - 1]);
	job->due_date = isnull[COL_DUE_DATE - 1] ? DT_NOBEGIN : DatumGetTimestampTz(v[COL_DUE_DATE - 1]);
	job->payment_amount = isnull[COL_AMOUNT - 1] ? 0 : DatumGetInt64(v[COL_AMOUNT - 1]);
	job->payment_notice = copy_text(v, isnull, COL_NOTICE);
	job->payment_payee = copy_text(v, isnull, COL_PAYEE);
	job->payment_invalid_after_due_date = !isnull[COL_INVALID_AFTER - 1] && DatumGetBool(v[COL_INVALID_AFTER - 1]);
	job->flight_slot = -1;
	MemoryContextSwitchTo(old);
	return job;
}

int
ion_claim(IonLane **lanes, int n_lanes, const IonShare *share, const char *token, Datum paused,
		  TimestampTz now, MemoryContext parent, dlist_head *jobs)
{
	Datum		values[18];
	uint64		n;
	Datum		v[COL_LAST];
	bool		isnull[COL_LAST];
	IonJob	  **claimed;

	lane_arrays(lanes, n_lanes, values);
	values[12] = TimestampTzGetDatum(now);
	values[13] = paused;
	values[14] = CStringGetTextDatum(token);
	values[16] = Int32GetDatum(share->of);
	values[17] = Int32GetDatum(share->index);
	n = ion_plan_run(&claim_plan, values, NULL, false);

	claimed = palloc(sizeof(IonJob *) * (n + 1));
	for (int i = 0; i < n_lanes; i++)
		lanes[i]->claimed = 0;
	for (uint64 i = 0; i < n; i++)
	{
		IonLane    *lane;
		IonCursor  *cursor;
		IonCursor	at;
		int			order;

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, v, isnull);
		lane = lanes[DatumGetInt32(v[COL_LANE - 1])];
		cursor = &lane->cursor[DatumGetInt16(v[COL_PRIORITY - 1])];
		at.due_at = DatumGetTimestampTz(v[COL_DUE_AT - 1]);
		at.message_id = *DatumGetUUIDP(v[COL_MESSAGE_ID - 1]);
		at.seq = DatumGetInt16(v[COL_SEQ - 1]);
		order = memcmp(&at.message_id, &cursor->message_id, UUID_LEN);
		/* the join may have changed the order: keep the furthest */
		if (at.due_at > cursor->due_at ||
			(at.due_at == cursor->due_at && (order > 0 || (order == 0 && at.seq > cursor->seq))))
			*cursor = at;
		lane->claimed++;
		claimed[i] = job_from_row(v, isnull, lane, now, parent);
		dlist_push_tail(jobs, &claimed[i]->node);
	}
	SPI_freetuptable(SPI_tuptable);
	ion_job_facts_read(claimed, (int) n);
	ion_suppression_apply(claimed, (int) n, now);
	return (int) n;
}

int
ion_claim_routes(Datum paused, TimestampTz now, int limit)
{
	Datum		values[3];
	Datum		ids;
	bool		isnull;

	values[0] = TimestampTzGetDatum(now);
	values[1] = paused;
	values[2] = Int32GetDatum(limit);
	if (ion_plan_run(&take_routes, values, NULL, false) == 0)
		return 0;
	ids = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	if (isnull)
		return 0;
	ion_route_due(ids);
	return ArrayGetNItems(ARR_NDIM(DatumGetArrayTypeP(ids)), ARR_DIMS(DatumGetArrayTypeP(ids)));
}

void
ion_claim_route_failed(Datum paused, TimestampTz now)
{
	Datum		values[2];

	values[0] = TimestampTzGetDatum(now);
	values[1] = paused;
	ion_plan_run(&fail_route, values, NULL, false);
}

TimestampTz
ion_claim_next_due(IonLane **lanes, int n_lanes, TimestampTz now)
{
	Datum		values[3];
	Datum		at;
	bool		isnull;

	channel_arrays(lanes, n_lanes, &values[0], &values[1]);
	values[2] = TimestampTzGetDatum(now);
	ion_plan_run(&next_due, values, NULL, false);
	at = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	return isnull ? DT_NOEND : DatumGetTimestampTz(at);
}
