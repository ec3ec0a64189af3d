/* units: src/render/template.c src/render/template_parse.c src/render/template_tag.c src/render/template_render.c src/render/template_partials.c src/render/escape.c src/render/escape_markdown.c src/render/json_escape.c src/render/json_parse.c src/render/json_value.c */
/*-------------------------------------------------------------------------
 *
 * test_template.c
 *	  Templates beyond the specification: errors, limits, targets, hostility.
 *
 * Memory is reclaimed by contexts in the server, so here nothing is freed.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_partials.h"

#include "tap.h"

const char *__lsan_default_options(void);

const char *
__lsan_default_options(void)
{
	return "detect_leaks=0";
}

static IonValue *
json(const char *text)
{
	const char *error;
	IonValue   *value = ion_json_parse(text, strlen(text), &error);

	if (value == NULL)
		printf("# %.60s: %s\n", text, error);
	return value;
}

static char *
repeated(const char *before, const char *piece, int times, const char *after)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, before);
	for (int i = 0; i < times; i++)
		appendStringInfoString(&text, piece);
	appendStringInfoString(&text, after);
	return text.data;
}

static const char *
error_text(const IonTemplateError *err)
{
	return psprintf("%s%s%d:%d %s", err->partial, err->partial[0] ? " " : "",
					err->line, err->column, err->message);
}

static const char *
render(const char *text, const char *params, const char *partials, IonEscape escape)
{
	const char *error;
	IonPartials *set = ion_partials_create(partials ? json(partials) : NULL, &error);
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse(text, strlen(text), &err);
	StringInfoData out;
	bool		done;

	if (tpl == NULL)
		return error_text(&err);
	initStringInfo(&out);
	appendStringInfoString(&out, "kept ");
	done = ion_template_render(tpl, json(params), escape, ion_partials_lookup, set,
							   &out, &err);
	if (strncmp(out.data, "kept ", 5) != 0 || (!done && out.len != 5))
		return "the output before the render was not kept";
	return done ? out.data + 5 : error_text(&err);
}

static void
test_parse_errors(void)
{
	static const char *const cases[][2] = {
		{"a {{b", "1:3 tag is not closed by \"}}\""},
		{"a\n\xC3\xA8{{b", "2:2 tag is not closed by \"}}\""},
		{"{{{b}} x", "1:1 tag is not closed by \"}}}\""},
		{"{{={ }}", "1:1 tag is not closed by \"=}}\""},
		{"{{}}", "1:1 tag has no name"},
		{"x{{ # }}", "1:2 tag has no name"},
		{"{{{ }}}", "1:1 tag has no name"},
		{"{{>}}", "1:1 tag has no name"},
		{"{{a b}}", "1:1 tag name holds a blank or a control character"},
		{"{{a\x01}}", "1:1 tag name holds a blank or a control character"},
		{"{{a.}}", "1:1 name \"a.\" has an empty part"},
		{"{{a..b}}", "1:1 name \"a..b\" has an empty part"},
		{"{{..}}", "1:1 name \"..\" has an empty part"},
		{"{{<a}}x{{/a}}", "1:1 template inheritance (\"<\") is not supported"},
		{"{{$a}}x{{/a}}", "1:1 template inheritance (\"$\") is not supported"},
		{"{{>*a}}", "1:1 dynamic partial names are not supported"},
		{"a\n b {{#x}}\n{{#y}}{{/y}}", "2:4 section \"x\" is not closed"},
		{"{{^x}}{{#y}}", "1:7 section \"y\" is not closed"},
		{"{{/x}}", "1:1 section \"x\" is closed but not open"},
		{"{{#a}}\n{{#b}}{{/a}}{{/b}}",
		"2:7 section of line 2 is closed by another name: \"a\""},
		{"{{=a=}}", "1:1 set-delimiter tag needs two delimiters"},
		{"{{= =}}", "1:1 set-delimiter tag needs two delimiters"},
		{"{{=a b c=}}",
		"1:1 set-delimiter tag needs two delimiters without blanks and equals signs"},
		{"{{=a= b=}}",
		"1:1 set-delimiter tag needs two delimiters without blanks and equals signs"},
		{"{{=aaaaaaaaaaaaaaaaa b=}}", "1:1 delimiter is longer than 16 bytes"},
	};

	for (size_t i = 0; i < lengthof(cases); i++)
		is_str(render(cases[i][0], "{}", NULL, ION_ESCAPE_HTML), cases[i][1],
			   psprintf("error in %s", psprintf("case %zu", i + 1)));
}

static void
refused_bytes(const char *text, size_t len, const char *want, const char *name)
{
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse(text, len, &err);

	is_str(tpl == NULL ? error_text(&err) : "parsed", want, name);
}

static void
test_bad_bytes(void)
{
	refused_bytes("a\0b", 3, "1:2 template holds a zero byte", "a zero byte");
	refused_bytes("\n{{a\0}}", 7, "2:4 template holds a zero byte",
				  "a zero byte in a tag");
	refused_bytes("a\xFF", 2, "1:2 template is not valid UTF-8", "a stray byte");
	refused_bytes("a\xC3", 2, "1:2 template is not valid UTF-8", "a cut character");
	refused_bytes("\xC0\xAF", 2, "1:1 template is not valid UTF-8", "an overlong form");
	refused_bytes("{{\xED\xA0\x80}}", 7, "1:3 template is not valid UTF-8",
				  "a surrogate");
}

static void
test_long_messages(void)
{
	/* a section of 3-byte characters whose name overruns the message */
	char	   *text = repeated("{{#", "\xE2\x82\xAC", 85, "}}");
	IonTemplateError err;

	ok(ion_template_parse(text, strlen(text), &err) == NULL, "not closed");
	ok(strlen(err.message) >= 252 && strlen(err.message) < sizeof(err.message),
	   "a long message fills its buffer");
	ok(strlen(err.message) % 3 == strlen("section \"") % 3,
	   "and is cut between characters");
}

