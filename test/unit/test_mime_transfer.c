/* units: src/render/mime_transfer.c */
#include "base/pure.h"

#include "render/mime_transfer.h"
#include "tap.h"

static void
qp_is(const char *text, const char *want, const char *name)
{
	StringInfoData out;

	initStringInfo(&out);
	ion_mime_transfer_qp(&out, text, strlen(text));
	is_str(out.data, want, name);
	pfree(out.data);
}

static void
base64_is(const char *text, const char *want, const char *name)
{
	StringInfoData out;

	initStringInfo(&out);
	ion_mime_transfer_base64(&out, text, strlen(text));
	is_str(out.data, want, name);
	pfree(out.data);
}

#define X25 "xxxxxxxxxxxxxxxxxxxxxxxxx"
#define X75 X25 X25 X25

static void
test_qp(void)
{
	qp_is("", "", "qp: empty");
	qp_is("plain", "plain", "qp: plain");
	qp_is("a=b", "a=3Db", "qp: the equals sign");
	qp_is("citt\xc3\xa0", "citt=C3=A0", "qp: upper-case hex");
	qp_is("a \nb\t\nc ", "a=20\r\nb=09\r\nc=20", "qp: white space at a line's end");
	qp_is("a  \n", "a =20\r\n", "qp: only the last blank is escaped");
	qp_is(" a\tb c", " a\tb c", "qp: other white space stays");
	qp_is("\n\n", "\r\n\r\n", "qp: empty lines");
	qp_is(" \n", "=20\r\n", "qp: a line of one space");
	qp_is("a\rb\nc\r\nd\n\re\r", "a\r\nb\r\nc\r\nd\r\n\r\ne\r\n", "qp: every line end becomes CRLF");
	qp_is("a \rb", "a=20\r\nb", "qp: a blank before a bare CR");
	qp_is("\x01\x7f\x1b", "=01=7F=1B", "qp: controls");
	qp_is("!<>~", "!<>~", "qp: the ends of the plain ranges");
	qp_is(".\n..", ".\r\n..", "qp: dots are the transport's");
	qp_is("From x\nFrom y, From z\nFrom", "=46rom x\r\n=46rom y, From z\r\nFrom", "qp: From at a line's beginning");
	qp_is(X75, X75, "qp: 75 characters");
	qp_is(X75 "y", X75 "y", "qp: 76 characters need no soft break");
	qp_is(X75 "yz", X75 "=\r\nyz", "qp: 77 characters need one");
	qp_is(X75 "y\nz", X75 "y\r\nz", "qp: 76 characters before a line end");
	qp_is(X75 " ", X75 "=\r\n=20", "qp: an escaped blank does not fit");
	qp_is(X75 " y", X75 "=\r\n y", "qp: a soft break before a blank");
	qp_is(X25 X25 "xxxxxxxxxxxxxxxxxxxxxxx\xc3\xa0", X25 X25 "xxxxxxxxxxxxxxxxxxxxxxx=\r\n=C3=A0",
		  "qp: only a line's last escape may end in column 76");
	qp_is(X25 X25 "xxxxxxxxxxxxxxxxxxxxxxx=", X25 X25 "xxxxxxxxxxxxxxxxxxxxxxx=3D", "qp: as here");
	qp_is(X25 X25 "xxxxxxxxxxxxxxxxxxxxxx\xc3\xa9z", X25 X25 "xxxxxxxxxxxxxxxxxxxxxx=C3=\r\n=A9z",
		  "qp: an escape ends at column 75");
	qp_is(X75 "From here", X75 "=\r\n=46rom here", "qp: From after a soft break");
	qp_is("\xf0\x9f\x98\x80", "=F0=9F=98=80", "qp: an emoji");
}

static void
test_base64(void)
{
	/* RFC 4648 section 10 */
	base64_is("", "", "base64: empty");
	base64_is("f", "Zg==", "base64: f");
	base64_is("fo", "Zm8=", "base64: fo");
	base64_is("foo", "Zm9v", "base64: foo");
	base64_is("foob", "Zm9vYg==", "base64: foob");
	base64_is("fooba", "Zm9vYmE=", "base64: fooba");
	base64_is("foobar", "Zm9vYmFy", "base64: foobar");
	base64_is("\n", "DQo=", "base64: LF is CRLF");
	base64_is("\r", "DQo=", "base64: CR is CRLF");
	base64_is("\r\n", "DQo=", "base64: CRLF stays");
	base64_is("\n\r", "DQoNCg==", "base64: LF CR is two line ends");
	base64_is("000000000000000000000000000000000000000000000000000000000",
			  "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAw",
			  "base64: one full line has no line end");
	base64_is("00000000000000000000000000000000000000000000000000000000\n",
			  "MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAN\r\nCg==",
			  "base64: a CRLF across two lines");
}

/* The size told beforehand is the size written, and no line is too long. */
static void
test_sizes(void)
{
	int			wrong = 0;
	int			too_long = 0;

	for (size_t len = 0; len < 400; len++)
	{
		char		text[400];
		StringInfoData b;
		StringInfoData q;
		size_t		canonical;
		int			line = 0;

		for (size_t i = 0; i < len; i++)
			text[i] = "ab c=\n\r\xc3\xa0.F"[(i * i + len) % 11];
		initStringInfo(&b);
		initStringInfo(&q);
		canonical = ion_mime_transfer_qp(&q, text, len);
		ion_mime_transfer_base64(&b, text, len);
		wrong += ion_mime_transfer_base64_size(canonical) != (size_t) b.len;
		for (int i = 0; i < q.len; i++)
		{
			line = q.data[i] == '\n' ? 0 : line + 1;
			too_long += line > 77;	/* 76 and the CR */
		}
		pfree(b.data);
		pfree(q.data);
	}
	is_int(wrong, 0, "the base64 size foretold is the size written");
	is_int(too_long, 0, "no quoted-printable line passes 76 characters");
}

int
main(void)
{
	test_qp();
	test_base64();
	test_sizes();
	return done_testing();
}
