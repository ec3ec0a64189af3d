/*-------------------------------------------------------------------------
 *
 * provider_api.c
 *	  SQL functions around providers: validator, options, health.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "base/owner.h"
#include "base/shared.h"
#include "channel/provider.h"
#include "intake/visibility.h"
#include "intake/wake.h"
#include "net/url_check.h"
#include "render/json_escape.h"

PG_FUNCTION_INFO_V1(ion_provider_validator);
PG_FUNCTION_INFO_V1(ion_provider_options_sql);
PG_FUNCTION_INFO_V1(ion_provider_runtime);
PG_FUNCTION_INFO_V1(ion_destination_sql);

static Datum options_jsonb(const IonProvider *p);

Datum
ion_provider_validator(PG_FUNCTION_ARGS)
{
	List	   *options = untransformRelOptions(PG_GETARG_DATUM(0));
	Oid			catalog = PG_GETARG_OID(1);
	IonProvider *p = palloc0(sizeof(IonProvider));
	IonOptionError error;
	bool		good = true;
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *def = (DefElem *) lfirst(lc);

		if (ion_option_is_file(def->defname) && !superuser())
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("only superusers may set option \"%s\"", def->defname),
					 errdetail("The server process would read the file on the caller's behalf."),
					 errhidestmt(true)));
	}
	if (catalog == ForeignServerRelationId)
		good = ion_provider_parse(p, options, &error);
	else if (catalog == UserMappingRelationId)
	{
		good = ion_provider_parse_mapping(p, options, false, &error);
		ion_webhook_key_free(p->key);
	}
	else if (options != NIL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("options of io_notify belong to servers and user mappings")));
	if (!good)
		ereport(ERROR,
				(errcode(error.sqlstate),
				 errmsg("%s", error.message),
				 error.hint ? errhint("%s", error.hint) : 0,
				 errhidestmt(true)));

	/* the dispatchers look again once this commits */
	ion_wake_config_at_commit();
	PG_RETURN_VOID();
}

/* Options with defaults filled in, without a credential. */
static Datum
options_jsonb(const IonProvider *p)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfo(&json, "{\"transport\": \"%s\", \"channel\": \"%s\", \"url\": ", ion_transport_name(p->transport), p->channel);
	ion_json_escape(&json, p->url ? p->url : "", p->url ? strlen(p->url) : 0);
	if (p->sender)
	{
		appendStringInfoString(&json, ", \"sender\": ");
		ion_json_escape(&json, p->sender, strlen(p->sender));
	}
	appendStringInfo(&json, ", \"enabled\": %s, \"priority\": %d, \"weight\": %d, \"max_in_flight\": %d, \"rate_per_second\": ",
					 p->enabled ? "true" : "false", p->priority, p->weight, p->max_in_flight);
	if (p->rate_per_second > 0)
		appendStringInfo(&json, "%g", p->rate_per_second);
	else
		appendStringInfoString(&json, "null");
	appendStringInfo(&json, ", \"connect_timeout_ms\": %d, \"timeout_ms\": %d, \"on_unknown\": \"%s\", \"allow_private_network\": %s, "
					 "\"signed\": %s, \"authenticated\": %s, \"retry_schedule_ms\": [",
					 p->connect_timeout_ms, p->timeout_ms, p->hold_unknown ? "hold" : "retry",
					 p->allow_private_network ? "true" : "false", p->signs ? "true" : "false",
					 p->user || p->token ? "true" : "false");
	for (int i = 0; i < p->retry.count; i++)
		appendStringInfo(&json, "%s" INT64_FORMAT, i ? ", " : "", p->retry.delay_ms[i]);
	appendStringInfoChar(&json, ']');
	if (p->transport == ION_TRANSPORT_SMTP)
		appendStringInfo(&json, ", \"tls\": \"%s\"",
						 p->tls == ION_TLS_OFF ? "off" : p->tls == ION_TLS_OPPORTUNISTIC ? "opportunistic" : "required");
	else
		appendStringInfo(&json, ", \"method\": \"%s\"", p->method ? p->method : "POST");
	appendStringInfoChar(&json, '}');
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/*
 * _provider_options(server oid): channel, transport, enabled, options,
 * problem; null for who is no operator.  A mapping's secret_file is not read here (no backend but the
 * dispatcher opens credential files), so signed means "a secret is in the
 * mapping".
 */
