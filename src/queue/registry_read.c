/*-------------------------------------------------------------------------
 *
 * registry_read.c
 *	  What the workers read of tables other than the queue.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "queue/plan.h"
#include "queue/registry_read.h"

static IonPlan read_identity = {
	"SELECT system_identifier, database_oid FROM io_notify.installation",
	0, {0}, NULL
};
static IonPlan read_pauses = {
	"SELECT coalesce(bool_or(kind = 'all'), false), "
	"  coalesce(array_agg(name) FILTER (WHERE kind = 'service'), '{}'::text[]), "
	"  coalesce(array_agg(name) FILTER (WHERE kind = 'provider'), '{}'::text[]) FROM io_notify.pause",
	0, {0}, NULL
};
static IonPlan read_secret = {
	"SELECT io_notify._service_key('', $1)",
	1, {TEXTOID}, NULL
};
static IonPlan make_partitions = {
	"SELECT io_notify._make_partitions()",
	0, {0}, NULL
};

bool
ion_read_identity(int64 *system_identifier, Oid *database)
{
	bool		isnull1;
	bool		isnull2;

	if (ion_plan_run(&read_identity, NULL, NULL, false) != 1)
		return false;
	*system_identifier = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull1));
	*database = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull2));
	return !isnull1 && !isnull2;
}

void
ion_read_pauses(bool *all, Datum *services, List **providers)
{
	bool		isnull;
	Datum	   *names;
	int			n;

	ion_plan_run(&read_pauses, NULL, NULL, false);
	*all = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	*services = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull);
	deconstruct_array(DatumGetArrayTypeP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &isnull)),
					  TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &n);
	*providers = NIL;
	for (int i = 0; i < n; i++)
		*providers = lappend(*providers, TextDatumGetCString(names[i]));
}

int
ion_make_partitions(void)
{
	bool		isnull;

	ion_plan_run(&make_partitions, NULL, NULL, false);
	return DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
}

int
ion_secret_read(const char *purpose, uint8 *key)
{
	Datum		value = CStringGetTextDatum(purpose);
	bool		isnull;
	bytea	   *secret;
	int			length;

	ion_plan_run(&read_secret, &value, NULL, false);
	secret = DatumGetByteaPP(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	length = Min(VARSIZE_ANY_EXHDR(secret), ION_SECRET_MAX);
	memcpy(key, VARDATA_ANY(secret), length);
	SPI_freetuptable(SPI_tuptable);
	return length;
}
