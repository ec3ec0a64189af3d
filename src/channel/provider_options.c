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

#include <openssl/sha.h>

#include "commands/defrem.h"
#include "utils/builtins.h"

#include "channel/option_reader.h"
#include "channel/provider.h"
#include "render/text_check.h"

#define ION_OPTION_TEXT_MAX 65536	/* bytes of any option's value */

typedef bool (*OptionReader) (OptionContext *c, const char *name, const char *value);

typedef struct OptionSpec
{
	const char *name;
	OptionReader read;
	bool		mapping;		/* of a user mapping, else of a server */
	int			transport;		/* -1: any */
} OptionSpec;


static const OptionSpec option_specs[] = {
	{"transport", ion_option_read_transport, false, -1},
	{"channel", ion_option_read_channel, false, -1},
	{"url", ion_option_read_url, false, -1},
	{"sender", ion_option_read_sender, false, -1},
	{"reply_to", ion_option_read_sender, false, ION_TRANSPORT_SMTP},
	{"ehlo_name", ion_option_read_line, false, ION_TRANSPORT_SMTP},
	{"enabled", ion_option_read_bool, false, -1},
	{"priority", ion_option_read_number, false, -1},
	{"weight", ion_option_read_number, false, -1},
	{"max_in_flight", ion_option_read_number, false, -1},
	{"rate_per_second", ion_option_read_number, false, -1},
	{"connect_timeout", ion_option_read_duration, false, -1},
	{"timeout", ion_option_read_duration, false, -1},
	{"retry_schedule", ion_option_read_retry, false, -1},
	{"on_unknown", ion_option_read_choice, false, -1},
	{"tls", ion_option_read_choice, false, ION_TRANSPORT_SMTP},
	{"ca_file", ion_option_read_line, false, -1},
	{"allow_private_network", ion_option_read_bool, false, -1},
	{"method", ion_option_read_choice, false, ION_TRANSPORT_HTTP},
	{"format", ion_option_read_choice, false, ION_TRANSPORT_HTTP},
	{"headers", ion_option_read_headers, false, ION_TRANSPORT_HTTP},
	{"body", ion_option_read_body, false, ION_TRANSPORT_HTTP},
	{"user", ion_option_read_credential, true, -1},
	{"password", ion_option_read_credential, true, -1},
	{"password_file", ion_option_read_credential, true, -1},
	{"token", ion_option_read_credential, true, ION_TRANSPORT_HTTP},
	{"token_file", ion_option_read_credential, true, ION_TRANSPORT_HTTP},
	{"secret", ion_option_read_credential, true, ION_TRANSPORT_HTTP},
	{"secret_file", ion_option_read_credential, true, ION_TRANSPORT_HTTP},
};

static bool read_options(OptionContext *c, List *options, bool mapping);
static bool check_server(OptionContext *c);
static bool check_smtp(OptionContext *c);
static bool check_http(OptionContext *c);
static bool read_file(const char *path, char **content, IonOptionError *error);

const char *
ion_transport_name(IonTransportKind kind)
{
	return kind == ION_TRANSPORT_SMTP ? "smtp" : "http";
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
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_OPTION_NAME,
						mapping ? "User mappings take: user, password, password_file, token, token_file, secret, secret_file."
						: "Servers take: transport, channel, url, sender, enabled, priority, weight, max_in_flight, rate_per_second, "
						"connect_timeout, timeout, retry_schedule, on_unknown, ca_file, allow_private_network; smtp also tls, reply_to, "
						"ehlo_name; http also method, format, headers, body.",
						"invalid option \"%s\"", def->defname);
		if (strlen(value) > ION_OPTION_TEXT_MAX)
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "option \"%s\" is too long", spec->name);
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
				return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE,
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
			if (!ion_option_read_transport(&c, "transport", defGetString(def)))
				return false;
		}
	}
	if (!read_options(&c, options, false))
		return false;
	if (!has_transport)
		return ion_option_fail(error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, "The transports are smtp and http.",
					"option \"transport\" is required");
	return check_server(&c);
}

