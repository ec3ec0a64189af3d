/*-------------------------------------------------------------------------
 *
 * front_matter.c
 *	  The YAML block at the head of a message's Markdown.
 *
 * IO's messages may begin with a block between two lines "---" that tells the
 * app which buttons to show; a person is not meant to read it.  A line "---"
 * is also a rule in Markdown, and a text between two rules must not vanish: a
 * block counts as front matter only when its first line is a YAML key, a word
 * and a colon right after the opening line.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/front_matter.h"

static size_t line_length(const char *p, const char *end);
static size_t line_end_length(const char *p, const char *end);
static size_t text_length(const char *p, size_t len);
static bool is_fence(const char *p, size_t len);
static bool is_key(const char *p, size_t len);

size_t
ion_front_matter_length(const char *markdown, size_t len)
{
	const char *p = markdown;
	const char *end = markdown + len;
	size_t		line;
	bool		first = true;

	if (len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0)
		p += 3;					/* a byte order mark */
	line = line_length(p, end);
	if (!is_fence(p, line))
		return 0;
	for (;;)
	{
		p += line + line_end_length(p + line, end);
		if (p == end)
			return 0;			/* never closed */
		line = line_length(p, end);
		if (is_fence(p, line))
			break;
		if (first && !is_key(p, line))
			return 0;
		first = false;
	}
	if (first)
		return 0;				/* two rules and nothing between them */

	/* the closing line, and blank ones after it */
	do
	{
		p += line + line_end_length(p + line, end);
		line = line_length(p, end);
	} while (p < end && text_length(p, line) == 0);
	return p - markdown;
}

/* Octets of the line at p without its end. */
static size_t
line_length(const char *p, const char *end)
{
	const char *q = p;

	while (q < end && *q != '\n' && *q != '\r')
		q++;
	return q - p;
}

/* Octets of the line end at p: LF, CR, CRLF, or none at the text's end. */
static size_t
line_end_length(const char *p, const char *end)
{
	if (p == end)
		return 0;
	return p[0] == '\r' && p + 1 < end && p[1] == '\n' ? 2 : 1;
}

/* Octets of a line without the white space at its end. */
static size_t
text_length(const char *p, size_t len)
{
	while (len > 0 && (p[len - 1] == ' ' || p[len - 1] == '\t'))
		len--;
	return len;
}

static bool
is_fence(const char *p, size_t len)
{
	return text_length(p, len) == 3 && memcmp(p, "---", 3) == 0;
}

/* "word:" or "word: value", as YAML wants the white space. */
static bool
is_key(const char *p, size_t len)
{
	size_t		n = 0;

	while (n < len && (p[n] == '_' || p[n] == '-' ||
					   (p[n] >= '0' && p[n] <= '9') ||
					   (p[n] >= 'a' && p[n] <= 'z') ||
					   (p[n] >= 'A' && p[n] <= 'Z')))
		n++;
	return n > 0 && n < len && p[n] == ':' &&
		(n + 1 == len || p[n + 1] == ' ' || p[n + 1] == '\t');
}
