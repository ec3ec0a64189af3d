/*-------------------------------------------------------------------------
 *
 * wake.c
 *	  Tells the workers at commit that there is something for them.
 *
 * One transaction callback is registered once per backend (registering one
 * per transaction would make every commit of a long session slower).  The
 * flags are set by whatever queued work; a subtransaction that rolls back
 * leaves them set, which costs one useless look.  COMMIT PREPARED runs in
 * another backend and wakes nobody: the dispatcher's timed scan finds it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "base/shared.h"
#include "intake/wake.h"

static bool work_pending = false;
static bool config_pending = false;

static void register_once(void);
static void at_transaction_end(XactEvent event, void *arg);

PG_FUNCTION_INFO_V1(ion_wake_sql);

static void
register_once(void)
{
	static bool registered = false;

	if (!registered)
	{
		RegisterXactCallback(at_transaction_end, NULL);
		registered = true;
	}
}

void
ion_wake_work_at_commit(void)
{
	register_once();
	work_pending = true;
}

void
ion_wake_config_at_commit(void)
{
	register_once();
	config_pending = true;
}

static void
at_transaction_end(XactEvent event, void *arg)
{
	(void) arg;
	if (!work_pending && !config_pending)
		return;
	if (event == XACT_EVENT_COMMIT)
	{
		if (config_pending)
		{
			ion_shared_wake_config(MyDatabaseId);
			ion_shared_wake_launcher();
		}
		else
			ion_shared_wake_work(MyDatabaseId);
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		work_pending = config_pending = false;
}

/*
 * _wake() returns void: at commit the launcher looks at this database anew
 * and its dispatchers reload.
 */
Datum
ion_wake_sql(PG_FUNCTION_ARGS)
{
	/* not now: a probe before our commit would find nothing, and stay with it */
	(void) fcinfo;
	ion_wake_config_at_commit();
	PG_RETURN_VOID();
}
