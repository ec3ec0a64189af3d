/*-------------------------------------------------------------------------
 *
 * layout_cache.c
 *	  Organizations' layouts as a process keeps them.
 *
 * That an organization has none is kept too.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"

#include "channel/layout_cache.h"
#include "queue/template_read.h"

static void fill(IonLayoutKept *kept, const IonLayoutRow *row);

static const char *
kept_text(const char *text)
{
	return text == NULL ? NULL : pstrdup(text);
}

static void
fill(IonLayoutKept *kept, const IonLayoutRow *row)
{
	MemoryContext old = MemoryContextSwitchTo(kept->kept.cxt);
	IonLayout  *layout = &kept->layout;

	kept->exists = true;
	layout->organization = kept_text(row->name);
	layout->logo_url = kept_text(row->logo_url);
	layout->logo_alt = kept_text(row->logo_alt);
	layout->primary_color = kept_text(row->primary_color);
	layout->footer_markdown = kept_text(row->footer_markdown);
	layout->contacts_markdown = kept_text(row->contacts_markdown);
	layout->website = kept_text(row->website);
	layout->unsubscribe_text = kept_text(row->unsubscribe_text);
	kept->unsubscribe_url = kept_text(row->unsubscribe_url);
	MemoryContextSwitchTo(old);
}

IonLayoutKept *
ion_layout_get(const char *organization)
{
	char		key[ION_KEPT_KEY_MAX];
	IonLayoutKept *kept;
	IonLayoutRow row;

	snprintf(key, sizeof(key), "layout %s", organization);
	kept = (IonLayoutKept *) ion_kept_find(key);
	if (kept != NULL)
		return kept;
	kept = (IonLayoutKept *) ion_kept_begin(key, sizeof(IonLayoutKept));
	if (ion_layout_read(organization, &row))
		fill(kept, &row);
	ion_kept_end(&kept->kept);
	return kept;
}
