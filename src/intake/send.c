/*-------------------------------------------------------------------------
 *
 * send.c
 *	  send(), cancel() and the notify() trigger: ways to write a message row.
 *
 * send() and notify() insert as whoever calls them, so the same grants and
 * the same checks hold as for a plain INSERT.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
#include "utils/typcache.h"
#include "utils/uuid.h"

#include "base/log_guard.h"
#include "base/owner.h"
#include "intake/authority.h"
#include "intake/template_check.h"
#include "intake/wake.h"
#include "queue/plan.h"

#define ION_SEND_ARGS 14

static IonPlan insert_message = {
	"INSERT INTO io_notify.message (service, recipient, template, params, subject, markdown, priority, send_after, "
	"  time_to_live, reference, idempotency_key, language, email, phone) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
	ION_SEND_ARGS,
	{TEXTOID, TEXTOID, TEXTOID, JSONBOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID,
	INTERVALOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID}, NULL
};
static IonPlan earlier_message = {
	"SELECT message_id FROM io_notify.idempotency WHERE service = $1 AND idempotency_key = $2",
	2, {TEXTOID, TEXTOID}, NULL
};
static IonPlan message_service = {
	"SELECT service FROM io_notify.message WHERE id = $1",
	1, {UUIDOID}, NULL
};
static IonPlan cancel_message = {
	"WITH gone AS (DELETE FROM io_notify.queue WHERE message_id = $1 AND claimed_by IS NULL "
	"              RETURNING message_id, seq, kind, service), "
	"routed AS (UPDATE io_notify.delivery d SET state = 'cancelled', reason = 'cancelled', next_attempt_at = NULL, settled_at = now() "
	"           FROM gone g WHERE g.kind = 'send' AND d.message_id = $1 AND d.seq = g.seq RETURNING 1), "
	"unrouted AS (INSERT INTO io_notify.delivery (message_id, seq, service, recipient, channel, state, reason, settled_at) "
	"             SELECT g.message_id, 1, g.service, m.recipient, 'inbox', 'cancelled', 'cancelled', now() "
	"             FROM gone g JOIN io_notify.message m ON m.id = g.message_id WHERE g.kind IN ('route', 'throttled') RETURNING 1), "
	"total AS (SELECT (SELECT count(*) FROM routed) + (SELECT count(*) FROM unrouted) AS n), "
	"audit AS (INSERT INTO io_notify.audit_event (actor, kind, subject, detail) "
	"          SELECT $2, 'cancel', $1::text, pg_catalog.jsonb_build_object('deliveries', n) FROM total WHERE n > 0) "
	"SELECT n::int4 FROM total",
	2, {UUIDOID, NAMEOID}, NULL
};

static Datum row_to_params(TriggerData *trigger, HeapTuple tuple);

PG_FUNCTION_INFO_V1(ion_send);
PG_FUNCTION_INFO_V1(ion_cancel);
PG_FUNCTION_INFO_V1(ion_notify);

/*
 * send(service, recipient, template, params, …) returns uuid: the id of the
 * message, or of the earlier one with the same idempotency key and payload.
 */
Datum
ion_send(PG_FUNCTION_ARGS)
{
	Datum		values[ION_SEND_ARGS];
	char		nulls[ION_SEND_ARGS];
	bool		isnull;
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	IonCaller	caller;
	ErrorContextCallback frame;

	for (int i = 0; i < ION_SEND_ARGS; i++)
	{
		nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
		values[i] = PG_ARGISNULL(i) ? (Datum) 0 : PG_GETARG_DATUM(i);
	}
	if (PG_ARGISNULL(6))
	{
		nulls[6] = ' ';
		values[6] = CStringGetTextDatum("normal");
	}
	/* who may not INSERT is told so by the server, which would log the message */
	ion_hide_begin(&frame);
	(void) ion_message_relid(false);	/* says install() where there is no table */
	SPI_connect();
	if (ion_plan_run(&insert_message, values, nulls, false) == 0)
	{
		/* skipped by its key: the trigger has checked that the payload agrees */
		Datum		key[2] = {values[0], values[10]};

		ion_owner_begin(&caller, true);
		if (nulls[10] == 'n' || ion_plan_run(&earlier_message, key, NULL, false) != 1)
			elog(ERROR, "the message was not stored");
		ion_owner_end(&caller);
	}
	memcpy(id, DatumGetUUIDP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)), sizeof(pg_uuid_t));
	SPI_finish();
	ion_hide_end(&frame);
	PG_RETURN_UUID_P(id);
}

