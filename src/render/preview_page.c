/*-------------------------------------------------------------------------
 *
 * preview_page.c
 *	  What preview() found, as one HTML page to open in a browser.
 *
 * The page needs nothing but itself: no script, no font, no style from
 * elsewhere, and its policy forbids them, so that text which should ever get
 * out of its place still finds nothing to run.  The one thing a browser may
 * fetch is what the mail itself shows, an organization's logo over https.
 *
 * HTML of a channel is a document of its own in a sandboxed frame: it is seen
 * as a mail reader shows it, its links lead nowhere, and its headings are not
 * ours.  Everything else is text, escaped here by put_text() alone.
 *
 * Our own words are English, like all that operators read; what the channels
 * say carries its language.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/escape.h"
#include "render/notice_style.h"
#include "render/preview_page.h"

#define LANGUAGE_MAX	35		/* octets of a language tag, RFC 5646 4.4.1 */

/* One channel's row, strings NULL where it has none. */
typedef struct Part
{
	int			number;			/* from 1: its place on the page */
	const char *channel;
	const char *language;
	const char *subject;
	const char *html;
	const char *text;
	const char *encoding;
	const char *segments;		/* as it is written */
	const char *problem;
} Part;

typedef void (*PartWriter) (StringInfo out, const Part *part);

static void write_mail(StringInfo out, const Part *part);
static void write_inbox(StringInfo out, const Part *part);
static void write_sms(StringInfo out, const Part *part);
static void write_push(StringInfo out, const Part *part);
static void write_webhook(StringInfo out, const Part *part);
static void write_other(StringInfo out, const Part *part);
static const char *string_of(const IonValue *object, const char *key);
static void read_part(Part *part, const IonValue *object, int number);
static const char *name_of(const Part *part);
static void put_head(StringInfo out, const char *title);
static void put_style_sheet(StringInfo out);
static void put_summary(StringInfo out, const char *title, const IonValue *parts);
static void put_section(StringInfo out, const Part *part);
static void put_text(StringInfo out, const char *text);
static void put_language(StringInfo out, const char *language);
static void put_pre(StringInfo out, const char *language, const char *text);
static void put_frame(StringInfo out, const Part *part, const char *html);
static void put_pair(StringInfo out, const char *term, const char *language, const char *value);

/* How each channel is called and shown; another one as it comes. */
static const struct
{
	const char *channel;
	const char *name;
	PartWriter	write;
	bool		shows_subject;	/* within what it writes */
}			looks[] = {
	{"inbox", "Inbox", write_inbox, false},
	{"email", "E-mail", write_mail, false},
	{"pec", "Certified e-mail (PEC)", write_mail, false},
	{"sms", "SMS", write_sms, false},
	{"push", "Push notification", write_push, true},
	{"webhook", "Webhook", write_webhook, false}
};

void
ion_preview_page_build(StringInfo out, const char *title, const IonValue *parts)
{
	Part		part;

	put_head(out, title);
	put_summary(out, title, parts);
	appendStringInfoString(out, "<main>\n");
	for (int i = 0; parts->kind == ION_JSON_ARRAY && i < parts->length; i++)
	{
		read_part(&part, &parts->u.items[i], i + 1);
		put_section(out, &part);
	}
	appendStringInfoString(out, "</main>\n</body>\n</html>\n");
}

/* A string member, or a number as it is written; NULL for anything else. */
static const char *
string_of(const IonValue *object, const char *key)
{
	const IonValue *value = ion_json_get(object, key, strlen(key));

	if (value == NULL || (value->kind != ION_JSON_STRING && value->kind != ION_JSON_NUMBER))
		return NULL;
	return value->u.text;
}

