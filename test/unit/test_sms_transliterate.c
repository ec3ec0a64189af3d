/* units: src/render/sms_transliterate.c src/render/sms_text.c src/render/grapheme.c src/render/text_check.c */
#include "sms_alphabet.h"

#include "render/sms_text.h"
#include "tap.h"

/* The caller frees it. */
static char *
transliterated(const char *text, size_t len)
{
	StringInfoData out;

	initStringInfo(&out);
	ion_sms_transliterate(&out, text, len);
	return out.data;
}

static bool
becomes(const char *text, const char *want)
{
	char	   *got = transliterated(text, strlen(text));
	char	   *again = transliterated(got, strlen(got));
	bool		same = strcmp(got, want) == 0 && strcmp(again, want) == 0;

	if (!same)
		printf("# got: %s\n# again: %s\n# want: %s\n", got, again, want);
	pfree(got);
	pfree(again);
	return same;
}

/* All of the alphabet stays, one by one and whole. */
static void
test_alphabet(void)
{
	ok(becomes(GSM_BASIC, GSM_BASIC), "the basic table stays");
	ok(becomes(GSM_EXTENSION, GSM_EXTENSION), "the extension table stays");
	ok(becomes("Città è già là: perché? Più €", "Città è già là: perché? Più €"), "Italian stays");
}

/* A text and what becomes of it. */
typedef struct Pair
{
	const char *name;
	const char *from;
	const char *to;
} Pair;

/* Characters separated by spaces, both in the same order. */
static const Pair lists[] = {
	{"accents the alphabet has not", "À È Ì Ò Ù Á á â ã ç ê ë Í í î ï Ó ó ô õ Ú ú û Ý ý ÿ",
	"A E I O U A a a a c e e I i i i O o o o U u u Y y y"},
	{"central Europe", "Ą ą Ć ć Č č Ď ď Ę ę Ě ě Ğ ğ Ģ Ī İ Ķ Ľ ľ Ń ń Ň ň Ő ő Ř ř Ś ś Š š Ş ş Ș ș Ť ť Ț ț Ů ů Ű ű Ź ź Ž ž Ż ż",
	"A a C c C c D d E e E e G g G I I K L l N n N n O o R r S s S s S s S s T t T t U u U u Z z Z z Z z"},
	{"letters without a decomposition", "ð Ð þ Þ đ Đ ħ Ħ ı ĸ ł Ł ŋ Ŋ œ Œ ŧ Ŧ ẞ ſ", "d D th Th d D h H i k l L n N oe OE t T SS s"},
	{"letters of Africa and Azerbaijan", "Ɓ Ɔ Ɖ Ɗ Ə Ɛ Ƒ ƒ Ɨ Ƙ ƙ Ɲ Ƴ ƴ ɓ ɔ ɖ ɗ ə ɛ ɨ ɲ", "B O D D E E F f I K k N Y y b o d d e e i n"},
	{"the accent of two that the alphabet has", "ǟ ǖ ǘ ǻ ȫ ȭ ṻ ộ ợ ờ ằ ậ ḕ", "ä ü ü å ö o ü o o ò à a è"},
	{"quotation marks", "‘ ’ ‚ ‛ “ ” „ ‟ « » ‹ › ′ ″ ‵ ‶ ` ´ ʹ ʺ ʻ ʼ ʽ ˈ ˝ ¨",
	"' ' ' ' \" \" \" \" \" \" ' ' ' \" ' \" ' ' ' \" ' ' ' ' \" \""},
	{"dashes and bullets", "‐ ‑ ‒ – — ― − ¯ ‾ • ‣ ⁃ ▪ ◦", "- - - - - - - - - - - - - -"},
	{"other punctuation", "… ‥ ․ ‧ · ∙ ⋅ ‼ ⁇ ¸ ˆ ˜ ¦ ⁄ ∕ ∖ ∗ ∣ ∶ ∼", "... .. . . . . . !! ?? , ^ ~ | / / \\ * | : ~"},
	{"signs", "¢ © ® ℗ ™ ° º ª µ × ÷ ₤ № ℃ ← → ↔ ⇒ ≈ ≠ ≤ ≥", "c (c) (R) (P) TM o o a u x : £ No oC <- -> <-> => ~ != <= >="},
	{"ligatures and wide letters", "ﬁ ﬂ ﬃ ĳ ǆ Ａｂ１２ ， ？ Ⅷ ℡ 𝐀 𝟗 🄰", "fi fl ffi ij dz Ab12 , ? VIII TEL A 9 A"},
	{"figures", "m² m³ H₂O C₁₂H₂₂O₁₁ ½ ¼ ⅔ ① ⑳ ⒈", "m2 m3 H2O C12H22O11 1/2 1/4 2/3 1 20 1."},
	{"the Greek that is in the alphabet", "Ω ϴ", "Ω Θ"},
};

