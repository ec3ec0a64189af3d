/* units: src/render/param_type.c src/render/param_check.c src/render/param_localize.c src/render/param_cover.c src/render/locale_format.c src/render/locale_cache.c src/render/moment.c src/render/text_check.c src/render/template.c src/render/template_parse.c src/render/template_tag.c src/render/template_render.c src/render/escape.c src/render/escape_markdown.c src/render/json_escape.c src/render/json_parse.c src/render/json_value.c */
/*-------------------------------------------------------------------------
 *
 * test_param_localize.c
 *	  Params in the citizen's language, and templates against declarations.
 *
 * At the end every formatter is closed and ICU cleaned up, for the leak
 * checker.
 *
 *-------------------------------------------------------------------------
 */
#include "params.h"

#include <unicode/uclean.h>

#include "render/locale_format.h"

#define NBSP "\xc2\xa0"

/* The localized params under a template, with every other escape left out. */
static const char *
shown(const char *declaration, const char *params, const char *language,
	  const char *template_text)
{
	IonTemplateError err;
	const char *error = "never set";
	IonParamSet *set = set_of(declaration);
	IonValue   *localized = ion_param_localize(set, params ? json(params) : NULL,
											   language, "Europe/Rome", &error);
	IonTemplate *tpl = ion_template_parse(template_text, strlen(template_text), &err);
	StringInfoData out;

	if ((localized == NULL) != (error != NULL))
		return "a value and an error, or neither";
	if (localized == NULL)
		return error;
	initStringInfo(&out);
	if (!ion_template_render(tpl, localized, ION_ESCAPE_NONE, NULL, NULL, &out, &err))
		return psprintf("%s", err.message);
	return out.data;
}

static const char *
covered(const char *declaration, const char *template_text)
{
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse(template_text, strlen(template_text), &err);
	StringInfoData problem;
	bool		covers;

	if (tpl == NULL)
		return psprintf("%s", err.message);
	initStringInfo(&problem);
	covers = ion_param_covers(set_of(declaration), tpl, &problem);
	if (covers != (problem.len == 0))
		return "a problem and no failure, or the other way round";
	return covers ? "covered" : problem.data;
}

/*
 * One declaration with everything, in each of the languages.
 */
static void
test_localize(void)
{
	static const char declaration[] =
		"{\"t\":\"text\",\"i\":\"integer\",\"n\":\"number\",\"m\":\"money\",\"b\":\"boolean\",\"d\":\"date\","
		"\"h\":\"time\",\"ts\":\"timestamp\",\"u\":\"url\"}";
	static const char params[] =
		"{\"t\":\"12345\",\"i\":-123456,\"n\":1.50,\"m\":1250,\"b\":true,\"d\":\"2026-01-15\",\"h\":\"14:30:59\","
		"\"ts\":\"2026-01-15T23:30:00Z\",\"u\":\"https://x.org/1\"}";
	static const char text[] = "{{t}}|{{i}}|{{n}}|{{m}}|{{b}}|{{d}}|{{h}}|{{u}}";
	static const char *const want[][2] = {
		{"it", "12345|-123.456|1,50|12,50" NBSP "€|true|15 gennaio 2026|14:30|https://x.org/1"},
		{"de", "12345|-123.456|1,50|12,50" NBSP "€|true|15. Januar 2026|14:30|https://x.org/1"},
		{"es", "12345|-123.456|1,50|12,50" NBSP "€|true|15 de enero de 2026|14:30|https://x.org/1"},
		{"sl", "12345|−123.456|1,50|12,50" NBSP "€|true|15. januar 2026|14:30|https://x.org/1"},
		{"xx", "12345|-123.456|1,50|12,50" NBSP "€|true|15 gennaio 2026|14:30|https://x.org/1"},
	};

	for (size_t i = 0; i < lengthof(want); i++)
		is_str(shown(declaration, params, want[i][0], text), want[i][1], psprintf("in %s", want[i][0]));
	is_str(shown(declaration, params, "en", "{{t}}|{{i}}|{{n}}|{{m}}|{{b}}|{{d}}|{{u}}"),
		   "12345|-123,456|1.50|€12.50|true|January 15, 2026|https://x.org/1", "in en");
	is_str(shown(declaration, params, "fr", "{{n}}|{{m}}|{{d}}|{{h}}"),
		   "1,50|12,50" NBSP "€|15 janvier 2026|14:30", "in fr");
	is_str(shown(declaration, params, "it", "{{ts}}"), "16 gennaio 2026 alle ore 00:30", "an instant in the reader's zone");
	is_str(shown(declaration, params, "it", "{{i_raw}}|{{n_raw}}|{{m_raw}}|{{d_raw}}|{{h_raw}}|{{ts_raw}}"),
		   "-123456|1.50|1250|2026-01-15|14:30:59|2026-01-15T23:30:00Z", "the values as they were given");
	is_str(shown(declaration, params, "it", "[{{t_raw}}{{b_raw}}{{u_raw}}]"), "[]", "which only localized types have");
	is_str(shown("{\"m\":\"money\",\"b\":\"boolean\"}", "{\"m\":0,\"b\":false}", "it",
				 "{{#m}}yes{{/m}}{{^m}}no {{m}}{{/m}}{{^m_raw}} no {{m_raw}}{{/m_raw}}{{^b}} no {{b}}{{/b}}"),
		   "no 0,00" NBSP "€ no 0 no false", "zero stays falsey");
	is_str(shown("{\"m\":\"money\",\"d\":\"date\"}", "{\"m\":1,\"d\":\"2026-01-15\"}", "it",
				 "{{#m}}{{.}}{{/m}} {{#d}}{{.}}{{/d}}"), "0,01" NBSP "€ 15 gennaio 2026", "a value as its own section");
	is_str(shown("{\"o\":{\"type\":\"object\",\"fields\":{\"m\":\"money\"}}}", "{\"o\":{\"m\":1250}}", "it", "{{o}}"),
		   "{\"m\":1250,\"m_raw\":1250}", "JSON keeps the value");
}

