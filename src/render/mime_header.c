/*-------------------------------------------------------------------------
 *
 * mime_header.c
 *	  Header fields of a mail: folding, quoting and encoded-words.
 *
 * The one gate against header injection: each public function appends exactly
 * one field, ended by CRLF, and refuses a value with a control character
 * before it writes anything.  A line end in the output is therefore always
 * one of ours: the field's own, or a fold followed by a space.
 *
 * Text that is not plain goes out in RFC 2047 encoded-words, in Q or in B,
 * whichever is shorter, split between characters because each word must
 * decode by itself.  On failure out is as it was.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/mail_address.h"
#include "render/mime_header.h"
#include "render/mime_transfer.h"
#include "render/text_check.h"

/* A line with an encoded-word ends at 76 (RFC 2047 section 2). */
#define ENCODED_LINE_MAX	76

/* Characters of =?UTF-8?Q? and ?= around an encoded-word's text. */
#define ENCODED_WORD_FRAME	12

static bool field_begin(StringInfo out, const char *name, const char *value,
						const char **error);
static bool name_valid(const char *name);
static void append_folded(StringInfo out, size_t column, const char *s,
						  size_t len);
static size_t longest_word(const char *s, size_t len);
static size_t append_phrase(StringInfo out, size_t column, const char *name);
static void append_quoted(StringInfo out, const char *s, size_t len);
static size_t append_encoded(StringInfo out, size_t column, const char *s,
							 size_t len);
static size_t encoded_words(StringInfo out, size_t column, const char *s,
							size_t len, char encoding, size_t *end_column);
static size_t encoded_word_take(const char *s, size_t len, size_t room,
								char encoding);
static size_t encoded_word_write(char *to, const char *s, size_t len,
								 char encoding);
static bool q_is_plain(unsigned char c);
static bool is_phrase_char(unsigned char c);

/*
 * Appends an unstructured field such as Subject (RFC 5322 section 3.6.5).
 * Plain ASCII stays readable and is folded at its spaces; anything a reader
 * could misunderstand (another script, a leading space, text that looks like
 * an encoded-word, a word that cannot be folded) is encoded.
 */
bool
ion_mime_header_text(StringInfo out, const char *name, const char *value,
					 const char **error)
{
	size_t		len = strlen(value);
	size_t		column = strlen(name) + 2;

	if (!field_begin(out, name, value, error))
		return false;
	if (len > 0 && (!ion_text_is_ascii(value, len) ||
					value[0] == ' ' || value[len - 1] == ' ' ||
					strstr(value, "=?") != NULL ||
					longest_word(value, len) > ION_MAIL_FOLD_COLUMN - 2 ||
					column + strcspn(value, " ") > ION_MAIL_FOLD_COLUMN))
		append_encoded(out, column, value, len);
	else
		append_folded(out, column, value, len);
	appendBinaryStringInfo(out, "\r\n", 2);
	return true;
}

/*
 * Appends a field that may have a syntax of its own (List-Unsubscribe and the
 * like): ASCII is never rewritten, only folded at spaces.  Text outside ASCII
 * has no place in such a syntax, so it is taken for prose and encoded.
 */
bool
ion_mime_header_structured(StringInfo out, const char *name, const char *value,
						   const char **error)
{
	size_t		len = strlen(value);

	if (strspn(value, " ") == len)
	{
		*error = "header value is empty";
		return false;
	}
	if (!ion_text_is_ascii(value, len))
		return ion_mime_header_text(out, name, value, error);
	if (longest_word(value, len) > ION_MAIL_HEADER_WORD_MAX)
	{
		*error = "header value has no place to fold it";
		return false;
	}
	if (!field_begin(out, name, value, error))
		return false;
	while (value[len - 1] == ' ')
		len--;
	append_folded(out, strlen(name) + 2, value + strspn(value, " "),
				  len - strspn(value, " "));
	appendBinaryStringInfo(out, "\r\n", 2);
	return true;
}

/*
 * Appends a field with one mailbox (RFC 5322 section 3.4).  display_name may
 * be NULL or empty.  The address is checked and its domain put in A-labels;
 * eight_bit allows a UTF-8 local part (RFC 6532), which is an error otherwise.
 */
