/*-------------------------------------------------------------------------
 *
 * pure_api.c
 *	  SQL functions that read no table: identifiers, checks, rendering.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "compat/compat.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/fiscal_code.h"
#include "base/settings.h"
#include "base/uuid7.h"
#include "render/json_value.h"
#include "render/markdown.h"
#include "render/sms_text.h"
#include "render/template.h"
#include "render/template_partials.h"

PG_FUNCTION_INFO_V1(ion_uuid_v7);
PG_FUNCTION_INFO_V1(ion_uuid_v7_floor);
PG_FUNCTION_INFO_V1(ion_fiscal_code_valid);
PG_FUNCTION_INFO_V1(ion_markdown_to_html_sql);
PG_FUNCTION_INFO_V1(ion_render_sql);
PG_FUNCTION_INFO_V1(ion_sms_segments);

static int64 unix_ms(TimestampTz at);
static IonValue *jsonb_value(const char *what, Jsonb *jsonb);

static int64
unix_ms(TimestampTz at)
{
	return at / 1000 + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000;
}

Datum
ion_uuid_v7(PG_FUNCTION_ARGS)
{
	/* random bytes are drawn for many at once: one call of the generator each
	 * would cost more than all the rest */
	static IonUuid7State state;
	static uint8 pool[512];
	static size_t used = sizeof(pool);
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));

	(void) fcinfo;
	if (used + 8 > sizeof(pool))
	{
		if (!pg_strong_random(pool, sizeof(pool)))
			ereport(ERROR,
					(errcode(ERRCODE_INTERNAL_ERROR),
					 errmsg("could not generate random values")));
		used = 0;
	}
	ion_uuid7_next(&state, unix_ms(GetCurrentTimestamp()), pool + used, uuid->data);
	used += 8;
	PG_RETURN_UUID_P(uuid);
}

Datum
ion_uuid_v7_floor(PG_FUNCTION_ARGS)
{
	pg_uuid_t  *uuid = palloc(sizeof(pg_uuid_t));
	int64		ms = unix_ms(PG_GETARG_TIMESTAMPTZ(0));

	ion_uuid7_floor(Max(Min(ms, ION_UUID7_MS_MAX), 0), uuid->data);
	PG_RETURN_UUID_P(uuid);
}

Datum
ion_fiscal_code_valid(PG_FUNCTION_ARGS)
{
	text	   *code = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(ion_fiscal_code_check(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code), ion_check_fiscal_code) ==
				   ION_FISCAL_CODE_VALID);
}

Datum
ion_markdown_to_html_sql(PG_FUNCTION_ARGS)
{
	text	   *markdown = PG_GETARG_TEXT_PP(0);
	StringInfoData html;
	const char *error;

	initStringInfo(&html);
	if (!ion_markdown_to_html(VARDATA_ANY(markdown), VARSIZE_ANY_EXHDR(markdown), &html, &error))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the Markdown text cannot be rendered"),
				 errdetail("%s.", error)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(html.data, html.len));
}

static IonValue *
jsonb_value(const char *what, Jsonb *jsonb)
{
	char	   *json = JsonbToCString(NULL, &jsonb->root, VARSIZE(jsonb));
	const char *error;
	IonValue   *value = ion_json_parse(json, strlen(json), &error);

	if (value == NULL || value->kind != ION_JSON_OBJECT)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be a JSON object", what),
				 value == NULL ? errdetail("%s.", error) : 0));
	return value;
}

Datum
ion_render_sql(PG_FUNCTION_ARGS)
{
	text	   *source = PG_GETARG_TEXT_PP(0);
	IonValue   *params = jsonb_value("params", PG_GETARG_JSONB_P(1));
	char	   *escape_name = text_to_cstring(PG_GETARG_TEXT_PP(2));
	IonValue   *texts = jsonb_value("partials", PG_GETARG_JSONB_P(3));
	bool		found;
	IonEscape	escape = ion_escape_by_name(escape_name, &found);
	const char *error;
	IonPartials *partials;
	IonTemplate *tpl;
	IonTemplateError te;
	StringInfoData out;

	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown escape \"%s\"", escape_name),
				 errhint("The escapes are html, none, json, url, markdown, header and sms.")));
	partials = ion_partials_create(texts, &error);
	if (partials == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("partials are not valid"),
				 errdetail("%s.", error)));
	initStringInfo(&out);
	tpl = ion_template_parse(VARDATA_ANY(source), VARSIZE_ANY_EXHDR(source), &te);
	if (tpl == NULL ||
		!ion_template_render(tpl, params, escape, ion_partials_lookup, partials, &out, &te))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the template cannot be rendered"),
				 te.partial[0] ? errdetail("Partial \"%s\", line %d, column %d: %s.", te.partial, te.line, te.column, te.message)
				 : errdetail("Line %d, column %d: %s.", te.line, te.column, te.message)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* sms_segments(): encoding, units, segments. */
Datum
ion_sms_segments(PG_FUNCTION_ARGS)
{
	text	   *content = PG_GETARG_TEXT_PP(0);
	TupleDesc	desc;
	Datum		values[3];
	bool		nulls[3] = {false};
	IonSmsSize	size;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (!ion_sms_measure(VARDATA_ANY(content), VARSIZE_ANY_EXHDR(content), &size))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the text cannot be sent as an SMS"),
				 size.segments > ION_SMS_SEGMENTS_MAX ?
				 errdetail("It needs more than %d segments.", ION_SMS_SEGMENTS_MAX) :
				 errdetail("It is not UTF-8.")));
	values[0] = CStringGetTextDatum(ion_sms_encoding_name(size.encoding));
	values[1] = Int32GetDatum(size.units);
	values[2] = Int32GetDatum(size.segments);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