static void
test_parse_limits(void)
{
	char	   *text;
	IonTemplateError err;

	text = repeated("", "x", ION_TEMPLATE_TEXT_MAX, "");
	is_int((long long) strlen(render(text, "{}", NULL, ION_ESCAPE_HTML)),
		   ION_TEMPLATE_TEXT_MAX, "a template of the greatest length");
	text = repeated("", "x", ION_TEMPLATE_TEXT_MAX, "x");
	ok(ion_template_parse(text, strlen(text), &err) == NULL, "one byte more");

	text = psprintf("%s%s", repeated("", "{{#a}}", ION_TEMPLATE_NEST_MAX, "in"),
					repeated("", "{{/a}}", ION_TEMPLATE_NEST_MAX, ""));
	is_str(render(text, "{\"a\":1}", NULL, ION_ESCAPE_HTML), "in",
		   "sections as deep as allowed");
	text = repeated("", "{{#a}}", ION_TEMPLATE_NEST_MAX + 1, "");
	is_str(render(text, "{}", NULL, ION_ESCAPE_HTML),
		   "1:193 more than 32 sections inside one another", "one section deeper");
	text = repeated("", "{{#a}}", 40000, "");
	is_str(render(text, "{}", NULL, ION_ESCAPE_HTML),
		   "1:193 more than 32 sections inside one another", "40,000 sections deeper");

	text = repeated("{{", "n", ION_TEMPLATE_NAME_MAX, "}}");
	is_str(render(text, "{}", NULL, ION_ESCAPE_HTML), "", "a name of the greatest length");
	text = repeated("{{", "n", ION_TEMPLATE_NAME_MAX, "n}}");
	is_str(render(text, "{}", NULL, ION_ESCAPE_HTML),
		   "1:1 tag name is longer than 255 bytes", "one byte more");
	text = repeated("{{=aaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbb=}}",
					"aaaaaaaaaaaaaaaax.ybbbbbbbbbbbbbbbb", 2, "");
	is_str(render(text, "{\"x\":{\"y\":3}}", NULL, ION_ESCAPE_HTML), "33",
		   "delimiters of the greatest length");
}

