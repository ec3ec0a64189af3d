/*-------------------------------------------------------------------------
 *
 * template_cache.c
 *	  Templates as a process keeps them: compiled, and shared by all it sends
 *	  or accepts.
 *
 * A template's texts at one version never change, so what is kept is right for
 * as long as it is kept; it is thrown away with every change of the tables all
 * the same, which is what makes a DBA's surgery seen.  Texts are compiled when
 * first used: a template in thirty languages costs what is sent of it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "channel/template_cache.h"
#include "queue/template_read.h"
#include "render/local_time.h"

static void add_text(void *arg, const IonTemplateRow *row);
static const char *kept_text(const char *text);
static void read_registrations(IonTemplateText *text, const char *json);
static char *member_text(const IonValue *object, const char *key);

static const char *
kept_text(const char *text)
{
	return text == NULL ? NULL : pstrdup(text);
}

static char *
member_text(const IonValue *object, const char *key)
{
	const IonValue *value = ion_json_get(object, key, strlen(key));

	return value == NULL || value->kind != ION_JSON_STRING ? NULL : pstrdup(value->u.text);
}

static void
read_registrations(IonTemplateText *text, const char *json)
{
	const char *error;
	const IonValue *list = ion_json_parse(json, strlen(json), &error);
	IonRegistration *registrations;

	if (list == NULL || list->kind != ION_JSON_ARRAY)
		return;
	registrations = palloc0(sizeof(IonRegistration) * (list->length + 1));
	for (int i = 0; i < list->length; i++)
	{
		registrations[i].provider = member_text(&list->u.items[i], "provider");
		registrations[i].provider_template_id = member_text(&list->u.items[i], "id");
		registrations[i].pattern = member_text(&list->u.items[i], "pattern");
	}
	text->registrations = registrations;
	text->n_registrations = list->length;
}

static void
add_text(void *arg, const IonTemplateRow *row)
{
	IonFamily  *family = arg;
	MemoryContext old = MemoryContextSwitchTo(family->kept.cxt);
	IonTemplateText *text;

	/* the newest text says what is declared, be it retired or not */
	if (family->texts == NULL && row->parameters != NULL)
	{
		const char *error;
		const IonValue *declaration = ion_json_parse(row->parameters, strlen(row->parameters), &error);

		family->params = declaration == NULL ? NULL : ion_param_declare(declaration, &error);
	}
	if (family->texts == NULL)
		family->texts = palloc0(sizeof(IonTemplateText));
	if (row->live)
	{
		family->texts = repalloc(family->texts, sizeof(IonTemplateText) * (family->n_texts + 1));
		text = &family->texts[family->n_texts++];
		memset(text, 0, sizeof(*text));
		memcpy(text->id, row->id.data, sizeof(text->id));
		text->version = row->version;
		text->channel = row->channel == NULL ? "" : pstrdup(row->channel);
		text->language = pstrdup(row->language);
		text->subject = kept_text(row->subject);
		text->markdown = pstrdup(row->markdown);
		text->partials = kept_text(row->partials);
		text->layout = kept_text(row->layout);
		text->calendar = row->calendar;
		text->sms_max_segments = row->sms_max_segments;
		if (row->registrations != NULL)
			read_registrations(text, row->registrations);
	}
	MemoryContextSwitchTo(old);
}

IonFamily *
ion_family_get(const char *name, int32 version)
{
	char		key[ION_KEPT_KEY_MAX];
	IonFamily  *family;

	snprintf(key, sizeof(key), "template %s %d", name, version);
	family = (IonFamily *) ion_kept_find(key);
	if (family != NULL)
		return family;
	family = (IonFamily *) ion_kept_begin(key, sizeof(IonFamily));
	strlcpy(family->name, name, sizeof(family->name));
	family->version = version;
	if (ion_template_family_read(name, version, add_text, family) == 0)
	{
		MemoryContextDelete(family->kept.cxt);
		return NULL;
	}
	ion_kept_end(&family->kept);
	return family;
}

bool
ion_family_render(IonFamily *family, IonTemplateText *text, const IonValue *params, const char *time_zone,
				  StringInfo subject, StringInfo body, const char **error)
{
	IonTemplateError err;

	if (text->compiled == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(family->kept.cxt);
		bool		compiled = ion_template_text_compile(text, &err);

		MemoryContextSwitchTo(old);
		ion_kept_measure(&family->kept);
		if (!compiled)
		{
			*error = psprintf("the template cannot be read: line %d, column %d: %s", err.line, err.column, err.message);
			return false;
		}
	}
	if (family->params != NULL)
	{
		params = ion_param_localize(family->params, params, text->language,
									time_zone != NULL ? time_zone : ION_LOCAL_TIME_ZONE, error);
		if (params == NULL)
			return false;
	}
	if (ion_template_text_render(text, params, subject, body, &err))
		return true;
	*error = psprintf("the template cannot be filled in: %s%s%sline %d, column %d: %s", err.partial[0] ? "partial " : "",
					  err.partial, err.partial[0] ? ", " : "", err.line, err.column, err.message);
	return false;
}
