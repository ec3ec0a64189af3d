/* units: src/render/mime_header.c src/render/mime_transfer.c src/render/mail_address.c src/render/text_check.c */
#include "base/pure.h"

#include "render/mime_header.h"
#include "tap.h"

typedef bool (*TextFunction) (StringInfo, const char *, const char *, const char **);

static void
header_is(TextFunction function, const char *value, const char *want, const char *name)
{
	StringInfoData out;
	const char *error = NULL;
	bool		done;

	initStringInfo(&out);
	done = function(&out, "Subject", value, &error);
	ok(done == (want != NULL), "%s: %s", name, want ? "written" : "refused");
	is_str(out.data, want ? want : "", name);
	ok(done || error, "%s: an error when refused", name);
	pfree(out.data);
}

#define SUBJECT(value, want, name)	header_is(ion_mime_header_text, value, want, name)
#define EXTRA(value, want, name)	header_is(ion_mime_header_structured, value, want, name)

static void
test_subject(void)
{
	SUBJECT("", "Subject: \r\n", "subject: empty");
	SUBJECT("Avviso", "Subject: Avviso\r\n", "subject: ASCII");
	SUBJECT("a  b", "Subject: a  b\r\n", "subject: two spaces");
	SUBJECT("La citt\xc3\xa0 informa", "Subject: =?UTF-8?Q?La_citt=C3=A0_informa?=\r\n", "subject: Q is shorter");
	SUBJECT("Citt\xc3\xa0", "Subject: =?UTF-8?B?Q2l0dMOg?=\r\n", "subject: B is shorter for a short word");
	SUBJECT("oggi \xc3\xa8", "Subject: =?UTF-8?Q?oggi_=C3=A8?=\r\n", "subject: Q is shorter by one");
	SUBJECT("cos\xc3\xac", "Subject: =?UTF-8?B?Y29zw6w=?=\r\n", "subject: B is shorter by one");
	SUBJECT("pi\xc3\xb9", "Subject: =?UTF-8?Q?pi=C3=B9?=\r\n", "subject: Q when both are as long");
	SUBJECT("\xe6\x97\xa5\xe6\x9c\xac", "Subject: =?UTF-8?B?5pel5pys?=\r\n", "subject: B is shorter");
	SUBJECT("\xf0\x9f\x8e\x89 Festa", "Subject: =?UTF-8?B?8J+OiSBGZXN0YQ==?=\r\n", "subject: an emoji");
	SUBJECT("Perch\xc3\xa9? S\xc3\xac_no", "Subject: =?UTF-8?B?UGVyY2jDqT8gU8OsX25v?=\r\n",
			"subject: question mark, underline and space");
	SUBJECT("a b? \xc3\xa8 _ x=y", "Subject: =?UTF-8?B?YSBiPyDDqCBfIHg9eQ==?=\r\n", "subject: escapes count");
	SUBJECT("Il Comune scrive: \xc3\xa8 ora", "Subject: =?UTF-8?Q?Il_Comune_scrive=3A_=C3=A8_ora?=\r\n",
			"subject: space is an underline in Q");
	SUBJECT(" leading", "Subject: =?UTF-8?Q?_leading?=\r\n", "subject: a leading space survives");
	SUBJECT("trailing ", "Subject: =?UTF-8?Q?trailing_?=\r\n", "subject: a trailing space survives");
	SUBJECT("=?UTF-8?Q?x?=", "Subject: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?=\r\n",
			"subject: what looks encoded is encoded");
	SUBJECT("aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee ffffffffff gggg",
			"Subject: aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee ffffffffff\r\n gggg\r\n",
			"subject: folded before column 79");
	SUBJECT("aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee ffffffffff gg",
			"Subject: aaaaaaaaaa bbbbbbbbbb cccccccccc dddddddddd eeeeeeeeee ffffffffff gg\r\n",
			"subject: 77 columns are not folded");
	SUBJECT("x\r\nBcc: a@b.it", NULL, "subject: CRLF injection");
	SUBJECT("x\nBcc: a@b.it", NULL, "subject: LF injection");
	SUBJECT("x\rBcc: a@b.it", NULL, "subject: CR injection");
	SUBJECT("x\ty", NULL, "subject: tab");
	SUBJECT("x\xc2\x85y", NULL, "subject: NEL");
	SUBJECT("x\xe2\x80\xa8y", NULL, "subject: line separator");
	SUBJECT("x\x7f", NULL, "subject: DEL");
	SUBJECT("perch\xe8", NULL, "subject: not UTF-8");
}

