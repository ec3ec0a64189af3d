/* units: src/render/preview_page.c src/render/json_value.c src/render/json_parse.c src/render/json_escape.c src/render/escape.c src/render/escape_markdown.c src/render/notice_style.c src/render/color.c */
/*-------------------------------------------------------------------------
 *
 * test_preview_page.c
 *	  The preview's page: what it shows, and that nothing gets out of its place.
 *
 * How it looks and reads in a browser is test/tap/420_preview.pl's.
 *
 *-------------------------------------------------------------------------
 */
#include "render/preview_page.h"

#include "tap.h"

const char *__lsan_default_options(void);

const char *
__lsan_default_options(void)
{
	return "detect_leaks=0";	/* contexts reclaim it in the server */
}

static char *
page(const char *title, const char *parts)
{
	const char *error = NULL;
	IonValue   *value = ion_json_parse(parts, strlen(parts), &error);
	StringInfoData out;

	if (value == NULL)
		return psprintf("error: %s", error);
	initStringInfo(&out);
	ion_preview_page_build(&out, title, value);
	return out.data;
}

static bool
has(const char *html, const char *what)
{
	if (strstr(html, what) != NULL)
		return true;
	printf("# no %s in\n# %.3000s\n", what, strstr(html, "<body>") != NULL ? strstr(html, "<body>") : html);
	return false;
}

static int
count(const char *html, const char *what)
{
	int			n = 0;

	for (const char *p = html; (p = strstr(p, what)) != NULL; p += strlen(what))
		n++;
	return n;
}

static void
test_frame_of_page(void)
{
	char	   *html = page("pratica", "[]");

	ok(strncmp(html, "<!DOCTYPE html>\n<html lang=\"en\">\n", 32) == 0, "a document with a type and a language");
	ok(has(html, "default-src 'none'; style-src 'unsafe-inline'; img-src https:; frame-src 'none'; form-action 'none'; base-uri 'none'"), "its policy forbids all but its own style and pictures");
	ok(has(html, "<title>Preview of pratica</title>"), "the title");
	ok(has(html, "<h1>Preview of <bdi>pratica</bdi></h1>"), "the heading");
	ok(has(html, "<p>0 channels.</p>") && count(html, "<nav") == 0, "no channel");
	is_int(count(html, "<section"), 0, "no section");
	ok(strlen(html) > 8 && strcmp(html + strlen(html) - 8, "</html>\n") == 0, "and an end");
	ok(has(page("x", "[{\"channel\":\"sms\",\"text\":\"a\"}]"), "<p>1 channel.</p>"), "one channel");
	ok(has(page("x", "[{\"channel\":\"sms\",\"problem\":\"a\"},{\"channel\":\"push\",\"text\":\"b\"}]"), "<p>2 channels, <strong>1 with a problem</strong>.</p>"), "a problem among two");
}

static void
test_channels(void)
{
	char	   *html = page("p", "[{\"channel\":\"email\",\"language\":\"it\",\"subject\":\"S & T\",\"html\":\"<p lang=\\\"it\\\">x</p>\",\"text\":\"\\nuno\"},"
							"{\"channel\":\"sms\",\"language\":\"sl\",\"text\":\"\xc4\x8d\",\"encoding\":\"ucs2\",\"segments\":2},"
							"{\"channel\":\"push\",\"language\":\"de\",\"subject\":\"Titel\",\"text\":\"Text\"},"
							"{\"channel\":\"webhook\",\"text\":\"{\\\"a\\\":1}\"},"
							"{\"channel\":\"inbox\",\"language\":\"it\",\"subject\":\"S\",\"html\":\"<h1>a</h1>\",\"text\":\"# a\"},"
							"{\"channel\":\"pec\",\"problem\":\"niente\"},"
							"{\"channel\":\"fax\",\"subject\":\"S\",\"text\":\"t\",\"html\":\"<i>\"},"
							"{\"channel\":\"push\"}]");

	is_int(count(html, "<section aria-labelledby=\"channel-"), 8, "a section for each channel");
	is_int(count(html, "<li><a href=\"#channel-"), 8, "and a link to each");
	ok(has(html, "<h2 id=\"channel-1\">E-mail</h2>\n<dl>\n<dt>Language</dt><dd dir=\"auto\">it</dd>\n<dt>Subject</dt><dd dir=\"auto\" lang=\"it\">S &amp; T</dd>\n</dl>"), "a mail's language and subject");
	ok(has(html, "<iframe sandbox title=\"E-mail as HTML\" srcdoc=\"&lt;p lang=&quot;it&quot;&gt;x&lt;/p&gt;\"></iframe>"), "a mail's HTML, in a sandbox");
	ok(has(html, "<pre dir=\"auto\" lang=\"it\">\n\nuno</pre>"), "a mail's text, its first line end too");
	ok(has(html, "<dt>Encoding</dt><dd dir=\"auto\">ucs2</dd>\n<dt>Segments</dt><dd dir=\"auto\">2</dd>\n</dl>\n<p class=\"bubble\" dir=\"auto\" lang=\"sl\">\xc4\x8d</p>"), "an SMS and what it takes");
	ok(has(html, "<dd dir=\"auto\">de</dd>\n</dl>\n<div class=\"card\" lang=\"de\"><p class=\"first\" dir=\"auto\">Titel</p><p dir=\"auto\">Text</p></div>"), "a push: its title on the card alone");
	ok(has(html, "<pre dir=\"auto\">\n{&quot;a&quot;:1}</pre>"), "a webhook's JSON");
	ok(has(html, "&lt;html lang=&quot;it&quot;&gt;"), "the inbox's text is a document, with its language");
	ok(has(html, "&gt;S&lt;/h1&gt;\n&lt;h2 style=&quot;") && has(html, "&gt;a&lt;/h2&gt;"), "whose only first-level heading is the subject");
	ok(has(html, "<h2 id=\"channel-6\">Certified e-mail (PEC)</h2>\n<p class=\"problem\"><strong>Problem:</strong> <bdi>niente</bdi></p>\n</section>"), "a problem and nothing else");
	ok(has(html, "<h2 id=\"channel-7\">fax</h2>") && has(html, "<pre dir=\"auto\">\n&lt;i&gt;</pre>"), "a channel we do not know, as it comes");
	ok(has(html, "<h2 id=\"channel-8\">Push notification</h2>\n<p>Nothing to show.</p>\n"), "nothing");
}

