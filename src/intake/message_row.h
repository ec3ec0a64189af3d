/*-------------------------------------------------------------------------
 *
 * message_row.h
 *	  The columns of a message row, found by name.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_MESSAGE_ROW_H
#define ION_INTAKE_MESSAGE_ROW_H

#include "postgres.h"

#include "access/htup.h"
#include "access/tupdesc.h"

typedef enum IonColumn
{
	ION_COL_ID = 0,
	ION_COL_SERVICE,
	ION_COL_RECIPIENT,
	ION_COL_TEMPLATE,
	ION_COL_PARAMS,
	ION_COL_SUBJECT,
	ION_COL_MARKDOWN,
	ION_COL_PRIORITY,
	ION_COL_SEND_AFTER,
	ION_COL_TIME_TO_LIVE,
	ION_COL_DUE_DATE,
	ION_COL_PAYMENT_AMOUNT,
	ION_COL_PAYMENT_NOTICE,
	ION_COL_PAYMENT_PAYEE,
	ION_COL_PAYMENT_INVALID_AFTER_DUE_DATE,
	ION_COL_REQUIRE_SECURE_CHANNELS,
	ION_COL_FEATURE_LEVEL,
	ION_COL_THIRD_PARTY_DATA,
	ION_COL_EMAIL,
	ION_COL_PHONE,
	ION_COL_LANGUAGE,
	ION_COL_REFERENCE,
	ION_COL_IDEMPOTENCY_KEY,
	ION_COL_CREATED_AT,
	ION_COL_CREATED_BY,
	ION_COL_TEMPLATE_VERSION,
	ION_COLUMNS
} IonColumn;

/* Where each column stands in one relation; partitions may differ. */
typedef struct IonColumnMap
{
	int			attnum[ION_COLUMNS];	/* from 0 */
	int			natts;
} IonColumnMap;

typedef struct IonMessageRow
{
	Datum		value[ION_COLUMNS];
	bool		isnull[ION_COLUMNS];
} IonMessageRow;

extern void ion_column_map_build(TupleDesc desc, IonColumnMap *map);
extern void ion_message_row_read(HeapTuple tuple, TupleDesc desc, const IonColumnMap *map, IonMessageRow *row);

/* The column's name in SQL. */
extern const char *ion_column_name(IonColumn column);

/*
 * Check every value that needs no table: raises 22023 (see DESIGN §4.6).
 * Sets *scheduled when send_after lies in the future.
 */
extern void ion_message_check(const IonMessageRow *row, bool *scheduled);

/* SHA-256 over all the sender wrote, for idempotency; hash has 32 bytes. */
extern void ion_message_hash(const IonMessageRow *row, const IonColumnMap *map, TupleDesc desc, uint8 *hash);

#endif							/* ION_INTAKE_MESSAGE_ROW_H */
