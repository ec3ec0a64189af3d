/*-------------------------------------------------------------------------
 *
 * sms_transliterate.c
 *	  Characters the GSM alphabet lacks, replaced by near ones it has.
 *
 * In order: what the alphabet has stays; a short table knows punctuation and
 * the letters Unicode does not decompose; the rest is decomposed as Unicode
 * says (NFKD), and of its marks those are kept that give a letter of the
 * alphabet, so that an accent typed after its letter ends as the letter with
 * an accent.  This goes character by character as a reader sees them: a
 * family of emoji or a Cyrillic letter with a breve, which does not fit as a
 * whole, stays as a whole.
 *
 * A replacement must not say another thing.  Figures that decompose into
 * digits are kept apart from the number before them (10 to the sixth is not
 * 106), and marks that strike a sign through are never dropped.
 *
 * Doing it twice changes nothing: what was replaced is all of the alphabet,
 * whose characters stand alone, and what stayed has the same neighbours as
 * before or letters of the alphabet, and stays again.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "common/unicode_norm.h"

#include "render/grapheme.h"
#include "render/sms_text.h"
#include "render/text_check.h"

typedef struct IonNear
{
	uint16		c;
	char		text[6];		/* in the alphabet; zero-terminated */
} IonNear;

/* In the order of code points. */
static const IonNear near_texts[] = {
	{0x0060, "'"}, {0x00A2, "c"}, {0x00A6, "|"}, {0x00A8, "\""},
	{0x00A9, "(c)"}, {0x00AB, "\""}, {0x00AE, "(R)"}, {0x00AF, "-"},
	{0x00B0, "o"}, {0x00B4, "'"}, {0x00B5, "u"}, {0x00B7, "."},
	{0x00B8, ","}, {0x00BB, "\""}, {0x00D0, "D"}, {0x00D7, "x"},
	{0x00DE, "Th"}, {0x00F0, "d"}, {0x00F7, ":"}, {0x00FE, "th"},
	{0x0110, "D"}, {0x0111, "d"}, {0x0126, "H"}, {0x0127, "h"},
	{0x0131, "i"}, {0x0138, "k"}, {0x0141, "L"}, {0x0142, "l"},
	{0x014A, "N"}, {0x014B, "n"}, {0x0152, "OE"}, {0x0153, "oe"},
	{0x0166, "T"}, {0x0167, "t"}, {0x0181, "B"}, {0x0186, "O"},
	{0x0189, "D"}, {0x018A, "D"}, {0x018F, "E"}, {0x0190, "E"},
	{0x0191, "F"}, {0x0192, "f"}, {0x0197, "I"}, {0x0198, "K"},
	{0x0199, "k"}, {0x019D, "N"}, {0x01B3, "Y"}, {0x01B4, "y"},
	{0x0253, "b"}, {0x0254, "o"}, {0x0256, "d"}, {0x0257, "d"},
	{0x0259, "e"}, {0x025B, "e"}, {0x0268, "i"}, {0x0272, "n"},
	{0x02B9, "'"}, {0x02BA, "\""}, {0x02BB, "'"}, {0x02BC, "'"},
	{0x02BD, "'"}, {0x02C6, "^"}, {0x02C8, "'"}, {0x02DC, "~"},
	{0x02DD, "\""}, {0x1680, " "}, {0x1E9E, "SS"}, {0x2010, "-"},
	{0x2012, "-"}, {0x2013, "-"}, {0x2014, "-"}, {0x2015, "-"},
	{0x2018, "'"}, {0x2019, "'"}, {0x201A, "'"}, {0x201B, "'"},
	{0x201C, "\""}, {0x201D, "\""}, {0x201E, "\""}, {0x201F, "\""},
	{0x2022, "-"}, {0x2023, "-"}, {0x2027, "."}, {0x2028, "\n"},
	{0x2029, "\n"}, {0x2032, "'"}, {0x2033, "\""}, {0x2035, "'"},
	{0x2036, "\""}, {0x2039, "'"}, {0x203A, "'"}, {0x203E, "-"},
	{0x2043, "-"}, {0x2044, "/"}, {0x20A4, "\xC2\xA3"}, {0x2117, "(P)"},
	{0x2190, "<-"}, {0x2192, "->"}, {0x2194, "<->"}, {0x21D2, "=>"},
	{0x2212, "-"}, {0x2215, "/"}, {0x2216, "\\"}, {0x2217, "*"},
	{0x2219, "."}, {0x2223, "|"}, {0x2236, ":"}, {0x223C, "~"},
	{0x2248, "~"}, {0x2260, "!="}, {0x2264, "<="}, {0x2265, ">="},
	{0x22C5, "."}, {0x25AA, "-"}, {0x25E6, "-"}
};

