/*-------------------------------------------------------------------------
 *
 * grapheme.c
 *	  Where a text may be cut without tearing a character apart.
 *
 * What a reader takes for one character may be many code points: a letter
 * with its accents, a flag, a family.  The rules are those of Unicode
 * Standard Annex #29 as far as they can be had without its tables: marks
 * without width come from the server's own, the rest from the few ranges
 * below.  Spacing vowel signs of Indic scripts are not among them.
 *
 * Nothing is allocated and nothing can fail.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "render/grapheme.h"

#define ZERO_WIDTH_NON_JOINER	0x200C
#define ZERO_WIDTH_JOINER		0x200D

/* Emoji and other symbols, which alone a joiner glues together, begin here. */
#define FIRST_SYMBOL			0x2190

static bool extends(pg_wchar c, const char *s);
static bool is_regional_indicator(pg_wchar c);
static bool is_hangul(pg_wchar c);
static bool is_hangul_tail(pg_wchar c);

/*
 * Bytes of the user-perceived character at s, of at most len bytes of
 * well-formed UTF-8; 0 only when len is 0.  There is no maximum: a letter may
 * carry any number of marks.
 */
size_t
ion_grapheme_bytes(const char *s, size_t len)
{
	size_t		at = 0;
	int			first = 0;		/* bytes of the first code point */
	pg_wchar	before = 0;

	while (at < len)
	{
		int			n;
		pg_wchar	c = ion_code_point(s + at, &n);

		if (at == 0)
			first = n;
		else if (!extends(c, s + at) &&
				 !(before == '\r' && c == '\n') &&
				 !(before == ZERO_WIDTH_JOINER && c >= FIRST_SYMBOL) &&
				 !(is_hangul(before) && is_hangul_tail(c)) &&
				 !(at == (size_t) first && is_regional_indicator(before) && is_regional_indicator(c)))
			break;
		before = c;
		at += n;
	}
	return at;
}

/*
 * Whether c is a space of no width, an invisible operator or a mark of the
 * direction of writing: shows nothing and holds nothing together.
 */
bool
ion_grapheme_invisible(pg_wchar c)
{
	return c == 0x00AD || c == 0x061C || c == 0x180E || (c >= 0x200B && c <= 0x200F) ||
		(c >= 0x202A && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF;
}

/*
 * Whether c belongs to whatever stands before it: marks without width,
 * joiners, variation selectors, skin tones, tags.
 */
static bool
extends(pg_wchar c, const char *s)
{
	if (c < 0x300)
		return false;
	if (c == ZERO_WIDTH_NON_JOINER || c == ZERO_WIDTH_JOINER ||
		(c >= 0x1F3FB && c <= 0x1F3FF) || (c >= 0xE0020 && c <= 0xE007F))
		return true;
	/* since PostgreSQL 16 these have no width either, but they extend nothing */
	return !ion_grapheme_invisible(c) && pg_encoding_dsplen(PG_UTF8, s) == 0;
}

/* Two of these are a flag. */
static bool
is_regional_indicator(pg_wchar c)
{
	return c >= 0x1F1E6 && c <= 0x1F1FF;
}

/* A syllable, or a letter of one written in parts. */
static bool
is_hangul(pg_wchar c)
{
	return (c >= 0x1100 && c <= 0x11FF) || (c >= 0xA960 && c <= 0xA97C) ||
		(c >= 0xAC00 && c <= 0xD7A3) || is_hangul_tail(c);
}

/* A vowel or a final consonant, which no syllable begins with. */
static bool
is_hangul_tail(pg_wchar c)
{
	return (c >= 0x1160 && c <= 0x11FF) || (c >= 0xD7B0 && c <= 0xD7FB);
}
