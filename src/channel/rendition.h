/*-------------------------------------------------------------------------
 *
 * rendition.h
 *	  What a delivery looks like where it arrives.
 *
 * Transports send it, preview() shows it: the same bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_RENDITION_H
#define ION_CHANNEL_RENDITION_H

#include "postgres.h"

#include "queue/job.h"
#include "render/mime.h"
#include "render/sms_text.h"
#include "render/unsubscribe_link.h"

/* All in the current context, or pointing into the job. */
typedef struct IonMailRendition
{
	const char *subject;
	const char *html;
	const char *text;
	const char *calendar;		/* a text/calendar part, or NULL */
	IonMailHeader headers[ION_UNSUBSCRIBE_HEADERS];
	int			n_headers;
} IonMailRendition;

/*
 * Each renders a job whose content is prepared (ion_content_prepare).  False
 * with a reason in *error, static or in the current context.
 */

/* A mail; organizer is the sender's address (ASCII), or NULL. */
extern bool ion_rendition_mail(const IonJob *job, const char *organizer, IonMailRendition *mail, const char **error);

/* The message without markup, for a provider's body. */
extern bool ion_rendition_text(const IonJob *job, StringInfo out, const char **error);

/*
 * An SMS, fitted to its segments; *size says what it takes.  Returns whether
 * it had to be cut.
 */
extern bool ion_rendition_sms(const IonJob *job, StringInfo out, IonSmsSize *size);

/* What a push notification shows. */
extern void ion_rendition_push(const IonJob *job, StringInfo title, StringInfo body);

#endif							/* ION_CHANNEL_RENDITION_H */
