/* units: src/render/sms_text.c src/render/text_check.c */
#include "sms_alphabet.h"

#include "render/sms_text.h"
#include "tap.h"

/* Whether s[0..len) has this size. */
static bool
has_size(const char *s, size_t len, const char *encoding, int units, int segments)
{
	IonSmsSize	size;
	bool		measured = ion_sms_measure(s, len, &size);
	bool		same = measured && strcmp(ion_sms_encoding_name(size.encoding), encoding) == 0 &&
		size.units == units && size.segments == segments;

	if (!same)
		printf("# got: %s %s, %d units, %d segments\n", measured ? "measured" : "refused",
			   ion_sms_encoding_name(size.encoding), size.units, size.segments);
	return same;
}

/* Every character of a table costs so many septets, alone and in company. */
static void
test_table(const char *table, int characters, int septets, const char *name)
{
	int			wrong = 0;
	int			count = 0;

	for (size_t at = 0, n; table[at] != '\0'; at += n)
	{
		char		text[16];

		n = ion_text_char_bytes(table + at, 4);
		wrong += !has_size(table + at, n, "gsm7", septets, 1);
		snprintf(text, sizeof(text), "a%.*sb", (int) n, table + at);
		wrong += !has_size(text, n + 2, "gsm7", septets + 2, 1);
		count++;
	}
	ok(count == characters, "%s: all characters are tried", name);
	ok(wrong == 0, "%s: septets of each: %d", name, septets);
}

/* And no other character of Unicode has any. */
static void
test_every_code_point(void)
{
	int			wrong = 0;
	int			found = 0;

	for (pg_wchar c = 1; c <= 0x10FFFF; c++)
	{
		unsigned char s[4];
		IonSmsSize	size;
		int			n;

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		unicode_to_utf8(c, s);
		n = ion_text_char_bytes((char *) s, 4);
		wrong += !ion_sms_measure((char *) s, n, &size);
		wrong += ion_sms_septets(c) != (c < 0x3000 ? slow_septets((char *) s, n) : 0);
		if (size.encoding == ION_SMS_GSM7)
			found++;
		else
			wrong += size.units != (c > 0xFFFF ? 2 : 1) || size.segments != 1;
	}
	is_int(found, 127 + 10, "every code point: those of the two tables and no other are GSM");
	is_int(wrong, 0, "every code point: its septets or its UTF-16 units");
}

#define A22		"aaaaaaaaaaaaaaaaaaaaaa"
#define A66		A22 A22 A22
#define A152	A66 A66 "aaaaaaaaaaaaaaaaaaaa"

/* head once, then so many times body, then tail. */
typedef struct Case
{
	const char *name;
	const char *head;
	int			times;
	const char *body;
	const char *tail;
	const char *encoding;
	int			units;
	int			segments;
} Case;

static const Case cases[] = {
	{"nothing", "", 0, "", "", "gsm7", 0, 0},
	{"one letter", "a", 0, "", "", "gsm7", 1, 1},
	{"a line", "", 0, "", "Gentile Città, perché?", "gsm7", 22, 1},
	{"a line end of two", "a\r\nb", 0, "", "", "gsm7", 4, 1},
	{"a tab is not in the alphabet", "a\tb", 0, "", "", "ucs2", 3, 1},
	{"nor the escape", "\x1b", 0, "", "", "ucs2", 1, 1},
	{"nor a small c with cedilla", "ç", 0, "", "", "ucs2", 1, 1},
	{"an accent typed after its letter", "e\xCC\x80", 0, "", "", "ucs2", 2, 1},

	{"160 septets", "", 160, "a", "", "gsm7", 160, 1},
	{"161", "", 161, "a", "", "gsm7", 161, 2},
	{"2 x 153", "", 306, "a", "", "gsm7", 306, 2},
	{"2 x 153 + 1", "", 307, "a", "", "gsm7", 307, 3},
	{"10 x 153", "", 1530, "à", "", "gsm7", 1530, 10},
	{"10 x 153 + 1", "", 1531, "à", "", "gsm7", 1531, 11},
	{"255 x 153", "", 255 * 153, "a", "", "gsm7", 255 * 153, 255},
	{"80 euros", "", 80, "€", "", "gsm7", 160, 1},
	{"the last septets of a single one are an extension", "", 158, "a", "€", "gsm7", 160, 1},
	{"an extension more", "", 159, "a", "€", "gsm7", 161, 2},
	{"an extension ends at a border", "", 151, "a", "€" A152 "a", "gsm7", 306, 2},
	{"an extension would lie on it", "", 152, "a", "€" A152, "gsm7", 306, 3},
	{"euros waste the odd septet", "", 153, "€", "", "gsm7", 306, 3},
	{"76 in each", "", 152, "€", "", "gsm7", 304, 2},

	{"70 units", "", 70, "и", "", "ucs2", 70, 1},
	{"71", "", 71, "и", "", "ucs2", 71, 2},
	{"2 x 67", "", 134, "и", "", "ucs2", 134, 2},
	{"2 x 67 + 1", "", 135, "и", "", "ucs2", 135, 3},
	{"one character decides: at the end", "", 160, "a", "и", "ucs2", 161, 3},
	{"one character decides: at the beginning", "и", 160, "a", "", "ucs2", 161, 3},
	{"an extension is one unit of UCS-2", "и", 69, "€", "", "ucs2", 70, 1},
	{"35 surrogate pairs", "", 35, "😀", "", "ucs2", 70, 1},
	{"36", "", 36, "😀", "", "ucs2", 72, 2},
	{"a pair ends at a border", "", 65, "и", "😀" A66 "a", "ucs2", 134, 2},
	{"a pair would lie on it", "", 66, "и", "😀" A66, "ucs2", 134, 3},
	{"pairs waste the odd unit", "", 67, "😀", "", "ucs2", 134, 3},
	{"33 in each", "", 66, "😀", "", "ucs2", 132, 2},
	{"255 x 67", "", 255 * 67, "и", "", "ucs2", 255 * 67, 255},
	{"a family is eleven units", "👨\xE2\x80\x8D👩\xE2\x80\x8D👧\xE2\x80\x8D👦", 0, "", "", "ucs2", 11, 1},
	{"a flag is four", "🇮🇹", 0, "", "", "ucs2", 4, 1},
};

