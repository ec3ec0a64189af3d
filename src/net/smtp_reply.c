/*-------------------------------------------------------------------------
 *
 * smtp_reply.c
 *	  Reading the reply lines of an SMTP server (RFC 5321 §4.2).
 *
 * Bytes arrive split anywhere; a line is collected in a buffer of fixed size
 * inside the struct, so nothing is allocated.  The grammar is kept where a
 * mistake would put us out of step with the server (three digits, the same
 * code on every line of a reply, bounded lines) and loose where servers are
 * known to differ: a line may end with LF alone, the text may be missing or
 * hold any byte but zero.  After FEED_ERROR the parser must not be fed again.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "net/smtp_reply.h"

static IonSmtpFeed take_line(IonSmtpReply *reply);
static IonSmtpFeed fail(IonSmtpReply *reply, const char *error);
static void begin_reply(IonSmtpReply *reply, int code);
static void keep_text(IonSmtpReply *reply);
static int	parse_number(const char *text, int length, int *value);
static bool is_digit(char c);

/* Prepare to read the first reply of a connection. */
void
ion_smtp_reply_init(IonSmtpReply *reply)
{
	begin_reply(reply, 0);
	reply->whole = true;
	reply->held = 0;
	reply->error = NULL;
}

/*
 * Take bytes up to the end of the next line.  *bytes and *length are moved
 * past what was taken; the caller repeats until FEED_MORE or FEED_ERROR.
 */
IonSmtpFeed
ion_smtp_reply_feed(IonSmtpReply *reply, const char **bytes, size_t *length)
{
	const char *newline;
	size_t		take;

	if (*length == 0)
		return ION_SMTP_FEED_MORE;

	newline = memchr(*bytes, '\n', *length);
	take = newline != NULL ? (size_t) (newline + 1 - *bytes) : *length;
	if (take > ION_SMTP_REPLY_LINE_MAX - reply->held)
		return fail(reply, "reply line is too long");

	memcpy(reply->hold + reply->held, *bytes, take);
	reply->held += take;
	*bytes += take;
	*length -= take;
	return newline != NULL ? take_line(reply) : ION_SMTP_FEED_MORE;
}

/* A whole line is held: check it and say what it ends. */
static IonSmtpFeed
take_line(IonSmtpReply *reply)
{
	const char *hold = reply->hold;
	size_t		length = reply->held - 1;	/* without the LF */
	int			code;
	bool		last;

	reply->held = 0;
	if (length > 0 && hold[length - 1] == '\r')
		length--;

	if (memchr(hold, '\0', length) != NULL)
		return fail(reply, "reply holds a zero byte");
	if (length < 3 || !is_digit(hold[0]) || !is_digit(hold[1]) ||
		!is_digit(hold[2]) || hold[0] < '1' || hold[0] > '5' ||
		(length > 3 && hold[3] != ' ' && hold[3] != '-'))
		return fail(reply, "reply does not begin with a code");

	code = (hold[0] - '0') * 100 + (hold[1] - '0') * 10 + (hold[2] - '0');
	last = length == 3 || hold[3] == ' ';

	if (reply->whole)
		begin_reply(reply, code);
	else if (code != reply->code)
		return fail(reply, "reply changes its code between lines");

	reply->lines++;
	if (!last && reply->lines > ION_SMTP_REPLY_LINES_MAX)
		return fail(reply, "reply has too many lines");

	reply->line = hold + Min(length, 4);
	reply->line_length = (int) (length - Min(length, 4));
	keep_text(reply);
	reply->whole = last;
	return last ? ION_SMTP_FEED_REPLY : ION_SMTP_FEED_LINE;
}

static IonSmtpFeed
fail(IonSmtpReply *reply, const char *error)
{
	reply->error = error;
	return ION_SMTP_FEED_ERROR;
}

static void
begin_reply(IonSmtpReply *reply, int code)
{
	reply->code = code;
	memset(&reply->enhanced, 0, sizeof(reply->enhanced));
	reply->line = reply->hold;
	reply->line_length = 0;
	reply->lines = 0;
	reply->text[0] = '\0';
	reply->text_length = 0;
	reply->text_full = false;
}

/*
 * Append the current line to text.  Only whole words are kept, because half
 * an address would no longer be recognised and hidden as one.
 */
static void
keep_text(IonSmtpReply *reply)
{
	const char *from = reply->line;
	int			length = reply->line_length;
	int			room;
	IonSmtpEnhanced enhanced;
	int			skip = ion_smtp_enhanced_parse(&enhanced, reply->code,
											   from, length);

	if (reply->lines == 1)
		reply->enhanced = enhanced;
	else if (skip > 0 && memcmp(&enhanced, &reply->enhanced, sizeof(enhanced)) == 0)
	{
		from += skip;
		length -= skip;
	}
	if (length == 0 || reply->text_full)
		return;

	if (reply->text_length > 0 && reply->text_length < ION_SMTP_REPLY_TEXT_MAX - 1)
		reply->text[reply->text_length++] = ' ';
	room = ION_SMTP_REPLY_TEXT_MAX - 1 - reply->text_length;
	if (length > room)
	{
		reply->text_full = true;
		for (length = room; length > 0 && from[length] != ' ';)
			length--;
	}
	memcpy(reply->text + reply->text_length, from, length);
	reply->text_length += length;
	reply->text[reply->text_length] = '\0';
}

/*
 * Read the enhanced status code text begins with (RFC 2034, RFC 3463).
 * Returns the bytes it takes with the space behind it; 0, with klass 0, when
 * there is none or its class is not that of code.
 */
int
ion_smtp_enhanced_parse(IonSmtpEnhanced *enhanced, int code,
						const char *text, int length)
{
	IonSmtpEnhanced found = {code / 100, 0, 0};
	int			at = 2;
	int			n;

	memset(enhanced, 0, sizeof(*enhanced));
	if (length < 5 || text[0] - '0' != found.klass || text[1] != '.')
		return 0;

	n = parse_number(text + at, length - at, &found.subject);
	at += n;
	if (n == 0 || at >= length || text[at] != '.')
		return 0;
	at++;
	n = parse_number(text + at, length - at, &found.detail);
	at += n;
	if (n == 0 || (at < length && text[at] != ' '))
		return 0;

	*enhanced = found;
	return at < length ? at + 1 : at;
}

/* One to three digits; returns how many, 0 when there is none or too many. */
static int
parse_number(const char *text, int length, int *value)
{
	int			n = 0;

	*value = 0;
	while (n < length && is_digit(text[n]))
	{
		if (n == 3)
			return 0;
		*value = *value * 10 + (text[n] - '0');
		n++;
	}
	return n;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}
