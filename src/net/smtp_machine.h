/*-------------------------------------------------------------------------
 *
 * smtp_machine.h
 *	  The inside of an SMTP connection, shared by its two halves alone:
 *	  smtp_dialogue.c (what the caller does) and smtp_machine.c (what a
 *	  reply does).
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_SMTP_MACHINE_H
#define ION_NET_SMTP_MACHINE_H

#include "net/dot_stuff.h"
#include "net/smtp_dialogue.h"
#include "net/smtp_reply.h"

/* A position in the output stream that is not known yet. */
#define ION_SMTP_NOT_YET		PG_UINT64_MAX

/* Commands in the order they are given; the dot stands for the content. */
typedef enum IonSmtpStep
{
	ION_SMTP_STEP_EHLO,
	ION_SMTP_STEP_RSET,
	ION_SMTP_STEP_MAIL,
	ION_SMTP_STEP_RCPT,
	ION_SMTP_STEP_DATA,
	ION_SMTP_STEP_DOT
} IonSmtpStep;

#define ION_SMTP_AWAITED_MAX	4	/* RSET, MAIL, RCPT, DATA in one group */

/* A command given, or about to be written, whose reply is due. */
typedef struct IonSmtpAwaited
{
	IonSmtpStep step;
	uint64		end;			/* output position behind the command */
} IonSmtpAwaited;

struct IonSmtp
{
	/* The connection. */
	bool		dead;
	bool		quitting;		/* QUIT once nothing is under way */
	bool		greeted;		/* EHLO was answered: capability is valid */
	bool		needs_reset;	/* the last mail was refused: RSET first */
	bool		used;			/* a mail has come to an end on it */
	bool		(*may_begin) (void *arg);	/* or NULL: always */
	void	   *may_begin_arg;
	IonSmtpCapability capability;
	IonSmtpReply reply;

	/* Output; out.cursor is how much of the buffer was written. */
	StringInfoData out;
	uint64		sent;			/* bytes written since the beginning */
	IonSmtpAwaited awaited[ION_SMTP_AWAITED_MAX];
	int			awaited_count;	/* never 0 while has_mail */

	/* The mail; valid while has_mail. */
	bool		has_mail;
	bool		has_verdict;	/* verdict is valid */
	bool		held;			/* may_begin said no; has_verdict too */
	bool		answered;		/* a reply to one of its commands came */
	bool		rcpt_taken;		/* RCPT was answered 2yz */
	bool		content_open;	/* content remains to be put into out */
	IonSmtpStep next_step;		/* next command to give, up to DATA */
	IonSmtpMail mail;
	IonDotMeasure measure;
	IonDotStuff stuff;
	size_t		content_at;		/* bytes of content put into out */
	uint64		dot_at;			/* where CRLF.CRLF begins, or NOT_YET */
	IonOutcome	verdict;

	bool		has_result;		/* result is valid */
	IonSmtpResult result;
};

extern void ion_smtp_machine_begin(IonSmtp *smtp, const char *ehlo_name);
extern void ion_smtp_machine_mail(IonSmtp *smtp, const IonSmtpMail *mail);
extern void ion_smtp_machine_reply(IonSmtp *smtp);
extern void ion_smtp_machine_garbage(IonSmtp *smtp, const char *error);
extern void ion_smtp_machine_lost(IonSmtp *smtp, bool timed_out);
extern void ion_smtp_machine_advance(IonSmtp *smtp);
extern void ion_smtp_machine_content(IonSmtp *smtp);

#endif							/* ION_NET_SMTP_MACHINE_H */
