/*-------------------------------------------------------------------------
 *
 * service_trigger.c
 *	  Triggers on services and organizations: values, and what was changed.
 *
 * Members of an organization write services through functions, so what they
 * write is checked here first: a failing CHECK would print the row, and with
 * it the authorised recipients, into the server log.
 *
 * An organization must not stand above itself.  Each ancestor is read FOR
 * SHARE: two transactions that would close a cycle together wait for each
 * other and one of them fails, at any isolation level.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "base/fiscal_code.h"
#include "base/owner.h"
#include "intake/registry_trigger.h"
#include "intake/value_check.h"
#include "io_notify.h"
#include "net/url_check.h"
#include "queue/plan.h"
#include "render/mail_address.h"
#include "render/text_check.h"

#define LINE_CHARS_MAX			200
#define DESCRIPTION_CHARS_MAX	10000
#define AGE_MAX					999
#define ANCESTORS_MAX			100

typedef enum TextKind
{
	TEXT_LINE,					/* on one line, no control character */
	TEXT_LINES,
	TEXT_HTTPS,
	TEXT_MAIL,
	TEXT_PHONE,					/* an office's: toll-free numbers too */
	TEXT_LANGUAGE
} TextKind;

static const struct
{
	const char *column;
	TextKind	kind;
}			service_texts[] = {
	{"department", TEXT_LINE}, {"title", TEXT_LINE}, {"description", TEXT_LINES},
	{"topic", TEXT_LINE}, {"web_url", TEXT_HTTPS}, {"privacy_url", TEXT_HTTPS},
	{"tos_url", TEXT_HTTPS}, {"support_url", TEXT_HTTPS}, {"app_ios", TEXT_HTTPS},
	{"app_android", TEXT_HTTPS}, {"logo_url", TEXT_HTTPS}, {"email", TEXT_MAIL},
	{"pec", TEXT_MAIL}, {"phone", TEXT_PHONE}, {"address", TEXT_LINE},
	{"language", TEXT_LANGUAGE}
};

static const char *const channels_known[] = {"inbox", "push", "email", "sms", "webhook", "pec"};

static IonPlan parent_of = {
	"SELECT parent FROM io_notify.organization WHERE code = $1 FOR SHARE",
	1, {TEXTOID}, NULL
};
static IonPlan record_change = {
	"SELECT io_notify._service_changed($1, pg_catalog.to_jsonb($2), pg_catalog.to_jsonb($3))",
	3, {NAMEOID, RECORDOID, RECORDOID}, NULL
};

static void check_text(const char *column, TextKind kind, const char *value);
static bool office_phone_valid(const char *text);
static void check_url(const char *column, const char *url, bool https_only);
static int	text_elements(FunctionCallInfo fcinfo, HeapTuple tuple, const char *column, Datum **elements, bool **nulls);
static void check_channels(FunctionCallInfo fcinfo, HeapTuple tuple);
static void check_recipients(FunctionCallInfo fcinfo, HeapTuple tuple);
static void check_numbers(FunctionCallInfo fcinfo, HeapTuple tuple);
static void check_parents(const char *code, const char *parent);

PG_FUNCTION_INFO_V1(ion_check_service);
PG_FUNCTION_INFO_V1(ion_check_organization);
PG_FUNCTION_INFO_V1(ion_service_by_hand);

Datum
ion_check_service(PG_FUNCTION_ARGS)
{
	HeapTuple	tuple = ion_registry_row(fcinfo);
	char	   *value;

	for (size_t i = 0; i < lengthof(service_texts); i++)
	{
		value = ion_registry_column(fcinfo, tuple, service_texts[i].column);
		if (value != NULL)
			check_text(service_texts[i].column, service_texts[i].kind, value);
	}
	value = ion_registry_column(fcinfo, tuple, "scope");
	if (value != NULL && strcmp(value, "national") != 0 && strcmp(value, "local") != 0)
		ion_registry_error("scope of the service", "It must be national or local");
	value = ion_registry_column(fcinfo, tuple, "webhook_url");
	if (value != NULL)
		check_url("webhook_url", value, false);
	check_channels(fcinfo, tuple);
	check_recipients(fcinfo, tuple);
	check_numbers(fcinfo, tuple);
	return PointerGetDatum(tuple);
}

