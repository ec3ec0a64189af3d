/*-------------------------------------------------------------------------
 *
 * mime.c
 *	  Builds one RFC 5322 message, ready for SMTP's DATA.
 *
 * The whole message is appended to the caller's StringInfo; nothing else is
 * allocated.  Whatever is refused leaves it at its length on entry.  The same
 * IonMail gives the same octets every time, so a retry is the same mail.
 *
 * Each field comes from mime_header.c or from values checked here, so no value
 * can add a field; names that would double one of ours are refused, so From,
 * To, Date and Message-ID stand exactly once.
 *
 * The boundary begins with "=_".  Quoted-printable follows "=" by a hex digit
 * or a line end, and base64 has no "_": no part can hold the boundary, whatever
 * its text (RFC 2045 section 6.7, last note).
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/mime.h"
#include "render/mime_header.h"
#include "render/mime_transfer.h"
#include "render/text_check.h"

/* 1970-01-01 and 9999-12-31 23:59:59: what a four-digit year can say. */
#define DATE_UNIX_MIN	INT64CONST(0)
#define DATE_UNIX_MAX	INT64CONST(253402300799)

#define DAY_SECONDS		86400

/* "=_ion_", 32 hex digits, zero. */
#define BOUNDARY_SIZE	40

/* Fields only this file writes, and those that would redirect the mail. */
static const char *const reserved_names[] = {
	"auto-submitted", "bcc", "cc", "content-language", "date", "from",
	"message-id", "mime-version", "received", "reply-to", "return-path",
	"sender", "subject", "to"
};

static bool mail_check(const IonMail *mail, const char **error);
static bool body_check(const char *body, const char **error);
static bool message_id_valid(const char *id);
static bool language_valid(const char *language);
static bool extra_allowed(const char *name);
static bool append_header(const IonMail *mail, StringInfo out,
						  const char **error);
static void append_date(StringInfo out, int64 date_unix);
static void append_body(const IonMail *mail, StringInfo out);
static void append_part(StringInfo out, const char *subtype, const char *text);
static void make_boundary(char *boundary, const char *seed);

/*
 * Appends the message to out with CRLF line ends, 7-bit except for addresses
 * under eight_bit_headers (RFC 5322, 2045-2047, 6532; Auto-Submitted by RFC
 * 3834).  Dot-stuffing is the transport's.  On false *error is a static string
 * and out is as it was.
 */
bool
ion_mail_build(const IonMail *mail, StringInfo out, const char **error)
{
	int			start = out->len;

	if (!mail_check(mail, error))
		return false;
	if (!append_header(mail, out, error))
	{
		out->len = start;
		out->data[start] = '\0';
		return false;
	}
	append_body(mail, out);
	return true;
}

/* Refuses what no later step looks at: missing, oversized and ill values. */
static bool
mail_check(const IonMail *mail, const char **error)
{
	*error = NULL;
	if (!mail->from_addr || !mail->to_addr || !mail->subject || !mail->text ||
		!mail->message_id || !mail->boundary_seed)
		*error = "mail lacks a required field";
	else if (strnlen(mail->subject, ION_MAIL_SUBJECT_MAX + 1) > ION_MAIL_SUBJECT_MAX)
		*error = "subject is too long";
	else if (!message_id_valid(mail->message_id))
		*error = "message identifier is malformed";
	else if (mail->date_unix < DATE_UNIX_MIN || mail->date_unix > DATE_UNIX_MAX)
		*error = "date is out of range";
	else if (mail->language && !language_valid(mail->language))
		*error = "language tag is malformed";
	else if (mail->n_extra < 0 || mail->n_extra > ION_MAIL_EXTRA_MAX)
		*error = "too many extra headers";
	if (*error)
		return false;
	return body_check(mail->text, error) &&
		(mail->html == NULL || body_check(mail->html, error));
}

/* A part's text: bounded and UTF-8.  Controls are harmless once encoded. */
static bool
body_check(const char *body, const char **error)
{
	size_t		len = strnlen(body, ION_MAIL_BODY_MAX + 1);

	if (len > ION_MAIL_BODY_MAX)
		*error = "mail body is too long";
	else if (!ion_text_is_utf8(body, len))
		*error = "mail body is not valid UTF-8";
	return *error == NULL;
}

