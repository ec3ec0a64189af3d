/*-------------------------------------------------------------------------
 *
 * rendition.c
 *	  What a delivery looks like where it arrives.
 *
 * A secure message announces itself and keeps its content, whatever channel
 * it is on: routing keeps it off mail and SMS, and this would not put it
 * there either.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/timestamp.h"

#include "channel/content.h"
#include "channel/rendition.h"
#include "render/calendar.h"
#include "render/front_matter.h"
#include "render/markdown.h"
#include "render/notice.h"
#include "render/notice_part.h"
#include "render/template_text.h"

#define TO_UNIX(timestamp) ((timestamp) + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

static bool build_calendar(const IonJob *job, const IonNotice *notice, const char *subject, const char *organizer, StringInfo out, const char **error);

static bool
build_calendar(const IonJob *job, const IonNotice *notice, const char *subject, const char *organizer, StringInfo out, const char **error)
{
	IonCalendarEvent event = {0};

	event.uid = notice->id;
	event.summary = subject;
	event.time_zone = notice->time_zone;
	event.organizer_name = notice->organization;
	event.organizer_address = organizer;
	event.due_at = notice->due_date;
	event.stamped_at = TO_UNIX(job->created_at);
	return ion_calendar_build(out, &event, error);
}

bool
ion_rendition_mail(const IonJob *job, const char *organizer, IonMailRendition *mail, const char **error)
{
	IonNotice	notice;
	IonNoticeHead head;
	StringInfoData html;
	StringInfoData text;
	StringInfoData calendar;

	initStringInfo(&html);
	initStringInfo(&text);
	memset(mail, 0, sizeof(*mail));
	ion_content_notice(job, &notice);
	if (!ion_notice_html(&html, &notice, error) || !ion_notice_text(&text, &notice, error))
		return false;
	/* as the HTML's heading: values may have made it long, or turn it round */
	ion_notice_head(&notice, &head);
	mail->subject = head.subject;
	mail->html = html.data;
	mail->text = text.data;
	if (job->text != NULL && job->text->calendar && !job->secure && notice.due_date != ION_NOTICE_NO_DATE)
	{
		initStringInfo(&calendar);
		if (!build_calendar(job, &notice, mail->subject, organizer, &calendar, error))
			return false;
		mail->calendar = calendar.data;
	}
	if (job->unsubscribe_url != NULL)
	{
		ion_unsubscribe_headers(mail->headers, job->unsubscribe_url);
		mail->n_headers = ION_UNSUBSCRIBE_HEADERS;
	}
	return true;
}

bool
ion_rendition_text(const IonJob *job, StringInfo out, const char **error)
{
	size_t		matter;

	if (job->secure)
		return true;
	matter = ion_front_matter_length(job->markdown, strlen(job->markdown));
	if (!ion_markdown_to_text(job->markdown + matter, strlen(job->markdown + matter), out, error))
		return false;
	while (out->len > 0 && out->data[out->len - 1] == '\n')
		out->data[--out->len] = '\0';
	return true;
}

bool
ion_rendition_sms(const IonJob *job, StringInfo out, IonSmsSize *size)
{
	StringInfoData text;
	IonNotice	notice;

	initStringInfo(&text);
	ion_content_notice(job, &notice);
	if (job->plain && !job->secure)
		appendStringInfoString(&text, job->markdown);
	else
		ion_notice_sms_source(&text, &notice);
	return ion_sms_fit(out, text.data, text.len, job->sms_max_segments, job->sms_transliterate, size);
}

void
ion_rendition_push(const IonJob *job, StringInfo title, StringInfo body)
{
	IonNotice	notice;
	const char *line;
	const char *text;
	const char *error;
	size_t		len;

	ion_content_notice(job, &notice);
	/* a template's text for push says both itself; anonymous stays anonymous */
	if (job->push_full && !job->secure && job->text != NULL && strcmp(job->text->channel, "push") == 0 &&
		(text = ion_notice_markdown(&notice, &len, &error)) != NULL)
	{
		line = ion_notice_line(job->subject);
		appendStringInfoString(title, line != NULL ? line : "");
		appendBinaryStringInfo(body, text, (int) len);
	}
	else
		ion_notice_push(&notice, job->push_full, title, body);
}