static void
test_extra(void)
{
	StringInfoData out;
	const char *error;
	char		big[ION_MAIL_HEADER_VALUE_MAX + 2];

	EXTRA("<https://example.it/u?x=?y>, <mailto:u@example.it>",
		  "Subject: <https://example.it/u?x=?y>, <mailto:u@example.it>\r\n", "extra: ASCII is not rewritten");
	EXTRA("  x  ", "Subject: x\r\n", "extra: outer spaces go");
	EXTRA("la citt\xc3\xa0 informa", "Subject: =?UTF-8?Q?la_citt=C3=A0_informa?=\r\n", "extra: prose is encoded");
	EXTRA("", NULL, "extra: empty");
	EXTRA("   ", NULL, "extra: blank");
	EXTRA("x\r\n y", NULL, "extra: a fold of the caller's");

	initStringInfo(&out);
	ok(!ion_mime_header_structured(&out, "X Y", "v", &error), "extra: a name with a space");
	ok(!ion_mime_header_structured(&out, "X:", "v", &error), "extra: a name with a colon");
	ok(!ion_mime_header_structured(&out, "", "v", &error), "extra: no name");
	ok(!ion_mime_header_structured(&out, "X\r\nY", "v", &error), "extra: a name with a line end");
	ok(!ion_mime_header_structured(&out, "X-\xc3\xa8", "v", &error), "extra: a name outside ASCII");
	ok(!ion_mime_header_structured(&out, "X-345678901234567890123456789012345678901", "v", &error),
	   "extra: a name of 41 octets");
	ok(ion_mime_header_structured(&out, "X-34567890123456789012345678901234567890", "v", &error),
	   "extra: a name of 40 octets");
	resetStringInfo(&out);

	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	ok(!ion_mime_header_structured(&out, "X-A", big, &error), "extra: a value with no place to fold");
	big[ION_MAIL_HEADER_WORD_MAX] = '\0';
	ok(ion_mime_header_structured(&out, "X-A", big, &error) && out.len < 998, "extra: 900 octets without one pass");
	for (size_t i = 0; i < sizeof(big) - 1; i++)
		big[i] = i % 10 ? 'x' : ' ';
	ok(!ion_mime_header_structured(&out, "X-A", big, &error), "extra: a value that is too long");
	pfree(out.data);
}

static void
mailbox_is(const char *display_name, const char *addr, bool eight_bit, const char *want, const char *name)
{
	StringInfoData out;
	const char *error = NULL;
	bool		done;

	initStringInfo(&out);
	done = ion_mime_header_mailbox(&out, "From", display_name, addr, eight_bit, &error);
	ok(done == (want != NULL), "%s: %s", name, want ? "written" : "refused");
	is_str(out.data, want ? want : "", name);
	ok(done || error, "%s: an error when refused", name);
	pfree(out.data);
}

