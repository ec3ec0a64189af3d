/*-------------------------------------------------------------------------
 *
 * smtp_machine.c
 *	  What each reply, and the end, of an SMTP connection leads to.
 *
 * The machine begins with an EHLO of its own (RFC 5321 §4.1.4 allows another
 * one), to learn the extensions.  It speaks RFC 5321, and RFC 2920 when the
 * server offers PIPELINING: then RSET, MAIL, RCPT and DATA leave together.
 *
 * The argument.  awaited[] lists the commands whose replies are due, in
 * order, each with the position in the output stream where it ends.  Every
 * reply must fit the first of them, and that command must already have been
 * written; a reply that does not is a protocol error, because from there on
 * nobody can tell which reply answers what.  A mail has one verdict: the
 * first refusal, or the reply to the final dot.  It is over when the verdict
 * is known and nothing is awaited, or when the connection is dead.
 *
 * What is known when a connection ends is decided by one position: dot_at,
 * where CRLF.CRLF begins.  A server may not deliver before it has seen all of
 * it, so a mail cut short before is "not accepted"; once a byte of it may
 * have left, and no reply came, the outcome is unknown and says so.
 *
 * No function here fails; running out of memory is the only error.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "net/smtp_machine.h"
#include "net/smtp_verdict.h"

/* Indexed by IonSmtpStep. */
static const char *const step_names[] = {
	"EHLO", "RSET", "MAIL", "RCPT", "DATA", "final dot"
};

static void take_unexpected(IonSmtp *smtp);
static void take_refusal(IonSmtp *smtp, IonSmtpStep step);
static void take_data_reply(IonSmtp *smtp);
static void begin_mail(IonSmtp *smtp);
static bool is_held(IonSmtp *smtp);
static void give_command(IonSmtp *smtp, IonSmtpStep step);
static void await(IonSmtp *smtp, IonSmtpStep step);
static void put_dot(IonSmtp *smtp);
static void settle_refused(IonSmtp *smtp, IonSmtpStep step);
static void settle_protocol_error(IonSmtp *smtp, IonSmtpStep step,
								  const char *error);
static void finish_mail(IonSmtp *smtp);
static void die(IonSmtp *smtp);
static bool dot_may_have_left(const IonSmtp *smtp);
static uint64 output_end(const IonSmtp *smtp);

/* Begin the dialogue of a zeroed machine with an empty output buffer. */
void
ion_smtp_machine_begin(IonSmtp *smtp, const char *ehlo_name)
{
	ion_smtp_capability_init(&smtp->capability);
	ion_smtp_reply_init(&smtp->reply);
	appendStringInfoString(&smtp->out, "EHLO ");
	appendStringInfoString(&smtp->out, ehlo_name);
	appendStringInfoString(&smtp->out, "\r\n");
	await(smtp, ION_SMTP_STEP_EHLO);
}

/* Take a mail; the phase is READY. */
void
ion_smtp_machine_mail(IonSmtp *smtp, const IonSmtpMail *mail)
{
	smtp->has_mail = true;
	smtp->has_verdict = false;
	smtp->held = false;
	smtp->answered = false;
	smtp->rcpt_taken = false;
	smtp->content_open = false;
	smtp->content_at = 0;
	smtp->dot_at = ION_SMTP_NOT_YET;
	smtp->mail = *mail;
	smtp->next_step = smtp->needs_reset ? ION_SMTP_STEP_RSET : ION_SMTP_STEP_MAIL;

	if (!ion_smtp_envelope_check(mail, &smtp->verdict))
		finish_mail(smtp);
	else if (smtp->greeted)
		begin_mail(smtp);
}

