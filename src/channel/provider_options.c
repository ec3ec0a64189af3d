/*-------------------------------------------------------------------------
 *
 * provider_options.c
 *	  The options of providers: one table, one reader.
 *
 * The validator (when a DBA writes CREATE SERVER) and the dispatcher (when it
 * reads the catalogs) go through the same code, so what one accepts the other
 * can use.  Nothing here raises errors: the validator makes an SQL error of
 * an IonOptionError, the dispatcher a line in io_notify.provider.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>
#include <openssl/sha.h>

#include "commands/defrem.h"
#include "utils/builtins.h"

#include "channel/provider.h"
#include "render/json_value.h"
#include "render/mail_address.h"
#include "render/text_check.h"

#define ION_OPTION_TEXT_MAX 65536	/* bytes of any option's value */

typedef struct OptionContext
{
	IonProvider *p;
	IonOptionError *error;
	bool		seen_tls;
	bool		seen_timeout;
	bool		seen_in_flight;
	bool		seen_unknown;
	bool		seen_retry;
	const char *body_text;		/* parsed last: needs format */
	const char *file[4];		/* user mapping: *_file values */
} OptionContext;

typedef bool (*OptionReader) (OptionContext *c, const char *name, const char *value);

typedef struct OptionSpec
{
	const char *name;
	OptionReader read;
	bool		mapping;		/* of a user mapping, else of a server */
	int			transport;		/* -1: any */
} OptionSpec;

static bool read_transport(OptionContext *c, const char *name, const char *value);
static bool read_channel(OptionContext *c, const char *name, const char *value);
static bool read_url(OptionContext *c, const char *name, const char *value);
static bool read_sender(OptionContext *c, const char *name, const char *value);
static bool read_bool(OptionContext *c, const char *name, const char *value);
static bool read_number(OptionContext *c, const char *name, const char *value);
static bool read_duration(OptionContext *c, const char *name, const char *value);
static bool read_retry(OptionContext *c, const char *name, const char *value);
static bool read_choice(OptionContext *c, const char *name, const char *value);
static bool read_line(OptionContext *c, const char *name, const char *value);
static bool read_headers(OptionContext *c, const char *name, const char *value);
static bool read_body(OptionContext *c, const char *name, const char *value);
static bool read_credential(OptionContext *c, const char *name, const char *value);

static const OptionSpec option_specs[] = {
	{"transport", read_transport, false, -1},
	{"channel", read_channel, false, -1},
	{"url", read_url, false, -1},
	{"sender", read_sender, false, -1},
	{"reply_to", read_sender, false, ION_TRANSPORT_SMTP},
	{"ehlo_name", read_line, false, ION_TRANSPORT_SMTP},
	{"enabled", read_bool, false, -1},
	{"priority", read_number, false, -1},
	{"weight", read_number, false, -1},
	{"max_in_flight", read_number, false, -1},
	{"rate_per_second", read_number, false, -1},
	{"connect_timeout", read_duration, false, -1},
	{"timeout", read_duration, false, -1},
	{"retry_schedule", read_retry, false, -1},
	{"on_unknown", read_choice, false, -1},
	{"tls", read_choice, false, ION_TRANSPORT_SMTP},
	{"ca_file", read_line, false, -1},
	{"allow_private_network", read_bool, false, -1},
	{"method", read_choice, false, ION_TRANSPORT_HTTP},
	{"format", read_choice, false, ION_TRANSPORT_HTTP},
	{"headers", read_headers, false, ION_TRANSPORT_HTTP},
	{"body", read_body, false, ION_TRANSPORT_HTTP},
	{"user", read_credential, true, -1},
	{"password", read_credential, true, -1},
	{"password_file", read_credential, true, -1},
	{"token", read_credential, true, ION_TRANSPORT_HTTP},
	{"token_file", read_credential, true, ION_TRANSPORT_HTTP},
	{"secret", read_credential, true, ION_TRANSPORT_HTTP},
	{"secret_file", read_credential, true, ION_TRANSPORT_HTTP},
};

