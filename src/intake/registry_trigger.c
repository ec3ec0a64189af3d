/*-------------------------------------------------------------------------
 *
 * registry_trigger.c
 *	  What the registry's triggers share, and what keeps evidence as it is.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/fiscal_code.h"
#include "base/owner.h"
#include "base/settings.h"
#include "intake/registry_trigger.h"

PG_FUNCTION_INFO_V1(ion_append_only);

HeapTuple
ion_registry_row(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function must be a BEFORE row trigger")));
	ion_own_relation_require(trigger->tg_relation);
	return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
}

char *
ion_registry_column(FunctionCallInfo fcinfo, HeapTuple tuple, const char *name)
{
	TupleDesc	desc = RelationGetDescr(((TriggerData *) fcinfo->context)->tg_relation);

	return SPI_getvalue(tuple, desc, SPI_fnumber(desc, name));
}

void
ion_registry_error(const char *what, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is not valid", what),
			 errdetail("%s.", detail),
			 errhidestmt(true)));
}

void
ion_registry_fiscal_code(const char *what, const char *code)
{
	IonFiscalCodeVerdict verdict = ion_fiscal_code_check(code, strlen(code), ion_check_fiscal_code);

	if (verdict != ION_FISCAL_CODE_VALID)
		ion_registry_error(what, ion_fiscal_code_verdict_text(verdict));
}

Datum
ion_append_only(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	(void) ion_registry_row(fcinfo);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("rows of \"%s\" cannot be changed", RelationGetRelationName(trigger->tg_relation)),
			 errdetail("They are evidence."),
			 errhidestmt(true)));
	PG_RETURN_NULL();
}