/* A line of a reply has been read; it is whole when it was the last. */
void
ion_smtp_machine_reply(IonSmtp *smtp)
{
	const IonSmtpReply *reply = &smtp->reply;
	IonSmtpStep step;

	/* The first line of the reply to EHLO is the server's name. */
	if (!smtp->greeted && reply->code == 250 && reply->lines > 1)
		ion_smtp_capability_add(&smtp->capability, reply->line,
								reply->line_length);
	if (!reply->whole)
		return;

	if (smtp->awaited_count == 0 || reply->code == 421 ||
		smtp->sent < smtp->awaited[0].end)
	{
		take_unexpected(smtp);
		return;
	}

	step = smtp->awaited[0].step;
	smtp->awaited_count--;
	memmove(smtp->awaited, smtp->awaited + 1,
			sizeof(IonSmtpAwaited) * (size_t) smtp->awaited_count);
	smtp->answered = true;

	if (reply->code >= 400)
		take_refusal(smtp, step);
	else if (reply->code / 100 != (step == ION_SMTP_STEP_DATA ? 3 : 2))
		settle_protocol_error(smtp, step, "reply does not fit the command");
	else if (step == ION_SMTP_STEP_EHLO)
	{
		smtp->greeted = true;
		if (smtp->has_mail)
			begin_mail(smtp);
	}
	else if (step == ION_SMTP_STEP_RCPT)
		smtp->rcpt_taken = true;
	else if (step == ION_SMTP_STEP_DATA)
		take_data_reply(smtp);
	else if (step == ION_SMTP_STEP_DOT && !smtp->has_verdict)
	{
		ion_smtp_verdict_accepted(&smtp->verdict, reply);
		smtp->has_verdict = true;
	}
	ion_smtp_machine_advance(smtp);
}

/* What the peer sent is not SMTP: the connection is over. */
void
ion_smtp_machine_garbage(IonSmtp *smtp, const char *error)
{
	settle_protocol_error(smtp, smtp->awaited[0].step, error);
}

/* The connection ended or hangs: settle the mail by what may have left. */
void
ion_smtp_machine_lost(IonSmtp *smtp, bool timed_out)
{
	if (smtp->has_mail && !smtp->has_verdict)
	{
		IonOutcome *verdict = &smtp->verdict;
		bool		unknown = dot_may_have_left(smtp);

		ion_outcome_init(verdict, unknown ? ION_OUTCOME_UNKNOWN :
						 ION_OUTCOME_TRANSIENT, 0);
		verdict->destination_fault = true;
		ion_outcome_add_detail(verdict, timed_out ? "timed out " :
							   "connection closed ", -1);
		if (!unknown && ion_smtp_waiting_for(smtp) == ION_SMTP_WAIT_CONTENT)
			ion_outcome_add_detail(verdict, "while sending the content", -1);
		else
		{
			ion_outcome_add_detail(verdict, "before the reply to ", -1);
			ion_outcome_add_detail(verdict,
								   step_names[smtp->awaited[0].step], -1);
		}
		smtp->has_verdict = true;
		if (timed_out)
			smtp->answered = true;	/* the peer was there, and hung */
	}
	die(smtp);
}

/*
 * Do what may be done now: give commands, notice that the mail is over, say
 * goodbye.
 */
void
ion_smtp_machine_advance(IonSmtp *smtp)
{
	if (smtp->dead)
		return;

	if (smtp->has_mail && smtp->greeted)
	{
		while (!smtp->has_verdict && smtp->next_step <= ION_SMTP_STEP_DATA &&
			   (smtp->awaited_count == 0 ||
				ion_smtp_has(smtp, ION_SMTP_EXT_PIPELINING)))
		{
			if (smtp->next_step == ION_SMTP_STEP_MAIL && is_held(smtp))
				break;
			give_command(smtp, smtp->next_step);
			smtp->next_step++;
		}
		if (smtp->awaited_count == 0)
		{
			if (!smtp->held)
			{
				smtp->needs_reset = smtp->verdict.kind != ION_OUTCOME_ACCEPTED;
				smtp->used = true;
			}
			finish_mail(smtp);
		}
	}

	if (smtp->quitting && !smtp->has_mail && smtp->awaited_count == 0)
	{
		appendStringInfoString(&smtp->out, "QUIT\r\n");
		smtp->dead = true;
	}
}

