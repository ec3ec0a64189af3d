/* units: src/net/smtp_dialogue.c src/net/smtp_machine.c src/net/smtp_reply.c src/net/smtp_verdict.c src/net/smtp_capability.c src/net/smtp_envelope.c src/net/dot_stuff.c src/base/outcome.c */
/*
 * fuzz_smtp.c
 *	  A hostile SMTP server, libFuzzer being its author.
 *
 * Byte 0 chooses what the mails are like, byte 1 how many bytes are written
 * at a time, byte 2 how much of the rest is fed at a time.  The rest is what
 * the server says; when it is used up the connection closes.  What must hold
 * whatever it says is checked by must().
 */
#include "base/pure.h"

#include "net/smtp_dialogue.h"

#define MAILS_MAX	8

typedef struct Watch
{
	IonSmtp    *smtp;
	unsigned	given;			/* mails taken by the machine */
	unsigned	results;
	char		last;			/* last byte written */
	unsigned	line;			/* bytes of the line being written */
	bool		is_dot;			/* that line is "." so far */
	unsigned	dots;			/* lines that were "." for this mail */
} Watch;

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition) \
	do { \
		if (!(condition)) \
		{ \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort(); \
		} \
	} while (0)

/* Follow the bytes on the wire: lines are whole, and a dot ends each mail. */
static void
watch_byte(Watch *watch, char c)
{
	if (c == '\n')
	{
		must(watch->last == '\r');
		watch->dots += watch->line == 2 && watch->is_dot;
		watch->line = 0;
	}
	else
	{
		must(watch->last != '\r');
		if (watch->line == 0)
			watch->is_dot = c == '.';
		watch->line++;
	}
	watch->last = c;
}

static void
write_some(Watch *watch, size_t limit)
{
	size_t		length;
	const char *bytes = ion_smtp_output(watch->smtp, &length);

	must(length <= ION_DOT_STUFF_GROWTH(ION_SMTP_CHUNK) + 2048);
	length = Min(length, limit);
	for (size_t i = 0; i < length; i++)
		watch_byte(watch, bytes[i]);
	ion_smtp_sent(watch->smtp, length);
}

static void
take_result(Watch *watch)
{
	IonSmtpResult result;

	if (!ion_smtp_result(watch->smtp, &result))
		return;
	must(result.tag == watch->given);
	watch->results++;
	must(watch->results == watch->given);
	must(strlen(result.outcome.detail) < ION_DETAIL_MAX);
	must(strlen(result.outcome.ref) < ION_REF_MAX);
	must(strstr(result.outcome.detail, "mario@c") == NULL);

	/* Accepted needs a whole dot; unknown at least the line before it. */
	if (result.outcome.kind == ION_OUTCOME_ACCEPTED)
		must(watch->dots == 1);
	if (result.outcome.kind == ION_OUTCOME_UNKNOWN)
		must(watch->dots <= 1 && ion_smtp_phase(watch->smtp) == ION_SMTP_DEAD);
	if (result.outcome.kind == ION_OUTCOME_TRANSIENT && result.outcome.code == 0)
		must(watch->dots == 0);
	if (result.stale)
		must(watch->dots == 0 && ion_smtp_phase(watch->smtp) == ION_SMTP_DEAD);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const contents[] = {"a\n.\nb", "", "caff\303\250\r.\r", ".\r\n..\r\n"};
	static char large[3 * ION_SMTP_CHUNK];
	IonSmtpMail mail = {"a@b.test", "mario@citizens.test", false, NULL, 0, 0};
	Watch		watch = {0};
	size_t		at = 3;
	size_t		write_limit;
	size_t		feed_limit;

	if (size < 3)
		return 0;
	mail.content = contents[data[0] & 3];
	mail.content_len = strlen(mail.content);
	mail.needs_smtputf8 = (data[0] & 4) != 0;
	if (data[0] & 8)
	{
		memset(large, '\n', sizeof(large));
		mail.content = large;
		mail.content_len = sizeof(large);
	}
	write_limit = data[1] == 0 ? (size_t) -1 : data[1];
	feed_limit = data[2] == 0 ? size : data[2];

	watch.smtp = ion_smtp_create("io.example.it");
	while (ion_smtp_phase(watch.smtp) != ION_SMTP_DEAD && at < size)
	{
		size_t		piece = Min(feed_limit, size - at);
		char	   *copy;

		if (watch.given < MAILS_MAX && ion_smtp_phase(watch.smtp) == ION_SMTP_READY)
		{
			mail.tag = ++watch.given;
			watch.dots = 0;
			must(ion_smtp_send_mail(watch.smtp, &mail));
		}
		if (watch.given == MAILS_MAX && (data[0] & 16))
			ion_smtp_quit(watch.smtp);
		for (int i = 0; i < 4; i++)
			write_some(&watch, write_limit);
		copy = palloc(piece);
		memcpy(copy, data + at, piece);
		ion_smtp_input(watch.smtp, copy, piece);
		pfree(copy);
		at += piece;
		take_result(&watch);
	}
	ion_smtp_closed(watch.smtp, (data[0] & 32) != 0);
	take_result(&watch);
	must(ion_smtp_phase(watch.smtp) == ION_SMTP_DEAD);
	must(ion_smtp_waiting_for(watch.smtp) == ION_SMTP_WAIT_NOTHING);
	must(watch.results == watch.given);
	ion_smtp_free(watch.smtp);
	return 0;
}
