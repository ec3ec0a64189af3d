/*-------------------------------------------------------------------------
 *
 * trigger_row.c
 *	  The row a BEFORE trigger is about to let in.
 *
 * Columns are found by name at each call: these rows are written one at a
 * time by people, not by the million.  New tuples are palloc'd in the
 * trigger's context, as the executor wants them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/rel.h"

#include "base/owner.h"
#include "intake/acting_citizen.h"
#include "intake/trigger_row.h"

static int	number(const IonTriggerRow *row, const char *column);

void
ion_row_begin(FunctionCallInfo fcinfo, const char *what, IonTriggerRow *row)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BEFORE(trigger->tg_event) || TRIGGER_FIRED_BY_DELETE(trigger->tg_event))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function must be a BEFORE INSERT OR UPDATE row trigger")));
	ion_own_relation_require(trigger->tg_relation);
	row->trigger = trigger;
	row->desc = RelationGetDescr(trigger->tg_relation);
	row->what = what;
	row->by_owner = ion_is_owner(GetUserId());
	if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
	{
		row->old = trigger->tg_trigtuple;
		row->new = trigger->tg_newtuple;
	}
	else
	{
		row->old = NULL;
		row->new = trigger->tg_trigtuple;
	}
}

void
ion_row_check_not_null(const IonTriggerRow *row)
{
	for (int i = 0; i < row->desc->natts; i++)
	{
		Form_pg_attribute attribute = TupleDescAttr(row->desc, i);

		if (attribute->attnotnull && !attribute->attisdropped && heap_attisnull(row->new, i + 1, row->desc))
			ion_row_error(row, NameStr(attribute->attname), "It is missing");
	}
}

static int
number(const IonTriggerRow *row, const char *column)
{
	int			n = SPI_fnumber(row->desc, column);

	if (n <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("table io_notify.%s lacks column \"%s\"",
						RelationGetRelationName(row->trigger->tg_relation), column),
				 errhint("SELECT io_notify.install() brings the tables up to date.")));
	return n;
}

char *
ion_row_text(const IonTriggerRow *row, HeapTuple tuple, const char *column)
{
	return SPI_getvalue(tuple, row->desc, number(row, column));
}

bool
ion_row_bool(const IonTriggerRow *row, HeapTuple tuple, const char *column)
{
	bool		isnull;
	Datum		value = ion_row_datum(row, tuple, column, &isnull);

	return !isnull && DatumGetBool(value);
}

Datum
ion_row_datum(const IonTriggerRow *row, HeapTuple tuple, const char *column, bool *isnull)
{
	return SPI_getbinval(tuple, row->desc, number(row, column), isnull);
}

bool
ion_row_changed(const IonTriggerRow *row, const char *column)
{
	int			n = number(row, column);
	Form_pg_attribute attribute = TupleDescAttr(row->desc, n - 1);
	bool		old_null;
	bool		new_null;
	Datum		old = SPI_getbinval(row->old, row->desc, n, &old_null);
	Datum		new = SPI_getbinval(row->new, row->desc, n, &new_null);

	if (old_null || new_null)
		return old_null != new_null;
	/* an old value may still lie compressed or out of line */
	return !datum_image_eq(old, new, attribute->attbyval, attribute->attlen);
}

bool
ion_row_named(const IonTriggerRow *row, const char *column)
{
	return row->old != NULL &&
		bms_is_member(number(row, column) - FirstLowInvalidHeapAttributeNumber, row->trigger->tg_updatedcols);
}

void
ion_row_set(IonTriggerRow *row, const char *column, Datum value, bool isnull)
{
	int			n = number(row, column);

	row->new = heap_modify_tuple_by_cols(row->new, row->desc, 1, &n, &value, &isnull);
}

void
ion_row_error(const IonTriggerRow *row, const char *column, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("%s of the %s is not valid", column, row->what),
			 errdetail("%s.", detail),
			 errhidestmt(true)));
}

void
ion_row_check_word(const IonTriggerRow *row, const char *column, const char *const *words, int n)
{
	char	   *value = ion_row_text(row, row->new, column);
	StringInfoData list;

	if (value == NULL)
		return;
	initStringInfo(&list);
	for (int i = 0; i < n; i++)
	{
		if (strcmp(value, words[i]) == 0)
			return;
		appendStringInfo(&list, "%s%s", i == 0 ? "" : i == n - 1 ? " or " : ", ", words[i]);
	}
	ion_row_error(row, column, psprintf("It must be %s", list.data));
}

void
ion_row_require_own(const IonTriggerRow *row, const char *const *keys, int n)
{
	const char *acting;
	char	   *code;

	if (row->by_owner)
		return;
	acting = ion_acting_citizen(GetUserId());
	code = ion_row_text(row, row->new, "fiscal_code");
	if (acting == NULL || code == NULL || strcmp(acting, code) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("this session does not act for the citizen of the %s", row->what),
				 errhint("Call io_notify.act_for(fiscal_code) first."),
				 errhidestmt(true)));
	for (int i = 0; row->old != NULL && i < n; i++)
	{
		if (ion_row_changed(row, keys[i]))
			ereport(ERROR,
					(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
					 errmsg("%s of the %s cannot be changed", keys[i], row->what),
					 errhidestmt(true)));
	}
}
