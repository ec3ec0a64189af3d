/*-------------------------------------------------------------------------
 *
 * trigger_row.h
 *	  The row a BEFORE trigger is about to let in.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_TRIGGER_ROW_H
#define ION_INTAKE_TRIGGER_ROW_H

#include "postgres.h"

#include "access/htup.h"
#include "commands/trigger.h"
#include "fmgr.h"

#include "compat/compat.h"

typedef struct IonTriggerRow
{
	TriggerData *trigger;
	TupleDesc	desc;
	HeapTuple	new;			/* what is to be stored */
	HeapTuple	old;			/* NULL on INSERT */
	const char *what;			/* what a row is, in errors: "citizen" */
	bool		by_owner;		/* the tables' owner writes it (our own functions too) */
} IonTriggerRow;

/*
 * Open the row of a BEFORE INSERT OR UPDATE row trigger (39P01 for any
 * other).
 */
extern void ion_row_begin(FunctionCallInfo fcinfo, const char *what, IonTriggerRow *row);

/* 22023 for a null in a NOT NULL column: the server's own complaint prints the row. */
extern void ion_row_check_not_null(const IonTriggerRow *row);

/* A column of row->new or row->old: as text (NULL when null), or a boolean (false when null). */
extern char *ion_row_text(const IonTriggerRow *row, HeapTuple tuple, const char *column);
extern bool ion_row_bool(const IonTriggerRow *row, HeapTuple tuple, const char *column);
extern Datum ion_row_datum(const IonTriggerRow *row, HeapTuple tuple, const char *column, bool *isnull);

/* Whether a column differs between old and new; whether the UPDATE names it in SET. */
extern bool ion_row_changed(const IonTriggerRow *row, const char *column);
extern bool ion_row_named(const IonTriggerRow *row, const char *column);

/* Give a column of row->new another value. */
extern void ion_row_set(IonTriggerRow *row, const char *column, Datum value, bool isnull);

/* 22023 "COLUMN of the WHAT is not valid"; detail has no full stop at its end. */
ion_noreturn extern void ion_row_error(const IonTriggerRow *row, const char *column, const char *detail);

/* 22023 unless the column is one of n words (the detail lists them) or null. */
extern void ion_row_check_word(const IonTriggerRow *row, const char *column, const char *const *words, int n);

/*
 * 42501 unless the tables' owner writes, or an app's back end a row of the
 * citizen it acts for, its columns in keys unchanged.
 */
extern void ion_row_require_own(const IonTriggerRow *row, const char *const *keys, int n);

#endif							/* ION_INTAKE_TRIGGER_ROW_H */
