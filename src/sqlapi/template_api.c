/*-------------------------------------------------------------------------
 *
 * template_api.c
 *	  What the SQL functions of templates ask: checks, problems, versions.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "compat/compat.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "base/owner.h"
#include "channel/template_cache.h"
#include "queue/plan.h"
#include "render/param_type.h"
#include "render/sms_pattern.h"
#include "render/template_lint.h"
#include "render/template_text.h"
#include "render/text_check.h"

#define PARTIAL_NAMES_MAX	200 /* of one text */
#define LANGUAGES_MAX		16	/* asked for at once */

static IonPlan last_number = {
	"SELECT coalesce(max(greatest(version, retired_version)), 0) FROM io_notify.template WHERE name = $1",
	1, {TEXTOID}, NULL
};

typedef struct Names
{
	Datum	   *items;
	int			n;
} Names;

PG_FUNCTION_INFO_V1(ion_template_check_sql);
PG_FUNCTION_INFO_V1(ion_template_problems);
PG_FUNCTION_INFO_V1(ion_partial_names);
PG_FUNCTION_INFO_V1(ion_template_number);
PG_FUNCTION_INFO_V1(ion_template_matches);
PG_FUNCTION_INFO_V1(ion_registration_problem);
PG_FUNCTION_INFO_V1(ion_template_rendered);

static char *text_arg(FunctionCallInfo fcinfo, int n);
static const IonValue *json_arg(FunctionCallInfo fcinfo, int n);
ion_noreturn static void refuse(const char *which, const char *detail);
static void check_text(const char *which, const char *text, bool one_line);
static void found_problem(void *arg, bool is_error, const char *problem);
static bool collect_partial(void *arg, const IonTag *tag);
static int	language_list(ArrayType *array, const char **languages);
static IonFamily *find_family(const char *name, int32 version);

static char *
text_arg(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(n));
}

static const IonValue *
json_arg(FunctionCallInfo fcinfo, int n)
{
	Jsonb	   *jsonb;
	char	   *json;
	const char *error;
	const IonValue *value;

	if (PG_ARGISNULL(n))
		return NULL;
	jsonb = PG_GETARG_JSONB_P(n);
	json = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
	value = ion_json_parse(json, strlen(json), &error);
	if (value == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a JSON value cannot be read"),
				 errdetail("%s.", error)));
	return value;
}

static void
refuse(const char *which, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s of the template is not valid", which),
			 errdetail("%s.", detail)));
}

static void
check_text(const char *which, const char *text, bool one_line)
{
	IonTemplateError err;

	if (one_line && ion_text_has_control(text, strlen(text)))
		refuse(which, "It holds a control character");
	for (const char *c = text; *c != '\0'; c++)
	{
		if (((unsigned char) *c < ' ' && strchr("\t\r\n", *c) == NULL) || *c == 0x7f)
			refuse(which, "It holds a control character");
	}
	if (ion_template_parse(text, strlen(text), &err) == NULL)
		refuse(which, psprintf("Line %d, column %d: %s", err.line, err.column, err.message));
}

/* _template_check(kind, channel, subject, markdown, parameters) returns void. */
Datum
ion_template_check_sql(PG_FUNCTION_ARGS)
{
	char	   *kind = text_arg(fcinfo, 0);
	char	   *channel = text_arg(fcinfo, 1);
	char	   *subject = text_arg(fcinfo, 2);
	char	   *markdown = text_arg(fcinfo, 3);
	const IonValue *parameters = json_arg(fcinfo, 4);
	const char *error;

	/* what is missing altogether the table refuses itself */
	if (kind == NULL || markdown == NULL)
		PG_RETURN_VOID();
	if (strcmp(kind, "partial") == 0 && (subject != NULL || parameters != NULL))
		refuse(subject != NULL ? "subject" : "parameters", "A partial has none: it goes into the text of others");
	if (strcmp(kind, "partial") != 0 && subject == NULL &&
		(channel == NULL || strcmp(channel, ION_TEXT_CHANNEL_SMS) != 0))
		refuse("subject", "It is missing, and only an SMS goes without");
	if (subject != NULL)
		check_text("subject", subject, true);
	check_text("markdown", markdown, false);
	if (parameters != NULL && ion_param_declare(parameters, &error) == NULL)
		refuse("parameters", error);
	PG_RETURN_VOID();
}

