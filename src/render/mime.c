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
 * A boundary begins with "=_".  Quoted-printable follows "=" by a hex digit
 * or a line end, and base64 has no "_": no part can hold the boundary, whatever
 * its text (RFC 2045 section 6.7, last note).  The outer boundary of a mail
 * with a calendar begins otherwise than the inner one, so neither is a prefix
 * of the other (RFC 2046 section 5.1.2).
 *
 * A calendar is an attachment beside the text, not a third alternative to it.
 * Of alternatives a reader shows the last one it knows (RFC 2046 section
 * 5.1.4), and Exchange takes a calendar among them for a meeting and shows
 * that in place of the letter ([MS-OXCMAIL] section 2.1.3.3.8 writes meetings
 * just so).  An attachment leaves the letter alone, and readers still offer to
 * add it to the calendar.
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
#define BOUNDARY_INNER	"=_ion_"
#define BOUNDARY_OUTER	"=_mix_"

#define CALENDAR_FILE	"calendar.ics"

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
static bool file_name_valid(const char *name);
static bool extra_allowed(const char *name);
static bool append_header(const IonMail *mail, StringInfo out,
						  const char **error);
static void append_date(StringInfo out, int64 date_unix);
static void append_body(const IonMail *mail, StringInfo out);
static void append_letter(const IonMail *mail, StringInfo out);
static void append_calendar(const IonMail *mail, StringInfo out);
static void append_text(StringInfo out, const char *subtype, const char *text);
static void append_encoded(StringInfo out, const char *text);
static void begin_multipart(StringInfo out, const char *subtype, const char *boundary);
static void next_part(StringInfo out, const char *boundary);
static void end_multipart(StringInfo out, const char *boundary);
static void make_boundary(char *boundary, const char *prefix, const char *seed);

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
	else if (mail->calendar_file && !file_name_valid(mail->calendar_file))
		*error = "calendar's file name is malformed";
	else if (mail->n_extra < 0 || mail->n_extra > ION_MAIL_EXTRA_MAX)
		*error = "too many extra headers";
	if (*error)
		return false;
	return body_check(mail->text, error) &&
		(mail->html == NULL || body_check(mail->html, error)) &&
		(mail->calendar == NULL || body_check(mail->calendar, error));
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

/* A name every file system takes and no quoting is needed for. */
static bool
file_name_valid(const char *name)
{
	size_t		len = strspn(name, "abcdefghijklmnopqrstuvwxyz"
							 "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return len > 0 && len <= ION_MAIL_FILE_MAX && name[len] == '\0' &&
		name[0] != '.' && name[0] != '-';
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

	if (mail->calendar == NULL)
	{
		append_letter(mail, out);
		if (out->data[out->len - 1] != '\n')
			appendBinaryStringInfo(out, "\r\n", 2);
		return;
	}
	make_boundary(boundary, BOUNDARY_OUTER, mail->boundary_seed);
	begin_multipart(out, "mixed", boundary);
	append_letter(mail, out);
	next_part(out, boundary);
	append_calendar(mail, out);
	end_multipart(out, boundary);
}

/* What is read: the text, with the HTML as its better alternative. */
static void
append_letter(const IonMail *mail, StringInfo out)
{
	char		boundary[BOUNDARY_SIZE];

	if (mail->html == NULL)
	{
		append_text(out, "plain", mail->text);
		return;
	}
	make_boundary(boundary, BOUNDARY_INNER, mail->boundary_seed);
	begin_multipart(out, "alternative", boundary);
	append_text(out, "plain", mail->text);
	next_part(out, boundary);
	append_text(out, "html", mail->html);
	end_multipart(out, boundary);
}

/* The calendar's part (RFC 6047 section 2.4: method as inside, charset). */
static void
append_calendar(const IonMail *mail, StringInfo out)
{
	appendStringInfo(out, "Content-Type: text/calendar; charset=utf-8; method=PUBLISH\r\n"
					 "Content-Disposition: attachment;\r\n filename=\"%s\"\r\n",
					 mail->calendar_file ? mail->calendar_file : CALENDAR_FILE);
	append_encoded(out, mail->calendar);
}

/* Appends a part of text: fields, blank line, encoded text. */
static void
append_text(StringInfo out, const char *subtype, const char *text)
{
	appendStringInfoString(out, "Content-Type: text/");
	appendStringInfoString(out, subtype);
	appendStringInfoString(out, "; charset=UTF-8\r\n");
	append_encoded(out, text);
}

/*
 * Appends a part's last field, blank line and encoded text without a line end.
 * The exact quoted-printable length is known only once it is written, so it is
 * written first, and taken back in the rare case that base64 is shorter (a
 * script far from ASCII).
 */
static void
append_encoded(StringInfo out, const char *text)
{
	size_t		len = strlen(text);
	int			fields;
	int			body;
	size_t		canonical;

	appendStringInfoString(out, "Content-Transfer-Encoding: ");
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

/* Appends a multipart's field and its first delimiter. */
static void
begin_multipart(StringInfo out, const char *subtype, const char *boundary)
{
	appendStringInfo(out, "Content-Type: multipart/%s;\r\n boundary=\"%s\"\r\n\r\n--%s\r\n",
					 subtype, boundary, boundary);
}

/* Appends the delimiter between two parts. */
static void
next_part(StringInfo out, const char *boundary)
{
	appendStringInfo(out, "\r\n--%s\r\n", boundary);
}

/* Appends the delimiter after the last part. */
static void
end_multipart(StringInfo out, const char *boundary)
{
	appendStringInfo(out, "\r\n--%s--\r\n", boundary);
}

/* The prefix and 128 bits of two FNV-1a hashes of the seed, one from each end. */
static void
make_boundary(char *boundary, const char *prefix, const char *seed)
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
	memcpy(boundary, prefix, 6);
	for (int i = 0; i < 32; i++)
		boundary[6 + i] = hex_digit[(hash[i / 16] >> (60 - i % 16 * 4)) & 15];
	boundary[38] = '\0';
}
