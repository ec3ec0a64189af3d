/*-------------------------------------------------------------------------
 *
 * notice_preview.c
 *	  The beginning of a message, with nothing in it to click.
 *
 * IO's e-mails teach citizens that a public body's mail has no links: what
 * asks for a click is somebody else.  So links go, and what remains is broken
 * for the readers that make links of anything with a dot in it.
 *
 * The length is counted in characters (code points, as everywhere) after the
 * links are gone, and the cut falls where a reader sees one end.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/grapheme.h"
#include "render/notice_preview.h"
#include "render/text_check.h"

#define ZERO_WIDTH_SPACE	"\xe2\x80\x8b"

/* Octets of a URL's scheme; a bound keeps the search linear. */
#define SCHEME_MAX	32

static char *one_line(const char *text);
static bool is_ornament(const char *line, size_t len);
static char *without_links(const char *text, const char *link_removed);
static size_t link_length(const char *p);
static size_t scheme_length(const char *p);
static bool is_word(char c);

void
ion_notice_preview(StringInfo out, const char *text, const char *link_removed,
				   int max_chars)
{
	char	   *line = without_links(one_line(text), link_removed);
	size_t		len = strlen(line);
	size_t		end = 0;
	int			chars = 0;

	while (end < len)
	{
		size_t		grapheme = ion_grapheme_bytes(line + end, len - end);

		chars += ion_text_char_count(line + end, grapheme);
		if (chars > max_chars)
			break;
		end += grapheme;
	}
	appendBinaryStringInfo(out, line, (int) end);
	if (end < len)
		appendBinaryStringInfo(out, "...", 3);
}

void
ion_notice_unlink(StringInfo out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
	{
		appendStringInfoCharMacro(out, *p);
		if (*p == '.' && p > text && is_word(p[-1]) && is_word(p[1]))
			appendStringInfoString(out, ZERO_WIDTH_SPACE);
	}
}

/* The text's lines as one, without quote marks, underlines and rules. */
static char *
one_line(const char *text)
{
	StringInfoData out;

	initStringInfo(&out);
	while (*text != '\0')
	{
		size_t		len = strcspn(text, "\n");
		const char *p = text;
		const char *end = text + len;

		while (p < end && (*p == ' ' || (*p == '>' && (p + 1 == end || p[1] == ' '))))
			p++;
		if (!is_ornament(p, end - p))
		{
			if (out.len > 0 && p < end)
				appendStringInfoCharMacro(&out, ' ');
			for (; p < end; p++)
			{
				bool		space = *p == ' ' || *p == '\t';

				if (!space || (out.len > 0 && out.data[out.len - 1] != ' '))
					appendStringInfoCharMacro(&out, space ? ' ' : *p);
			}
		}
		text += len + (text[len] != '\0');
	}
	while (out.len > 0 && out.data[out.len - 1] == ' ')
		out.data[--out.len] = '\0';
	return out.data;
}

/* A line that is nothing but one of the characters we draw lines with. */
static bool
is_ornament(const char *line, size_t len)
{
	size_t		n = 0;

	if (len == 0 || (line[0] != '=' && line[0] != '-'))
		return false;
	while (n < len && line[n] == line[0])
		n++;
	return n == len;
}

/* The line with a phrase in place of every link, its own parentheses gone. */
static char *
without_links(const char *text, const char *link_removed)
{
	StringInfoData out;
	const char *p = text;

	initStringInfo(&out);
	while (*p != '\0')
	{
		size_t		len = p == text || !is_word(p[-1]) ? link_length(p) : 0;

		if (len == 0)
		{
			appendStringInfoCharMacro(&out, *p);
			p++;
			continue;
		}
		if (p > text && p[-1] == '(' && p[len] == ')')
		{
			out.len--;
			len++;
		}
		if (link_removed[0] == '\0' && out.len > 0 && out.data[out.len - 1] == ' ')
			out.len--;
		appendStringInfoString(&out, link_removed);
		p += len;
	}
	return out.data;
}

/* Octets of the link at p, up to white space or a bracket not its own. */
static size_t
link_length(const char *p)
{
	size_t		scheme = scheme_length(p);
	size_t		len;
	int			open = 0;

	if (scheme == 0)
		return 0;
	for (len = scheme; p[len] != '\0'; len++)
	{
		if (strchr(" \t<>\"[]{}", p[len]) != NULL)
			break;
		if (p[len] == '(')
			open++;
		else if (p[len] == ')' && open-- == 0)
			break;
	}
	while (len > scheme && strchr(".,;:!?'*_", p[len - 1]) != NULL)
		len--;
	return len;
}

/* Octets of "https://" or any other scheme like it, "mailto:", "www.". */
static size_t
scheme_length(const char *p)
{
	static const char *const beginnings[] = {"mailto:", "tel:", "sms:", "www."};
	size_t		n = 0;

	for (size_t i = 0; i < lengthof(beginnings); i++)
	{
		size_t		len = strlen(beginnings[i]);

		if (pg_strncasecmp(p, beginnings[i], len) == 0 && p[len] != '\0' && p[len] != ' ')
			return len;
	}
	while (n < SCHEME_MAX &&
		   ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z') ||
			(p[n] >= '0' && p[n] <= '9') || p[n] == '+' || p[n] == '-' || p[n] == '.'))
		n++;
	return n > 0 && strncmp(p + n, "://", 3) == 0 ? n + 3 : 0;
}

/* A letter or digit, or an octet of one outside ASCII. */
static bool
is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || (unsigned char) c >= 0x80;
}
