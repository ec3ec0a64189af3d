/*-------------------------------------------------------------------------
 *
 * json_escape.c
 *	  Text as a JSON string (RFC 8259, section 7).
 *
 * Every webhook body passes through here, so the common case (a run of bytes
 * that need nothing) is found eight bytes at a time and appended at once.
 * DEL and C1 controls are legal inside JSON strings and stay as they are.
 *
 *-------------------------------------------------------------------------
 */
#include "render/json_escape.h"

/* One byte of each lane of a 64-bit word. */
#define LANES(byte)		(UINT64CONST(0x0101010101010101) * (byte))

static size_t clean_run(const char *s, size_t len);
static bool word_is_clean(const char *s);
static bool byte_is_clean(unsigned char c);

void
ion_json_escape(StringInfo out, const char *s, size_t len)
{
	appendStringInfoChar(out, '"');
	ion_json_escape_inner(out, s, len);
	appendStringInfoChar(out, '"');
}

void
ion_json_escape_inner(StringInfo out, const char *s, size_t len)
{
	static const char hex[] = "0123456789abcdef";

	while (len > 0)
	{
		size_t		run = clean_run(s, len);
		char		unicode[6] = {'\\', 'u', '0', '0', 0, 0};

		if (run > 0)
			appendBinaryStringInfo(out, s, (int) run);
		s += run;
		len -= run;
		if (len == 0)
			break;

		switch (*s)
		{
			case '"':
				appendBinaryStringInfo(out, "\\\"", 2);
				break;
			case '\\':
				appendBinaryStringInfo(out, "\\\\", 2);
				break;
			case '\b':
				appendBinaryStringInfo(out, "\\b", 2);
				break;
			case '\f':
				appendBinaryStringInfo(out, "\\f", 2);
				break;
			case '\n':
				appendBinaryStringInfo(out, "\\n", 2);
				break;
			case '\r':
				appendBinaryStringInfo(out, "\\r", 2);
				break;
			case '\t':
				appendBinaryStringInfo(out, "\\t", 2);
				break;
			default:
				unicode[4] = hex[(unsigned char) *s >> 4];
				unicode[5] = hex[*s & 0x0F];
				appendBinaryStringInfo(out, unicode, 6);
				break;
		}
		s++;
		len--;
	}
}

/*
 * How many bytes at the start of s need no escape.
 */
static size_t
clean_run(const char *s, size_t len)
{
	size_t		n = 0;

	while (len - n >= sizeof(uint64) && word_is_clean(s + n))
		n += sizeof(uint64);
	while (n < len && byte_is_clean((unsigned char) s[n]))
		n++;
	return n;
}

/*
 * True when none of the eight bytes at s is a control, a quote or a
 * backslash.  The usual "has a byte less than / equal to" tests: they may
 * call a clean word dirty when a neighbour borrows, never the reverse, and
 * the byte loop settles such words.
 */
static bool
word_is_clean(const char *s)
{
	uint64		word;
	uint64		quote;
	uint64		slash;
	uint64		found;

	memcpy(&word, s, sizeof(word));
	quote = word ^ LANES('"');
	slash = word ^ LANES('\\');
	found = (word - LANES(0x20)) & ~word;
	found |= (quote - LANES(0x01)) & ~quote;
	found |= (slash - LANES(0x01)) & ~slash;
	return (found & LANES(0x80)) == 0;
}

static bool
byte_is_clean(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\';
}
