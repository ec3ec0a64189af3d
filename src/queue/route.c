/*-------------------------------------------------------------------------
 *
 * route.c
 *	  The routing decision: who gets a message, over which channel, or why not.
 *
 * The decision stands here once, as SQL with a hole for its input.  The
 * insert trigger fills the hole with the statement's transition table, the
 * dispatcher with scheduled messages that fell due, route_explain with one
 * made-up row: what one of them says, all of them do.
 *
 * The rules, in order (see doc/architecture.md): no citizen, inbox off, inbox
 * blocked for the service: the whole message is rejected, one suppressed
 * inbox row says why.  Otherwise one row per channel of the service (and per
 * device for push), either queued or suppressed with its reason: the
 * citizen's switches first, then secure channels, then the address, then
 * suppression, last the lack of a provider.
 *
 * A statement with few rows runs a kept plan that always goes by primary
 * keys; a bulk statement is planned afresh with the real row count, because a
 * plan made for one row is quadratic poison for a million.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/provider_catalog.h"
#include "io_notify.h"
#include "queue/plan.h"
#include "queue/route.h"

/* Columns the decision needs of a message. */
#define MESSAGE_COLUMNS \
	"id, service, recipient, email, phone, require_secure_channels, priority, " \
	"send_after, time_to_live, created_at"

/*
 * Who gets it at all: one row per message with what its deliveries have in
 * common.  rejection is NULL or says why the whole message is rejected.
 */
#define RECIPIENT(input) \
	"SELECT i.id, i.service, i.recipient, i.email AS given_email, i.phone AS given_phone, i.priority, " \
	"  greatest(i.send_after, i.created_at) + coalesce(i.time_to_live, s.default_time_to_live) AS expires_at, " \
	"  s.require_secure_channels OR coalesce(i.require_secure_channels, false) AS secure, s.webhook_url, " \
	"  c.email, c.email_enabled, c.email_verified, c.phone, c.phone_verified, c.sms_enabled, c.push_enabled, c.pec, " \
	"  p.blocked, r.rejection, CASE WHEN r.rejection IS NULL THEN s.channels ELSE '{inbox}'::text[] END AS channels " \
	"FROM " input " i " \
	"JOIN io_notify.service s ON s.name = i.service " \
	"LEFT JOIN io_notify.citizen c ON c.fiscal_code = i.recipient " \
	"LEFT JOIN LATERAL (SELECT count(*) AS n, array_agg(x.channel) FILTER (WHERE NOT x.enabled) AS blocked " \
	"                   FROM io_notify.preference x " \
	"                   WHERE x.fiscal_code = i.recipient AND x.service = i.service " \
	"                   AND x.preference_version = c.preference_version) p ON true " \
	"LEFT JOIN io_notify.activation a ON s.category = 'special' AND a.service = i.service AND a.fiscal_code = i.recipient " \
	"CROSS JOIN LATERAL (SELECT CASE " \
	"    WHEN c.fiscal_code IS NULL THEN 'user_not_found' " \
	"    WHEN NOT c.inbox_enabled THEN 'service_not_allowed' " \
	"    WHEN s.category = 'special' THEN CASE " \
	"         WHEN a.state = 'active' OR (a.state = 'pending' AND a.changed_at > now() - interval '24 hours') THEN NULL " \
	"         ELSE 'service_not_allowed' END " \
	"    WHEN 'inbox' = ANY (p.blocked) OR (p.n = 0 AND c.preference_mode = 'manual') THEN 'service_not_allowed' " \
	"    END AS rejection) r"

/* One row per channel; expanding in the target list is what costs least. */
#define CHANNEL(input) \
	"SELECT w.*, w.channels[w.n] AS channel FROM " \
	"(SELECT v.*, generate_subscripts(v.channels, 1) AS n FROM (" RECIPIENT(input) ") v) w OFFSET 0"

/* Devices make several deliveries of a push; asked for only where one can go. */
#define WITH_DEVICES \
	"LEFT JOIN LATERAL (SELECT x.endpoint, row_number() OVER (ORDER BY x.id) AS n " \
	"                   FROM io_notify.device x " \
	"                   WHERE ch.channel = 'push' AND x.fiscal_code = ch.recipient " \
	"                   AND (x.expires_at IS NULL OR x.expires_at > now()) LIMIT 100) dev ON true "
#define WITHOUT_DEVICES \
	"CROSS JOIN (SELECT NULL::text AS endpoint, 1::int8 AS n) dev "

/*
 * The decision: (id, service, recipient, seq, channel, address, reason,
 * priority, expires_at) per delivery.  $1 is the array of channels with a
 * provider, $2 what priority normal counts as (1, or 2 for a bulk statement).
 */