/*
 * Put the next piece of content into the output, and the dot behind the last
 * one.  CRLF.CRLF begins with the CRLF of the last line, or for a mail without
 * content at the dot itself: the CRLF before it was that of DATA.
 */
void
ion_smtp_machine_content(IonSmtp *smtp)
{
	size_t		piece = Min(smtp->mail.content_len - smtp->content_at,
							ION_SMTP_CHUNK);

	if (piece > 0)
		ion_dot_stuff_add(&smtp->stuff, &smtp->out,
						  smtp->mail.content + smtp->content_at, piece);
	smtp->content_at += piece;
	if (smtp->content_at < smtp->mail.content_len)
		return;

	ion_dot_stuff_end_line(&smtp->stuff, &smtp->out);
	smtp->content_open = false;
	smtp->dot_at = output_end(smtp) - (smtp->mail.content_len > 0 ? 2 : 0);
	put_dot(smtp);
}

/*
 * 421, or a reply to no command: the connection is over.  A server may refuse
 * the content while it is still being sent; that is a verdict.
 */
static void
take_unexpected(IonSmtp *smtp)
{
	int			code = smtp->reply.code;
	IonSmtpStep step = smtp->awaited[0].step;

	if (smtp->awaited_count > 0 &&
		(code == 421 || (step == ION_SMTP_STEP_DOT && code >= 400)))
	{
		settle_refused(smtp, step);
		die(smtp);
	}
	else
		settle_protocol_error(smtp, step, "reply to a command not yet sent");
}

/*
 * 4yz or 5yz.  An EHLO or RSET refused leaves nothing to go on with, and 503
 * out of the blue means that we and the server disagree about where we are.
 * After another refusal it is only the echo of that one.
 */
static void
take_refusal(IonSmtp *smtp, IonSmtpStep step)
{
	bool		echo = smtp->has_mail && smtp->has_verdict;

	settle_refused(smtp, step);
	if (step <= ION_SMTP_STEP_RSET || (smtp->reply.code == 503 && !echo))
		die(smtp);
}

/*
 * 354: send the content.  Only in a pipelined group can the mail have been
 * refused before; then RFC 2920 §3.1 wants a lone dot, unless a recipient was
 * taken, who would get an empty mail: closing is the one safe answer.
 */
static void
take_data_reply(IonSmtp *smtp)
{
	if (smtp->has_verdict && smtp->rcpt_taken)
	{
		die(smtp);
		return;
	}

	await(smtp, ION_SMTP_STEP_DOT);
	if (smtp->has_verdict)
	{
		put_dot(smtp);
		return;
	}
	smtp->awaited[0].end = ION_SMTP_NOT_YET;
	ion_dot_stuff_init(&smtp->stuff);
	smtp->content_open = true;
	ion_smtp_machine_content(smtp);
}

/* EHLO is answered: check the mail against it and give the first commands. */
static void
begin_mail(IonSmtp *smtp)
{
	ion_dot_stuff_measure(&smtp->measure, smtp->mail.content,
						  smtp->mail.content_len);
	if (ion_smtp_content_check(&smtp->mail, &smtp->measure,
							   &smtp->capability, &smtp->verdict))
		ion_smtp_machine_advance(smtp);
	else
		finish_mail(smtp);
}

/* The last moment before the mail's first byte: may it begin at all? */
static bool
is_held(IonSmtp *smtp)
{
	if (smtp->may_begin == NULL || smtp->may_begin(smtp->may_begin_arg))
		return false;
	ion_outcome_init(&smtp->verdict, ION_OUTCOME_TRANSIENT, 0);
	smtp->held = smtp->has_verdict = true;
	return true;
}

