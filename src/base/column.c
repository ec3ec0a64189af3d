/*-------------------------------------------------------------------------
 *
 * column.c
 *	  Columns of our tables, found by name and checked by type.
 *
 * What goes past the executor takes values for what their columns were made
 * as.  A DBA may ALTER … TYPE, and an integer taken for a pointer would bring
 * the server down: so whoever opens a table asks here first.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/column.h"

static bool reads_as(Oid actual, Oid type);

/* A domain is stored as its base type, varchar as text. */
static bool
reads_as(Oid actual, Oid type)
{
	if (actual == type)
		return true;
	actual = getBaseType(actual);
	return actual == type || (type == TEXTOID && actual == VARCHAROID);
}

AttrNumber
ion_column_find(TupleDesc desc, const char *table, const IonColumnSpec *column)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(desc, i);

		if (attribute->attisdropped || strcmp(NameStr(attribute->attname), column->name) != 0)
			continue;
		if (!reads_as(attribute->atttypid, column->type))
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("column \"%s\" of io_notify.%s has type %s", column->name, table,
							format_type_be(attribute->atttypid)),
					 errhint("Change it back to %s.", format_type_be(column->type))));
		return attribute->attnum;
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of io_notify.%s does not exist", column->name, table),
			 errhint("The tables may be of another version: SELECT io_notify.install().")));
	return InvalidAttrNumber;	/* not reached */
}

bool
ion_column_takes(TupleDesc desc, AttrNumber attnum, Oid type)
{
	Form_pg_attribute attribute = TupleDescAttr(desc, attnum - 1);

	return attribute->atttypid == type && attribute->atttypmod == -1;
}