#define DECISION(input, devices) \
	"SELECT ch.id, ch.service, ch.recipient, " \
	"  (CASE ch.channel WHEN 'push' THEN 99 + coalesce(dev.n, 1) ELSE ch.n END)::int2 AS seq, " \
	"  ch.channel, ad.address, " \
	"  CASE WHEN ch.rejection IS NOT NULL THEN ch.rejection " \
	"       WHEN ch.channel = 'inbox' THEN NULL " \
	"       WHEN ch.channel <> 'webhook' AND ch.channel = ANY (ch.blocked) THEN 'channel_disabled' " \
	"       WHEN ch.channel = 'email' AND NOT ch.email_enabled THEN 'channel_disabled' " \
	"       WHEN ch.channel = 'sms' AND NOT ch.sms_enabled THEN 'channel_disabled' " \
	"       WHEN ch.channel = 'push' AND NOT ch.push_enabled THEN 'channel_disabled' " \
	"       WHEN ch.channel IN ('email', 'sms') AND ch.secure THEN 'secure_channels' " \
	"       WHEN ch.channel = 'push' AND NOT 'push' = ANY ($1) THEN 'no_provider' " \
	"       WHEN ch.channel <> 'webhook' AND coalesce(ad.address, '') = '' THEN 'no_address' " \
	"       WHEN ch.channel = 'email' AND ch.given_email IS NULL AND NOT ch.email_verified THEN 'unverified_address' " \
	"       WHEN ch.channel = 'sms' AND ch.given_phone IS NULL AND NOT ch.phone_verified THEN 'unverified_address' " \
	"       WHEN EXISTS (SELECT FROM io_notify.suppression x " \
	"                    WHERE x.channel = ch.channel " \
	"                    AND x.address = CASE WHEN ch.channel IN ('email', 'pec') THEN lower(ad.address) ELSE ad.address END " \
	"                    AND (x.expires_at IS NULL OR x.expires_at > now())) THEN 'suppressed_address' " \
	"       WHEN NOT ch.channel = ANY ($1) THEN 'no_provider' " \
	"  END AS reason, " \
	"  (CASE ch.priority WHEN 'emergency' THEN 0 WHEN 'normal' THEN $2 ELSE 2 END)::int2 AS priority, " \
	"  ch.expires_at " \
	"FROM (" CHANNEL(input) ") ch " \
	devices \
	"CROSS JOIN LATERAL (SELECT CASE ch.channel " \
	"    WHEN 'email' THEN coalesce(ch.given_email, ch.email) " \
	"    WHEN 'sms' THEN coalesce(ch.given_phone, ch.phone) " \
	"    WHEN 'pec' THEN ch.pec " \
	"    WHEN 'webhook' THEN ch.webhook_url " \
	"    WHEN 'push' THEN dev.endpoint END AS address) ad"

/* Store the decision: the delivery rows, and a queue row for what is to send. */
#define STORE(input, devices) \
	"WITH d AS MATERIALIZED (" DECISION(input, devices) "), " \
	"stored AS (INSERT INTO io_notify.delivery " \
	"  (message_id, seq, service, recipient, channel, address, state, reason, created_at, next_attempt_at, delivered_at, settled_at) " \
	"  SELECT id, seq, service, recipient, channel, address, " \
	"    CASE WHEN reason IS NOT NULL THEN 'suppressed' WHEN channel = 'inbox' THEN 'delivered' ELSE 'queued' END, " \
	"    reason, now(), " \
	"    CASE WHEN reason IS NULL AND channel <> 'inbox' THEN now() END, " \
	"    CASE WHEN reason IS NULL AND channel = 'inbox' THEN now() END, " \
	"    CASE WHEN reason IS NOT NULL OR channel = 'inbox' THEN now() END FROM d) " \
	"INSERT INTO io_notify.queue (message_id, seq, channel, destination, priority, due_at, expires_at, service, address) " \
	"SELECT id, seq, channel, " \
	"  CASE WHEN channel = 'webhook' AND address IS NOT NULL THEN io_notify._destination(channel, address) ELSE '' END, " \
	"  priority, statement_timestamp(), expires_at, service, address FROM d " \
	"WHERE reason IS NULL AND channel <> 'inbox'"

#define INPUT_NEW \
	"(SELECT " MESSAGE_COLUMNS " FROM new_message WHERE send_after IS NULL OR send_after <= now())"
#define INPUT_DUE \
	"(SELECT " MESSAGE_COLUMNS " FROM io_notify.message WHERE id = ANY ($3))"
