/*-------------------------------------------------------------------------
 *
 * content.c
 *	  What a delivery says: its message, templates filled in.
 *
 * All memory comes from the current context, which is the job's; a message
 * that cannot be rendered is that delivery's failure and nobody else's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "utils/timestamp.h"

#include "channel/content.h"
#include "channel/layout_cache.h"
#include "channel/rendition.h"
#include "channel/template_cache.h"
#include "render/json_escape.h"
#include "render/sms_pattern.h"

#define PLACEHOLDERS_MAX 24

static bool append_rendition(StringInfo text, StringInfo title, StringInfo body, const IonJob *job, const char **error);
static void member(IonMember *members, int *n, const char *key, const char *text);
static void json_field(StringInfo out, const char *key, const char *text);

void
ion_content_delivery_id(const IonJob *job, char *buffer)
{
	static const char digits[] = "0123456789abcdef";
	char	   *p = buffer;

	for (int i = 0; i < UUID_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = digits[job->message_id.data[i] >> 4];
		*p++ = digits[job->message_id.data[i] & 15];
	}
	snprintf(p, ION_DELIVERY_ID_MAX - (p - buffer), ".%d", job->seq);
}

void
ion_content_time(StringInfo out, int64 timestamp)
{
	time_t		seconds = (time_t) timestamptz_to_time_t(timestamp);
	struct tm	tm;
	char		text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	appendStringInfoString(out, text);
}

bool
ion_content_prepare(IonJob *job, const char **error)
{
	const IonValue *params = NULL;
	StringInfoData subject;
	StringInfoData body;

	if (job->template != NULL && job->markdown == NULL)
	{
		if (job->text == NULL)
		{
			*error = job->family == NULL ? "the message's template no longer exists" :
				"the message's template has no text for this channel";
			return false;
		}
		if (job->params != NULL &&
			(params = ion_json_parse(job->params, strlen(job->params), error)) == NULL)
			return false;
		initStringInfo(&subject);
		initStringInfo(&body);
		if (!ion_family_render(job->family, job->text, params, job->time_zone, &subject, &body, error))
			return false;
		job->subject = subject.data;
		job->markdown = body.data;
		job->language = pstrdup(job->text->language);
		job->plain = ion_template_text_is_plain(job->text);
	}
	if (job->markdown == NULL)
	{
		*error = "the message is gone";
		return false;
	}
	if (job->language == NULL)
		job->language = job->service_language != NULL ? job->service_language : job->organization_language;
	return true;
}

static void
member(IonMember *members, int *n, const char *key, const char *text)
{
	IonMember  *m = &members[(*n)++];

	Assert(*n <= PLACEHOLDERS_MAX);
	m->key = key;
	m->key_length = strlen(key);
	m->value.kind = text ? ION_JSON_STRING : ION_JSON_NULL;
	m->value.length = text ? strlen(text) : 0;
	m->value.u.text = text;
	m->value.by_key = NULL;
}

/* What the placeholders text, title and body stand for; none of a secure message's content. */
static bool
append_rendition(StringInfo text, StringInfo title, StringInfo body, const IonJob *job, const char **error)
{
	IonSmsSize	size;

	if (strcmp(job->channel, ION_TEXT_CHANNEL_PUSH) == 0)
	{
		ion_rendition_push(job, title, body);
		return true;
	}
	if (strcmp(job->channel, ION_TEXT_CHANNEL_SMS) == 0)
	{
		if (!job->secure)
			(void) ion_rendition_sms(job, text, &size);
		return true;
	}
	return ion_rendition_text(job, text, error);
}

