/*-------------------------------------------------------------------------
 *
 * smtp_verdict.c
 *	  What a reply of an SMTP server means for the mail it speaks of.
 *
 * The argument: RFC 5321 §4.2.1 gives 4yz "try again" and 5yz "do not", yet
 * some 5yz speak of us and not of the recipient.  A password the relay no
 * longer takes must not fail a thousand citizens' mails for good, and a full
 * mailbox is emptied one day.  The exceptions are listed in one place, here.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "net/smtp_verdict.h"

static bool is_enhanced(const IonSmtpEnhanced *enhanced, int subject, int detail);
static const char *find_text(const char *text, const char *wanted);

/* What a refusal, 400..599, asks us to do with the mail. */
IonOutcomeKind
ion_smtp_verdict_kind(int code, const IonSmtpEnhanced *enhanced)
{
	if (code < 500)
		return ION_OUTCOME_TRANSIENT;

	switch (code)
	{
		case 503:				/* bad sequence: we are out of step */
		case 530:				/* authentication required (RFC 4954) */
		case 534:				/* mechanism too weak */
		case 535:				/* credentials invalid */
		case 538:				/* encryption required */
			return ION_OUTCOME_PROVIDER_FAULT;
		default:
			break;
	}

	if (is_enhanced(enhanced, 7, 8) ||	/* credentials invalid */
		is_enhanced(enhanced, 7, 9))	/* mechanism too weak */
		return ION_OUTCOME_PROVIDER_FAULT;

	if (is_enhanced(enhanced, 2, 2))	/* mailbox full */
		return ION_OUTCOME_TRANSIENT;

	/*
	 * 552 is "exceeded storage allocation": the mailbox is full, unless the
	 * server adds that it is the mail that is too big.
	 */
	if (code == 552 &&
		!is_enhanced(enhanced, 2, 3) && !is_enhanced(enhanced, 3, 4))
		return ION_OUTCOME_TRANSIENT;

	return ION_OUTCOME_PERMANENT;
}

/*
 * Whether a refusal of the recipient says that the address itself is no good
 * and never will be (RFC 3463): no such mailbox, bad syntax, moved without a
 * new address; or that its domain takes no mail (RFC 7505).  Not "bad system
 * address": a domain that does not resolve today, here, would condemn all who
 * live there.
 */
bool
ion_smtp_verdict_bad_address(const IonSmtpReply *reply)
{
	const IonSmtpEnhanced *e = &reply->enhanced;

	return reply->code >= 500 &&
		(is_enhanced(e, 1, 1) || is_enhanced(e, 1, 3) || is_enhanced(e, 1, 6) || is_enhanced(e, 1, 10));
}

/*
 * Fill outcome from a refusal, 400..599, in answer to step (a static name
 * such as "RCPT", for people).  421 also says that the destination is busy.
 */
void
ion_smtp_verdict_refused(IonOutcome *outcome, const char *step,
						 const IonSmtpReply *reply)
{
	char		code[16];

	ion_outcome_init(outcome,
					 ion_smtp_verdict_kind(reply->code, &reply->enhanced),
					 reply->code);
	outcome->destination_fault = reply->code == 421;
	snprintf(code, sizeof(code), ": %d ", reply->code);
	ion_outcome_add_detail(outcome, step, -1);
	ion_outcome_add_detail(outcome, code, -1);
	ion_outcome_add_detail(outcome, reply->text, reply->text_length);
}

/*
 * Fill outcome from the 2yz that answered the final dot.  ref becomes the
 * queue id of "... queued as ID", else the text behind the enhanced code.
 */
void
ion_smtp_verdict_accepted(IonOutcome *outcome, const IonSmtpReply *reply)
{
	IonSmtpEnhanced enhanced;
	const char *text = reply->text;
	const char *id = find_text(text, "queued as ");
	int			length;

	ion_outcome_init(outcome, ION_OUTCOME_ACCEPTED, reply->code);
	if (id != NULL)
	{
		id += strlen("queued as ");
		id += strspn(id, " ");
		length = strcspn(id, " \t");
		while (length > 0 && strchr(".,;)>", id[length - 1]) != NULL)
			length--;
		if (length > 0)
		{
			ion_outcome_set_ref(outcome, id, length);
			return;
		}
	}
	text += ion_smtp_enhanced_parse(&enhanced, reply->code,
									text, reply->text_length);
	length = strlen(text);
	while (length > 0 && text[length - 1] == ' ')
		length--;
	ion_outcome_set_ref(outcome, text, length);
}

/* Is it 5.subject.detail?  The class is that of the code, 5, or there is none. */
static bool
is_enhanced(const IonSmtpEnhanced *enhanced, int subject, int detail)
{
	return enhanced->subject == subject && enhanced->detail == detail;
}

/* Where wanted begins in text, case of letters ignored; NULL when absent. */
static const char *
find_text(const char *text, const char *wanted)
{
	size_t		length = strlen(wanted);

	for (; *text != '\0'; text++)
	{
		if (pg_strncasecmp(text, wanted, length) == 0)
			return text;
	}
	return NULL;
}
