/*-------------------------------------------------------------------------
 *
 * quota_ledger.c
 *	  What services have used of their quotas: table io_notify.usage.
 *
 * Senders must not wait for each other's commits while there is room, yet the
 * sum must be exact to the unit.  So every transaction in progress has a row
 * (a slot) of its own to add to, and whoever adds reads all slots with what
 * is not committed yet, as the check of an exclusion constraint does: under a
 * dirty snapshot a row shows its committed state and the one an unfinished
 * transaction has given it.  The sum of the greater values is what will have
 * been used if all of them commit: while that is within the quota nobody
 * waits.  The sum of the smaller ones is used for certain: what exceeds the
 * quota with that is refused.  Between the two the answer depends on a
 * transaction in progress, and the caller waits for it.
 *
 * Reading and adding happen under a lock on the account that lasts as long as
 * they do, not until the commit.  So two transactions cannot both take the
 * last unit, and no version of a row appears while the rows are read: one
 * transaction ending meanwhile shows in either state, never in neither.
 *
 * A slot whose last change has committed is anybody's, so there are as many
 * as ever were transactions in progress at once.  Rollback, savepoints,
 * crashes, prepared transactions and standbys need no care of ours: these are
 * rows.  Nothing depends on the statement's snapshot, so senders in
 * SERIALIZABLE do not fail over each other's counts.
 *
 * An old snapshot anywhere keeps every version of these rows in the table.  So
 * that nobody walks through them, the key has a part that only grows, turn:
 * one more whenever a version does not fit on its predecessor's page.  The
 * latest version is always in a slot's highest turn, with a page of others at
 * most.  Measured: half a minute of a snapshot held brought draws down to a
 * twentieth without.
 *
 * The rows are written past the executor, which would look for them under a
 * snapshot that lacks the latest.  Triggers on the table do not fire.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "compat/compat.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "storage/bufpage.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "io_notify.h"
#include "queue/plan.h"
#include "queue/quota_ledger.h"

#define LOCK_CLASS 0x10F0		/* SQL's advisory locks have 1 and 2 */

enum
{
	COL_SERVICE, COL_CHANNEL, COL_PERIOD, COL_STARTS_ON, COL_SLOT, COL_TURN, COL_USED, COLUMNS
};
#define KEY_COLUMNS COL_USED

static const struct
{
	const char *name;
	Oid			type;
	RegProcedure equal;
}			columns[COLUMNS] = {
	{"service", TEXTOID, F_TEXTEQ},
	{"channel", TEXTOID, F_TEXTEQ},
	{"period", TEXTOID, F_TEXTEQ},
	{"starts_on", DATEOID, F_DATE_EQ},
	{"slot", INT4OID, F_INT4EQ},
	{"turn", INT4OID, F_INT4EQ},
	{"used", INT8OID, 0}
};

struct IonLedger
{
	Relation	rel;
	Relation	index;			/* of the primary key */
	AttrNumber	attnum[COLUMNS];
	TupleTableSlot *slot;
};

/* The versions of one slot's row seen so far. */
typedef struct SlotSeen
{
	int32		number;
	int			versions;
	int64		least;
	int64		most;
	bool		settled;		/* one of them is committed, or our own */
	TransactionId holder;		/* another's transaction that changes it */
	HeapTuple	row;			/* a version we may replace */
	bool		own;			/* which this transaction wrote */
} SlotSeen;

static IonPlan forget = {
	"DELETE FROM io_notify.usage WHERE starts_on < $1",
	1, {DATEOID}, NULL
};

static void open_index(IonLedger *ledger);
static void account_tag(const char *service, const char *channel, LOCKTAG *tag);
static void init_keys(const IonLedger *ledger, const IonLedgerKey *key, ScanKey keys);
static void aim(IndexScanDesc scan, ScanKey keys, int32 slot, bool exact_slot, int32 turn, bool exact_turn);
static void aim_key(ScanKey key, int32 value, bool exact);
static int32 column_int32(IonLedger *ledger, int column);
static bool is_outdated(TupleTableSlot *slot);
static void see(IonLedger *ledger, const SnapshotData *dirty, SlotSeen *seen);
static bool fits_beside(Relation rel, HeapTuple old, HeapTuple new);
static void add_up(const SlotSeen *seen, IonLedgerSum *sum, bool *own);

