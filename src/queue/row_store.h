/*-------------------------------------------------------------------------
 *
 * row_store.h
 *	  Puts rows into one of our tables without a statement.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_ROW_STORE_H
#define ION_QUEUE_ROW_STORE_H

#include "postgres.h"

#include "base/column.h"

#define ION_ROW_COLUMNS_MAX 32

typedef struct IonRowStore IonRowStore;

/*
 * Open the table of this name in our schema for rows of these columns (n of
 * them, given by values of these types; others get their defaults).  Acts as the
 * current user, who must be the owner; SPI must be connected.  All memory is
 * the store's own.
 */
extern IonRowStore *ion_row_store_open(const char *table, const IonColumnSpec *columns, int n);

/* Add a row; the values are copied. */
extern void ion_row_store_add(IonRowStore *store, const Datum *values, const bool *isnull);

/* Write what is buffered and close; returns how many rows were added. */
extern uint64 ion_row_store_close(IonRowStore *store);

#endif							/* ION_QUEUE_ROW_STORE_H */
