/*-------------------------------------------------------------------------
 *
 * notice_html.c
 *	  A notice as the HTML part of a mail.
 *
 * A letter on a sheet: who writes, the subject as the only first-level
 * heading, due date and payment at a glance, the text, the small print.  Each
 * is a landmark, and no table is there for its looks but the one that keeps
 * the logo beside the name and the frame that Outlook needs.
 *
 * Nothing is loaded but the organization's logo, over https and only when it
 * has one; the letter is whole without it, and opening it without images tells
 * nobody.  Values are escaped here, at the one place that writes them;
 * Markdown goes through ion_markdown_render(), which lets no tag of the
 * sender's through.  Colours are of the form #rrggbb by construction.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/escape.h"
#include "render/markdown.h"
#include "render/notice.h"
#include "render/notice_part.h"
#include "render/notice_preview.h"
#include "render/notice_style.h"
#include "render/phrase.h"

/* Characters of the line that a list of mails shows beside the subject. */
#define PREHEADER_MAX	110

#define LOGO_SIZE		"64"	/* pixels: the square it is fitted into */

/* The text of a notice, and how the list of mails shows it. */
typedef struct Body
{
	StringInfoData html;
	StringInfoData preheader;
} Body;

static bool make_body(Body *body, const IonNotice *notice,
					  const IonNoticeStyle *style, const char **error);
static void make_announcement(Body *body, const IonNotice *notice);
static bool make_foot(StringInfo out, const IonNotice *notice,
					  const IonNoticeHead *head, const IonNoticeStyle *style,
					  const char **error);
static bool put_markdown(StringInfo out, const char *markdown,
						 const IonNoticeStyle *style, const char **error);
static void put_opening(StringInfo out, const IonNotice *notice,
						const char *subject, const char *preheader,
						const IonNoticeStyle *style);
static void put_band(StringInfo out, const IonNotice *notice,
					 const IonNoticeHead *head, const IonNoticeStyle *style);
static void put_subject(StringInfo out, const IonNotice *notice, const char *subject);
static void put_facts(StringInfo out, const IonNotice *notice,
					  const IonNoticeFacts *facts, const IonNoticeStyle *style);
static void put_phrase_language(StringInfo out, const IonNotice *notice);
static void put_escaped(StringInfo out, const char *text);
static void put_link(StringInfo out, const char *url, const char *text,
					 const IonNoticeStyle *style);

bool
ion_notice_html(StringInfo out, const IonNotice *notice, const char **error)
{
	IonNoticeStyle style;
	IonNoticeHead head;
	IonNoticeFacts facts;
	Body		body;
	StringInfoData foot;

	ion_notice_style(&style, notice->layout && !notice->secure ? notice->layout->primary_color : NULL);
	ion_notice_head(notice, &head);
	initStringInfo(&foot);
	if (!ion_notice_facts(notice, &facts, error) ||
		!make_body(&body, notice, &style, error) ||
		!make_foot(&foot, notice, &head, &style, error))
		return false;

	put_opening(out, notice, head.subject, body.preheader.data, &style);
	put_band(out, notice, &head, &style);
	appendStringInfoString(out, "<div role=\"main\" class=\"pad\" style=\"padding:32px 40px 24px\">\n");
	put_subject(out, notice, head.subject);
	put_facts(out, notice, &facts, &style);
	appendStringInfoString(out, "<div dir=\"auto\">\n");
	appendBinaryStringInfo(out, body.html.data, body.html.len);
	appendStringInfoString(out, "</div>\n</div>\n");
	appendBinaryStringInfo(out, foot.data, foot.len);
	appendStringInfoString(out, "</div>\n"
						   "<!--[if mso]></td></tr></table><![endif]-->\n"
						   "</div>\n</body>\n</html>\n");
	return true;
}

