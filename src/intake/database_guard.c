/*-------------------------------------------------------------------------
 *
 * database_guard.c
 *	  Gets the dispatchers out of the way of DROP DATABASE and its kin.
 *
 * DROP, RENAME, SET TABLESPACE and CREATE … TEMPLATE need a database without
 * connections, and a dispatcher is one.  Whoever owns the database and issues
 * such a statement has its dispatchers leave first; they drain in order.  When
 * the statement is over, done or failed, the launcher starts them again where
 * the database still exists.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "commands/dbcommands.h"
#include "commands/defrem.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "tcop/utility.h"
#include "utils/timestamp.h"

#include "base/shared.h"
#include "compat/compat.h"
#include "intake/database_guard.h"

#define EVICTION_MS		60000	/* at most; lifted when the statement ends */
#define EVICTION_WAIT_MS 4000	/* for the dispatchers to leave */

static ProcessUtility_hook_type previous_hook = NULL;

static void guard(PlannedStmt *pstmt, const char *query, bool read_only_tree, ProcessUtilityContext context,
				  ParamListInfo params, QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc);
static void call_next(PlannedStmt *pstmt, const char *query, bool read_only_tree, ProcessUtilityContext context,
					  ParamListInfo params, QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc);
static const char *database_of(Node *statement);
static bool evict(Oid database);
static void readmit(Oid database);
static int	dispatchers_of(Oid database);

void
ion_database_guard_install(void)
{
	previous_hook = ProcessUtility_hook;
	ProcessUtility_hook = guard;
}

/* The database a statement needs to itself; NULL for any other statement. */
static const char *
database_of(Node *statement)
{
	if (IsA(statement, DropdbStmt))
		return ((DropdbStmt *) statement)->dbname;
	if (IsA(statement, RenameStmt) && ((RenameStmt *) statement)->renameType == OBJECT_DATABASE)
		return ((RenameStmt *) statement)->subname;
	if (IsA(statement, AlterDatabaseStmt))
	{
		ListCell   *lc;

		foreach(lc, ((AlterDatabaseStmt *) statement)->options)
		{
			if (strcmp(((DefElem *) lfirst(lc))->defname, "tablespace") == 0)
				return ((AlterDatabaseStmt *) statement)->dbname;
		}
	}
	if (IsA(statement, CreatedbStmt))
	{
		ListCell   *lc;

		foreach(lc, ((CreatedbStmt *) statement)->options)
		{
			DefElem    *def = (DefElem *) lfirst(lc);

			if (strcmp(def->defname, "template") == 0 && def->arg != NULL)
				return defGetString(def);
		}
	}
	return NULL;
}

static int
dispatchers_of(Oid database)
{
	IonDatabaseSlot *slot;
	int			n = 0;

	LWLockAcquire(ion_shared->lock, LW_SHARED);
	slot = ion_shared_database(database, false);
	for (int i = 0; slot != NULL && i < ION_MAX_DISPATCHERS; i++)
	{
		if (slot->dispatchers[i].pid != 0)
		{
			SetLatch(slot->dispatchers[i].latch);
			n++;
		}
	}
	LWLockRelease(ion_shared->lock);
	return n;
}

/* True when the database was marked, so that readmit must follow. */
static bool
evict(Oid database)
{
	TimestampTz deadline = GetCurrentTimestamp() + (int64) EVICTION_WAIT_MS * 1000;
	IonDatabaseSlot *slot;

	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	slot = ion_shared_database(database, false);
	if (slot != NULL && slot->state == ION_DB_PRESENT)
		slot->evicted_until = GetCurrentTimestamp() + (int64) EVICTION_MS * 1000;
	else
		slot = NULL;
	LWLockRelease(ion_shared->lock);
	if (slot == NULL)
		return false;
	ion_shared_wake_launcher();	/* its maintenance worker leaves too */
	PG_TRY();
	{
		while (dispatchers_of(database) > 0 && GetCurrentTimestamp() < deadline)
		{
			(void) WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 20, ION_WAIT_EVENT);
			ResetLatch(MyLatch);
			CHECK_FOR_INTERRUPTS();
		}
	}
	PG_CATCH();
	{
		readmit(database);
		PG_RE_THROW();
	}
	PG_END_TRY();
	return true;
}

static void
readmit(Oid database)
{
	IonDatabaseSlot *slot;

	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	slot = ion_shared_database(database, false);
	if (slot != NULL)
		slot->evicted_until = 0;
	LWLockRelease(ion_shared->lock);
	ion_shared_wake_launcher();
}

static void
call_next(PlannedStmt *pstmt, const char *query, bool read_only_tree, ProcessUtilityContext context,
		  ParamListInfo params, QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	if (previous_hook)
		previous_hook(pstmt, query, read_only_tree, context, params, env, dest, qc);
	else
		standard_ProcessUtility(pstmt, query, read_only_tree, context, params, env, dest, qc);
}

static void
guard(PlannedStmt *pstmt, const char *query, bool read_only_tree, ProcessUtilityContext context,
	  ParamListInfo params, QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
	const char *name = ion_shared != NULL ? database_of(pstmt->utilityStmt) : NULL;
	Oid			database = name != NULL && IsTransactionState() ? get_database_oid(name, true) : InvalidOid;
	bool		dropped = IsA(pstmt->utilityStmt, DropdbStmt);
	bool		evicted = false;

	/* only its owner may make a database's dispatchers leave */
	if (OidIsValid(database) && database != MyDatabaseId && ion_owns_database(database, GetUserId()))
		evicted = evict(database);
	if (!evicted)
	{
		call_next(pstmt, query, read_only_tree, context, params, env, dest, qc);
		return;
	}
	PG_TRY();
	{
		call_next(pstmt, query, read_only_tree, context, params, env, dest, qc);
	}
	PG_CATCH();
	{
		readmit(database);
		PG_RE_THROW();
	}
	PG_END_TRY();
	/* a dropped one is gone once we commit; a dispatcher now would only fail */
	if (!dropped)
		readmit(database);
}
