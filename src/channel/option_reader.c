/*-------------------------------------------------------------------------
 *
 * option_reader.c
 *	  How each kind of provider option is read.
 *
 * Values are checked as they are read, and copied into the current context;
 * what several options must agree on is provider_options.c's business.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/builtins.h"

#include "channel/option_reader.h"
#include "render/json_value.h"
#include "render/mail_address.h"
#include "render/text_check.h"

bool
ion_option_fail(IonOptionError *error, int sqlstate, const char *hint, const char *fmt,...)
{
	va_list		args;

	error->sqlstate = sqlstate;
	error->hint = hint;
	va_start(args, fmt);
	vsnprintf(error->message, sizeof(error->message), fmt, args);
	va_end(args);
	return false;
}

bool
ion_option_read_transport(OptionContext *c, const char *name, const char *value)
{
	if (strcmp(value, "smtp") == 0)
		c->p->transport = ION_TRANSPORT_SMTP;
	else if (strcmp(value, "http") == 0)
		c->p->transport = ION_TRANSPORT_HTTP;
	else
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "This version speaks smtp and http.",
					"option \"%s\" has unknown value \"%.32s\"", name, value);
	return true;
}

bool
ion_option_read_channel(OptionContext *c, const char *name, const char *value)
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
	return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "The channels of providers are email, pec, webhook, sms and push.",
				"option \"%s\" has unknown value \"%.32s\"", name, value);
}

bool
ion_option_read_url(OptionContext *c, const char *name, const char *value)
{
	const char *why;

	if (!ion_url_parse(value, &c->p->parsed_url, &why))
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "For instance https://host/path or smtp://host:25.",
					"option \"%s\" is not a usable URL: %s", name, why);
	c->p->url = pstrdup(value);
	return true;
}

bool
ion_option_read_sender(OptionContext *c, const char *name, const char *value)
{
	IonProvider *p = c->p;
	const char *why;
	char	   *display = NULL;
	char	   *address = NULL;

	/* an SMS gateway's sender is a short name or number, not a mailbox */
	if (p->transport == ION_TRANSPORT_HTTP)
	{
		if (value[0] == '\0' || strlen(value) > ION_MAIL_MAILBOX_MAX || ion_text_has_control(value, strlen(value)))
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" is empty or holds a control character", name);
		p->sender = pstrdup(value);
		return true;
	}
	if (!ion_mail_mailbox_parse(value, &display, &address, &why))
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Write Name <address> or address.",
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

bool
ion_option_read_bool(OptionContext *c, const char *name, const char *value)
{
	bool		answer;

	if (!parse_bool(value, &answer))
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" must be on or off", name);
	if (strcmp(name, "enabled") == 0)
		c->p->enabled = answer;
	else
		c->p->allow_private_network = answer;
	return true;
}

bool
ion_option_read_number(OptionContext *c, const char *name, const char *value)
{
	char	   *end;
	double		number = strtod(value, &end);
	bool		rate = strcmp(name, "rate_per_second") == 0;
	bool		priority = strcmp(name, "priority") == 0;
	double		low = priority ? 0 : rate ? 0.001 : 1;
	double		high = strcmp(name, "max_in_flight") == 0 ? 10000 : rate ? 1000000 : 1000;

	if (end == value || *end != '\0' || isnan(number) || number < low || number > high || (!rate && number != floor(number)))
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
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

bool
ion_option_read_duration(OptionContext *c, const char *name, const char *value)
{
	IonRetrySchedule one;
	const char *why;

	if (!ion_retry_schedule_parse(value, &one, &why) || one.count != 1 ||
		one.delay_ms[0] < 1 || one.delay_ms[0] > 600000)
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "For instance '5 s' or '500 ms'.",
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

bool
ion_option_read_retry(OptionContext *c, const char *name, const char *value)
{
	const char *why;

	if (!ion_retry_schedule_parse(value, &c->p->retry, &why))
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "For instance '5 s, 5 min, 30 min, 2 h'.",
					"option \"%s\" is not a schedule: %s", name, why);
	c->seen_retry = true;
	return true;
}

bool
ion_option_read_choice(OptionContext *c, const char *name, const char *value)
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
	return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
				strcmp(name, "on_unknown") == 0 ? "The values are retry and hold." :
				strcmp(name, "tls") == 0 ? "The values are required, opportunistic and off." :
				strcmp(name, "method") == 0 ? "The methods are POST, PUT, PATCH and GET." : "The formats are json, form and query.",
				"option \"%s\" has unknown value \"%.32s\"", name, value);
}