/* The text: the sender's whole, its beginning, or only that there is one. */
static bool
make_body(Body *body, const IonNotice *notice, const IonNoticeStyle *style,
		  const char **error)
{
	StringInfoData html;
	StringInfoData text;
	const char *markdown;
	size_t		len;

	initStringInfo(&body->html);
	initStringInfo(&body->preheader);
	if (notice->secure)
	{
		make_announcement(body, notice);
		return true;
	}
	initStringInfo(&html);
	initStringInfo(&text);
	markdown = ion_notice_markdown(notice, &len, error);
	if (markdown == NULL ||
		!ion_markdown_render(markdown, len, notice->preview_only ? NULL : &html, &text, error))
		return false;
	if (!notice->preview_only)
	{
		ion_notice_style_html(&body->html, html.data, html.len, style);
		ion_notice_preview(&body->preheader, text.data, "", PREHEADER_MAX);
		return true;
	}
	resetStringInfo(&html);
	ion_notice_preview(&html, text.data, ion_phrase(notice->language, ION_PHRASE_LINK_REMOVED),
					   ION_NOTICE_PREVIEW_MAX);
	ion_notice_unlink(&body->preheader, html.data);
	appendStringInfoString(&body->html, "<p style=\"margin:0 0 16px\">");
	put_escaped(&body->html, body->preheader.data);
	appendStringInfoString(&body->html, "</p>\n<p style=\"margin:0 0 16px\"><strong");
	put_phrase_language(&body->html, notice);
	appendStringInfo(&body->html, ">%s</strong></p>\n",
					 ion_phrase(notice->language, ION_PHRASE_OPEN_APP_FULL));
	return true;
}

/* A secure notice: phrases of ours, which need no escaping. */
static void
make_announcement(Body *body, const IonNotice *notice)
{
	const char *open = ion_phrase(notice->language, ION_PHRASE_OPEN_APP);

	appendStringInfo(&body->preheader, "%s.", open);
	appendStringInfoString(&body->html, "<p style=\"margin:0 0 16px\"");
	put_phrase_language(&body->html, notice);
	appendStringInfo(&body->html, ">%s.</p>\n<p class=\"muted\" style=\"margin:0 0 16px;color:" ION_STYLE_MUTED "\"", open);
	put_phrase_language(&body->html, notice);
	appendStringInfo(&body->html, ">%s</p>\n", ion_phrase(notice->language, ION_PHRASE_PRIVACY));
}

/* Everything below the text; nothing when there is nothing to say there. */
static bool
make_foot(StringInfo out, const IonNotice *notice, const IonNoticeHead *head,
		  const IonNoticeStyle *style, const char **error)
{
	IonNoticeFoot foot;
	StringInfoData inner;

	ion_notice_foot(notice, &foot);
	initStringInfo(&inner);
	if (foot.footer_markdown != NULL)
	{
		if (!put_markdown(&inner, foot.footer_markdown, style, error))
			return false;
	}
	else if (head->organization != NULL)
	{
		appendStringInfoString(&inner, "<p dir=\"auto\" style=\"margin:0 0 16px\">");
		put_escaped(&inner, head->organization);
		if (head->service != NULL)
		{
			appendStringInfoString(&inner, "<br>");
			put_escaped(&inner, head->service);
		}
		appendStringInfoString(&inner, "</p>\n");
	}
	if (foot.contacts_markdown != NULL)
	{
		appendStringInfoString(&inner, "<h2 style=\"margin:0 0 4px;font-size:15px;line-height:1.4;font-weight:700\"");
		put_phrase_language(&inner, notice);
		appendStringInfo(&inner, ">%s</h2>\n", ion_phrase(notice->language, ION_PHRASE_CONTACTS));
		if (!put_markdown(&inner, foot.contacts_markdown, style, error))
			return false;
	}
	if (foot.website != NULL)
	{
		appendStringInfoString(&inner, "<p style=\"margin:0 0 16px\">");
		put_link(&inner, foot.website, foot.website, style);
		appendStringInfoString(&inner, "</p>\n");
	}
	if (foot.unsubscribe_url != NULL)
	{
		appendStringInfoString(&inner, "<p dir=\"auto\" style=\"margin:0 0 16px\"");
		if (foot.unsubscribe_ours)
			put_phrase_language(&inner, notice);
		appendStringInfoCharMacro(&inner, '>');
		put_link(&inner, foot.unsubscribe_url, foot.unsubscribe_text, style);
		appendStringInfoString(&inner, "</p>\n");
	}
	if (inner.len > 0)
		appendStringInfo(out, "<div role=\"contentinfo\" class=\"pad muted line\" style=\"padding:24px 40px 8px;"
						 "border-top:1px solid " ION_STYLE_LINE ";color:" ION_STYLE_MUTED
						 ";font-size:15px;line-height:1.5\">\n%s</div>\n", inner.data);
	return true;
}

