/*-------------------------------------------------------------------------
 *
 * preview_api.c
 *	  preview(): what each channel would carry.
 *
 * A job is made as a claim makes it, from a message or from a template with
 * params, and goes through the code that dispatchers run: what is shown is
 * what is sent.  Nothing is stored.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

#include "base/owner.h"
#include "channel/content.h"
#include "channel/layout_cache.h"
#include "channel/rendition.h"
#include "channel/template_cache.h"
#include "crypto/unsubscribe_token.h"
#include "queue/decision.h"
#include "queue/plan.h"
#include "render/front_matter.h"
#include "render/json_value.h"
#include "render/markdown.h"
#include "render/preview_page.h"

PG_FUNCTION_INFO_V1(ion_preview_render);
PG_FUNCTION_INFO_V1(ion_preview_page);
PG_FUNCTION_INFO_V1(ion_unsubscribe_verify);

enum
{
	COL_ID = 1, COL_SERVICE, COL_TITLE, COL_SECURE, COL_ORGANIZATION, COL_CODE, COL_SERVICE_LANGUAGE, COL_ORGANIZATION_LANGUAGE,
	COL_PREVIEW, COL_SEGMENTS, COL_TRANSLITERATE, COL_CHANNELS, COL_SUBJECT, COL_MARKDOWN, COL_TEMPLATE, COL_VERSION, COL_PARAMS,
	COL_LANGUAGE, COL_CITIZEN_LANGUAGE, COL_ZONE, COL_PUSH_FULL, COL_CREATED, COL_DUE, COL_AMOUNT, COL_NOTICE, COL_PAYEE,
	COL_INVALID_AFTER, COL_RECIPIENT, COL_REFERENCE, COL_PRIORITY, COL_MANDATORY
};

/* Stands for the token of a mail's unsubscribe link; none is as short. */
#define NO_TOKEN	"preview"

/* What a claim reads of a message; the citizen's choices show as they are now. */
static IonPlan read_message = {
	"SELECT m.id, m.service, s.title, coalesce(m.require_secure_channels, false) OR coalesce(s.require_secure_channels, false), "
	"  o.name, o.code, s.language, o.default_language, s.email_content = 'preview', s.sms_max_segments, s.sms_transliterate, s.channels, "
	"  m.subject, m.markdown, m.template, m.template_version, m.params::text, coalesce($2, m.language), z.language, z.time_zone, "
	"  coalesce(z.push_detail = 'full', true), m.created_at, m.due_date, m.payment_amount, m.payment_notice, m.payment_payee, "
	"  m.payment_invalid_after_due_date, m.recipient, m.reference, m.priority, coalesce(s.mandatory, false) "
	"FROM io_notify.message m LEFT JOIN io_notify.service s ON s.name = m.service "
	"LEFT JOIN io_notify.organization o ON o.code = s.organization LEFT JOIN io_notify.citizen z ON z.fiscal_code = m.recipient "
	"WHERE m.id = $1",
	2, {UUIDOID, TEXTOID}, NULL
};

/* The same of a message that does not exist. */
static IonPlan read_template = {
	"SELECT '00000000-0000-7000-8000-000000000000'::uuid, coalesce(s.name, ''), s.title, coalesce(s.require_secure_channels, false), o.name, o.code, s.language, o.default_language, "
	"  coalesce(s.email_content = 'preview', false), coalesce(s.sms_max_segments, 3), coalesce(s.sms_transliterate, true), s.channels, "
	"  NULL::text, NULL::text, $1::text, $2::int4, $5::jsonb::text, $6::text, NULL::text, NULL::text, true, now(), NULL::timestamptz, "
	"  NULL::int8, NULL::text, NULL::text, false, ''::text, NULL::text, 'normal'::text, coalesce(s.mandatory, false) "
	"FROM (SELECT) x LEFT JOIN io_notify.service s ON s.name = $3 "
	"LEFT JOIN io_notify.organization o ON o.code = coalesce(s.organization, $4)",
	6, {TEXTOID, INT4OID, TEXTOID, TEXTOID, JSONBOID, TEXTOID}, NULL
};

