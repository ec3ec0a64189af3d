/*-------------------------------------------------------------------------
 *
 * lookup.c
 *	  Finds rows of one of our tables by an index, without a statement.
 *
 * Routing asks four small questions per message (the citizen, the
 * preferences, the activation, the suppression).  As one SQL statement with
 * its joins they cost more to start than to answer; as index scans kept open
 * over the rows of a statement each costs a descent of a B-tree.  An empty
 * table costs nothing.
 *
 * The index is found by its columns, not its name, so a rebuilt one serves.
 *
 * The snapshot is taken after the lock, and it is the latest whatever the
 * transaction's isolation.  A table that is rewritten (ALTER TABLE) is empty
 * to whoever looks with an older one: every citizen would be unknown and every
 * address free.  And a citizen's no counts from its commit, as a pause does.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_index.h"
#include "catalog/pg_type.h"
#include "compat/compat.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/relcache.h"
#include "utils/snapmgr.h"

#include "io_notify.h"
#include "queue/lookup.h"

static Relation open_index(Relation rel, const int *attnums, int n_keys);
static bool index_serves(Relation index, const int *attnums, int n_keys);

static bool
index_serves(Relation index, const int *attnums, int n_keys)
{
	Form_pg_index form = index->rd_index;

	if (index->rd_rel->relam != BTREE_AM_OID || !form->indisvalid || form->indnkeyatts < n_keys ||
		RelationGetIndexPredicate(index) != NIL)
		return false;
	for (int i = 0; i < n_keys; i++)
	{
		if (form->indkey.values[i] != attnums[i])
			return false;
	}
	return true;
}

static Relation
open_index(Relation rel, const int *attnums, int n_keys)
{
	List	   *oids = RelationGetIndexList(rel);
	ListCell   *lc;

	foreach(lc, oids)
	{
		Relation	index = index_open(lfirst_oid(lc), AccessShareLock);

		if (index_serves(index, attnums, n_keys))
		{
			list_free(oids);
			return index;
		}
		index_close(index, AccessShareLock);
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("io_notify.%s lacks the index of its primary key", RelationGetRelationName(rel))));
	return NULL;				/* not reached */
}

void
ion_lookup_open(IonLookup *lookup, const char *table, const IonColumnSpec *columns, int n_columns, int n_keys)
{
	Oid			relid = get_relname_relid(table, get_namespace_oid(ION_SCHEMA, false));

	Assert(n_keys <= ION_LOOKUP_KEYS_MAX && n_columns <= ION_LOOKUP_COLUMNS_MAX);
	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the table io_notify.%s does not exist", table),
				 errhint("Create it with SELECT io_notify.install().")));
	memset(lookup, 0, sizeof(*lookup));
	lookup->cxt = CurrentMemoryContext;
	lookup->rel = table_open(relid, AccessShareLock);
	if (lookup->rel->rd_rel->relkind != RELKIND_RELATION)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("io_notify.%s must be an ordinary table", table),
				 errdetail("Routing looks its rows up by index, which a partitioned or foreign table does not offer.")));
	lookup->n_keys = n_keys;
	if (RelationGetNumberOfBlocks(lookup->rel) == 0)
	{
		/* that it was empty is something a serializable transaction has read */
		PredicateLockRelation(lookup->rel, GetActiveSnapshot());
		return;
	}
	for (int i = 0; i < n_columns; i++)
		lookup->attnum[i] = ion_column_find(RelationGetDescr(lookup->rel), table, &columns[i]);
	lookup->index = open_index(lookup->rel, lookup->attnum, n_keys);
	lookup->slot = table_slot_create(lookup->rel, NULL);
	lookup->snapshot = RegisterSnapshot(GetLatestSnapshot());
	lookup->scan = ion_index_beginscan(lookup->rel, lookup->index, lookup->snapshot, n_keys);
	for (int i = 0; i < n_keys; i++)
	{
		Assert(columns[i].type == TEXTOID || columns[i].type == INT4OID);
		ScanKeyEntryInitialize(&lookup->key[i], 0, i + 1, BTEqualStrategyNumber, InvalidOid,
							   lookup->index->rd_indcollation[i],
							   columns[i].type == INT4OID ? F_INT4EQ : F_TEXTEQ, (Datum) 0);
	}
}

void
ion_lookup_find(IonLookup *lookup, const Datum *keys)
{
	MemoryContext old;

	if (lookup->scan == NULL)
		return;
	for (int i = 0; i < lookup->n_keys; i++)
		lookup->key[i].sk_argument = keys[i];
	old = MemoryContextSwitchTo(lookup->cxt);
	index_rescan(lookup->scan, lookup->key, lookup->n_keys, NULL, 0);
	MemoryContextSwitchTo(old);
}

bool
ion_lookup_next(IonLookup *lookup)
{
	MemoryContext old;
	bool		found;

	if (lookup->scan == NULL)
		return false;
	old = MemoryContextSwitchTo(lookup->cxt);
	found = index_getnext_slot(lookup->scan, ForwardScanDirection, lookup->slot);
	MemoryContextSwitchTo(old);
	return found;
}

void
ion_lookup_close(IonLookup *lookup)
{
	if (lookup->scan != NULL)
	{
		index_endscan(lookup->scan);
		UnregisterSnapshot(lookup->snapshot);
		ExecDropSingleTupleTableSlot(lookup->slot);
		index_close(lookup->index, AccessShareLock);
	}
	table_close(lookup->rel, AccessShareLock);
}
