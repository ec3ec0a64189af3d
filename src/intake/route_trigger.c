/*-------------------------------------------------------------------------
 *
 * route_trigger.c
 *	  AFTER INSERT on message: fan out, then wake the dispatcher at commit.
 *
 * Runs once per statement over the transition table, inside the sender's
 * transaction and as the tables' owner; or once per row, where the trigger is
 * attached so (Citus knows no transition tables).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "base/log_guard.h"
#include "base/owner.h"
#include "base/provider_catalog.h"
#include "intake/accept.h"
#include "intake/authority.h"
#include "intake/wake.h"
#include "queue/route.h"

typedef struct Explanation
{
	ReturnSetInfo *out;
	bool		whole;			/* addresses too */
} Explanation;

static Datum masked_address(IonChannel channel, Datum address);
static void explain_delivery(void *arg, IonChannel channel, Datum address, IonReason reason, const char *remark);

PG_FUNCTION_INFO_V1(ion_route);
PG_FUNCTION_INFO_V1(ion_route_explain);

Datum
ion_route(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	bool		by_row;
	TupleDesc	desc;
	uint64		queued;
	IonCaller	caller;
	ErrorContextCallback frame;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
		(TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) && trigger->tg_newtable == NULL))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("io_notify._route() must be an AFTER INSERT trigger, by row or with a transition table")));

	ion_own_relation_require(trigger->tg_relation);
	by_row = TRIGGER_FIRED_FOR_ROW(trigger->tg_event);
	if (!by_row && tuplestore_tuple_count(trigger->tg_newtable) == 0)
		return PointerGetDatum(NULL);

	desc = RelationGetDescr(trigger->tg_relation);
	ion_hide_rows_begin(&frame);
	SPI_connect();
	ion_owner_begin(&caller, true);
	if (by_row)
		queued = ion_route_row(trigger->tg_trigtuple, desc);
	else
		queued = ion_route_new(trigger->tg_newtable, desc, tuplestore_tuple_count(trigger->tg_newtable));
	if (queued > 0)
		ion_wake_work_at_commit();
	ion_owner_end(&caller);
	SPI_finish();
	ion_hide_end(&frame);
	return PointerGetDatum(NULL);
}

/*
 * A citizen's address as a sender may see it: enough to recognise, not enough
 * to use.  A service knows its own webhook.
 */
static Datum
masked_address(IonChannel channel, Datum address)
{
	char	   *whole = TextDatumGetCString(address);
	char	   *at = strchr(whole, '@');

	if (channel == ION_CHANNEL_WEBHOOK)
		return address;
	if (at != NULL)
		return CStringGetTextDatum(psprintf("***%s", at));
	return CStringGetTextDatum(psprintf("***%s", strlen(whole) > 6 ? whole + strlen(whole) - 3 : ""));
}

static void
explain_delivery(void *arg, IonChannel channel, Datum address, IonReason reason, const char *remark)
{
	Explanation *explanation = arg;
	Datum		values[4] = {0};
	bool		nulls[4] = {false};

	values[0] = CStringGetTextDatum(ion_channel_name(channel));
	values[1] = BoolGetDatum(reason == ION_REASON_NONE);
	nulls[2] = address == (Datum) 0;
	if (!nulls[2])
		values[2] = explanation->whole ? address : masked_address(channel, address);
	if (reason != ION_REASON_NONE)
		remark = ion_reason_name(reason);
	nulls[3] = remark == NULL;
	if (!nulls[3])
		values[3] = CStringGetTextDatum(remark);
	tuplestore_putvalues(explanation->out->setResult, explanation->out->setDesc, values, nulls);
}

/*
 * route_explain(service, recipient) returns setof (channel, would_send,
 * address, reason).  42704 for an unknown service, 42501 when the caller is
 * no member of it or the service is in the sandbox and the recipient is not
 * among those it may address.  Only the tables' owner sees whole addresses.
 */
Datum
ion_route_explain(PG_FUNCTION_ARGS)
{
	Explanation explanation;
	IonCaller	caller;
	ErrorContextCallback frame;
	const IonService *service;
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));

	ion_hide_begin(&frame);
	InitMaterializedSRF(fcinfo, 0);
	explanation.out = (ReturnSetInfo *) fcinfo->resultinfo;
	SPI_connect();
	ion_owner_begin(&caller, true);
	service = ion_service_find(name);
	if (service == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("service \"%s\" does not exist", name)));
	if (!ion_service_member(service, caller.user))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only members of service \"%s\" may ask whom it reaches", name)));
	if (!ion_service_may_address(service, text_to_cstring(PG_GETARG_TEXT_PP(1))))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("service \"%s\" may ask about its authorised recipients only", name),
				 errhidestmt(true)));
	explanation.whole = ion_is_owner(caller.user);
	ion_route_decide(name, PG_GETARG_DATUM(1), explain_delivery, &explanation);
	ion_owner_end(&caller);
	SPI_finish();
	ion_hide_end(&frame);
	PG_RETURN_NULL();
}
