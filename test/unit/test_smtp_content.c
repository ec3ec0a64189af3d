/* units: src/net/smtp_dialogue.c src/net/smtp_machine.c src/net/smtp_reply.c src/net/smtp_verdict.c src/net/smtp_capability.c src/net/smtp_envelope.c src/net/dot_stuff.c src/base/outcome.c */
/*
 * test_smtp_content.c
 *	  The boundary between "not accepted" and "unknown", long contents, and
 *	  one connection for many mails.
 */
#include "base/pure.h"

#include "net/smtp_dialogue.h"
#include "tap.h"

#define PIPELINING	"250-mx\r\n250-PIPELINING\r\n250 SIZE\r\n"
#define PLAIN		"250 mx\r\n"
#define GO			"250 ok\r\n250 ok\r\n354 go\r\n"

static void
say(IonSmtp *smtp, const char *bytes)
{
	ion_smtp_input(smtp, bytes, strlen(bytes));
}

/* Write all there is, and keep it. */
static void
drain(IonSmtp *smtp, StringInfo wire, size_t *largest)
{
	for (;;)
	{
		size_t		length;
		const char *bytes = ion_smtp_output(smtp, &length);

		if (length == 0)
			return;
		if (largest != NULL)
			*largest = Max(*largest, length);
		appendBinaryStringInfo(wire, bytes, length);
		ion_smtp_sent(smtp, length);
	}
}

/* A machine that is about to write the content of mail. */
static IonSmtp *
at_content(const IonSmtpMail *mail, StringInfo wire)
{
	IonSmtp    *smtp = ion_smtp_create("io.example.it");

	ion_smtp_send_mail(smtp, mail);
	drain(smtp, wire, NULL);
	say(smtp, PIPELINING);
	drain(smtp, wire, NULL);
	say(smtp, GO);
	resetStringInfo(wire);
	return smtp;
}

/* Close, or hang, after each possible number of written bytes. */
static void
test_boundary(const char *content, int safe, const char *name)
{
	IonSmtpMail mail = {"a@b.test", "c@d.test", false, content, strlen(content), 7};
	StringInfoData wire;
	int			wrong = 0;
	int			total;

	initStringInfo(&wire);
	{
		IonSmtp    *smtp = at_content(&mail, &wire);

		drain(smtp, &wire, NULL);
		total = wire.len;
		ion_smtp_free(smtp);
	}
	for (int n = 0; n <= total; n++)
	{
		for (int way = 0; way < 3; way++)
		{
			IonSmtp    *smtp = at_content(&mail, &wire);
			IonSmtpResult result;
			IonOutcomeKind want = n > safe ? ION_OUTCOME_UNKNOWN :
				way == 2 ? ION_OUTCOME_PROVIDER_FAULT : ION_OUTCOME_TRANSIENT;

			ion_smtp_sent(smtp, n);
			wrong += ion_smtp_waiting_for(smtp) !=
				(n < total ? ION_SMTP_WAIT_CONTENT : ION_SMTP_WAIT_DOT);
			if (way == 2)
				say(smtp, "nonsense\r\n");
			else
				ion_smtp_closed(smtp, way == 1);
			wrong += !ion_smtp_result(smtp, &result) ||
				result.outcome.kind != want || result.tag != 7 ||
				ion_smtp_phase(smtp) != ION_SMTP_DEAD;
			ion_smtp_free(smtp);
		}
	}
	ok(wrong == 0 && total > safe, "%s: %d bytes are safe to cut, %d in all", name, safe, total);
	pfree(wire.data);
}

