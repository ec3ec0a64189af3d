/*-------------------------------------------------------------------------
 *
 * suppression.c
 *	  Addresses that must not be used, as the dispatcher meets them.
 *
 * Routing looks at the list, but between routing and the next try lie hours of
 * schedule, and the bounce that another message just met.  So each claim looks
 * again, with one statement for all its rows, and with none while the table is
 * empty, which is told from its length alone.
 *
 * What is learnt here comes from the relay's word on a recipient; it joins the
 * settling transaction, so whoever claims next already finds it.
 *
 * A mandatory service may use a suppressed address all the same.  The
 * delivery's reason says so for good, and every try that was made is an audit
 * event, in the transaction that records the try.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "storage/bufmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

#include "io_notify.h"
#include "queue/plan.h"
#include "queue/suppression.h"

/* How the list writes an address: mailboxes in lower case. */
#define LISTED(channel, address) \
	"CASE WHEN " channel " IN ('email', 'pec') THEN pg_catalog.lower(" address ") ELSE " address " END"

static IonPlan look_up = {
	"SELECT i.n::int4, coalesce((SELECT s.mandatory FROM io_notify.service s WHERE s.name = i.service), false) "
	"FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY i (channel, address, service, n) "
	"WHERE EXISTS (SELECT FROM io_notify.suppression x WHERE x.channel = i.channel "
	"  AND x.address = " LISTED("i.channel", "i.address") " AND x.service IN ('', i.service) "
	"  AND (x.expires_at IS NULL OR x.expires_at > $4))",
	4, {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID}, NULL
};

/* Routing may have said it already. */
static IonPlan override = {
	"UPDATE io_notify.delivery d SET reason = 'suppression_overridden' "
	"FROM unnest($1::uuid[], $2::int2[]) i (message_id, seq) "
	"WHERE d.message_id = i.message_id AND d.seq = i.seq AND d.reason IS DISTINCT FROM 'suppression_overridden'",
	2, {UUIDARRAYOID, INT2ARRAYOID}, NULL
};
static IonPlan audit = {
	"INSERT INTO io_notify.audit_event (kind, subject, detail) "
	"SELECT 'suppression_overridden', d.message_id || '.' || d.seq, "
	"  pg_catalog.jsonb_build_object('service', d.service, 'channel', d.channel, 'n', i.n) "
	"FROM unnest($1::uuid[], $2::int2[], $3::int4[]) i (message_id, seq, n) "
	"JOIN io_notify.delivery d ON d.message_id = i.message_id AND d.seq = i.seq",
	3, {UUIDARRAYOID, INT2ARRAYOID, INT4ARRAYOID}, NULL
};

/* In the order of the key, or two dispatchers could wait for one another. */
static IonPlan learn = {
	"INSERT INTO io_notify.suppression AS x (channel, address, reason, source) "
	"SELECT i.channel, " LISTED("i.channel", "i.address") ", 'hard_bounce', min(i.source) "
	"FROM unnest($1::text[], $2::text[], $3::text[]) i (channel, address, source) GROUP BY 1, 2 ORDER BY 1, 2 "
	"ON CONFLICT (channel, address, service) DO UPDATE "
	"  SET reason = EXCLUDED.reason, source = EXCLUDED.source, created_at = EXCLUDED.created_at, expires_at = NULL "
	"  WHERE x.expires_at <= $4",
	4, {TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID}, NULL
};

static bool list_is_empty(void);
static Datum array_of(Datum *items, int n, Oid type);
static void run_by_key(IonPlan *plan, IonJob **jobs, int n);
static void audit_tries(IonJob **jobs, int n);
static void learn_addresses(IonJob **jobs, int n, TimestampTz now);

static bool
list_is_empty(void)
{
	Oid			relid = get_relname_relid("suppression", get_namespace_oid(ION_SCHEMA, false));
	Relation	rel = table_open(relid, AccessShareLock);
	bool		empty = RelationGetNumberOfBlocks(rel) == 0;

	table_close(rel, NoLock);
	return empty;
}

static Datum
array_of(Datum *items, int n, Oid type)
{
	int16		length;
	bool		byval;
	char		align;

	get_typlenbyvalalign(type, &length, &byval, &align);
	return PointerGetDatum(construct_array(items, n, type, length, byval, align));
}