IonLedger  *
ion_ledger_open(void)
{
	IonLedger  *ledger = palloc0(sizeof(IonLedger));
	Oid			relid = get_relname_relid("usage", get_namespace_oid(ION_SCHEMA, false));

	if (!OidIsValid(relid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the table io_notify.usage does not exist"),
				 errhint("Create it with SELECT io_notify.install().")));
	ledger->rel = table_open(relid, RowExclusiveLock);
	for (int c = 0; c < COLUMNS; c++)
	{
		ledger->attnum[c] = get_attnum(relid, columns[c].name);
		if (ledger->attnum[c] == InvalidAttrNumber || get_atttype(relid, ledger->attnum[c]) != columns[c].type)
			ereport(ERROR,
					(errcode(ERRCODE_UNDEFINED_COLUMN),
					 errmsg("column \"%s\" of io_notify.usage does not exist or has another type", columns[c].name),
					 errhint("The tables may be of another version: SELECT io_notify.install().")));
	}
	open_index(ledger);
	ledger->slot = table_slot_create(ledger->rel, NULL);
	return ledger;
}

static void
open_index(IonLedger *ledger)
{
	List	   *oids = RelationGetIndexList(ledger->rel);
	ListCell   *lc;

	foreach(lc, oids)
	{
		Relation	index = index_open(lfirst_oid(lc), RowExclusiveLock);
		bool		serves = index->rd_index->indisprimary && index->rd_index->indnkeyatts == KEY_COLUMNS;

		/* what we write goes into plain indexes only */
		if (RelationGetIndexExpressions(index) != NIL || RelationGetIndexPredicate(index) != NIL)
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("index \"%s\" must not stand on io_notify.usage", RelationGetRelationName(index)),
					 errdetail("Indexes on expressions and partial indexes are not kept up to date there.")));
		for (int c = 0; serves && c < KEY_COLUMNS; c++)
			serves = index->rd_index->indkey.values[c] == ledger->attnum[c];
		if (serves)
			ledger->index = index;
		else
			index_close(index, NoLock);
	}
	list_free(oids);
	if (ledger->index == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("io_notify.usage lacks the index of its primary key")));
}

void
ion_ledger_close(IonLedger *ledger)
{
	ExecDropSingleTupleTableSlot(ledger->slot);
	index_close(ledger->index, NoLock);
	table_close(ledger->rel, NoLock);
	pfree(ledger);
}

/* Accounts that share a hash share a lock, which costs time and nothing else. */
static void
account_tag(const char *service, const char *channel, LOCKTAG *tag)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) service, strlen(service),
										   hash_bytes((const unsigned char *) channel, strlen(channel)));

	SET_LOCKTAG_ADVISORY(*tag, MyDatabaseId, (uint32) (hash >> 32), (uint32) hash, LOCK_CLASS);
}

void
ion_ledger_lock(const char *service, const char *channel)
{
	LOCKTAG		tag;

	account_tag(service, channel, &tag);
	(void) LockAcquire(&tag, ExclusiveLock, false, false);
}

void
ion_ledger_unlock(const char *service, const char *channel)
{
	LOCKTAG		tag;

	account_tag(service, channel, &tag);
	LockRelease(&tag, ExclusiveLock, false);
}

static void
init_keys(const IonLedger *ledger, const IonLedgerKey *key, ScanKey keys)
{
	Datum		values[KEY_COLUMNS] = {key->service, key->channel, key->period, DateADTGetDatum(key->starts_on), 0, 0};

	for (int c = 0; c < KEY_COLUMNS; c++)
		ScanKeyEntryInitialize(&keys[c], 0, c + 1, BTEqualStrategyNumber, InvalidOid,
							   ledger->index->rd_indcollation[c], columns[c].equal, values[c]);
}

