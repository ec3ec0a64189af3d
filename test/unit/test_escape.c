/* units: src/render/escape.c src/render/escape_markdown.c src/render/json_escape.c */
/*-------------------------------------------------------------------------
 *
 * test_escape.c
 *	  Values escaped for each target; Markdown judged by cmark itself.
 *
 * The Markdown part states one property: whatever the value, cmark makes of
 * the page with the value what it makes of the page with a harmless word, with
 * the word replaced.  A value can then add no structure and lose none of its
 * own text.
 *
 *-------------------------------------------------------------------------
 */
#include "render/escape.h"

#include <cmark.h>

#include "tap.h"

const char *__lsan_default_options(void);

const char *
__lsan_default_options(void)
{
	return "detect_leaks=0";
}

static const char *
escaped(IonEscape escape, const char *s)
{
	StringInfoData out;

	initStringInfo(&out);
	ion_escape_append(&out, escape, s, strlen(s));
	return out.data;
}

static void
test_names(void)
{
	static const char *const names[] = {
		"html", "none", "json", "url", "markdown", "header", "sms"
	};
	bool		found;

	for (size_t i = 0; i < lengthof(names); i++)
	{
		is_int(ion_escape_by_name(names[i], &found), (int) i, names[i]);
		ok(found, "%s is known", names[i]);
		is_str(ion_escape_name((IonEscape) i), names[i], "and named back");
	}
	ion_escape_by_name("HTML", &found);
	ok(!found, "names are in lower case");
	ion_escape_by_name("", &found);
	ok(!found, "the empty name is unknown");
}

static void
test_targets(void)
{
	is_str(escaped(ION_ESCAPE_HTML, "a&b<c>d\"e'f"),
		   "a&amp;b&lt;c&gt;d&quot;e&#39;f", "html: the five characters");
	is_str(escaped(ION_ESCAPE_HTML, "&&"), "&amp;&amp;", "html: one after another");
	is_str(escaped(ION_ESCAPE_HTML, ""), "", "html: nothing");
	is_str(escaped(ION_ESCAPE_NONE, "<\n>"), "<\n>", "none: as it is");
	is_str(escaped(ION_ESCAPE_JSON, "a\"b\\\n"), "a\\\"b\\\\\\n",
		   "json: inside a string");
	is_str(escaped(ION_ESCAPE_URL, "AZaz09-._~"), "AZaz09-._~",
		   "url: unreserved characters stay");
	is_str(escaped(ION_ESCAPE_URL, "a b&c=d/e?f#g%h+\xC3\xA8"),
		   "a%20b%26c%3Dd%2Fe%3Ff%23g%25h%2B%C3%A8", "url: all others are coded");
	is_str(escaped(ION_ESCAPE_HEADER, "a\r\nBcc: x\tb\x01\x7F"), "a  Bcc: x b  ",
		   "header: controls become spaces");
	is_str(escaped(ION_ESCAPE_HEADER, "a\xC2\x85" "b\xE2\x80\xA8" "c\xC2\xA0\xC3\xA8"),
		   "a b c\xC2\xA0\xC3\xA8", "header: so do C1 controls and line separators");
	is_str(escaped(ION_ESCAPE_SMS, "a\x01\x02" "b\x1B\x7F\xC2\x80" "c"), "abc",
		   "sms: controls vanish");
	is_str(escaped(ION_ESCAPE_SMS, "via\tRoma\r\n1"), "via Roma  1",
		   "sms: those between words leave a space");
	is_str(escaped(ION_ESCAPE_SMS, "10 \xE2\x82\xAC, perch\xC3\xA9"),
		   "10 \xE2\x82\xAC, perch\xC3\xA9", "sms: text stays");
}

