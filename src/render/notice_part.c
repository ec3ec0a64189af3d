/*-------------------------------------------------------------------------
 *
 * notice_part.c
 *	  The parts of a notice, ready to be set as HTML or as text.
 *
 * Here is decided what is shown and what is not: a secure notice has no
 * sender, subject, facts or footer to give away, a preview no facts.  Values
 * come from senders, their templates and citizens' names, so each is made one
 * line of ordinary text first.  Escaping is left to who knows the target.
 *
 * Memory is the current context's; nothing here refers to what it replaced.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/front_matter.h"
#include "render/notice_part.h"
#include "render/phrase.h"
#include "render/text_check.h"

/* Bytes of the longest character: whatever begins within a limit is whole. */
#define UTF8_MAX	4

#define LANGUAGE_MAX	35		/* octets of a tag, RFC 5646 section 4.4.1 */

static int	direction_control_bytes(const char *s, size_t len);
static int	control_bytes(const char *s, size_t len);
static const char *without_controls(const char *s, size_t *len);
static const char *layout_markdown(const char *markdown);

const char *
ion_notice_subject(const IonNotice *notice)
{
	if (notice->secure || notice->subject == NULL || notice->subject[0] == '\0')
		return ion_phrase(notice->language, ION_PHRASE_NEW_MESSAGE);
	return notice->subject;
}

const char *
ion_notice_language(const IonNotice *notice)
{
	const char *language = notice->language ? notice->language : "";
	size_t		len = strspn(language, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
							 "abcdefghijklmnopqrstuvwxyz0123456789-");

	if (len == 0 || len > LANGUAGE_MAX || language[len] != '\0')
		return ion_phrase_language(notice->language);
	return language;
}

void
ion_notice_head(const IonNotice *notice, IonNoticeHead *head)
{
	const IonLayout *layout = notice->layout;

	memset(head, 0, sizeof(*head));
	head->subject = ion_notice_line(ion_notice_subject(notice));
	if (head->subject == NULL)
		head->subject = pstrdup(ion_phrase(notice->language, ION_PHRASE_NEW_MESSAGE));
	if (notice->secure)
		return;
	if (layout != NULL)
		head->organization = ion_notice_line(layout->organization);
	if (head->organization == NULL)
		head->organization = ion_notice_line(notice->organization);
	head->service = ion_notice_line(notice->service_title);
	if (head->organization == NULL)
	{
		head->organization = head->service;
		head->service = NULL;
	}
	else if (head->service != NULL && strcmp(head->service, head->organization) == 0)
		head->service = NULL;
}

void
ion_notice_foot(const IonNotice *notice, IonNoticeFoot *foot)
{
	const IonLayout *layout = notice->secure ? NULL : notice->layout;

	memset(foot, 0, sizeof(*foot));
	if (layout != NULL)
	{
		foot->footer_markdown = layout_markdown(layout->footer_markdown);
		foot->contacts_markdown = layout_markdown(layout->contacts_markdown);
		if (ion_notice_url_valid(layout->website, false))
			foot->website = layout->website;
		foot->unsubscribe_text = ion_notice_line(layout->unsubscribe_text);
	}
	if (ion_notice_url_valid(notice->unsubscribe_url, true))
		foot->unsubscribe_url = notice->unsubscribe_url;
	foot->unsubscribe_ours = foot->unsubscribe_text == NULL;
	if (foot->unsubscribe_ours)
		foot->unsubscribe_text = pstrdup(ion_phrase(notice->language, ION_PHRASE_UNSUBSCRIBE));
}