/*
 * The next version, from the top down, of the slots up to slot with a turn up
 * to turn, or (exactly) of this slot and turn.
 */
static void
aim(IndexScanDesc scan, ScanKey keys, int32 slot, bool exact_slot, int32 turn, bool exact_turn)
{
	aim_key(&keys[COL_SLOT], slot, exact_slot);
	aim_key(&keys[COL_TURN], turn, exact_turn);
	index_rescan(scan, keys, KEY_COLUMNS, NULL, 0);
}

static void
aim_key(ScanKey key, int32 value, bool exact)
{
	ScanKeyEntryInitialize(key, 0, key->sk_attno, exact ? BTEqualStrategyNumber : BTLessEqualStrategyNumber,
						   InvalidOid, InvalidOid, exact ? F_INT4EQ : F_INT4LE, Int32GetDatum(value));
}

/*
 * Slot by slot from the last.  A slot's versions are read from its latest
 * turn down to the first that holds a settled one, never further: below it
 * lie the dead, by the thousand if somebody holds an old snapshot.
 */
void
ion_ledger_read(IonLedger *ledger, const IonLedgerKey *key, IonLedgerSum *sum)
{
	ScanKeyData keys[KEY_COLUMNS];
	SnapshotData dirty;
	IndexScanDesc scan;
	bool		own = false;
	int32		below = PG_INT32_MAX;

	memset(sum, 0, sizeof(*sum));
	init_keys(ledger, key, keys);
	InitDirtySnapshot(dirty);
	scan = ion_index_beginscan(ledger->rel, ledger->index, &dirty, KEY_COLUMNS);
	for (;;)
	{
		SlotSeen	seen = {0};
		int32		turn;

		aim(scan, keys, below, false, PG_INT32_MAX, false);
		if (below < 0 || !index_getnext_slot(scan, BackwardScanDirection, ledger->slot))
			break;
		seen.number = column_int32(ledger, COL_SLOT);
		turn = column_int32(ledger, COL_TURN);
		see(ledger, &dirty, &seen);
		while (!seen.settled || TransactionIdIsValid(seen.holder))
		{
			aim(scan, keys, seen.number, true, turn, true);
			while (index_getnext_slot(scan, BackwardScanDirection, ledger->slot))
				see(ledger, &dirty, &seen);
			if (seen.settled)
				break;
			aim(scan, keys, seen.number, true, turn - 1, false);
			if (!index_getnext_slot(scan, BackwardScanDirection, ledger->slot))
				break;
			turn = column_int32(ledger, COL_TURN);
			see(ledger, &dirty, &seen);
		}
		add_up(&seen, sum, &own);
		below = seen.number - 1;
	}
	ExecClearTuple(ledger->slot);
	index_endscan(scan);
}

static int32
column_int32(IonLedger *ledger, int column)
{
	bool		isnull;

	return DatumGetInt32(slot_getattr(ledger->slot, ledger->attnum[column], &isnull));
}

/* Whether a version was written and replaced by the same (sub)transaction: it counts in no event. */
static bool
is_outdated(TupleTableSlot *slot)
{
	HeapTupleHeader header = ExecFetchSlotHeapTuple(slot, false, NULL)->t_data;

	return !(header->t_infomask & (HEAP_XMAX_INVALID | HEAP_XMAX_IS_MULTI)) &&
		!HEAP_XMAX_IS_LOCKED_ONLY(header->t_infomask) &&
		HeapTupleHeaderGetRawXmax(header) == HeapTupleHeaderGetRawXmin(header);
}