static bool fail(IonOptionError *error, int sqlstate, const char *hint, const char *fmt,...) pg_attribute_printf(4, 5);
static bool read_options(OptionContext *c, List *options, bool mapping);
static bool check_server(OptionContext *c);
static bool check_smtp(OptionContext *c);
static bool check_http(OptionContext *c);
static bool read_fields(OptionContext *c, const char *name, const char *value, int max, IonField **fields, int *n);
static bool read_file(const char *path, char **content, IonOptionError *error);

static bool
fail(IonOptionError *error, int sqlstate, const char *hint, const char *fmt,...)
{
	va_list		args;

	error->sqlstate = sqlstate;
	error->hint = hint;
	va_start(args, fmt);
	vsnprintf(error->message, sizeof(error->message), fmt, args);
	va_end(args);
	return false;
}

const char *
ion_transport_name(IonTransportKind kind)
{
	return kind == ION_TRANSPORT_SMTP ? "smtp" : "http";
}

bool
ion_option_is_file(const char *name)
{
	size_t		length = strlen(name);

	return length > 5 && strcmp(name + length - 5, "_file") == 0;
}

static bool
read_options(OptionContext *c, List *options, bool mapping)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *def = (DefElem *) lfirst(lc);
		const OptionSpec *spec = NULL;
		const char *value = defGetString(def);

		for (size_t i = 0; i < lengthof(option_specs); i++)
		{
			if (option_specs[i].mapping == mapping && strcmp(option_specs[i].name, def->defname) == 0)
				spec = &option_specs[i];
		}
		if (spec == NULL)
			return fail(c->error, ERRCODE_FDW_INVALID_OPTION_NAME,
						mapping ? "User mappings take: user, password, password_file, token, token_file, secret, secret_file."
						: "Servers take: transport, channel, url, sender, enabled, priority, weight, max_in_flight, rate_per_second, "
						"connect_timeout, timeout, retry_schedule, on_unknown, ca_file, allow_private_network; smtp also tls, reply_to, "
						"ehlo_name; http also method, format, headers, body.",
						"invalid option \"%s\"", def->defname);
		if (strlen(value) > ION_OPTION_TEXT_MAX)
			return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" is too long", spec->name);
		if (!spec->read(c, spec->name, value))
			return false;
	}
	/* an option of another transport contradicts, whatever its value */
	foreach(lc, options)
	{
		DefElem    *def = (DefElem *) lfirst(lc);

		for (size_t i = 0; i < lengthof(option_specs) && !mapping; i++)
		{
			if (option_specs[i].transport >= 0 && !option_specs[i].mapping &&
				option_specs[i].transport != (int) c->p->transport &&
				strcmp(option_specs[i].name, def->defname) == 0)
				return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
							strcmp(def->defname, "tls") == 0 ? "For HTTP the URL's scheme decides: https or http." : NULL,
							"option \"%s\" does not go with transport \"%s\"", def->defname, ion_transport_name(c->p->transport));
		}
	}
	return true;
}

bool
ion_provider_parse(IonProvider *p, List *options, IonOptionError *error)
{
	OptionContext c = {.p = p, .error = error};
	ListCell   *lc;
	bool		has_transport = false;

	p->enabled = true;
	p->weight = 1;
	p->connect_timeout_ms = 5000;
	p->success_rate = -1;

	/* transport first: what other options may say depends on it */
	foreach(lc, options)
	{
		DefElem    *def = (DefElem *) lfirst(lc);

		if (strcmp(def->defname, "transport") == 0)
		{
			has_transport = true;
			if (!read_transport(&c, "transport", defGetString(def)))
				return false;
		}
	}
	if (!read_options(&c, options, false))
		return false;
	if (!has_transport)
		return fail(error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, "The transports are smtp and http.",
					"option \"transport\" is required");
	return check_server(&c);
}

