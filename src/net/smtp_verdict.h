/*-------------------------------------------------------------------------
 *
 * smtp_verdict.h
 *	  What a reply of an SMTP server means for the mail it speaks of.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_SMTP_VERDICT_H
#define ION_NET_SMTP_VERDICT_H

#include "base/outcome.h"
#include "net/smtp_reply.h"

extern IonOutcomeKind ion_smtp_verdict_kind(int code,
											const IonSmtpEnhanced *enhanced);
extern bool ion_smtp_verdict_bad_address(const IonSmtpReply *reply);
extern void ion_smtp_verdict_refused(IonOutcome *outcome, const char *step,
									 const IonSmtpReply *reply);
extern void ion_smtp_verdict_accepted(IonOutcome *outcome,
									  const IonSmtpReply *reply);

#endif							/* ION_NET_SMTP_VERDICT_H */