static void
test_localize_structures(void)
{
	static const char items[] =
		"{\"items\":{\"type\":\"list\",\"items\":{\"price\":\"money\",\"note\":{\"type\":\"text\",\"required\":false},"
		"\"days\":{\"type\":\"list\",\"items\":\"date\",\"required\":false}}},\"note\":{\"type\":\"text\",\"required\":false}}";
	const char *error;

	is_str(shown(items, "{\"items\":[{\"price\":100},{\"price\":0,\"note\":\"n\",\"days\":[\"2026-01-15\",\"2026-08-01\"]}],"
				 "\"note\":\"outer\"}", "it",
				 "{{#items}}[{{price}} {{price_raw}} {{note}}{{#days}} {{.}}{{/days}}]{{/items}}"),
		   "[1,00" NBSP "€ 100 ][0,00" NBSP "€ 0 n 15 gennaio 2026 1 agosto 2026]",
		   "items, and a missing field hides its namesake outside");
	is_str(shown(items, "{\"items\":[]}", "it", "{{^items}}none{{/items}}"), "none", "an empty list is falsey");
	is_str(shown("{\"l\":{\"type\":\"list\",\"items\":\"money\"}}", "{\"l\":[0,1250]}", "en", "{{#l}}({{.}}){{/l}} {{l}}"),
		   "(€0.00)(€12.50) [0,1250]", "scalars");
	is_str(shown("{\"l\":{\"type\":\"list\",\"items\":\"text\"},\"m\":\"list\",\"o\":\"object\"}",
				 "{\"l\":[\"a\"],\"m\":[1,[2],{\"x\":3}],\"o\":{\"d\":\"2026-01-15\",\"n\":1234567}}", "it", "{{l}} {{m}} {{o.d}} {{o.n}}"),
		   "[\"a\"] [1,[2],{\"x\":3}] 2026-01-15 1234567", "what has no declaration stays as it is");
	is_str(shown("{\"o\":{\"type\":\"object\",\"fields\":{\"i\":{\"type\":\"object\",\"fields\":{\"d\":\"date\"}}}}}",
				 "{\"o\":{\"i\":{\"d\":\"2026-01-15\"}}}", "it", "{{o.i.d}} {{#o}}{{#i}}{{d}} {{d_raw}}{{/i}}{{/o}}"),
		   "15 gennaio 2026 15 gennaio 2026 2026-01-15", "fields of fields");
	is_str(shown("{\"a\":{\"type\":\"money\",\"default\":1250},\"b\":{\"type\":\"text\",\"default\":\"x\"},"
				 "\"c\":{\"type\":\"list\",\"items\":{\"d\":\"date\"},\"default\":[{\"d\":\"2026-01-15\"}]}}",
				 "{\"b\":null}", "it", "{{a}} {{a_raw}} {{b}} {{#c}}{{d}}{{/c}}"),
		   "12,50" NBSP "€ 1250 x 15 gennaio 2026", "defaults are localized too");
	is_str(shown("{\"a\":{\"type\":\"money\",\"required\":false}}", NULL, "it", "[{{a}}{{a_raw}}{{#a}}x{{/a}}]"), "[]",
		   "what is missing is nothing");
	is_str(shown("{\"a\":\"money\"}", "{\"a\":7,\"z\":{\"a\":1},\"a_raw\":\"forged\"}", "it", "{{a}} {{a_raw}} {{z.a}}"),
		   "0,07" NBSP "€ 7 1", "undeclared values are kept, and hide nothing of ours");
	is_str(shown("{\"a\":\"money\"}", "{\"a\":\"x\",\"a\":7}", "it", "{{a}}"), "0,07" NBSP "€", "of equal keys the last");

	is_str(shown("{\"a\":\"money\"}", "{\"a\":\"7\"}", "it", ""), "a parameter does not fit its declared type", "unchecked money");
	is_str(shown("{\"a\":\"date\"}", "{\"a\":\"x\"}", "it", ""), "a parameter does not fit its declared type", "unchecked dates");
	is_str(shown("{\"a\":\"number\"}", "{\"a\":1e999999}", "it", ""), "no number, or one of too many digits", "unchecked numbers");
	is_str(shown(items, "{\"items\":{}}", "it", ""), "a parameter does not fit its declared type", "unchecked lists");
	is_str(shown(items, "{\"items\":[7]}", "it", ""), "a parameter does not fit its declared type", "unchecked items");
	is_str(shown("{}", "[]", "it", ""), "a parameter does not fit its declared type", "unchecked params");
	ok(ion_param_localize(set_of("{\"a\":\"timestamp\"}"), json("{\"a\":\"2026-01-15T00:00Z\"}"), "it", "Roma", &error) == NULL &&
	   strcmp(error, "unknown time zone") == 0, "an unknown zone");
	ok(ion_param_localize(set_of("{\"a\":\"date\"}"), json("{\"a\":\"2026-01-15\"}"), "it", NULL, &error) != NULL,
	   "which dates do not need");
}

