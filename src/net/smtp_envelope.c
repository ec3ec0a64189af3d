/*-------------------------------------------------------------------------
 *
 * smtp_envelope.c
 *	  One mail for the SMTP dialogue: its checks, and its two commands.
 *
 * The argument: everything put between "<" and ">" of a command comes from
 * data, and one stray CR, LF or ">" would be a command of the data's own.
 * The checks run before a byte of the mail is written and refuse the mail for
 * good; the two put functions may only be called for a mail that passed.
 * (Addresses are zero-terminated, so a zero byte inside one cannot occur.)
 *
 * 8-bit content goes out to a server without 8BITMIME too, undeclared: all
 * current servers pass it, and bouncing a citizen's mail helps nobody.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "net/smtp_envelope.h"

static const char *check_address(const char *address);
static bool is_ascii(const char *text);
static bool needs_smtputf8(const IonSmtpMail *mail);
static bool refuse(IonOutcome *refusal, int code, const char *which,
				   const char *why);

/*
 * May this name follow EHLO?  A domain or an address literal: letters, digits
 * and "-._:[]", at most ION_SMTP_NAME_MAX bytes.
 */
bool
ion_smtp_name_check(const char *ehlo_name)
{
	size_t		length = strlen(ehlo_name);

	return length > 0 && length <= ION_SMTP_NAME_MAX &&
		strspn(ehlo_name,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			   "0123456789-._:[]") == length;
}

/*
 * Check what does not depend on the server.  False fills *refusal
 * (PERMANENT): the mail must not be sent.
 */
bool
ion_smtp_envelope_check(const IonSmtpMail *mail, IonOutcome *refusal)
{
	const char *why;

	if (mail->envelope_from != NULL &&
		(why = check_address(mail->envelope_from)) != NULL)
		return refuse(refusal, 0, "envelope sender: ", why);
	if (mail->rcpt == NULL || mail->rcpt[0] == '\0')
		return refuse(refusal, 0, "recipient: ", "address is empty");
	if ((why = check_address(mail->rcpt)) != NULL)
		return refuse(refusal, 0, "recipient: ", why);
	return true;
}

/*
 * Check the mail against what the server can do and, by measure, its content.
 * False fills *refusal (PERMANENT).
 */
bool
ion_smtp_content_check(const IonSmtpMail *mail, const IonDotMeasure *measure,
					   const IonSmtpCapability *capability,
					   IonOutcome *refusal)
{
	char		why[128];

	if (measure->zero_byte)
		return refuse(refusal, 0, "content holds a zero byte", "");
	if (mail->content_len > ION_SMTP_CONTENT_MAX)
	{
		snprintf(why, sizeof(why), "mail of %zu bytes is larger than %zu",
				 mail->content_len, ION_SMTP_CONTENT_MAX);
		return refuse(refusal, 552, why, "");
	}
	if (capability->size_limit > 0 &&
		measure->wire_size > capability->size_limit)
	{
		snprintf(why, sizeof(why),
				 "mail of %zu bytes is larger than the server's limit of "
				 UINT64_FORMAT, measure->wire_size, capability->size_limit);
		return refuse(refusal, 552, why, "");
	}
	if (needs_smtputf8(mail) &&
		(capability->extensions & ION_SMTP_EXT_SMTPUTF8) == 0)
		return refuse(refusal, 0, "mail needs SMTPUTF8, ",
					  "which the server does not offer");
	return true;
}

/* Append MAIL FROM with the parameters the server understands. */
void
ion_smtp_put_mail(StringInfo out, const IonSmtpMail *mail,
				  const IonDotMeasure *measure,
				  const IonSmtpCapability *capability)
{
	appendStringInfoString(out, "MAIL FROM:<");
	if (mail->envelope_from != NULL)
		appendStringInfoString(out, mail->envelope_from);
	appendStringInfoChar(out, '>');
	if (capability->extensions & ION_SMTP_EXT_SIZE)
		appendStringInfo(out, " SIZE=%zu", measure->wire_size);
	if (measure->eight_bit && (capability->extensions & ION_SMTP_EXT_8BITMIME))
		appendStringInfoString(out, " BODY=8BITMIME");
	if (needs_smtputf8(mail))
		appendStringInfoString(out, " SMTPUTF8");
	appendStringInfoString(out, "\r\n");
}

/* Append RCPT TO. */
void
ion_smtp_put_rcpt(StringInfo out, const IonSmtpMail *mail)
{
	appendStringInfoString(out, "RCPT TO:<");
	appendStringInfoString(out, mail->rcpt);
	appendStringInfoString(out, ">\r\n");
}

/* Why an address must not reach a command line, or NULL when it may. */
static const char *
check_address(const char *address)
{
	const char *p = address;

	for (; *p != '\0'; p++)
	{
		unsigned char c = (unsigned char) *p;

		if (c <= ' ' || c == 0x7f || c == '<' || c == '>')
			return "address holds a forbidden character";
	}
	return p - address > ION_SMTP_ADDRESS_MAX ? "address is too long" : NULL;
}

static bool
is_ascii(const char *text)
{
	for (; *text != '\0'; text++)
	{
		if ((unsigned char) *text >= 0x80)
			return false;
	}
	return true;
}

static bool
needs_smtputf8(const IonSmtpMail *mail)
{
	return mail->needs_smtputf8 || !is_ascii(mail->rcpt) ||
		(mail->envelope_from != NULL && !is_ascii(mail->envelope_from));
}

static bool
refuse(IonOutcome *refusal, int code, const char *which, const char *why)
{
	ion_outcome_init(refusal, ION_OUTCOME_PERMANENT, code);
	ion_outcome_add_detail(refusal, which, -1);
	ion_outcome_add_detail(refusal, why, -1);
	return false;
}
