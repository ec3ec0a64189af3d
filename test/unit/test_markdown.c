/* units: src/render/markdown.c src/render/markdown_text.c src/render/text_check.c */
#include "base/pure.h"

#include <time.h>

#include "render/markdown.h"
#include "tap.h"

static void
html_is(const char *markdown, const char *want, const char *name)
{
	StringInfoData out;
	const char *error;

	initStringInfo(&out);
	ok(ion_markdown_to_html(markdown, strlen(markdown), &out, &error), "html is made: %s", name);
	is_str(out.data, want, name);
	pfree(out.data);
}

static void
text_is(const char *markdown, const char *want, const char *name)
{
	StringInfoData out;
	const char *error;

	initStringInfo(&out);
	ok(ion_markdown_to_text(markdown, strlen(markdown), &out, &error), "text is made: %s", name);
	is_str(out.data, want, name);
	pfree(out.data);
}

static void
test_html(void)
{
	html_is("", "", "nothing");
	html_is("# Titolo\n\n**a** *b* `c`", "<h1>Titolo</h1>\n<p><strong>a</strong> <em>b</em> <code>c</code></p>\n", "markup");
	html_is("a & b < c > \"d\"", "<p>a &amp; b &lt; c &gt; &quot;d&quot;</p>\n", "escapes");
	html_is("[sito](https://a.it/?x=1&y=2 \"t\")", "<p><a href=\"https://a.it/?x=1&amp;y=2\" title=\"t\">sito</a></p>\n", "a link");
	html_is("citt\xc3\xa0 \xf0\x9f\x98\x80", "<p>citt\xc3\xa0 \xf0\x9f\x98\x80</p>\n", "UTF-8");
}

static void
test_safety(void)
{
	html_is("<script>alert(1)</script>", "", "an HTML block is dropped");
	html_is("a <b onclick=x>b</b> c", "<p>a b c</p>\n", "inline HTML is dropped");
	html_is("<!-- x -->", "", "a comment is dropped");
	html_is("<b>", "", "a paragraph of HTML alone leaves nothing");
	html_is("[x](javascript:alert(1))", "<p>x</p>\n", "javascript:");
	html_is("[x](JaVaScRiPt:alert(1))", "<p>x</p>\n", "javascript: in mixed case");
	html_is("[x](java&#9;script&#58;alert(1))", "<p>x</p>\n", "javascript: with a tab and references");
	html_is("[x](&#1;javascript:alert(1))", "<p>x</p>\n", "javascript: after a control");
	html_is("[x]( <  javascript:alert(1)> )", "<p>x</p>\n", "javascript: after spaces");
	html_is("[x](vbscript:a)", "<p>x</p>\n", "vbscript:");
	html_is("[x](file:///etc/passwd)", "<p>x</p>\n", "file:");
	html_is("[x](data:text/html,a)", "<p>x</p>\n", "data:");
	html_is("[x](data:image/png;base64,aa)", "<p>x</p>\n", "data: of an image");
	html_is("<javascript:alert(1)>", "<p>javascript:alert(1)</p>\n", "javascript: as an autolink");
	html_is("[x][r]\n\n[r]: javascript:alert(1)", "<p>x</p>\n", "javascript: by reference");
	html_is("[x](java)", "<p><a href=\"java\">x</a></p>\n", "a beginning of a scheme is none");
	html_is("[x](https://a.it/javascript:b)", "<p><a href=\"https://a.it/javascript:b\">x</a></p>\n", "a scheme inside a path is none");
	html_is("[x]()", "<p>x</p>\n", "a link to nowhere is its text");
	html_is("[*a* b](file:x) c", "<p><em>a</em> b c</p>\n", "what stood in a dropped link keeps its form");
	html_is("[x](\"onclick=alert(1))", "<p><a href=\"%22onclick=alert(1)\">x</a></p>\n", "a quote in a URL");
}