static void
check_text(const char *column, TextKind kind, const char *value)
{
	const char *what = psprintf("%s of the service", column);
	size_t		length = strlen(value);
	int			chars = ion_text_char_count(value, length);
	int			limit = kind == TEXT_LINES ? DESCRIPTION_CHARS_MAX : LINE_CHARS_MAX;
	const char *error;

	if (kind == TEXT_HTTPS)
	{
		check_url(column, value, true);
		return;
	}
	if (chars > limit || strspn(value, " \t\r\n") == length)
		ion_registry_error(what, psprintf("It must have 1 to %d characters, or be null", limit));
	if (kind != TEXT_LINES && ion_text_has_control(value, length))
		ion_registry_error(what, "It holds a control character");
	for (size_t i = 0; i < length; i++)
	{
		unsigned char c = value[i];

		if ((c < 0x20 && strchr("\n\r\t", c) == NULL) || c == 0x7f)
			ion_registry_error(what, "It holds a control character");
	}
	if (kind == TEXT_MAIL && !ion_mail_address_valid(value, &error))
		ion_registry_error(what, error);
	if (kind == TEXT_PHONE && !office_phone_valid(value))
		ion_registry_error(what, "It must have 3 to 20 digits, and between them only spaces and + - . / ( )");
	if (kind == TEXT_LANGUAGE && !ion_language_valid(value, length))
		ion_registry_error(what, "It must be a language tag such as it or de-AT");
}

static bool
office_phone_valid(const char *text)
{
	int			digits = 0;

	for (; *text != '\0'; text++)
	{
		if (*text >= '0' && *text <= '9')
			digits++;
		else if (strchr(" +-./()", *text) == NULL)
			return false;
	}
	return digits >= 3 && digits <= 20;
}

static void
check_url(const char *column, const char *url, bool https_only)
{
	const char *what = psprintf("%s of the service", column);
	const char *error;
	IonUrl		parsed;

	if (!ion_url_parse(url, &parsed, &error))
		ion_registry_error(what, https_only ? psprintf("It must be an https URL: %s", error) : error);
	if (strcmp(parsed.scheme, "https") != 0 && (https_only || strcmp(parsed.scheme, "http") != 0))
		ion_registry_error(what, https_only ? "Its scheme must be https" : "Its scheme must be https or http");
}

static int
text_elements(FunctionCallInfo fcinfo, HeapTuple tuple, const char *column, Datum **elements, bool **nulls)
{
	TupleDesc	desc = RelationGetDescr(((TriggerData *) fcinfo->context)->tg_relation);
	bool		isnull;
	Datum		array = SPI_getbinval(tuple, desc, SPI_fnumber(desc, column), &isnull);
	int			n = 0;

	if (!isnull)
		deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, elements, nulls, &n);
	return n;
}

static void
check_channels(FunctionCallInfo fcinfo, HeapTuple tuple)
{
	bool		seen[lengthof(channels_known)] = {false};
	Datum	   *elements;
	bool	   *nulls;
	int			n = text_elements(fcinfo, tuple, "channels", &elements, &nulls);

	if (n == 0)
		ion_registry_error("channels of the service", "It must name at least one");
	for (int i = 0; i < n; i++)
	{
		const char *name = nulls[i] ? "" : TextDatumGetCString(elements[i]);
		size_t		c = 0;

		while (c < lengthof(channels_known) && strcmp(name, channels_known[c]) != 0)
			c++;
		if (c == lengthof(channels_known))
			ion_registry_error("channels of the service", "There are inbox, push, email, sms, webhook and pec");
		if (seen[c])
			ion_registry_error("channels of the service", psprintf("It names %s twice", name));
		seen[c] = true;
	}
}

static void
check_recipients(FunctionCallInfo fcinfo, HeapTuple tuple)
{
	Datum	   *elements;
	bool	   *nulls;
	int			n = text_elements(fcinfo, tuple, "authorized_recipients", &elements, &nulls);

	for (int i = 0; i < n; i++)
		ion_registry_fiscal_code("authorized_recipients of the service",
								 nulls[i] ? "" : TextDatumGetCString(elements[i]));
}