/* What decomposes into digits that must not join the number before them. */
typedef struct IonFigures
{
	uint16		first;
	uint16		last;
	char		separator;		/* to stand after a digit */
	bool		runs;			/* several of them are one number */
} IonFigures;

static const IonFigures figures[] = {
	{0x00B2, 0x00B3, '^', true},	/* superscripts */
	{0x00B9, 0x00B9, '^', true},
	{0x00BC, 0x00BE, ' ', false},	/* fractions */
	{0x2070, 0x207F, '^', true},	/* superscripts, signs among them */
	{0x2080, 0x208E, ' ', true},	/* subscripts */
	{0x2150, 0x215F, ' ', false},	/* fractions */
	{0x2189, 0x2189, ' ', false},
	{0x2460, 0x249B, ' ', false},	/* in circles, in parentheses */
	{0x24EA, 0x24FF, ' ', false}
};

/* A character being replaced. */
typedef struct IonNearWriter
{
	StringInfo	out;
	pg_wchar	base;			/* the last letter written, or 0 */
	int			base_at;		/* its place in out */
} IonNearWriter;

static void put_separator(StringInfo out, pg_wchar before, pg_wchar c);
static const IonFigures *find_figures(pg_wchar c);
static bool put_grapheme(StringInfo out, const char *s, size_t len);
static bool put_near(IonNearWriter *w, pg_wchar c, bool whole);
static bool put_decomposed(IonNearWriter *w, pg_wchar c);
static void put_mark(IonNearWriter *w, pg_wchar mark);
static void put_character(IonNearWriter *w, pg_wchar c);
static const char *find_near(pg_wchar c);
static bool is_droppable_mark(pg_wchar c);
static void free_normalized(pg_wchar *text);

void
ion_sms_transliterate(StringInfo out, const char *text, size_t len)
{
	pg_wchar	before = 0;
	size_t		at = 0;

	if (!ion_text_is_utf8(text, len))
	{
		appendBinaryStringInfo(out, text, (int) len);
		return;
	}
	while (at < len)
	{
		size_t		n = ion_grapheme_bytes(text + at, len - at);
		pg_wchar	c = utf8_to_unicode((const unsigned char *) text + at);
		int			start = out->len;

		put_separator(out, before, c);
		if (!put_grapheme(out, text + at, n))
		{
			out->len = start;
			appendBinaryStringInfo(out, text + at, (int) n);
		}
		before = c;
		at += n;
	}
}

/*
 * What must stand between the output so far, which ends with what became of
 * before, and the replacement of c: mostly nothing.  A raised sign says
 * exponent after a letter too.
 */
static void
put_separator(StringInfo out, pg_wchar before, pg_wchar c)
{
	const IonFigures *f = find_figures(c);
	const IonFigures *last = find_figures(before);
	char		end = out->len > 0 ? out->data[out->len - 1] : '\0';

	if (f == NULL || (f->runs && last != NULL && last->separator == f->separator && last->runs))
		return;
	if ((end >= '0' && end <= '9') || (c >= 0x207A && c <= 0x207E))
		appendStringInfoChar(out, f->separator);
}

