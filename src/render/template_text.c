/*-------------------------------------------------------------------------
 *
 * template_text.c
 *	  The texts of a template, one per channel and language: which is whose,
 *	  and filling it in.
 *
 * Each text lands in one place, so its escape is known: a subject is one
 * header line, a body is Markdown, an SMS is plain text.  Compiling parses the
 * partials too, or the first render would put them into its own memory.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_text.h"

#include "render/template_partials.h"

struct IonCompiledText
{
	const IonTemplate *subject; /* or NULL */
	const IonTemplate *body;
	IonPartials *partials;		/* or NULL */
};

static IonTemplateText *of_language(IonTemplateText *texts, int n, const char *channel, const char *tag, int length);
static IonTemplateText *of_any_language(IonTemplateText *texts, int n, const char *channel);
static bool serves(const IonTemplateText *text, const char *channel);
static bool compile_partials(const char *source, IonPartials **partials, IonTemplateError *err);

static bool
serves(const IonTemplateText *text, const char *channel)
{
	return text->channel[0] == '\0' || strcmp(text->channel, channel) == 0;
}

static IonTemplateText *
of_language(IonTemplateText *texts, int n, const char *channel, const char *tag, int length)
{
	IonTemplateText *found = NULL;

	for (int i = 0; i < n; i++)
	{
		if (serves(&texts[i], channel) && (int) strlen(texts[i].language) == length &&
			pg_strncasecmp(texts[i].language, tag, length) == 0 &&
			(found == NULL || found->channel[0] == '\0'))
			found = &texts[i];
	}
	return found;
}

static IonTemplateText *
of_any_language(IonTemplateText *texts, int n, const char *channel)
{
	IonTemplateText *first = NULL;

	for (int i = 0; i < n; i++)
	{
		if (serves(&texts[i], channel) && (first == NULL || strcmp(texts[i].language, first->language) < 0))
			first = &texts[i];
	}
	return first == NULL ? NULL : of_language(texts, n, channel, first->language, (int) strlen(first->language));
}

IonTemplateText *
ion_template_text_choose(IonTemplateText *texts, int n, const char *channel,
						 const char *const *languages, int n_languages)
{
	for (int i = 0; i < n_languages; i++)
	{
		int			length = languages[i] == NULL ? 0 : (int) strlen(languages[i]);

		while (length > 0)
		{
			IonTemplateText *found = of_language(texts, n, channel, languages[i], length);

			if (found != NULL)
				return found;
			do
				length--;
			while (length > 0 && languages[i][length] != '-');
		}
	}
	return of_any_language(texts, n, channel);
}

bool
ion_template_text_is_plain(const IonTemplateText *text)
{
	return strcmp(text->channel, ION_TEXT_CHANNEL_SMS) == 0 || strcmp(text->channel, ION_TEXT_CHANNEL_PUSH) == 0;
}

static bool
compile_partials(const char *source, IonPartials **partials, IonTemplateError *err)
{
	const char *error = NULL;
	IonValue   *texts = ion_json_parse(source, strlen(source), &error);

	*partials = texts == NULL ? NULL : ion_partials_create(texts, &error);
	if (*partials == NULL)
	{
		memset(err, 0, sizeof(*err));
		strlcpy(err->message, error, sizeof(err->message));
		return false;
	}
	for (int i = 0; i < texts->length; i++)
	{
		const IonTemplate *parsed;
		const char *name = texts->u.members[i].key;

		if (!ion_partials_lookup(*partials, name, &parsed, err))
		{
			strlcpy(err->partial, name, sizeof(err->partial));
			return false;
		}
	}
	return true;
}

bool
ion_template_text_compile(IonTemplateText *text, IonTemplateError *err)
{
	struct IonCompiledText *compiled;

	if (text->compiled != NULL)
		return true;
	compiled = palloc0(sizeof(*compiled));
	if (text->subject != NULL &&
		(compiled->subject = ion_template_parse(text->subject, strlen(text->subject), err)) == NULL)
		return false;
	compiled->body = ion_template_parse(text->markdown, strlen(text->markdown), err);
	if (compiled->body == NULL ||
		(text->partials != NULL && !compile_partials(text->partials, &compiled->partials, err)))
		return false;
	text->compiled = compiled;
	return true;
}

bool
ion_template_text_render(const IonTemplateText *text, const IonValue *params,
						 StringInfo subject, StringInfo body, IonTemplateError *err)
{
	const struct IonCompiledText *compiled = text->compiled;
	IonEscape	escape = ion_template_text_is_plain(text) ? ION_ESCAPE_SMS : ION_ESCAPE_MARKDOWN;

	/* a subject takes no partials: their lines would end up in a header */
	return (compiled->subject == NULL ||
			ion_template_render(compiled->subject, params, ION_ESCAPE_HEADER, NULL, NULL, subject, err)) &&
		ion_template_render(compiled->body, params, escape,
							compiled->partials != NULL ? ion_partials_lookup : NULL, compiled->partials, body, err);
}

const IonRegistration *
ion_template_text_registration(const IonTemplateText *text, const char *provider)
{
	for (int i = 0; i < text->n_registrations; i++)
	{
		if (strcmp(text->registrations[i].provider, provider) == 0)
			return &text->registrations[i];
	}
	return NULL;
}
