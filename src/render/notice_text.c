/*-------------------------------------------------------------------------
 *
 * notice_text.c
 *	  A notice as the plain-text part of a mail.
 *
 * What the HTML part says, in the same order, to be read as it stands: headings
 * are underlined, parts are a blank line or a rule apart, lines are short
 * except where breaking them would break a URL.  Lines end in LF.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/markdown.h"
#include "render/notice.h"
#include "render/notice_part.h"
#include "render/notice_preview.h"
#include "render/phrase.h"
#include "render/text_check.h"
#include "render/text_wrap.h"

#define RULE	"----------------------------------------\n"

static bool make_body(StringInfo out, const IonNotice *notice, const char **error);
static bool make_foot(StringInfo out, const IonNotice *notice, const char **error);
static bool put_markdown(StringInfo out, const char *markdown, const char **error);
static void put_head(StringInfo out, const IonNoticeHead *head);
static void put_facts(StringInfo out, const IonNotice *notice, const IonNoticeFacts *facts);
static void put_line(StringInfo out, const char *line);

bool
ion_notice_text(StringInfo out, const IonNotice *notice, const char **error)
{
	IonNoticeHead head;
	IonNoticeFacts facts;
	StringInfoData body;
	StringInfoData foot;

	ion_notice_head(notice, &head);
	initStringInfo(&body);
	initStringInfo(&foot);
	if (!ion_notice_facts(notice, &facts, error) ||
		!make_body(&body, notice, error) ||
		!make_foot(&foot, notice, error))
		return false;
	put_head(out, &head);
	put_facts(out, notice, &facts);
	ion_text_wrap(out, body.data, body.len);
	if (foot.len > 0)
	{
		appendStringInfoString(out, "\n" RULE);
		ion_text_wrap(out, foot.data, foot.len);
	}
	return true;
}

/* The text, its beginning, or only that there is one; ends its last line. */
static bool
make_body(StringInfo out, const IonNotice *notice, const char **error)
{
	StringInfoData text;
	const char *markdown;
	size_t		len;

	if (notice->secure)
	{
		appendStringInfo(out, "%s.\n\n%s\n", ion_phrase(notice->language, ION_PHRASE_OPEN_APP),
						 ion_phrase(notice->language, ION_PHRASE_PRIVACY));
		return true;
	}
	markdown = ion_notice_markdown(notice, &len, error);
	if (markdown == NULL)
		return false;
	if (!notice->preview_only)
		return ion_markdown_to_text(markdown, len, out, error);
	initStringInfo(&text);
	if (!ion_markdown_to_text(markdown, len, &text, error))
		return false;
	ion_notice_preview(out, text.data, ion_phrase(notice->language, ION_PHRASE_LINK_REMOVED),
					   ION_NOTICE_PREVIEW_MAX);
	appendStringInfo(out, "\n\n%s\n", ion_phrase(notice->language, ION_PHRASE_OPEN_APP_FULL));
	return true;
}

/* What stands below the rule; the sender's name is at the top already. */
static bool
make_foot(StringInfo out, const IonNotice *notice, const char **error)
{
	IonNoticeFoot foot;
	const char *language = notice->language;

	ion_notice_foot(notice, &foot);
	if (foot.footer_markdown != NULL && !put_markdown(out, foot.footer_markdown, error))
		return false;
	if (foot.contacts_markdown != NULL)
	{
		appendStringInfo(out, "%s%s:\n", out->len > 0 ? "\n" : "", ion_phrase(language, ION_PHRASE_CONTACTS));
		if (!put_markdown(out, foot.contacts_markdown, error))
			return false;
	}
	if (foot.website != NULL)
		appendStringInfo(out, "%s%s: %s\n", out->len > 0 ? "\n" : "",
						 ion_phrase(language, ION_PHRASE_WEBSITE), foot.website);
	if (foot.unsubscribe_url != NULL)
		appendStringInfo(out, "%s%s:\n%s\n", out->len > 0 ? "\n" : "", foot.unsubscribe_text, foot.unsubscribe_url);
	return true;
}

static bool
put_markdown(StringInfo out, const char *markdown, const char **error)
{
	return ion_markdown_to_text(markdown, strlen(markdown), out, error);
}

/* Who writes, and the subject, underlined. */
static void
put_head(StringInfo out, const IonNoticeHead *head)
{
	int			width = ion_text_char_count(head->subject, strlen(head->subject));

	if (head->organization != NULL)
		put_line(out, head->organization);
	if (head->service != NULL)
		put_line(out, head->service);
	if (head->organization != NULL)
		appendStringInfoCharMacro(out, '\n');
	put_line(out, head->subject);
	for (int i = Min(width, ION_TEXT_WRAP_COLUMN); i > 0; i--)
		appendStringInfoCharMacro(out, '=');
	appendStringInfoString(out, "\n\n");
}

/* Due date and payment: a value to a line, so that it can be copied. */
static void
put_facts(StringInfo out, const IonNotice *notice, const IonNoticeFacts *facts)
{
	if (facts->count == 0)
		return;
	if (facts->payment)
		appendStringInfo(out, "%s\n\n", ion_phrase(notice->language, ION_PHRASE_PAYMENT));
	for (int i = 0; i < facts->count; i++)
		appendStringInfo(out, "%s: %s\n", facts->fact[i].label, facts->fact[i].value);
	if (facts->remark != NULL)
		put_line(out, facts->remark);
	appendStringInfoString(out, "\n" RULE "\n");
}

static void
put_line(StringInfo out, const char *line)
{
	ion_text_wrap(out, line, strlen(line));
	appendStringInfoCharMacro(out, '\n');
}
