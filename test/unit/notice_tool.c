/*
 * notice_tool.c
 *	  Renders notices from fields in a file, for notice_roundtrip.py.
 *
 * units: src/render/notice_html.c src/render/notice_text.c src/render/notice_push.c src/render/notice_part.c src/render/notice_fact.c src/render/notice_preview.c src/render/notice_style.c src/render/calendar.c src/render/color.c src/render/escape.c src/render/escape_markdown.c src/render/front_matter.c src/render/grapheme.c src/render/json_escape.c src/render/local_time.c src/render/locale_cache.c src/render/locale_format.c src/render/markdown.c src/render/markdown_text.c src/render/moment.c src/render/phrase.c src/render/text_check.c src/render/text_wrap.c
 *
 * The file named on the command line holds lines "field length", each followed
 * by that many octets and a line end; the field "build" ends a notice.  For
 * each notice the output has the HTML, the text, the push title and body, the
 * SMS and the calendar, each as a line "ok length" or "error length" and that
 * many octets: the result, or why it was refused.
 */
#include "base/pure.h"

#include <stdio.h>
#include <string.h>

#include "render/calendar.h"
#include "render/notice.h"

/* Which string of a notice or layout a field's name stands for, or NULL. */
static const char **
text_member(IonNotice *notice, IonLayout *layout, const char *field)
{
	struct
	{
		const char *field;
		const char **member;
	}			members[] = {
		{"id", &notice->id}, {"language", &notice->language},
		{"time_zone", &notice->time_zone},
		{"service_title", &notice->service_title},
		{"organization", &notice->organization},
		{"subject", &notice->subject}, {"markdown", &notice->markdown},
		{"payment_notice", &notice->payment_notice},
		{"payment_payee", &notice->payment_payee},
		{"unsubscribe_url", &notice->unsubscribe_url},
		{"layout_organization", &layout->organization},
		{"logo_url", &layout->logo_url}, {"logo_alt", &layout->logo_alt},
		{"primary_color", &layout->primary_color},
		{"footer", &layout->footer_markdown},
		{"contacts", &layout->contacts_markdown},
		{"website", &layout->website},
		{"unsubscribe_text", &layout->unsubscribe_text}
	};

	for (size_t i = 0; i < lengthof(members); i++)
	{
		if (strcmp(field, members[i].field) == 0)
			return members[i].member;
	}
	return NULL;
}

/* The fields that are numbers or flags; false for any other. */
static bool
set_number(IonNotice *notice, const char *field, const char *value)
{
	int64		number = strtoll(value, NULL, 10);

	if (strcmp(field, "due_date") == 0)
		notice->due_date = number;
	else if (strcmp(field, "payment_amount") == 0)
		notice->payment_amount = number;
	else if (strcmp(field, "invalid_after") == 0)
		notice->payment_invalid_after_due_date = number != 0;
	else if (strcmp(field, "secure") == 0)
		notice->secure = number != 0;
	else if (strcmp(field, "preview_only") == 0)
		notice->preview_only = number != 0;
	else
		return false;
	return true;
}

static void
print_result(bool done, StringInfo out, const char *const *error)
{
	if (!done)
		appendStringInfoString(out, *error);
	printf("%s %d\n", done ? "ok" : "error", out->len);
	fwrite(out->data, 1, out->len, stdout);
	pfree(out->data);
}

static void
print_notice(const IonNotice *notice)
{
	StringInfoData out[6];
	const char *error = NULL;
	IonCalendarEvent event = {0};

	for (size_t i = 0; i < lengthof(out); i++)
		initStringInfo(&out[i]);
	print_result(ion_notice_html(&out[0], notice, &error), &out[0], &error);
	print_result(ion_notice_text(&out[1], notice, &error), &out[1], &error);
	ion_notice_push(notice, true, &out[2], &out[3]);
	print_result(true, &out[2], &error);
	print_result(true, &out[3], &error);
	ion_notice_sms_source(&out[4], notice);
	print_result(true, &out[4], &error);
	event.uid = notice->id;
	event.summary = ion_notice_subject(notice);
	event.description = notice->markdown;
	event.organizer_name = notice->organization;
	event.organizer_address = "no-reply@comune.example.it";
	event.time_zone = notice->time_zone;
	event.due_at = notice->due_date;
	event.stamped_at = INT64CONST(1790000000000000);
	print_result(ion_calendar_build(&out[5], &event, &error), &out[5], &error);
}

int
main(int argc, char **argv)
{
	FILE	   *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
	IonNotice	notice = {.due_date = ION_NOTICE_NO_DATE};
	IonLayout	layout = {0};
	char		field[32];
	size_t		len;

	if (!file)
	{
		fprintf(stderr, "usage: notice_tool FILE\n");
		return 2;
	}
	while (fscanf(file, "%31s %zu", field, &len) == 2)
	{
		char	   *value = palloc0(len + 1);
		const char **to = text_member(&notice, &layout, field);

		if (fgetc(file) != '\n' || fread(value, 1, len, file) != len)
		{
			fprintf(stderr, "notice_tool: the file is cut short\n");
			return 2;
		}
		if (to != NULL)
			*to = value;
		else if (strcmp(field, "layout") == 0)
			notice.layout = &layout;
		else if (strcmp(field, "build") == 0)
		{
			print_notice(&notice);
			memset(&notice, 0, sizeof(notice));
			memset(&layout, 0, sizeof(layout));
			notice.due_date = ION_NOTICE_NO_DATE;
		}
		else if (!set_number(&notice, field, value))
		{
			fprintf(stderr, "notice_tool: unknown field %s\n", field);
			return 2;
		}
	}
	fclose(file);
	return 0;
}