bool
ion_mime_header_mailbox(StringInfo out, const char *name,
						const char *display_name, const char *addr,
						bool eight_bit, const char **error)
{
	int			start = out->len;
	size_t		column = strlen(name) + 2;
	bool		named = display_name != NULL && display_name[0] != '\0';
	bool		needs_smtputf8;
	int			addr_start;

	if (named && strlen(display_name) > ION_MAIL_NAME_MAX)
	{
		*error = "display name is too long";
		return false;
	}
	if (!field_begin(out, name, named ? display_name : "", error))
		return false;
	if (named)
		column = append_phrase(out, column, display_name);

	addr_start = out->len;
	if (named)
		appendBinaryStringInfo(out, " <", 2);
	if (!ion_mail_address_wire(addr, eight_bit, out, &needs_smtputf8, error))
	{
		out->len = start;
		out->data[start] = '\0';
		return false;
	}
	if (named)
	{
		appendStringInfoCharMacro(out, '>');
		if (column + (out->len - addr_start) > ION_MAIL_FOLD_COLUMN)
		{
			/* Slide the address along: the fold goes in front of its space. */
			enlargeStringInfo(out, 2);
			memmove(out->data + addr_start + 2, out->data + addr_start,
					out->len - addr_start + 1);
			memcpy(out->data + addr_start, "\r\n", 2);
			out->len += 2;
		}
	}
	appendBinaryStringInfo(out, "\r\n", 2);
	return true;
}

/* Checks name and value, then appends "Name: "; on false nothing is written. */
static bool
field_begin(StringInfo out, const char *name, const char *value,
			const char **error)
{
	size_t		len = strnlen(value, ION_MAIL_HEADER_VALUE_MAX + 1);

	*error = NULL;
	if (!name_valid(name))
		*error = "header name is not letters, digits and hyphens";
	else if (len > ION_MAIL_HEADER_VALUE_MAX)
		*error = "header value is too long";
	else if (ion_text_has_control(value, len))
		*error = "header value contains a control character";
	else if (!ion_text_is_utf8(value, len))
		*error = "header value is not valid UTF-8";
	if (*error)
		return false;
	appendStringInfoString(out, name);
	appendBinaryStringInfo(out, ": ", 2);
	return true;
}

/* A field name of the kind we emit: [A-Za-z0-9-]+, bounded. */
static bool
name_valid(const char *name)
{
	size_t		len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
							 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return len > 0 && len <= ION_MAIL_HEADER_NAME_MAX && name[len] == '\0';
}

/*
 * Appends ASCII text, folding before a space where the line would pass the
 * soft limit.  Every space survives unfolding, and no line is blank: a fold
 * carries the spaces and the word after them along.
 */
static void
append_folded(StringInfo out, size_t column, const char *s, size_t len)
{
	size_t		i = 0;

	while (i < len)
	{
		size_t		start = i;

		while (i < len && s[i] == ' ')
			i++;
		while (i < len && s[i] != ' ')
			i++;
		if (start > 0 && column + (i - start) > ION_MAIL_FOLD_COLUMN)
		{
			appendBinaryStringInfo(out, "\r\n", 2);
			column = 0;
		}
		appendBinaryStringInfo(out, s + start, (int) (i - start));
		column += i - start;
	}
}

/* Octets of the longest stretch that cannot be folded, spaces before it in. */
static size_t
longest_word(const char *s, size_t len)
{
	size_t		longest = 0;
	size_t		i = 0;

	while (i < len)
	{
		size_t		start = i;

		while (i < len && s[i] == ' ')
			i++;
		while (i < len && s[i] != ' ')
			i++;
		longest = Max(longest, i - start);
	}
	return longest;
}

/*
 * Appends a display name as an RFC 5322 phrase, in the plainest form that says
 * it exactly: atoms, a quoted string, encoded-words.  Returns the column after
 * it.
 */
static size_t
append_phrase(StringInfo out, size_t column, const char *name)
{
	size_t		len = strlen(name);
	size_t		size = len;
	bool		atoms = name[0] != ' ' && name[len - 1] != ' ' &&
		strstr(name, "  ") == NULL;

	for (size_t i = 0; i < len; i++)
	{
		atoms = atoms && (name[i] == ' ' || is_phrase_char((unsigned char) name[i]));
		size += name[i] == '"' || name[i] == '\\';
	}
	size += atoms ? 0 : 2;

	/* Names that need a fold are encoded: some readers fold quotes badly. */
	if (!ion_text_is_ascii(name, len) || strstr(name, "=?") != NULL ||
		column + size > ION_MAIL_FOLD_COLUMN)
		return append_encoded(out, column, name, len);
	if (atoms)
		appendBinaryStringInfo(out, name, (int) len);
	else
		append_quoted(out, name, len);
	return column + size;
}

