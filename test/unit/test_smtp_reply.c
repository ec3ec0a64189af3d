/* units: src/net/smtp_reply.c */
/*
 * test_smtp_reply.c
 *	  Reply lines, good and bad, split at every byte.
 */
#include "base/pure.h"

#include "net/smtp_reply.h"
#include "tap.h"

/*
 * Feed input cut into pieces of at most piece bytes, the first one of first
 * bytes, and write down what came: "code/lines/enhanced:text" per reply, then
 * "..." when a reply is unfinished or "!error".
 */
static void
transcribe(StringInfo out, const char *input, size_t length, size_t first, size_t piece)
{
	static IonSmtpReply reply;
	size_t		at = 0;

	resetStringInfo(out);
	ion_smtp_reply_init(&reply);
	while (at < length)
	{
		size_t		take = Min(at < first ? first - at : piece, length - at);
		char	   *copy = palloc(take);	/* exact, for the sanitizer */
		const char *p = copy;
		size_t		left = take;
		IonSmtpFeed feed;

		memcpy(copy, input + at, take);
		at += take;
		while ((feed = ion_smtp_reply_feed(&reply, &p, &left)) != ION_SMTP_FEED_MORE)
		{
			if (feed == ION_SMTP_FEED_ERROR)
			{
				appendStringInfo(out, "!%s", reply.error);
				pfree(copy);
				return;
			}
			if (feed == ION_SMTP_FEED_REPLY)
				appendStringInfo(out, "%d/%d/%d.%d.%d:%s;", reply.code, reply.lines,
								 reply.enhanced.klass, reply.enhanced.subject,
								 reply.enhanced.detail, reply.text);
		}
		pfree(copy);
	}
	if (!reply.whole || reply.held > 0)
		appendStringInfoString(out, "...");
}

static void
check_bytes(const char *input, size_t length, const char *want, const char *name)
{
	StringInfoData out;
	int			wrong = 0;

	initStringInfo(&out);
	transcribe(&out, input, length, 0, length);
	is_str(out.data, want, name);
	for (size_t first = 1; first < length; first++)
	{
		transcribe(&out, input, length, first, length);
		wrong += strcmp(out.data, want) != 0;
	}
	transcribe(&out, input, length, 0, 1);
	wrong += strcmp(out.data, want) != 0;
	ok(wrong == 0, "%s: the same however it is split", name);
	pfree(out.data);
}

static void
check(const char *input, const char *want, const char *name)
{
	check_bytes(input, strlen(input), want, name);
}

static void
test_good(void)
{
	check("250 ok\r\n", "250/1/0.0.0:ok;", "one line");
	check("250\r\n", "250/1/0.0.0:;", "a bare code");
	check("250 \r\n", "250/1/0.0.0:;", "code and space");
	check("250 ok\n", "250/1/0.0.0:ok;", "LF alone ends a line");
	check("250-a\r\n250-b\r\n250 c\r\n", "250/3/0.0.0:a b c;", "three lines");
	check("250-\r\n250-b\r\n250\r\n", "250/3/0.0.0:b;", "empty lines inside");
	check("250 a\r\n550 b\r\n", "250/1/0.0.0:a;550/1/0.0.0:b;", "two replies");
	check("550 5.1.1 no\r\n", "550/1/5.1.1:5.1.1 no;", "enhanced code");
	check("550 5.1.1\r\n", "550/1/5.1.1:5.1.1;", "enhanced code alone");
	check("550-5.1.1 no\r\n550-5.1.1 such\r\n550 5.1.1 user\r\n",
		  "550/3/5.1.1:5.1.1 no such user;", "repeated enhanced code is left out");
	check("550-5.1.1 no\r\n550 5.1.2 host\r\n", "550/2/5.1.1:5.1.1 no 5.1.2 host;",
		  "another enhanced code is kept");
	check("354 5.1.1 go\r\n", "354/1/0.0.0:5.1.1 go;", "enhanced code of another class is text");
	check("550 5.1234.1 no\r\n", "550/1/0.0.0:5.1234.1 no;", "four digits are no enhanced code");
	check("550 5.7.1x no\r\n", "550/1/0.0.0:5.7.1x no;", "letters are no enhanced code");
	check("550 5.255.999 no\r\n", "550/1/5.255.999:5.255.999 no;", "three digits are");
	check("120 wait\r\n599 x\r\n", "120/1/0.0.0:wait;599/1/0.0.0:x;", "extreme codes");
	check("250 a\rb\r\n", "250/1/0.0.0:a\rb;", "a CR inside is text");
}

