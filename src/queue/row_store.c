/*-------------------------------------------------------------------------
 *
 * row_store.c
 *	  Puts rows into one of our tables without a statement.
 *
 * Routing writes two rows per message, and starting the executor for an
 * INSERT costs more than the row.  This does what COPY does: find the
 * partition, gather rows, write a page at a time, then the index entries.
 *
 * That is right only for a plain table.  As soon as somebody hangs a trigger
 * on it, makes a partition foreign, adds a generated column or changes a type,
 * rows go through an ordinary INSERT, so nothing of theirs is passed over.
 *
 * On error nothing needs closing: the abort drops locks and pins, and the
 * memory goes with the executor state's parent context.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/heapam.h"
#include "access/table.h"
#include "access/tableam.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "compat/compat.h"
#include "executor/execPartition.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "nodes/makefuncs.h"
#include "rewrite/rewriteHandler.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "io_notify.h"
#include "queue/row_store.h"

#define BUFFERED_ROWS_MAX 500

struct IonRowStore
{
	Relation	rel;
	EState	   *estate;
	ResultRelInfo *root;
	ModifyTableState *modify;	/* for the partition search; NULL: one table */
	PartitionTupleRouting *routing;
	TupleTableSlot *row;		/* in the root's layout */
	const IonColumnSpec *columns;
	int			n_columns;
	AttrNumber *attnums;		/* of columns */
	bool		takes;			/* our values as they are */
	ExprState **defaults;		/* by attribute; NULL: none, or one of ours */
	SPIPlanPtr	insert;			/* where the short way is not allowed */

	ResultRelInfo *leaf;		/* what the buffered rows belong to */
	TupleTableSlot **buffer;
	int			buffered;
	int			slots;			/* of leaf's layout, made so far */
	uint64		added;
};

static void init_executor(IonRowStore *store);
static void init_columns(IonRowStore *store);
static bool is_plain(Relation rel);
static void store_by_statement(IonRowStore *store, const Datum *values, const bool *isnull);
static void fill_row(IonRowStore *store, const Datum *values, const bool *isnull);
static void change_leaf(IonRowStore *store, ResultRelInfo *leaf);
static void flush(IonRowStore *store);

IonRowStore *
ion_row_store_open(const char *table, const IonColumnSpec *columns, int n)
{
	EState	   *estate = CreateExecutorState();
	MemoryContext old = MemoryContextSwitchTo(estate->es_query_cxt);
	IonRowStore *store = palloc0(sizeof(IonRowStore));
	Oid			relid = get_relname_relid(table, get_namespace_oid(ION_SCHEMA, false));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the table io_notify.%s does not exist", table),
				 errhint("Create it with SELECT io_notify.install().")));
	store->estate = estate;
	store->rel = table_open(relid, RowExclusiveLock);
	store->columns = columns;
	store->n_columns = n;
	init_columns(store);
	init_executor(store);
	MemoryContextSwitchTo(old);
	return store;
}

static void
init_columns(IonRowStore *store)
{
	TupleDesc	desc = RelationGetDescr(store->rel);

	store->takes = true;
	store->attnums = palloc(sizeof(AttrNumber) * store->n_columns);
	store->defaults = palloc0(sizeof(ExprState *) * desc->natts);
	for (int i = 0; i < store->n_columns; i++)
	{
		store->attnums[i] = InvalidAttrNumber;
		for (int a = 0; a < desc->natts; a++)
		{
			if (!TupleDescAttr(desc, a)->attisdropped &&
				strcmp(NameStr(TupleDescAttr(desc, a)->attname), store->columns[i].name) == 0)
				store->attnums[i] = a + 1;
		}
		if (store->attnums[i] == InvalidAttrNumber)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of io_notify.%s does not exist",
							store->columns[i].name, RelationGetRelationName(store->rel)),
					 errhint("The tables may be of another version: SELECT io_notify.install().")));
		store->takes = store->takes && ion_column_takes(desc, store->attnums[i], store->columns[i].type);
	}
	/* a column somebody added: its own default, an identity, or its domain's default */
	for (int a = 0; a < desc->natts; a++)
	{
		bool		ours = false;
		Expr	   *expr;

		for (int i = 0; i < store->n_columns; i++)
			ours = ours || store->attnums[i] == a + 1;
		/* a generated one makes the table one for ordinary INSERTs */
		if (ours || TupleDescAttr(desc, a)->attisdropped || TupleDescAttr(desc, a)->attgenerated != '\0')
			continue;
		expr = (Expr *) build_column_default(store->rel, a + 1);
		if (expr != NULL)
			store->defaults[a] = ExecPrepareExpr(expr, store->estate);
	}
}