/* Where the steps run out is nobody's business. */
static void
takes_too_long(const char *text, const char *params, IonEscape escape, const char *name)
{
	const char *got = render(text, params, NULL, escape);
	const char *message = strchr(got, ' ');

	is_str(message ? message + 1 : got, "rendering takes more than 1000000 steps", name);
}

static void
test_render_limits(void)
{
	const char *kids = repeated("", "{\"k\":[", 30, "0");
	const char *params = repeated(kids, "]}", 30, "");
	char	   *list = repeated("{\"l\":[0", ",0", 9999, "]}");
	char	   *page;

	is_str(render("{{>p}}", "{}", "{\"p\":\"a\\n{{>p}}\"}", ION_ESCAPE_HTML),
		   "p 2:4 more than 16 partials inside one another", "endless recursion ends");
	is_str(render("{{>p}}", params, "{\"p\":\"({{#k}}{{>p}}{{/k}})\"}", ION_ESCAPE_HTML),
		   "p 1:11 more than 16 partials inside one another",
		   "recursion deeper than allowed");
	is_str(render("{{#k.k}}x{{/k.k}}{{#k}}{{>p}}{{/k}}", "{\"k\":{\"k\":{\"k\":0}}}",
				  "{\"p\":\"({{#k}}{{>p}}{{/k}})\"}", ION_ESCAPE_HTML),
		   "x(())", "recursion that its data end");

	takes_too_long("{{#l}}{{#l}}.{{/l}}{{/l}}", list, ION_ESCAPE_HTML, "a list in a list");
	takes_too_long("{{#l}}{{#l}}{{#no}}{{/no}}{{/l}}{{/l}}", list, ION_ESCAPE_HTML,
				   "time without output");

	page = repeated("{{#l}}", "0123456789", 11, "{{/l}}");
	is_str(render(page, list, NULL, ION_ESCAPE_HTML),
		   "1:7 output is longer than 1048576 bytes", "too much output");
	page = psprintf("{\"v\":\"%s\"}", repeated("", "&", 200000, ""));
	is_int((long long) strlen(render("{{v}}", page, NULL, ION_ESCAPE_HTML)), 1000000,
		   "escaped output within the limit");
	page = psprintf("{\"v\":\"%s\"}", repeated("", "&", 210000, ""));
	is_str(render("{{v}}", page, NULL, ION_ESCAPE_HTML),
		   "1:3 output is longer than 1048576 bytes", "an escape counts");
	page = psprintf("{\"v\":\"%s\",\"l\":%s}", repeated("", "\x7F", 1000000, ""),
					repeated("[1", ",1", 9999, "]"));
	takes_too_long("{{#l}}{{v}}{{/l}}", page, ION_ESCAPE_SMS,
				   "dropping a long value many times counts as time");
	page = psprintf("{\"p\":\"%s\"}", repeated("", "\\n", 100000, ""));
	is_str(render(repeated("", " ", 100, "{{>p}}"), "{}", page, ION_ESCAPE_HTML),
		   "p 1:1 output is longer than 1048576 bytes", "indentation counts");
}

static void
test_partial_errors(void)
{
	const char *error = NULL;
	StringInfoData out;
	IonTemplateError err;

	is_str(render("a{{>p}}", "{}", "{\"p\":\"b\\n{{#x}}\"}", ION_ESCAPE_HTML),
		   "p 2:1 section \"x\" is not closed", "an error in a partial names it");
	is_str(render("a{{>p}}", "{}", "{\"p\":\"{{>q}}\",\"q\":\"{{\"}", ION_ESCAPE_HTML),
		   "q 1:1 tag is not closed by \"}}\"", "and the innermost one");
	is_str(render("a", "{}", "{\"p\":\"{{\"}", ION_ESCAPE_HTML), "a",
		   "a partial nobody uses may be ill");
	is_str(render("{{>a.b}}{{>c/d}}{{>e-f}}", "{}", "{\"a.b\":\"1\",\"c/d\":\"2\",\"e-f\":\"3\"}",
				  ION_ESCAPE_HTML), "123", "names of partials are not split");

	ok(ion_partials_create(json("[]"), &error) == NULL, "partials must be an object");
	is_str(error, "partials are not an object", "and the error says so");
	ok(ion_partials_create(json("{\"a\":\"x\",\"b\":1}"), &error) == NULL,
	   "of strings");
	is_str(error, "a partial is not a string", "and the error says so");

	initStringInfo(&out);
	ok(ion_template_render(ion_template_parse("a{{>p}}b{{c}}", 13, &err), NULL,
						   ION_ESCAPE_HTML, NULL, NULL, &out, &err),
	   "without params and lookup");
	is_str(out.data, "ab", "everything is missing");
}