bool
ion_option_read_line(OptionContext *c, const char *name, const char *value)
{
	bool		file = ion_option_is_file(name);

	if (value[0] == '\0' || ion_text_has_control(value, strlen(value)) ||
		(file ? value[0] != '/' : strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-[]:") != strlen(value)))
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
					file ? "option \"%s\" must be an absolute path" : "option \"%s\" must be a host name", name);
	if (file)
		c->p->ca_file = pstrdup(value);
	else
		c->p->ehlo_name = pstrdup(value);
	return true;
}

bool
ion_option_read_headers(OptionContext *c, const char *name, const char *value)
{
	static const char *const ours[] = {"host", "content-length", "transfer-encoding", "connection", "webhook-id",
	"webhook-timestamp", "webhook-signature", "expect"};

	if (!ion_option_read_fields(c, name, value, ION_HEADERS_MAX, &c->p->headers, &c->p->n_headers))
		return false;
	for (int i = 0; i < c->p->n_headers; i++)
	{
		const char *header = c->p->headers[i].name;

		if (header[0] == '\0' ||
			strspn(header, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != strlen(header))
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"headers\" names an impossible header");
		for (size_t k = 0; k < lengthof(ours); k++)
		{
			if (pg_strcasecmp(header, ours[k]) == 0)
				return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
							"option \"headers\" may not set \"%s\"", ours[k]);
		}
	}
	return true;
}

bool
ion_option_read_body(OptionContext *c, const char *name, const char *value)
{
	(void) name;
	c->body_text = value;
	return true;
}

bool
ion_option_read_credential(OptionContext *c, const char *name, const char *value)
{
	if (value[0] == '\0')
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" is empty", name);
	if (ion_option_is_file(name))
	{
		if (value[0] != '/')
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" must be an absolute path", name);
		c->file[name[0] == 'p' ? 0 : name[0] == 't' ? 1 : 2] = value;
	}
	else if (ion_text_has_control(value, strlen(value)))
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" holds a control character", name);
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

/* A JSON object of name → template. */
bool
ion_option_read_fields(OptionContext *c, const char *name, const char *value, int max, IonField **fields, int *n)
{
	const char *why;
	IonValue   *object = ion_json_parse(value, strlen(value), &why);
	IonTemplateError te;

	if (object == NULL || object->kind != ION_JSON_OBJECT)
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "For instance '{\"to\": \"{{address}}\"}'.",
					"option \"%s\" must be a JSON object", name);
	if (object->length > max)
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" has more than %d members", name, max);
	*n = object->length;
	*fields = palloc0(sizeof(IonField) * (object->length + 1));
	for (int i = 0; i < object->length; i++)
	{
		const IonMember *member = &object->u.members[i];

		if (member->value.kind != ION_JSON_STRING)
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
						"option \"%s\": the value of \"%.64s\" must be a string", name, member->key);
		(*fields)[i].name = pstrdup(member->key);
		(*fields)[i].value = ion_template_parse(member->value.u.text, member->value.length, &te);
		if ((*fields)[i].value == NULL)
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
						"option \"%s\": the value of \"%.64s\" is no template: %s", name, member->key, te.message);
	}
	return true;
}

bool
ion_option_is_file(const char *name)
{
	size_t		length = strlen(name);

	return length > 5 && strcmp(name + length - 5, "_file") == 0;
}