/* RFC 5322 msg-id without brackets: two ASCII dot-atoms and one "@". */
static bool
message_id_valid(const char *id)
{
	size_t		len = strnlen(id, ION_MAIL_MESSAGE_ID_MAX + 1);
	int			ats = 0;
	char		before = '.';	/* a dot may not begin an atom */

	if (len > ION_MAIL_MESSAGE_ID_MAX)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		char		c = id[i];

		if (c == '.' || c == '@')
		{
			if (before == '.' || before == '@')
				return false;
			ats += c == '@';
		}
		else if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
				   (c >= '0' && c <= '9') ||
				   strchr("!#$%&'*+-/=?^_`{|}~", c)))
			return false;
		before = c;
	}
	return ats == 1 && before != '.' && before != '@';
}

/* The characters of a language tag: letters, digits, inner hyphens. */
static bool
language_valid(const char *language)
{
	size_t		len = strspn(language, "abcdefghijklmnopqrstuvwxyz"
							 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");

	return len > 0 && len <= ION_MAIL_LANGUAGE_MAX && language[len] == '\0' &&
		language[0] != '-' && language[len - 1] != '-';
}

/* Whether an extra field may have this name: none of ours, none that routes. */
static bool
extra_allowed(const char *name)
{
	if (pg_strncasecmp(name, "content-", 8) == 0 ||
		pg_strncasecmp(name, "resent-", 7) == 0)
		return false;
	for (size_t i = 0; i < lengthof(reserved_names); i++)
	{
		if (pg_strcasecmp(name, reserved_names[i]) == 0)
			return false;
	}
	return true;
}

/* Appends all fields but Content-Type and Content-Transfer-Encoding. */
static bool
append_header(const IonMail *mail, StringInfo out, const char **error)
{
	bool		utf8 = mail->eight_bit_headers;

	append_date(out, mail->date_unix);
	if (!ion_mime_header_mailbox(out, "From", mail->from_name, mail->from_addr,
								 utf8, error) ||
		!ion_mime_header_mailbox(out, "To", NULL, mail->to_addr, utf8, error))
		return false;
	if (mail->reply_to &&
		!ion_mime_header_mailbox(out, "Reply-To", NULL, mail->reply_to, utf8,
								 error))
		return false;

	appendBinaryStringInfo(out, "Message-ID: <", 13);
	appendStringInfoString(out, mail->message_id);
	appendBinaryStringInfo(out, ">\r\n", 3);
	if (!ion_mime_header_text(out, "Subject", mail->subject, error))
		return false;
	appendStringInfoString(out, "Auto-Submitted: auto-generated\r\n");
	if (mail->language)
	{
		appendStringInfoString(out, "Content-Language: ");
		appendStringInfoString(out, mail->language);
		appendBinaryStringInfo(out, "\r\n", 2);
	}

	for (int i = 0; i < mail->n_extra; i++)
	{
		if (!mail->extra[i].name || !mail->extra[i].value)
		{
			*error = "extra header lacks its name or value";
			return false;
		}
		if (!extra_allowed(mail->extra[i].name))
		{
			*error = "extra header has a reserved name";
			return false;
		}
		if (!ion_mime_header_structured(out, mail->extra[i].name,
										mail->extra[i].value, error))
			return false;
	}
	appendStringInfoString(out, "MIME-Version: 1.0\r\n");
	return true;
}

/*
 * Appends the Date field in UTC (RFC 5322 section 3.3).  The civil date counts
 * from 1 March of a 400-year cycle, so that the leap day is a year's last.
 */
static void
append_date(StringInfo out, int64 date_unix)
{
	static const char day_names[] = "ThuFriSatSunMonTueWed";	/* day 0: Thu */
	static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	int			days = (int) (date_unix / DAY_SECONDS);
	int			seconds = (int) (date_unix % DAY_SECONDS);
	int			shifted = days + 719468;	/* days since 0000-03-01 */
	int			era = shifted / 146097;
	int			day_of_era = shifted % 146097;
	int			year_of_era = (day_of_era - day_of_era / 1460 +
							   day_of_era / 36524 - day_of_era / 146096) / 365;
	int			day_of_year = day_of_era - (365 * year_of_era +
											year_of_era / 4 - year_of_era / 100);
	int			march_month = (5 * day_of_year + 2) / 153;
	int			day = day_of_year - (153 * march_month + 2) / 5 + 1;
	int			month = march_month < 10 ? march_month + 2 : march_month - 10;
	int			year = era * 400 + year_of_era + (month < 2 ? 1 : 0);

	appendStringInfo(out, "Date: %.3s, %d %.3s %04d %02d:%02d:%02d +0000\r\n",
					 day_names + days % 7 * 3, day, month_names + month * 3,
					 year, seconds / 3600, seconds / 60 % 60, seconds % 60);
}

/* Appends the content fields, the blank line and the body. */
static void
append_body(const IonMail *mail, StringInfo out)
{
	char		boundary[BOUNDARY_SIZE];

	if (mail->html == NULL)
	{
		append_part(out, "plain", mail->text);
		if (out->data[out->len - 1] != '\n')
			appendBinaryStringInfo(out, "\r\n", 2);
		return;
	}

	make_boundary(boundary, mail->boundary_seed);
	appendStringInfoString(out, "Content-Type: multipart/alternative;\r\n"
						   " boundary=\"");
	appendStringInfoString(out, boundary);
	appendBinaryStringInfo(out, "\"\r\n\r\n--", 7);
	appendStringInfoString(out, boundary);
	appendBinaryStringInfo(out, "\r\n", 2);
	append_part(out, "plain", mail->text);
	appendBinaryStringInfo(out, "\r\n--", 4);
	appendStringInfoString(out, boundary);
	appendBinaryStringInfo(out, "\r\n", 2);
	append_part(out, "html", mail->html);
	appendBinaryStringInfo(out, "\r\n--", 4);
	appendStringInfoString(out, boundary);
	appendBinaryStringInfo(out, "--\r\n", 4);
}

/*
 * Appends one part: fields, blank line, encoded text without a line end.  The
 * exact quoted-printable length is known only once it is written, so it is
 * written first, and taken back in the rare case that base64 is shorter (a
 * script far from ASCII).
 */
static void
append_part(StringInfo out, const char *subtype, const char *text)
{
	size_t		len = strlen(text);
	int			fields;
	int			body;
	size_t		canonical;

	appendStringInfoString(out, "Content-Type: text/");
	appendStringInfoString(out, subtype);
	appendStringInfoString(out, "; charset=UTF-8\r\n"
						   "Content-Transfer-Encoding: ");
	fields = out->len;
	appendStringInfoString(out, "quoted-printable\r\n\r\n");
	body = out->len;
	canonical = ion_mime_transfer_qp(out, text, len);
	if ((size_t) (out->len - body) > ion_mime_transfer_base64_size(canonical))
	{
		out->len = fields;
		appendStringInfoString(out, "base64\r\n\r\n");
		ion_mime_transfer_base64(out, text, len);
	}
}

/* "=_ion_" and 128 bits of two FNV-1a hashes of the seed, one from each end. */
static void
make_boundary(char *boundary, const char *seed)
{
	static const char hex_digit[] = "0123456789abcdef";
	uint64		hash[2] = {UINT64CONST(0xcbf29ce484222325),
	UINT64CONST(0x84222325cbf29ce4)};
	size_t		len = strlen(seed);

	for (size_t i = 0; i < len; i++)
	{
		hash[0] = (hash[0] ^ (unsigned char) seed[i]) *
			UINT64CONST(0x100000001b3);
		hash[1] = (hash[1] ^ (unsigned char) seed[len - 1 - i]) *
			UINT64CONST(0x100000001b3);
	}
	memcpy(boundary, "=_ion_", 6);
	for (int i = 0; i < 32; i++)
		boundary[6 + i] = hex_digit[(hash[i / 16] >> (60 - i % 16 * 4)) & 15];
	boundary[38] = '\0';
}