/* A layout's Markdown, styled like the text. */
static bool
put_markdown(StringInfo out, const char *markdown, const IonNoticeStyle *style,
			 const char **error)
{
	StringInfoData html;

	initStringInfo(&html);
	if (!ion_markdown_to_html(markdown, strlen(markdown), &html, error))
		return false;
	appendStringInfoString(out, "<div dir=\"auto\">\n");
	ion_notice_style_html(out, html.data, html.len, style);
	appendStringInfoString(out, "</div>\n");
	return true;
}

/* From the doctype to the open sheet. */
static void
put_opening(StringInfo out, const IonNotice *notice, const char *subject,
			const char *preheader, const IonNoticeStyle *style)
{
	const char *language = ion_notice_language(notice);

	appendStringInfoString(out, "<!DOCTYPE html>\n<html lang=\"");
	put_escaped(out, language);
	appendStringInfoString(out, "\">\n<head>\n<meta charset=\"utf-8\">\n"
						   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
						   "<meta name=\"color-scheme\" content=\"light dark\">\n"
						   "<meta name=\"supported-color-schemes\" content=\"light dark\">\n"
						   "<meta name=\"format-detection\" content=\"telephone=no, date=no, address=no\">\n"
						   "<title>");
	put_escaped(out, subject);
	appendStringInfoString(out, "</title>\n");
	ion_notice_style_sheet(out, style);
	appendStringInfoString(out, "</head>\n<body class=\"page\" style=\"margin:0;padding:0;background-color:" ION_STYLE_PAGE "\">\n"
						   "<div aria-hidden=\"true\" style=\"display:none;max-height:0;overflow:hidden;opacity:0;mso-hide:all\">");
	put_escaped(out, preheader);
	/* readers that drop the document's own elements keep this one's language */
	appendStringInfoString(out, "</div>\n<div class=\"page\" lang=\"");
	put_escaped(out, language);
	appendStringInfoString(out, "\" style=\"padding:16px 8px 32px;background-color:" ION_STYLE_PAGE "\">\n"
						   "<!--[if mso]><table role=\"presentation\" align=\"center\" width=\"640\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td><![endif]-->\n"
						   "<div class=\"sheet\" style=\"max-width:640px;margin:0 auto;background-color:" ION_STYLE_SHEET
						   ";color:" ION_STYLE_TEXT ";font-family:" ION_STYLE_FONT
						   ";font-size:17px;line-height:1.6;overflow-wrap:break-word;word-break:break-word\">\n");
}

/* Who writes: the organization's name on its colour, its logo on white. */
static void
put_band(StringInfo out, const IonNotice *notice, const IonNoticeHead *head,
		 const IonNoticeStyle *style)
{
	const IonLayout *layout = notice->secure ? NULL : notice->layout;
	bool		logo = layout != NULL && head->organization != NULL &&
		ion_notice_url_valid(layout->logo_url, true);

	if (head->organization == NULL)
	{
		appendStringInfo(out, "<div style=\"height:8px;background-color:%s;color:%s\"></div>\n", style->band, style->band_text);
		return;
	}
	appendStringInfo(out, "<div role=\"banner\" class=\"line\" style=\"background-color:%s;color:%s;border-bottom:1px solid " ION_STYLE_LINE "\">\n",
					 style->band, style->band_text);
	if (logo)
	{
		char	   *alt = ion_notice_line(layout->logo_alt);

		appendStringInfoString(out, "<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"border-collapse:collapse\"><tr>\n"
							   "<td width=\"88\" style=\"width:88px;padding:12px;background-color:#ffffff;color:" ION_STYLE_TEXT
							   ";font-size:12px;line-height:1.3;box-sizing:border-box;vertical-align:middle\"><img src=\"");
		put_escaped(out, layout->logo_url);
		appendStringInfoString(out, "\" alt=\"");
		put_escaped(out, alt ? alt : "");
		appendStringInfoString(out, "\" width=\"" LOGO_SIZE "\" height=\"" LOGO_SIZE "\" style=\"display:block;width:" LOGO_SIZE "px;height:" LOGO_SIZE
							   "px;object-fit:contain;border:0\"></td>\n<td style=\"padding:0\">\n");
	}
	appendStringInfo(out, "<div class=\"pad\" dir=\"auto\" style=\"padding:18px %s;line-height:1.4\">\n"
					 "<div style=\"font-size:19px;font-weight:700\">", logo ? "24px" : "40px");
	put_escaped(out, head->organization);
	appendStringInfoString(out, "</div>\n");
	if (head->service != NULL)
	{
		appendStringInfoString(out, "<div style=\"font-size:16px\">");
		put_escaped(out, head->service);
		appendStringInfoString(out, "</div>\n");
	}
	appendStringInfoString(out, logo ? "</div>\n</td></tr></table>\n</div>\n" : "</div>\n</div>\n");
}