static void
test_values(void)
{
	is_str(render("{{n}} {{{n}}}", "{\"n\":1.50}", NULL, ION_ESCAPE_HTML), "1.50 1.50",
		   "a number keeps its text");
	is_str(render("{{n}}", "{\"n\":-0.0e+10}", NULL, ION_ESCAPE_HTML), "-0.0e+10",
		   "whatever it is");
	is_str(render("{{t}} {{f}}", "{\"t\":true,\"f\":false}", NULL, ION_ESCAPE_HTML),
		   "true false", "booleans by name");
	is_str(render("{{o}}", "{\"o\":{\"a\":[1,\"x\"]}}", NULL, ION_ESCAPE_HTML),
		   "{&quot;a&quot;:[1,&quot;x&quot;]}", "an object is JSON, escaped");
	is_str(render("{\"all\":{{{o}}},\"n\":\"{{n}}\"}",
				  "{\"o\":{\"a\":[1,\"x\\\"\"]},\"n\":\"say \\\"hi\\\"\\n\"}", NULL,
				  ION_ESCAPE_JSON),
		   "{\"all\":{\"a\":[1,\"x\\\"\"]},\"n\":\"say \\\"hi\\\"\\n\"}",
		   "a JSON body from a template");
	is_str(render("{{#l}}{{a}}{{/l}}", "{\"a\":\"out\",\"l\":[1,\"s\",[{\"a\":\"no\"}],null]}",
				  NULL, ION_ESCAPE_HTML), "outoutoutout",
		   "only objects are searched for names");
}

static void
test_targets(void)
{
	const char *params = "{\"x\":\"a\\r\\nBcc: <b>\\u0007&*\"}";

	is_str(render("{{x}}|{{{x}}}", params, NULL, ION_ESCAPE_HEADER),
		   "a  Bcc: <b> &*|a  Bcc: <b> &*", "header: raw tags get no line ends in");
	is_str(render("{{x}}|{{&x}}", params, NULL, ION_ESCAPE_SMS),
		   "a  Bcc: <b>&*|a  Bcc: <b>&*", "sms: nor control characters");
	is_str(render("{{x}}|{{{x}}}", params, NULL, ION_ESCAPE_URL),
		   "a%0D%0ABcc%3A%20%3Cb%3E%07%26%2A|a\r\nBcc: <b>\x07&*", "url: raw is raw");
	is_str(render("{{x}}", params, NULL, ION_ESCAPE_MARKDOWN),
		   "a  Bcc: &lt;b&gt; &amp;\\*", "markdown");
	is_str(render("*{{x}}*\n", "{\"x\":5}", NULL, ION_ESCAPE_MARKDOWN), "*5*\n",
		   "the template's own text is never escaped");
}

static void
test_has_raw(void)
{
	static const char *const raw[] = {"{{{x}}}", "a{{&x}}", "{{#a}}{{& x}}{{/a}}",
	"{{=| |=}}|{x}|"};
	static const char *const not_raw[] = {"", "{x}", "{{x}}", "{{!{{{x}}}", "{{#a}}{{/a}}"};
	IonTemplateError err;

	for (size_t i = 0; i < lengthof(raw); i++)
		ok(ion_template_has_raw(ion_template_parse(raw[i], strlen(raw[i]), &err)),
		   "raw: %s", raw[i]);
	for (size_t i = 0; i < lengthof(not_raw); i++)
		ok(!ion_template_has_raw(ion_template_parse(not_raw[i], strlen(not_raw[i]), &err)),
		   "not raw: %s", not_raw[i]);
}

