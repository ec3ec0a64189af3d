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
 * A change of pauses is a promise: once COMMIT has returned, nothing of what
 * is paused begins.  The callback runs after the change became visible and
 * before the client hears of it.  It bumps the configuration counter, which
 * dispatchers compare before each message, and then waits until those that
 * were at work with the old value have left the network (worker/gate.c).  What
 * could not keep it, PREPARE TRANSACTION, is refused.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "miscadmin.h"

#include "base/owner.h"
#include "base/shared.h"
#include "intake/wake.h"

#define PAUSE_WAIT_MS 2000		/* for a dispatcher; it takes a few, not thousands */

static bool work_pending = false;
static bool config_pending = false;
static bool pause_pending = false;

static void register_once(void);
static void at_transaction_end(XactEvent event, void *arg);

PG_FUNCTION_INFO_V1(ion_wake_sql);
PG_FUNCTION_INFO_V1(ion_pause_changed);

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
	if (event == XACT_EVENT_PRE_PREPARE && pause_pending)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has changed io_notify.pause"),
				 errdetail("A pause holds from the moment its COMMIT returns, and COMMIT PREPARED cannot see to that.")));
	if (event == XACT_EVENT_COMMIT)
	{
		if (config_pending)
		{
			ion_shared_wake_config(MyDatabaseId);
			ion_shared_wake_launcher();
			if (pause_pending && !ion_shared_await_network(MyDatabaseId, PAUSE_WAIT_MS))
				ereport(WARNING,
						(errmsg("an io_notify dispatcher has not yet noticed that pauses have changed"),
						 errdetail("It did not come by within %d ms; messages it had in hand may still begin.", PAUSE_WAIT_MS)));
		}
		else
			ion_shared_wake_work(MyDatabaseId);
	}
	if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT || event == XACT_EVENT_PREPARE)
		work_pending = config_pending = pause_pending = false;
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

/* _pause_changed() trigger: rows of pause were written, by whatever hand. */
Datum
ion_pause_changed(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("this function must be a trigger")));
	ion_own_relation_require(((TriggerData *) fcinfo->context)->tg_relation);
	ion_wake_config_at_commit();
	pause_pending = true;
	return PointerGetDatum(NULL);
}
