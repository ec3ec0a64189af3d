/*-------------------------------------------------------------------------
 *
 * text_wrap.c
 *	  Plain text in lines short enough to read.
 *
 * Only spaces become line ends, and never one before a word that would look
 * like a quotation or a list item at the start of a line.  So the text's words
 * and what its lines mean stay the same, and a URL can be clicked.  One pass;
 * nothing fails.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/text_check.h"
#include "render/text_wrap.h"

/* Indented by so much, a line is code. */
#define CODE_INDENT		4

/* Quote marks, indent and marker wider than this leave no room for text. */
#define PREFIX_MAX		32

static void wrap_line(StringInfo out, const char *line, size_t len);
static size_t prefix_length(const char *line, size_t len, size_t *quotes,
							bool *code);
static size_t marker_length(const char *p, size_t len);
static size_t unit_end(const char *line, size_t len, size_t at);
static size_t word_start(const char *line, size_t len, size_t at);
static size_t word_end(const char *line, size_t len, size_t at);
static bool may_begin_line(const char *word, size_t len);

void
ion_text_wrap(StringInfo out, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end)
	{
		const char *eol = memchr(text, '\n', end - text);

		if (eol == NULL)
			eol = end;
		wrap_line(out, text, eol - text);
		if (eol == end)
			return;
		appendStringInfoCharMacro(out, '\n');
		text = eol + 1;
	}
}

/* Appends one line, broken where it must be and may. */
static void
wrap_line(StringInfo out, const char *line, size_t len)
{
	size_t		quotes;
	bool		code;
	size_t		prefix = prefix_length(line, len, &quotes, &code);
	size_t		done = prefix;
	int			column = (int) prefix;

	if (ion_text_char_count(line, len) <= ION_TEXT_WRAP_COLUMN ||
		code || prefix > PREFIX_MAX)
	{
		appendBinaryStringInfo(out, line, (int) len);
		return;
	}
	appendBinaryStringInfo(out, line, (int) prefix);
	while (done < len)
	{
		size_t		word = word_start(line, len, done);
		size_t		end = unit_end(line, len, word);
		int			width = ion_text_char_count(line + done, end - done);

		if (done > prefix && column + width > ION_TEXT_WRAP_COLUMN)
		{
			appendStringInfoCharMacro(out, '\n');
			appendBinaryStringInfo(out, line, (int) quotes);
			appendStringInfoSpaces(out, (int) (prefix - quotes));
			column = (int) prefix;
			width -= (int) (word - done);
			done = word;
		}
		appendBinaryStringInfo(out, line + done, (int) (end - done));
		column += width;
		done = end;
	}
}

/*
 * Octets before a line's text: quote marks, counted in *quotes, then spaces
 * and an item's marker.  All ASCII, so octets are columns.  *code: the spaces
 * are so many that the line may be code.
 */
static size_t
prefix_length(const char *line, size_t len, size_t *quotes, bool *code)
{
	size_t		n = 0;

	while (n + 1 < len && line[n] == '>' && line[n + 1] == ' ')
		n += 2;
	*quotes = n;
	while (n < len && line[n] == ' ')
		n++;
	*code = n - *quotes >= CODE_INDENT;
	if (!*code)
	{
		size_t		marker = marker_length(line + n, len - n);

		if (marker > 0 && n + marker < len && line[n + marker] == ' ')
			n += marker + 1;
	}
	return n;
}

/* Octets of the "-" or "12." at p; 0 when there is none. */
static size_t
marker_length(const char *p, size_t len)
{
	size_t		n = 0;

	if (len > 0 && p[0] == '-')
		return 1;
	while (n < len && p[n] >= '0' && p[n] <= '9')
		n++;
	return n > 0 && n < len && (p[n] == '.' || p[n] == ')') ? n + 1 : 0;
}

/* The end of the word at at and of those after it that may begin no line. */
static size_t
unit_end(const char *line, size_t len, size_t at)
{
	size_t		end = word_end(line, len, at);

	for (;;)
	{
		size_t		next = word_start(line, len, end);
		size_t		next_end = word_end(line, len, next);

		if (next == len || may_begin_line(line + next, next_end - next))
			return end;
		end = next_end;
	}
}

static size_t
word_start(const char *line, size_t len, size_t at)
{
	while (at < len && line[at] == ' ')
		at++;
	return at;
}

static size_t
word_end(const char *line, size_t len, size_t at)
{
	while (at < len && line[at] != ' ')
		at++;
	return at;
}

/* Whether a word at the start of a line still means what it meant inside. */
static bool
may_begin_line(const char *word, size_t len)
{
	return word[0] != '>' && marker_length(word, len) != len;
}
