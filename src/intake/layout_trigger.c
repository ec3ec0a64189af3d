/*-------------------------------------------------------------------------
 *
 * layout_trigger.c
 *	  Triggers on layouts and templates: what a layout may say, and that
 *	  processes forget what they keep.
 *
 * A layout goes into citizens' mail under an organization's name: its links
 * must be links, its lines lines, its texts Markdown that can be rendered.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"

#include "intake/registry_trigger.h"
#include "io_notify.h"
#include "net/url_check.h"
#include "render/color.h"
#include "render/markdown.h"
#include "render/notice.h"
#include "render/text_check.h"

#define LAYOUT_LINE_MAX 200		/* bytes */
#define LAYOUT_TEXT_MAX 10000

static void check_url(const char *column, const char *value, bool https_only);
static void check_line(const char *column, const char *value);
static void check_markdown(const char *column, const char *value);
ion_noreturn static void refuse(const char *column, const char *detail);

PG_FUNCTION_INFO_V1(ion_check_layout);
PG_FUNCTION_INFO_V1(ion_template_changed);

static void
refuse(const char *column, const char *detail)
{
	ion_registry_error(psprintf("%s of the layout", column), detail);
}

static void
check_url(const char *column, const char *value, bool https_only)
{
	const char *error;
	IonUrl		url;

	if (!ion_url_parse(value, &url, &error))
		refuse(column, error);
	if (strlen(value) > ION_NOTICE_URL_MAX)
		refuse(column, "It is too long");
	if (strcmp(url.scheme, "https") != 0 && (https_only || strcmp(url.scheme, "http") != 0))
		refuse(column, "Its scheme must be https");
}

static void
check_line(const char *column, const char *value)
{
	if (strlen(value) > LAYOUT_LINE_MAX || ion_text_has_control(value, strlen(value)))
		refuse(column, "It must be one short line");
}

static void
check_markdown(const char *column, const char *value)
{
	StringInfoData html;
	const char *error;

	if (strlen(value) > LAYOUT_TEXT_MAX)
		refuse(column, "It is too long");
	initStringInfo(&html);
	if (!ion_markdown_to_html(value, strlen(value), &html, &error))
		refuse(column, error);
}

Datum
ion_check_layout(PG_FUNCTION_ARGS)
{
	HeapTuple	tuple = ion_registry_row(fcinfo);
	static const char *const columns[] = {
		"logo_url", "unsubscribe_url", "website", "name", "logo_alt", "unsubscribe_text", "footer_markdown", "contacts_markdown"
	};
	IonColor	color;
	char	   *value;

	for (int i = 0; i < (int) lengthof(columns); i++)
	{
		value = ion_registry_column(fcinfo, tuple, columns[i]);
		if (value == NULL)
			continue;
		if (i < 3)
			check_url(columns[i], value, i < 2);
		else if (i < 6)
			check_line(columns[i], value);
		else
			check_markdown(columns[i], value);
	}
	value = ion_registry_column(fcinfo, tuple, "primary_color");
	if (value != NULL && !ion_color_parse(value, &color))
		refuse("primary_color", "It must be written #rrggbb");
	return PointerGetDatum(tuple);
}

/*
 * _template_changed() trigger: after a row of a table that templates or
 * layouts are read from, every process forgets what it keeps of them when the
 * change commits.  It fires ALWAYS: replication brings rows too.
 */
Datum
ion_template_changed(PG_FUNCTION_ARGS)
{
	Oid			relid = get_relname_relid("template", get_namespace_oid(ION_SCHEMA, false));

	(void) fcinfo;
	if (OidIsValid(relid))
		CacheInvalidateRelcacheByRelid(relid);
	return PointerGetDatum(NULL);
}