static bool
check_server(OptionContext *c)
{
	IonProvider *p = c->p;

	if (p->channel[0] == '\0')
		return fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, "smtp serves email and pec; http serves webhook and sms.",
					"option \"channel\" is required");
	if (p->url == NULL)
		return fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, NULL, "option \"url\" is required");
	if (!c->seen_in_flight)
		p->max_in_flight = p->transport == ION_TRANSPORT_SMTP ? 10 : 50;
	if (!c->seen_timeout)
		p->timeout_ms = strcmp(p->channel, "webhook") == 0 ? 15000 : 30000;
	if (!c->seen_unknown)
		p->hold_unknown = strcmp(p->channel, "sms") == 0 || strcmp(p->channel, "pec") == 0;
	if (!c->seen_retry)
		p->retry = *ion_retry_default(p->channel);
	return p->transport == ION_TRANSPORT_SMTP ? check_smtp(c) : check_http(c);
}

static bool
check_smtp(OptionContext *c)
{
	IonProvider *p = c->p;
	bool		wrapper = strcmp(p->parsed_url.scheme, "smtps") == 0;

	if (strcmp(p->channel, "email") != 0 && strcmp(p->channel, "pec") != 0)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "smtp serves email and pec.",
					"transport \"smtp\" cannot serve channel \"%s\"", p->channel);
	if (!wrapper && strcmp(p->parsed_url.scheme, "smtp") != 0)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Write smtp://host:port or smtps://host:port.",
					"transport \"smtp\" does not speak scheme \"%s\"", p->parsed_url.scheme);
	if (strlen(p->url + p->parsed_url.path_offset) > 1)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "the URL of an SMTP relay has no path");
	if (wrapper && p->tls == ION_TLS_OFF)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Use smtp:// to speak without TLS.",
					"option \"tls\" says off but the URL's scheme is smtps");
	if (p->sender_address == NULL)
		return fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED,
					"For instance: sender 'Comune di Esempio <no-reply@comune.example.it>'.",
					"option \"sender\" is required for transport \"smtp\"");
	return true;
}

static bool
check_http(OptionContext *c)
{
	IonProvider *p = c->p;
	IonTemplateError te;

	if (strcmp(p->channel, "webhook") != 0 && strcmp(p->channel, "sms") != 0)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "http serves webhook and sms.",
					"transport \"http\" cannot serve channel \"%s\"", p->channel);
	if (strcmp(p->parsed_url.scheme, "https") != 0 && strcmp(p->parsed_url.scheme, "http") != 0)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Write https://… or http://….",
					"transport \"http\" does not speak scheme \"%s\"", p->parsed_url.scheme);
	if (p->method == NULL)
		p->method = "POST";
	if (c->body_text == NULL)
	{
		if (p->format != ION_BODY_WEBHOOK)
			return fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, NULL,
						"option \"format\" needs option \"body\"");
		if (strcmp(p->method, "GET") == 0)
			return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Set format 'query' and a body of parameters.",
						"a GET request carries no JSON body");
		if (strcmp(p->channel, "webhook") != 0)
			return fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED,
						"For instance: format 'form', body '{\"to\": \"{{address}}\", \"text\": \"{{text}}\"}'.",
						"option \"body\" is required for channel \"%s\"", p->channel);
		return true;
	}
	if (p->format == ION_BODY_WEBHOOK)
		p->format = ION_BODY_JSON;
	if (p->format != ION_BODY_QUERY && strcmp(p->method, "GET") == 0)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Set format 'query'.",
					"a GET request carries no body");
	if (p->format == ION_BODY_JSON)
	{
		p->body = ion_template_parse(c->body_text, strlen(c->body_text), &te);
		if (p->body == NULL)
			return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
						"option \"body\" is no template: line %d, column %d: %s", te.line, te.column, te.message);
		return true;
	}
	return read_fields(c, "body", c->body_text, ION_FIELDS_MAX, &p->fields, &p->n_fields);
}