static const Pair cases[] = {
	{"nothing", "", ""},
	{"a sentence", "L’ufficio “Anagrafe” – orario 9–13…", "L'ufficio \"Anagrafe\" - orario 9-13..."},
	{"accents typed after their letters", "citta\xCC\x80 perche\xCC\x81 piu\xCC\x80 u\xCC\x88 n\xCC\x83 C\xCC\xA7", "città perché più ü ñ Ç"},
	{"accents typed after letters that have none there", "s\xCC\x8C" "a\xCC\x84 x\xCC\x81", "sa x"},
	{"more accents than one", "a\xCC\xA3\xCC\x80 u\xCC\x88\xCC\x84", "à ü"},
	{"an accent alone", "\xCC\x81" "a", "a"},
	{"spaces of all widths", "a\xC2\xA0" "b\xE2\x80\x83" "c\xE2\x80\xAF" "d\xE3\x80\x80" "e\xE1\x9A\x80" "f\xE2\x81\x9F" "g\xE2\x80\x87" "h", "a b c d e f g h"},
	{"what is invisible", "a\xC2\xAD" "b\xE2\x80\x8B" "c\xE2\x80\x8C" "d\xE2\x80\x8D" "e\xE2\x80\x8E" "f\xE2\x80\xAA" "g\xE2\x81\xA0" "h\xEF\xBB\xBF" "i\xE2\x81\xA6\xE2\x81\xA9", "abcdefghi"},
	{"separators of lines", "a\xE2\x80\xA8" "b\xE2\x80\xA9" "c", "a\nb\nc"},
	{"a selector after a sign", "©\xEF\xB8\x8F ↔\xEF\xB8\x8F", "(c) <->"},
	{"a key cap", "1\xEF\xB8\x8F\xE2\x83\xA3", "1"},
	{"a power is not a longer number", "10² 10⁶ 2ⁿ 10⁻³ 10¹²", "10^2 10^6 2^n 10^-3 10^12"},
	{"an exponent with a sign, after a letter", "m⁻¹ s⁻²", "m^-1 s^-2"},
	{"nor is a fraction", "2½ kg, 1¾ h, ½", "2 1/2 kg, 1 3/4 h, 1/2"},
	{"nor a figure in a circle", "5① ①② 3⒈", "5 1 1 2 3 1."},
	{"nor an index", "10₂", "10 2"},
	{"wide figures are figures", "1２3", "123"},

	{"an emoji stays", "ciao 😀", "ciao 😀"},
	{"what is near is replaced all the same", "“ciao” 😀", "\"ciao\" 😀"},
	{"a family stays whole", "👨\xE2\x80\x8D👩\xE2\x80\x8D👧", "👨\xE2\x80\x8D👩\xE2\x80\x8D👧"},
	{"a heart keeps its selector", "❤\xEF\xB8\x8F", "❤\xEF\xB8\x8F"},
	{"a flag of tags", "🏴\xF3\xA0\x81\xA7\xF3\xA0\x81\xBF", "🏴\xF3\xA0\x81\xA7\xF3\xA0\x81\xBF"},
	{"Cyrillic keeps its breve", "мой моИ\xCC\x86", "мой моИ\xCC\x86"},
	{"Greek with accents stays", "ά Ώρα", "ά Ωρα"},
	{"Arabic stays, ligatures too", "ﷺ سلام", "ﷺ سلام"},
	{"Hangul stays", "한글", "한글"},
	{"Chinese stays", "你好。", "你好。"},
	{"what strikes through stays", "=\xCC\xB8 a\xCC\xB6 P\xE2\x83\xA0 ≮", "=\xCC\xB8 a\xCC\xB6 P\xE2\x83\xA0 ≮"},
	{"an accent that stands alone stays", "˘ ˛ ͺ", "˘ ˛ ͺ"},
	{"unlike signs stay", "‰ ¬ ¶ † ∞ √ ✓", "‰ ¬ ¶ † ∞ √ ✓"},
	{"the replacement character stays", "\xEF\xBF\xBD", "\xEF\xBF\xBD"},
	{"controls are none of its business", "a\tb\x01", "a\tb\x01"},
};

