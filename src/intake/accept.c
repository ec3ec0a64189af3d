/*-------------------------------------------------------------------------
 *
 * accept.c
 *	  BEFORE INSERT FOR EACH ROW on message: values, authority, idempotency.
 *
 * What a row needs from tables (its service, its template) is kept in the
 * process, so a million rows of one service cost one look-up.  A row whose idempotency key came before with
 * the same payload is skipped: INSERT 0 0, nothing RETURNING.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "compat/compat.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "base/log_guard.h"
#include "base/owner.h"
#include "intake/accept.h"
#include "intake/authority.h"
#include "intake/capability_check.h"
#include "intake/message_row.h"
#include "intake/template_check.h"
#include "intake/value_check.h"
#include "io_notify.h"
#include "queue/plan.h"

typedef struct AcceptState
{
	Oid			relid;			/* whose columns the map describes */
	IonColumnMap map;
	Oid			caller;
	const IonService *service;	/* the last one seen, or NULL */
	IonServicePin pin;			/* of service */
	MemoryContext cxt;			/* this struct's */
	IonTemplateCheck *templates;
	MemoryContext row_cxt;		/* reset for every row */
} AcceptState;

/* start of the transaction that last accepted a message for later */
static TimestampTz scheduled_in = 0;

static IonPlan take_key = {
	"INSERT INTO io_notify.idempotency (service, idempotency_key, payload_hash, message_id) "
	"VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
	4, {TEXTOID, TEXTOID, BYTEAOID, UUIDOID}, NULL
};
static IonPlan same_key = {
	"SELECT payload_hash = $3 FROM io_notify.idempotency WHERE service = $1 AND idempotency_key = $2",
	3, {TEXTOID, TEXTOID, BYTEAOID}, NULL
};

static AcceptState *accept_state(FunctionCallInfo fcinfo, Relation rel);
static void read_service(AcceptState *state, const char *name);
static void find_service(AcceptState *state, const IonMessageRow *row);
static HeapTuple with_payee(HeapTuple tuple, TupleDesc desc, const IonColumnMap *map, Datum payee);
static bool take_idempotency_key(AcceptState *state, const IonMessageRow *row, TupleDesc desc);

PG_FUNCTION_INFO_V1(ion_accept);

bool
ion_accept_saw_scheduled(void)
{
	return scheduled_in == GetCurrentTransactionStartTimestamp();
}

Datum
ion_accept(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	AcceptState *state;
	IonMessageRow row;
	MemoryContext old;
	TupleDesc	desc;
	HeapTuple	tuple;
	bool		keep = true;
	bool		scheduled = false;
	bool		pays;
	Datum		payee = (Datum) 0;
	ErrorContextCallback frame;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_BEFORE(trigger->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigger->tg_event) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("io_notify._accept() must be a BEFORE INSERT row trigger")));

	ion_hide_begin(&frame);
	desc = RelationGetDescr(trigger->tg_relation);
	state = accept_state(fcinfo, trigger->tg_relation);
	MemoryContextReset(state->row_cxt);
	old = MemoryContextSwitchTo(state->row_cxt);
	ion_message_row_read(trigger->tg_trigtuple, desc, &state->map, &row);
	find_service(state, &row);
	ion_message_check(&row, &scheduled);
	if (scheduled)
		scheduled_in = GetCurrentTransactionStartTimestamp();
	ion_capability_check(&row, state->service);
	tuple = ion_template_bind(state->templates, &row, trigger->tg_trigtuple, desc, &state->map, old);
	if (!row.isnull[ION_COL_IDEMPOTENCY_KEY])
		keep = take_idempotency_key(state, &row, desc);
	/* after the hash was taken: a payee of ours is not the sender's payload */
	pays = ion_default_payee(&row, state->service, &payee);
	MemoryContextSwitchTo(old);
	ion_hide_end(&frame);
	if (!keep)
		return PointerGetDatum(NULL);
	return PointerGetDatum(pays ? with_payee(tuple, desc, &state->map, payee) : tuple);
}