static void
found_problem(void *arg, bool is_error, const char *problem)
{
	ReturnSetInfo *rsinfo = arg;
	Datum		values[2] = {CStringGetTextDatum(is_error ? "error" : "warning"), CStringGetTextDatum(problem)};
	bool		nulls[2] = {false, false};

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/*
 * _template_problems(kind, channel, subject, markdown, parameters, partials,
 * max_segments) returns setof (severity, problem).
 */
Datum
ion_template_problems(PG_FUNCTION_ARGS)
{
	char	   *kind = text_arg(fcinfo, 0);
	IonLintedText text = {
		.is_partial = kind != NULL && strcmp(kind, "partial") == 0,
		.channel = text_arg(fcinfo, 1),
		.subject = text_arg(fcinfo, 2),
		.markdown = text_arg(fcinfo, 3),
		.parameters = json_arg(fcinfo, 4),
		.partials = json_arg(fcinfo, 5),
		.sms_max_segments = PG_ARGISNULL(6) ? 0 : PG_GETARG_INT32(6),
	};

	InitMaterializedSRF(fcinfo, 0);
	if (text.markdown != NULL)
		ion_template_lint(&text, found_problem, fcinfo->resultinfo);
	return (Datum) 0;
}

static bool
collect_partial(void *arg, const IonTag *tag)
{
	Names	   *names = arg;

	if (tag->kind == ION_TAG_PARTIAL)
		names->items[names->n++] = PointerGetDatum(cstring_to_text_with_len(tag->name, tag->length));
	return names->n < PARTIAL_NAMES_MAX;
}

/* _partial_names(markdown) returns text[]; empty for what is no template. */
Datum
ion_partial_names(PG_FUNCTION_ARGS)
{
	text	   *markdown = PG_GETARG_TEXT_PP(0);
	Names		names = {palloc(sizeof(Datum) * PARTIAL_NAMES_MAX), 0};
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse(VARDATA_ANY(markdown), VARSIZE_ANY_EXHDR(markdown), &err);

	if (tpl != NULL)
		ion_template_tags(tpl, collect_partial, &names);
	PG_RETURN_ARRAYTYPE_P(construct_array(names.items, names.n, TEXTOID, -1, false, TYPALIGN_INT));
}

/*
 * _template_number(name) returns integer.  The lock makes numbers follow the
 * order of commits; the latest snapshot shows the last of them even to a
 * transaction that keeps an older one.
 */
Datum
ion_template_number(PG_FUNCTION_ARGS)
{
	Datum		name = PG_GETARG_DATUM(0);
	uint32		hash = DatumGetUInt32(DirectFunctionCall1Coll(hashtext, DEFAULT_COLLATION_OID, name));
	bool		isnull;
	int32		number;

	DirectFunctionCall2(pg_advisory_xact_lock_int4,
						DirectFunctionCall1Coll(hashtext, DEFAULT_COLLATION_OID, CStringGetTextDatum("io_notify.template")),
						Int32GetDatum((int32) hash));
	/* the rows this very statement has written count too */
	CommandCounterIncrement();
	SPI_connect();
	ion_plan_run_latest(&last_number, &name);
	number = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull)) + 1;
	SPI_finish();
	PG_RETURN_INT32(number);
}

/* _template_matches(rendered, pattern) returns boolean. */
Datum
ion_template_matches(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ion_sms_pattern_matches(text_to_cstring(PG_GETARG_TEXT_PP(0)), text_to_cstring(PG_GETARG_TEXT_PP(1))));
}