IonValue *
ion_content_placeholders(const IonJob *job, const IonProvider *provider, const char **error)
{
	IonValue   *object = palloc0(sizeof(IonValue));
	IonMember  *members = palloc0(sizeof(IonMember) * PLACEHOLDERS_MAX);
	char	   *id = palloc(ION_DELIVERY_ID_MAX);
	StringInfoData text;
	StringInfoData title;
	StringInfoData body;
	const IonRegistration *registration;
	int			n = 0;
	/* neither a secure message nor a push the citizen wants anonymous says what it is about */
	bool		tells = !job->secure && (job->push_full || strcmp(job->channel, ION_TEXT_CHANNEL_PUSH) != 0);

	ion_content_delivery_id(job, id);
	initStringInfo(&text);
	initStringInfo(&title);
	initStringInfo(&body);
	if (!append_rendition(&text, &title, &body, job, error))
		return NULL;
	registration = job->text == NULL ? NULL : ion_template_text_registration(job->text, provider->name);
	if (registration != NULL && registration->pattern != NULL && !ion_sms_pattern_matches(text.data, registration->pattern))
	{
		/* the provider would refuse it, or drop it and charge for it */
		*error = psprintf("the text is not as registered under \"%s\"", registration->provider_template_id);
		return NULL;
	}
	member(members, &n, "id", id);
	member(members, &n, "message_id", pnstrdup(id, 36));
	member(members, &n, "seq", psprintf("%d", job->seq));
	member(members, &n, "address", job->address);
	member(members, &n, "recipient", job->recipient);
	member(members, &n, "service", job->service);
	member(members, &n, "organization", job->organization);
	member(members, &n, "subject", tells ? job->subject : NULL);
	member(members, &n, "markdown", tells ? job->markdown : NULL);
	member(members, &n, "text", text.data);
	member(members, &n, "title", title.data);
	member(members, &n, "body", body.data);
	member(members, &n, "reference", job->reference);
	member(members, &n, "language", job->language);
	member(members, &n, "priority", job->priority);
	member(members, &n, "provider_template_id", registration == NULL ? NULL : registration->provider_template_id);
	member(members, &n, "sender", provider->sender);
	member(members, &n, "user", provider->user);
	member(members, &n, "password", provider->password);
	member(members, &n, "token", provider->token);
	object->kind = ION_JSON_OBJECT;
	object->length = n;
	object->u.members = members;
	return object;
}

void
ion_content_notice(const IonJob *job, IonNotice *notice)
{
	char		id[ION_DELIVERY_ID_MAX];

	ion_content_delivery_id(job, id);
	memset(notice, 0, sizeof(*notice));
	notice->id = pnstrdup(id, 36);
	notice->language = job->language;
	notice->time_zone = job->time_zone;
	notice->service = job->service;
	notice->service_title = job->service_title;
	notice->organization = job->organization;
	notice->subject = job->subject;
	notice->markdown = job->markdown;
	notice->reference = job->reference;
	notice->secure = job->secure;
	notice->preview_only = job->email_preview;
	notice->layout = job->layout == NULL ? NULL : &job->layout->layout;
	notice->due_date = TIMESTAMP_NOT_FINITE(job->due_date) ? ION_NOTICE_NO_DATE :
		job->due_date + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
	notice->payment_amount = job->payment_amount;
	notice->payment_notice = job->payment_notice;
	notice->payment_payee = job->payment_payee;
	notice->payment_invalid_after_due_date = job->payment_invalid_after_due_date;
	notice->unsubscribe_url = job->unsubscribe_url;
}

static void
json_field(StringInfo out, const char *key, const char *text)
{
	if (text == NULL)
		return;
	appendStringInfo(out, ",\"%s\":", key);
	ion_json_escape(out, text, strlen(text));
}

void
ion_content_webhook(StringInfo out, const IonJob *job)
{
	char		id[ION_DELIVERY_ID_MAX];

	ion_content_delivery_id(job, id);
	appendStringInfoString(out, "{\"type\":\"message\",\"timestamp\":\"");
	ion_content_time(out, job->created_at);
	appendStringInfo(out, "\",\"data\":{\"message_id\":\"%.36s\"", id);
	json_field(out, "service", job->service);
	json_field(out, "recipient", job->recipient);
	json_field(out, "reference", job->reference);
	json_field(out, "priority", job->priority);
	json_field(out, "language", job->language);
	/* a secure message announces itself and keeps its content */
	if (!job->secure)
	{
		json_field(out, "subject", job->subject);
		json_field(out, "markdown", job->markdown);
		if (job->due_date != DT_NOBEGIN)
		{
			appendStringInfoString(out, ",\"due_date\":\"");
			ion_content_time(out, job->due_date);
			appendStringInfoChar(out, '"');
		}
		if (job->payment_amount > 0)
		{
			appendStringInfo(out, ",\"payment\":{\"amount\":" INT64_FORMAT, job->payment_amount);
			json_field(out, "notice", job->payment_notice);
			json_field(out, "payee", job->payment_payee);
			appendStringInfoChar(out, '}');
		}
	}
	appendStringInfoString(out, "}}");
}
