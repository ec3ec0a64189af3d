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

static void read_template(IonJob *job);
static void read_layout(IonJob *job);

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
}