static void
test_unfinished(void)
{
	check("250 o", "...", "half a line");
	check("250-a\r\n", "...", "more lines announced");
	check("250 a\r\n25", "250/1/0.0.0:a;...", "half the next line");
}

static void
test_bad(void)
{
	check("hello\r\n", "!reply does not begin with a code", "no code");
	check("\r\n", "!reply does not begin with a code", "empty line");
	check("25\r\n", "!reply does not begin with a code", "two digits");
	check("2500 ok\r\n", "!reply does not begin with a code", "four digits");
	check("250_ok\r\n", "!reply does not begin with a code", "bad separator");
	check("050 ok\r\n", "!reply does not begin with a code", "code 050");
	check("650 ok\r\n", "!reply does not begin with a code", "code 650");
	check("HTTP/1.1 200 OK\r\n", "!reply does not begin with a code", "another protocol");
	check("250-a\r\n251 b\r\n", "!reply changes its code between lines", "codes differ");
	check("250 a\r\n250-a\r\nb\r\n", "250/1/0.0.0:a;!reply does not begin with a code",
		  "garbage in a later reply");
	check_bytes("250 a\0b\r\n", 9, "!reply holds a zero byte", "zero byte");
	check_bytes("\0\0\0\r\n", 5, "!reply holds a zero byte", "zero bytes for a code");
}

static void
test_limits(void)
{
	StringInfoData in;

	/* A line of exactly the limit, then one byte more. */
	initStringInfo(&in);
	appendStringInfoString(&in, "250 ");
	for (int i = 0; i < ION_SMTP_REPLY_LINE_MAX - 6; i++)
		appendStringInfoChar(&in, i % 50 == 49 ? ' ' : 'x');
	appendStringInfoString(&in, "\r\n");
	{
		StringInfoData out;

		initStringInfo(&out);
		transcribe(&out, in.data, in.len, 0, in.len);
		ok(strncmp(out.data, "250/1/0.0.0:xxx", 15) == 0, "the longest line is read");
		ok(out.len < ION_SMTP_REPLY_TEXT_MAX + 20, "its text is cut");
		ok(strlen(strrchr(out.data, ' ')) == 51, "between words");
		pfree(out.data);
	}
	in.data[3] = '-';
	appendStringInfoString(&in, "250 tail\r\n");
	{
		StringInfoData out;

		initStringInfo(&out);
		transcribe(&out, in.data, in.len, 0, in.len);
		ok(strncmp(out.data, "250/2/0.0.0:xxx", 15) == 0 && strstr(out.data, "tail") == NULL,
		   "nothing is kept behind a cut");
		pfree(out.data);
	}
	in.len -= strlen("250 tail\r\n");
	in.data[3] = ' ';
	in.data[in.len] = '\0';
	in.data[in.len - 2] = 'x';
	in.data[in.len - 1] = '\r';
	appendStringInfoChar(&in, '\n');
	check(in.data, "!reply line is too long", "one byte too long");
	in.data[in.len - 1] = 'x';
	check(in.data, "!reply line is too long", "too long without an end");

	resetStringInfo(&in);
	for (int i = 0; i < ION_SMTP_REPLY_LINES_MAX; i++)
		appendStringInfoString(&in, "250-\r\n");
	appendStringInfoString(&in, "250 end\r\n");
	check(in.data, "250/129/0.0.0:end;", "the most lines a reply may have");
	in.data[in.len - 6] = '-';
	check(in.data, "!reply has too many lines", "one line too many");
	pfree(in.data);
}

int
main(void)
{
	test_good();
	test_unfinished();
	test_bad();
	test_limits();
	return done_testing();
}