static const IonFigures *
find_figures(pg_wchar c)
{
	for (size_t i = 0; i < lengthof(figures); i++)
	{
		if (c >= figures[i].first && c <= figures[i].last)
			return &figures[i];
	}
	return NULL;
}

/* False, with some of it written, when not all of it has something near. */
static bool
put_grapheme(StringInfo out, const char *s, size_t len)
{
	IonNearWriter w = {out, 0, 0};
	size_t		at = 0;

	while (at < len)
	{
		int			n;
		pg_wchar	c = ion_code_point(s + at, &n);

		if (!put_near(&w, c, true))
			return false;
		at += n;
	}
	return true;
}

/* One code point; with whole it may be decomposed further. */
static bool
put_near(IonNearWriter *w, pg_wchar c, bool whole)
{
	const char *text;

	if (ion_sms_septets(c) > 0)
	{
		put_character(w, c);
		return true;
	}
	if (is_droppable_mark(c))
	{
		put_mark(w, c);
		return true;
	}
	text = find_near(c);
	if (text != NULL)
	{
		appendStringInfoString(w->out, text);
		w->base = 0;
		return true;
	}
	if (ion_grapheme_invisible(c))
		return true;
	return whole && put_decomposed(w, c);
}

static bool
put_decomposed(IonNearWriter *w, pg_wchar c)
{
	pg_wchar	alone[2] = {c, 0};
	pg_wchar   *parts = unicode_normalize(UNICODE_NFKD, alone);
	bool		fits;

	/* out of memory, which only a program outside the server survives */
	if (parts == NULL)
		return false;

	/* an accent that stands alone is "a space with an accent": not near */
	fits = parts[0] != c && !(parts[0] == ' ' && parts[1] != 0);
	for (int i = 0; fits && parts[i] != 0; i++)
		fits = put_near(w, parts[i], false);
	free_normalized(parts);
	return fits;
}

/* A mark makes a letter of the alphabet of the one before it, or goes. */
static void
put_mark(IonNearWriter *w, pg_wchar mark)
{
	pg_wchar	pair[3] = {w->base, mark, 0};
	pg_wchar   *composed;

	if (w->base == 0)
		return;
	composed = unicode_normalize(UNICODE_NFC, pair);
	if (composed == NULL)
		return;
	if (composed[1] == 0 && ion_sms_septets(composed[0]) > 0)
	{
		w->out->len = w->base_at;
		put_character(w, composed[0]);
	}
	free_normalized(composed);
}

static void
put_character(IonNearWriter *w, pg_wchar c)
{
	unsigned char utf8[4];

	unicode_to_utf8(c, utf8);
	w->base = c;
	w->base_at = w->out->len;
	appendBinaryStringInfo(w->out, (char *) utf8, ion_text_char_bytes((char *) utf8, 4));
}

static const char *
find_near(pg_wchar c)
{
	int			low = 0;
	int			high = lengthof(near_texts);

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (near_texts[middle].c == c)
			return near_texts[middle].text;
		if (near_texts[middle].c < c)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/*
 * Accents, variation selectors, tags and the frame of a key cap; not what
 * strikes through, encircles, or is a letter of its script.
 */
static bool
is_droppable_mark(pg_wchar c)
{
	return (c >= 0x0300 && c <= 0x036F && !(c >= 0x0334 && c <= 0x0338)) ||
		(c >= 0x1AB0 && c <= 0x1ACE && c != 0x1ABE) || (c >= 0x1DC0 && c <= 0x1DFF) ||
		c == 0x20E3 || (c >= 0xFE00 && c <= 0xFE0F) || (c >= 0xFE20 && c <= 0xFE2F) ||
		(c >= 0xE0020 && c <= 0xE007F) || (c >= 0xE0100 && c <= 0xE01EF);
}

/* unicode_normalize() allocates by malloc() outside the server. */
static void
free_normalized(pg_wchar *text)
{
#ifdef FRONTEND
	free(text);
#else
	pfree(text);
#endif
}