static bool
read_transport(OptionContext *c, const char *name, const char *value)
{
	if (strcmp(value, "smtp") == 0)
		c->p->transport = ION_TRANSPORT_SMTP;
	else if (strcmp(value, "http") == 0)
		c->p->transport = ION_TRANSPORT_HTTP;
	else
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "This version speaks smtp and http.",
					"option \"%s\" has unknown value \"%.32s\"", name, value);
	return true;
}

static bool
read_channel(OptionContext *c, const char *name, const char *value)
{
	static const char *const channels[] = {"email", "pec", "webhook", "sms", "push"};

	for (size_t i = 0; i < lengthof(channels); i++)
	{
		if (strcmp(value, channels[i]) == 0)
		{
			strlcpy(c->p->channel, value, sizeof(c->p->channel));
			return true;
		}
	}
	return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "The channels of providers are email, pec, webhook, sms and push.",
				"option \"%s\" has unknown value \"%.32s\"", name, value);
}

static bool
read_url(OptionContext *c, const char *name, const char *value)
{
	const char *why;

	if (!ion_url_parse(value, &c->p->parsed_url, &why))
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "For instance https://host/path or smtp://host:25.",
					"option \"%s\" is not a usable URL: %s", name, why);
	c->p->url = pstrdup(value);
	return true;
}

static bool
read_sender(OptionContext *c, const char *name, const char *value)
{
	IonProvider *p = c->p;
	const char *why;
	char	   *display = NULL;
	char	   *address = NULL;

	/* an SMS gateway's sender is a short name or number, not a mailbox */
	if (p->transport == ION_TRANSPORT_HTTP)
	{
		if (value[0] == '\0' || strlen(value) > ION_MAIL_MAILBOX_MAX || ion_text_has_control(value, strlen(value)))
			return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" is empty or holds a control character", name);
		p->sender = pstrdup(value);
		return true;
	}
	if (!ion_mail_mailbox_parse(value, &display, &address, &why))
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Write Name <address> or address.",
					"option \"%s\" is not a mailbox: %s", name, why);
	if (strcmp(name, "reply_to") == 0)
	{
		p->reply_to = address;
		return true;
	}
	p->sender = pstrdup(value);
	p->sender_name = display;
	p->sender_address = address;
	return true;
}

static bool
read_bool(OptionContext *c, const char *name, const char *value)
{
	bool		answer;

	if (!parse_bool(value, &answer))
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" must be on or off", name);
	if (strcmp(name, "enabled") == 0)
		c->p->enabled = answer;
	else
		c->p->allow_private_network = answer;
	return true;
}

static bool
read_number(OptionContext *c, const char *name, const char *value)
{
	char	   *end;
	double		number = strtod(value, &end);
	bool		rate = strcmp(name, "rate_per_second") == 0;
	bool		priority = strcmp(name, "priority") == 0;
	double		low = priority ? 0 : rate ? 0.001 : 1;
	double		high = strcmp(name, "max_in_flight") == 0 ? 10000 : rate ? 1000000 : 1000;

	if (end == value || *end != '\0' || isnan(number) || number < low || number > high || (!rate && number != floor(number)))
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
					"option \"%s\" must be a%s number from %g to %g", name, rate ? "" : " whole", low, high);
	if (rate)
		c->p->rate_per_second = number;
	else if (priority)
		c->p->priority = (int) number;
	else if (strcmp(name, "weight") == 0)
		c->p->weight = (int) number;
	else
	{
		c->p->max_in_flight = (int) number;
		c->seen_in_flight = true;
	}
	return true;
}

static bool
read_duration(OptionContext *c, const char *name, const char *value)
{
	IonRetrySchedule one;
	const char *why;

	if (!ion_retry_schedule_parse(value, &one, &why) || one.count != 1 ||
		one.delay_ms[0] < 1 || one.delay_ms[0] > 600000)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "For instance '5 s' or '500 ms'.",
					"option \"%s\" must be a time of 1 ms to 10 min with its unit", name);
	if (strcmp(name, "connect_timeout") == 0)
		c->p->connect_timeout_ms = (int) one.delay_ms[0];
	else
	{
		c->p->timeout_ms = (int) one.delay_ms[0];
		c->seen_timeout = true;
	}
	return true;
}

