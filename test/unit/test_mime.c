/* units: src/render/mime.c src/render/mime_header.c src/render/mime_transfer.c src/render/mail_address.c src/render/text_check.c */
#include "base/pure.h"

#include <time.h>

#include "render/mime.h"
#include "tap.h"

#define BOUNDARY_LEN	38

static IonMail
sample_mail(void)
{
	IonMail		mail = {0};

	mail.from_name = "Comune di Esempio";
	mail.from_addr = "no-reply@comune.example.it";
	mail.to_addr = "mario.rossi@example.it";
	mail.subject = "Avviso";
	mail.text = "Buongiorno,\nla pratica \xc3\xa8 pronta.\n";
	mail.html = "<p>Buongiorno</p>\n";
	mail.message_id = "0190-1.1@comune.example.it";
	mail.date_unix = 1700000000;
	mail.language = "it";
	mail.boundary_seed = "0190-1.1";
	return mail;
}

static void
test_whole(void)
{
	IonMail		mail = sample_mail();
	IonMailHeader extra[] = {{"X-Io-Service", "portos"}, {"List-Id", "<a.b>"}};
	StringInfoData out;
	const char *error = NULL;
	char		boundary[BOUNDARY_LEN + 1];
	char	   *want;
	const char *b;

	mail.reply_to = "ufficio@comune.example.it";
	mail.extra = extra;
	mail.n_extra = 2;
	initStringInfo(&out);
	ok(ion_mail_build(&mail, &out, &error), "a mail with everything");
	b = strstr(out.data, "boundary=\"");
	if (!ok(b != NULL && strlen(b) > 10 + BOUNDARY_LEN && b[10 + BOUNDARY_LEN] == '"', "has a boundary"))
		return;
	memcpy(boundary, b + 10, BOUNDARY_LEN);
	boundary[BOUNDARY_LEN] = '\0';
	ok(strncmp(boundary, "=_", 2) == 0, "that no encoded text can hold");
	want = psprintf("Date: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
					"From: Comune di Esempio <no-reply@comune.example.it>\r\n"
					"To: mario.rossi@example.it\r\n"
					"Reply-To: ufficio@comune.example.it\r\n"
					"Message-ID: <0190-1.1@comune.example.it>\r\n"
					"Subject: Avviso\r\n"
					"Auto-Submitted: auto-generated\r\n"
					"Content-Language: it\r\n"
					"X-Io-Service: portos\r\n"
					"List-Id: <a.b>\r\n"
					"MIME-Version: 1.0\r\n"
					"Content-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n"
					"\r\n"
					"--%s\r\n"
					"Content-Type: text/plain; charset=UTF-8\r\n"
					"Content-Transfer-Encoding: quoted-printable\r\n"
					"\r\n"
					"Buongiorno,\r\nla pratica =C3=A8 pronta.\r\n"
					"\r\n--%s\r\n"
					"Content-Type: text/html; charset=UTF-8\r\n"
					"Content-Transfer-Encoding: quoted-printable\r\n"
					"\r\n"
					"<p>Buongiorno</p>\r\n"
					"\r\n--%s--\r\n", boundary, boundary, boundary, boundary);
	is_str(out.data, want, "every octet as expected");
	pfree(want);

	want = pstrdup(out.data);
	resetStringInfo(&out);
	ion_mail_build(&mail, &out, &error);
	is_str(out.data, want, "the same mail gives the same octets");
	pfree(want);

	mail.boundary_seed = "0190-1.2";
	resetStringInfo(&out);
	ion_mail_build(&mail, &out, &error);
	ok(strstr(out.data, boundary) == NULL, "another seed gives another boundary");
	pfree(out.data);
}

static void
test_single_part(void)
{
	IonMail		mail = sample_mail();
	StringInfoData out;
	const char *error;
	const char *body;

	initStringInfo(&out);
	mail.html = NULL;
	mail.language = NULL;
	mail.text = "no line end";
	ok(ion_mail_build(&mail, &out, &error), "text alone");
	ok(strstr(out.data, "multipart") == NULL, "is not multipart");
	ok(strstr(out.data, "Content-Language") == NULL, "no language, no field");
	body = strstr(out.data, "\r\n\r\n");
	is_str(body, "\r\n\r\nno line end\r\n", "ends with a line end");

	resetStringInfo(&out);
	mail.text = "";
	ok(ion_mail_build(&mail, &out, &error), "empty text");
	is_str(strstr(out.data, "\r\n\r\n"), "\r\n\r\n", "has an empty body");

	resetStringInfo(&out);
	mail.text = "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe3\x81\x8a\xe7\x9f\xa5\xe3\x82\x89\xe3\x81\x9b\n";
	ok(ion_mail_build(&mail, &out, &error), "text far from ASCII");
	is_str(strstr(out.data, "Content-Transfer-Encoding"),
		   "Content-Transfer-Encoding: base64\r\n\r\n5pel5pys6Kqe44Gu44GK55+l44KJ44GbDQo=\r\n", "goes out in base64");
	pfree(out.data);
}