static void
test_markdown_text(void)
{
	is_str(escaped(ION_ESCAPE_MARKDOWN, "D'Angelo, 12,50 \xE2\x82\xAC (IVA 22%)"),
		   "D'Angelo, 12,50 \xE2\x82\xAC \\(IVA 22%\\)",
		   "markdown: plain text stays readable");
	is_str(escaped(ION_ESCAPE_MARKDOWN, "](javascript:x)"), "\\]\\(javascript:x\\)",
		   "markdown: no link target");
	is_str(escaped(ION_ESCAPE_MARKDOWN, "\n# h"), "&#32;\\# h",
		   "markdown: no heading on a new line");
	is_str(escaped(ION_ESCAPE_MARKDOWN, "1. x"), "1\\. x", "markdown: no list");
	is_str(escaped(ION_ESCAPE_MARKDOWN, "http://a.it"), "http\\://a.it",
		   "markdown: no link by extension");
	is_str(escaped(ION_ESCAPE_MARKDOWN, "www.a.it"), "www\\.a.it",
		   "markdown: nor without a scheme");
	is_str(escaped(ION_ESCAPE_MARKDOWN, "    x"), "&#32;   x", "markdown: no code block");
	is_str(escaped(ION_ESCAPE_MARKDOWN, "x  "), "x &#32;", "markdown: no hard break");
	is_str(escaped(ION_ESCAPE_MARKDOWN, " "), "&#32;", "markdown: one blank");
	is_str(escaped(ION_ESCAPE_MARKDOWN, ""), "", "markdown: nothing");
}

/* Where a value may stand; %s is the value. */
static const char *const contexts[] = {
	"%s", "%s\n", "a %s b", "a%sb", "Gentile\n%s\ngrazie", "- %s\n- b", "1. %s", "> %s",
	"# %s", "## Oggetto %s", "# %s #", "**%s**", "a *b %s c* d", "[%s](/u)", "[x]%s",
	"%s[x](/u)", "![%s](/u)", "1%s x", "123%s", "<b>%s</b>", "a\n\n   %s", "a  %s\nb",
	"[x](/u \"%s\")", "http%s", "%s//x.it", "Titolo\n%s", "[x][y] %s\n\n[y]: /z", "!%s(/u)",
	"- a\n  %s", "a %s%s"
};

static const char *
to_html(const char *context, const char *value)
{
	StringInfoData page;
	char	   *html;
	const char *copy;

	initStringInfo(&page);
	for (const char *c = context; *c != '\0'; c++)
	{
		if (c[0] == '%' && c[1] == 's')
		{
			appendStringInfoString(&page, value);
			c++;
		}
		else
			appendStringInfoChar(&page, *c);
	}
	html = cmark_markdown_to_html(page.data, page.len, CMARK_OPT_UNSAFE);
	copy = pstrdup(html);
	free(html);
	pfree(page.data);
	return copy;
}

/* The value as HTML text, its controls as spaces. */
static char *
as_html_text(const char *value)
{
	StringInfoData out;

	initStringInfo(&out);
	for (const char *c = value; *c != '\0'; c++)
	{
		unsigned char u = (unsigned char) *c;

		if (u <= ' ' || u == 0x7F)
			appendStringInfoChar(&out, ' ');
		else if (u == '&')
			appendStringInfoString(&out, "&amp;");
		else if (u == '<')
			appendStringInfoString(&out, "&lt;");
		else if (u == '>')
			appendStringInfoString(&out, "&gt;");
		else if (u == '"')
			appendStringInfoString(&out, "&quot;");
		else
			appendStringInfoChar(&out, *c);
	}
	return out.data;
}

static char *
replaced(const char *text, const char *word, const char *with)
{
	StringInfoData out;
	const char *at;

	initStringInfo(&out);
	while ((at = strstr(text, word)) != NULL)
	{
		appendBinaryStringInfo(&out, text, (int) (at - text));
		appendStringInfoString(&out, with);
		text = at + strlen(word);
	}
	appendStringInfoString(&out, text);
	return out.data;
}

/*
 * Does the property of the banner hold for the value, escaped, in a context?
 */
static bool
is_literal(const char *context, const char *value, bool complain)
{
	char	   *text = as_html_text(value);
	const char *word = to_html(context, "Qzq");
	char	   *want = replaced(word, "Qzq", text);
	const char *safe = escaped(ION_ESCAPE_MARKDOWN, value);
	const char *got = to_html(context, safe);
	bool		same = strcmp(got, want) == 0;

	if (!same && complain)
		printf("# context %s value %s escaped %s\n#  got: %s# want: %s",
			   context, value, safe, got, want);
	pfree(text);
	pfree(want);
	pfree((void *) word);
	pfree((void *) safe);
	pfree((void *) got);
	return same;
}

