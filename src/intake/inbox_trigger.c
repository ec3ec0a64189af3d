/*-------------------------------------------------------------------------
 *
 * inbox_trigger.c
 *	  BEFORE INSERT OR UPDATE on inbox_state: what a citizen did to a message.
 *
 * Reading cannot be undone, by anybody: a sender may have been told.  An app
 * writes only about messages in the inbox of the citizen it acts for, and the
 * time is ours, not the app's.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/log_guard.h"
#include "base/owner.h"
#include "intake/acting_citizen.h"
#include "intake/trigger_row.h"
#include "queue/plan.h"

static IonPlan in_inbox = {
	"SELECT FROM io_notify.delivery d WHERE d.message_id = $1 AND d.recipient = $2 AND d.channel = 'inbox' AND d.state = 'delivered'",
	2, {UUIDOID, TEXTOID}, NULL
};

static void require_in_inbox(const IonTriggerRow *row);
static void keep_time(IonTriggerRow *row, const char *column, bool first_stands);

PG_FUNCTION_INFO_V1(ion_check_inbox_state);

Datum
ion_check_inbox_state(PG_FUNCTION_ARGS)
{
	static const char *const keys[] = {"message_id", "fiscal_code"};
	IonTriggerRow row;
	ErrorContextCallback frame;
	bool		isnull;

	ion_hide_begin(&frame);
	ion_row_begin(fcinfo, "inbox_state", &row);
	if (row.old == NULL && !row.by_owner)
	{
		const char *acting = ion_acting_citizen(GetUserId());

		(void) ion_row_datum(&row, row.new, "fiscal_code", &isnull);
		if (isnull && acting != NULL)
			ion_row_set(&row, "fiscal_code", CStringGetTextDatum(acting), false);
	}
	ion_row_check_not_null(&row);
	ion_row_require_own(&row, keys, lengthof(keys));
	if (row.old == NULL && !row.by_owner)
		require_in_inbox(&row);
	if (row.old != NULL)
	{
		(void) ion_row_datum(&row, row.new, "read_at", &isnull);
		if (isnull && ion_row_changed(&row, "read_at"))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("a message that was read cannot become unread")));
	}
	keep_time(&row, "read_at", true);
	keep_time(&row, "archived_at", false);
	ion_row_set(&row, "updated_at", TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
	ion_hide_end(&frame);
	return PointerGetDatum(row.new);
}

/* Somebody else's message and none at all look the same. */
static void
require_in_inbox(const IonTriggerRow *row)
{
	Datum		values[2];
	IonCaller	caller;
	bool		isnull;
	bool		found;

	values[0] = ion_row_datum(row, row->new, "message_id", &isnull);
	values[1] = ion_row_datum(row, row->new, "fiscal_code", &isnull);
	SPI_connect();
	ion_owner_begin(&caller, true);
	found = ion_plan_run(&in_inbox, values, NULL, false) > 0;
	ion_owner_end(&caller);
	SPI_finish();
	if (!found)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("there is no such message in the citizen's inbox")));
}

/*
 * The app says that something was done, we say when.  With first_stands a
 * time once written is kept.
 */
static void
keep_time(IonTriggerRow *row, const char *column, bool first_stands)
{
	bool		new_null;
	bool		old_null = true;
	Datum		old = (Datum) 0;

	(void) ion_row_datum(row, row->new, column, &new_null);
	if (new_null || (row->old != NULL && !ion_row_changed(row, column)))
		return;
	if (row->old != NULL)
		old = ion_row_datum(row, row->old, column, &old_null);
	if (first_stands && !old_null)
		ion_row_set(row, column, old, false);
	else if (!row->by_owner)
		ion_row_set(row, column, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
}
