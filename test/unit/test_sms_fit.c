/* units: src/render/sms_fit.c src/render/sms_transliterate.c src/render/sms_text.c src/render/grapheme.c src/render/text_check.c */
#include "sms_alphabet.h"

#include "render/sms_text.h"
#include "tap.h"

#define E_ACUTE		"e\xCC\x81"
#define FAMILY		"👨\xE2\x80\x8D👩\xE2\x80\x8D👧\xE2\x80\x8D👦"	/* 11 units */

/* The text fitted; the caller frees it. */
static char *
fitted(const char *text, size_t len, int segments_max, bool transliterate, bool *cut, IonSmsSize *size)
{
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "before");
	*cut = ion_sms_fit(&out, text, len, segments_max, transliterate, size);
	if (memcmp(out.data, "before", 6) != 0 || out.data[out.len] != '\0')
		abort();
	memmove(out.data, out.data + 6, out.len - 5);
	return out.data;
}

static bool
becomes(const char *text, int segments_max, bool transliterate, const char *want, bool want_cut)
{
	IonSmsSize	size;
	IonSmsSize	measured;
	bool		cut;
	char	   *got = fitted(text, strlen(text), segments_max, transliterate, &cut, &size);
	bool		same = strcmp(got, want) == 0 && cut == want_cut &&
		ion_sms_measure(got, strlen(got), &measured) && memcmp(&size, &measured, sizeof(size)) == 0;

	if (!same)
		printf("# got: %s (%s)\n# want: %s\n", got, cut ? "cut" : "whole", want);
	pfree(got);
	return same;
}

static void
test_controls(void)
{
	ok(becomes("", 1, true, "", false), "nothing");
	ok(becomes("a\r\nb\rc\nd\xC2\x85" "e\xE2\x80\xA8" "f\xE2\x80\xA9" "g\r\n", 1, false, "a\nb\nc\nd\ne\nf\ng\n", false), "line ends become LF");
	ok(becomes("a\tb\vc\fd", 1, false, "a b c d", false), "what separates words becomes a space");
	ok(becomes("a\x01" "b\x1b" "c\x7f" "d\xC2\x80" "e\xC2\x9F" "f", 1, false, "abcdef", false), "other controls vanish");
	ok(becomes("\x1b[31mred", 1, true, "[31mred", false), "an escape sequence does nothing");
	ok(becomes("\r\r\n\n", 1, false, "\n\n\n", false), "three line ends");
	ok(becomes("a\xC2\xA0" "b", 1, false, "a\xC2\xA0" "b", false), "a no-break space is no control");
}

/* head, then so many times body, then tail; want is as long, then its tail. */
typedef struct Case
{
	const char *name;
	const char *head;
	int			times;
	const char *body;
	const char *tail;
	int			segments_max;
	bool		transliterate;
	int			want_times;
	const char *want_tail;
	bool		want_cut;
} Case;

static const Case cases[] = {
	{"160 fit into one", "", 160, "a", "", 1, false, 160, "", false},
	{"161 do not", "", 161, "a", "", 1, false, 157, "...", true},
	{"161 fit into two", "", 161, "a", "", 2, false, 161, "", false},
	{"307 do not", "", 307, "a", "", 2, false, 303, "...", true},
	{"a limit of nothing is one", "", 161, "a", "", 0, false, 157, "...", true},
	{"a limit below nothing too", "", 161, "a", "", -5, false, 157, "...", true},
	{"255 segments are full", "", 255 * 153, "a", "", 255, false, 255 * 153, "", false},
	{"no more can be asked for", "", 255 * 153 + 1, "a", "", 1000000, false, 255 * 153 - 3, "...", true},
	{"70 fit into one", "", 70, "ж", "", 1, false, 70, "", false},
	{"71 do not", "", 71, "ж", "", 1, false, 67, "...", true},
	{"135 do not fit into two", "", 135, "ж", "", 2, false, 131, "...", true},
	{"euros", "", 81, "€", "", 1, false, 78, "...", true},
	{"euros at a border: 76 and 75", "", 153, "€", "", 2, false, 151, "...", true},
	{"emoji", "", 36, "😀", "", 1, false, 33, "...", true},
	{"emoji at a border: 33 and 32", "", 67, "😀", "", 2, false, 65, "...", true},
	{"a foreign letter behind what fits costs nothing", "", 161, "a", "ж", 1, false, 157, "...", true},
	{"one within it does", "ж", 160, "a", "", 1, false, 66, "...", true},
	{"one at the very end, cut off", "", 160, "a", "ж", 1, false, 157, "...", true},

	{"the end of a word", "", 150, "a", " bcdefghijklmnopq", 1, false, 150, "...", true},
	{"the end of the line", "", 150, "a", "\nbcdefghijklmnopq", 1, false, 150, "...", true},
	{"of two words the second", "", 140, "a", " bcdef ghijklmnopqrstuvw", 1, false, 140, " bcdef...", true},
	{"a word that ends at the limit stays", "", 150, "a", " bcdefg hijk", 1, false, 150, " bcdefg...", true},
	{"no blank before the dots", "", 150, "a", "         bcdefg", 1, false, 150, "...", true},
	{"a blank 20 back", "", 137, "a", " bcdefghijklmnopqrstuvwxyz", 1, false, 137, "...", true},
	{"a blank 21 back is too far", "", 136, "a", " bcdefghijklmnopqrstuvwxyz", 1, false, 136, " bcdefghijklmnopqrstu...", true},
	{"a dash is no blank", "", 150, "a", "-bcdefghijklmnopq", 1, false, 150, "-bcdefg...", true},
	{"blanks alone", "", 200, " ", "", 1, false, 0, "...", true},

	{"a letter and its accent stay together", "", 66, "ж", E_ACUTE "жжжжжж", 1, false, 66, "...", true},
	{"they fit together", "", 65, "ж", E_ACUTE "жжжжжж", 1, false, 65, E_ACUTE "...", true},
	{"a family stays together", "", 57, "ж", FAMILY "жжжжжж", 1, false, 57, "...", true},
	{"it fits", "", 56, "ж", FAMILY "жжжжжж", 1, false, 56, FAMILY "...", true},
	{"a flag stays together", "", 64, "ж", "🇮🇹жжжжжж", 1, false, 64, "...", true},
	{"a letter with too many accents does not", "e", 100, "\xCC\x81", "", 1, false, 66, "...", true},

	{"transliterated it fits", "", 160, "ž", "", 1, true, -160, "", false},
	{"transliterated it is cut later", "", 161, "ž", "", 1, true, -157, "...", true},
	{"an emoji keeps the accents", "", 60, "ž", "😀", 1, true, 60, "😀", false},
	{"unless it is cut off", "", 75, "ž", "😀", 1, true, -75, "...", true},
	{"what is near is longer than UCS-2", "", 70, "…", "", 2, true, 70, "", false},
	{"or would be cut", "", 70, "…", "", 1, true, 70, "", false},
};