/* The heading; in a preview nothing in it may become a link either. */
static void
put_subject(StringInfo out, const IonNotice *notice, const char *subject)
{
	StringInfoData plain;

	appendStringInfoString(out, "<h1 dir=\"auto\" style=\"margin:0 0 24px;font-size:28px;line-height:1.25;font-weight:700\"");
	if (ion_notice_subject(notice) != notice->subject)
		put_phrase_language(out, notice);
	appendStringInfoCharMacro(out, '>');
	if (notice->preview_only && !notice->secure)
	{
		initStringInfo(&plain);
		ion_notice_unlink(&plain, subject);
		put_escaped(out, plain.data);
	}
	else
		put_escaped(out, subject);
	appendStringInfoString(out, "</h1>\n");
}

/* Due date and payment: a table, because that is what it is. */
static void
put_facts(StringInfo out, const IonNotice *notice, const IonNoticeFacts *facts,
		  const IonNoticeStyle *style)
{
	if (facts->count == 0)
		return;
	appendStringInfo(out, "<div class=\"panel edge\" style=\"margin:0 0 28px;padding:16px 20px;background-color:" ION_STYLE_PANEL
					 ";border-left:4px solid %s\"", style->accent);
	put_phrase_language(out, notice);
	appendStringInfoString(out, ">\n");
	if (facts->payment)
		appendStringInfo(out, "<h2 style=\"margin:0 0 8px;font-size:19px;line-height:1.3;font-weight:700\">%s</h2>\n",
						 ion_phrase(notice->language, ION_PHRASE_PAYMENT));
	appendStringInfoString(out, "<table class=\"fact\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\" style=\"width:100%;border-collapse:collapse;font-size:17px;line-height:1.5\">\n");
	for (int i = 0; i < facts->count; i++)
	{
		const IonNoticeFact *fact = &facts->fact[i];

		appendStringInfo(out, "<tr><th scope=\"row\" class=\"muted\" style=\"width:40%%;padding:4px 12px 4px 0;text-align:left;vertical-align:top;font-weight:400;color:" ION_STYLE_MUTED "\">%s</th>"
						 "<td style=\"padding:4px 0;text-align:left;vertical-align:top;font-weight:700%s\">",
						 fact->label, fact->digits ? ";white-space:nowrap" : "");
		put_escaped(out, fact->value);
		appendStringInfoString(out, "</td></tr>\n");
	}
	appendStringInfoString(out, "</table>\n");
	if (facts->remark != NULL)
		appendStringInfo(out, "<p style=\"margin:8px 0 0\">%s</p>\n", facts->remark);
	appendStringInfoString(out, "</div>\n");
}

/* Says in which language our phrases are when it is not the notice's. */
static void
put_phrase_language(StringInfo out, const IonNotice *notice)
{
	const char *ours = ion_phrase_language(notice->language);
	const char *language = ion_notice_language(notice);
	size_t		len = strlen(ours);

	if (pg_strncasecmp(language, ours, len) != 0 ||
		(language[len] != '\0' && language[len] != '-'))
		appendStringInfo(out, " lang=\"%s\"", ours);
}

static void
put_escaped(StringInfo out, const char *text)
{
	ion_escape_append(out, ION_ESCAPE_HTML, text, strlen(text));
}

static void
put_link(StringInfo out, const char *url, const char *text,
		 const IonNoticeStyle *style)
{
	appendStringInfoString(out, "<a href=\"");
	put_escaped(out, url);
	appendStringInfo(out, "\" style=\"color:%s;text-decoration:underline\">", style->accent);
	put_escaped(out, text);
	appendStringInfoString(out, "</a>");
}
