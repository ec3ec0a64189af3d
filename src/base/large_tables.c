/*-------------------------------------------------------------------------
 *
 * large_tables.c
 *	  Keeps kept plans from being made for empty tables.
 *
 * Our statements are prepared once and run for days.  One that is planned
 * while the queue is empty finds a full scan of it as cheap as a look-up, and
 * keeps that plan when there are a million rows, or dead entries an old
 * snapshot holds on to.  Measured: settling took five times as long.
 *
 * So wherever our plans are to go by keys (ion_owner_begin with index_plans,
 * and the workers at all times: sequential scans, hash and merge joins are
 * off there), the planner is told that io_notify's tables are large.  The
 * settings are the sign, because an error resets them by itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "nodes/pathnodes.h"
#include "optimizer/cost.h"
#include "optimizer/plancat.h"
#include "utils/lsyscache.h"

#include "base/large_tables.h"
#include "io_notify.h"

#define LARGE_PAGES		100000
#define LARGE_TUPLES	1e7

static get_relation_info_hook_type previous_hook = NULL;

static void enlarge(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *rel);

void
ion_large_tables_install(void)
{
	previous_hook = get_relation_info_hook;
	get_relation_info_hook = enlarge;
}

static void
enlarge(PlannerInfo *root, Oid relid, bool inhparent, RelOptInfo *rel)
{
	ListCell   *lc;

	if (previous_hook)
		previous_hook(root, relid, inhparent, rel);
	if (enable_seqscan || enable_hashjoin || enable_mergejoin || inhparent ||
		get_rel_namespace(relid) != get_namespace_oid(ION_SCHEMA, true))
		return;
	rel->pages = Max(rel->pages, LARGE_PAGES);
	rel->tuples = Max(rel->tuples, LARGE_TUPLES);
	foreach(lc, rel->indexlist)
	{
		IndexOptInfo *index = (IndexOptInfo *) lfirst(lc);

		index->pages = Max(index->pages, LARGE_PAGES / 2);
		index->tuples = Max(index->tuples, LARGE_TUPLES);
	}
}