static char *text_of(HeapTuple row, TupleDesc desc, int column);
static bool bool_of(HeapTuple row, TupleDesc desc, int column);
static int64 number_of(HeapTuple row, TupleDesc desc, int column, int64 missing, bool is_short);
static IonJob *job_of(HeapTuple row, TupleDesc desc, const char *channel);
static void show_channel(ReturnSetInfo *rsinfo, HeapTuple row, TupleDesc desc, const char *channel);
static bool render(IonJob *job, Datum *values, bool *nulls, const char **error);
static void show_unsubscribing(IonJob *job, bool mandatory);
static const char *params_problem(const IonJob *job);
static const char *secure_problem(const IonJob *job);

static char *
text_of(HeapTuple row, TupleDesc desc, int column)
{
	return SPI_getvalue(row, desc, column);
}

static bool
bool_of(HeapTuple row, TupleDesc desc, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, desc, column, &isnull);

	return !isnull && DatumGetBool(value);
}

static int64
number_of(HeapTuple row, TupleDesc desc, int column, int64 missing, bool is_short)
{
	bool		isnull;
	Datum		value = SPI_getbinval(row, desc, column, &isnull);

	return isnull ? missing : is_short ? (int64) DatumGetInt32(value) : DatumGetInt64(value);
}

static IonJob *
job_of(HeapTuple row, TupleDesc desc, const char *channel)
{
	IonJob	   *job = palloc0(sizeof(IonJob));
	bool		isnull;

	job->cxt = CurrentMemoryContext;
	job->message_id = *DatumGetUUIDP(SPI_getbinval(row, desc, COL_ID, &isnull));
	job->seq = 1;
	job->channel = pstrdup(channel);
	job->service = text_of(row, desc, COL_SERVICE);
	job->service_title = text_of(row, desc, COL_TITLE);
	job->secure = bool_of(row, desc, COL_SECURE);
	job->organization = text_of(row, desc, COL_ORGANIZATION);
	job->organization_code = text_of(row, desc, COL_CODE);
	job->service_language = text_of(row, desc, COL_SERVICE_LANGUAGE);
	job->organization_language = text_of(row, desc, COL_ORGANIZATION_LANGUAGE);
	job->email_preview = bool_of(row, desc, COL_PREVIEW);
	job->sms_max_segments = (int) number_of(row, desc, COL_SEGMENTS, 3, true);
	job->sms_transliterate = bool_of(row, desc, COL_TRANSLITERATE);
	job->subject = text_of(row, desc, COL_SUBJECT);
	job->markdown = text_of(row, desc, COL_MARKDOWN);
	job->template = text_of(row, desc, COL_TEMPLATE);
	job->template_version = (int32) number_of(row, desc, COL_VERSION, 0, true);
	job->params = text_of(row, desc, COL_PARAMS);
	job->language = text_of(row, desc, COL_LANGUAGE);
	job->citizen_language = text_of(row, desc, COL_CITIZEN_LANGUAGE);
	job->time_zone = text_of(row, desc, COL_ZONE);
	job->push_full = bool_of(row, desc, COL_PUSH_FULL);
	job->created_at = number_of(row, desc, COL_CREATED, 0, false);
	job->due_date = number_of(row, desc, COL_DUE, DT_NOBEGIN, false);
	job->payment_amount = number_of(row, desc, COL_AMOUNT, 0, false);
	job->payment_notice = text_of(row, desc, COL_NOTICE);
	job->payment_payee = text_of(row, desc, COL_PAYEE);
	job->payment_invalid_after_due_date = bool_of(row, desc, COL_INVALID_AFTER);
	job->recipient = text_of(row, desc, COL_RECIPIENT);
	job->reference = text_of(row, desc, COL_REFERENCE);
	job->priority = text_of(row, desc, COL_PRIORITY);
	return job;
}

