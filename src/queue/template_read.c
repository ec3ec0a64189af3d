/*-------------------------------------------------------------------------
 *
 * template_read.c
 *	  Templates and layouts as they stand in their tables.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "queue/plan.h"
#include "queue/template_read.h"

enum
{
	COL_ID = 1, COL_VERSION, COL_LIVE, COL_CHANNEL, COL_LANGUAGE, COL_SUBJECT, COL_MARKDOWN, COL_PARAMETERS,
	COL_PARTIALS, COL_REGISTRATIONS, COL_LAYOUT, COL_CALENDAR, COL_SEGMENTS
};

static IonPlan resolve = {
	"SELECT v.version, s.sms_max_segments, s.sms_transliterate, s.channels "
	"FROM io_notify.service s CROSS JOIN io_notify._template_version(s.name, $2) v (version) "
	"WHERE s.name = $1 AND v.version IS NOT NULL",
	2, {TEXTOID, TEXTOID}, NULL
};

static IonPlan read_family = {
	"SELECT n.* FROM ("
	"  SELECT DISTINCT ON (t.channel, t.language) t.id, t.version, coalesce(t.retired_version > $2, true), "
	"    t.channel, t.language, t.subject, t.markdown, t.parameters::text, t.partials::text, "
	"    (SELECT jsonb_agg(jsonb_build_object('provider', r.provider, 'id', r.provider_template_id, 'pattern', r.pattern))::text "
	"     FROM io_notify.template_registration r WHERE r.template_id = t.id), t.layout, t.calendar, t.sms_max_segments "
	"  FROM io_notify.template b JOIN io_notify.template t ON t.name = b.name AND t.kind = b.kind "
	"    AND t.service IS NOT DISTINCT FROM b.service AND t.organization IS NOT DISTINCT FROM b.organization AND t.version <= $2 "
	"  WHERE b.name = $1 AND b.kind = 'template' AND (b.version = $2 OR b.retired_version = $2) "
	"  ORDER BY t.channel, t.language, t.version DESC) n ORDER BY n.version DESC",
	2, {TEXTOID, INT4OID}, NULL
};

static IonPlan read_layout = {
	"SELECT coalesce(l.name, o.name), l.logo_url, l.logo_alt, l.primary_color, l.footer_markdown, l.contacts_markdown, l.website, "
	"  l.unsubscribe_text, l.unsubscribe_url "
	"FROM io_notify._template_scopes(NULL, $1) c JOIN io_notify.layout l ON l.organization = c.scope_organization "
	"JOIN io_notify.organization o ON o.code = l.organization ORDER BY c.depth LIMIT 1",
	1, {TEXTOID}, NULL
};

static char *text_column(uint64 row, int column);
static int	int_column(uint64 row, int column);
static bool bool_column(uint64 row, int column);

static char *
text_column(uint64 row, int column)
{
	return SPI_getvalue(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column);
}

static int
int_column(uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	return isnull ? 0 : DatumGetInt32(value);
}

static bool
bool_column(uint64 row, int column)
{
	bool		isnull;
	Datum		value = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, column, &isnull);

	return !isnull && DatumGetBool(value);
}

bool
ion_template_resolve(const char *service, const char *name, IonTemplateChoice *choice)
{
	Datum		values[2] = {CStringGetTextDatum(service), CStringGetTextDatum(name)};
	Datum	   *items;
	bool		isnull;

	if (ion_plan_run_latest(&resolve, values) == 0)
		return false;
	choice->version = int_column(0, 1);
	choice->sms_max_segments = int_column(0, 2);
	choice->sms_transliterate = bool_column(0, 3);
	deconstruct_array(DatumGetArrayTypeP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 4, &isnull)),
					  TEXTOID, -1, false, TYPALIGN_INT, &items, NULL, &choice->n_channels);
	choice->channels = palloc(sizeof(char *) * (choice->n_channels + 1));
	for (int i = 0; i < choice->n_channels; i++)
		choice->channels[i] = TextDatumGetCString(items[i]);
	SPI_freetuptable(SPI_tuptable);
	return true;
}

int
ion_template_family_read(const char *name, int32 version, IonTemplateRowFound found, void *arg)
{
	Datum		values[2] = {CStringGetTextDatum(name), Int32GetDatum(version)};
	uint64		n = ion_plan_run_latest(&read_family, values);

	for (uint64 i = 0; i < n; i++)
	{
		bool		isnull;
		IonTemplateRow row = {
			.id = *DatumGetUUIDP(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, COL_ID, &isnull)),
			.version = int_column(i, COL_VERSION),
			.live = bool_column(i, COL_LIVE),
			.channel = text_column(i, COL_CHANNEL),
			.language = text_column(i, COL_LANGUAGE),
			.subject = text_column(i, COL_SUBJECT),
			.markdown = text_column(i, COL_MARKDOWN),
			.parameters = text_column(i, COL_PARAMETERS),
			.partials = text_column(i, COL_PARTIALS),
			.registrations = text_column(i, COL_REGISTRATIONS),
			.layout = text_column(i, COL_LAYOUT),
			.calendar = bool_column(i, COL_CALENDAR),
			.sms_max_segments = int_column(i, COL_SEGMENTS),
		};

		found(arg, &row);
	}
	SPI_freetuptable(SPI_tuptable);
	return (int) n;
}

bool
ion_layout_read(const char *organization, IonLayoutRow *row)
{
	Datum		value = CStringGetTextDatum(organization);
	const char **columns[] = {
		&row->name, &row->logo_url, &row->logo_alt, &row->primary_color, &row->footer_markdown, &row->contacts_markdown,
		&row->website, &row->unsubscribe_text, &row->unsubscribe_url
	};

	if (ion_plan_run_latest(&read_layout, &value) == 0)
		return false;
	for (int i = 0; i < (int) lengthof(columns); i++)
		*columns[i] = text_column(0, i + 1);
	SPI_freetuptable(SPI_tuptable);
	return true;
}
