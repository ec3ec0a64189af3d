/*-------------------------------------------------------------------------
 *
 * smtp_dialogue.h
 *	  The client's side of an SMTP connection: bytes in, bytes out.
 *
 * How a caller drives it, from its event loop:
 *
 *	  while READY: ion_smtp_send_mail
 *	  when the socket takes bytes: write ion_smtp_output, ion_smtp_sent
 *	  when bytes came: ion_smtp_input
 *	  when the peer closed, or the deadline of ion_smtp_waiting_for passed:
 *		  ion_smtp_closed
 *	  after each of these: ion_smtp_result; then, if the phase is DEAD, write
 *		  what ion_smtp_output still holds if the socket takes it (a QUIT),
 *		  and close the connection without waiting.
 *
 * What was written must be reported by ion_smtp_sent before the bytes read
 * after it are given to ion_smtp_input.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_SMTP_DIALOGUE_H
#define ION_NET_SMTP_DIALOGUE_H

#include "base/outcome.h"
#include "net/smtp_capability.h"
#include "net/smtp_envelope.h"

/*
 * Bytes of content stuffed at a time: with its growth it fits a 32 KB buffer,
 * so a connection's memory does not depend on the size of its mails.
 */
#define ION_SMTP_CHUNK			16000

typedef struct IonSmtp IonSmtp;

typedef enum IonSmtpPhase
{
	ION_SMTP_READY,				/* takes a mail, also while EHLO is not yet
								 * answered */
	ION_SMTP_BUSY,				/* has a mail, or a result not yet taken */
	ION_SMTP_DEAD				/* takes no mail ever again: close it */
} IonSmtpPhase;

/* What the machine waits for; the caller picks a deadline by it. */
typedef enum IonSmtpWait
{
	ION_SMTP_WAIT_NOTHING,		/* idle, or dead */
	ION_SMTP_WAIT_EHLO,
	ION_SMTP_WAIT_RSET,
	ION_SMTP_WAIT_MAIL,
	ION_SMTP_WAIT_RCPT,
	ION_SMTP_WAIT_DATA,			/* for the 354 */
	ION_SMTP_WAIT_CONTENT,		/* for the socket to take the content */
	ION_SMTP_WAIT_DOT			/* for the reply to the final dot */
} IonSmtpWait;

typedef struct IonSmtpResult
{
	uint64		tag;			/* of the mail */
	bool		stale;			/* an idle connection had ended before the
								 * mail was tried: it may go out by another
								 * one at once, nobody is at fault */
	bool		held;			/* it was asked for and refused, and nothing
								 * of it has left: there is no outcome */
	IonOutcome	outcome;
} IonSmtpResult;

extern IonSmtp *ion_smtp_create(const char *ehlo_name);
extern void ion_smtp_free(IonSmtp *smtp);
extern void ion_smtp_ask(IonSmtp *smtp, bool (*may_begin) (void *arg), void *arg);

extern IonSmtpPhase ion_smtp_phase(const IonSmtp *smtp);
extern IonSmtpWait ion_smtp_waiting_for(const IonSmtp *smtp);

extern bool ion_smtp_send_mail(IonSmtp *smtp, const IonSmtpMail *mail);
extern bool ion_smtp_result(IonSmtp *smtp, IonSmtpResult *result);
extern void ion_smtp_quit(IonSmtp *smtp);

extern const char *ion_smtp_output(const IonSmtp *smtp, size_t *length);
extern void ion_smtp_sent(IonSmtp *smtp, size_t length);
extern void ion_smtp_input(IonSmtp *smtp, const char *bytes, size_t length);
extern void ion_smtp_closed(IonSmtp *smtp, bool timed_out);

extern bool ion_smtp_has(const IonSmtp *smtp, IonSmtpExtension extension);
extern uint64 ion_smtp_size_limit(const IonSmtp *smtp);

#endif							/* ION_NET_SMTP_DIALOGUE_H */