/* _registration_problem(markdown, pattern) returns (severity, problem), null when there is none. */
Datum
ion_registration_problem(PG_FUNCTION_ARGS)
{
	text	   *markdown = PG_GETARG_TEXT_PP(0);
	char	   *pattern = text_to_cstring(PG_GETARG_TEXT_PP(1));
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse(VARDATA_ANY(markdown), VARSIZE_ANY_EXHDR(markdown), &err);
	StringInfoData expected;
	TupleDesc	desc;
	Datum		values[2] = {0, 0};
	bool		nulls[2] = {true, true};

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	initStringInfo(&expected);
	if (tpl != NULL && !ion_sms_pattern_of(tpl, ION_SMS_HOLE, &expected))
	{
		values[0] = CStringGetTextDatum("warning");
		values[1] = CStringGetTextDatum("sections or partials decide what the text says: whether it matches the registered pattern shows when it is sent");
		nulls[0] = nulls[1] = false;
	}
	else if (tpl != NULL && !ion_sms_pattern_same(expected.data, pattern))
	{
		values[0] = CStringGetTextDatum("error");
		values[1] = CStringGetTextDatum(psprintf("the registered pattern is not this text, which would be: %s", expected.data));
		nulls[0] = nulls[1] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/*
 * _template_rendered(template, version, params, channel, languages, time_zone)
 * returns (subject, markdown, language, problem).
 */
Datum
ion_template_rendered(PG_FUNCTION_ARGS)
{
	char	   *name = text_arg(fcinfo, 0);
	const IonValue *params = json_arg(fcinfo, 2);
	char	   *channel = text_arg(fcinfo, 3);
	const char *languages[LANGUAGES_MAX];
	int			n_languages = 0;
	IonFamily  *family = NULL;
	IonTemplateText *text;
	StringInfoData subject;
	StringInfoData body;
	TupleDesc	desc;
	Datum		values[4] = {0};
	bool		nulls[4] = {true, true, true, true};
	const char *problem = NULL;

	/* what is kept asks nobody for rights */
	if (!ion_is_owner(GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only the tables' owner may read templates")));
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!PG_ARGISNULL(4))
		n_languages = language_list(PG_GETARG_ARRAYTYPE_P(4), languages);
	if (name != NULL && !PG_ARGISNULL(1))
		family = find_family(name, PG_GETARG_INT32(1));
	text = family == NULL ? NULL :
		ion_template_text_choose(family->texts, family->n_texts, channel == NULL ? "" : channel, languages, n_languages);
	initStringInfo(&subject);
	initStringInfo(&body);
	if (family == NULL)
		problem = "the template no longer exists";
	else if (text == NULL)
		problem = "the template has no text for this channel";
	else if (ion_family_render(family, text, params, text_arg(fcinfo, 5), &subject, &body, &problem))
	{
		values[0] = CStringGetTextDatum(subject.data);
		nulls[0] = text->subject == NULL;
		values[1] = CStringGetTextDatum(body.data);
		values[2] = CStringGetTextDatum(text->language);
		nulls[1] = nulls[2] = false;
	}
	if (problem != NULL)
	{
		values[3] = CStringGetTextDatum(problem);
		nulls[3] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

static int
language_list(ArrayType *array, const char **languages)
{
	Datum	   *items;
	bool	   *nulls;
	int			n;

	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls, &n);
	n = Min(n, LANGUAGES_MAX);
	for (int i = 0; i < n; i++)
		languages[i] = nulls[i] ? NULL : TextDatumGetCString(items[i]);
	return n;
}

/* Pinned until the current context is reset. */
static IonFamily *
find_family(const char *name, int32 version)
{
	MemoryContext cxt = CurrentMemoryContext;
	IonCaller	caller;
	IonFamily  *family;

	SPI_connect();
	ion_owner_begin(&caller, true);
	family = ion_family_get(name, version);
	if (family != NULL)
		ion_kept_pin(&family->kept, cxt);
	ion_owner_end(&caller);
	SPI_finish();
	return family;
}
