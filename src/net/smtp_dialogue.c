/*-------------------------------------------------------------------------
 *
 * smtp_dialogue.c
 *	  The client's side of an SMTP connection, as its caller sees it.
 *
 * The argument: the machine never touches a socket, a clock or a mail's
 * memory of its own, so whatever the peer does, each call returns at once and
 * the only failure is running out of memory.  What the replies mean is in
 * smtp_machine.c.
 *
 * Memory: the struct and its output buffer are palloc'd in the context that
 * is current in ion_smtp_create; the buffer stays below 2 * ION_SMTP_CHUNK
 * plus a few commands.  A mail's strings stay the caller's.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "net/smtp_dialogue.h"
#include "net/smtp_machine.h"

/*
 * A machine for a connection that is already encrypted and authenticated as
 * far as it will be; its EHLO is in the output.  NULL when ehlo_name is no
 * domain or address literal.
 */
IonSmtp *
ion_smtp_create(const char *ehlo_name)
{
	IonSmtp    *smtp;

	if (!ion_smtp_name_check(ehlo_name))
		return NULL;

	smtp = palloc0(sizeof(IonSmtp));
	initStringInfo(&smtp->out);
	ion_smtp_machine_begin(smtp, ehlo_name);
	return smtp;
}

/* Free it, whatever it is doing; a result not taken is lost. */
void
ion_smtp_free(IonSmtp *smtp)
{
	if (smtp == NULL)
		return;
	pfree(smtp->out.data);
	pfree(smtp);
}

/*
 * Have may_begin asked right before the MAIL command of each mail is put into
 * the output; when it says no, the mail is held.
 */
void
ion_smtp_ask(IonSmtp *smtp, bool (*may_begin) (void *arg), void *arg)
{
	smtp->may_begin = may_begin;
	smtp->may_begin_arg = arg;
}

/* May it take a mail, and is it alive at all? */
IonSmtpPhase
ion_smtp_phase(const IonSmtp *smtp)
{
	if (smtp->dead)
		return ION_SMTP_DEAD;
	if (smtp->has_mail || smtp->has_result || smtp->quitting)
		return ION_SMTP_BUSY;
	return ION_SMTP_READY;
}

/* What a deadline should be set for (RFC 5321 §4.5.3.2 names the steps). */
IonSmtpWait
ion_smtp_waiting_for(const IonSmtp *smtp)
{
	if (smtp->awaited_count == 0)
		return ION_SMTP_WAIT_NOTHING;

	switch (smtp->awaited[0].step)
	{
		case ION_SMTP_STEP_EHLO:
			return ION_SMTP_WAIT_EHLO;
		case ION_SMTP_STEP_RSET:
			return ION_SMTP_WAIT_RSET;
		case ION_SMTP_STEP_MAIL:
			return ION_SMTP_WAIT_MAIL;
		case ION_SMTP_STEP_RCPT:
			return ION_SMTP_WAIT_RCPT;
		case ION_SMTP_STEP_DATA:
			return ION_SMTP_WAIT_DATA;
		case ION_SMTP_STEP_DOT:
			break;
	}
	return smtp->sent < smtp->awaited[0].end ?
		ION_SMTP_WAIT_CONTENT : ION_SMTP_WAIT_DOT;
}

/*
 * Begin to send a mail.  False, and nothing happens, unless the phase is
 * READY.  Each mail taken here yields exactly one result; a mail that must
 * not be sent yields it without a byte written.
 */
bool
ion_smtp_send_mail(IonSmtp *smtp, const IonSmtpMail *mail)
{
	if (ion_smtp_phase(smtp) != ION_SMTP_READY)
		return false;
	ion_smtp_machine_mail(smtp, mail);
	return true;
}

/* Take the outcome of the mail that came to an end; false when none did. */
bool
ion_smtp_result(IonSmtp *smtp, IonSmtpResult *result)
{
	if (!smtp->has_result)
		return false;
	*result = smtp->result;
	smtp->has_result = false;
	return true;
}

/*
 * Say goodbye once the mail under way is over, at once when there is none.
 * The machine is then DEAD with QUIT in its output; no reply is waited for.
 */
void
ion_smtp_quit(IonSmtp *smtp)
{
	if (smtp->dead)
		return;
	smtp->quitting = true;
	ion_smtp_machine_advance(smtp);
}

/*
 * The bytes to write next; *length is 0 when there are none.  Valid until the
 * next call that changes the machine.
 */
const char *
ion_smtp_output(const IonSmtp *smtp, size_t *length)
{
	*length = (size_t) (smtp->out.len - smtp->out.cursor);
	return smtp->out.data + smtp->out.cursor;
}

/* The first length bytes of ion_smtp_output have been written. */
void
ion_smtp_sent(IonSmtp *smtp, size_t length)
{
	size_t		ready = (size_t) (smtp->out.len - smtp->out.cursor);

	length = Min(length, ready);
	smtp->out.cursor += (int) length;
	smtp->sent += length;
	if (smtp->out.cursor < smtp->out.len)
		return;

	resetStringInfo(&smtp->out);
	if (smtp->content_open)
		ion_smtp_machine_content(smtp);
}

/* Bytes read from the peer, split anywhere; ignored by a dead machine. */
void
ion_smtp_input(IonSmtp *smtp, const char *bytes, size_t length)
{
	while (!smtp->dead)
	{
		IonSmtpFeed feed = ion_smtp_reply_feed(&smtp->reply, &bytes, &length);

		if (feed == ION_SMTP_FEED_MORE)
			return;
		if (feed == ION_SMTP_FEED_ERROR)
			ion_smtp_machine_garbage(smtp, smtp->reply.error);
		else
			ion_smtp_machine_reply(smtp);
	}
}

/*
 * The connection ended, or the deadline passed (timed_out): settle the mail
 * under way by what may have left.  Harmless on a dead machine.
 */
void
ion_smtp_closed(IonSmtp *smtp, bool timed_out)
{
	if (!smtp->dead)
		ion_smtp_machine_lost(smtp, timed_out);
}

/* Does the server offer it?  False for all before EHLO is answered. */
bool
ion_smtp_has(const IonSmtp *smtp, IonSmtpExtension extension)
{
	return smtp->greeted &&
		(smtp->capability.extensions & (unsigned) extension) != 0;
}

/* Bytes the server takes in one mail; 0 when it names no limit. */
uint64
ion_smtp_size_limit(const IonSmtp *smtp)
{
	return smtp->greeted ? smtp->capability.size_limit : 0;
}
