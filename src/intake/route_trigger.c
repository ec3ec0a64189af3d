/*-------------------------------------------------------------------------
 *
 * route_trigger.c
 *	  AFTER INSERT on message: fan out, then wake the dispatcher at commit.
 *
 * Runs once per statement over the transition table, inside the sender's
 * transaction and as the tables' owner.
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

#include "base/owner.h"
#include "base/provider_catalog.h"
#include "intake/accept.h"
#include "intake/authority.h"
#include "intake/wake.h"
#include "queue/route.h"

static Datum masked_address(Datum channel, Datum address);

PG_FUNCTION_INFO_V1(ion_route);
PG_FUNCTION_INFO_V1(ion_route_explain);

Datum
ion_route(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	int64		rows;
	IonCaller	caller;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) || !TRIGGER_FIRED_FOR_STATEMENT(trigger->tg_event) ||
		trigger->tg_newtable == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("io_notify._route() must be an AFTER INSERT statement trigger with a transition table")));

	rows = tuplestore_tuple_count(trigger->tg_newtable);
	if (rows == 0)
		return PointerGetDatum(NULL);

	SPI_connect();
	if (SPI_register_trigger_data(trigger) < 0)
		elog(ERROR, "could not register the transition table");
	ion_owner_begin(&caller, rows < ION_ROUTE_FRESH_ROWS);
	if (ion_route_new(rows, ion_accept_saw_scheduled()) > 0)
		ion_wake_work_at_commit();
	ion_owner_end(&caller);
	SPI_finish();
	return PointerGetDatum(NULL);
}

/*
 * A citizen's address as a sender may see it: enough to recognise, not enough
 * to use.  A service knows its own webhook.
 */
static Datum
masked_address(Datum channel, Datum address)
{
	char	   *whole = TextDatumGetCString(address);
	char	   *at = strchr(whole, '@');

	if (strcmp(TextDatumGetCString(channel), "webhook") == 0)
		return address;
	if (at != NULL)
		return CStringGetTextDatum(psprintf("***%s", at));
	return CStringGetTextDatum(psprintf("***%s", strlen(whole) > 6 ? whole + strlen(whole) - 3 : ""));
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
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	IonCaller	caller;
	IonService	service;
	char	   *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	uint64		n;
	bool		owner;

	InitMaterializedSRF(fcinfo, 0);
	SPI_connect();
	ion_owner_begin(&caller, true);
	if (!ion_service_read(name, caller.user, CurrentMemoryContext, &service))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("service \"%s\" does not exist", name)));
	if (!service.member)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only members of service \"%s\" may ask whom it reaches", name)));
	if (!ion_service_may_address(&service, text_to_cstring(PG_GETARG_TEXT_PP(1))))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("service \"%s\" may ask about its authorised recipients only", name),
				 errhidestmt(true)));
	owner = ion_is_owner(caller.user);
	n = ion_route_decide(PG_GETARG_DATUM(0), PG_GETARG_DATUM(1));
	for (uint64 i = 0; i < n; i++)
	{
		Datum		values[4];
		bool		nulls[4];

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values, nulls);
		if (!owner && !nulls[2])
			values[2] = masked_address(values[0], values[2]);
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	ion_owner_end(&caller);
	SPI_finish();
	PG_RETURN_NULL();
}