static void
test_mailbox(void)
{
	mailbox_is(NULL, "a@b.it", false, "From: a@b.it\r\n", "from: bare");
	mailbox_is("", "a@b.it", false, "From: a@b.it\r\n", "from: empty name");
	mailbox_is("Comune di Esempio", "a@b.it", false, "From: Comune di Esempio <a@b.it>\r\n", "from: atoms");
	mailbox_is("Rossi, Mario", "a@b.it", false, "From: \"Rossi, Mario\" <a@b.it>\r\n", "from: a comma");
	mailbox_is("S.p.A.", "a@b.it", false, "From: \"S.p.A.\" <a@b.it>\r\n", "from: dots");
	mailbox_is("a \"b\" \\c", "a@b.it", false, "From: \"a \\\"b\\\" \\\\c\" <a@b.it>\r\n", "from: quotes and backslash");
	mailbox_is("<x@y.it>", "a@b.it", false, "From: \"<x@y.it>\" <a@b.it>\r\n", "from: an address as a name");
	mailbox_is("two  spaces", "a@b.it", false, "From: \"two  spaces\" <a@b.it>\r\n", "from: two spaces");
	mailbox_is("Citt\xc3\xa0 di Castello", "a@b.it", false, "From: =?UTF-8?Q?Citt=C3=A0_di_Castello?= <a@b.it>\r\n",
			   "from: an encoded-word");
	mailbox_is("\xc3\x88, \"x\" (y)", "a@b.it", false, "From: =?UTF-8?B?w4gsICJ4IiAoeSk=?= <a@b.it>\r\n",
			   "from: specials are hidden inside the word");
	mailbox_is("\xc3\x88 citt\xc3\xa0, una.due(tre)", "a@b.it", false,
			   "From: =?UTF-8?B?w4ggY2l0dMOgLCB1bmEuZHVlKHRyZSk=?= <a@b.it>\r\n", "from: Q would be longer");
	mailbox_is("=?UTF-8?Q?x?=", "a@b.it", false, "From: =?UTF-8?B?PT9VVEYtOD9RP3g/PQ==?= <a@b.it>\r\n",
			   "from: what looks encoded is encoded");
	mailbox_is("Comune", "info@citt\xc3\xa0.test", false, "From: Comune <info@xn--citt-3na.test>\r\n", "from: an IDN domain");
	mailbox_is("Comune", "nicol\xc3\xb2@b.it", true, "From: Comune <nicol\xc3\xb2@b.it>\r\n", "from: a UTF-8 local part");
	mailbox_is("Comune", "nicol\xc3\xb2@b.it", false, NULL, "from: a UTF-8 local part without SMTPUTF8");
	mailbox_is("x\r\nBcc: y@z.it", "a@b.it", false, NULL, "from: injection in the name");
	mailbox_is("x", "a@b.it>\r\nBcc: <y@z.it", false, NULL, "from: injection in the address");
	mailbox_is("x", "a@b.it, c@d.it", false, NULL, "from: two addresses");
	mailbox_is("perch\xe8", "a@b.it", false, NULL, "from: a name that is not UTF-8");
	mailbox_is("Direzione Generale per i Servizi Demografici e Anagrafici",
			   "ufficio.anagrafe@comune.example.it", false,
			   "From: Direzione Generale per i Servizi Demografici e Anagrafici\r\n <ufficio.anagrafe@comune.example.it>\r\n",
			   "from: folded before the address");
}

/*
 * Encoded-words for texts of every length of one to four-byte characters: each
 * at most 75 characters, on a line of at most 76, and cut between characters.
 */
static void
test_encoded_word_limits(void)
{
	static const char *const characters[] = {"?", "\xc3\xa0", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "a\xc3\xa0"};
	int			bad_word = 0;
	int			bad_line = 0;
	int			bad_cut = 0;

	for (size_t c = 0; c < lengthof(characters); c++)
	{
		StringInfoData value;

		initStringInfo(&value);
		appendStringInfoString(&value, "\xc3\xa8");
		for (int n = 0; n < 120; n++)
		{
			StringInfoData out;
			const char *error;
			const char *p;

			appendStringInfoString(&value, characters[c]);
			initStringInfo(&out);
			ion_mime_header_text(&out, "Subject", value.data, &error);
			for (p = out.data; (p = strstr(p, "=?UTF-8?")) != NULL;)
			{
				const char *end = strstr(p + 10, "?=");
				const char *line = p;

				while (line > out.data && line[-1] != '\n')
					line--;
				bad_word += end + 2 - p > ION_MAIL_ENCODED_WORD_MAX;
				bad_line += end + 2 - line > 76;
				if (p[8] == 'Q')
				{
					/* A word that begins inside a character begins =8x to =Bx. */
					bad_cut += p[10] == '=' && strchr("89AB", p[11]) != NULL;
				}
				else
					bad_cut += (p[10] >= 'g' && p[10] <= 'v');	/* bits 10xxxx */
				p = end + 2;
			}
			pfree(out.data);
		}
		pfree(value.data);
	}
	is_int(bad_word, 0, "no encoded-word passes 75 characters");
	is_int(bad_line, 0, "no line with an encoded-word passes 76");
	is_int(bad_cut, 0, "no encoded-word begins inside a character");
}

int
main(void)
{
	test_subject();
	test_extra();
	test_mailbox();
	test_encoded_word_limits();
	return done_testing();
}
