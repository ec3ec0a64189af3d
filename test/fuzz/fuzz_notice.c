/* units: src/render/notice_html.c src/render/notice_text.c src/render/notice_push.c src/render/notice_part.c src/render/notice_fact.c src/render/notice_preview.c src/render/notice_style.c src/render/calendar.c src/render/color.c src/render/escape.c src/render/escape_markdown.c src/render/front_matter.c src/render/grapheme.c src/render/json_escape.c src/render/local_time.c src/render/locale_cache.c src/render/locale_format.c src/render/mail_address.c src/render/markdown.c src/render/markdown_text.c src/render/mime.c src/render/mime_header.c src/render/mime_transfer.c src/render/moment.c src/render/phrase.c src/render/text_check.c src/render/text_wrap.c src/render/unsubscribe_link.c */
/*-------------------------------------------------------------------------
 *
 * fuzz_notice.c
 *	  Any notice and any layout, through every channel and into a mail.
 *
 * The input is a byte of flags, eight of the due date and two of the amount,
 * then the strings, each ended by a zero byte or the end of the input; an
 * empty string stands for NULL.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz_arena.h"

#include "render/calendar.h"
#include "render/mime.h"
#include "render/notice.h"
#include "render/text_check.h"
#include "render/unsubscribe_link.h"

#define HEAD	11

#define CHECK(condition) \
	do { if (!(condition)) __builtin_trap(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* The bytes up to the next zero, or NULL when there are none. */
static const char *
next_string(const uint8 **data, size_t *left)
{
	const uint8 *zero = *left > 0 ? memchr(*data, 0, *left) : NULL;
	size_t		len = zero != NULL ? (size_t) (zero - *data) : *left;
	char	   *copy = palloc0(len + 1);

	if (len > 0)
		memcpy(copy, *data, len);
	*data += len + (zero != NULL);
	*left -= len + (zero != NULL);
	return len > 0 ? copy : NULL;
}

/* Calls a renderer that must succeed whole or not at all. */
static bool
rendered(bool (*render) (StringInfo, const IonNotice *, const char **),
		 StringInfo out, const IonNotice *notice)
{
	const char *error = NULL;

	initStringInfo(out);
	appendStringInfoString(out, "before");
	if (!render(out, notice, &error))
	{
		CHECK(error != NULL && out->len == 6);
		return false;
	}
	CHECK(memcmp(out->data, "before", 6) == 0 && out->data[out->len] == '\0');
	CHECK((int) strlen(out->data) == out->len);
	return true;
}

/* No tag of the input's: what begins with "<" is ours or cmark's. */
static void
check_html(const char *html)
{
	int			headings = 0;

	for (const char *p = html; (p = strchr(p, '<')) != NULL; p++)
	{
		CHECK(p[1] == '/' || p[1] == '!' || (p[1] >= 'a' && p[1] <= 'z'));
		CHECK(strncmp(p, "<script", 7) != 0 && strncmp(p, "<iframe", 7) != 0);
		headings += strncmp(p, "<h1", 3) == 0;
	}
	CHECK(headings == 1);
	CHECK(strstr(html, "href=\"javascript:") == NULL && strstr(html, "src=\"http:") == NULL);
}

static void
one_line(const char *text, int len)
{
	CHECK(!ion_text_has_control(text, len) && ion_text_is_utf8(text, len));
}

/* What was rendered goes into a mail, with a calendar and a way to stop it. */
static void
check_mail(const IonNotice *notice, const char *html, const char *text)
{
	IonCalendarEvent event = {0};
	IonMailHeader headers[ION_UNSUBSCRIBE_HEADERS];
	IonMail		mail = {0};
	StringInfoData calendar;
	StringInfoData url;
	StringInfoData out;
	const char *error = NULL;

	initStringInfo(&calendar);
	initStringInfo(&url);
	initStringInfo(&out);
	event.uid = "0190c1a0-1111-7abc-8def-001122334455";
	event.summary = ion_notice_subject(notice);
	event.description = notice->markdown;
	event.organizer_name = notice->organization;
	event.organizer_address = "a@example.it";
	event.time_zone = notice->time_zone;
	event.due_at = notice->due_date;
	event.stamped_at = INT64CONST(1790000000000000);
	if (ion_calendar_build(&calendar, &event, &error))
	{
		mail.calendar = calendar.data;
		CHECK(ion_text_is_utf8(calendar.data, calendar.len));
		for (const char *p = calendar.data; *p != '\0'; p += strcspn(p, "\r") + 2)
			CHECK(strcspn(p, "\r\n") <= ION_CALENDAR_FOLD);
	}
	if (notice->unsubscribe_url && ion_unsubscribe_url(&url, notice->unsubscribe_url, "aZ09-_", &error))
	{
		ion_unsubscribe_headers(headers, url.data);
		mail.extra = headers;
		mail.n_extra = ION_UNSUBSCRIBE_HEADERS;
	}
	mail.from_addr = "a@example.it";
	mail.to_addr = "b@example.it";
	mail.subject = "Avviso";
	mail.text = text;
	mail.html = html;
	mail.message_id = "1@example.it";
	mail.boundary_seed = "1";
	CHECK(!ion_text_is_utf8(html, strlen(html)) || !ion_text_is_utf8(text, strlen(text)) ||
		  ion_mail_build(&mail, &out, &error));
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	IonNotice	notice = {0};
	IonLayout	layout = {0};
	StringInfoData html;
	StringInfoData text;
	StringInfoData title;
	StringInfoData body;
	const char **strings[] = {
		&notice.markdown, &notice.subject, &notice.organization, &notice.service_title, &notice.language,
		&notice.time_zone, &notice.payment_notice, &notice.payment_payee, &notice.unsubscribe_url,
		&layout.organization, &layout.logo_url, &layout.logo_alt, &layout.primary_color, &layout.footer_markdown,
		&layout.contacts_markdown, &layout.website, &layout.unsubscribe_text
	};
	uint8		flags;
	bool		both;

	if (size < HEAD)
		return 0;
	flags = data[0];
	notice.secure = flags & 1;
	notice.preview_only = flags & 2;
	notice.payment_invalid_after_due_date = flags & 4;
	notice.layout = flags & 8 ? &layout : NULL;
	memcpy(&notice.due_date, data + 1, sizeof(notice.due_date));
	if (flags & 16)
		notice.due_date %= INT64CONST(4000000000000000);
	if (flags & 32)
		notice.due_date = ION_NOTICE_NO_DATE;
	notice.payment_amount = data[9] * 256 + data[10];
	data += HEAD;
	size -= HEAD;
	for (size_t i = 0; i < lengthof(strings); i++)
		*strings[i] = next_string(&data, &size);

	both = rendered(ion_notice_html, &html, &notice);
	CHECK(rendered(ion_notice_text, &text, &notice) == both);
	if (both)
	{
		check_html(html.data + 6);
		check_mail(&notice, html.data + 6, text.data + 6);
	}
	initStringInfo(&title);
	initStringInfo(&body);
	ion_notice_push(&notice, flags & 64, &title, &body);
	one_line(title.data, title.len);
	one_line(body.data, body.len);
	resetStringInfo(&body);
	ion_notice_sms_source(&body, &notice);
	one_line(body.data, body.len);
	arena_reset();
	return 0;
}
