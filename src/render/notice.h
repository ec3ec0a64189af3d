/*-------------------------------------------------------------------------
 *
 * notice.h
 *	  A notice as each channel shows it: e-mail, push, SMS.
 *
 * Dispatchers and preview() render with the same functions, so what preview()
 * shows is what the citizen gets.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_NOTICE_H
#define ION_RENDER_NOTICE_H

#include "base/pure.h"

#define ION_NOTICE_NO_DATE		PG_INT64_MIN
#define ION_NOTICE_PREVIEW_MAX	134 /* characters of a preview, then "..." */
#define ION_NOTICE_LINE_MAX		1000	/* octets of a one-line value */
#define ION_NOTICE_URL_MAX		800 /* octets of a layout's or unsubscribe URL */

/*
 * An organization's letterhead.  Every member may be NULL: then there is a
 * sane default, or nothing.
 */
typedef struct IonLayout
{
	const char *organization;	/* name to show; NULL: the notice's */
	const char *logo_url;		/* https; shown in a square */
	const char *logo_alt;		/* NULL: the name beside it says it all */
	const char *primary_color;	/* "#rrggbb"; NULL or ill: ours */
	const char *footer_markdown;	/* NULL: organization and service */
	const char *contacts_markdown;
	const char *website;		/* http or https */
	const char *unsubscribe_text;	/* of the link; NULL: ours */
} IonLayout;

/* What there is to say; all strings are the caller's, UTF-8, or NULL. */
typedef struct IonNotice
{
	const char *id;				/* the message's UUID */
	const char *language;		/* RFC 5646 tag; NULL: Italian */
	const char *time_zone;		/* IANA name; NULL: ION_LOCAL_TIME_ZONE */
	const char *service;		/* its key; never shown */
	const char *service_title;
	const char *organization;
	const char *subject;
	const char *markdown;		/* final: templates are filled in */
	const char *reference;		/* the sender's own; never shown */
	bool		secure;			/* announce the message, say nothing of it */
	bool		preview_only;	/* IO's style: the beginning, without links */
	int64		due_date;		/* microseconds since 1970, UTC, or
								 * ION_NOTICE_NO_DATE */
	int64		payment_amount; /* euro cents; 0 none */
	const char *payment_notice; /* 18 digits */
	const char *payment_payee;	/* fiscal code */
	bool		payment_invalid_after_due_date;
	const char *unsubscribe_url;	/* https; NULL none */
	const IonLayout *layout;	/* NULL: all defaults */
} IonNotice;

/*
 * The subject a mail's header and a push may show: the notice's own, or the
 * announcement for a secure notice or one without subject.  As it was given,
 * or static.
 */
extern const char *ion_notice_subject(const IonNotice *notice);

/*
 * Append a whole HTML document for a mail's text/html part, or the text/plain
 * part that says the same.  False, with *error a static string and out as it
 * was, when the Markdown is missing or refused by ion_markdown_render(), or a
 * date or amount cannot be written.
 */
extern bool ion_notice_html(StringInfo out, const IonNotice *notice,
							const char **error);
extern bool ion_notice_text(StringInfo out, const IonNotice *notice,
							const char **error);

/*
 * Append what a push notification shows.  full is the citizen's choice; a
 * secure notice is anonymous all the same.
 */
extern void ion_notice_push(const IonNotice *notice, bool full,
							StringInfo title, StringInfo body);

/*
 * Append what an SMS says when its template has no text for it: one line,
 * not yet fitted to segments.
 */
extern void ion_notice_sms_source(StringInfo out, const IonNotice *notice);

#endif							/* ION_RENDER_NOTICE_H */
