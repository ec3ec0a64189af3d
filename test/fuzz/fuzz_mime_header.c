/* units: src/render/mime_header.c src/render/mime_transfer.c src/render/mail_address.c src/render/text_check.c */
/*-------------------------------------------------------------------------
 *
 * fuzz_mime_header.c
 *	  Any text as a header field: one field it stays, and reads back the same.
 *
 * The input is a byte that chooses the kind of field, then a name's rest, a
 * value and an address, each ended by a zero byte or the end of the input.
 * What is written is read back by a decoder of RFC 2047 of our own.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz_arena.h"

#include "render/mime_header.h"
#include "render/text_check.h"

#define LINE_MAX_OCTETS 998		/* RFC 5322 section 2.1.1 */

#define CHECK(condition) \
	do { if (!(condition)) __builtin_trap(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* The bytes up to the next zero, zero-terminated. */
static char *
next_string(const uint8 **data, size_t *left)
{
	const uint8 *zero = *left > 0 ? memchr(*data, 0, *left) : NULL;
	size_t		len = zero != NULL ? (size_t) (zero - *data) : *left;
	char	   *copy = palloc0(len + 1);

	if (len > 0)
		memcpy(copy, *data, len);
	*data += len + (zero != NULL);
	*left -= len + (zero != NULL);
	return copy;
}

static int
digit_of(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int) (found - digits) : -1;
}

static int
hex_of(char c)
{
	CHECK((c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'));
	return c <= '9' ? c - '0' : c - 'A' + 10;
}

/* The text of one encoded-word, between its last "?" and "?=". */
static void
decode_word(StringInfo out, char encoding, const char *s, const char *end)
{
	int			start = out->len;

	if (encoding == 'Q')
	{
		for (; s < end; s++)
		{
			CHECK(*s > ' ' && *s < 0x7F && *s != '?');
			if (*s == '=')
			{
				CHECK(end - s > 2);
				appendStringInfoCharMacro(out, (char) (hex_of(s[1]) << 4 | hex_of(s[2])));
				s += 2;
			}
			else
				appendStringInfoCharMacro(out, *s == '_' ? ' ' : *s);
		}
	}
	else
	{
		CHECK(encoding == 'B' && (end - s) % 4 == 0);
		for (; s < end; s += 4)
		{
			int			pad = (s[3] == '=') + (s[2] == '=');
			uint32		bits = (uint32) digit_of(s[0]) << 18 | (uint32) digit_of(s[1]) << 12 |
				(uint32) (pad > 1 ? 0 : digit_of(s[2])) << 6 | (uint32) (pad > 0 ? 0 : digit_of(s[3]));

			CHECK(pad == 0 || s + 4 == end);
			CHECK(digit_of(s[0]) >= 0 && digit_of(s[1]) >= 0 && (pad > 1 || digit_of(s[2]) >= 0) && (pad > 0 || digit_of(s[3]) >= 0));
			for (int i = 0; i < 3 - pad; i++)
				appendStringInfoCharMacro(out, (char) (bits >> (16 - 8 * i)));
		}
	}
	/* no character is cut in two */
	CHECK(ion_text_is_utf8(out->data + start, out->len - start));
}

/* A field's value without folds, its encoded-words decoded. */
static void
decode_value(StringInfo out, const char *s, const char *end)
{
	static const char frame[] = "=?UTF-8?";
	bool		after_word = false;

	while (s < end)
	{
		const char *close;
		const char *next = s;

		if (s[0] == '\r' && s[1] == '\n')
		{
			s += 2;
			continue;
		}
		while (after_word && next < end && (*next == ' ' || *next == '\r' || *next == '\n'))
			next++;
		if (end - next > (ptrdiff_t) strlen(frame) + 4 && strncmp(next, frame, strlen(frame)) == 0)
		{
			s = next + strlen(frame);	/* blanks between words are nothing */
			CHECK(s[1] == '?');
			close = strstr(s + 2, "?=");
			CHECK(close != NULL && close + 2 <= end && close + 2 - next <= ION_MAIL_ENCODED_WORD_MAX);
			decode_word(out, s[0], s + 2, close);
			s = close + 2;
			after_word = true;
			continue;
		}
		appendStringInfoCharMacro(out, *s++);
		after_word = false;
	}
}

/* Is it one field of that name, in lines a server takes? */
static void
check_field(const char *field, size_t len, const char *name, bool eight_bit)
{
	const char *line = field;
	size_t		name_len = strlen(name);

	CHECK(len >= name_len + 4 && memcmp(field, name, name_len) == 0 && memcmp(field + name_len, ": ", 2) == 0);
	CHECK(memcmp(field + len - 2, "\r\n", 2) == 0);
	CHECK(ion_text_is_utf8(field, len) && (eight_bit || ion_text_is_ascii(field, len)));
	while (line < field + len)
	{
		const char *end = memchr(line, '\r', field + len - line);

		CHECK(end != NULL && end[1] == '\n');
		CHECK(end - line <= LINE_MAX_OCTETS);
		CHECK(!ion_text_has_control(line, end - line));
		/* a fold goes on with a blank, and never leaves a line of blanks */
		CHECK(line == field || (line[0] == ' ' && strspn(line, " ") < (size_t) (end - line)));
		line = end + 2;
	}
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	uint8		kind;
	char	   *name;
	char	   *value;
	char	   *address;
	const char *error = NULL;
	StringInfoData out;
	StringInfoData decoded;
	bool		done;

	if (size == 0)
		return 0;
	kind = data[0];
	data++;
	size--;
	name = kind & 4 ? next_string(&data, &size) : pstrdup("Subject");
	value = next_string(&data, &size);
	address = next_string(&data, &size);

	initStringInfo(&out);
	appendStringInfoString(&out, "before");
	if (kind & 2)
		done = ion_mime_header_mailbox(&out, name, value, address, kind & 1, &error);
	else
		done = (kind & 1 ? ion_mime_header_structured : ion_mime_header_text) (&out, name, value, &error);
	CHECK(memcmp(out.data, "before", 6) == 0 && out.data[out.len] == '\0' && (int) strlen(out.data) == out.len);
	if (!done)
		CHECK(error != NULL && out.len == 6);
	else
	{
		check_field(out.data + 6, out.len - 6, name, (kind & 3) == 3);
		if (!(kind & 2))
		{
			const char *start = out.data + 6 + strlen(name) + 2;
			size_t		len = strlen(value);
			size_t		skip = 0;

			CHECK(!ion_text_has_control(value, len) && ion_text_is_utf8(value, len));
			/* a structured value is not prose: blanks around it mean nothing */
			if ((kind & 1) && ion_text_is_ascii(value, len))
			{
				skip = strspn(value, " ");
				while (value[len - 1] == ' ')
					len--;
			}
			initStringInfo(&decoded);
			if ((kind & 1) && ion_text_is_ascii(value, len))
			{
				for (const char *p = start; p < out.data + out.len - 2; p++)
				{
					if (*p != '\r' && *p != '\n')
						appendStringInfoCharMacro(&decoded, *p);
				}
			}
			else
				decode_value(&decoded, start, out.data + out.len - 2);
			CHECK((size_t) decoded.len == len - skip && memcmp(decoded.data, value + skip, len - skip) == 0);
		}
	}
	arena_reset();
	return 0;
}