/*
 * cancel(message_id) returns how many deliveries it cancelled.  42704 for an
 * unknown message, 42501 when the caller is no member of its service.
 */
Datum
ion_cancel(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	IonCaller	caller;
	const IonService *service;
	bool		isnull;
	int32		n;

	SPI_connect();
	ion_owner_begin(&caller, true);
	values[0] = PG_GETARG_DATUM(0);
	values[1] = DirectFunctionCall1(namein, CStringGetDatum(GetUserNameFromId(caller.user, false)));
	if (ion_plan_run(&message_service, values, NULL, false) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("message %s does not exist",
						DatumGetCString(DirectFunctionCall1(uuid_out, values[0])))));
	service = ion_service_find(SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1));
	if ((service == NULL || !ion_service_member(service, caller.user)) && !ion_role_is(caller.user, "operator", NULL))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only members of the message's service and operators may cancel it")));
	ion_plan_run(&cancel_message, values, NULL, false);
	n = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	ion_owner_end(&caller);
	SPI_finish();
	PG_RETURN_INT32(n);
}

/* The row as jsonb, as to_jsonb() makes it. */
static Datum
row_to_params(TriggerData *trigger, HeapTuple tuple)
{
	TupleDesc	desc = RelationGetDescr(trigger->tg_relation);
	Oid			rowtype = trigger->tg_relation->rd_rel->reltype;
	FmgrInfo	to_jsonb;
	Node	   *call;

	fmgr_info(F_TO_JSONB, &to_jsonb);
	/* to_jsonb asks its call expression what type it was given */
	call = (Node *) makeFuncExpr(F_TO_JSONB, JSONBOID,
								 list_make1(makeNullConst(rowtype, -1, InvalidOid)),
								 InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL);
	fmgr_info_set_expr(call, &to_jsonb);
	return FunctionCall1(&to_jsonb, heap_copy_tuple_as_datum(tuple, desc));
}

/*
 * notify('service', 'template', 'recipient column' [, 'send_after column'])
 * on an application's table: one message per row, the row being its params, or
 * what the template declares of it.
 */
Datum
ion_notify(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Datum		values[ION_SEND_ARGS];
	char		nulls[ION_SEND_ARGS + 1];
	char	  **args;
	HeapTuple	tuple;
	TupleDesc	desc;
	bool		isnull;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("io_notify.notify() must be an AFTER … FOR EACH ROW trigger")));
	args = trigger->tg_trigger->tgargs;
	if (trigger->tg_trigger->tgnargs < 3 || trigger->tg_trigger->tgnargs > 4)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("io_notify.notify() takes three or four arguments"),
				 errhint("EXECUTE FUNCTION io_notify.notify('service', 'template', 'recipient column' [, 'send_after column'])")));

	tuple = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
	desc = RelationGetDescr(trigger->tg_relation);
	memset(nulls, 'n', sizeof(nulls));
	SPI_connect();
	values[0] = CStringGetTextDatum(args[0]);
	values[2] = CStringGetTextDatum(args[1]);
	values[3] = ion_template_declared(args[0], args[1], row_to_params(trigger, tuple));
	values[6] = CStringGetTextDatum("normal");
	nulls[0] = nulls[2] = nulls[3] = nulls[6] = ' ';
	for (int i = 2; i < trigger->tg_trigger->tgnargs; i++)
	{
		int			column = SPI_fnumber(desc, args[i]);
		int			slot = i == 2 ? 1 : 7;
		Oid			type = column > 0 ? SPI_gettypeid(desc, column) : InvalidOid;

		if (column <= 0 || (i == 3 && type != TIMESTAMPTZOID))
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("table \"%s\" has no %scolumn \"%s\"", RelationGetRelationName(trigger->tg_relation),
							i == 3 ? "timestamptz " : "", args[i]),
					 errhint("The third argument of io_notify.notify() names the recipient's column, the fourth a timestamptz column to send after.")));
		if (i == 2)
		{
			char	   *recipient = SPI_getvalue(tuple, desc, column);

			if (recipient == NULL)
				continue;		/* the message's own check says so */
			values[slot] = CStringGetTextDatum(recipient);
		}
		else
		{
			values[slot] = SPI_getbinval(tuple, desc, column, &isnull);
			if (isnull)
				continue;
		}
		nulls[slot] = ' ';
	}
	ion_plan_run(&insert_message, values, nulls, false);
	SPI_finish();
	return PointerGetDatum(NULL);
}