static void
init_executor(IonRowStore *store)
{
	EState	   *estate = store->estate;
	RangeTblEntry *rte = makeNode(RangeTblEntry);

	rte->rtekind = RTE_RELATION;
	rte->relid = RelationGetRelid(store->rel);
	rte->relkind = store->rel->rd_rel->relkind;
	rte->rellockmode = RowExclusiveLock;
	ion_init_range_table(estate, rte);
	estate->es_output_cid = GetCurrentCommandId(true);

	store->root = makeNode(ResultRelInfo);
	InitResultRelInfo(store->root, store->rel, 1, NULL, 0);
	store->row = MakeSingleTupleTableSlot(RelationGetDescr(store->rel), &TTSOpsVirtual);
	if (store->rel->rd_rel->relkind == RELKIND_PARTITIONED_TABLE)
	{
		ModifyTableState *modify = makeNode(ModifyTableState);

		modify->ps.plan = NULL;
		modify->ps.state = estate;
		modify->operation = CMD_INSERT;
		modify->mt_nrels = 1;
		modify->resultRelInfo = store->root;
		modify->rootResultRelInfo = store->root;
		store->modify = modify;
		store->routing = ExecSetupPartitionTupleRouting(estate, store->rel);
	}
	else
		ExecOpenIndices(store->root, false);
	store->buffer = palloc0(sizeof(TupleTableSlot *) * BUFFERED_ROWS_MAX);
}

/* Whether rows may be written behind the executor's back. */
static bool
is_plain(Relation rel)
{
	char		kind = rel->rd_rel->relkind;

	return (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE) &&
		rel->trigdesc == NULL && rel->rd_rules == NULL && !rel->rd_rel->relforcerowsecurity &&
		!(RelationGetDescr(rel)->constr != NULL && RelationGetDescr(rel)->constr->has_generated_stored);
}

/* Only our own columns are named: the statement sees to the rest. */
static void
store_by_statement(IonRowStore *store, const Datum *values, const bool *isnull)
{
	char		nulls[ION_ROW_COLUMNS_MAX];

	Assert(store->n_columns <= ION_ROW_COLUMNS_MAX);
	if (store->insert == NULL)
	{
		StringInfoData sql;
		Oid			types[ION_ROW_COLUMNS_MAX];

		initStringInfo(&sql);
		appendStringInfo(&sql, "INSERT INTO %s.%s (", ION_SCHEMA, RelationGetRelationName(store->rel));
		for (int i = 0; i < store->n_columns; i++)
		{
			appendStringInfo(&sql, "%s%s", i ? ", " : "", store->columns[i].name);
			types[i] = store->columns[i].type;
		}
		appendStringInfoString(&sql, ") VALUES (");
		for (int i = 0; i < store->n_columns; i++)
			appendStringInfo(&sql, "%s$%d", i ? ", " : "", i + 1);
		appendStringInfoChar(&sql, ')');
		store->insert = SPI_prepare(sql.data, store->n_columns, types);
		if (store->insert == NULL)
			elog(ERROR, "could not prepare a statement: %s", SPI_result_code_string(SPI_result));
		pfree(sql.data);
	}
	for (int i = 0; i < store->n_columns; i++)
		nulls[i] = isnull[i] ? 'n' : ' ';
	if (SPI_execute_plan(store->insert, unconstify(Datum *, values), nulls, false, 0) < 0)
		elog(ERROR, "could not insert a row: %s", SPI_result_code_string(SPI_result));
}

