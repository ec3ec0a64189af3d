/*-------------------------------------------------------------------------
 *
 * registry_trigger.c
 *	  Triggers that check citizens, services and templates when written.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "base/fiscal_code.h"
#include "base/settings.h"
#include "intake/value_check.h"
#include "net/url_check.h"
#include "render/mail_address.h"
#include "render/template.h"
#include "render/text_check.h"

static HeapTuple new_row(FunctionCallInfo fcinfo);
static char *column(FunctionCallInfo fcinfo, HeapTuple tuple, const char *name);
ion_noreturn static void registry_error(const char *what, const char *detail);
static void require_fiscal_code(const char *what, const char *code);
static void check_template_text(const char *which, const char *text);

PG_FUNCTION_INFO_V1(ion_check_citizen);
PG_FUNCTION_INFO_V1(ion_check_service);
PG_FUNCTION_INFO_V1(ion_check_template);
PG_FUNCTION_INFO_V1(ion_append_only);

static HeapTuple
new_row(FunctionCallInfo fcinfo)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function must be a BEFORE row trigger")));
	return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
}

static char *
column(FunctionCallInfo fcinfo, HeapTuple tuple, const char *name)
{
	TupleDesc	desc = RelationGetDescr(((TriggerData *) fcinfo->context)->tg_relation);

	return SPI_getvalue(tuple, desc, SPI_fnumber(desc, name));
}

static void
registry_error(const char *what, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s is not valid", what),
			 errdetail("%s.", detail),
			 errhidestmt(true)));
}

/* Never says the code itself: it would be copied into the server log. */
static void
require_fiscal_code(const char *what, const char *code)
{
	IonFiscalCodeVerdict verdict = ion_fiscal_code_check(code, strlen(code), ion_check_fiscal_code);

	if (verdict != ION_FISCAL_CODE_VALID)
		registry_error(what, ion_fiscal_code_verdict_text(verdict));
}

Datum
ion_check_citizen(PG_FUNCTION_ARGS)
{
	HeapTuple	tuple = new_row(fcinfo);
	static const char *const mail_columns[] = {"email", "pec"};
	char	   *value;
	const char *error;

	value = column(fcinfo, tuple, "fiscal_code");
	if (value == NULL)
		registry_error("fiscal_code of the citizen", "It is missing");
	require_fiscal_code("fiscal_code of the citizen", value);
	for (int i = 0; i < 2; i++)
	{
		value = column(fcinfo, tuple, mail_columns[i]);
		if (value != NULL && !ion_mail_address_valid(value, &error))
			registry_error(psprintf("%s of the citizen", mail_columns[i]), error);
	}
	value = column(fcinfo, tuple, "phone");
	if (value != NULL && !ion_phone_valid(value, strlen(value)))
		registry_error("phone of the citizen", "It must be in E.164 form: + and 8 to 15 digits");
	value = column(fcinfo, tuple, "language");
	if (value != NULL && !ion_language_valid(value, strlen(value)))
		registry_error("language of the citizen", "It must be a language tag such as it or de-AT");
	return PointerGetDatum(tuple);
}

Datum
ion_check_service(PG_FUNCTION_ARGS)
{
	HeapTuple	tuple = new_row(fcinfo);
	TupleDesc	desc = RelationGetDescr(((TriggerData *) fcinfo->context)->tg_relation);
	char	   *url = column(fcinfo, tuple, "webhook_url");
	const char *error;
	IonUrl		parsed;
	bool		isnull;
	Datum		recipients = SPI_getbinval(tuple, desc, SPI_fnumber(desc, "authorized_recipients"), &isnull);

	if (url != NULL)
	{
		if (!ion_url_parse(url, &parsed, &error))
			registry_error("webhook_url of the service", error);
		if (strcmp(parsed.scheme, "https") != 0 && strcmp(parsed.scheme, "http") != 0)
			registry_error("webhook_url of the service", "Its scheme must be https or http");
	}
	if (!isnull)
	{
		Datum	   *elements;
		bool	   *nulls;
		int			n;

		deconstruct_array(DatumGetArrayTypeP(recipients), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
		for (int i = 0; i < n; i++)
		{
			char	   *code = nulls[i] ? pstrdup("") : TextDatumGetCString(elements[i]);

			require_fiscal_code("authorized_recipients of the service", code);
		}
	}
	return PointerGetDatum(tuple);
}

static void
check_template_text(const char *which, const char *text)
{
	IonTemplateError error;

	if (ion_template_parse(text, strlen(text), &error) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s of the template is not valid", which),
				 errdetail("Line %d, column %d: %s.", error.line, error.column, error.message)));
}

Datum
ion_check_template(PG_FUNCTION_ARGS)
{
	HeapTuple	tuple = new_row(fcinfo);
	char	   *subject = column(fcinfo, tuple, "subject");
	char	   *markdown = column(fcinfo, tuple, "markdown");

	if (subject != NULL)
	{
		if (ion_text_has_control(subject, strlen(subject)))
			registry_error("subject of the template", "It holds a control character");
		check_template_text("subject", subject);
	}
	if (markdown != NULL)
		check_template_text("markdown", markdown);
	return PointerGetDatum(tuple);
}

Datum
ion_append_only(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	(void) new_row(fcinfo);
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("rows of \"%s\" cannot be changed", RelationGetRelationName(trigger->tg_relation)),
			 errdetail("They are the evidence of what was sent."),
			 errhidestmt(true)));
	PG_RETURN_NULL();
}
