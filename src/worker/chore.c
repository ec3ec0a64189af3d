/*-------------------------------------------------------------------------
 *
 * chore.c
 *	  Short-lived workers: probes and maintenance.
 *
 * Maintenance runs outside the dispatch loop, with a lock timeout, so that a
 * reader of message who holds a lock delays a partition and never a delivery.
 * The queue is vacuumed here because autovacuum comes round once a minute and
 * the queue turns over many times in one: dead rows would outgrow live ones a
 * hundredfold.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "commands/extension.h"
#include "libpq/pqsignal.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "tcop/utility.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/owner.h"
#include "base/shared.h"
#include "compat/compat.h"
#include "queue/quota_ledger.h"
#include "queue/registry_read.h"
#include "queue/tx.h"
#include "worker/launcher.h"

/* a month, and 62 days after its end */
#define USAGE_KEPT_DAYS (31 + 62)

static void probe(void);
static void maintain(void);
static bool make_partitions(void);
static void vacuum_queue(void);

void
ion_chore_main(Datum arg)
{
	Oid			database;

	memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof(Oid));
	pqsignal(SIGTERM, die);
	BackgroundWorkerUnblockSignals();
	BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
	if (DatumGetInt32(arg) == ION_CHORE_PROBE)
		probe();
	else
		maintain();
	ion_shared_wake_launcher();
	proc_exit(0);
}

/* Is io_notify here, code and tables both? */
static void
probe(void)
{
	bool		present;
	IonDatabaseSlot *slot;
	uint32		config = 0;

	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	slot = ion_shared_database(MyDatabaseId, true);
	if (slot != NULL)
		config = pg_atomic_read_u32(&slot->config);
	LWLockRelease(ion_shared->lock);

	StartTransactionCommand();
	PushActiveSnapshot(GetTransactionSnapshot());
	present = OidIsValid(get_extension_oid(ION_EXTENSION, true)) && OidIsValid(ion_message_relid(true));
	PopActiveSnapshot();
	CommitTransactionCommand();

	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	slot = ion_shared_database(MyDatabaseId, true);
	/* what changed since may not have been visible to us: another probe */
	if (slot != NULL && slot->state == ION_DB_UNKNOWN && config == pg_atomic_read_u32(&slot->config))
		slot->state = present ? ION_DB_PRESENT : ION_DB_ABSENT;
	LWLockRelease(ion_shared->lock);
}

static void
maintain(void)
{
	IonDatabaseSlot *slot;
	char		error[ION_ERROR_MAX];
	bool		volatile due = true;

	ion_tx_settings();
	SetConfigOption("lock_timeout", "2s", PGC_SUSET, PGC_S_OVERRIDE);
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	slot = ion_shared_database(MyDatabaseId, true);
	if (slot != NULL)
	{
		slot->maintenance_wanted = false;
		slot->maintained_at = GetCurrentTimestamp();
	}
	LWLockRelease(ion_shared->lock);

	PG_TRY();
	{
		due = make_partitions();
	}
	PG_CATCH();
	{
		(void) ion_tx_failed(error, sizeof(error));
	}
	PG_END_TRY();
	if (due)
		vacuum_queue();
}

/*
 * Partitions ahead, as the tables' owner.  False when this database is not
 * ours to touch (no tables, no identity, another's).
 */
static bool
make_partitions(void)
{
	int64		identifier;
	Oid			database;
	Oid			owner;

	ion_tx_begin(false, "io_notify: making partitions");
	if (!OidIsValid(get_extension_oid(ION_EXTENSION, true)) || !OidIsValid(ion_message_relid(true)))
	{
		ion_tx_commit();
		return false;
	}
	owner = ion_owner();
	SetUserIdAndSecContext(owner, SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	if (!ion_read_identity(&identifier, &database) ||
		(uint64) identifier != GetSystemIdentifier() || database != MyDatabaseId)
	{
		ion_tx_commit();
		return false;
	}
	ion_make_partitions();
	ion_ledger_forget((DateADT) (GetCurrentTimestamp() / USECS_PER_DAY) - USAGE_KEPT_DAYS);
	ion_tx_commit();
	return true;
}

/*
 * VACUUM cannot run inside a function or a transaction block, so it goes the
 * way of a statement typed at top level.
 */
static void
vacuum_queue(void)
{
	static const char *const sql = "VACUUM (TRUNCATE off, INDEX_CLEANUP on, SKIP_LOCKED on, PARALLEL 0) io_notify.queue";
	List	   *parsed;
	PlannedStmt *statement;
	IonDatabaseSlot *slot;
	TimestampTz began = GetCurrentTimestamp();

	/* that autovacuum is at it already is nothing to warn of */
	SetConfigOption("log_min_messages", "error", PGC_SUSET, PGC_S_OVERRIDE);
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, "io_notify: vacuuming the queue");
	StartTransactionCommand();
	MemoryContextSwitchTo(TopMemoryContext);
	parsed = pg_parse_query(sql);
	statement = makeNode(PlannedStmt);
	statement->commandType = CMD_UTILITY;
	statement->canSetTag = false;
	statement->utilityStmt = linitial_node(RawStmt, parsed)->stmt;
	statement->stmt_len = strlen(sql);
	ProcessUtility(statement, sql, false, PROCESS_UTILITY_TOPLEVEL, NULL, NULL, None_Receiver, NULL);
	CommitTransactionCommand();
	pgstat_report_stat(true);

	/*
	 * While somebody holds an old snapshot nothing can be removed and each
	 * vacuum reads more: the launcher waits in proportion to this.
	 */
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	slot = ion_shared_database(MyDatabaseId, false);
	if (slot != NULL)
	{
		slot->vacuum_cost_us = GetCurrentTimestamp() - began;
		slot->maintained_at = GetCurrentTimestamp();
	}
	LWLockRelease(ion_shared->lock);
}
