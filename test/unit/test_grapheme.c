/* units: src/render/grapheme.c src/render/text_check.c */
#include "base/pure.h"

#include "render/grapheme.h"
#include "tap.h"

/* Characters as a reader counts them, each in brackets. */
typedef struct Case
{
	const char *name;
	const char *text;
	const char *want;
} Case;

static const Case cases[] = {
	{"nothing", "", ""},
	{"letters", "ab c", "[a][b][ ][c]"},
	{"letters of two and three bytes", "è€", "[è][€]"},
	{"an accent after its letter", "e\xCC\x80" "a", "[e\xCC\x80][a]"},
	{"two accents", "a\xCC\xA3\xCC\x82", "[a\xCC\xA3\xCC\x82]"},
	{"an accent without a letter", "\xCC\x80" "e", "[\xCC\x80][e]"},
	{"a line end of two", "a\r\nb", "[a][\r\n][b]"},
	{"two line ends", "\n\r\n\n", "[\n][\r\n][\n]"},
	{"a flag", "🇮🇹", "[🇮🇹]"},
	{"two flags", "🇮🇹🇪🇺", "[🇮🇹][🇪🇺]"},
	{"a flag and a half", "🇮🇹🇪", "[🇮🇹][🇪]"},
	{"half a flag and a letter", "🇮a", "[🇮][a]"},
	{"a flag of tags", "🏴\xF3\xA0\x81\xA7\xF3\xA0\x81\xBF!", "[🏴\xF3\xA0\x81\xA7\xF3\xA0\x81\xBF][!]"},
	{"a skin tone", "👍\xF0\x9F\x8F\xBD👍", "[👍\xF0\x9F\x8F\xBD][👍]"},
	{"a family", "👨\xE2\x80\x8D👩\xE2\x80\x8D👧!", "[👨\xE2\x80\x8D👩\xE2\x80\x8D👧][!]"},
	{"a heart with a selector, on fire", "❤\xEF\xB8\x8F\xE2\x80\x8D🔥", "[❤\xEF\xB8\x8F\xE2\x80\x8D🔥]"},
	{"a joiner before a letter", "a\xE2\x80\x8D" "b", "[a\xE2\x80\x8D][b]"},
	{"a key cap", "1\xEF\xB8\x8F\xE2\x83\xA3" "2", "[1\xEF\xB8\x8F\xE2\x83\xA3][2]"},
	{"a Cyrillic letter in two parts", "и\xCC\x86и", "[и\xCC\x86][и]"},
	{"a Hangul syllable in parts", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB\xE1\x84\x92", "[\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB][\xE1\x84\x92]"},
	{"a Hangul syllable and a final", "하\xE1\x86\xAB글", "[하\xE1\x86\xAB][글]"},
	{"a space of no width is alone", "a\xE2\x80\x8B" "b", "[a][\xE2\x80\x8B][b]"},
	{"a mark of direction too", "a\xE2\x80\x8E\xCC\x80", "[a][\xE2\x80\x8E\xCC\x80]"},
};

static void
test_cases(void)
{
	for (size_t i = 0; i < lengthof(cases); i++)
	{
		const char *text = cases[i].text;
		size_t		len = strlen(text);
		StringInfoData got;

		initStringInfo(&got);
		for (size_t at = 0, n; at < len; at += n)
		{
			n = ion_grapheme_bytes(text + at, len - at);
			appendStringInfo(&got, "[%.*s]", (int) n, text + at);
		}
		is_str(got.data, cases[i].want, cases[i].name);
		pfree(got.data);
	}
	is_int(ion_grapheme_bytes("a", 0), 0, "of no bytes, none");
	is_int(ion_grapheme_bytes("e\xCC\x80", 1), 1, "what lies past the end is not looked at");
}

/* A character with a hundred thousand marks is one, found in one pass. */
static void
test_long(void)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, 'e');
	for (int i = 0; i < 100000; i++)
		appendStringInfoString(&text, "\xCC\x81");
	appendStringInfoChar(&text, 'e');
	is_int(ion_grapheme_bytes(text.data, text.len), 200001, "any number of marks");
	pfree(text.data);
}

static void
test_invisible(void)
{
	int			count = 0;

	for (pg_wchar c = 0; c <= 0x10FFFF; c++)
		count += ion_grapheme_invisible(c);
	is_int(count, 3 + 5 + 5 + 16 + 1, "how many are invisible");
	ok(ion_grapheme_invisible(0x200B) && ion_grapheme_invisible(0xFEFF) && ion_grapheme_invisible(0xAD), "zero-width space, byte order mark, soft hyphen");
	ok(!ion_grapheme_invisible(' ') && !ion_grapheme_invisible(0xA0) && !ion_grapheme_invisible(0x2028), "no space, no line end");
}

int
main(void)
{
	test_cases();
	test_long();
	test_invisible();
	return done_testing();
}