static void
test_images(void)
{
	html_is("![logo *x*](http://evil/p.png \"t\")", "<p>logo <em>x</em></p>\n", "an image is its alternative text");
	html_is("a ![](http://evil/p.png) b", "<p>a  b</p>\n", "an image without text is nothing");
	html_is("![](http://evil/p.png)", "", "nor is its paragraph");
	html_is("[![logo](p.png)](http://a.it)", "<p><a href=\"http://a.it\">logo</a></p>\n", "a link on an image");
	html_is("[![](p.png)](http://a.it)", "<p><a href=\"http://a.it\">http://a.it</a></p>\n", "a link on an image without text shows its URL");
	html_is("![a ![b](c) d](e)", "<p>a b d</p>\n", "an image in an image");
	html_is("![x](javascript:a)", "<p>x</p>\n", "an image with a script");
	text_is("![logo](http://evil/p.png) a", "logo a\n", "text: an image");
}

static void
test_text(void)
{
	text_is("", "", "nothing");
	text_is("   \n\n", "", "blank");
	text_is("a\nb\n\nc", "a b\n\nc\n", "paragraphs are unwrapped and a blank line apart");
	text_is("a  \nb\\\nc", "a\nb\nc\n", "hard breaks stay");
	text_is("*a* **b** ***c*** `d*`", "a b c d*\n", "emphasis marks go");
	text_is("# Citt\xc3\xa0\nb", "Citt\xc3\xa0\n=====\n\nb\n", "a first heading, underlined by characters");
	text_is("Due\nrighe\n---\n### Tre\n", "Due righe\n---------\n\nTre\n", "second and third heading");
	text_is("a\\\nb\n===", "a b\n===\n", "a heading is one line");
	text_is("#\n\na", "a\n", "an empty heading");
	text_is("- a\n- b\n  - c\n- d", "- a\n- b\n  - c\n- d\n", "a tight list");
	text_is("- a\n\n  b\n- c", "- a\n\n  b\n\n- c\n", "a loose list");
	text_is("9. a\n9. b\n   c", "9. a\n10. b c\n", "numbers count on");
	text_is("9. a\n\n   x\n9. b\n\n   y", "9. a\n\n   x\n\n10. b\n\n    y\n", "an indent follows its number's width");
	text_is("1) a\n2) b", "1) a\n2) b\n", "parentheses stay");
	text_is("- - a\n  - b", "- - a\n  - b\n", "a list in an item");
	text_is("-\n- a", "-\n- a\n", "an empty item");
	text_is("> a\nb\n>\n> c", "> a b\n>\n> c\n", "a quote");
	text_is("a\n\n> b\n\nc", "a\n\n> b\n\nc\n", "no mark on the lines around a quote");
	text_is("> a\n\n> b", "> a\n\n> b\n", "two quotes");
	text_is("a\n\n> >\n>\n> b", "a\n\n> b\n", "an empty quote leaves no mark");
	text_is("> > a\n>\n> b", "> > a\n>\n> b\n", "a quote in a quote");
	text_is("- > a\n  >\n  > b", "- > a\n  >\n  > b\n", "a quote in an item");
	text_is("> - a\n> - b\n", "> - a\n> - b\n", "a list in a quote");
	text_is("a\n\n    x  y\n\n      z\n\nb", "a\n\n    x  y\n\n      z\n\nb\n", "a code block");
	text_is("> ```\n> a\n> <b>\n> ```", ">     a\n>     <b>\n", "a fenced block in a quote");
	text_is("a\n\n***\n\nb", "a\n\n----------------------------------------\n\nb\n", "a thematic break");
	text_is("a <b>c</b>\n\n<p>\nx\n</p>\n\nd", "a c\n\nd\n", "HTML goes");
	text_is("&lt;b&gt; &amp; &euro;", "<b> & \xe2\x82\xac\n", "references are resolved");
	text_is("a\r\nb\r\rc", "a b\n\nc\n", "any line ends");
	text_is("```\r\na\r\nb\r\n```", "    a\n    b\n", "any line ends in code");
}

