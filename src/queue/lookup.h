/*-------------------------------------------------------------------------
 *
 * lookup.h
 *	  Finds rows of one of our tables by an index, without a statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_LOOKUP_H
#define ION_QUEUE_LOOKUP_H

#include "postgres.h"

#include "access/genam.h"
#include "access/skey.h"
#include "executor/tuptable.h"
#include "utils/snapshot.h"

#include "base/column.h"

#define ION_LOOKUP_KEYS_MAX		3
#define ION_LOOKUP_COLUMNS_MAX	20

typedef struct IonLookup
{
	MemoryContext cxt;			/* current when it was opened: what a scan keeps lives there */
	struct RelationData *rel;
	struct RelationData *index;
	IndexScanDesc scan;			/* NULL: the table is empty */
	TupleTableSlot *slot;
	Snapshot	snapshot;
	ScanKeyData key[ION_LOOKUP_KEYS_MAX];
	int			n_keys;
	int			attnum[ION_LOOKUP_COLUMNS_MAX];
} IonLookup;

/*
 * Open table for look-ups by the first n_keys of columns, which an index must
 * begin with; the other columns are those to be read.  Rows are those that
 * are committed by now, and the transaction's own.  Runs as the owner.
 */
extern void ion_lookup_open(IonLookup *lookup, const char *table, const IonColumnSpec *columns, int n_columns,
							int n_keys);

/* Start a look-up by these keys. */
extern void ion_lookup_find(IonLookup *lookup, const Datum *keys);

/* The next row found; false when there is none (left). */
extern bool ion_lookup_next(IonLookup *lookup);

extern void ion_lookup_close(IonLookup *lookup);

/* A column of the row found, by its place in columns; valid until the next row. */
static inline Datum
ion_lookup_value(const IonLookup *lookup, int column, bool *isnull)
{
	return slot_getattr(lookup->slot, lookup->attnum[column], isnull);
}

static inline bool
ion_lookup_bool(const IonLookup *lookup, int column)
{
	bool		isnull;
	Datum		value = slot_getattr(lookup->slot, lookup->attnum[column], &isnull);

	return !isnull && DatumGetBool(value);
}

#endif							/* ION_QUEUE_LOOKUP_H */