static void
fill_row(IonRowStore *store, const Datum *values, const bool *isnull)
{
	TupleTableSlot *row = store->row;
	int			natts = row->tts_tupleDescriptor->natts;

	ExecClearTuple(row);
	memset(row->tts_isnull, true, sizeof(bool) * natts);
	for (int i = 0; i < store->n_columns; i++)
	{
		row->tts_values[store->attnums[i] - 1] = values[i];
		row->tts_isnull[store->attnums[i] - 1] = isnull[i];
	}
	for (int a = 0; a < natts; a++)
	{
		if (store->defaults[a] != NULL)
			row->tts_values[a] = ExecEvalExprSwitchContext(store->defaults[a],
														   GetPerTupleExprContext(store->estate),
														   &row->tts_isnull[a]);
	}
	ExecStoreVirtualTuple(row);
}

static void
change_leaf(IonRowStore *store, ResultRelInfo *leaf)
{
	flush(store);
	for (int i = 0; i < store->slots; i++)
		ExecDropSingleTupleTableSlot(store->buffer[i]);
	store->slots = 0;
	store->leaf = leaf;
}

void
ion_row_store_add(IonRowStore *store, const Datum *values, const bool *isnull)
{
	MemoryContext old = MemoryContextSwitchTo(store->estate->es_query_cxt);
	ResultRelInfo *leaf = store->root;
	TupleConversionMap *map = NULL;
	TupleTableSlot *slot;

	ResetPerTupleExprContext(store->estate);
	if (store->takes)
		fill_row(store, values, isnull);
	if (store->takes && store->modify != NULL)
	{
		leaf = ExecFindPartition(store->modify, store->root, store->routing, store->row, store->estate);
		map = ion_root_to_child_map(leaf, store->estate);
	}
	store->added++;
	if (!store->takes || !is_plain(store->rel) || !is_plain(leaf->ri_RelationDesc))
	{
		store_by_statement(store, values, isnull);
		MemoryContextSwitchTo(old);
		return;
	}
	if (leaf != store->leaf)
		change_leaf(store, leaf);
	if (store->buffered == store->slots)
		store->buffer[store->slots++] = table_slot_create(leaf->ri_RelationDesc, NULL);
	slot = store->buffer[store->buffered];
	if (map != NULL)
		execute_attr_map_slot(map->attrMap, store->row, slot);
	else
		ExecCopySlot(slot, store->row);
	ExecMaterializeSlot(slot);
	slot->tts_tableOid = RelationGetRelid(leaf->ri_RelationDesc);
	if (leaf->ri_RelationDesc->rd_att->constr != NULL)
		ExecConstraints(leaf, slot, store->estate);
	store->buffered++;
	if (store->buffered == BUFFERED_ROWS_MAX)
		flush(store);
	MemoryContextSwitchTo(old);
}

static void
flush(IonRowStore *store)
{
	ResultRelInfo *leaf = store->leaf;
	MemoryContext old;

	if (store->buffered == 0)
		return;
	/* the table's code may leave garbage behind */
	old = MemoryContextSwitchTo(GetPerTupleMemoryContext(store->estate));
	table_multi_insert(leaf->ri_RelationDesc, store->buffer, store->buffered,
					   store->estate->es_output_cid, 0, NULL);
	MemoryContextSwitchTo(old);
	for (int i = 0; i < store->buffered; i++)
	{
		if (leaf->ri_NumIndices > 0)
			list_free(ion_insert_index_tuples(leaf, store->buffer[i], store->estate));
		ExecClearTuple(store->buffer[i]);
	}
	store->buffered = 0;
}

uint64
ion_row_store_close(IonRowStore *store)
{
	MemoryContext old = MemoryContextSwitchTo(store->estate->es_query_cxt);
	EState	   *estate = store->estate;
	uint64		added = store->added;

	change_leaf(store, NULL);
	if (store->modify != NULL)
		ExecCleanupTupleRouting(store->modify, store->routing);
	else
		ExecCloseIndices(store->root);
	ExecDropSingleTupleTableSlot(store->row);
	ExecResetTupleTable(estate->es_tupleTable, false);
	if (store->insert != NULL)
		SPI_freeplan(store->insert);
	table_close(store->rel, NoLock);
	MemoryContextSwitchTo(old);
	FreeExecutorState(estate);
	return added;
}