static void
test_text_links(void)
{
	text_is("[sito](https://a.it)", "sito (https://a.it)\n", "a link");
	text_is("<https://a.it>", "https://a.it\n", "a link to itself");
	text_is("[https://a.it](https://a.it)", "https://a.it\n", "a link to itself, written out");
	text_is("<a@b.it>", "a@b.it\n", "an address");
	text_is("[scrivi](mailto:a@b.it)", "scrivi (mailto:a@b.it)\n", "an address under a name");
	text_is("[*a*](https://a.it).", "a (https://a.it).\n", "markup in a link");
	text_is("[a](https://a.it) [b](https://b.it)", "a (https://a.it) b (https://b.it)\n", "two links");
	text_is("[a](javascript:b)", "a\n", "a dangerous link");
	text_is("> [a\\\nb](c)", "> a\n> b (c)\n", "a break in a link");
	text_is("x   [&#32;\\\n&#32;](c)", "x\n  (c)\n", "a link of nothing but space");
	text_is("a&#10;&#10;# b&#13;c&#x85;d&#x2028;e", "a  # b c d e\n", "an encoded line end is a space");
	text_is("[a](<b&#10;c>)", "a (b c)\n", "in a URL too");
	text_is("a&#27;[2Jb", "a [2Jb\n", "and any other control");
}

static void
test_render(void)
{
	StringInfoData html;
	StringInfoData text;
	const char *error = "not cleared";
	static const char zero[] = "a\0b";

	initStringInfo(&html);
	initStringInfo(&text);
	appendStringInfoString(&html, "H:");
	appendStringInfoString(&text, "T:");
	ok(ion_markdown_render("# a", 3, &html, &text, &error) && error == NULL, "both from one parse");
	is_str(html.data, "H:<h1>a</h1>\n", "the HTML is appended");
	is_str(text.data, "T:a\n=\n", "the text is appended");

	ok(ion_markdown_render("a", 1, NULL, NULL, &error), "neither");
	ok(!ion_markdown_render("perch\xe8", 6, &html, &text, &error), "refuses what is not UTF-8");
	is_str(error, "markdown is not valid UTF-8", "and says so");
	is_str(html.data, "H:<h1>a</h1>\n", "nothing is appended then");
	resetStringInfo(&text);
	ok(ion_markdown_to_text(zero, sizeof(zero) - 1, &text, &error), "a zero byte is taken by length");
	is_str(text.data, "a\xef\xbf\xbd" "b\n", "and replaced");
	pfree(html.data);
	pfree(text.data);
}

/* Repeats head, then fills with tail to size octets; the result is palloc'd. */
static char *
repeat(const char *head, int times, const char *tail, size_t size, size_t *len)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < times; i++)
		appendStringInfoString(&out, head);
	if (tail)
	{
		appendStringInfoChar(&out, 'a');
		while (out.len + strlen(tail) <= size)
			appendStringInfoString(&out, tail);
	}
	*len = out.len;
	return out.data;
}

static void
hostile(const char *head, int times, const char *tail, const char *want_error)
{
	StringInfoData html;
	StringInfoData text;
	const char *error = NULL;
	size_t		len;
	char	   *markdown = repeat(head, times, tail, ION_MARKDOWN_MAX, &len);
	clock_t		start = clock();
	bool		done;

	initStringInfo(&html);
	initStringInfo(&text);
	done = ion_markdown_render(markdown, len, &html, &text, &error);
	ok(clock() - start < CLOCKS_PER_SEC, "under a second: %d times %.10s", times, head);
	ok(done == (want_error == NULL), "is %s", want_error ? "refused" : "rendered");
	if (want_error)
	{
		is_str(error, want_error, "with this error");
		is_int(html.len + text.len, 0, "and nothing is written");
	}
	else
		ok(html.len <= ION_MARKDOWN_OUTPUT_MAX && text.len <= ION_MARKDOWN_OUTPUT_MAX * 2, "within bounds");
	pfree(markdown);
	pfree(html.data);
	pfree(text.data);
}

