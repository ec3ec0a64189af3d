/*-------------------------------------------------------------------------
 *
 * column.h
 *	  Columns of our tables, found by name and checked by type.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_COLUMN_H
#define ION_BASE_COLUMN_H

#include "postgres.h"

#include "access/tupdesc.h"

/* A column as our code knows it. */
typedef struct IonColumnSpec
{
	const char *name;
	Oid			type;
} IonColumnSpec;

/*
 * The number (from 1) of io_notify.table's column.  42703 when there is none
 * of that name, 42804 when its values cannot be read as those of the type.
 */
extern AttrNumber ion_column_find(TupleDesc desc, const char *table, const IonColumnSpec *column);

/* Whether any value of the type may be stored in the column as it is. */
extern bool ion_column_takes(TupleDesc desc, AttrNumber attnum, Oid type);

#endif							/* ION_BASE_COLUMN_H */
