/*-------------------------------------------------------------------------
 *
 * text_check.c
 *	  Questions about a run of bytes that claims to be UTF-8 text.
 *
 * Every value that reaches a header, an envelope or a log line passes here
 * first.  Lengths are explicit, so a zero byte is only one more control
 * character.  Nothing is allocated and nothing can fail.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/text_check.h"

/* The high bit of each of eight bytes. */
#define ION_HIGH_BITS	UINT64CONST(0x8080808080808080)

static size_t ascii_prefix(const char *s, size_t len);

/*
 * Bytes (1 to 4) of the well-formed UTF-8 character at s, at most len of them;
 * 0 when there is none: truncated, overlong, a surrogate, past U+10FFFF
 * (RFC 3629 section 4).
 */
int
ion_text_char_bytes(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *) s;
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	int			n;

	if (len == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;

	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (len < (size_t) n)
		return 0;

	/* Only the second byte's range depends on the first byte. */
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (int i = 2; i < n; i++)
	{
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/*
 * Whether all len bytes are well-formed UTF-8 (RFC 3629).  A zero byte is
 * well-formed: ion_text_has_control() is what refuses it.
 */
bool
ion_text_is_utf8(const char *s, size_t len)
{
	size_t		i = 0;

	while (i < len)
	{
		int			n;

		i += ascii_prefix(s + i, len - i);
		if (i == len)
			break;
		n = ion_text_char_bytes(s + i, len - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

/* Whether all len bytes are below 0x80. */
bool
ion_text_is_ascii(const char *s, size_t len)
{
	return ascii_prefix(s, len) == len;
}

/*
 * Whether the text holds a C0 control (tab and line ends included), DEL, a C1
 * control (U+0080 to U+009F) or one of the separators U+2028 and U+2029.
 */
bool
ion_text_has_control(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *) s;

	for (size_t i = 0; i < len; i++)
	{
		if (p[i] < 0x20 || p[i] == 0x7f)
			return true;
		if (p[i] == 0xc2 && i + 1 < len && p[i + 1] >= 0x80 && p[i + 1] <= 0x9f)
			return true;
		if (p[i] == 0xe2 && i + 2 < len && p[i + 1] == 0x80 &&
			(p[i + 2] == 0xa8 || p[i + 2] == 0xa9))
			return true;
	}
	return false;
}

/*
 * Characters (code points) in well-formed UTF-8; of other bytes, those that
 * are not continuation bytes.
 */
int
ion_text_char_count(const char *s, size_t len)
{
	int			count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char) s[i] & 0xc0) != 0x80;
	return count;
}

/* How many of the first bytes are ASCII: eight at a time while they all are. */
static size_t
ascii_prefix(const char *s, size_t len)
{
	size_t		i = 0;

	while (i + sizeof(uint64) <= len)
	{
		uint64		word;

		memcpy(&word, s + i, sizeof(word));
		if (word & ION_HIGH_BITS)
			break;
		i += sizeof(word);
	}
	while (i < len && (unsigned char) s[i] < 0x80)
		i++;
	return i;
}
