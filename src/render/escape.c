/*-------------------------------------------------------------------------
 *
 * escape.c
 *	  A value made harmless for the place in the output where it lands.
 *
 * Each escape walks the bytes once, appending the runs it need not touch in
 * one piece.  Bytes from 0x80 up belong to multi-byte characters and pass,
 * but for URLs, which are ASCII, and for the C1 controls and the two Unicode
 * line separators, which some readers of headers and SMS obey as controls.
 *
 *-------------------------------------------------------------------------
 */
#include "render/escape.h"

#include "render/json_escape.h"

/* Indexed by IonEscape. */
static const char *const escape_names[] = {
	"html", "none", "json", "url", "markdown", "header", "sms"
};

static void escape_html(StringInfo out, const char *s, size_t len);
static void escape_url(StringInfo out, const char *s, size_t len);
static void escape_line(StringInfo out, const char *s, size_t len, bool drop);
static int	control_bytes(const char *s, size_t len);
static bool separates_words(const char *s);
static bool is_unreserved(unsigned char c);

void
ion_escape_append(StringInfo out, IonEscape escape, const char *s, size_t len)
{
	switch (escape)
	{
		case ION_ESCAPE_HTML:
			escape_html(out, s, len);
			break;
		case ION_ESCAPE_NONE:
			appendBinaryStringInfo(out, s, (int) len);
			break;
		case ION_ESCAPE_JSON:
			ion_json_escape_inner(out, s, len);
			break;
		case ION_ESCAPE_URL:
			escape_url(out, s, len);
			break;
		case ION_ESCAPE_MARKDOWN:
			ion_escape_markdown(out, s, len);
			break;
		case ION_ESCAPE_HEADER:
			escape_line(out, s, len, false);
			break;
		case ION_ESCAPE_SMS:
			escape_line(out, s, len, true);
			break;
	}
}

IonEscape
ion_escape_by_name(const char *name, bool *found)
{
	for (size_t i = 0; i < lengthof(escape_names); i++)
	{
		if (strcmp(name, escape_names[i]) == 0)
		{
			*found = true;
			return (IonEscape) i;
		}
	}
	*found = false;
	return ION_ESCAPE_HTML;
}

const char *
ion_escape_name(IonEscape escape)
{
	return escape_names[escape];
}

static void
escape_html(StringInfo out, const char *s, size_t len)
{
	size_t		clean = 0;

	for (size_t i = 0; i < len; i++)
	{
		const char *entity;

		switch (s[i])
		{
			case '&':
				entity = "&amp;";
				break;
			case '<':
				entity = "&lt;";
				break;
			case '>':
				entity = "&gt;";
				break;
			case '"':
				entity = "&quot;";
				break;
			case '\'':
				entity = "&#39;";
				break;
			default:
				continue;
		}
		appendBinaryStringInfo(out, s + clean, (int) (i - clean));
		appendStringInfoString(out, entity);
		clean = i + 1;
	}
	appendBinaryStringInfo(out, s + clean, (int) (len - clean));
}

static void
escape_url(StringInfo out, const char *s, size_t len)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t		clean = 0;

	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) s[i];
		char		coded[3] = {'%', hex[c >> 4], hex[c & 0x0F]};

		if (is_unreserved(c))
			continue;
		appendBinaryStringInfo(out, s + clean, (int) (i - clean));
		appendBinaryStringInfo(out, coded, sizeof(coded));
		clean = i + 1;
	}
	appendBinaryStringInfo(out, s + clean, (int) (len - clean));
}

/*
 * RFC 3986, section 2.3.
 */
static bool
is_unreserved(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		(c >= '0' && c <= '9') ||
		c == '-' || c == '.' || c == '_' || c == '~';
}

/*
 * Text for one line: controls become spaces; with drop, those that do not
 * separate words vanish.
 */
static void
escape_line(StringInfo out, const char *s, size_t len, bool drop)
{
	size_t		clean = 0;
	size_t		i = 0;

	while (i < len)
	{
		int			width = control_bytes(s + i, len - i);

		if (width == 0)
		{
			i++;
			continue;
		}
		appendBinaryStringInfo(out, s + clean, (int) (i - clean));
		if (!drop || separates_words(s + i))
			appendStringInfoChar(out, ' ');
		i += width;
		clean = i;
	}
	appendBinaryStringInfo(out, s + clean, (int) (len - clean));
}

/*
 * The length of the control character at s: C0, DEL, C1 (U+0080-U+009F), line
 * and paragraph separator (U+2028, U+2029); 0 when it is none.
 */
static int
control_bytes(const char *s, size_t len)
{
	const unsigned char *u = (const unsigned char *) s;

	if (u[0] < 0x20 || u[0] == 0x7F)
		return 1;
	if (u[0] == 0xC2 && len > 1 && u[1] < 0xA0)
		return 2;
	if (u[0] == 0xE2 && len > 2 && u[1] == 0x80 && (u[2] == 0xA8 || u[2] == 0xA9))
		return 3;
	return 0;
}

/*
 * Of the characters control_bytes() finds: tab to carriage return, NEL and
 * the two separators.
 */
static bool
separates_words(const char *s)
{
	const unsigned char *u = (const unsigned char *) s;

	return (u[0] >= '\t' && u[0] <= '\r') || u[0] == 0xE2 ||
		(u[0] == 0xC2 && u[1] == 0x85);
}
