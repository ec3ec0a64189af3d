/*-------------------------------------------------------------------------
 *
 * acting_citizen.c
 *	  For whom a session of the citizens' app acts.
 *
 * The app's back end is one database role and serves everybody; the setting
 * io_notify.citizen says whose data its next statements are about.  Anybody
 * can set it, so it counts only for roles in io_notify.access.
 *
 * Row-level policies and triggers ask for every statement, some for every
 * row; reading io_notify.access each time would cost more than the statement.
 * The answer about a role is kept until something may have changed it: the
 * next transaction, the end of a subtransaction, or a command of our own that
 * wrote.  A grant revoked elsewhere therefore counts from the next
 * transaction on.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"

#include "base/fiscal_code.h"
#include "base/log_guard.h"
#include "base/settings.h"
#include "compat/compat.h"
#include "intake/acting_citizen.h"
#include "intake/authority.h"

typedef struct KnownRole
{
	Oid			role;
	LocalTransactionId transaction;
	SubTransactionId subtransaction;
	CommandId	command;
	bool		is_app;
} KnownRole;

static KnownRole known = {InvalidOid, InvalidLocalTransactionId, InvalidSubTransactionId, FirstCommandId, false};

static bool is_app(Oid role);

PG_FUNCTION_INFO_V1(ion_act_for);

static bool
is_app(Oid role)
{
	if (known.role != role || known.transaction != ion_local_xid() ||
		known.subtransaction != GetCurrentSubTransactionId() ||
		known.command != GetCurrentCommandId(false))
	{
		known.role = InvalidOid;
		known.is_app = ion_role_is(role, "app", NULL);
		known.transaction = ion_local_xid();
		known.subtransaction = GetCurrentSubTransactionId();
		known.command = GetCurrentCommandId(false);
		known.role = role;
	}
	return known.is_app;
}

const char *
ion_acting_citizen(Oid role)
{
	if (ion_citizen == NULL || ion_citizen[0] == '\0' || !is_app(role))
		return NULL;
	return ion_citizen;
}

/*
 * act_for(fiscal_code text, is_local boolean) returns void: sets the citizen,
 * until the transaction's end when is_local.  NULL or '' ends it.  22023 for
 * what is no fiscal code, 42501 for a role that serves no citizens.
 */
Datum
ion_act_for(PG_FUNCTION_ARGS)
{
	char	   *code = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	bool		is_local = PG_ARGISNULL(1) || PG_GETARG_BOOL(1);
	ErrorContextCallback frame;

	ion_hide_begin(&frame);
	if (code[0] != '\0')
	{
		IonFiscalCodeVerdict verdict = ion_fiscal_code_check(code, strlen(code), ion_check_fiscal_code);

		if (!is_app(GetUserId()))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("role \"%s\" may not act for citizens", GetUserNameFromId(GetUserId(), true)),
					 errhint("The owner of the tables can SELECT io_notify.grant_app(role).")));
		if (verdict != ION_FISCAL_CODE_VALID)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("fiscal_code is not valid"),
					 errdetail("%s.", ion_fiscal_code_verdict_text(verdict))));
	}
	(void) set_config_option("io_notify.citizen", code, superuser() ? PGC_SUSET : PGC_USERSET, PGC_S_SESSION,
							 is_local ? GUC_ACTION_LOCAL : GUC_ACTION_SET, true, 0, false);
	ion_hide_end(&frame);
	PG_RETURN_VOID();
}
