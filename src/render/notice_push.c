/*-------------------------------------------------------------------------
 *
 * notice_push.c
 *	  A notice in a few words: push notifications, and an SMS without a text
 *	  of its own.
 *
 * A telephone shows both while it is locked, to whoever is near.  So a secure
 * notice only says that there is a message, and a citizen who asked for
 * anonymous notifications gets the same.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "render/notice.h"
#include "render/notice_part.h"
#include "render/phrase.h"

void
ion_notice_push(const IonNotice *notice, bool full, StringInfo title,
				StringInfo body)
{
	IonNoticeHead head;

	ion_notice_head(notice, &head);
	if (full && head.organization != NULL)
	{
		appendStringInfoString(title, head.organization);
		appendStringInfoString(body, head.subject);
		return;
	}
	appendStringInfoString(title, ion_phrase(notice->language, ION_PHRASE_NEW_MESSAGE));
	appendStringInfoString(body, ion_phrase(notice->language, ION_PHRASE_OPEN_APP));
}

void
ion_notice_sms_source(StringInfo out, const IonNotice *notice)
{
	IonNoticeHead head;

	ion_notice_head(notice, &head);
	if (notice->secure)
	{
		appendStringInfo(out, "%s. %s.", ion_phrase(notice->language, ION_PHRASE_NEW_MESSAGE),
						 ion_phrase(notice->language, ION_PHRASE_OPEN_APP));
		return;
	}
	if (head.organization != NULL)
	{
		appendStringInfoString(out, head.organization);
		if (head.service != NULL)
			appendStringInfo(out, ", %s", head.service);
		appendStringInfoString(out, ": ");
	}
	appendStringInfoString(out, head.subject);
}
