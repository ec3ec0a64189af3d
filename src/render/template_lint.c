/*-------------------------------------------------------------------------
 *
 * template_lint.c
 *	  What is wrong with a template's text, and what may surprise its author.
 *
 * An error is what would otherwise fail, or do harm, when the first message is
 * sent: an unescaped tag, a partial that is missing or includes itself, a tag
 * no declared parameter fills.  The tags of a partial are warned of only:
 * inside a section they may name what an item of the list brings.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_lint.h"

#include "render/param_type.h"
#include "render/sms_pattern.h"
#include "render/sms_text.h"
#include "render/template_text.h"

#define VISITS_MAX	1000		/* ways into partials that are walked */

typedef struct Lint
{
	const IonLintedText *text;
	IonLintFound found;
	void	   *arg;
	bool		plain;			/* an SMS: no Markdown in it */
	const IonParamSet *params;	/* NULL: nothing is declared */
} Lint;

typedef struct PartialWalk
{
	Lint	   *lint;
	const char *path[ION_TEMPLATE_PARTIAL_MAX + 1]; /* from the text down to here */
	int			depth;
	int			visits;
	bool		stop;			/* one problem with partials is enough */
} PartialWalk;

static void tell(Lint *lint, bool is_error, const char *fmt,...) pg_attribute_printf(3, 4);
static IonTemplate *parse(Lint *lint, const char *where, const char *text);
static void lint_subject(Lint *lint, const IonTemplate *subject);
static void lint_body(Lint *lint, const IonTemplate *body);
static void lint_partials(Lint *lint, const IonTemplate *body);
static void lint_covered(Lint *lint, bool is_error, const char *where, const IonTemplate *tpl);
static void lint_length(Lint *lint, const IonTemplate *body);
static bool visit_partial(void *arg, const IonTag *tag);
static bool is_no_partial(void *arg, const IonTag *tag);
static bool is_comment_only(void *arg, const IonTag *tag);

static void
tell(Lint *lint, bool is_error, const char *fmt,...)
{
	char		problem[1024];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(problem, sizeof(problem), fmt, args);
	va_end(args);
	lint->found(lint->arg, is_error, problem);
}

static IonTemplate *
parse(Lint *lint, const char *where, const char *text)
{
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse(text, strlen(text), &err);

	if (tpl == NULL)
		tell(lint, true, "%s, line %d, column %d: %s", where, err.line, err.column, err.message);
	return tpl;
}

void
ion_template_lint(const IonLintedText *text, IonLintFound found, void *arg)
{
	Lint		lint = {.text = text, .found = found, .arg = arg};
	IonTemplate *subject = NULL;
	IonTemplate *body = parse(&lint, "markdown", text->markdown);
	const char *error;

	if (text->subject != NULL)
		subject = parse(&lint, "subject", text->subject);
	if (body == NULL || (text->subject != NULL && subject == NULL))
		return;
	lint.plain = text->channel != NULL && strcmp(text->channel, ION_TEXT_CHANNEL_SMS) == 0;
	if (text->parameters != NULL)
	{
		lint.params = ion_param_declare(text->parameters, &error);
		if (lint.params == NULL)
		{
			tell(&lint, true, "parameters: %s", error);
			return;
		}
	}
	if (subject != NULL)
		lint_subject(&lint, subject);
	lint_body(&lint, body);
	if (text->is_partial)
		return;
	lint_partials(&lint, body);
	if (lint.plain)
		lint_length(&lint, body);
	if (lint.params == NULL &&
		(ion_template_tags(body, is_comment_only, NULL) == false ||
		 (subject != NULL && ion_template_tags(subject, is_comment_only, NULL) == false)))
		tell(&lint, false, "it declares no parameters, so what messages bring is not checked");
}

/* A visitor that ends at the first tag. */
static bool
is_comment_only(void *arg, const IonTag *tag)
{
	(void) arg;
	(void) tag;
	return false;
}

/* A visitor that ends at the first partial. */
static bool
is_no_partial(void *arg, const IonTag *tag)
{
	(void) arg;
	return tag->kind != ION_TAG_PARTIAL;
}

