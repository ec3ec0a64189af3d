/*-------------------------------------------------------------------------
 *
 * plan.c
 *	  SQL statements prepared once per process.
 *
 * The plan cache revalidates kept plans when tables, the search path or the
 * role change, so one static IonPlan per statement is enough.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"

#include "queue/plan.h"

static void prepare(IonPlan *plan);

static void
prepare(IonPlan *plan)
{
	SPIPlanPtr	prepared;

	if (plan->plan != NULL)
		return;
	prepared = SPI_prepare(plan->sql, plan->nargs, plan->argtypes);
	if (prepared == NULL)
		elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
	if (SPI_keepplan(prepared) != 0)
		elog(ERROR, "could not keep a prepared statement");
	plan->plan = prepared;
}

/*
 * A table rewritten by whoever had it locked looks empty to a snapshot taken
 * before, and what is kept of that would stay wrong.
 */
void
ion_plan_lock(SPIPlanPtr plan)
{
	CachedPlan *locked = SPI_plan_get_cached_plan(plan);

	if (locked != NULL)
		ReleaseCachedPlan(locked, CurrentResourceOwner);
}

uint64
ion_plan_run_latest(IonPlan *plan, Datum *values)
{
	int			rc;

	prepare(plan);
	ion_plan_lock(plan->plan);
	rc = SPI_execute_snapshot(plan->plan, values, NULL, GetLatestSnapshot(), InvalidSnapshot, true, false, 0);
	if (rc < 0)
		elog(ERROR, "could not run a statement: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

uint64
ion_plan_run(IonPlan *plan, Datum *values, const char *nulls, bool read_only)
{
	int			rc;

	prepare(plan);
	rc = SPI_execute_plan(plan->plan, values, nulls, read_only, 0);
	if (rc < 0)
		elog(ERROR, "could not run a statement: %s", SPI_result_code_string(rc));
	return SPI_processed;
}

Datum
ion_plan_array(Datum *items, int n, Oid type)
{
	int16		length;
	bool		byval;
	char		align;

	get_typlenbyvalalign(type, &length, &byval, &align);
	return PointerGetDatum(construct_array(items, n, type, length, byval, align));
}