static void
test_cases(void)
{
	for (size_t i = 0; i < lengthof(cases); i++)
	{
		const Case *c = &cases[i];
		StringInfoData text;
		StringInfoData want;

		initStringInfo(&text);
		appendStringInfoString(&text, c->head);
		put_times(&text, c->times, c->body);
		appendStringInfoString(&text, c->tail);
		initStringInfo(&want);
		appendStringInfoString(&want, c->head);
		put_times(&want, abs(c->want_times), c->want_times < 0 ? "z" : c->body);
		appendStringInfoString(&want, c->want_tail);
		ok(becomes(text.data, c->segments_max, c->transliterate, want.data, c->want_cut), "%s", c->name);
		pfree(text.data);
		pfree(want.data);
	}
}

static void
test_not_utf8(void)
{
	StringInfoData out;
	IonSmsSize	size = {ION_SMS_UCS2, 7, 7};

	initStringInfo(&out);
	appendStringInfoString(&out, "before");
	ok(!ion_sms_fit(&out, "abc\xC3", 4, 1, true, &size), "not UTF-8: refused");
	is_str(out.data, "before", "  nothing is appended");
	ok(size.units == 0 && size.segments == 0, "  and costs nothing");
	pfree(out.data);
}

/*
 * What fits of a text without blanks and without marks, found by trying every
 * length.
 */
static bool
slow_fits(const char *text, size_t len, int segments_max)
{
	StringInfoData all;
	int			units;
	int			segments;

	initStringInfo(&all);
	appendBinaryStringInfo(&all, text, (int) len);
	appendStringInfoString(&all, "...");
	slow_measure(all.data, all.len, &units, &segments);
	pfree(all.data);
	return segments <= segments_max;
}

static bool
as_slowly(const char *text, size_t len, int segments_max)
{
	IonSmsSize	size;
	bool		cut;
	char	   *got = fitted(text, len, segments_max, false, &cut, &size);
	size_t		longest = 0;
	int			units;
	int			segments;
	bool		same;

	slow_measure(text, len, &units, &segments);
	for (size_t at = 0; at < len; at += ion_text_char_bytes(text + at, 4))
	{
		if (slow_fits(text, at, segments_max))
			longest = at;
	}
	if (segments <= segments_max)
		same = !cut && strcmp(got, text) == 0 && size.units == units && size.segments == segments;
	else
		same = cut && size.segments <= segments_max && strlen(got) == longest + 3 &&
			memcmp(got, text, longest) == 0 && strcmp(got + longest, "...") == 0;
	if (!same)
		printf("# of %s: %s\n", text, got);
	pfree(got);
	return same;
}

static void
test_random(void)
{
	static const char *const pool[] = {"a", "b", "à", "€", "[", "Ω", "c", "d", "e", "f", "ж", "😀"};
	uint32		state = 20110707;
	StringInfoData text;
	int			wrong = 0;

	initStringInfo(&text);
	for (int i = 0; i < 300; i++)
	{
		int			kinds = i % 3 ? 10 : lengthof(pool);
		int			segments_max = 1 + next_number(&state) % 3;
		int			characters = next_number(&state) % (160 * segments_max + 60);

		resetStringInfo(&text);
		while (characters-- > 0)
			appendStringInfoString(&text, pool[next_number(&state) % kinds]);
		wrong += !as_slowly(text.data, text.len, segments_max);
	}
	is_int(wrong, 0, "random texts: the longest beginning that fits");
	pfree(text.data);
}

/* A long text takes time in proportion: quadratic work would not end here. */
static void
test_long(void)
{
	StringInfoData text;
	IonSmsSize	size;
	bool		cut;
	char	   *got;

	initStringInfo(&text);
	put_times(&text, 2000000, "ab ");
	got = fitted(text.data, text.len, 3, true, &cut, &size);
	ok(cut && size.segments == 3 && size.units <= 459, "six megabytes are cut to three segments");
	pfree(got);
	resetStringInfo(&text);
	appendStringInfoChar(&text, 'e');
	put_times(&text, 200000, "\xCC\xB8\xCC\x81");
	got = fitted(text.data, text.len, 255, true, &cut, &size);
	ok(cut && size.segments == 255, "and so is one letter with 400,000 marks");
	pfree(got);
	pfree(text.data);
}

int
main(void)
{
	test_controls();
	test_cases();
	test_not_utf8();
	test_random();
	test_long();
	return done_testing();
}