/* A mail's link as it will look; a token that works is the recipient's alone. */
static void
show_unsubscribing(IonJob *job, bool mandatory)
{
	StringInfoData url;
	const char *error;

	if (mandatory || job->layout == NULL || job->layout->unsubscribe_url == NULL || strcmp(job->channel, "email") != 0)
		return;
	initStringInfo(&url);
	if (ion_unsubscribe_url(&url, job->layout->unsubscribe_url, NO_TOKEN, &error))
		job->unsubscribe_url = url.data;
}

/* What an INSERT with these params would be refused for. */
static const char *
params_problem(const IonJob *job)
{
	StringInfoData problem;
	const char *error;
	IonValue   *params;

	if (job->family == NULL || job->family->params == NULL || job->params == NULL)
		return NULL;
	initStringInfo(&problem);
	params = ion_json_parse(job->params, strlen(job->params), &error);
	if (params == NULL)
		return error;
	return ion_param_check(job->family->params, params, &problem) ? NULL : problem.data;
}

/* Routing keeps a secure message off these: what is shown is never sent. */
static const char *
secure_problem(const IonJob *job)
{
	if (!job->secure || (strcmp(job->channel, "email") != 0 && strcmp(job->channel, "sms") != 0))
		return NULL;
	return "a secure message is not sent on this channel";
}

/* values: subject, html, text, encoding, segments */
static bool
render(IonJob *job, Datum *values, bool *nulls, const char **error)
{
	StringInfoData out;
	StringInfoData title;
	IonMailRendition mail;
	IonSmsSize	size;
	size_t		matter;

	initStringInfo(&out);
	initStringInfo(&title);
	switch (ion_channel_by_name(job->channel, strlen(job->channel)))
	{
		case ION_CHANNEL_EMAIL:
		case ION_CHANNEL_PEC:
			if (!ion_rendition_mail(job, NULL, &mail, error))
				return false;
			appendStringInfoString(&title, mail.subject);
			values[1] = CStringGetTextDatum(mail.html);
			nulls[1] = false;
			appendStringInfoString(&out, mail.text);
			break;
		case ION_CHANNEL_SMS:
			(void) ion_rendition_sms(job, &out, &size);
			values[3] = CStringGetTextDatum(ion_sms_encoding_name(size.encoding));
			values[4] = Int32GetDatum(size.segments);
			nulls[3] = nulls[4] = false;
			break;
		case ION_CHANNEL_PUSH:
			ion_rendition_push(job, &title, &out);
			break;
		case ION_CHANNEL_WEBHOOK:
			ion_content_webhook(&out, job);
			break;
		case ION_CHANNEL_INBOX:
		case ION_CHANNELS:
			appendStringInfoString(&title, job->subject != NULL ? job->subject : "");
			matter = ion_front_matter_length(job->markdown, strlen(job->markdown));
			if (!ion_markdown_to_html(job->markdown + matter, strlen(job->markdown + matter), &out, error))
				return false;
			values[1] = CStringGetTextDatum(out.data);
			nulls[1] = false;
			resetStringInfo(&out);
			appendStringInfoString(&out, job->markdown);
			break;
	}
	values[2] = CStringGetTextDatum(out.data);
	nulls[2] = false;
	nulls[0] = title.len == 0;
	if (!nulls[0])
		values[0] = CStringGetTextDatum(title.data);
	return true;
}

static void
show_channel(ReturnSetInfo *rsinfo, HeapTuple row, TupleDesc desc, const char *channel)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "io_notify preview", ALLOCSET_DEFAULT_SIZES);
	MemoryContext old = MemoryContextSwitchTo(cxt);
	IonJob	   *job = job_of(row, desc, channel);
	Datum		values[8] = {0};
	bool		nulls[8];
	dlist_head	jobs;
	const char *problem;
	const char *error = NULL;

	memset(nulls, true, sizeof(nulls));
	dlist_init(&jobs);
	dlist_push_tail(&jobs, &job->node);
	ion_content_read(&jobs);
	show_unsubscribing(job, bool_of(row, desc, COL_MANDATORY));
	problem = params_problem(job);
	if (problem == NULL)
		problem = secure_problem(job);
	if (!ion_content_prepare(job, &error) || !render(job, values + 2, nulls + 2, &error))
		problem = problem != NULL ? problem : error;
	values[0] = CStringGetTextDatum(channel);
	nulls[0] = false;
	if (job->language != NULL)
		values[1] = CStringGetTextDatum(job->language);
	nulls[1] = job->language == NULL;
	if (problem != NULL)
		values[7] = CStringGetTextDatum(problem);
	nulls[7] = problem == NULL;
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(cxt);
}