static bool
note_tag(void *arg, const IonTag *tag)
{
	StringInfo	out = arg;

	appendStringInfo(out, "%c%.*s@%d:%d ", "vr#^>"[tag->kind], tag->length, tag->name,
					 tag->line, tag->column);
	return tag->length < 5;
}

static void
test_tags(void)
{
	const char *text = "{{a}} {{{b.c}}}\n\xC3\xA8 {{#d}}{{^ e }}{{!x}}{{/e}}\n{{/d}}"
		"{{=< >=}}<>f><.>";
	IonTemplateError err;
	StringInfoData out;

	initStringInfo(&out);
	ok(ion_template_tags(ion_template_parse(text, strlen(text), &err), note_tag, &out),
	   "the walk sees every tag");
	is_str(out.data, "va@1:3 rb.c@1:10 #d@2:6 ^e@2:13 >f@3:18 v.@3:21 ",
		   "in the order of the text, with its place");
	resetStringInfo(&out);
	ok(!ion_template_tags(ion_template_parse("{{a}}{{bcdef}}{{g}}", 19, &err),
						  note_tag, &out), "the walk ends when told");
	is_str(out.data, "va@1:3 vbcdef@1:8 ", "at that tag");
}

/*
 * A template cut anywhere, and with any byte changed, may fail but not crash;
 * a name in a message is text of the template, so that it stays valid.
 */
static void
test_mutations(void)
{
	static const char sample[] =
		"{{! c\n }}\r\n {{#l}}\n{{.}} {{{a.b}}}{{&x}}\n {{/l}}\n{{^n}} {{>p}}\n"
		"  {{> p }}\n{{/n}}{{=<% %>=}}<%x%>\n<%={{ }}=%>\n{{\xC3\xA8}}";
	static const char params[] =
		"{\"l\":[1,[2],{\"a\":{\"b\":\"c\"}}],\"x\":\"<&>\",\"\xC3\xA8\":true}";
	static const char bytes[] = "{}#^/>&=!.< \n\r|%\x01\xC3x";
	const char *error;
	IonPartials *set = ion_partials_create(json("{\"p\":\"1\\n{{x}}\\n\"}"), &error);
	IonValue   *value = json(params);
	int			parsed = 0;
	int			rendered = 0;
	int			without_place = 0;

	for (size_t cut = 0; cut <= strlen(sample); cut++)
	{
		for (size_t b = 0; b < sizeof(bytes); b++)
		{
			/* an exact copy, so that a byte too far is seen */
			char	   *text = palloc(Max(cut, 1));
			IonTemplateError err;
			IonTemplate *tpl;
			StringInfoData out;

			memcpy(text, sample, cut);
			if (cut > 0 && b > 0)
				text[(cut * 31 + b * 17) % cut] = bytes[b - 1];
			tpl = ion_template_parse(text, cut, &err);
			pfree(text);
			if (tpl == NULL)
			{
				without_place += err.line < 1 || err.column < 1 || err.message[0] == '\0';
				continue;
			}
			parsed++;
			initStringInfo(&out);
			rendered += ion_template_render(tpl, value, ION_ESCAPE_HTML,
											ion_partials_lookup, set, &out, &err);
		}
	}
	ok(parsed > 100, "%d of the mutilated templates parse", parsed);
	is_int(rendered, parsed, "and all of them render");
	is_int(without_place, 0, "the others are refused with a message and a place");
}

int
main(void)
{
	test_parse_errors();
	test_bad_bytes();
	test_long_messages();
	test_parse_limits();
	test_render_limits();
	test_partial_errors();
	test_values();
	test_targets();
	test_has_raw();
	test_tags();
	test_mutations();
	return done_testing();
}