#define INPUT_ONE \
	"(SELECT NULL::uuid AS id, $3::text AS service, $4::text AS recipient, NULL::text AS email, NULL::text AS phone, " \
	" NULL::bool AS require_secure_channels, 'normal'::text AS priority, NULL::timestamptz AS send_after, " \
	" NULL::interval AS time_to_live, now() AS created_at)"

/* A scheduled message becomes one row of kind route until it falls due. */
#define SCHEDULE \
	"INSERT INTO io_notify.queue (message_id, seq, kind, channel, priority, due_at, expires_at, service) " \
	"SELECT m.id, 0, 'route', '', CASE m.priority WHEN 'emergency' THEN 0 WHEN 'normal' THEN 1 ELSE 2 END, " \
	"  m.send_after, m.send_after + coalesce(m.time_to_live, s.default_time_to_live), m.service " \
	"FROM new_message m JOIN io_notify.service s ON s.name = m.service " \
	"WHERE m.send_after > now()"

/* Each in two variants: without and with devices. */
static IonPlan store_new[2] = {
	{STORE(INPUT_NEW, WITHOUT_DEVICES), 2, {TEXTARRAYOID, INT4OID}, NULL},
	{STORE(INPUT_NEW, WITH_DEVICES), 2, {TEXTARRAYOID, INT4OID}, NULL}
};
static IonPlan store_due[2] = {
	{STORE(INPUT_DUE, WITHOUT_DEVICES), 3, {TEXTARRAYOID, INT4OID, UUIDARRAYOID}, NULL},
	{STORE(INPUT_DUE, WITH_DEVICES), 3, {TEXTARRAYOID, INT4OID, UUIDARRAYOID}, NULL}
};
static IonPlan schedule = {SCHEDULE, 0, {0}, NULL};

/* The service of a scheduled message may be gone when it falls due: it must not vanish with it. */
static IonPlan fail_unserved = {
	"INSERT INTO io_notify.delivery (message_id, seq, service, recipient, channel, state, reason, settled_at) "
	"SELECT m.id, 1, m.service, m.recipient, 'inbox', 'failed', 'routing_failed', now() "
	"FROM io_notify.message m WHERE m.id = ANY ($1) "
	"AND NOT EXISTS (SELECT FROM io_notify.service s WHERE s.name = m.service)",
	1, {UUIDARRAYOID}, NULL
};

#define EXPLAIN(devices) \
	"SELECT d.channel, d.reason IS NULL AS would_send, d.address, d.reason FROM (" \
	DECISION(INPUT_ONE, devices) ") d ORDER BY d.seq"

static IonPlan decide[2] = {
	{EXPLAIN(WITHOUT_DEVICES), 4, {TEXTARRAYOID, INT4OID, TEXTOID, TEXTOID}, NULL},
	{EXPLAIN(WITH_DEVICES), 4, {TEXTARRAYOID, INT4OID, TEXTOID, TEXTOID}, NULL}
};

/* Whether push has a way out: then devices matter. */
static int
variant(Datum channels)
{
	Datum	   *items;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(channels), TEXTOID, -1, false, TYPALIGN_INT, &items, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		if (strcmp(TextDatumGetCString(items[i]), "push") == 0)
			return 1;
	}
	return 0;
}

uint64
ion_route_new(int64 rows, bool scheduled)
{
	Datum		values[2];
	IonPlan    *store;
	uint64		queued = 0;

	values[0] = ion_provider_channels();
	values[1] = Int32GetDatum(rows > ION_BULK_THRESHOLD ? 2 : 1);

	store = &store_new[variant(values[0])];
	if (rows < ION_ROUTE_FRESH_ROWS)
		queued = ion_plan_run(store, values, NULL, false);
	else
	{
		int			rc = SPI_execute_with_args(store->sql, store->nargs, store->argtypes, values, NULL, false, 0);

		if (rc < 0)
			elog(ERROR, "could not route: %s", SPI_result_code_string(rc));
		queued = SPI_processed;
	}
	if (scheduled)
		queued += ion_plan_run(&schedule, NULL, NULL, false);
	return queued;
}

uint64
ion_route_due(Datum ids)
{
	Datum		values[3];

	ion_plan_run(&fail_unserved, &ids, NULL, false);
	values[0] = ion_provider_channels();
	values[1] = Int32GetDatum(1);
	values[2] = ids;
	return ion_plan_run(&store_due[variant(values[0])], values, NULL, false);
}

uint64
ion_route_decide(Datum service, Datum recipient)
{
	Datum		values[4];

	values[0] = ion_provider_channels();
	values[1] = Int32GetDatum(1);
	values[2] = service;
	values[3] = recipient;
	return ion_plan_run(&decide[variant(values[0])], values, NULL, true);
}