static bool
read_retry(OptionContext *c, const char *name, const char *value)
{
	const char *why;

	if (!ion_retry_schedule_parse(value, &c->p->retry, &why))
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "For instance '5 s, 5 min, 30 min, 2 h'.",
					"option \"%s\" is not a schedule: %s", name, why);
	c->seen_retry = true;
	return true;
}

static bool
read_choice(OptionContext *c, const char *name, const char *value)
{
	static const struct
	{
		const char *option;
		const char *value;
		int			number;
	}			choices[] = {
		{"on_unknown", "retry", false}, {"on_unknown", "hold", true},
		{"tls", "required", ION_TLS_REQUIRED}, {"tls", "opportunistic", ION_TLS_OPPORTUNISTIC}, {"tls", "off", ION_TLS_OFF},
		{"method", "POST", 0}, {"method", "PUT", 0}, {"method", "PATCH", 0}, {"method", "GET", 0},
		{"format", "json", ION_BODY_JSON}, {"format", "form", ION_BODY_FORM}, {"format", "query", ION_BODY_QUERY},
	};

	for (size_t i = 0; i < lengthof(choices); i++)
	{
		if (strcmp(choices[i].option, name) != 0 || strcmp(choices[i].value, value) != 0)
			continue;
		if (strcmp(name, "on_unknown") == 0)
		{
			c->p->hold_unknown = choices[i].number;
			c->seen_unknown = true;
		}
		else if (strcmp(name, "tls") == 0)
			c->p->tls = choices[i].number;
		else if (strcmp(name, "method") == 0)
			c->p->method = (char *) choices[i].value;
		else
			c->p->format = choices[i].number;
		return true;
	}
	return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
				strcmp(name, "on_unknown") == 0 ? "The values are retry and hold." :
				strcmp(name, "tls") == 0 ? "The values are required, opportunistic and off." :
				strcmp(name, "method") == 0 ? "The methods are POST, PUT, PATCH and GET." : "The formats are json, form and query.",
				"option \"%s\" has unknown value \"%.32s\"", name, value);
}

static bool
read_line(OptionContext *c, const char *name, const char *value)
{
	bool		file = ion_option_is_file(name);

	if (value[0] == '\0' || ion_text_has_control(value, strlen(value)) ||
		(file ? value[0] != '/' : strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-[]:") != strlen(value)))
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
					file ? "option \"%s\" must be an absolute path" : "option \"%s\" must be a host name", name);
	if (file)
		c->p->ca_file = pstrdup(value);
	else
		c->p->ehlo_name = pstrdup(value);
	return true;
}

static bool
read_headers(OptionContext *c, const char *name, const char *value)
{
	static const char *const ours[] = {"host", "content-length", "transfer-encoding", "connection", "webhook-id",
	"webhook-timestamp", "webhook-signature", "expect"};

	if (!read_fields(c, name, value, ION_HEADERS_MAX, &c->p->headers, &c->p->n_headers))
		return false;
	for (int i = 0; i < c->p->n_headers; i++)
	{
		const char *header = c->p->headers[i].name;

		if (header[0] == '\0' ||
			strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(header))
			return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"headers\" names an impossible header");
		for (size_t k = 0; k < lengthof(ours); k++)
		{
			if (pg_strcasecmp(header, ours[k]) == 0)
				return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
							"option \"headers\" may not set \"%s\"", ours[k]);
		}
	}
	return true;
}

static bool
read_body(OptionContext *c, const char *name, const char *value)
{
	(void) name;
	c->body_text = value;
	return true;
}