static void
date_is(int64 date_unix, const char *want)
{
	IonMail		mail = sample_mail();
	StringInfoData out;
	const char *error;

	initStringInfo(&out);
	mail.date_unix = date_unix;
	ion_mail_build(&mail, &out, &error);
	*strchr(out.data, '\r') = '\0';
	is_str(out.data, want, "date");
	pfree(out.data);
}

/* The calendar's corners, then 3,000 moments against the C library. */
static void
test_dates(void)
{
	int			wrong = 0;

	date_is(0, "Date: Thu, 1 Jan 1970 00:00:00 +0000");
	date_is(951782399, "Date: Mon, 28 Feb 2000 23:59:59 +0000");
	date_is(951782400, "Date: Tue, 29 Feb 2000 00:00:00 +0000");
	date_is(4107542400, "Date: Mon, 1 Mar 2100 00:00:00 +0000");
	date_is(INT64CONST(253402300799), "Date: Fri, 31 Dec 9999 23:59:59 +0000");

	for (int64 t = 0; t < INT64CONST(253402300799); t += INT64CONST(84467433))
	{
		IonMail		mail = sample_mail();
		StringInfoData out;
		const char *error;
		char		want[64];
		time_t		when = (time_t) t;
		struct tm	tm;

		initStringInfo(&out);
		mail.html = NULL;
		mail.date_unix = t;
		ion_mail_build(&mail, &out, &error);
		*strchr(out.data, '\r') = '\0';
		gmtime_r(&when, &tm);
		strftime(want, sizeof(want), "Date: %a, %e %b %Y %H:%M:%S +0000", &tm);
		if (want[11] == ' ')
			memmove(want + 11, want + 12, strlen(want + 12) + 1);
		wrong += strcmp(out.data, want) != 0;
		pfree(out.data);
	}
	is_int(wrong, 0, "3,000 dates agree with the C library");
}

/* A calendar stands beside the letter, with a boundary of its own. */
static void
test_calendar(void)
{
	IonMail		mail = sample_mail();
	StringInfoData out;
	const char *error;
	char		outer[BOUNDARY_LEN + 1];
	char		inner[BOUNDARY_LEN + 1];
	const char *b;
	char	   *want;

	mail.calendar = "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";
	initStringInfo(&out);
	ok(ion_mail_build(&mail, &out, &error), "a mail with a calendar");
	b = strstr(out.data, "Content-Type: multipart/mixed;\r\n boundary=\"");
	if (!ok(b != NULL, "is mixed"))
		return;
	memcpy(outer, strchr(b, '"') + 1, BOUNDARY_LEN);
	outer[BOUNDARY_LEN] = '\0';
	b = strstr(out.data, "Content-Type: multipart/alternative;\r\n boundary=\"");
	if (!ok(b != NULL, "of the alternatives and the calendar"))
		return;
	memcpy(inner, strchr(b, '"') + 1, BOUNDARY_LEN);
	inner[BOUNDARY_LEN] = '\0';
	ok(strncmp(outer, inner, 6) != 0, "their boundaries differ from the start");
	want = psprintf("\r\n\r\n--%s\r\nContent-Type: multipart/alternative;\r\n boundary=\"%s\"\r\n\r\n--%s\r\n"
					"Content-Type: text/plain; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
					"Buongiorno,\r\nla pratica =C3=A8 pronta.\r\n\r\n--%s\r\n"
					"Content-Type: text/html; charset=UTF-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
					"<p>Buongiorno</p>\r\n\r\n--%s--\r\n\r\n--%s\r\n"
					"Content-Type: text/calendar; charset=utf-8; method=PUBLISH\r\n"
					"Content-Disposition: attachment;\r\n filename=\"calendar.ics\"\r\n"
					"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
					"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n\r\n--%s--\r\n", outer, inner, inner, inner, inner, outer, outer);
	is_str(strstr(out.data, "\r\n\r\n"), want, "every octet as expected");

	mail.html = NULL;
	mail.calendar_file = "scadenza_2026-11-30.ics";
	resetStringInfo(&out);
	ok(ion_mail_build(&mail, &out, &error), "text and a calendar");
	ok(strstr(out.data, "multipart/alternative") == NULL, "without alternatives");
	ok(strstr(out.data, "\r\n filename=\"scadenza_2026-11-30.ics\"\r\n") != NULL, "and the file's own name");
	pfree(out.data);
}