void
ion_suppression_apply(IonJob **jobs, int n, TimestampTz now)
{
	IonJob	  **asked = palloc(sizeof(IonJob *) * (n + 1));
	IonJob	  **overridden = palloc(sizeof(IonJob *) * (n + 1));
	Datum	   *items[3];
	Datum		values[4];
	int			n_asked = 0;
	int			n_overridden = 0;
	uint64		found;

	if (n == 0 || list_is_empty())
		return;
	for (int c = 0; c < 3; c++)
		items[c] = palloc(sizeof(Datum) * n);
	for (int i = 0; i < n; i++)
	{
		if (jobs[i]->address == NULL)
			continue;
		items[0][n_asked] = CStringGetTextDatum(jobs[i]->channel);
		items[1][n_asked] = CStringGetTextDatum(jobs[i]->address);
		items[2][n_asked] = CStringGetTextDatum(jobs[i]->service);
		asked[n_asked++] = jobs[i];
	}
	if (n_asked == 0)
		return;
	for (int c = 0; c < 3; c++)
		values[c] = array_of(items[c], n_asked, TEXTOID);
	values[3] = TimestampTzGetDatum(now);
	found = ion_plan_run(&look_up, values, NULL, false);
	for (uint64 i = 0; i < found; i++)
	{
		HeapTuple	row = SPI_tuptable->vals[i];
		bool		isnull;
		IonJob	   *job = asked[DatumGetInt32(SPI_getbinval(row, SPI_tuptable->tupdesc, 1, &isnull)) - 1];

		if (DatumGetBool(SPI_getbinval(row, SPI_tuptable->tupdesc, 2, &isnull)))
		{
			job->overridden = true;
			overridden[n_overridden++] = job;
		}
		else
			job->verdict = ION_VERDICT_SUPPRESSED;
	}
	SPI_freetuptable(SPI_tuptable);
	run_by_key(&override, overridden, n_overridden);
}

/* A statement over jobs by message id, seq and (if it asks) attempt. */
static void
run_by_key(IonPlan *plan, IonJob **jobs, int n)
{
	Datum	   *ids = palloc(sizeof(Datum) * (n + 1));
	Datum	   *seqs = palloc(sizeof(Datum) * (n + 1));
	Datum	   *attempts = palloc(sizeof(Datum) * (n + 1));
	Datum		values[3];

	if (n == 0)
		return;
	for (int i = 0; i < n; i++)
	{
		ids[i] = UUIDPGetDatum(&jobs[i]->message_id);
		seqs[i] = Int16GetDatum(jobs[i]->seq);
		attempts[i] = Int32GetDatum(jobs[i]->attempt);
	}
	values[0] = array_of(ids, n, UUIDOID);
	values[1] = array_of(seqs, n, INT2OID);
	values[2] = array_of(attempts, n, INT4OID);
	ion_plan_run(plan, values, NULL, false);
}

void
ion_suppression_settle(IonJob **jobs, int n, TimestampTz now)
{
	audit_tries(jobs, n);
	learn_addresses(jobs, n, now);
}

static void
audit_tries(IonJob **jobs, int n)
{
	IonJob	  **tried = NULL;
	int			n_tried = 0;

	for (int i = 0; i < n; i++)
	{
		if (!jobs[i]->overridden || jobs[i]->verdict != ION_VERDICT_OUTCOME)
			continue;
		if (tried == NULL)
			tried = palloc(sizeof(IonJob *) * (n - i));
		tried[n_tried++] = jobs[i];
	}
	run_by_key(&audit, tried, n_tried);
}

static void
learn_addresses(IonJob **jobs, int n, TimestampTz now)
{
	Datum	   *items[3] = {NULL, NULL, NULL};
	Datum		values[4];
	int			bad = 0;

	for (int i = 0; i < n; i++)
	{
		if (jobs[i]->verdict != ION_VERDICT_OUTCOME || !jobs[i]->outcome.bad_address || jobs[i]->address == NULL ||
			(strcmp(jobs[i]->channel, "email") != 0 && strcmp(jobs[i]->channel, "pec") != 0))
			continue;
		for (int c = 0; c < 3 && bad == 0; c++)
			items[c] = palloc(sizeof(Datum) * (n - i));
		items[0][bad] = CStringGetTextDatum(jobs[i]->channel);
		items[1][bad] = CStringGetTextDatum(jobs[i]->address);
		items[2][bad++] = CStringGetTextDatum(jobs[i]->provider_name);
	}
	if (bad == 0)
		return;
	for (int c = 0; c < 3; c++)
		values[c] = array_of(items[c], bad, TEXTOID);
	values[3] = TimestampTzGetDatum(now);
	ion_plan_run(&learn, values, NULL, false);
}
