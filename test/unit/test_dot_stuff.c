/* units: src/net/dot_stuff.c */
/*
 * test_dot_stuff.c
 *	  No content can end a mail early, whatever its line ends are.
 */
#include "base/pure.h"

#include "net/dot_stuff.h"
#include "tap.h"

typedef struct Case
{
	const char *content;
	const char *wire;			/* up to the line with the single dot */
} Case;

static const Case cases[] = {
	{"", ""},
	{"a", "a\r\n"},
	{"a\n", "a\r\n"},
	{"a\r", "a\r\n"},
	{"a\r\n", "a\r\n"},
	{"a\r\n\r\n", "a\r\n\r\n"},
	{"a\nb\rc\r\nd", "a\r\nb\r\nc\r\nd\r\n"},
	{"\n\n", "\r\n\r\n"},
	{"\r\r", "\r\n\r\n"},
	{"\n\r", "\r\n\r\n"},
	{"\r\n\n", "\r\n\r\n"},
	{"\r\r\n", "\r\n\r\n"},
	{"\r\n\r", "\r\n\r\n"},
	{".", "..\r\n"},
	{"..", "...\r\n"},
	{".\n", "..\r\n"},
	{".a\n..b\nc.d\n", "..a\r\n...b\r\nc.d\r\n"},
	{"a.", "a.\r\n"},

	/* SMTP smuggling: each of these ends a mail for some server. */
	{"a\n.\nMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\n.\r\nMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\n.\rMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\r.\rMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\r.\r\nMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\r.\nMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\r\n.\nMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\r\n.\rMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\r\n.\r\nMAIL", "a\r\n..\r\nMAIL\r\n"},
	{"a\r\r\n.\r\nMAIL", "a\r\n\r\n..\r\nMAIL\r\n"},
	{"a\n\r.\n\rMAIL", "a\r\n\r\n..\r\n\r\nMAIL\r\n"},
	{"a\r\n.\r\r\nMAIL", "a\r\n..\r\n\r\nMAIL\r\n"},
	{"a\r\n\r.\r\n", "a\r\n\r\n..\r\n"},
	{".\r\nMAIL", "..\r\nMAIL\r\n"},
	{"\n.\n", "\r\n..\r\n"},
};

static bool
bytes_are(StringInfo got, const char *want)
{
	return got->len == (int) strlen(want) && memcmp(got->data, want, got->len) == 0;
}

/* Stuff content cut at first and second; whole when both are 0. */
static void
stuff_pieces(StringInfo out, const char *content, size_t first, size_t second)
{
	IonDotStuff stuff;

	resetStringInfo(out);
	ion_dot_stuff_init(&stuff);
	ion_dot_stuff_add(&stuff, out, content, first);
	ion_dot_stuff_add(&stuff, out, content + first, second - first);
	ion_dot_stuff_add(&stuff, out, content + second, strlen(content) - second);
	ion_dot_stuff_end_line(&stuff, out);
}

static size_t
added_dots(const char *wire)
{
	size_t		dots = wire[0] == '.';

	for (; (wire = strstr(wire, "\r\n.")) != NULL; wire++)
		dots++;
	return dots;
}

static void
test_cases(StringInfo out)
{
	for (int i = 0; i < (int) lengthof(cases); i++)
	{
		const char *content = cases[i].content;
		size_t		length = strlen(content);
		IonDotMeasure measure;
		int			wrong = 0;

		stuff_pieces(out, content, 0, 0);
		if (!ok(bytes_are(out, cases[i].wire), "case %d", i))
			printf("#  got %d bytes: %s\n", out->len, out->data);

		for (size_t a = 0; a <= length; a++)
			for (size_t b = a; b <= length; b++)
			{
				stuff_pieces(out, content, a, b);
				wrong += !bytes_are(out, cases[i].wire);
			}
		is_int(wrong, 0, "case in three pieces, cut everywhere");

		ion_dot_stuff_measure(&measure, content, length);
		is_int(measure.wire_size, strlen(cases[i].wire) - added_dots(cases[i].wire),
			   "measured without the dots added");
	}
}

/* Every content of up to 7 of the bytes that matter keeps the promise. */
static void
test_exhaustive(StringInfo out)
{
	static const char alphabet[] = {'\r', '\n', '.', 'a'};
	int			lone = 0;
	int			ended = 0;
	int			open = 0;
	int			mismeasured = 0;

	for (int length = 1; length <= 7; length++)
	{
		for (int n = 0; n < (1 << (2 * length)); n++)
		{
			char		content[8] = "";
			IonDotMeasure measure;
			size_t		dots = 0;

			for (int i = 0; i < length; i++)
				content[i] = alphabet[(n >> (2 * i)) & 3];
			stuff_pieces(out, content, 0, 0);

			for (int i = 0; i < out->len; i++)
			{
				if (out->data[i] == '\r')
					lone += out->data[i + 1] != '\n';
				else if (out->data[i] == '\n')
					lone += i == 0 || out->data[i - 1] != '\r';
			}
			ended += strncmp(out->data, ".\r\n", 3) == 0 ||
				strstr(out->data, "\r\n.\r\n") != NULL;
			open += strcmp(out->data + out->len - 2, "\r\n") != 0;
			dots = added_dots(out->data);
			ion_dot_stuff_measure(&measure, content, length);
			mismeasured += measure.wire_size != out->len - dots;
		}
	}
	is_int(lone, 0, "no CR or LF stands alone, in 21844 contents");
	is_int(ended, 0, "no content ends the mail");
	is_int(open, 0, "every content ends with CRLF");
	is_int(mismeasured, 0, "every content measured right");
}

static void
test_measure(void)
{
	IonDotMeasure measure;

	ion_dot_stuff_measure(&measure, NULL, 0);
	is_int(measure.wire_size, 0, "nothing measures 0");
	ion_dot_stuff_measure(&measure, "abc\n", 4);
	is_int(measure.eight_bit, false, "ASCII is 7-bit");
	is_int(measure.zero_byte, false, "no zero byte");
	ion_dot_stuff_measure(&measure, "ab\303\240\n", 5);
	is_int(measure.eight_bit, true, "UTF-8 is 8-bit");
	ion_dot_stuff_measure(&measure, "a\0b", 3);
	is_int(measure.zero_byte, true, "a zero byte is seen");
	is_int(measure.wire_size, 5, "and counted");
}

/* Contents made of one line end only must not take quadratic time. */
static void
test_large(StringInfo out)
{
	static const char *const fills[] = {"\n", "\r", ".", "\r\n", ".\n", "x"};
	size_t		length = 4 * 1024 * 1024;
	char	   *content = palloc(length + 1);

	for (int i = 0; i < (int) lengthof(fills); i++)
	{
		size_t		unit = strlen(fills[i]);
		IonDotMeasure measure;
		IonDotStuff stuff;

		for (size_t at = 0; at < length; at++)
			content[at] = fills[i][at % unit];
		resetStringInfo(out);
		ion_dot_stuff_init(&stuff);
		ion_dot_stuff_add(&stuff, out, content, length);
		ion_dot_stuff_end_line(&stuff, out);
		ion_dot_stuff_measure(&measure, content, length);
		ok(measure.wire_size <= (size_t) out->len &&
		   (size_t) out->len <= ION_DOT_STUFF_GROWTH(length) + 2,
		   "4 MB of one thing, case %d", i);
	}
	pfree(content);
}

int
main(void)
{
	StringInfoData out;

	initStringInfo(&out);
	test_cases(&out);
	test_exhaustive(&out);
	test_measure();
	test_large(&out);
	pfree(out.data);
	return done_testing();
}