static void
test_cases(void)
{
	for (size_t i = 0; i < lengthof(cases); i++)
	{
		const Case *c = &cases[i];
		StringInfoData text;

		initStringInfo(&text);
		appendStringInfoString(&text, c->head);
		put_times(&text, c->times, c->body);
		appendStringInfoString(&text, c->tail);
		ok(has_size(text.data, text.len, c->encoding, c->units, c->segments), "%s", c->name);
		pfree(text.data);
	}
}

/* What is filled up to a border and then by an extension or a pair, for every
 * place of it around two borders. */
static void
test_borders(void)
{
	StringInfoData text;
	int			wrong = 0;

	initStringInfo(&text);
	for (int before = 140; before < 320; before++)
	{
		int			units;
		int			segments;

		resetStringInfo(&text);
		put_times(&text, before, "a");
		put_times(&text, 20, "{");
		slow_measure(text.data, text.len, &units, &segments);
		wrong += !has_size(text.data, text.len, "gsm7", units, segments);

		resetStringInfo(&text);
		put_times(&text, before - 90, "ж");
		put_times(&text, 20, "😀");
		slow_measure(text.data, text.len, &units, &segments);
		wrong += !has_size(text.data, text.len, "ucs2", units, segments);
	}
	is_int(wrong, 0, "no extension and no pair lies in two segments");
	pfree(text.data);
}

static void
test_too_long(void)
{
	static const struct
	{
		const char *name;
		int			times;
		const char *body;
		const char *tail;
	}			longer[] =
	{
		{"a septet more than 255 segments", 255 * 153, "a", "a"},
		{"a unit more", 255 * 67, "и", "и"},
		{"a pair more", 255 * 33, "😀", "😀"},
		{"GSM until the last character", 255 * 153, "a", "и"},
		{"a megabyte", 1000000, "a", "и"},
	};
	IonSmsSize	size;

	for (size_t i = 0; i < lengthof(longer); i++)
	{
		StringInfoData text;

		initStringInfo(&text);
		put_times(&text, longer[i].times, longer[i].body);
		appendStringInfoString(&text, longer[i].tail);
		ok(!ion_sms_measure(text.data, text.len, &size), "%s is refused", longer[i].name);
		is_int(size.segments, ION_SMS_SEGMENTS_MAX + 1, "  for its length");
		pfree(text.data);
	}
}

static void
test_not_utf8(void)
{
	static const char *const ill[] = {
		"\xFF", "a\x80", "\xC3", "abc\xE2\x82", "\xF0\x9F\x98", "\xED\xA0\x80",
		"\xC0\x80", "\xF4\x90\x80\x80", "perch\xE8 no"
	};

	for (size_t i = 0; i < lengthof(ill); i++)
	{
		/* exactly as long as it is, so that the sanitizer sees the end */
		size_t		len = strlen(ill[i]);
		char	   *exact = memcpy(palloc(len), ill[i], len);
		IonSmsSize	size = {ION_SMS_UCS2, 7, 7};

		ok(!ion_sms_measure(exact, len, &size) && size.units == 0 && size.segments == 0, "not UTF-8: case %zu", i);
		pfree(exact);
	}
}

static void
test_random(void)
{
	static const char *const pool[] = {
		"a", "Z", "à", "€", "[", "\n", "\f", "Ω", " ", "|", "и", "😀", "`", "\xCC\x81", "\xE2\x80\x8D"
	};
	uint32		state = 20110707;
	StringInfoData text;
	int			wrong = 0;
	int			gsm = 0;
	int			rounds = 20000;

	initStringInfo(&text);
	for (int i = 0; i < rounds; i++)
	{
		/* every other text of the alphabet alone; lengths around the borders */
		int			kinds = i % 2 ? 10 : lengthof(pool);
		int			characters = next_number(&state) % (i % 10 ? 200 : 2000);
		int			units;
		int			segments;
		bool		is_gsm;

		resetStringInfo(&text);
		while (characters-- > 0)
			appendStringInfoString(&text, pool[next_number(&state) % kinds]);
		is_gsm = slow_measure(text.data, text.len, &units, &segments);
		gsm += is_gsm;
		wrong += !has_size(text.data, text.len, is_gsm ? "gsm7" : "ucs2", units, segments);
	}
	is_int(wrong, 0, "random texts: as counted the slow way");
	ok(gsm >= rounds / 2 && gsm < rounds * 6 / 10, "random texts: of both encodings");
	pfree(text.data);
}

int
main(void)
{
	test_table(GSM_BASIC, 127, 1, "basic table");
	test_table(GSM_EXTENSION, 10, 2, "extension table");
	test_every_code_point();
	test_cases();
	test_borders();
	test_too_long();
	test_not_utf8();
	test_random();
	return done_testing();
}