char *
ion_notice_line(const char *text)
{
	StringInfoData line;
	size_t		len = text ? strnlen(text, ION_NOTICE_LINE_MAX + UTF8_MAX) : 0;

	if (len == 0)
		return NULL;
	initStringInfo(&line);
	for (size_t i = 0; i < len;)
	{
		int			n = ion_text_char_bytes(text + i, len - i);
		bool		space = n > 0 && (text[i] == ' ' || ion_text_has_control(text + i, n));

		if (i + Max(n, 1) > ION_NOTICE_LINE_MAX)
		{
			appendStringInfoString(&line, "\xe2\x80\xa6");	/* an ellipsis */
			break;
		}
		if (n == 0)
			appendStringInfoString(&line, "\xef\xbf\xbd");	/* not UTF-8 */
		else if (!space && direction_control_bytes(text + i, len - i) == 0)
			appendBinaryStringInfo(&line, text + i, n);
		else if (space && line.len > 0 && line.data[line.len - 1] != ' ')
			appendStringInfoCharMacro(&line, ' ');
		i += Max(n, 1);
	}
	while (line.len > 0 && line.data[line.len - 1] == ' ')
		line.data[--line.len] = '\0';
	return line.len > 0 ? line.data : NULL;
}

const char *
ion_notice_markdown(const IonNotice *notice, size_t *len, const char **error)
{
	const char *markdown = notice->markdown;
	size_t		matter;

	if (markdown == NULL)
	{
		*error = "the notice has no text";
		return NULL;
	}
	*len = strlen(markdown);
	matter = ion_front_matter_length(markdown, *len);
	*len -= matter;
	return without_controls(markdown + matter, len);
}

bool
ion_notice_url_valid(const char *url, bool https_only)
{
	size_t		len = url ? strnlen(url, ION_NOTICE_URL_MAX + 1) : 0;
	size_t		scheme = 0;

	if (len == 0 || len > ION_NOTICE_URL_MAX)
		return false;
	if (pg_strncasecmp(url, "https://", 8) == 0)
		scheme = 8;
	else if (!https_only && pg_strncasecmp(url, "http://", 7) == 0)
		scheme = 7;
	if (scheme == 0 || scheme == len || strchr("/?#@:", url[scheme]) != NULL)
		return false;
	for (size_t i = 0; i < len; i++)
	{
		if (url[i] <= ' ' || url[i] >= 0x7f || strchr("\"<>\\^`{|}", url[i]) != NULL)
			return false;
	}
	return true;
}

/*
 * Bytes of the embedding, override or isolate (U+202A to U+202E, U+2066 to
 * U+2069) at s, or 0.  They turn around what follows, also the text of others;
 * names in Arabic or Hebrew need none.
 */
static int
direction_control_bytes(const char *s, size_t len)
{
	const unsigned char *p = (const unsigned char *) s;

	if (len < 3 || p[0] != 0xe2)
		return 0;
	if (p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae)
		return 3;
	if (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9)
		return 3;
	return 0;
}

/* Bytes of a control at s that no text needs, or 0. */
static int
control_bytes(const char *s, size_t len)
{
	int			n = direction_control_bytes(s, len);

	if (n > 0 || s[0] == '\t' || s[0] == '\n' || s[0] == '\r')
		return n;
	n = Max(ion_text_char_bytes(s, len), 1);
	return ion_text_has_control(s, n) ? n : 0;
}

/* The text without them: itself where there are none, else a copy with a zero. */
static const char *
without_controls(const char *s, size_t *len)
{
	char	   *copy = NULL;
	size_t		kept = 0;
	size_t		done = 0;

	for (size_t i = 0; i < *len;)
	{
		int			n = control_bytes(s + i, *len - i);

		if (n == 0)
		{
			i++;
			continue;
		}
		if (copy == NULL)
			copy = palloc(*len + 1);
		memcpy(copy + kept, s + done, i - done);
		kept += i - done;
		i += n;
		done = i;
	}
	if (copy == NULL)
		return s;
	memcpy(copy + kept, s + done, *len - done);
	kept += *len - done;
	copy[kept] = '\0';
	*len = kept;
	return copy;
}

/* A layout's Markdown, or NULL. */
static const char *
layout_markdown(const char *markdown)
{
	size_t		len = markdown ? strlen(markdown) : 0;

	return len > 0 ? without_controls(markdown, &len) : NULL;
}
