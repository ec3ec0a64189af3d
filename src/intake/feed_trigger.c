/*-------------------------------------------------------------------------
 *
 * feed_trigger.c
 *	  AFTER statement on citizen and preference: the subscription feed.
 *
 * A service learns once a day who began and who ceased to receive it (see
 * doc/citizens.md).  An event is about the whole profile (service '') or about
 * one service, and each has a rule for the opposite event of the same day, as
 * IO has it: the later profile event takes the earlier one's place; of two
 * service events neither stays.
 *
 * A profile receives while its inbox is on and its mode is auto; what it does
 * to services with a choice of their own is told per service:
 *
 * - inbox turned on in mode auto: a service the citizen blocks is marked 'U',
 *   so that the profile's 'S' does not count for it;
 * - inbox turned on or off in mode manual: 'S' or 'U' for the services that
 *   have a choice which lets them in;
 * - a choice that lets a service in or keeps it out, while the inbox is on.
 *
 * Special services go by activation, which they write themselves.
 *
 * Statement triggers with transition tables, so that loading a register is
 * one statement more and not a million.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/tuplestore.h"

#include "base/log_guard.h"
#include "base/owner.h"
#include "queue/plan.h"

/* From how many rows on a statement is planned for what it is. */
#define FRESH_ROWS 200

#define TODAY "(pg_catalog.now() AT TIME ZONE 'UTC')::date"

/* Transition tables are there by event; the missing one is an empty one. */
#define CITIZEN_ROW "fiscal_code, inbox_enabled, preference_mode, preference_version"
#define CHOICE_ROW "fiscal_code, service, preference_version, channel, enabled"
#define BOTH(columns, new, old) \
	"WITH new_side AS (SELECT " columns " FROM " new "), old_side AS (SELECT " columns " FROM " old "), "
#define NONE_OF(table) "io_notify." table " WHERE false"

/* Choices a citizen has made under a version, service by service. */
#define ALLOWED "NOT EXISTS (SELECT FROM io_notify.preference x WHERE x.fiscal_code = p.fiscal_code AND x.service = p.service " \
	"AND x.preference_version = p.preference_version AND x.channel = 'inbox' AND NOT x.enabled)"
#define STANDARD "JOIN io_notify.service s ON s.name = p.service AND s.category <> 'special' "

/* The end of both statements: told (fiscal_code, service, event) cancels or is stored. */
#define TELL \
	"cancelled AS (DELETE FROM io_notify.subscription_event e USING told t " \
	"  WHERE e.day = " TODAY " AND e.service = t.service AND e.fiscal_code = t.fiscal_code AND e.event <> t.event " \
	"  RETURNING e.service, e.fiscal_code) " \
	"INSERT INTO io_notify.subscription_event (day, service, fiscal_code, event) " \
	"SELECT " TODAY ", t.service, t.fiscal_code, t.event FROM told t " \
	"LEFT JOIN cancelled c ON c.service = t.service AND c.fiscal_code = t.fiscal_code WHERE c.service IS NULL " \
	"ON CONFLICT DO NOTHING"

#define CITIZEN_EVENTS(new, old) \
	BOTH(CITIZEN_ROW, new, old) \
	"change AS (SELECT fiscal_code, " \
	"    bool_or(inbox_enabled AND NOT later) AS was_on, bool_or(inbox_enabled AND later) AS is_on, " \
	"    bool_or(inbox_enabled AND preference_mode = 'auto' AND NOT later) AS was_open, " \
	"    bool_or(inbox_enabled AND preference_mode = 'auto' AND later) AS is_open, " \
	"    max(preference_mode) FILTER (WHERE NOT later) AS old_mode, max(preference_mode) FILTER (WHERE later) AS new_mode, " \
	"    max(preference_version) FILTER (WHERE NOT later) AS old_version, max(preference_version) FILTER (WHERE later) AS new_version " \
	"  FROM (SELECT n.*, true AS later FROM new_side n UNION ALL SELECT o.*, false FROM old_side o) side " \
	"  GROUP BY fiscal_code), " \
	"profile AS (INSERT INTO io_notify.subscription_event (day, service, fiscal_code, event) " \
	"  SELECT " TODAY ", '', c.fiscal_code, CASE WHEN c.is_open THEN 'S' ELSE 'U' END FROM change c WHERE c.is_open <> c.was_open " \
	"  ON CONFLICT (day, service, fiscal_code) DO UPDATE SET event = EXCLUDED.event), " \
	"blocked AS (INSERT INTO io_notify.subscription_event (day, service, fiscal_code, event) " \
	"  SELECT " TODAY ", p.service, p.fiscal_code, 'U' FROM change c " \
	"  JOIN io_notify.preference p ON p.fiscal_code = c.fiscal_code AND p.preference_version = c.new_version " \
	"    AND p.channel = 'inbox' AND NOT p.enabled " STANDARD \
	"  WHERE c.is_open AND NOT c.was_on " \
	"  ON CONFLICT (day, service, fiscal_code) DO UPDATE SET event = EXCLUDED.event), " \
	"told AS (SELECT DISTINCT p.fiscal_code, p.service, CASE WHEN c.is_on THEN 'S' ELSE 'U' END AS event FROM change c " \
	"  JOIN io_notify.preference p ON p.fiscal_code = c.fiscal_code " \
	"    AND p.preference_version = CASE WHEN c.is_on THEN c.new_version ELSE c.old_version END " STANDARD \
	"  WHERE c.is_on <> c.was_on AND CASE WHEN c.is_on THEN c.new_mode ELSE c.old_mode END = 'manual' AND " ALLOWED "), " \
	TELL