static void
check_numbers(FunctionCallInfo fcinfo, HeapTuple tuple)
{
	static const char *const ages[] = {"age_min", "age_max"};
	TupleDesc	desc = RelationGetDescr(((TriggerData *) fcinfo->context)->tg_relation);
	int			limit[2] = {0, AGE_MAX};
	bool		isnull;
	Datum		value;

	for (int i = 0; i < 2; i++)
	{
		value = SPI_getbinval(tuple, desc, SPI_fnumber(desc, ages[i]), &isnull);
		if (!isnull)
			limit[i] = DatumGetInt32(value);
		if (limit[i] < 0 || limit[i] > AGE_MAX)
			ion_registry_error(psprintf("%s of the service", ages[i]), psprintf("It must be 0 to %d years", AGE_MAX));
	}
	if (limit[0] > limit[1])
		ion_registry_error("age_min of the service", "It is above age_max");

	value = SPI_getbinval(tuple, desc, SPI_fnumber(desc, "default_time_to_live"), &isnull);
	if (!isnull && !ion_time_to_live_valid(DatumGetIntervalP(value)))
		ion_registry_error("default_time_to_live of the service",
						   psprintf("It must be positive and at most %d days", ION_TTL_MAX_DAYS));
}

/*
 * The fiscal code of an organization is a Partita IVA, check digit included:
 * payments name it as their payee.
 */
Datum
ion_check_organization(PG_FUNCTION_ARGS)
{
	HeapTuple	tuple = ion_registry_row(fcinfo);
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	char	   *code = ion_registry_column(fcinfo, tuple, "code");
	char	   *parent = ion_registry_column(fcinfo, tuple, "parent");
	char	   *fiscal_code = ion_registry_column(fcinfo, tuple, "fiscal_code");
	char	   *language = ion_registry_column(fcinfo, tuple, "default_language");

	if (fiscal_code != NULL && !ion_vat_number_valid(fiscal_code))
		ion_registry_error("fiscal_code of the organization", "It must be 11 digits, the last of them the check digit of a Partita IVA");
	if (language != NULL && !ion_language_valid(language, strlen(language)))
		ion_registry_error("default_language of the organization", "It must be a language tag such as it or de-AT");
	if (parent != NULL && code != NULL)
	{
		char	   *before = NULL;

		if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
			before = ion_registry_column(fcinfo, trigger->tg_trigtuple, "parent");
		if (before == NULL || strcmp(before, parent) != 0 || strcmp(code, parent) == 0)
			check_parents(code, parent);
	}
	return PointerGetDatum(tuple);
}

/* Walk up from parent; code must not be met, nor the walk be endless. */
static void
check_parents(const char *code, const char *parent)
{
	IonCaller	caller;
	int			steps = 0;

	SPI_connect();
	ion_owner_begin(&caller, true);
	while (parent != NULL)
	{
		Datum		value = CStringGetTextDatum(parent);

		if (strcmp(parent, code) == 0)
			ion_registry_error("parent of the organization", "The organization would stand above itself");
		if (++steps > ANCESTORS_MAX)
			ion_registry_error("parent of the organization", psprintf("More than %d organizations would stand above", ANCESTORS_MAX));
		/* one that does not exist is the foreign key's to refuse */
		if (ion_plan_run(&parent_of, &value, NULL, false) == 0)
			break;
		parent = SPI_getvalue(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1);
	}
	ion_owner_end(&caller);
	SPI_finish();
}

/*
 * AFTER a row of service was written: put it into service_history.  Behind a
 * door we stay silent: the functions there record what they do, and why.
 */
Datum
ion_service_by_hand(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc	desc;
	Datum		values[3];
	char		nulls[4] = "   ";
	NameData	actor;
	IonCaller	caller;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_AFTER(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("io_notify._service_by_hand() must be an AFTER row trigger")));
	ion_own_relation_require(trigger->tg_relation);
	if (InSecurityRestrictedOperation())
		return PointerGetDatum(NULL);

	desc = RelationGetDescr(trigger->tg_relation);
	namestrcpy(&actor, GetUserNameFromId(GetUserId(), false));
	values[0] = NameGetDatum(&actor);
	values[1] = values[2] = heap_copy_tuple_as_datum(trigger->tg_trigtuple, desc);
	if (TRIGGER_FIRED_BY_INSERT(trigger->tg_event))
		nulls[1] = 'n';
	else if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		nulls[2] = 'n';
	else
		values[2] = heap_copy_tuple_as_datum(trigger->tg_newtuple, desc);
	SPI_connect();
	ion_owner_begin(&caller, true);
	ion_plan_run(&record_change, values, nulls, false);
	ion_owner_end(&caller);
	SPI_finish();
	return PointerGetDatum(NULL);
}
