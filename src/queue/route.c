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

#include "base/provider_catalog.h"
#include "io_notify.h"
#include "queue/plan.h"
#include "queue/route.h"

#define ION_ROUTE_FRESH_ROWS 200	/* from here on a plan of its own pays */

/* Columns the decision needs of a message. */
#define MESSAGE_COLUMNS \
	"id, service, recipient, email, phone, require_secure_channels, priority, " \
	"send_after, time_to_live, created_at"

/*
 * The decision: (id, service, recipient, seq, channel, address, reason,
 * priority, expires_at) per delivery.  $1 is the array of channels with a
 * provider, $2 what priority normal counts as (1, or 2 for a bulk statement).
 */
#define DECISION(input) \
	"SELECT i.id, i.service, i.recipient, " \
	"  (CASE ch.channel WHEN 'push' THEN 99 + coalesce(dev.n, 1) ELSE ch.n END)::int2 AS seq, " \
	"  ch.channel, ad.address, " \
	"  CASE WHEN r.rejection IS NOT NULL THEN r.rejection " \
	"       WHEN ch.channel = 'inbox' THEN NULL " \
	"       WHEN ch.channel <> 'webhook' AND ch.channel = ANY (p.blocked) THEN 'channel_disabled' " \
	"       WHEN ch.channel = 'email' AND NOT c.email_enabled THEN 'channel_disabled' " \
	"       WHEN ch.channel = 'sms' AND NOT c.sms_enabled THEN 'channel_disabled' " \
	"       WHEN ch.channel = 'push' AND NOT c.push_enabled THEN 'channel_disabled' " \
	"       WHEN ch.channel IN ('email', 'sms') AND (s.require_secure_channels OR coalesce(i.require_secure_channels, false)) THEN 'secure_channels' " \
	"       WHEN ch.channel <> 'webhook' AND coalesce(ad.address, '') = '' THEN 'no_address' " \
	"       WHEN ch.channel = 'email' AND i.email IS NULL AND NOT c.email_verified THEN 'unverified_address' " \
	"       WHEN ch.channel = 'sms' AND i.phone IS NULL AND NOT c.phone_verified THEN 'unverified_address' " \
	"       WHEN EXISTS (SELECT FROM io_notify.suppression x " \
	"                    WHERE x.channel = ch.channel " \
	"                    AND x.address = CASE WHEN ch.channel IN ('email', 'pec') THEN lower(ad.address) ELSE ad.address END " \
	"                    AND (x.expires_at IS NULL OR x.expires_at > now())) THEN 'suppressed_address' " \
	"       WHEN NOT ch.channel = ANY ($1) THEN 'no_provider' " \
	"  END AS reason, " \
	"  (CASE i.priority WHEN 'emergency' THEN 0 WHEN 'normal' THEN $2 ELSE 2 END)::int2 AS priority, " \
	"  greatest(i.send_after, i.created_at) + coalesce(i.time_to_live, s.default_time_to_live) AS expires_at " \
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
	"    END AS rejection) r " \
	"CROSS JOIN LATERAL unnest(CASE WHEN r.rejection IS NULL THEN s.channels ELSE '{inbox}'::text[] END) WITH ORDINALITY AS ch (channel, n) " \
	"LEFT JOIN LATERAL (SELECT x.endpoint, row_number() OVER (ORDER BY x.id) AS n " \
	"                   FROM io_notify.device x " \
	"                   WHERE ch.channel = 'push' AND x.fiscal_code = i.recipient " \
	"                   AND (x.expires_at IS NULL OR x.expires_at > now()) LIMIT 100) dev ON true " \
	"CROSS JOIN LATERAL (SELECT CASE ch.channel " \
	"    WHEN 'email' THEN coalesce(i.email, c.email) " \
	"    WHEN 'sms' THEN coalesce(i.phone, c.phone) " \
	"    WHEN 'pec' THEN c.pec " \
	"    WHEN 'webhook' THEN s.webhook_url " \
	"    WHEN 'push' THEN dev.endpoint END AS address) ad"

/* Store the decision: the delivery rows, and a queue row for what is to send. */
#define STORE(input) \
	"WITH d AS MATERIALIZED (" DECISION(input) "), " \
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

static IonPlan store_new = {STORE(INPUT_NEW), 2, {TEXTARRAYOID, INT4OID}, NULL};
static IonPlan store_due = {STORE(INPUT_DUE), 3, {TEXTARRAYOID, INT4OID, UUIDARRAYOID}, NULL};
static IonPlan schedule = {SCHEDULE, 0, {0}, NULL};
static IonPlan decide = {
	"SELECT d.channel, d.reason IS NULL AS would_send, d.address, d.reason FROM ("
	DECISION(INPUT_ONE) ") d ORDER BY d.seq",
	4, {TEXTARRAYOID, INT4OID, TEXTOID, TEXTOID}, NULL
};

uint64
ion_route_new(int64 rows, bool scheduled)
{
	Datum		values[2];
	uint64		queued = 0;

	values[0] = ion_provider_channels();
	values[1] = Int32GetDatum(rows > ION_BULK_THRESHOLD ? 2 : 1);

	if (rows < ION_ROUTE_FRESH_ROWS)
		queued = ion_plan_run(&store_new, values, NULL, false);
	else
	{
		int			rc = SPI_execute_with_args(store_new.sql, store_new.nargs, store_new.argtypes,
											   values, NULL, false, 0);

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

	values[0] = ion_provider_channels();
	values[1] = Int32GetDatum(1);
	values[2] = ids;
	return ion_plan_run(&store_due, values, NULL, false);
}

uint64
ion_route_decide(Datum service, Datum recipient)
{
	Datum		values[4];

	values[0] = ion_provider_channels();
	values[1] = Int32GetDatum(1);
	values[2] = service;
	values[3] = recipient;
	return ion_plan_run(&decide, values, NULL, true);
}