static void
see(IonLedger *ledger, const SnapshotData *dirty, SlotSeen *seen)
{
	bool		isnull;
	int64		used = DatumGetInt64(slot_getattr(ledger->slot, ledger->attnum[COL_USED], &isnull));

	if (TransactionIdIsValid(dirty->xmin) && is_outdated(ledger->slot))
		return;
	seen->least = seen->versions == 0 ? used : Min(seen->least, used);
	seen->most = seen->versions == 0 ? used : Max(seen->most, used);
	seen->versions++;
	/* xmin and xmax are those of other transactions in progress */
	if (!TransactionIdIsValid(dirty->xmin))
		seen->settled = true;
	if (TransactionIdIsValid(dirty->xmin))
		seen->holder = dirty->xmin;
	else if (TransactionIdIsValid(dirty->xmax))
		seen->holder = dirty->xmax;
	else
	{
		Datum		xmin = slot_getsysattr(ledger->slot, MinTransactionIdAttributeNumber, &isnull);

		seen->row = ExecCopySlotHeapTuple(ledger->slot);
		seen->own = TransactionIdIsCurrentTransactionId(DatumGetTransactionId(xmin));
	}
}

static void
add_up(const SlotSeen *seen, IonLedgerSum *sum, bool *own)
{
	sum->new_slot = Max(sum->new_slot, seen->number + 1);
	sum->settled += seen->settled ? seen->least : 0;
	sum->possible += seen->most;
	if (TransactionIdIsValid(seen->holder))
		sum->holder = seen->holder;
	else if (seen->row != NULL && (sum->row == NULL || seen->own || !*own))
	{
		sum->row = seen->row;
		*own = seen->own;
	}
}

/* Whether new finds room on old's page, where the same index entry leads to both. */
static bool
fits_beside(Relation rel, HeapTuple old, HeapTuple new)
{
	Buffer		buffer = ReadBuffer(rel, ItemPointerGetBlockNumber(&old->t_self));
	bool		fits;

	LockBuffer(buffer, BUFFER_LOCK_SHARE);
	fits = PageGetHeapFreeSpace(BufferGetPage(buffer)) >= MAXALIGN(new->t_len);
	UnlockReleaseBuffer(buffer);
	return fits;
}

void
ion_ledger_add(IonLedger *ledger, const IonLedgerKey *key, const IonLedgerSum *sum, int64 n)
{
	TupleDesc	desc = RelationGetDescr(ledger->rel);
	Datum	   *values = palloc0(sizeof(Datum) * desc->natts);
	bool	   *isnull = palloc(sizeof(bool) * desc->natts);
	int			slot = ledger->attnum[COL_SLOT] - 1;
	int			turn = ledger->attnum[COL_TURN] - 1;
	int			used = ledger->attnum[COL_USED] - 1;
	HeapTuple	row;

	memset(isnull, true, sizeof(bool) * desc->natts);
	if (sum->row != NULL)
		heap_deform_tuple(sum->row, desc, values, isnull);
	else
	{
		values[ledger->attnum[COL_SERVICE] - 1] = key->service;
		values[ledger->attnum[COL_CHANNEL] - 1] = key->channel;
		values[ledger->attnum[COL_PERIOD] - 1] = key->period;
		values[ledger->attnum[COL_STARTS_ON] - 1] = DateADTGetDatum(key->starts_on);
		values[slot] = Int32GetDatum(sum->new_slot);
		values[turn] = Int32GetDatum(0);
		values[used] = Int64GetDatum(0);
		for (int c = 0; c < COLUMNS; c++)
			isnull[ledger->attnum[c] - 1] = false;
	}
	values[used] = Int64GetDatum(DatumGetInt64(values[used]) + n);
	row = heap_form_tuple(desc, values, isnull);
	if (sum->row != NULL && !fits_beside(ledger->rel, sum->row, row))
	{
		heap_freetuple(row);
		values[turn] = Int32GetDatum(DatumGetInt32(values[turn]) + 1);
		row = heap_form_tuple(desc, values, isnull);
	}
	if (sum->row != NULL)
		CatalogTupleUpdate(ledger->rel, &sum->row->t_self, row);
	else
		CatalogTupleInsert(ledger->rel, row);
	heap_freetuple(row);
	/* the next change of the row by this statement must see this one */
	CommandCounterIncrement();
}

void
ion_ledger_wait(TransactionId holder)
{
	XactLockTableWait(holder, NULL, NULL, XLTW_None);
}

void
ion_ledger_forget(DateADT before)
{
	Datum		value = DateADTGetDatum(before);

	ion_plan_run(&forget, &value, NULL, false);
}