static void
test_bounds(void)
{
	const char *deep = "markdown is nested too deeply";
	const char *long_ = "markdown is longer than 65536 octets";

	hostile("x", ION_MARKDOWN_MAX, NULL, NULL);
	hostile("x", ION_MARKDOWN_MAX + 1, NULL, long_);
	hostile("[", 10000, NULL, NULL);
	hostile("![", 10000, NULL, NULL);
	hostile("![[]()", 10000, NULL, NULL);
	hostile("*a **a ", 9000, NULL, NULL);
	hostile("<", 60000, NULL, NULL);
	hostile("[a](<b", 10000, NULL, NULL);
	hostile(">", 10000, NULL, deep);
	hostile("> ", 10000, NULL, deep);
	hostile("- ", 10000, "\n", deep);
	hostile("1. ", 10000, "\n", deep);
	hostile("- + ", 5000, "\n", deep);
	hostile("\t- ", 5000, "\n", deep);
	hostile("- > 1) ", 3000, "\n", deep);
	hostile(">", ION_MARKDOWN_NEST_MAX, "\n", NULL);
	hostile(">", ION_MARKDOWN_NEST_MAX + 1, "\n", deep);
	hostile("- ", ION_MARKDOWN_NEST_MAX / 2, "\n", NULL);
	hostile("- ", ION_MARKDOWN_NEST_MAX / 2, "\n\n  ", NULL);
	hostile("- ", 200, NULL, NULL);	/* a thematic break, not a nest */
	hostile("* ", 2000, NULL, NULL);
	hostile(">", ION_MARKDOWN_NEST_MAX, "\\\na", "markdown becomes too long as text");
	hostile("&quot;\n\n", 100, "\"", NULL);
}

/* A long reference used often may not multiply the output. */
static void
test_reference_expansion(void)
{
	StringInfoData markdown;
	StringInfoData html;
	const char *error;

	initStringInfo(&markdown);
	initStringInfo(&html);
	appendStringInfoString(&markdown, "[a]: /");
	while (markdown.len < 30000)
		appendStringInfoChar(&markdown, 'x');
	appendStringInfoString(&markdown, "\n\n");
	while (markdown.len < ION_MARKDOWN_MAX - 3)
		appendStringInfoString(&markdown, "[a]");
	ok(ion_markdown_to_html(markdown.data, markdown.len, &html, &error), "a long reference used 11,000 times");
	ok(html.len < ION_MARKDOWN_MAX * 4, "does not multiply the output");
	pfree(markdown.data);
	pfree(html.data);
}

/* Text assembled from the pieces grammars trip over; only sanity is asked. */
static void
test_random(void)
{
	static const char *const pieces[] = {
		"[", "]", "(", ")", "!", "*", "_", "`", "<", ">", "\\", "&", "\n", "\n\n", "- ", "> ", "1. ",
		"    ", "\t", "a", "http://x", "<b>", "```", "# ", "---", "\n  ", "'", "\"", "&#10;",
		"\xc3\xa9", "[a]: ", "  \n", "\r", "\r\n", "<a@b>"
	};
	uint32		state = 12345;
	int			failed = 0;
	int			unsafe = 0;

	for (int round = 0; round < 3000; round++)
	{
		StringInfoData markdown;
		StringInfoData html;
		StringInfoData text;
		const char *error;

		initStringInfo(&markdown);
		initStringInfo(&html);
		initStringInfo(&text);
		for (int i = 0; i < 60; i++)
		{
			state = state * 1664525 + 1013904223;
			appendStringInfoString(&markdown, pieces[(state >> 16) % lengthof(pieces)]);
		}
		failed += !ion_markdown_render(markdown.data, markdown.len, &html, &text, &error);
		unsafe += strstr(html.data, "<b>") != NULL || strstr(html.data, "<img") != NULL ||
			strstr(html.data, "<!--") != NULL || strchr(text.data, '\r') != NULL ||
			(text.len > 0 && text.data[text.len - 1] != '\n');
		pfree(markdown.data);
		pfree(html.data);
		pfree(text.data);
	}
	is_int(failed, 0, "3,000 random texts are rendered");
	is_int(unsafe, 0, "none lets HTML or an image through, or a bare CR");
}

int
main(void)
{
	test_html();
	test_safety();
	test_images();
	test_text();
	test_text_links();
	test_render();
	test_bounds();
	test_reference_expansion();
	test_random();
	return done_testing();
}
