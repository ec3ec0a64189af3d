/* units: src/render/text_check.c */
#include "base/pure.h"

#include "render/text_check.h"
#include "tap.h"

/* A literal with its length, zero bytes included. */
#define LIT(s)	(s), sizeof(s) - 1

static void
test_utf8(void)
{
	ok(ion_text_is_utf8(LIT("")), "empty text is UTF-8");
	ok(ion_text_is_utf8(LIT("plain ASCII, longer than one word")), "ASCII is UTF-8");
	ok(ion_text_is_utf8(LIT("citt\xc3\xa0 \xe2\x82\xac \xf0\x9f\x98\x80")), "two, three and four bytes");
	ok(ion_text_is_utf8(LIT("a\0b")), "a zero byte is well-formed");
	ok(ion_text_is_utf8(LIT("\xed\x9f\xbf\xee\x80\x80")), "the neighbours of the surrogates");
	ok(ion_text_is_utf8(LIT("\xf4\x8f\xbf\xbf")), "U+10FFFF");
	ok(!ion_text_is_utf8(LIT("\xf4\x90\x80\x80")), "past U+10FFFF");
	ok(!ion_text_is_utf8(LIT("\xed\xa0\x80")), "a surrogate");
	ok(!ion_text_is_utf8(LIT("\xc0\x80")), "overlong zero");
	ok(!ion_text_is_utf8(LIT("\xc1\xbf")), "overlong, two bytes");
	ok(!ion_text_is_utf8(LIT("\xe0\x9f\xbf")), "overlong, three bytes");
	ok(!ion_text_is_utf8(LIT("\xf0\x8f\xbf\xbf")), "overlong, four bytes");
	ok(!ion_text_is_utf8(LIT("\x80")), "a lone continuation byte");
	ok(!ion_text_is_utf8(LIT("\xff")), "a byte UTF-8 never uses");
	ok(!ion_text_is_utf8(LIT("\xf5\x80\x80\x80")), "a lead byte UTF-8 never uses");
	ok(!ion_text_is_utf8(LIT("perch\xe8")), "Latin-1");
	ok(!ion_text_is_utf8(LIT("0123456\xc3")), "cut inside a character, after a word");
	ok(!ion_text_is_utf8(LIT("\xf0\x9f\x98")), "cut in a four-byte character");
	ok(!ion_text_is_utf8(LIT("\xe2\x28\xa1")), "a second byte that is no continuation");
	ok(!ion_text_is_utf8(LIT("\xe2\x82\x28")), "a third byte that is no continuation");
}

/* Each position of the damage, against the eight-byte steps. */
static void
test_positions(void)
{
	bool		found_bad = true;
	bool		found_control = true;
	bool		found_ascii = true;

	for (int at = 0; at < 24; at++)
	{
		char		text[24];

		memset(text, 'x', sizeof(text));
		text[at] = '\xe8';
		found_bad &= !ion_text_is_utf8(text, sizeof(text));
		found_ascii &= !ion_text_is_ascii(text, sizeof(text)) &&
			ion_text_is_ascii(text, at);
		text[at] = '\r';
		found_control &= ion_text_has_control(text, sizeof(text)) &&
			!ion_text_has_control(text, at);
	}
	ok(found_bad, "an ill byte is found at every position");
	ok(found_ascii, "a byte outside ASCII is found at every position");
	ok(found_control, "a control character is found at every position");
}

static void
test_every_code_point(void)
{
	int			wrong = 0;
	int			controls = 0;

	for (unsigned int c = 0; c <= 0x10ffff; c++)
	{
		char		s[4];
		int			n;

		if (c < 0x80)
			s[0] = c, n = 1;
		else if (c < 0x800)
			s[0] = 0xc0 | c >> 6, s[1] = 0x80 | (c & 63), n = 2;
		else if (c < 0x10000)
			s[0] = 0xe0 | c >> 12, s[1] = 0x80 | (c >> 6 & 63),
				s[2] = 0x80 | (c & 63), n = 3;
		else
			s[0] = 0xf0 | c >> 18, s[1] = 0x80 | (c >> 12 & 63),
				s[2] = 0x80 | (c >> 6 & 63), s[3] = 0x80 | (c & 63), n = 4;
		if (c >= 0xd800 && c <= 0xdfff)
			wrong += ion_text_char_bytes(s, n) != 0;
		else
			wrong += ion_text_char_bytes(s, n) != n ||
				ion_text_char_bytes(s, n - 1) != 0;
		if (ion_text_has_control(s, n))
			controls++;
	}
	is_int(wrong, 0, "every code point has its length, no surrogate has one");
	is_int(controls, 32 + 1 + 32 + 2, "C0, DEL, C1 and two separators are the controls");
}

static void
test_control(void)
{
	ok(!ion_text_has_control(LIT("")), "empty text has no control");
	ok(!ion_text_has_control(LIT("citt\xc3\xa0 \xe2\x82\xac \xf0\x9f\x98\x80 ~")), "ordinary text has no control");
	ok(ion_text_has_control(LIT("a\tb")), "tab");
	ok(ion_text_has_control(LIT("a\0b")), "zero byte, found by length");
	ok(ion_text_has_control(LIT("a\x7f")), "DEL");
	ok(ion_text_has_control(LIT("\xc2\x85")), "NEL");
	ok(!ion_text_has_control(LIT("\xc2\xa0")), "no-break space is no control");
	ok(ion_text_has_control(LIT("x\xe2\x80\xa8y")), "line separator");
	ok(ion_text_has_control(LIT("x\xe2\x80\xa9")), "paragraph separator at the end");
	ok(!ion_text_has_control(LIT("\xe2\x80\xa7\xe2\x80\xaa")), "its neighbours are none");
	ok(!ion_text_has_control(LIT("\xe2\x80")), "a cut character is not read past its end");
}

static void
test_count(void)
{
	is_int(ion_text_char_count(LIT("")), 0, "no characters");
	is_int(ion_text_char_count(LIT("citt\xc3\xa0")), 5, "five characters in six bytes");
	is_int(ion_text_char_count(LIT("\xf0\x9f\x98\x80\xe2\x82\xac")), 2, "emoji and euro");
	is_int(ion_text_char_count(LIT("a\0b")), 3, "a zero byte is a character");
}

int
main(void)
{
	test_utf8();
	test_positions();
	test_every_code_point();
	test_control();
	test_count();
	return done_testing();
}