static void
test_wide_objects(void)
{
	StringInfoData declaration;
	StringInfoData params;
	StringInfoData text;
	StringInfoData want;

	initStringInfo(&declaration);
	initStringInfo(&params);
	initStringInfo(&text);
	initStringInfo(&want);
	for (int i = 0; i < 200; i++)
	{
		appendStringInfo(&declaration, "%c\"p%d\":\"integer\"", i ? ',' : '{', i);
		appendStringInfo(&params, "%c\"p%d\":%d", i ? ',' : '{', 199 - i, 199 - i);
		appendStringInfo(&text, "{{p%d}}{{p%d_raw}} ", i, i);
		appendStringInfo(&want, "%d%d ", i, i);
	}
	appendStringInfoChar(&declaration, '}');
	appendStringInfoChar(&params, '}');
	is_str(checked(declaration.data, params.data), "fits", "two hundred parameters");
	is_str(shown(declaration.data, params.data, "it", text.data), want.data, "each found by its name");
	is_str(covered(declaration.data, text.data), "covered", "and covering");
}

static void
test_covers(void)
{
	static const char declaration[] =
		"{\"name\":\"text\",\"amount\":\"money\",\"items\":{\"type\":\"list\",\"items\":{\"price\":\"money\",\"tags\":"
		"{\"type\":\"list\",\"items\":\"text\"}}},\"o\":{\"type\":\"object\",\"fields\":{\"day\":\"date\"}},"
		"\"any\":\"list\",\"bag\":\"object\"}";
	static const char *const good[] = {
		"", "plain", "{{name}}{{{name}}}{{&name}}", "{{amount}}{{amount_raw}}", "{{! nobody }}{{=<% %>=}}<%name%>",
		"{{#items}}{{price}}{{price_raw}}{{name}}{{/items}}", "{{#items}}{{.price}}{{#.tags}}{{.}}{{/.tags}}{{/items}}",
		"{{#items}}{{#tags}}{{.}}{{price}}{{name}}{{#.}}{{.}}{{/.}}{{/tags}}{{/items}}",
		"{{^items}}{{name}}{{/items}}", "{{o.day}}{{o.day_raw}}{{#o}}{{day}}{{items}}{{/o}}",
		"{{#any}}{{whatever}}{{a.b.c}}{{.x}}{{#y}}{{z}}{{/y}}{{/any}}", "{{bag.x.y}}{{#bag}}{{z}}{{/bag}}",
		"{{#amount}}{{amount}}{{.}}{{/amount}}", "{{> unknown_partial}}", "{{.}}{{#.}}{{name}}{{/.}}", "{{.name}}",
		"{{#items}}{{^price}}{{price}}{{/price}}{{#.}}{{price}}{{/.}}{{/items}}",
		"{{^items}}{{#o}}{{day}}{{^name}}{{.day}}{{/name}}{{/o}}{{/items}}{{name}}",
	};
	static const char *const cases[][2] = {
		{"{{nam}}", "line 1, column 3: \"nam\" is not declared"},
		{"{{names}}", "line 1, column 3: \"names\" is not declared"},
		{"{{{nobody}}}", "line 1, column 4: \"nobody\" is not declared"},
		{"a\n {{#nobody}}x{{/nobody}}", "line 2, column 5: \"nobody\" is not declared"},
		{"{{^nobody}}x{{/nobody}}", "line 1, column 4: \"nobody\" is not declared"},
		{"{{price}}", "line 1, column 3: \"price\" is not declared"},
		{"{{#items}}{{price}}{{/items}}{{price}}", "line 1, column 32: \"price\" is not declared"},
		{"{{^items}}{{price}}{{/items}}", "line 1, column 13: \"price\" is not declared"},
		{"{{#items}}{{cost}}{{/items}}", "line 1, column 13: \"cost\" is not declared"},
		{"{{#items}}{{.name}}{{/items}}", "line 1, column 13: \"name\" is not declared"},
		{"{{#items}}{{#tags}}{{.price}}{{/tags}}{{/items}}", "line 1, column 22: \"price\" is not declared"},
		{"{{items.price}}", "line 1, column 3: \"items\" is a list: its items are reached by a section"},
		{"{{o.items}}", "line 1, column 3: \"o.items\" is not declared"},
		{"{{o.day.year}}", "line 1, column 3: \"o.day.year\" is not declared"},
		{"{{name.x}}", "line 1, column 3: \"name.x\" is not declared"},
		{"{{name_raw}}", "line 1, column 3: \"name_raw\" is not declared"},
		{"{{items_raw}}", "line 1, column 3: \"items_raw\" is not declared"},
		{"{{_raw}}", "line 1, column 3: \"_raw\" is not declared"},
		{"{{amount_raw.x}}", "line 1, column 3: \"amount_raw.x\" is not declared"},
		{"{{#any}}{{x}}{{/any}}{{x}}", "line 1, column 24: \"x\" is not declared"},
		{"{{#amount}}{{.x}}{{/amount}}", "line 1, column 14: \"x\" is not declared"},
	};
	StringInfoData deep;

	for (size_t i = 0; i < lengthof(good); i++)
		is_str(covered(declaration, good[i]), "covered", psprintf("template %d", (int) i));
	for (size_t i = 0; i < lengthof(cases); i++)
		is_str(covered(declaration, cases[i][0]), cases[i][1], psprintf("ill template %d", (int) i));
	is_str(covered("{}", "{{a}}"), "line 1, column 3: \"a\" is not declared", "nothing declared");

	initStringInfo(&deep);
	for (int i = 0; i < ION_TEMPLATE_NEST_MAX; i++)
		appendStringInfoString(&deep, i % 2 ? "{{^o}}" : "{{#o}}");
	appendStringInfoString(&deep, "{{day}}");
	for (int i = ION_TEMPLATE_NEST_MAX - 1; i >= 0; i--)
		appendStringInfoString(&deep, "{{/o}}");
	is_str(covered(declaration, deep.data), "covered", "the deepest template");
}

/* How many sections are open; false should one close that was not. */
static bool
count_tag(void *arg, const IonTag *tag)
{
	int		   *depth = arg;

	if (tag->kind == ION_TAG_END)
		(*depth)--;
	if (tag->kind == ION_TAG_SECTION || tag->kind == ION_TAG_INVERTED)
		(*depth)++;
	return *depth >= 0;
}

static void
test_walk(void)
{
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse("{{#a}}{{^b}}{{c}}{{/b}}{{/a}}{{#d}}{{/d}}", 41, &err);
	int			depth = 0;

	ok(ion_template_walk(tpl, count_tag, &depth) && depth == 0, "the walk closes what it opens");
	ok(ion_template_tags(tpl, count_tag, &depth) && depth == 3, "the plain walk shows no closing tags");
}

int
main(void)
{
	test_localize();
	test_localize_structures();
	test_wide_objects();
	test_covers();
	test_walk();
	ion_locale_format_reset();
	u_cleanup();
	return done_testing();
}