/* Builds what must be refused, and looks that nothing was written. */
static void
refused(const IonMail *mail, const char *name)
{
	StringInfoData out;
	const char *error = NULL;

	initStringInfo(&out);
	appendStringInfoString(&out, "before");
	ok(!ion_mail_build(mail, &out, &error), "refused: %s", name);
	ok(error != NULL, "with an error: %s", error ? error : "none");
	is_str(out.data, "before", "and nothing was written");
	pfree(out.data);
}

#define REFUSED(change, name) \
	do { IonMail mail = sample_mail(); change; refused(&mail, name); } while (0)

static void
test_refusals(void)
{
	static const char *const reserved[] = {
		"From", "TO", "date", "Message-Id", "Subject", "Cc", "bcc", "Sender", "Reply-To",
		"MIME-Version", "Content-Type", "content-disposition", "Resent-To", "Return-Path",
		"Received", "Auto-Submitted"
	};
	IonMailHeader extra;
	IonMailHeader many[ION_MAIL_EXTRA_MAX + 1];
	char	   *big;

	REFUSED(mail.from_addr = NULL, "no sender");
	REFUSED(mail.to_addr = NULL, "no recipient");
	REFUSED(mail.message_id = NULL, "no Message-ID");
	REFUSED(mail.text = NULL, "no text");
	REFUSED(mail.subject = "x\r\nBcc: a@b.it", "injection in the subject");
	REFUSED(mail.from_name = "x\nBcc: a@b.it", "injection in the name");
	REFUSED(mail.to_addr = "a@b.it\r\nBcc: c@d.it", "injection in the recipient");
	REFUSED(mail.reply_to = "a@b.it\r\nBcc: c@d.it", "injection in the reply address");
	REFUSED(mail.message_id = "a@b>\r\nBcc: <c@d.it", "injection in the Message-ID");
	REFUSED(mail.language = "it\r\nBcc: c@d.it", "injection in the language");
	REFUSED(mail.to_addr = "a@b.it, c@d.it", "two recipients");
	REFUSED(mail.to_addr = "nicol\xc3\xb2@b.it", "a UTF-8 address without SMTPUTF8");
	REFUSED(mail.message_id = "ab", "a Message-ID without @");
	REFUSED(mail.message_id = "a@b@c", "a Message-ID with two");
	REFUSED(mail.message_id = "", "an empty Message-ID");
	REFUSED(mail.message_id = "@b", "a Message-ID without a left side");
	REFUSED(mail.message_id = "a@", "a Message-ID without a right side");
	REFUSED(mail.message_id = "a..b@c", "a Message-ID with two dots");
	REFUSED(mail.message_id = "a b@c", "a Message-ID with a space");
	REFUSED(mail.message_id = "<a@c>", "a Message-ID with angle brackets");
	REFUSED(mail.message_id = "\xc3\xa8@c", "a Message-ID outside ASCII");
	REFUSED(mail.language = "", "an empty language");
	REFUSED(mail.language = "it_IT", "a language with an underline");
	REFUSED(mail.language = "-it", "a language that begins with a hyphen");
	REFUSED(mail.date_unix = -1, "a date before 1970");
	REFUSED(mail.date_unix = INT64CONST(253402300800), "a date after 9999");
	REFUSED(mail.text = "perch\xe8", "text that is not UTF-8");
	REFUSED(mail.html = "perch\xe8", "HTML that is not UTF-8");
	REFUSED(mail.calendar = "perch\xe8", "a calendar that is not UTF-8");
	REFUSED(mail.calendar_file = "a\"\r\nBcc: c@d.it", "injection in the calendar's file name");
	REFUSED(mail.calendar_file = "../a.ics", "a file name with a path");
	REFUSED(mail.calendar_file = "", "an empty file name");
	REFUSED(mail.n_extra = -1, "a negative number of headers");

	for (size_t i = 0; i < lengthof(reserved); i++)
	{
		extra.name = reserved[i];
		extra.value = "x";
		REFUSED((mail.extra = &extra, mail.n_extra = 1), reserved[i]);
	}
	extra = (IonMailHeader) {"X-A", "x\r\nBcc: a@b.it"};
	REFUSED((mail.extra = &extra, mail.n_extra = 1), "injection in a header's value");
	extra = (IonMailHeader) {"X-A: y\r\nBcc", "a@b.it"};
	REFUSED((mail.extra = &extra, mail.n_extra = 1), "injection in a header's name");
	extra = (IonMailHeader) {"X-A", NULL};
	REFUSED((mail.extra = &extra, mail.n_extra = 1), "a header without a value");
	for (size_t i = 0; i < lengthof(many); i++)
		many[i] = (IonMailHeader) {"X-A", "y"};
	REFUSED((mail.extra = many, mail.n_extra = lengthof(many)), "too many headers");

	big = palloc(ION_MAIL_BODY_MAX + 2);
	memset(big, 'x', ION_MAIL_BODY_MAX + 1);
	big[ION_MAIL_BODY_MAX + 1] = '\0';
	REFUSED(mail.text = big, "a text that is too long");
	REFUSED(mail.subject = big, "a subject that is too long");
	pfree(big);
}