static void
test_hostile(void)
{
	static const char *const members[] = {"channel", "language", "subject", "html", "text", "encoding", "segments", "problem"};
	static const char *const channels[] = {"inbox", "email", "pec", "sms", "push", "webhook", "fax"};
	char	   *html = page("\"><script>x</script>", "[]");

	is_int(count(html, "<script"), 0, "a hostile title is text");
	for (size_t c = 0; c < lengthof(channels); c++)
	{
		StringInfoData parts;
		int			tags;
		int			plain;

		initStringInfo(&parts);
		appendStringInfo(&parts, "[{\"channel\":\"%s\"", channels[c]);
		for (size_t m = 1; m < lengthof(members); m++)
			appendStringInfo(&parts, ",\"%s\":\"y\"", members[m]);
		appendStringInfoString(&parts, "}]");
		plain = count(page("t", parts.data), "<");
		resetStringInfo(&parts);
		appendStringInfo(&parts, "[{\"channel\":\"%s\"", channels[c]);
		for (size_t m = 1; m < lengthof(members); m++)
			appendStringInfo(&parts, ",\"%s\":\"%s\"", members[m],
							 strcmp(members[m], "language") == 0 ? "y" : "'\\\"></pre></p></iframe><script>x</script>&quot;<b onx='");
		appendStringInfoString(&parts, "}]");
		tags = count(page("t", parts.data), "<");
		is_int(tags, plain, psprintf("%s: hostile text adds no tag", channels[c]));
	}
	html = page("t", "[{\"channel\":\"\\\"><b>\",\"text\":\"x\"}]");
	ok(has(html, "<h2 id=\"channel-1\">&quot;&gt;&lt;b&gt;</h2>"), "a hostile channel is text");
	html = page("t", "[{\"channel\":\"sms\",\"language\":\"it\\\" onclick=\\\"x\",\"text\":\"x\"}]");
	ok(count(html, "onclick") == 0 && has(html, "<p class=\"bubble\" dir=\"auto\">x</p>"), "a language that is none is left out");
	html = page("t", "[{\"channel\":\"sms\",\"language\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"text\":\"x\"}]");
	is_int(count(html, "aaaa"), 0, "and so is one that is too long");
}

static void
test_odd_input(void)
{
	ok(has(page("t", "{\"channel\":\"sms\"}"), "<p>0 channels.</p>"), "no array: no channels");
	ok(has(page("t", "null"), "</html>"), "nor in null");
	ok(has(page("t", "[null, 7, \"x\", []]"), "<h2 id=\"channel-4\">Channel</h2>\n<p>Nothing to show.</p>"), "items that are no objects");
	ok(has(page("t", "[{\"channel\":7,\"text\":null,\"html\":{},\"subject\":[],\"segments\":true}]"), "<h2 id=\"channel-1\">7</h2>\n<p>Nothing to show.</p>"), "members of other kinds");
	ok(has(page("", "[]"), "<bdi></bdi>"), "no title");
	ok(has(page("t", "[{\"channel\":\"email\",\"html\":\"x\"}]"), "srcdoc=\"x\"") &&
	   count(page("t", "[{\"channel\":\"email\",\"html\":\"x\"}]"), "<pre") == 0, "a mail without text");
	ok(has(page("t", "[{\"channel\":\"inbox\",\"html\":\"x\"}]"), "&gt;Message&lt;/h1&gt;"), "a message without subject has a heading");
}

int
main(void)
{
	test_frame_of_page();
	test_channels();
	test_hostile();
	test_odd_input();
	return done_testing();
}