/* A JSON object of name → template. */
static bool
read_fields(OptionContext *c, const char *name, const char *value, int max, IonField **fields, int *n)
{
	const char *why;
	IonValue   *object = ion_json_parse(value, strlen(value), &why);
	IonTemplateError te;

	if (object == NULL || object->kind != ION_JSON_OBJECT)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "For instance '{\"to\": \"{{address}}\"}'.",
					"option \"%s\" must be a JSON object", name);
	if (object->length > max)
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" has more than %d members", name, max);
	*n = object->length;
	*fields = palloc0(sizeof(IonField) * (object->length + 1));
	for (int i = 0; i < object->length; i++)
	{
		const IonMember *member = &object->u.members[i];

		if (member->value.kind != ION_JSON_STRING)
			return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
						"option \"%s\": the value of \"%.64s\" must be a string", name, member->key);
		(*fields)[i].name = pstrdup(member->key);
		(*fields)[i].value = ion_template_parse(member->value.u.text, member->value.length, &te);
		if ((*fields)[i].value == NULL)
			return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
						"option \"%s\": the value of \"%.64s\" is no template: %s", name, member->key, te.message);
	}
	return true;
}

static bool
read_credential(OptionContext *c, const char *name, const char *value)
{
	if (value[0] == '\0')
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" is empty", name);
	if (ion_option_is_file(name))
	{
		if (value[0] != '/')
			return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" must be an absolute path", name);
		c->file[name[0] == 'p' ? 0 : name[0] == 't' ? 1 : 2] = value;
	}
	else if (ion_text_has_control(value, strlen(value)))
		return fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" holds a control character", name);
	else if (strcmp(name, "user") == 0)
		c->p->user = pstrdup(value);
	else if (strcmp(name, "password") == 0)
		c->p->password = pstrdup(value);
	else if (strcmp(name, "token") == 0)
		c->p->token = pstrdup(value);
	else
		c->file[3] = value;
	return true;
}

/* The first line of a small file, as credentials are kept. */
static bool
read_file(const char *path, char **content, IonOptionError *error)
{
	char		buffer[4096];
	FILE	   *file = fopen(path, "r");
	size_t		n;

	if (file == NULL)
		return fail(error, ERRCODE_UNDEFINED_FILE, NULL, "a credential file cannot be read: %s", strerror(errno));
	n = fread(buffer, 1, sizeof(buffer) - 1, file);
	fclose(file);
	buffer[n] = '\0';
	buffer[strcspn(buffer, "\r\n")] = '\0';
	*content = pstrdup(buffer);
	explicit_bzero(buffer, sizeof(buffer));
	if (**content == '\0' || ion_text_has_control(*content, strlen(*content)))
		return fail(error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "a credential file is empty or holds a control character");
	return true;
}

bool
ion_provider_parse_mapping(IonProvider *p, List *options, bool read_files, IonOptionError *error)
{
	OptionContext c = {.p = p, .error = error};
	const char *why;
	char	   *secret;

	if (!read_options(&c, options, true))
		return false;
	if ((c.file[0] && p->password) || (c.file[1] && p->token) || (c.file[2] && c.file[3]))
		return fail(error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "a credential and its file are both set");
	if ((p->password || c.file[0]) && !p->user)
		return fail(error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, NULL, "option \"user\" is required with a password");
	secret = c.file[3] ? pstrdup(c.file[3]) : NULL;
	if (read_files)
	{
		if ((c.file[0] && !read_file(c.file[0], &p->password, error)) ||
			(c.file[1] && !read_file(c.file[1], &p->token, error)) ||
			(c.file[2] && !read_file(c.file[2], &secret, error)))
			return false;
	}
	if (secret != NULL)
	{
		p->key = ion_webhook_key_create(secret, &why);
		SHA256((const unsigned char *) secret, strlen(secret), p->secret_digest);
		explicit_bzero(secret, strlen(secret));
		if (p->key == NULL)
			return fail(error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Write whsec_ and 24 to 64 random bytes in base64.",
						"option \"secret\" is not usable: %s", why);
	}
	return true;
}
