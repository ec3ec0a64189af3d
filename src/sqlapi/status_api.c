/*-------------------------------------------------------------------------
 *
 * status_api.c
 *	  What shared memory knows, for status().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/dbcommands.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/settings.h"
#include "base/shared.h"
#include "intake/visibility.h"

PG_FUNCTION_INFO_V1(ion_workers);
PG_FUNCTION_INFO_V1(ion_advice);

#define WORKER_COLUMNS 9

static void put_launcher(ReturnSetInfo *rsinfo, const IonShared *shared);
static void put_dispatcher(ReturnSetInfo *rsinfo, const IonDatabaseSlot *slot, int index);

static void
put_launcher(ReturnSetInfo *rsinfo, const IonShared *shared)
{
	Datum		values[WORKER_COLUMNS] = {0};
	bool		nulls[WORKER_COLUMNS];

	memset(nulls, true, sizeof(nulls));
	values[1] = CStringGetTextDatum("launcher");
	values[2] = Int32GetDatum(shared->launcher_pid);
	values[3] = CStringGetTextDatum(shared->launcher_pid != 0 ? "running" : "not running");
	values[4] = TimestampTzGetDatum(shared->launcher_started_at);
	values[7] = CStringGetTextDatum(shared->launcher_error);
	values[8] = TimestampTzGetDatum(shared->launcher_error_at);
	nulls[1] = nulls[3] = false;
	nulls[2] = nulls[4] = shared->launcher_pid == 0;
	nulls[7] = nulls[8] = shared->launcher_error[0] == '\0';
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

static void
put_dispatcher(ReturnSetInfo *rsinfo, const IonDatabaseSlot *slot, int index)
{
	const IonDispatcherSlot *d = &slot->dispatchers[index];
	Datum		values[WORKER_COLUMNS] = {0};
	bool		nulls[WORKER_COLUMNS] = {false};

	values[0] = DirectFunctionCall1(namein, CStringGetDatum(get_database_name(slot->database)));
	values[1] = CStringGetTextDatum(psprintf("dispatcher %d", index + 1));
	values[2] = Int32GetDatum(d->pid);
	values[3] = CStringGetTextDatum(d->state);
	values[4] = TimestampTzGetDatum(d->started_at);
	values[5] = Int32GetDatum(d->in_flight);
	values[6] = Int64GetDatum((int64) d->settled);
	values[7] = CStringGetTextDatum(slot->last_error);
	values[8] = TimestampTzGetDatum(slot->last_error_at);
	nulls[7] = nulls[8] = slot->last_error[0] == '\0';
	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* _workers(): the launcher and this database's dispatchers; operators only. */
Datum
ion_workers(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	IonShared  *head = palloc(offsetof(IonShared, databases));
	IonDatabaseSlot *copy = palloc(sizeof(IonDatabaseSlot));
	IonDatabaseSlot *slot;

	InitMaterializedSRF(fcinfo, 0);
	if (ion_shared == NULL || !ion_role_sees(GetUserId(), "operator"))
		PG_RETURN_NULL();
	LWLockAcquire(ion_shared->lock, LW_SHARED);
	memcpy(head, ion_shared, offsetof(IonShared, databases));
	slot = ion_shared_database(MyDatabaseId, false);
	if (slot != NULL)
		memcpy(copy, slot, sizeof(IonDatabaseSlot));
	LWLockRelease(ion_shared->lock);

	put_launcher(rsinfo, head);
	for (int i = 0; slot != NULL && i < ION_MAX_DISPATCHERS; i++)
	{
		if (copy->dispatchers[i].pid != 0)
			put_dispatcher(rsinfo, copy, i);
	}
	PG_RETURN_NULL();
}

/* _advice(): what keeps the workers from running, and the remedy. */
Datum
ion_advice(PG_FUNCTION_ARGS)
{
	Datum		advice[4];
	int			n = 0;
	bool		any = false;

	(void) fcinfo;
	if (ion_shared == NULL)
		advice[n++] = CStringGetTextDatum("nothing is dispatched: add io_notify to shared_preload_libraries in postgresql.conf and restart the server");
	else
	{
		IonDatabaseSlot *slot;

		LWLockAcquire(ion_shared->lock, LW_SHARED);
		slot = ion_shared_database(MyDatabaseId, false);
		for (int i = 0; slot != NULL && i < ION_MAX_DISPATCHERS; i++)
			any = any || slot->dispatchers[i].pid != 0;
		LWLockRelease(ion_shared->lock);
		if (RecoveryInProgress())
			advice[n++] = CStringGetTextDatum("this server is a standby: dispatch starts when it is promoted");
		else if (!ion_dispatch)
			advice[n++] = CStringGetTextDatum("io_notify.dispatch is off: messages are accepted and stay queued");
		else if (!any)
			advice[n++] = CStringGetTextDatum("no dispatcher runs in this database; look at the worker rows and the server log (is max_worker_processes large enough?)");
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(advice, n, TEXTOID, -1, false, TYPALIGN_INT));
}
