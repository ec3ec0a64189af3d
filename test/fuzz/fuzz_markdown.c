/* units: src/render/markdown.c src/render/markdown_text.c src/render/front_matter.c src/render/escape.c src/render/escape_markdown.c src/render/json_escape.c src/render/text_check.c */
/*-------------------------------------------------------------------------
 *
 * fuzz_markdown.c
 *	  Any Markdown becomes harmless HTML; any value in it stays text.
 *
 * The input is a byte that chooses what is done and where, then the text.
 * HTML is read by a strict reader of our own that knows the tags CommonMark
 * has and nothing else, so whatever gets past the renderer is seen.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz_arena.h"

#include "render/escape.h"
#include "render/front_matter.h"
#include "render/markdown.h"
#include "render/text_check.h"

#define CHECK(condition) \
	do { if (!(condition)) __builtin_trap(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* What may stand between "<" and ">", as far as the attributes' values. */
static const char *const tags[] = {
	"p", "/p", "em", "/em", "strong", "/strong", "code", "/code", "pre", "/pre", "blockquote", "/blockquote",
	"ul", "/ul", "ol", "/ol", "li", "/li", "h1", "/h1", "h2", "/h2", "h3", "/h3", "h4", "/h4", "h5", "/h5", "h6", "/h6",
	"hr /", "br /", "a", "/a"
};

/* Where a value may stand in a template's text; "@" is its place. */
static const char *const places[] = {
	"@", "Prima @ dopo", "# @", "## x @ y", "- @\n- due", "1. @", "> @", "**@**", "*@*", "[@](https://a.example/)", "@\n===", "uno\n@\ndue", "@@",
	"!@", "uno\n\n@\n\ndue", "> - @\n>\n> tre", "2@ x", "https:@", "a_@_b", "~~@~~", "&@;", "**uno**@", "@**uno**"
};

/* A quoted value: its end, after it was found to hold no quote or bracket. */
static const char *
attribute_end(const char *p)
{
	const char *end = strchr(p, '"');

	CHECK(end != NULL);
	for (; p < end; p++)
		CHECK(*p != '<' && *p != '>');
	return end;
}

/* No scheme that runs code, however it is written. */
static void
check_url(const char *p, const char *end)
{
	static const char *const schemes[] = {"javascript:", "vbscript:", "data:", "file:"};

	CHECK(p < end);
	for (size_t i = 0; i < lengthof(schemes); i++)
		CHECK((size_t) (end - p) < strlen(schemes[i]) || pg_strncasecmp(p, schemes[i], strlen(schemes[i])) != 0);
	/* cmark writes what is no URL character as %XX, but for "&" and "'" */
	for (; p < end; p++)
		CHECK(*p > ' ' && (unsigned char) *p < 0x7F);
}

/* The tag at p; returns what follows it. */
static const char *
check_tag(const char *p)
{
	size_t		len = strcspn(p, " >");
	bool		known = false;

	if (p[len] == ' ' && p[len + 1] == '/')
		len += 2;
	for (size_t i = 0; i < lengthof(tags); i++)
		known = known || (strlen(tags[i]) == len && strncmp(p, tags[i], len) == 0);
	CHECK(known);
	while (p[len] == ' ')
	{
		const char *name = p + len + 1;
		const char *value = strstr(name, "=\"");
		const char *end;

		CHECK(value != NULL);
		end = attribute_end(value + 2);
		if (strncmp(name, "href=", 5) == 0 && *p == 'a')
			check_url(value + 2, end);
		else
			CHECK((strncmp(name, "title=", 6) == 0 && *p == 'a') ||
				  (strncmp(name, "start=", 6) == 0 && strncmp(p, "ol", 2) == 0) ||
				  (strncmp(name, "class=", 6) == 0 && strncmp(p, "code", 4) == 0));
		len = end + 1 - p;
	}
	CHECK(p[len] == '>');
	return p + len + 1;
}

/* Well-formed text between known tags; returns the tags without the text. */
static char *
check_html(const char *html)
{
	StringInfoData seen;

	initStringInfo(&seen);
	for (const char *p = html; *p != '\0';)
	{
		CHECK(*p != '"' && *p != '>');
		if (*p == '<')
		{
			const char *end = check_tag(p + 1);

			appendBinaryStringInfo(&seen, p, (int) (end - p));
			p = end;
		}
		else if (*p == '&')
		{
			CHECK(strncmp(p, "&lt;", 4) == 0 || strncmp(p, "&gt;", 4) == 0 || strncmp(p, "&amp;", 5) == 0 || strncmp(p, "&quot;", 6) == 0);
			p++;
		}
		else
			p++;
	}
	return seen.data;
}

static void
check_document(const char *text, size_t len)
{
	StringInfoData html;
	StringInfoData plain;
	const char *error = NULL;
	size_t		matter = ion_front_matter_length(text, len);

	CHECK(matter <= len);
	initStringInfo(&html);
	initStringInfo(&plain);
	if (!ion_markdown_render(text, len, &html, &plain, &error))
	{
		CHECK(error != NULL && html.len == 0 && plain.len == 0);
		return;
	}
	CHECK(html.len <= ION_MARKDOWN_OUTPUT_MAX && plain.len <= ION_MARKDOWN_OUTPUT_MAX);
	CHECK((int) strlen(html.data) == html.len && (int) strlen(plain.data) == plain.len);
	CHECK(ion_text_is_utf8(html.data, html.len) && ion_text_is_utf8(plain.data, plain.len));
	(void) check_html(html.data);
}

/* The place's text with a value in it, rendered. */
static char *
render_at(const char *place, const char *value)
{
	StringInfoData source;
	StringInfoData html;
	const char *error = NULL;

	initStringInfo(&source);
	initStringInfo(&html);
	for (const char *p = place; *p != '\0'; p++)
	{
		if (*p == '@')
			appendStringInfoString(&source, value);
		else
			appendStringInfoCharMacro(&source, *p);
	}
	return ion_markdown_to_html(source.data, source.len, &html, &error) ? html.data : NULL;
}

/* A value's escaped text makes the tags that a plain word makes there. */
static void
check_value(const char *place, const char *text, size_t len)
{
	StringInfoData value;
	char	   *html;

	/* what a template may put there: UTF-8 that has something to show */
	if (!ion_text_is_utf8(text, len) || memchr(text, '\0', len) != NULL || ion_text_has_control(text, len))
		return;
	initStringInfo(&value);
	ion_escape_markdown(&value, text, len);
	html = render_at(place, value.data);
	if (html != NULL)
		CHECK(strcmp(check_html(html), check_html(render_at(place, len > 0 ? "x" : ""))) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	char	   *text;

	if (size == 0)
		return 0;
	/* an exact copy: the sanitizer sees its end */
	text = memcpy(palloc(Max(size - 1, 1)), data + 1, size - 1);
	if (data[0] & 1)
		check_document(text, size - 1);
	else
		check_value(places[(data[0] >> 1) % lengthof(places)], text, size - 1);
	arena_reset();
	return 0;
}