/* What a set of choices comes to, as routing reads it. */
#define LETS_IN(which) \
	"CASE WHEN count(s.channel) FILTER (WHERE " which ") = 0 THEN t.open " \
	"ELSE NOT coalesce(bool_or(NOT s.enabled) FILTER (WHERE " which " AND s.channel = 'inbox'), false) END"

/* Before is now without what was written, with what was there instead. */
#define PREFERENCE_EVENTS(new, old) \
	BOTH(CHOICE_ROW, new, old) \
	"touched AS (SELECT DISTINCT x.fiscal_code, x.service, x.preference_version, c.preference_mode = 'auto' AS open " \
	"  FROM (SELECT * FROM new_side UNION ALL SELECT * FROM old_side) x " \
	"  JOIN io_notify.citizen c ON c.fiscal_code = x.fiscal_code AND c.preference_version = x.preference_version AND c.inbox_enabled " \
	"  JOIN io_notify.service s ON s.name = x.service AND s.category <> 'special'), " \
	"present AS (SELECT p.fiscal_code, p.service, p.preference_version, p.channel, p.enabled " \
	"  FROM touched t JOIN io_notify.preference p USING (fiscal_code, service, preference_version)), " \
	"side AS (SELECT fiscal_code, service, channel, enabled, true AS later FROM present " \
	"  UNION ALL SELECT p.fiscal_code, p.service, p.channel, p.enabled, false FROM present p " \
	"    LEFT JOIN new_side n USING (fiscal_code, service, preference_version, channel) WHERE n.enabled IS NULL " \
	"  UNION ALL SELECT o.fiscal_code, o.service, o.channel, o.enabled, false FROM old_side o " \
	"    JOIN touched t USING (fiscal_code, service, preference_version)), " \
	"told AS (SELECT v.fiscal_code, v.service, CASE WHEN v.is_open THEN 'S' ELSE 'U' END AS event " \
	"  FROM (SELECT t.fiscal_code, t.service, " LETS_IN("s.later") " AS is_open, " LETS_IN("NOT s.later") " AS was_open " \
	"    FROM touched t LEFT JOIN side s USING (fiscal_code, service) GROUP BY t.fiscal_code, t.service, t.open) v " \
	"  WHERE v.is_open <> v.was_open), " \
	TELL

enum
{
	BY_INSERT, BY_UPDATE, BY_DELETE
};

static IonPlan citizen_events[] = {
	{CITIZEN_EVENTS("new_row", NONE_OF("citizen")), 0, {0}, NULL},
	{CITIZEN_EVENTS("new_row", "old_row"), 0, {0}, NULL},
	{CITIZEN_EVENTS(NONE_OF("citizen"), "old_row"), 0, {0}, NULL}
};
static IonPlan preference_events[] = {
	{PREFERENCE_EVENTS("new_row", NONE_OF("preference")), 0, {0}, NULL},
	{PREFERENCE_EVENTS("new_row", "old_row"), 0, {0}, NULL},
	{PREFERENCE_EVENTS(NONE_OF("preference"), "old_row"), 0, {0}, NULL}
};

static void feed(FunctionCallInfo fcinfo, IonPlan *plans);

PG_FUNCTION_INFO_V1(ion_feed_citizen);
PG_FUNCTION_INFO_V1(ion_feed_preference);

Datum
ion_feed_citizen(PG_FUNCTION_ARGS)
{
	feed(fcinfo, citizen_events);
	return PointerGetDatum(NULL);
}

Datum
ion_feed_preference(PG_FUNCTION_ARGS)
{
	feed(fcinfo, preference_events);
	return PointerGetDatum(NULL);
}

static void
feed(FunctionCallInfo fcinfo, IonPlan *plans)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	ErrorContextCallback frame;
	IonCaller	caller;
	IonPlan    *plan;
	int64		rows;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) ||
		(trigger->tg_newtable == NULL && trigger->tg_oldtable == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function must be an AFTER statement trigger with transition tables")));
	ion_own_relation_require(trigger->tg_relation);
	rows = tuplestore_tuple_count(trigger->tg_newtable ? trigger->tg_newtable : trigger->tg_oldtable);
	if (rows == 0)
		return;
	plan = &plans[TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ? BY_INSERT :
				  TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? BY_UPDATE : BY_DELETE];

	ion_hide_begin(&frame);
	SPI_connect();
	if (SPI_register_trigger_data(trigger) < 0)
		elog(ERROR, "could not register the transition tables");
	ion_owner_begin(&caller, rows < FRESH_ROWS);
	if (rows < FRESH_ROWS)
		ion_plan_run(plan, NULL, NULL, false);
	else
	{
		int			rc = SPI_execute(plan->sql, false, 0);

		if (rc < 0)
			elog(ERROR, "could not write the subscription feed: %s", SPI_result_code_string(rc));
	}
	ion_owner_end(&caller);
	SPI_finish();
	ion_hide_end(&frame);
}