/* A content of many pieces: whole on the wire, never whole in memory. */
static void
test_long(size_t length, char fill, const char *name)
{
	char	   *content = palloc(length);
	IonSmtpMail mail = {"a@b.test", "c@d.test", false, content, length, 1};
	IonSmtpResult result;
	IonSmtp    *smtp;
	StringInfoData wire;
	StringInfoData want;
	IonDotStuff stuff;
	size_t		largest = 0;

	for (size_t i = 0; i < length; i++)
		content[i] = (i % 61 == 60) ? '\n' : (i % 61 == 0) ? '.' : fill;
	initStringInfo(&wire);
	initStringInfo(&want);
	ion_dot_stuff_init(&stuff);
	ion_dot_stuff_add(&stuff, &want, content, length);
	ion_dot_stuff_end_line(&stuff, &want);
	appendStringInfoString(&want, ".\r\n");

	smtp = at_content(&mail, &wire);
	drain(smtp, &wire, &largest);
	ok(wire.len == want.len && memcmp(wire.data, want.data, want.len) == 0,
	   "%s: %zu bytes arrive as %d", name, length, want.len);
	ok(largest <= ION_DOT_STUFF_GROWTH(ION_SMTP_CHUNK) + 5, "%s: at most %zu in memory",
	   name, largest);
	say(smtp, "250 2.0.0 Ok: queued as LONG\r\n");
	ok(ion_smtp_result(smtp, &result) && strcmp(result.outcome.ref, "LONG") == 0,
	   "%s: accepted", name);
	ion_smtp_free(smtp);
	pfree(wire.data);
	pfree(want.data);
	pfree(content);
}

/* One reply too early between two pieces, and a cut there. */
static void
test_between_pieces(void)
{
	size_t		length = 3 * ION_SMTP_CHUNK;
	char	   *content = palloc(length);
	IonSmtpMail mail = {"a@b.test", "c@d.test", false, content, length, 1};
	StringInfoData wire;
	IonSmtpResult result;
	IonSmtp    *smtp;

	memset(content, '\n', length);
	initStringInfo(&wire);
	for (int way = 0; way < 2; way++)
	{
		size_t		ready;

		smtp = at_content(&mail, &wire);
		ion_smtp_output(smtp, &ready);
		ion_smtp_sent(smtp, ready);
		is_int(ion_smtp_waiting_for(smtp), ION_SMTP_WAIT_CONTENT, "content between pieces");
		if (way == 0)
			ion_smtp_closed(smtp, false);
		else
			say(smtp, "451 4.3.1 no room\r\n");
		ok(ion_smtp_result(smtp, &result) && result.outcome.kind == ION_OUTCOME_TRANSIENT &&
		   result.outcome.code == (way == 0 ? 0 : 451), "cut or refused there is transient");
		ion_smtp_free(smtp);
	}
	pfree(wire.data);
	pfree(content);
}

/* A hundred mails on one connection, each third recipient refused. */
static void
test_reuse(bool pipelining)
{
	IonSmtp    *smtp = ion_smtp_create("io.example.it");
	IonSmtpMail mail = {"a@b.test", "c@d.test", false, "x\n", 2, 0};
	StringInfoData wire;
	int			accepted = 0;
	int			refused = 0;
	int			wrong = 0;

	initStringInfo(&wire);
	drain(smtp, &wire, NULL);
	say(smtp, pipelining ? PIPELINING : PLAIN);
	resetStringInfo(&wire);
	for (int i = 0; i < 100; i++)
	{
		IonSmtpResult result;
		bool		refuse = i % 3 == 1;
		bool		reset = i > 0 && (i - 1) % 3 == 1;

		mail.tag = i;
		wrong += !ion_smtp_send_mail(smtp, &mail);
		/* The server answers each command once it is there. */
		if (!pipelining)
		{
			for (int n = reset ? 0 : 1; n < 3; n++)
			{
				drain(smtp, &wire, NULL);
				say(smtp, n == 2 && refuse ? "550 no\r\n" : "250 ok\r\n");
			}
			drain(smtp, &wire, NULL);
			if (!refuse)
				say(smtp, "354 go\r\n");
		}
		else
		{
			drain(smtp, &wire, NULL);
			if (reset)
				say(smtp, "250 ok\r\n");
			say(smtp, refuse ? "250 ok\r\n550 no\r\n554 no\r\n" : GO);
		}
		drain(smtp, &wire, NULL);
		if (!refuse)
			say(smtp, "250 2.0.0 Ok: queued as Q\r\n");
		wrong += !ion_smtp_result(smtp, &result) || result.tag != (uint64) i;
		accepted += result.outcome.kind == ION_OUTCOME_ACCEPTED;
		refused += result.outcome.kind == ION_OUTCOME_PERMANENT;
		wrong += ion_smtp_phase(smtp) != ION_SMTP_READY;
	}
	is_int(wrong, 0, "a hundred mails, one result each");
	is_int(accepted, 67, "accepted");
	is_int(refused, 33, "refused");
	{
		int			resets = 0;
		int			dots = 0;
		char	   *p = wire.data;

		for (p = wire.data; (p = strstr(p, "RSET\r\n")) != NULL; p++)
			resets++;
		for (p = wire.data; (p = strstr(p, "\r\nx\r\n.\r\n")) != NULL; p++)
			dots++;
		is_int(resets, 33, "one RSET after each refusal");
		is_int(dots, 67, "one content for each mail accepted");
	}
	ion_smtp_free(smtp);
	pfree(wire.data);
}