static bool
check_server(OptionContext *c)
{
	IonProvider *p = c->p;

	if (p->channel[0] == '\0')
		return ion_option_fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, "smtp serves email and pec; http serves webhook and sms.",
					"option \"channel\" is required");
	if (p->url == NULL)
		return ion_option_fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, NULL, "option \"url\" is required");
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
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "smtp serves email and pec.",
					"transport \"smtp\" cannot serve channel \"%s\"", p->channel);
	if (!wrapper && strcmp(p->parsed_url.scheme, "smtp") != 0)
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Write smtp://host:port or smtps://host:port.",
					"transport \"smtp\" does not speak scheme \"%s\"", p->parsed_url.scheme);
	if (strlen(p->url + p->parsed_url.path_offset) > 1)
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "the URL of an SMTP relay has no path");
	if (wrapper && p->tls == ION_TLS_OFF)
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Use smtp:// to speak without TLS.",
					"option \"tls\" says off but the URL's scheme is smtps");
	if (p->sender_address == NULL)
		return ion_option_fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED,
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
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "http serves webhook and sms.",
					"transport \"http\" cannot serve channel \"%s\"", p->channel);
	if (strcmp(p->parsed_url.scheme, "https") != 0 && strcmp(p->parsed_url.scheme, "http") != 0)
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Write https://… or http://….",
					"transport \"http\" does not speak scheme \"%s\"", p->parsed_url.scheme);
	if (p->method == NULL)
		p->method = "POST";
	if (c->body_text == NULL)
	{
		if (p->format != ION_BODY_WEBHOOK)
			return ion_option_fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, NULL,
						"option \"format\" needs option \"body\"");
		if (strcmp(p->method, "GET") == 0)
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Set format 'query' and a body of parameters.",
						"a GET request carries no JSON body");
		if (strcmp(p->channel, "webhook") != 0)
			return ion_option_fail(c->error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED,
						"For instance: format 'form', body '{\"to\": \"{{address}}\", \"text\": \"{{text}}\"}'.",
						"option \"body\" is required for channel \"%s\"", p->channel);
		return true;
	}
	if (p->format == ION_BODY_WEBHOOK)
		p->format = ION_BODY_JSON;
	if (p->format != ION_BODY_QUERY && strcmp(p->method, "GET") == 0)
		return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Set format 'query'.",
					"a GET request carries no body");
	if (p->format == ION_BODY_JSON)
	{
		p->body = ion_template_parse(c->body_text, strlen(c->body_text), &te);
		if (p->body == NULL)
			return ion_option_fail(c->error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL,
						"option \"body\" is no template: line %d, column %d: %s", te.line, te.column, te.message);
		return true;
	}
	return ion_option_read_fields(c, "body", c->body_text, ION_FIELDS_MAX, &p->fields, &p->n_fields);
}

/* The first line of a small file, as credentials are kept. */
static bool
read_file(const char *path, char **content, IonOptionError *error)
{
	char		buffer[4096];
	FILE	   *file = fopen(path, "r");
	size_t		n;

	if (file == NULL)
		return ion_option_fail(error, ERRCODE_UNDEFINED_FILE, NULL, "a credential file cannot be read: %s", strerror(errno));
	n = fread(buffer, 1, sizeof(buffer) - 1, file);
	fclose(file);
	buffer[n] = '\0';
	buffer[strcspn(buffer, "\r\n")] = '\0';
	*content = pstrdup(buffer);
	explicit_bzero(buffer, sizeof(buffer));
	if (**content == '\0' || ion_text_has_control(*content, strlen(*content)))
		return ion_option_fail(error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "a credential file is empty or holds a control character");
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
		return ion_option_fail(error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, NULL, "a credential and its file are both set");
	if ((p->password || c.file[0]) && !p->user)
		return ion_option_fail(error, ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, NULL, "option \"user\" is required with a password");
	p->signs = c.file[2] != NULL || c.file[3] != NULL;
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
			return ion_option_fail(error, ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE, "Write whsec_ and 24 to 64 random bytes in base64.",
						"option \"secret\" is not usable: %s", why);
	}
	return true;
}
