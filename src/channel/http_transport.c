/*-------------------------------------------------------------------------
 *
 * http_transport.c
 *	  Deliveries over HTTP: webhooks, and any gateway a template can address.
 *
 * A webhook is a POST of our JSON document, signed as Standard Webhooks asks
 * when the user mapping has a secret.  Other gateways get a body built from
 * the provider's template.  The request is built in the job's context; what
 * libcurl keeps it copies into memory of its own.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>

#include "channel/content.h"
#include "channel/http_judge.h"
#include "channel/retry_after.h"
#include "channel/transport.h"
#include "net/http_client.h"
#include "render/template.h"

static bool http_open(IonNet *net, IonProvider *p);
static void http_close(IonProvider *p);
static IonStart http_start(IonNet *net, IonProvider *p, IonJob *job);
static long http_tick(IonProvider *p);
static bool transfer_may_begin(void *owner);
static void transfer_ended(IonHttpTransfer *t);
static IonStart refuse(IonJob *job, const char *error);
static bool build_body(const IonProvider *p, IonJob *job, IonValue *values, StringInfo body, const char **content_type, const char **error);
static bool same_host(const IonProvider *p, const char *url);
static bool append_fields(const IonProvider *p, IonValue *values, StringInfo out, const char **error);
static bool add_headers(IonHttpTransfer *t, const IonProvider *p, const IonJob *job, IonValue *values,
						const char *content_type, StringInfo body, const char **error);
static bool sign(IonHttpTransfer *t, const IonProvider *p, const char *id, StringInfo body, const char **error);

const IonTransport ion_transport_http = {ION_TRANSPORT_HTTP, http_open, http_close, http_start, http_tick};

/* What callbacks reach. */
static IonNet *network;

static bool
http_open(IonNet *net, IonProvider *p)
{
	IonHttpConfig config = {
		.method = p->method,
		.user = p->user,
		.password = p->password,
		.token = p->token,
		.ca_file = p->ca_file,
		.connect_timeout_ms = p->connect_timeout_ms,
		.timeout_ms = p->timeout_ms,
		.allow_private = p->allow_private_network,
		/* a GOAWAY leaves requests unknown: not where an operator must look */
		.http1_only = p->hold_unknown,
		.may_begin = transfer_may_begin,
	};

	network = net;
	p->pool = ion_http_pool_create(net->reactor, &config, transfer_ended);
	return p->pool != NULL;
}

static void
http_close(IonProvider *p)
{
	ion_http_pool_destroy(p->pool);
	p->pool = NULL;
}

static long
http_tick(IonProvider *p)
{
	(void) p;
	return -1;					/* libcurl keeps its own time */
}

static IonStart
http_start(IonNet *net, IonProvider *p, IonJob *job)
{
	const char *url = job->address != NULL && strcmp(p->channel, "webhook") == 0 ? job->address : p->url;
	const char *error = NULL;
	const char *content_type = NULL;
	IonHttpTransfer *t;
	IonValue   *values = NULL;
	StringInfoData body;
	bool		query = p->format == ION_BODY_QUERY;
	bool		needs_values = p->format != ION_BODY_WEBHOOK || p->n_headers > 0;

	/* each cold look-up is a thread: let the ones under way end first */
	if (net->reactor->resolving >= ION_RESOLVING_MAX)
		return ION_START_BUSY;
	initStringInfo(&body);
	if (needs_values && (values = ion_content_placeholders(job, p, &error)) == NULL)
		return refuse(job, error);
	if (!build_body(p, job, values, &body, &content_type, &error))
		return refuse(job, error);
	if (query)
		url = psprintf("%s%c%s", url, strchr(url, '?') ? '&' : '?', body.data);
	t = ion_http_take(p->pool);
	if (t != NULL &&
		ion_http_credentials(t, same_host(p, url)) &&
		add_headers(t, p, job, values, content_type, &body, &error) &&
		ion_http_start(t, url, query ? "" : body.data, query ? 0 : body.len, job))
		return ION_START_BEGUN;
	if (t != NULL)
		ion_http_give_back(t);
	return refuse(job, error);
}

/*
 * The request could not be made: for good when its content is at fault, for
 * now when memory or libcurl refused (no reason is given then).
 */
static IonStart
refuse(IonJob *job, const char *error)
{
	ion_outcome_init(&job->outcome, error != NULL ? ION_OUTCOME_PERMANENT : ION_OUTCOME_TRANSIENT, 0);
	ion_outcome_add_detail(&job->outcome, error != NULL ? error : "the request could not be started", -1);
	return ION_START_FAILED;
}

/*
 * Whether a URL leads to the scheme, host and port the provider names.  A
 * service's own end point may be anybody's, and credentials are the provider's.
 */
static bool
same_host(const IonProvider *p, const char *url)
{
	size_t		length = p->parsed_url.path_offset;

	return pg_strncasecmp(url, p->url, length) == 0 && strchr("/?", url[length]) != NULL;
}