/* Whether every line ends with CRLF, none has a stray CR or LF, all is ASCII. */
static bool
lines_are_clean(const char *s, int len, int longest)
{
	int			line = 0;

	for (int i = 0; i < len; i++)
	{
		if (s[i] == '\r' || s[i] == '\n')
		{
			if (s[i] != '\r' || i + 1 == len || s[i + 1] != '\n')
				return false;
			i++;
			line = 0;
		}
		else if (++line > longest || (unsigned char) s[i] >= 0x7f || (unsigned char) s[i] < 0x20)
			return false;
	}
	return line == 0;
}

static void
test_hostile_text(void)
{
	IonMail		mail = sample_mail();
	StringInfoData out;
	StringInfoData subject;
	const char *error;
	char		word[1001];

	initStringInfo(&out);
	initStringInfo(&subject);
	mail.text = "a\n.\nMAIL FROM:<x@y.it>\r.\r\n.\r\nb\r\r\n\n.\r\x1b[2J";
	mail.html = "<p>\r.\r</p>\n.\n";
	ok(ion_mail_build(&mail, &out, &error) && lines_are_clean(out.data, out.len, 78),
	   "bare CR and LF never reach the wire");
	ok(strlen(out.data) == (size_t) out.len, "no zero byte in a mail");

	memset(word, 'w', 1000);
	word[1000] = '\0';
	mail.subject = word;
	mail.text = word;
	resetStringInfo(&out);
	ok(ion_mail_build(&mail, &out, &error) && lines_are_clean(out.data, out.len, 78),
	   "a word of 1,000 characters breaks no line limit");

	for (int i = 0; i < 25; i++)
		appendStringInfo(&subject, "%.*s \xf0\x9f\x98\x80", i * 2, word);
	mail.subject = subject.data;
	resetStringInfo(&out);
	ok(ion_mail_build(&mail, &out, &error) && lines_are_clean(out.data, out.len, 78),
	   "nor does a subject of words and emoji");

	mail.subject = "x";
	mail.text = "--=_ion_\n--=_\n=_=_=_";
	resetStringInfo(&out);
	ok(ion_mail_build(&mail, &out, &error), "a text that tries to be the boundary");
	ok(strstr(strstr(out.data, "\r\n\r\n--") + 40, "--=3D_ion_") != NULL, "is escaped");

	mail.to_addr = "nicol\xc3\xb2@citt\xc3\xa0.test";
	mail.eight_bit_headers = true;
	resetStringInfo(&out);
	ok(ion_mail_build(&mail, &out, &error) &&
	   strstr(out.data, "\r\nTo: nicol\xc3\xb2@xn--citt-3na.test\r\n") != NULL, "SMTPUTF8: the local part as it is");
	pfree(out.data);
	pfree(subject.data);
}

/* Appending into a StringInfo that is just full, at every size. */
static void
test_growth(void)
{
	IonMail		mail = sample_mail();
	StringInfoData whole;
	const char *error;
	int			wrong = 0;

	initStringInfo(&whole);
	ion_mail_build(&mail, &whole, &error);
	for (int before = 0; before < 1100; before += 7)
	{
		StringInfoData out;

		initStringInfo(&out);
		for (int i = 0; i < before; i++)
			appendStringInfoChar(&out, '#');
		ion_mail_build(&mail, &out, &error);
		wrong += strcmp(out.data + before, whole.data) != 0;
		pfree(out.data);
	}
	is_int(wrong, 0, "the mail does not depend on what stands before it");
	pfree(whole.data);
}

int
main(void)
{
	test_whole();
	test_single_part();
	test_calendar();
	test_dates();
	test_refusals();
	test_hostile_text();
	test_growth();
	return done_testing();
}
