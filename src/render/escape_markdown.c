/*-------------------------------------------------------------------------
 *
 * escape_markdown.c
 *	  A value as literal text in CommonMark.
 *
 * The argument, after CommonMark 0.30:
 *
 * - Any ASCII punctuation may be backslash-escaped (2.4), so a character that
 *	 could begin or end an inline construct is escaped wherever it stands:
 *	 code spans, emphasis, links, images, and the strikethrough and tables of
 *	 the usual extension.
 * - The four characters of HTML are written as entities (2.5), which hold in
 *	 raw HTML too, where backslashes do not: no tags, autolinks, entities.
 * - A block construct needs its marker at the start of a line.  A value has
 *	 no line ends, so only its first character that is not blank can be one:
 *	 bullets, rules, setext underlines, list numbers (a dot after nothing but
 *	 digits, as the template may hold the digits before the value).
 * - Two blanks before the template's line end would be a hard break, four at
 *	 the start of a line a code block, and emphasis does not begin or end
 *	 next to a space of any kind: the first and the last are written as
 *	 entities, &#32; for a blank, which are a space but never structure
 *	 (2.5).  Those between them lie inside a line and are harmless.
 * - A parser takes a byte order mark off the start of a document, and would
 *	 then see the start of a line where the value seemed to have begun: it is
 *	 written as an entity too.
 * - Joined to the text around it, a value must not complete a construct of
 *	 the template: "!" before "[", "(" after "]", "scheme:" before "//".
 * - Bare "http://" and "www." are no links in CommonMark, but are in common
 *	 extensions: their colon and dot are escaped.
 *
 * The apostrophe is left alone: it delimits nothing but single-quoted link
 * titles, and it is in too many Italian names to be spelt "\'".
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/escape.h"

#define BYTE_ORDER_MARK	"\xef\xbb\xbf"

static const char *entity_of(char c);
static bool needs_escape(const char *s, size_t len, size_t at, size_t first);
static bool only_digits(const char *s, size_t from, size_t to);
static bool is_blank(unsigned char c);
static int	wide_space(const char *s, size_t len, int *code);
static bool follows_w(const char *s, size_t at);

void
ion_escape_markdown(StringInfo out, const char *s, size_t len)
{
	size_t		first = 0;		/* the first byte that is not blank */

	while (first < len && is_blank((unsigned char) s[first]))
		first++;

	for (size_t i = 0; i < len; i++)
	{
		const char *entity;
		int			code;
		int			bytes;

		if (i == 0 && len >= strlen(BYTE_ORDER_MARK) && memcmp(s, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		{
			appendStringInfoString(out, "&#65279;");
			i += strlen(BYTE_ORDER_MARK) - 1;
			continue;
		}
		if (is_blank((unsigned char) s[i]))
		{
			if (i == 0 || i == len - 1)
				appendStringInfoString(out, "&#32;");
			else
				appendStringInfoChar(out, ' ');
			continue;
		}
		bytes = wide_space(s + i, len - i, &code);
		if (bytes > 0 && (i == 0 || i + bytes == len))
		{
			appendStringInfo(out, "&#%d;", code);
			i += bytes - 1;
			continue;
		}
		entity = entity_of(s[i]);
		if (entity != NULL)
		{
			appendStringInfoString(out, entity);
			continue;
		}
		if (needs_escape(s, len, i, first))
			appendStringInfoChar(out, '\\');
		appendStringInfoChar(out, s[i]);
	}
}

static const char *
entity_of(char c)
{
	switch (c)
	{
		case '&':
			return "&amp;";
		case '<':
			return "&lt;";
		case '>':
			return "&gt;";
		case '"':
			return "&quot;";
		default:
			return NULL;
	}
}

/*
 * Must the byte at s[at] be escaped?  first is where the text begins after
 * leading blanks.
 */
static bool
needs_escape(const char *s, size_t len, size_t at, size_t first)
{
	bool		last = at == len - 1;

	switch (s[at])
	{
			/* inline constructs, and extensions that use pipe and tilde */
		case '\\':
		case '`':
		case '*':
		case '_':
		case '[':
		case ']':
		case '(':
		case ')':
		case '#':
		case '|':
		case '~':
			return true;

			/* bullets, rules, underlines: only where a line could begin */
		case '-':
		case '+':
		case '=':
			return at == first;

			/* "1." and "www." */
		case '.':
			return only_digits(s, first, at) || follows_w(s, at);

			/* "http://", and the alignment row of a table */
		case ':':
			return at == first || last || s[at + 1] == '/';

			/* the template's "[" may follow */
		case '!':
			return last;

		default:
			return false;
	}
}

static bool
only_digits(const char *s, size_t from, size_t to)
{
	/* CommonMark allows nine digits in a list number */
	if (to - from > 9)
		return false;
	for (size_t i = from; i < to; i++)
	{
		if (s[i] < '0' || s[i] > '9')
			return false;
	}
	return true;
}

static bool
follows_w(const char *s, size_t at)
{
	return at > 0 && (s[at - 1] == 'w' || s[at - 1] == 'W');
}

static bool
is_blank(unsigned char c)
{
	return c <= ' ' || c == 0x7F;
}

/*
 * Bytes of a space that is not ASCII (Unicode category Zs), with its number,
 * or 0.
 */
static int
wide_space(const char *s, size_t len, int *code)
{
	const unsigned char *c = (const unsigned char *) s;

	if (len >= 2 && c[0] == 0xC2 && c[1] == 0xA0)
	{
		*code = 0xA0;
		return 2;
	}
	if (len < 3 || c[0] < 0xE1 || c[0] > 0xE3)
		return 0;
	*code = (c[0] & 0x0F) << 12 | (c[1] & 0x3F) << 6 | (c[2] & 0x3F);
	return *code == 0x1680 || (*code >= 0x2000 && *code <= 0x200A) || *code == 0x202F || *code == 0x205F || *code == 0x3000 ? 3 : 0;
}
