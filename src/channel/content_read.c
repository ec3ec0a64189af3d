/*-------------------------------------------------------------------------
 *
 * content_read.c
 *	  Which text and which layout a claimed delivery gets.
 *
 * Jobs of one claim share what they point to; it is pinned until they are
 * freed, so it may be forgotten meanwhile.  Only a template or a layout nobody
 * kept costs a query.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/content.h"
#include "channel/layout_cache.h"
#include "channel/template_cache.h"
#include "crypto/unsubscribe_token.h"
#include "queue/registry_read.h"
#include "queue/service_cache.h"
#include "render/unsubscribe_link.h"

/* The key of this database's unsubscribe tokens. */
typedef struct IonKeyKept
{
	IonKept		kept;
	uint8		key[ION_SECRET_MAX];
	int			length;
} IonKeyKept;

static void read_template(IonJob *job);
static void read_layout(IonJob *job);
static const IonKeyKept *unsubscribe_key(void);
static void offer_unsubscribing(IonJob *job);

void
ion_content_read(dlist_head *jobs)
{
	dlist_iter	iter;

	dlist_foreach(iter, jobs)
	{
		IonJob	   *job = dlist_container(IonJob, node, iter.cur);

		if (job->content_read)
			continue;
		job->content_read = true;
		if (job->template != NULL)
			read_template(job);
		if (strcmp(job->channel, "email") == 0 || strcmp(job->channel, "pec") == 0)
			read_layout(job);
	}
}

static void
read_template(IonJob *job)
{
	const char *const languages[] = {
		job->language, job->citizen_language, job->service_language, job->organization_language, ION_TEXT_DEFAULT_LANGUAGE
	};

	job->family = ion_family_get(job->template, job->template_version);
	if (job->family == NULL)
		return;
	ion_kept_pin(&job->family->kept, job->cxt);
	job->text = ion_template_text_choose(job->family->texts, job->family->n_texts, job->channel,
										 languages, lengthof(languages));
	if (job->text != NULL && job->text->sms_max_segments > 0)
		job->sms_max_segments = job->text->sms_max_segments;
}

static void
read_layout(IonJob *job)
{
	const char *organization = job->text != NULL && job->text->layout != NULL ? job->text->layout : job->organization_code;
	IonLayoutKept *kept;

	if (organization == NULL)
		return;
	kept = ion_layout_get(organization);
	if (!kept->exists)
		return;
	ion_kept_pin(&kept->kept, job->cxt);
	job->layout = kept;
	if (kept->unsubscribe_url != NULL && job->lane != NULL && strcmp(job->channel, "email") == 0)
		offer_unsubscribing(job);
}

static const IonKeyKept *
unsubscribe_key(void)
{
	static const char *const name = "key unsubscribe";
	IonKeyKept *kept = (IonKeyKept *) ion_kept_find(name);

	if (kept != NULL)
		return kept;
	kept = (IonKeyKept *) ion_kept_begin(name, sizeof(IonKeyKept));
	kept->length = ion_secret_read("unsubscribe", kept->key);
	ion_kept_end(&kept->kept);
	return kept;
}

/* Nobody leaves a mandatory service: its mail does not say one could. */
static void
offer_unsubscribing(IonJob *job)
{
	const IonService *service = ion_service_find(job->service);
	const IonKeyKept *key;
	char		token[ION_UNSUBSCRIBE_TOKEN_LEN + 1];
	StringInfoData url;
	const char *error;
	MemoryContext old;

	if (service == NULL || service->mandatory)
		return;
	key = unsubscribe_key();
	if (!ion_unsubscribe_token_build(key->key, key->length, job->message_id.data, job->seq, token, &error))
		elog(ERROR, "could not make an unsubscribe token: %s", error);
	old = MemoryContextSwitchTo(job->cxt);
	initStringInfo(&url);
	/* the URL was checked when it was written */
	if (ion_unsubscribe_url(&url, job->layout->unsubscribe_url, token, &error))
		job->unsubscribe_url = url.data;
	MemoryContextSwitchTo(old);
}
