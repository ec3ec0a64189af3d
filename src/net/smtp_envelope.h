/*-------------------------------------------------------------------------
 *
 * smtp_envelope.h
 *	  One mail for the SMTP dialogue: its checks, and its two commands.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_SMTP_ENVELOPE_H
#define ION_NET_SMTP_ENVELOPE_H

#include "base/outcome.h"
#include "net/dot_stuff.h"
#include "net/smtp_capability.h"

#define ION_SMTP_ADDRESS_MAX	254 /* bytes; RFC 5321 §4.5.3.1.3 less <> */
#define ION_SMTP_NAME_MAX		255 /* bytes of the name given to EHLO */
#define ION_SMTP_CONTENT_MAX	((size_t) 256 * 1024 * 1024)	/* bytes */

/*
 * A mail.  All memory stays the caller's and must not change until the mail's
 * result has been taken or the machine is freed.
 */
typedef struct IonSmtpMail
{
	const char *envelope_from;	/* wire form without <>; "" or NULL for the
								 * null reverse-path */
	const char *rcpt;			/* wire form without <>, domain as A-labels */
	bool		needs_smtputf8; /* header or addresses hold UTF-8; implied by
								 * a non-ASCII address */
	const char *content;		/* header, empty line, body; any line ends */
	size_t		content_len;
	uint64		tag;			/* comes back with the result */
} IonSmtpMail;

extern bool ion_smtp_name_check(const char *ehlo_name);
extern bool ion_smtp_envelope_check(const IonSmtpMail *mail, IonOutcome *refusal);
extern bool ion_smtp_content_check(const IonSmtpMail *mail,
								   const IonDotMeasure *measure,
								   const IonSmtpCapability *capability,
								   IonOutcome *refusal);
extern void ion_smtp_put_mail(StringInfo out, const IonSmtpMail *mail,
							  const IonDotMeasure *measure,
							  const IonSmtpCapability *capability);
extern void ion_smtp_put_rcpt(StringInfo out, const IonSmtpMail *mail);

#endif							/* ION_NET_SMTP_ENVELOPE_H */