static void
give_command(IonSmtp *smtp, IonSmtpStep step)
{
	if (step == ION_SMTP_STEP_RSET)
		appendStringInfoString(&smtp->out, "RSET\r\n");
	else if (step == ION_SMTP_STEP_MAIL)
		ion_smtp_put_mail(&smtp->out, &smtp->mail, &smtp->measure,
						  &smtp->capability);
	else if (step == ION_SMTP_STEP_RCPT)
		ion_smtp_put_rcpt(&smtp->out, &smtp->mail);
	else
		appendStringInfoString(&smtp->out, "DATA\r\n");
	await(smtp, step);
}

/* The command that ends the output so far will be answered. */
static void
await(IonSmtp *smtp, IonSmtpStep step)
{
	Assert(smtp->awaited_count < ION_SMTP_AWAITED_MAX);
	smtp->awaited[smtp->awaited_count].step = step;
	smtp->awaited[smtp->awaited_count].end = output_end(smtp);
	smtp->awaited_count++;
}

/* The line that ends the content; its reply is already awaited. */
static void
put_dot(IonSmtp *smtp)
{
	appendStringInfoString(&smtp->out, ".\r\n");
	smtp->awaited[0].end = output_end(smtp);
}

/* The reply at hand refuses the mail, if nothing has decided it before. */
static void
settle_refused(IonSmtp *smtp, IonSmtpStep step)
{
	if (!smtp->has_mail || smtp->has_verdict)
		return;
	ion_smtp_verdict_refused(&smtp->verdict, step_names[step], &smtp->reply);

	/* Before the mail's own commands a 5yz can only speak of us. */
	if (step <= ION_SMTP_STEP_RSET && smtp->reply.code >= 500)
		smtp->verdict.kind = ION_OUTCOME_PROVIDER_FAULT;
	/* From RCPT on, of the one recipient there is. */
	if (step >= ION_SMTP_STEP_RCPT)
		smtp->verdict.bad_address = ion_smtp_verdict_bad_address(&smtp->reply);
	smtp->has_verdict = true;
}

/* What came is not SMTP, or not in step with us: the connection is over. */
static void
settle_protocol_error(IonSmtp *smtp, IonSmtpStep step, const char *error)
{
	if (smtp->has_mail && !smtp->has_verdict)
	{
		IonOutcome *verdict = &smtp->verdict;

		ion_outcome_init(verdict, dot_may_have_left(smtp) ?
						 ION_OUTCOME_UNKNOWN : ION_OUTCOME_PROVIDER_FAULT, 0);
		ion_outcome_add_detail(verdict, "protocol error at ", -1);
		ion_outcome_add_detail(verdict, step_names[step], -1);
		ion_outcome_add_detail(verdict, ": ", -1);
		ion_outcome_add_detail(verdict, error, -1);
		smtp->has_verdict = true;
		smtp->answered = true;
	}
	die(smtp);
}

/* The mail is over: its verdict becomes the result. */
static void
finish_mail(IonSmtp *smtp)
{
	smtp->result.tag = smtp->mail.tag;
	smtp->result.outcome = smtp->verdict;
	smtp->result.stale = false;
	smtp->result.held = smtp->held;
	smtp->has_result = true;
	smtp->has_mail = false;
}

/*
 * Nothing more will be written or read.  A mail under way has its verdict by
 * now.  When a connection that served before ends without a word about the
 * new mail, it had ended while idle: the server is not to blame.
 */
static void
die(IonSmtp *smtp)
{
	smtp->dead = true;
	smtp->content_open = false;
	smtp->awaited_count = 0;
	resetStringInfo(&smtp->out);
	if (smtp->has_mail)
	{
		bool		stale = smtp->used && !smtp->answered;

		if (stale)
			smtp->verdict.destination_fault = false;
		finish_mail(smtp);
		smtp->result.stale = stale;
	}
}

/* May a byte of CRLF.CRLF have reached the server? */
static bool
dot_may_have_left(const IonSmtp *smtp)
{
	return smtp->sent > smtp->dot_at;
}

/* The output stream's position behind all that was put into it. */
static uint64
output_end(const IonSmtp *smtp)
{
	return smtp->sent + (uint64) (smtp->out.len - smtp->out.cursor);
}