Datum
ion_provider_options_sql(PG_FUNCTION_ARGS)
{
	TupleDesc	desc;
	Datum		values[5];
	bool		nulls[5] = {false};
	IonProvider *p;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!ion_role_sees(GetUserId(), "operator"))
		PG_RETURN_NULL();
	p = ion_provider_load(PG_GETARG_OID(0), ion_owner(), false, CurrentMemoryContext);
	if (p == NULL)
		PG_RETURN_NULL();
	values[0] = CStringGetTextDatum(p->channel);
	values[1] = CStringGetTextDatum(ion_transport_name(p->transport));
	values[2] = BoolGetDatum(p->enabled);
	values[3] = options_jsonb(p);
	nulls[4] = p->problem[0] == '\0';
	values[4] = nulls[4] ? (Datum) 0 : CStringGetTextDatum(p->problem);
	ion_provider_free(p);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * _provider_runtime(): server, breaker (ready, open, half_open), in_flight,
 * success_rate, last_error, last_error_at, retry_at.  Nothing for who is no
 * operator: what a provider said last may name an address.
 */
Datum
ion_provider_runtime(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	IonProviderSlot *copy = palloc(sizeof(IonProviderSlot) * ION_MAX_PROVIDERS);
	IonDatabaseSlot *slot;
	TimestampTz now = GetCurrentTimestamp();

	InitMaterializedSRF(fcinfo, 0);
	if (ion_shared == NULL || !ion_role_sees(GetUserId(), "operator"))
		PG_RETURN_NULL();
	LWLockAcquire(ion_shared->lock, LW_SHARED);
	slot = ion_shared_database(MyDatabaseId, false);
	if (slot != NULL)
		memcpy(copy, slot->providers, sizeof(IonProviderSlot) * ION_MAX_PROVIDERS);
	LWLockRelease(ion_shared->lock);

	for (int i = 0; slot != NULL && i < ION_MAX_PROVIDERS; i++)
	{
		IonProviderSlot *p = &copy[i];
		Datum		values[7];
		bool		nulls[7] = {false};
		int			in_flight = 0;

		if (!OidIsValid(p->server))
			continue;
		for (int d = 0; d < ION_MAX_DISPATCHERS; d++)
			in_flight += p->in_flight[d];
		values[0] = ObjectIdGetDatum(p->server);
		values[1] = CStringGetTextDatum(p->broken ? "error" : p->opens == 0 ? "ready" : p->retry_at > now ? "open" : "half_open");
		values[2] = Int32GetDatum(in_flight);
		values[3] = Float8GetDatum(p->success_rate);
		nulls[3] = p->success_rate < 0;
		values[4] = CStringGetTextDatum(p->last_error);
		nulls[4] = p->last_error[0] == '\0';
		values[5] = TimestampTzGetDatum(p->last_error_at);
		nulls[5] = nulls[4];
		values[6] = TimestampTzGetDatum(p->retry_at);
		nulls[6] = p->opens == 0;
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}

/* _destination(channel, address): host:port of a webhook's own URL, else ''. */
Datum
ion_destination_sql(PG_FUNCTION_ARGS)
{
	char		destination[ION_URL_DESTINATION_MAX];
	IonUrl		url;
	const char *error;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) ||
		strcmp(text_to_cstring(PG_GETARG_TEXT_PP(0)), "webhook") != 0 ||
		!ion_url_parse(text_to_cstring(PG_GETARG_TEXT_PP(1)), &url, &error) ||
		!ion_url_destination(&url, destination, sizeof(destination)))
		PG_RETURN_TEXT_P(cstring_to_text(""));
	PG_RETURN_TEXT_P(cstring_to_text(destination));
}