static void
read_part(Part *part, const IonValue *object, int number)
{
	part->number = number;
	part->channel = string_of(object, "channel");
	part->language = string_of(object, "language");
	part->subject = string_of(object, "subject");
	part->html = string_of(object, "html");
	part->text = string_of(object, "text");
	part->encoding = string_of(object, "encoding");
	part->segments = string_of(object, "segments");
	part->problem = string_of(object, "problem");
	/* what is no tag would make a screen reader guess worse than none */
	if (part->language != NULL &&
		(part->language[0] == '\0' || strlen(part->language) > LANGUAGE_MAX ||
		 part->language[strspn(part->language, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-")] != '\0'))
		part->language = NULL;
}

static const char *
name_of(const Part *part)
{
	if (part->channel == NULL)
		return "Channel";
	for (size_t i = 0; i < lengthof(looks); i++)
	{
		if (strcmp(part->channel, looks[i].channel) == 0)
			return looks[i].name;
	}
	return part->channel;
}

static void
put_head(StringInfo out, const char *title)
{
	appendStringInfoString(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
						   "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
						   "img-src https:; frame-src 'none'; form-action 'none'; base-uri 'none'\">\n"
						   "<meta name=\"referrer\" content=\"no-referrer\">\n"
						   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
						   "<meta name=\"color-scheme\" content=\"light dark\">\n"
						   "<meta name=\"robots\" content=\"noindex\">\n<title>Preview of ");
	put_text(out, title);
	appendStringInfoString(out, "</title>\n");
	put_style_sheet(out);
	appendStringInfoString(out, "</head>\n<body>\n");
}

/* Contrast of every pair is 4.5 or more, in either scheme. */
static void
put_style_sheet(StringInfo out)
{
	appendStringInfoString(out,
						   "<style>\n"
						   ":root{color-scheme:light dark;--page:" ION_STYLE_PAGE ";--sheet:" ION_STYLE_SHEET ";--panel:" ION_STYLE_PANEL
						   ";--text:" ION_STYLE_TEXT ";--muted:" ION_STYLE_MUTED ";--line:#758799;--link:#0055a4;--bubble:#dcecfb"
						   ";--alarm:#8a1212;--alarm-ground:#fdeaea}\n"
						   "@media (prefers-color-scheme:dark){:root{--page:#0f151c;--sheet:#18212b;--panel:#222e3a;--text:#e6edf3;--muted:#b4c1cd"
						   ";--line:#7d8c9b;--link:#8cc4ff;--bubble:#1f3f5f;--alarm:#ffb4b4;--alarm-ground:#3a1a1a}}\n"
						   "*{box-sizing:border-box}\n"
						   "body{margin:0;background:var(--page);color:var(--text);font:1rem/1.5 " ION_STYLE_FONT "}\n"
						   "header,main{max-width:64rem;margin:0 auto;padding:1rem}\n"
						   "h1,h2,h3{line-height:1.25;margin:0 0 .5rem;overflow-wrap:anywhere}h1{font-size:1.75rem}h2{font-size:1.375rem}h3{font-size:1.0625rem;margin-top:1.25rem}\n"
						   "a{color:var(--link)}a:focus-visible,iframe:focus-visible{outline:3px solid var(--link);outline-offset:2px}\n"
						   "nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;margin:0;padding:0;list-style:none}nav a{display:inline-block;padding:.25rem 0}\n"
						   "section{margin:0 0 1.5rem;padding:1.25rem;background:var(--sheet);border:1px solid var(--line);border-radius:.5rem}\n"
						   "dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1rem;margin:0 0 1rem}dt{color:var(--muted)}dd{margin:0;overflow-wrap:anywhere}\n"
						   "pre{margin:0;padding:1rem;background:var(--panel);border-radius:.25rem;font:.875rem/1.5 ui-monospace,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere}\n"
						   "iframe{display:block;width:100%;height:36rem;border:1px solid var(--line);resize:both;color-scheme:light dark}\n"
						   ".bubble,.card{max-width:24rem;padding:.75rem 1rem;border-radius:1rem;overflow-wrap:anywhere;white-space:pre-wrap}\n"
						   ".bubble{background:var(--bubble);border-bottom-left-radius:.25rem}\n"
						   ".card{background:var(--panel);border:1px solid var(--line)}.card p{margin:0}.card .first{font-weight:700}\n"
						   ".problem{margin:0 0 1rem;padding:.75rem 1rem;background:var(--alarm-ground);color:var(--alarm);border-left:.25rem solid var(--alarm);overflow-wrap:anywhere}\n"
						   "@media (max-width:32rem){section{padding:.75rem}dl{grid-template-columns:1fr}dd{margin:0 0 .5rem}}\n"
						   "@media print{iframe{height:60rem}section{break-inside:avoid}}\n"
						   "</style>\n");
}

/* The heading, how many channels there are and how many have a problem. */
static void
put_summary(StringInfo out, const char *title, const IonValue *parts)
{
	int			count = parts->kind == ION_JSON_ARRAY ? parts->length : 0;
	int			problems = 0;
	Part		part;

	for (int i = 0; i < count; i++)
		problems += string_of(&parts->u.items[i], "problem") != NULL;
	appendStringInfoString(out, "<header>\n<h1>Preview of <bdi>");
	put_text(out, title);
	appendStringInfo(out, "</bdi></h1>\n<p>%d channel%s", count, count == 1 ? "" : "s");
	if (problems > 0)
		appendStringInfo(out, ", <strong>%d with a problem</strong>", problems);
	appendStringInfoString(out, ".</p>\n");
	if (count > 1)
	{
		appendStringInfoString(out, "<nav aria-label=\"Channels\"><ul>\n");
		for (int i = 0; i < count; i++)
		{
			read_part(&part, &parts->u.items[i], i + 1);
			appendStringInfo(out, "<li><a href=\"#channel-%d\">", part.number);
			put_text(out, name_of(&part));
			appendStringInfoString(out, "</a></li>\n");
		}
		appendStringInfoString(out, "</ul></nav>\n");
	}
	appendStringInfoString(out, "</header>\n");
}

static void
put_section(StringInfo out, const Part *part)
{
	PartWriter	write = write_other;
	const char *subject = part->subject;

	for (size_t i = 0; part->channel != NULL && i < lengthof(looks); i++)
	{
		if (strcmp(part->channel, looks[i].channel) != 0)
			continue;
		write = looks[i].write;
		if (looks[i].shows_subject)
			subject = NULL;
	}
	appendStringInfo(out, "<section aria-labelledby=\"channel-%d\">\n<h2 id=\"channel-%d\">", part->number, part->number);
	put_text(out, name_of(part));
	appendStringInfoString(out, "</h2>\n");
	if (part->problem != NULL)
	{
		appendStringInfoString(out, "<p class=\"problem\"><strong>Problem:</strong> <bdi>");
		put_text(out, part->problem);
		appendStringInfoString(out, "</bdi></p>\n");
	}
	if (part->language != NULL || subject != NULL || part->encoding != NULL || part->segments != NULL)
	{
		appendStringInfoString(out, "<dl>\n");
		put_pair(out, "Language", NULL, part->language);
		put_pair(out, "Subject", part->language, subject);
		put_pair(out, "Encoding", NULL, part->encoding);
		put_pair(out, "Segments", NULL, part->segments);
		appendStringInfoString(out, "</dl>\n");
	}
	if (part->subject != NULL || part->html != NULL || part->text != NULL)
		write(out, part);
	else if (part->problem == NULL)
		appendStringInfoString(out, "<p>Nothing to show.</p>\n");
	appendStringInfoString(out, "</section>\n");
}

static void
write_mail(StringInfo out, const Part *part)
{
	if (part->html != NULL)
	{
		appendStringInfoString(out, "<h3>HTML</h3>\n");
		put_frame(out, part, part->html);
	}
	if (part->text != NULL)
	{
		appendStringInfoString(out, "<h3>Plain text</h3>\n");
		put_pre(out, part->language, part->text);
	}
}

/*
 * The inbox's HTML is a fragment, laid out here as an app would: the subject
 * is its only first-level heading.
 */
static void
write_inbox(StringInfo out, const Part *part)
{
	IonNoticeStyle style;
	StringInfoData page;

	if (part->html != NULL)
	{
		ion_notice_style(&style, NULL);
		initStringInfo(&page);
		appendStringInfoString(&page, "<!DOCTYPE html>\n<html");
		put_language(&page, part->language);
		appendStringInfoString(&page, ">\n<head>\n<meta charset=\"utf-8\">\n"
							   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
		put_text(&page, part->subject != NULL ? part->subject : "Message");
		appendStringInfoString(&page, "</title>\n");
		ion_notice_style_sheet(&page, &style);
		appendStringInfoString(&page, "</head>\n<body class=\"sheet\" style=\"margin:0;padding:16px;background-color:" ION_STYLE_SHEET ";color:" ION_STYLE_TEXT
							   ";font-family:" ION_STYLE_FONT ";font-size:17px;line-height:1.6;overflow-wrap:break-word\">\n"
							   "<main dir=\"auto\">\n<h1 dir=\"auto\" style=\"margin:0 0 24px;font-size:28px;line-height:1.25\">");
		put_text(&page, part->subject != NULL ? part->subject : "Message");
		appendStringInfoString(&page, "</h1>\n");
		ion_notice_style_html(&page, part->html, strlen(part->html), &style);
		appendStringInfoString(&page, "</main>\n</body>\n</html>\n");
		appendStringInfoString(out, "<h3>As the app shows it</h3>\n");
		put_frame(out, part, page.data);
		pfree(page.data);
	}
	if (part->text != NULL)
	{
		appendStringInfoString(out, "<h3>Markdown</h3>\n");
		put_pre(out, part->language, part->text);
	}
}

static void
write_sms(StringInfo out, const Part *part)
{
	appendStringInfoString(out, "<p class=\"bubble\" dir=\"auto\"");
	put_language(out, part->language);
	appendStringInfoCharMacro(out, '>');
	put_text(out, part->text != NULL ? part->text : "");
	appendStringInfoString(out, "</p>\n");
}

static void
write_push(StringInfo out, const Part *part)
{
	appendStringInfoString(out, "<div class=\"card\"");
	put_language(out, part->language);
	appendStringInfoString(out, "><p class=\"first\" dir=\"auto\">");
	put_text(out, part->subject != NULL ? part->subject : "");
	appendStringInfoString(out, "</p><p dir=\"auto\">");
	put_text(out, part->text != NULL ? part->text : "");
	appendStringInfoString(out, "</p></div>\n");
}

static void
write_webhook(StringInfo out, const Part *part)
{
	if (part->text == NULL)
		return;
	appendStringInfoString(out, "<h3>JSON</h3>\n");
	put_pre(out, NULL, part->text);
}

static void
write_other(StringInfo out, const Part *part)
{
	if (part->text != NULL)
		put_pre(out, part->language, part->text);
	if (part->html != NULL)
		put_pre(out, part->language, part->html);
}

/* Text, or the value of a quoted attribute. */
static void
put_text(StringInfo out, const char *text)
{
	ion_escape_append(out, ION_ESCAPE_HTML, text, strlen(text));
}

static void
put_language(StringInfo out, const char *language)
{
	if (language != NULL)
		appendStringInfo(out, " lang=\"%s\"", language);
}

static void
put_pre(StringInfo out, const char *language, const char *text)
{
	appendStringInfoString(out, "<pre dir=\"auto\"");
	put_language(out, language);
	/* a parser drops the line end that follows the tag */
	appendStringInfoString(out, ">\n");
	put_text(out, text);
	appendStringInfoString(out, "</pre>\n");
}

static void
put_frame(StringInfo out, const Part *part, const char *html)
{
	appendStringInfoString(out, "<iframe sandbox title=\"");
	put_text(out, name_of(part));
	appendStringInfoString(out, " as HTML\" srcdoc=\"");
	put_text(out, html);
	appendStringInfoString(out, "\"></iframe>\n");
}

static void
put_pair(StringInfo out, const char *term, const char *language, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(out, "<dt>%s</dt><dd dir=\"auto\"", term);
	put_language(out, language);
	appendStringInfoCharMacro(out, '>');
	put_text(out, value);
	appendStringInfoString(out, "</dd>\n");
}