static void
test_limits(void)
{
	IonSmtpMail mail = {"a@b.test", "c@d.test", false, "x", 1, 1};
	StringInfoData in;

	initStringInfo(&in);
	for (int way = 0; way < 3; way++)
	{
		IonSmtp    *smtp = ion_smtp_create("[192.0.2.1]");
		StringInfoData wire;
		IonSmtpResult result;

		initStringInfo(&wire);
		ion_smtp_send_mail(smtp, &mail);
		drain(smtp, &wire, NULL);
		resetStringInfo(&in);
		for (int i = 0; i < (way == 0 ? 2100 : 0); i++)
			appendStringInfoString(&in, "2");
		for (int i = 0; i < (way == 1 ? 130 : 0); i++)
			appendStringInfoString(&in, "250-PIPELINING\r\n");
		if (way == 2)
			appendBinaryStringInfo(&in, "250 a\0b\r\n", 9);
		ion_smtp_input(smtp, in.data, in.len);
		ok(ion_smtp_result(smtp, &result) &&
		   result.outcome.kind == ION_OUTCOME_PROVIDER_FAULT &&
		   strstr(result.outcome.detail, way == 0 ? "too long" :
				  way == 1 ? "too many lines" : "zero byte") != NULL &&
		   ion_smtp_phase(smtp) == ION_SMTP_DEAD, "flood %d: %s", way, result.outcome.detail);
		ion_smtp_free(smtp);
		pfree(wire.data);
	}
	pfree(in.data);
}

static void
test_getters(void)
{
	IonSmtp    *smtp = ion_smtp_create("io.example.it");
	StringInfoData wire;

	initStringInfo(&wire);
	drain(smtp, &wire, NULL);
	is_str(wire.data, "EHLO io.example.it\r\n", "EHLO comes first");
	say(smtp, "250-mx\r\n250-SIZE 5000\r\n250-8BITMIME\r\n");
	ok(!ion_smtp_has(smtp, ION_SMTP_EXT_8BITMIME), "nothing is offered before the reply is whole");
	is_int(ion_smtp_size_limit(smtp), 0, "nor limited");
	say(smtp, "250 pipelining\r\n");
	ok(ion_smtp_has(smtp, ION_SMTP_EXT_8BITMIME), "8BITMIME is");
	ok(ion_smtp_has(smtp, ION_SMTP_EXT_PIPELINING), "PIPELINING is");
	ok(!ion_smtp_has(smtp, ION_SMTP_EXT_SMTPUTF8), "SMTPUTF8 is not");
	is_int(ion_smtp_size_limit(smtp), 5000, "SIZE is");
	ion_smtp_free(smtp);
	ok(ion_smtp_create("a\r\nRSET") == NULL, "a name with CRLF is refused");
	ok(ion_smtp_create("") == NULL, "an empty name is refused");
	ion_smtp_free(NULL);
	pfree(wire.data);
}

int
main(void)
{
	test_boundary("a\r\nbc\r\n", 5, "content ending in CRLF");
	test_boundary("a\nbc", 5, "content without a last line end");
	test_boundary("\n", 0, "an empty line");
	test_boundary("", 0, "no content");
	test_boundary(".\n\n", 4, "dot and empty line");
	test_long(200 * 1000, 'x', "long lines");
	test_long(ION_SMTP_CHUNK, 'x', "one piece");
	test_long(ION_SMTP_CHUNK + 1, '\r', "line ends");
	test_long(100 * 1000, '\n', "more line ends");
	test_between_pieces();
	test_reuse(true);
	test_reuse(false);
	test_limits();
	test_getters();
	return done_testing();
}
