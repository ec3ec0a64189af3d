/*-------------------------------------------------------------------------
 *
 * content.h
 *	  What a delivery says: its message, templates filled in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_CONTENT_H
#define ION_CHANNEL_CONTENT_H

#include "postgres.h"

#include "queue/job.h"
#include "channel/provider.h"
#include "render/json_value.h"
#include "render/notice.h"

/*
 * Give each job of a claim its template's text and its layout, where it has
 * them.  Inside ion_tx_begin.
 */
extern void ion_content_read(dlist_head *jobs);

/*
 * Fill the job's template from its params: afterwards subject, markdown and
 * language are what is sent, and plain says whether markdown is Markdown.
 * Allocates in the job's context.  False with a reason in *error (static or in
 * the job's context).
 */
extern bool ion_content_prepare(IonJob *job, const char **error);

/* "<message_id>.<seq>": the identity of a delivery on every wire. */
#define ION_DELIVERY_ID_MAX 48
extern void ion_content_delivery_id(const IonJob *job, char *buffer);

/* Append a time as RFC 3339 in UTC, without quotes. */
extern void ion_content_time(StringInfo out, int64 timestamp);

/*
 * The placeholders a provider's body and headers may use, as a JSON object in
 * the current context: id message_id seq address recipient service subject
 * markdown text title body (of a push) reference language provider_template_id
 * sender user password token …
 */
extern IonValue *ion_content_placeholders(const IonJob *job, const IonProvider *provider, const char **error);

/*
 * The job as what render/notice.h renders; its content must be prepared.  The
 * notice points into the job and, for its id, into the current context.
 */
extern void ion_content_notice(const IonJob *job, IonNotice *notice);

/* The JSON document of a webhook without a body of its own. */
extern void ion_content_webhook(StringInfo out, const IonJob *job);

#endif							/* ION_CHANNEL_CONTENT_H */