static void
lint_subject(Lint *lint, const IonTemplate *subject)
{
	if (!ion_template_tags(subject, is_no_partial, NULL))
		tell(lint, true, "subject: it takes no partials, whose lines would end up in a header");
	lint_covered(lint, true, "subject", subject);
}

static void
lint_body(Lint *lint, const IonTemplate *body)
{
	/* a partial may be for SMS: the texts that include it are looked at */
	if (!lint->plain && ion_template_has_raw(body))
		tell(lint, !lint->text->is_partial, "markdown: {{{x}}} and {{&x}} would let a value write Markdown; use {{x}}");
	if (!lint->text->is_partial)
		lint_covered(lint, true, "markdown", body);
}

static void
lint_covered(Lint *lint, bool is_error, const char *where, const IonTemplate *tpl)
{
	StringInfoData problem;

	if (lint->params == NULL)
		return;
	initStringInfo(&problem);
	if (!ion_param_covers(lint->params, tpl, &problem))
		tell(lint, is_error, "%s: %s", where, problem.data);
	pfree(problem.data);
}

/* What a template takes at least, whatever its values. */
static void
lint_length(Lint *lint, const IonTemplate *body)
{
	StringInfoData literal;
	IonSmsSize	size;

	if (lint->text->sms_max_segments == 0)
		return;
	initStringInfo(&literal);
	if (ion_sms_pattern_of(body, "", &literal))
	{
		ion_sms_measure(literal.data, literal.len, &size);
		if (size.segments > lint->text->sms_max_segments)
			tell(lint, false, "markdown: without any value it takes %d SMS segments, %d are allowed",
				 size.segments, lint->text->sms_max_segments);
	}
	pfree(literal.data);
}

static void
lint_partials(Lint *lint, const IonTemplate *body)
{
	PartialWalk walk = {.lint = lint};
	const IonValue *partials = lint->text->partials;

	ion_template_tags(body, visit_partial, &walk);
	for (int i = 0; !walk.stop && partials != NULL && i < partials->length; i++)
	{
		const IonMember *m = &partials->u.members[i];
		IonTemplate *tpl = parse(lint, psprintf("partial \"%s\"", m->key), m->value.u.text);

		if (tpl == NULL)
			continue;
		if (!lint->plain && ion_template_has_raw(tpl))
			tell(lint, true, "partial \"%s\": {{{x}}} and {{&x}} would let a value write Markdown", m->key);
		lint_covered(lint, false, psprintf("partial \"%s\"", m->key), tpl);
	}
}

/* Walk down every way a partial can be reached: texts are few and short. */
static bool
visit_partial(void *arg, const IonTag *tag)
{
	PartialWalk *walk = arg;
	Lint	   *lint = walk->lint;
	const IonValue *text;
	IonTemplate *tpl;
	char	   *name;

	if (tag->kind != ION_TAG_PARTIAL)
		return true;
	name = pnstrdup(tag->name, tag->length);
	text = ion_json_get(lint->text->partials, name, tag->length);
	walk->stop = true;
	if (text == NULL || text->kind != ION_JSON_STRING)
	{
		tell(lint, true, "partial \"%s\" does not exist for this template", name);
		return false;
	}
	for (int i = 0; i < walk->depth; i++)
	{
		if (strcmp(walk->path[i], name) == 0)
		{
			tell(lint, true, "partial \"%s\" includes itself", name);
			return false;
		}
	}
	if (walk->depth == ION_TEMPLATE_PARTIAL_MAX || ++walk->visits > VISITS_MAX)
	{
		tell(lint, true, "more than %d partials inside one another, or more than %d in all",
			 ION_TEMPLATE_PARTIAL_MAX, VISITS_MAX);
		return false;
	}
	tpl = parse(lint, psprintf("partial \"%s\"", name), text->u.text);
	if (tpl == NULL)
		return false;
	walk->stop = false;
	walk->path[walk->depth++] = name;
	ion_template_tags(tpl, visit_partial, walk);
	walk->depth--;
	return !walk->stop;
}