/*
 * _preview_render(message_id, template, version, service, organization,
 * params, language): the one or the other.  Runs behind a door, which has
 * asked whether the caller may look.
 */
Datum
ion_preview_render(PG_FUNCTION_ARGS)
{
	static const char *const usual[] = {"inbox", "email", "sms", "push"};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	bool		of_message = !PG_ARGISNULL(0);
	Datum		values[6];
	char		nulls[7] = "      ";
	SPITupleTable *found;
	IonCaller	caller;

	/* preview() has asked for rights; whoever comes past it has none */
	if (!ion_is_owner(GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only functions of io_notify may ask this"),
				 errhidestmt(true)));
	InitMaterializedSRF(fcinfo, 0);
	if (of_message)
	{
		values[0] = PG_GETARG_DATUM(0);
		values[1] = PG_GETARG_DATUM(6);
		nulls[1] = PG_ARGISNULL(6) ? 'n' : ' ';
	}
	else
	{
		for (int i = 0; i < 6; i++)
		{
			values[i] = PG_GETARG_DATUM(i + 1);
			nulls[i] = PG_ARGISNULL(i + 1) ? 'n' : ' ';
		}
	}
	SPI_connect();
	ion_owner_begin(&caller, true);
	if (ion_plan_run(of_message ? &read_message : &read_template, values, nulls, true) == 1)
	{
		Datum		channels;
		bool		isnull;
		Datum	   *names = NULL;
		int			n = lengthof(usual);

		found = SPI_tuptable;
		channels = SPI_getbinval(found->vals[0], found->tupdesc, COL_CHANNELS, &isnull);
		if (!isnull)
			deconstruct_array(DatumGetArrayTypeP(channels), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &n);
		for (int i = 0; i < n; i++)
			show_channel(rsinfo, found->vals[0], found->tupdesc, names != NULL ? TextDatumGetCString(names[i]) : usual[i]);
	}
	ion_owner_end(&caller);
	SPI_finish();
	PG_RETURN_NULL();
}

/* _preview_page(title, parts) returns text: see render/preview_page.h. */
Datum
ion_preview_page(PG_FUNCTION_ARGS)
{
	char	   *title = text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *json = DatumGetCString(DirectFunctionCall1(jsonb_out, PG_GETARG_DATUM(1)));
	const char *error;
	IonValue   *parts = ion_json_parse(json, strlen(json), &error);
	StringInfoData out;

	if (parts == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the preview cannot be shown"),
				 errdetail("%s.", error)));
	initStringInfo(&out);
	ion_preview_page_build(&out, title, parts);
	PG_RETURN_TEXT_P(cstring_to_text_with_len(out.data, out.len));
}

/* _unsubscribe_verify(token, key) returns (message_id, seq), nulls when it is not ours. */
Datum
ion_unsubscribe_verify(PG_FUNCTION_ARGS)
{
	text	   *token = PG_GETARG_TEXT_PP(0);
	bytea	   *key = PG_GETARG_BYTEA_PP(1);
	TupleDesc	desc;
	Datum		values[2] = {0};
	bool		nulls[2] = {true, true};
	pg_uuid_t	id;
	int16		seq;
	const char *error;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	if (ion_unsubscribe_token_verify((const uint8 *) VARDATA_ANY(key), VARSIZE_ANY_EXHDR(key),
									 VARDATA_ANY(token), VARSIZE_ANY_EXHDR(token), id.data, &seq, &error))
	{
		values[0] = UUIDPGetDatum(&id);
		values[1] = Int16GetDatum(seq);
		nulls[0] = nulls[1] = false;
	}
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