/* Appends a quoted-string (RFC 5322 section 3.2.4). */
static void
append_quoted(StringInfo out, const char *s, size_t len)
{
	appendStringInfoCharMacro(out, '"');
	for (size_t i = 0; i < len; i++)
	{
		if (s[i] == '"' || s[i] == '\\')
			appendStringInfoCharMacro(out, '\\');
		appendStringInfoCharMacro(out, s[i]);
	}
	appendStringInfoCharMacro(out, '"');
}

/*
 * Appends encoded-words in the shorter of the two encodings (Q on a tie: part
 * of it stays readable).  Returns the column after the last one.
 */
static size_t
append_encoded(StringInfo out, size_t column, const char *s, size_t len)
{
	size_t		end_column;
	size_t		q = encoded_words(NULL, column, s, len, 'Q', &end_column);
	size_t		b = encoded_words(NULL, column, s, len, 'B', &end_column);

	encoded_words(out, column, s, len, q <= b ? 'Q' : 'B', &end_column);
	return end_column;
}

/*
 * Lays the text out as encoded-words separated by folds, and writes them when
 * out is not NULL.  Returns the octets needed.  Field names are short enough
 * (ION_MAIL_HEADER_NAME_MAX) that the first line has room for a character.
 */
static size_t
encoded_words(StringInfo out, size_t column, const char *s, size_t len,
			  char encoding, size_t *end_column)
{
	size_t		total = 0;
	size_t		done = 0;

	while (done < len)
	{
		size_t		room = Min(ION_MAIL_ENCODED_WORD_MAX,
							   ENCODED_LINE_MAX - column) - ENCODED_WORD_FRAME;
		size_t		take = encoded_word_take(s + done, len - done, room, encoding);
		char		word[ION_MAIL_ENCODED_WORD_MAX];
		size_t		n;

		memcpy(word, encoding == 'Q' ? "=?UTF-8?Q?" : "=?UTF-8?B?", 10);
		n = 10 + encoded_word_write(word + 10, s + done, take, encoding);
		memcpy(word + n, "?=", 2);
		n += 2;
		done += take;
		total += n;
		column += n;
		if (out)
			appendBinaryStringInfo(out, word, (int) n);
		if (done < len)
		{
			if (out)
				appendBinaryStringInfo(out, "\r\n ", 3);
			total += 3;
			column = 1;
		}
	}
	*end_column = column;
	return total;
}

/* How many octets, in whole characters, one word with that room can carry. */
static size_t
encoded_word_take(const char *s, size_t len, size_t room, char encoding)
{
	size_t		take = 0;
	size_t		used = 0;

	while (take < len)
	{
		int			n = ion_text_char_bytes(s + take, len - take);

		if (encoding == 'B')
			used = (take + n + 2) / 3 * 4;
		else if (s[take] == ' ' || q_is_plain((unsigned char) s[take]))
			used++;
		else
			used += 3 * n;
		if (used > room)
			break;
		take += n;
	}
	return take;
}

/* Writes the inside of an encoded-word; returns its characters. */
static size_t
encoded_word_write(char *to, const char *s, size_t len, char encoding)
{
	static const char hex_digit[] = "0123456789ABCDEF";
	char	   *w = to;

	if (encoding == 'B')
		return ion_mime_base64_block(to, (const unsigned char *) s, len);
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if (c == ' ')
			*w++ = '_';
		else if (q_is_plain(c))
			*w++ = (char) c;
		else
		{
			*w++ = '=';
			*w++ = hex_digit[c >> 4];
			*w++ = hex_digit[c & 15];
		}
	}
	return w - to;
}

/* The characters the Q encoding may show as they are, also inside a phrase
 * (RFC 2047 section 5, rule 3). */
static bool
q_is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') ||
		c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

/* RFC 5322 atext: what an unquoted word of a phrase is made of. */
static bool
is_phrase_char(unsigned char c)
{
	return q_is_plain(c) || (c != '\0' && strchr("#$%&'=?^_`{|}~", c) != NULL);
}
