/*-------------------------------------------------------------------------
 *
 * as_owner.c
 *	  One door through which people act on tables they may not touch.
 *
 * A public function declared AS 'ion_as_owner' runs the function of the same
 * arguments whose name has an underscore before it, with the rights of the
 * tables' owner, a pinned search_path and SECURITY_RESTRICTED_OPERATION.
 * What stands behind the door asks who is calling (_caller, _caller_is,
 * _require): authority is rows in our tables, so it is dumped with them and
 * outlives DROP EXTENSION, which grants on functions do not.
 *
 * What people say to such functions may be about citizens, so no statement
 * that ends in an error there is copied into the server log.
 *
 * SECURITY DEFINER would not do: an extension's functions belong to the
 * superuser who created it, the tables to whoever called install().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_proc.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/log_guard.h"
#include "base/owner.h"
#include "intake/authority.h"
#include "io_notify.h"
#include "sqlapi/as_owner.h"

PG_FUNCTION_INFO_V1(ion_as_owner);
PG_FUNCTION_INFO_V1(ion_caller);
PG_FUNCTION_INFO_V1(ion_caller_is);
PG_FUNCTION_INFO_V1(ion_require);

/* who stands before the door; InvalidOid when nobody went through it */
static Oid	door_caller = InvalidOid;

static Oid	behind_the_door(Oid door);

/*
 * The function that door stands for: the same arguments, "_" before the name.
 * It is called past the executor, so what that would see to must hold.
 */
static Oid
behind_the_door(Oid door)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(door));
	Form_pg_proc form;
	char		name[NAMEDATALEN];
	HeapTuple	target;
	Oid			oid = InvalidOid;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", door);
	form = (Form_pg_proc) GETSTRUCT(tuple);
	snprintf(name, sizeof(name), "_%s", NameStr(form->proname));
	target = SearchSysCache3(PROCNAMEARGSNSP, CStringGetDatum(name),
							 PointerGetDatum(&form->proargtypes), ObjectIdGetDatum(form->pronamespace));
	if (HeapTupleIsValid(target))
	{
		Form_pg_proc stands = (Form_pg_proc) GETSTRUCT(target);

		oid = stands->oid;
		if (stands->prorettype != form->prorettype || stands->proretset != form->proretset ||
			(stands->proisstrict && !form->proisstrict))
			elog(ERROR, "function %s does not fit its door", name);
		ReleaseSysCache(target);
	}
	ReleaseSysCache(tuple);
	if (!OidIsValid(oid))
		elog(ERROR, "there is no function %s with these arguments", name);
	return oid;
}

/*
 * The error case needs no care for the user id and the settings: the abort
 * restores them.  The caller's name is ours to restore.
 */
Datum
ion_as_owner(PG_FUNCTION_ARGS)
{
	FmgrInfo   *target = fcinfo->flinfo->fn_extra;
	LOCAL_FCINFO(call, FUNC_MAX_ARGS);
	Oid			before = door_caller;
	ErrorContextCallback frame;
	IonCaller	who;
	Datum		result;

	if (target == NULL)
	{
		target = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(FmgrInfo));
		fmgr_info_cxt(behind_the_door(fcinfo->flinfo->fn_oid), target, fcinfo->flinfo->fn_mcxt);
		fcinfo->flinfo->fn_extra = target;
	}
	InitFunctionCallInfoData(*call, target, PG_NARGS(), PG_GET_COLLATION(), NULL, fcinfo->resultinfo);
	memcpy(call->args, fcinfo->args, sizeof(NullableDatum) * PG_NARGS());

	ion_owner_begin(&who, true);
	/* a function behind the door may use another door: who came in stays */
	if (!OidIsValid(door_caller))
		door_caller = who.user;
	ion_hide_begin(&frame);
	PG_TRY();
	{
		result = FunctionCallInvoke(call);
	}
	PG_FINALLY();
	{
		door_caller = before;
	}
	PG_END_TRY();
	ion_hide_end(&frame);
	ion_owner_end(&who);
	fcinfo->isnull = call->isnull;
	return result;
}

Oid
ion_door_caller(void)
{
	return OidIsValid(door_caller) ? door_caller : GetUserId();
}

/* _caller() returns name: the role that asks, also behind the door. */
Datum
ion_caller(PG_FUNCTION_ARGS)
{
	Name		name = palloc0(NAMEDATALEN);

	(void) fcinfo;
	namestrcpy(name, GetUserNameFromId(ion_door_caller(), false));
	PG_RETURN_NAME(name);
}

/*
 * _caller_is(kind, object) returns boolean: whether the caller is owner,
 * operator, analyst, app, a member of the service object or of the
 * organization object (or of one above it).  The owner is all of them.
 */
Datum
ion_caller_is(PG_FUNCTION_ARGS)
{
	char	   *object = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (PG_ARGISNULL(0))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(ion_role_is(ion_door_caller(), text_to_cstring(PG_GETARG_TEXT_PP(0)), object));
}

/* _require(kind, object) returns void: 42501 unless _caller_is(). */
Datum
ion_require(PG_FUNCTION_ARGS)
{
	char	   *kind = PG_ARGISNULL(0) ? "nobody" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *object = PG_ARGISNULL(1) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(1));

	if (!ion_role_is(ion_door_caller(), kind, object))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 object != NULL ?
				 errmsg("role \"%s\" is no member of %s \"%s\"", GetUserNameFromId(ion_door_caller(), true), kind, object) :
				 errmsg("role \"%s\" may not act as %s", GetUserNameFromId(ion_door_caller(), true), kind),
				 strcmp(kind, "owner") == 0 ? 0 :
				 errhint("The owner of the tables can SELECT io_notify.grant_%s(…).",
						 strcmp(kind, "service") == 0 ? "sender" : kind),
				 errhidestmt(true)));
	PG_RETURN_VOID();
}