static void
test_lists(void)
{
	for (size_t i = 0; i < lengthof(lists); i++)
		ok(becomes(lists[i].from, lists[i].to), "%s", lists[i].name);
	for (size_t i = 0; i < lengthof(cases); i++)
		ok(becomes(cases[i].from, cases[i].to), "%s", cases[i].name);
}

/*
 * Each code point behind a digit and alone: replaced by the alphabet whole or
 * not at all, and the same when done again.
 */
static void
test_every_code_point(void)
{
	int			wrong = 0;
	int			replaced = 0;

	for (pg_wchar c = 1; c <= 0x10FFFF; c++)
	{
		char		text[8] = "7";
		char	   *got;
		char	   *again;
		IonSmsSize	size;

		if (c >= 0xD800 && c <= 0xDFFF)
			continue;
		unicode_to_utf8(c, (unsigned char *) text + 1);
		for (int behind = c < 0x20000; behind >= 0; behind--)
		{
			char	   *one = text + 1 - behind;

			text[1 + ion_text_char_bytes(text + 1, 4)] = '\0';
			got = transliterated(one, strlen(one));
			again = transliterated(got, strlen(got));
			wrong += strcmp(got, again) != 0;
			wrong += !ion_sms_measure(got, strlen(got), &size);
			if (strcmp(got, one) != 0)
			{
				replaced++;
				wrong += size.encoding != ION_SMS_GSM7;
				wrong += strlen(got) > 3 * strlen(one) + 6;
			}
			pfree(got);
			pfree(again);
		}
	}
	is_int(wrong, 0, "every code point: by the alphabet, or not at all, and once for all");
	ok(replaced > 2 * 2000, "every code point: thousands are replaced (%d)", replaced / 2);
}

static void
test_not_utf8(void)
{
	/* C3 and A9 would be a letter without what lies between */
	ok(becomes("\xC3\xE2\x80\x8B\xA9 “", "\xC3\xE2\x80\x8B\xA9 “"), "text that is not UTF-8 stays");
	ok(becomes("”\xC3", "”\xC3"), "text that ends too soon stays");
}

static void
test_random(void)
{
	static const char *const pool[] = {
		"a", "7", "à", "²", "½", "①", "“", "œ", "и", "😀", "🇮", "🇹", "하", "\xE1\x86\xAB", "\r", "\n",
		"\xCC\x80", "\xCC\x81", "\xCC\xB8", "\xE2\x80\x8D", "\xE2\x80\x8B", "\xEF\xB8\x8F", "\xE2\x83\xA3", "❤", "©", "⁻"
	};
	uint32		state = 20110707;
	StringInfoData text;
	int			wrong = 0;

	initStringInfo(&text);
	for (int i = 0; i < 100000; i++)
	{
		char	   *got;
		char	   *again;

		resetStringInfo(&text);
		for (int n = next_number(&state) % 12; n >= 0; n--)
			appendStringInfoString(&text, pool[next_number(&state) % lengthof(pool)]);
		got = transliterated(text.data, text.len);
		again = transliterated(got, strlen(got));
		wrong += strcmp(got, again) != 0 || !ion_text_is_utf8(got, strlen(got));
		pfree(got);
		pfree(again);
	}
	is_int(wrong, 0, "random texts: twice is once");
	pfree(text.data);
}

int
main(void)
{
	test_alphabet();
	test_lists();
	test_every_code_point();
	test_not_utf8();
	test_random();
	return done_testing();
}
