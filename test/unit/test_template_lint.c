/* units: src/render/template_lint.c src/render/template_text.c src/render/sms_pattern.c src/render/sms_text.c src/render/param_type.c src/render/param_check.c src/render/param_cover.c src/render/locale_format.c src/render/locale_cache.c src/render/moment.c src/render/template.c src/render/template_parse.c src/render/template_tag.c src/render/template_render.c src/render/template_partials.c src/render/escape.c src/render/escape_markdown.c src/render/json_value.c src/render/json_parse.c src/render/json_escape.c src/render/text_check.c */
/*
 * What keeps a text from being approved, and what its author is warned of.
 */
#include "render/template_lint.h"

#include "test/unit/tap.h"

static StringInfoData told;

static void
note(void *arg, bool is_error, const char *problem)
{
	(void) arg;
	appendStringInfo(&told, "%s%c %s", told.len > 0 ? "; " : "", is_error ? 'E' : 'W', problem);
}

static const IonValue *
json(const char *text)
{
	const char *error = NULL;

	return text == NULL ? NULL : ion_json_parse(text, strlen(text), &error);
}

/* All that is told of a text, errors marked E and warnings W. */
static void
lint(const char *channel, const char *subject, const char *markdown, const char *parameters, const char *partials,
	 const char *want, const char *what)
{
	IonLintedText text = {
		.channel = channel, .subject = subject, .markdown = markdown,
		.parameters = json(parameters), .partials = json(partials), .sms_max_segments = 1
	};

	resetStringInfo(&told);
	ion_template_lint(&text, note, NULL);
	is_str(told.data, want, what);
}

/* p0 includes p1 twice, p1 includes p2 twice, and so on. */
static const char *
doubling(int n, bool loop)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoChar(&out, '{');
	for (int i = 0; i < n; i++)
		appendStringInfo(&out, "\"p%d\": \"{{>p%d}}{{>p%d}}\", ", i, i + 1, i + 1);
	appendStringInfo(&out, "\"p%d\": \"%s\"}", n, loop ? "{{>p0}}" : "x");
	return out.data;
}

static void
partials(void)
{
	lint(NULL, "S", "{{>p}}", "{}", NULL, "E partial \"p\" does not exist for this template", "no partials at all");
	lint(NULL, "S", "{{>p}}", "{}", "{\"p\": null}", "E partial \"p\" does not exist for this template", "a partial there is none of");
	lint(NULL, "S", "{{>p}}", "{}", "{\"p\": \"{{>q}}\"}", "E partial \"q\" does not exist for this template", "one within another");
	lint(NULL, "S", "{{>p}}{{>p}}", "{}", "{\"p\": \"{{>q}}{{>q}}\", \"q\": \"x\"}", "", "twice is no circle");
	lint(NULL, "S", "{{>p}}", "{}", "{\"p\": \"{{>p}}\"}", "E partial \"p\" includes itself", "a circle of one");
	lint(NULL, "S", "{{>p}}", "{}", "{\"p\": \"{{>q}}\", \"q\": \"{{#x}}{{>p}}{{/x}}\"}", "E partial \"p\" includes itself", "a circle of two, though data would end it");
	lint(NULL, "S", "{{>p}}", "{}", "{\"p\": \"{{{x}}}\"}",
		 "E partial \"p\": {{{x}}} and {{&x}} would let a value write Markdown; W partial \"p\": line 1, column 4: \"x\" is not declared", "raw in a partial");
	lint(NULL, "S", "{{>p}}", "{}", "{\"p\": \"{{#x}}\"}", "E partial \"p\", line 1, column 1: section \"x\" is not closed", "a partial that is no template");
	lint(NULL, "S", "{{>p0}}", "{}", doubling(17, false), "E more than 16 partials inside one another, or more than 1000 in all", "too deep");
	lint(NULL, "S", "{{>p0}}", "{}", doubling(14, false), "E more than 16 partials inside one another, or more than 1000 in all", "too many ways");
	lint(NULL, "S", "{{>p0}}", "{}", doubling(5, true), "E partial \"p0\" includes itself", "a circle at the end of many ways");
	lint(NULL, "S", "{{>p0}}", "{}", doubling(5, false), "", "some ways are fine");
	lint(NULL, "{{>p}}", "x", "{}", "{\"p\": \"x\"}",
		 "E subject: it takes no partials, whose lines would end up in a header", "a partial in a subject");
}

static void
parameters(void)
{
	lint(NULL, "S {{a}}", "{{b}}", "{\"a\": \"text\", \"b\": \"date\"}", NULL, "", "all declared");
	lint(NULL, "S {{a}}", "x\n{{c}}", "{\"a\": \"text\"}", NULL, "E markdown: line 2, column 3: \"c\" is not declared", "a tag that is not, by its place");
	lint(NULL, "S {{c}}", "x", "{\"a\": \"text\"}", NULL, "E subject: line 1, column 5: \"c\" is not declared", "in the subject");
	lint(NULL, "S", "{{a}}", "{\"a\": \"colour\"}", NULL,
		 "E parameters: parameter \"a\": unknown type; there are text, integer, number, money, boolean, date, time, timestamp, url, list and object", "no declaration");
	lint(NULL, "S", "{{a}}", NULL, NULL, "W it declares no parameters, so what messages bring is not checked", "none declared");
	lint(NULL, "S {{a}}", "x", NULL, NULL, "W it declares no parameters, so what messages bring is not checked", "a tag in the subject");
	lint(NULL, "S", "x {{! only a comment }}", NULL, NULL, "", "none needed");
	lint(NULL, "S", "{{>p}}", "{\"a\": \"text\"}", "{\"p\": \"{{b}}\"}", "W partial \"p\": line 1, column 3: \"b\" is not declared", "a partial's tags are warned of");
}

int
main(void)
{
	IonLintedText partial = {.is_partial = true, .markdown = "{{{x}}} {{>nowhere}} {{y}}"};
	char	   *long_text = psprintf("%0161d", 0);

	initStringInfo(&told);
	lint(NULL, "S", "x", NULL, NULL, "", "nothing to say");
	lint(NULL, "{{#a}}", "{{/b}}", NULL, NULL,
		 "E markdown, line 1, column 1: section \"b\" is closed but not open; E subject, line 1, column 1: section \"a\" is not closed", "no templates");
	partials();
	parameters();
	lint(NULL, "S", "{{{a}}}", "{\"a\": \"text\"}", NULL, "E markdown: {{{x}}} and {{&x}} would let a value write Markdown; use {{x}}", "raw");
	lint(NULL, "S", "{{&a}}", "{\"a\": \"text\"}", NULL, "E markdown: {{{x}}} and {{&x}} would let a value write Markdown; use {{x}}", "raw, the other way to write it");
	lint("sms", NULL, "{{{a}}}", "{\"a\": \"text\"}", NULL, "", "harmless in an SMS");
	lint("email", "{{{a}}}", "x", "{\"a\": \"text\"}", NULL, "", "and in a subject");
	lint("sms", NULL, psprintf("%s{{a}}", long_text), "{\"a\": \"text\"}", NULL,
		 "W markdown: without any value it takes 2 SMS segments, 1 are allowed", "an SMS that cannot fit");
	lint("sms", NULL, psprintf("{{#a}}%s{{/a}}", long_text), "{\"a\": \"text\"}", NULL, "", "it might, with a section");

	resetStringInfo(&told);
	ion_template_lint(&partial, note, NULL);
	is_str(told.data, "W markdown: {{{x}}} and {{&x}} would let a value write Markdown; use {{x}}", "a partial is judged where it is used");
	return done_testing();
}