static const char *const values[] = {
	"](javascript:alert(1))", "[x](javascript:alert(1))", "![x](http://e.it/p.png)",
	"<b>x</b>", "<script>alert(1)</script>", "<http://e.it>", "<a@b.it>", "<!-- x -->",
	"http://e.it/", "www.e.it", "1. x", "1) x", "12345678901. x", "- x", "* x", "+ x",
	"    code", "\tcode", "\n# h", "# h", "#", "\n\n# h", "\r\n\r\n- x", "a\n===", "===",
	"---", "***", "___", "- - -", "```\ncode\n```", "~~~", "`code`", "``", "> quote", "**x**",
	"__x__", "_x_", "~~x~~", "a|b", "|---|", ":-:", "\\", "a\\", "\\*", "&amp;", "&#35;", "&",
	"[x]: /u", "[y]", "[x][y]", "!", "![", "(/u)", "(javascript:x)", ":", "://", ".", ") x",
	". x", "  ", " x ", "x  ", "\xC3\xA8 \xE2\x82\xAC", "\"", "x\" onclick=\"y", "'", "{#id}",
	"a\x01" "b", "\x0B\x0C", "{{x}}", "$x$", "=", "+", "-", "\\\\[x](y)", "*a", "a*", "_", "1.",
	"[ ] x", "[^1]", "://e.it", "ww.e.it", "h\n    \n    c",
	"\xEF\xBB\xBF- x", "\xEF\xBB\xBF" "1. x", "\xEF\xBB\xBF", "\xEF\xBB\xBF\xEF\xBB\xBF- x", " \xEF\xBB\xBF- x",
	"\xC2\xA0x\xC2\xA0", "\xC2\xA0", "\xE2\x80\xAF-", "x\xE3\x80\x80", "\xE2\x80\x83\xE2\x80\x83", "\xE1\x9A\x80x\xC2\xA0y\xE2\x81\x9F"
};

static void
test_markdown_hostile(void)
{
	for (size_t i = 0; i < lengthof(values); i++)
	{
		int			failed = 0;

		for (size_t c = 0; c < lengthof(contexts); c++)
			failed += !is_literal(contexts[c], values[i], true);
		ok(failed == 0, "markdown: value %zu is literal in every context", i + 1);
	}
}

/*
 * Raw HTML in a page knows no backslashes, so there the promise is less: the
 * value may look odd, but adds no tag and ends no attribute.
 */
static void
test_markdown_in_html(void)
{
	static const char *const html[] = {"<div>\n%s\n</div>", "<p title=\"%s\">"};
	int			wrong = 0;

	for (size_t i = 0; i < lengthof(values) * lengthof(html); i++)
	{
		const char *context = html[i % lengthof(html)];
		const char *value = values[i / lengthof(html)];
		const char *got = to_html(context, escaped(ION_ESCAPE_MARKDOWN, value));
		int			marks = 0;

		for (const char *c = got; *c != '\0'; c++)
			marks += *c == '<' || *c == '>' || *c == '"';
		wrong += marks != 4;
	}
	is_int(wrong, 0, "markdown: in raw HTML a value adds no tag");
}

/*
 * All short strings over the characters Markdown cares for.
 */
static void
test_markdown_exhaustive(void)
{
	static const char alphabet[] = "\\`*_[]()<>#!&-+=.:~|\"' \n1aw/";
	int			failed = 0;
	int			tried = 0;
	char		value[3] = {0};

	for (const char *a = alphabet; *a != '\0'; a++)
	{
		for (const char *b = alphabet; *b != '\0'; b++)
		{
			value[0] = *a;
			value[1] = *b;
			for (size_t c = 0; c < lengthof(contexts); c++)
			{
				tried++;
				failed += !is_literal(contexts[c], value, failed < 10);
			}
		}
	}
	ok(failed == 0, "markdown: %d pages with two-character values are literal", tried);
}

int
main(void)
{
	test_names();
	test_targets();
	test_markdown_text();
	test_markdown_hostile();
	test_markdown_in_html();
	test_markdown_exhaustive();
	return done_testing();
}