static HeapTuple
with_payee(HeapTuple tuple, TupleDesc desc, const IonColumnMap *map, Datum payee)
{
	int			attnum = map->attnum[ION_COL_PAYMENT_PAYEE] + 1;
	bool		isnull = false;

	return heap_modify_tuple_by_cols(tuple, desc, 1, &attnum, &payee, &isnull);
}

static AcceptState *
accept_state(FunctionCallInfo fcinfo, Relation rel)
{
	AcceptState *state = fcinfo->flinfo->fn_extra;

	if (state == NULL)
	{
		state = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(AcceptState));
		state->cxt = fcinfo->flinfo->fn_mcxt;
		state->caller = GetUserId();
		state->row_cxt = AllocSetContextCreate(fcinfo->flinfo->fn_mcxt, "io_notify row", ALLOCSET_DEFAULT_SIZES);
		state->templates = ion_template_check_create(fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = state;
	}
	if (state->relid != RelationGetRelid(rel))
		ion_own_relation_require(rel);
	if (state->relid != RelationGetRelid(rel) || state->map.natts != RelationGetDescr(rel)->natts)
	{
		ion_column_map_build(RelationGetDescr(rel), &state->map);
		state->relid = RelationGetRelid(rel);
	}
	/* one statement may run under several roles (a view, a definer function) */
	if (state->caller != GetUserId())
	{
		state->caller = GetUserId();
		state->service = NULL;
	}
	return state;
}

static void
read_service(AcceptState *state, const char *name)
{
	IonCaller	caller;

	state->service = ion_service_known(name);
	if (state->service == NULL)
	{
		SPI_connect();
		ion_owner_begin(&caller, true);
		state->service = ion_service_find(name);
		ion_owner_end(&caller);
		SPI_finish();
	}
	if (state->service == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("service \"%s\" does not exist", pnstrdup(name, Min(strlen(name), NAMEDATALEN))),
				 errhint("Services are registered in io_notify.service."),
				 errhidestmt(true)));
	ion_service_pin(&state->pin, state->cxt);
	ion_service_require(state->service, state->caller);
}

/* The first to be judged is who asks, then what was written. */
static void
find_service(AcceptState *state, const IonMessageRow *row)
{
	char	   *name;

	name = row->isnull[ION_COL_SERVICE] ? pstrdup("") : TextDatumGetCString(row->value[ION_COL_SERVICE]);
	if (name[0] == '\0')
		ion_value_error("service", "It is missing.", NULL);
	if (state->service == NULL || strcmp(name, state->service->name) != 0)
		read_service(state, name);
}

/*
 * Record the key.  False: the same key and payload came before, skip the row.
 * A concurrent statement with the same key makes us wait for its end.
 */
static bool
take_idempotency_key(AcceptState *state, const IonMessageRow *row, TupleDesc desc)
{
	uint8		hash[32];
	bytea	   *image = palloc(VARHDRSZ + sizeof(hash));
	Datum		values[4];
	IonCaller	caller;
	bool		taken;
	bool		same = false;

	ion_message_hash(row, &state->map, desc, hash);
	SET_VARSIZE(image, VARHDRSZ + sizeof(hash));
	memcpy(VARDATA(image), hash, sizeof(hash));
	values[0] = row->value[ION_COL_SERVICE];
	values[1] = row->value[ION_COL_IDEMPOTENCY_KEY];
	values[2] = PointerGetDatum(image);
	values[3] = row->value[ION_COL_ID];

	SPI_connect();
	ion_owner_begin(&caller, true);
	taken = ion_plan_run(&take_key, values, NULL, false) == 1;
	if (!taken && ion_plan_run(&same_key, values, NULL, false) == 1)
	{
		bool		isnull;

		same = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	}
	ion_owner_end(&caller);
	SPI_finish();
	if (!taken && !same)
		ereport(ERROR,
				(errcode(ERRCODE_UNIQUE_VIOLATION),
				 errmsg("idempotency key was used before with another message"),
				 errdetail("Service \"%s\" sent a different payload under this key.", state->service->name),
				 errhint("Use a new key for a new message; repeat a message unchanged."),
				 errhidestmt(true)));
	return taken;
}