static bool
append_fields(const IonProvider *p, IonValue *values, StringInfo out, const char **error)
{
	IonTemplateError te;

	for (int i = 0; i < p->n_fields; i++)
	{
		StringInfoData value;

		initStringInfo(&value);
		if (!ion_template_render(p->fields[i].value, values, ION_ESCAPE_NONE, NULL, NULL, &value, &te))
		{
			*error = pstrdup(te.message);
			return false;
		}
		if (i > 0)
			appendStringInfoChar(out, '&');
		ion_escape_append(out, ION_ESCAPE_URL, p->fields[i].name, strlen(p->fields[i].name));
		appendStringInfoChar(out, '=');
		ion_escape_append(out, ION_ESCAPE_URL, value.data, value.len);
	}
	return true;
}

static bool
build_body(const IonProvider *p, IonJob *job, IonValue *values, StringInfo body, const char **content_type, const char **error)
{
	IonTemplateError te;

	switch (p->format)
	{
		case ION_BODY_WEBHOOK:
			*content_type = "Content-Type: application/json";
			ion_content_webhook(body, job);
			return true;
		case ION_BODY_JSON:
			*content_type = "Content-Type: application/json";
			if (ion_template_render(p->body, values, ION_ESCAPE_JSON, NULL, NULL, body, &te))
				return true;
			*error = pstrdup(te.message);
			return false;
		case ION_BODY_FORM:
			*content_type = "Content-Type: application/x-www-form-urlencoded";
			return append_fields(p, values, body, error);
		case ION_BODY_QUERY:
			return append_fields(p, values, body, error);
	}
	return false;
}

static bool
sign(IonHttpTransfer *t, const IonProvider *p, const char *id, StringInfo body, const char **error)
{
	char		signature[ION_WEBHOOK_SIGNATURE_MAX];
	char		line[ION_WEBHOOK_SIGNATURE_MAX + 32];
	int64		now = (int64) time(NULL);

	snprintf(line, sizeof(line), "webhook-timestamp: " INT64_FORMAT, now);
	if (!ion_http_header(t, line))
		return false;
	if (p->key == NULL)
		return true;
	if (!ion_webhook_key_sign(p->key, id, now, body->data, body->len, signature, error))
		return false;
	snprintf(line, sizeof(line), "webhook-signature: %s", signature);
	return ion_http_header(t, line);
}

static bool
add_headers(IonHttpTransfer *t, const IonProvider *p, const IonJob *job, IonValue *values,
			const char *content_type, StringInfo body, const char **error)
{
	char		id[ION_DELIVERY_ID_MAX];
	char		line[ION_DELIVERY_ID_MAX + 32];
	IonTemplateError te;

	ion_content_delivery_id(job, id);
	snprintf(line, sizeof(line), "webhook-id: %s", id);
	if ((content_type && !ion_http_header(t, content_type)) || !ion_http_header(t, line))
		return false;
	snprintf(line, sizeof(line), "Idempotency-Key: %s", id);
	if (!ion_http_header(t, line) || !sign(t, p, id, body, error))
		return false;
	for (int i = 0; i < p->n_headers; i++)
	{
		StringInfoData value;

		initStringInfo(&value);
		appendStringInfo(&value, "%s: ", p->headers[i].name);
		if (!ion_template_render(p->headers[i].value, values, ION_ESCAPE_HEADER, NULL, NULL, &value, &te))
		{
			*error = pstrdup(te.message);
			return false;
		}
		if (!ion_http_header(t, value.data))
			return false;
	}
	return true;
}

static bool
transfer_may_begin(void *owner)
{
	return network->may_begin(owner);
}

static void
transfer_ended(IonHttpTransfer *t)
{
	IonJob	   *job = t->owner;
	IonHttpResult result = {
		.curl_code = t->easy.result,
		.http_code = t->http_code,
		.request_began = t->easy.request_began,
		.second_send_stopped = t->easy.second_send_stopped,
		.blocked_by_policy = t->easy.blocked,
		.body_cut_by_us = t->cut,
		.destination_is_own = job->destination[0] != '\0',
		.retry_after_s = ion_retry_after_parse(t->retry_after, (int64) time(NULL)),
		.body = t->kept,
		.body_len = t->kept_len,
	};

	if (t->easy.held)
	{
		ion_http_give_back(t);
		network->held(job);
		return;
	}
	ion_http_judge(&result, &job->outcome);
	/* the reference a later report comes back with is the id we sent along */
	if (job->outcome.kind == ION_OUTCOME_ACCEPTED)
	{
		char		id[ION_DELIVERY_ID_MAX];

		ion_content_delivery_id(job, id);
		ion_outcome_set_ref(&job->outcome, id, -1);
	}
	ion_http_give_back(t);
	network->ended(job);
}
