/*-------------------------------------------------------------------------
 *
 * sms_fit.c
 *	  A text made to fit into so many segments.
 *
 * One pass over the characters finds the longest beginning that fits together
 * with the dots that say there was more.  That it is found by stopping at the
 * first character too many rests on this: no text takes fewer segments than a
 * beginning of it, in whichever encoding each of them goes.
 *
 * The text is copied once, and once more to be transliterated; both copies
 * are given back.  Time is linear in the text.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "render/grapheme.h"
#include "render/sms_text.h"
#include "render/text_check.h"

/* What a text that was cut ends in. */
#define ELLIPSIS		"..."

/* How far back, in code points, a word's end or a character's border is
 * preferred to some more text. */
#define WORD_BACK		20
#define GRAPHEME_BACK	32

static bool is_shorter(const StringInfoData *text, int segments);
static void put_clean(StringInfo out, const char *s, size_t len);
static char clean_character(pg_wchar c);
static bool put_fitting(StringInfo out, const char *s, size_t len, int segments_max, IonSmsSize *size);
static bool fits_with_ellipsis(IonSmsCounter counter, int segments_max);
static size_t grapheme_border(const char *s, size_t len, size_t end);
static size_t word_border(const char *s, size_t end);
static bool is_blank(char c);
static size_t step_back(const char *s, size_t at, int characters);

bool
ion_sms_fit(StringInfo out, const char *text, size_t len,
			int segments_max, bool transliterate, IonSmsSize *size)
{
	int			start = out->len;
	StringInfoData clean;
	bool		cut = false;
	bool		done = false;

	memset(size, 0, sizeof(*size));
	if (!ion_text_is_utf8(text, len))
		return false;
	segments_max = Min(Max(segments_max, 1), ION_SMS_SEGMENTS_MAX);
	initStringInfo(&clean);
	put_clean(&clean, text, len);
	if (transliterate)
	{
		StringInfoData near_text;

		initStringInfo(&near_text);
		ion_sms_transliterate(&near_text, clean.data, clean.len);
		cut = put_fitting(out, near_text.data, near_text.len, segments_max, size);
		pfree(near_text.data);
		done = size->encoding == ION_SMS_GSM7 &&
			!is_shorter(&clean, cut ? segments_max + 1 : size->segments);
	}
	if (!done)
	{
		out->len = start;
		out->data[start] = '\0';
		cut = put_fitting(out, clean.data, clean.len, segments_max, size);
	}
	pfree(clean.data);
	return cut;
}

/*
 * Whether the text as it stands takes fewer segments: replacements are longer
 * than what they replace, though seldom by so much.
 */
static bool
is_shorter(const StringInfoData *text, int segments)
{
	IonSmsSize	size;

	return ion_sms_measure(text->data, text->len, &size) && size.segments < segments;
}

/* Line ends become LF, what separates words a space, other controls nothing. */
static void
put_clean(StringInfo out, const char *s, size_t len)
{
	size_t		copied = 0;
	size_t		at = 0;

	while (at < len)
	{
		int			n;
		pg_wchar	c = ion_code_point(s + at, &n);
		char		instead;

		if ((c >= ' ' && c < 0x7F) || c == '\n' || (c >= 0xA0 && c != 0x2028 && c != 0x2029))
		{
			at += n;
			continue;
		}
		appendBinaryStringInfo(out, s + copied, (int) (at - copied));
		at += n;
		copied = at;
		if (c == '\r' && at < len && s[at] == '\n')
			continue;
		instead = clean_character(c);
		if (instead != '\0')
			appendStringInfoChar(out, instead);
	}
	appendBinaryStringInfo(out, s + copied, (int) (at - copied));
}

/* What stands for a control character; '\0' for nothing. */
static char
clean_character(pg_wchar c)
{
	switch (c)
	{
		case '\t':
		case '\v':
		case '\f':
			return ' ';
		case '\r':
		case 0x0085:
		case 0x2028:
		case 0x2029:
			return '\n';
		default:
			return '\0';
	}
}

/* Appends what fits of s; returns whether there was more. */
static bool
put_fitting(StringInfo out, const char *s, size_t len, int segments_max, IonSmsSize *size)
{
	IonSmsCounter counter = {0};
	int			start = out->len;
	size_t		end = 0;		/* of what fits with the dots */
	size_t		at = 0;

	while (at < len)
	{
		int			n;

		ion_sms_count(&counter, ion_code_point(s + at, &n));
		ion_sms_counted(&counter, size);
		if (size->segments > segments_max)
			break;
		at += n;
		if (fits_with_ellipsis(counter, segments_max))
			end = at;
	}
	if (at == len)
	{
		appendBinaryStringInfo(out, s, (int) len);
		return false;
	}

	end = grapheme_border(s, len, end);
	end = word_border(s, end);
	appendBinaryStringInfo(out, s, (int) end);
	appendStringInfoString(out, ELLIPSIS);
	(void) ion_sms_measure(out->data + start, out->len - start, size);
	return true;
}

static bool
fits_with_ellipsis(IonSmsCounter counter, int segments_max)
{
	IonSmsSize	size;

	for (const char *dot = ELLIPSIS; *dot != '\0'; dot++)
		ion_sms_count(&counter, *dot);
	ion_sms_counted(&counter, &size);
	return size.segments <= segments_max;
}

/*
 * The last border of a character, as a reader sees them, up to end; end
 * itself when that would be far.
 */
static size_t
grapheme_border(const char *s, size_t len, size_t end)
{
	size_t		floor = step_back(s, end, GRAPHEME_BACK);
	size_t		border = 0;

	while (border < end)
	{
		size_t		n = ion_grapheme_bytes(s + border, len - border);

		if (border + n > end)
			break;
		border += n;
	}
	return border >= floor ? border : end;
}

/*
 * Where to cut at or before end, which is followed by more: at the end of the
 * last word that ends near, without the blanks after it.
 */
static size_t
word_border(const char *s, size_t end)
{
	size_t		floor = step_back(s, end, WORD_BACK);
	size_t		border = end;

	while (border > floor && !is_blank(s[border]))
		border--;
	if (!is_blank(s[border]))
		border = end;
	while (border > 0 && is_blank(s[border - 1]))
		border--;
	return border;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\n';
}

/* The place so many code points before at, or the beginning. */
static size_t
step_back(const char *s, size_t at, int characters)
{
	while (at > 0 && characters > 0)
	{
		at--;
		if (((unsigned char) s[at] & 0xC0) != 0x80)
			characters--;
	}
	return at;
}
