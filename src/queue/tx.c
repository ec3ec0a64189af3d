/*-------------------------------------------------------------------------
 *
 * tx.c
 *	  A worker's short transactions, run as the owner of the tables.
 *
 * Measured: global default_transaction_isolation, lock_timeout and (from 17
 * on) transaction_timeout reach background workers.  They are overridden at
 * start with the highest priority a running process has.  synchronous_commit
 * is among them: a claim that is not durable would break the promise that no
 * byte leaves before its start is recorded.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"

#include "base/owner.h"
#include "base/shared.h"
#include "queue/tx.h"

static const char *const pinned_settings[][2] = {
	{"search_path", "pg_catalog, pg_temp"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"default_transaction_deferrable", "off"},
	{"synchronous_commit", "on"},
	{"statement_timeout", "0"},
	{"lock_timeout", "500ms"},	/* answers under way must not wait behind somebody's lock */
	{"idle_in_transaction_session_timeout", "0"},
	{"transaction_timeout", "0"},
	{"row_security", "off"},
	{"session_replication_role", "origin"},
	{"log_min_error_statement", "panic"},
	{"log_statement", "none"},
	{"log_min_duration_statement", "-1"},
	{"log_duration", "off"},
	{"jit", "off"},
	{"max_parallel_workers_per_gather", "0"},
	{"enable_seqscan", "off"},
	{"enable_bitmapscan", "off"},
	{"enable_hashjoin", "off"},
	{"enable_mergejoin", "off"},
	{"plan_cache_mode", "force_generic_plan"},
};

void
ion_tx_settings(void)
{
	for (size_t i = 0; i < lengthof(pinned_settings); i++)
	{
		/* transaction_timeout exists from 17 on */
		if (GetConfigOption(pinned_settings[i][0], true, false) != NULL)
			SetConfigOption(pinned_settings[i][0], pinned_settings[i][1], PGC_SUSET, PGC_S_OVERRIDE);
	}
}

void
ion_tx_begin(bool as_owner, const char *activity)
{
	SetCurrentStatementStartTimestamp();
	pgstat_report_activity(STATE_RUNNING, activity);
	StartTransactionCommand();
	SPI_connect();
	PushActiveSnapshot(GetTransactionSnapshot());
	/* read each time: who owns the tables now may have put triggers on them */
	if (as_owner)
		SetUserIdAndSecContext(ion_owner(), SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
}

void
ion_tx_commit(void)
{
	SetUserIdAndSecContext(GetOuterUserId(), 0);
	SPI_finish();
	PopActiveSnapshot();
	CommitTransactionCommand();
	pgstat_report_stat(false);
	pgstat_report_activity(STATE_IDLE, NULL);
}

bool
ion_tx_failed(char *buffer, size_t size)
{
	ErrorData  *error;
	bool		again;

	HOLD_INTERRUPTS();
	MemoryContextSwitchTo(TopMemoryContext);
	error = CopyErrorData();
	error->hide_stmt = true;
	/* rows and values stay out of the log; the primary message names none */
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("io_notify: %s", error->message),
			 errhidestmt(true), errhidecontext(true)));
	ion_shared_set_text(buffer, size, error->message);
	again = error->sqlerrcode == ERRCODE_T_R_SERIALIZATION_FAILURE ||
		error->sqlerrcode == ERRCODE_T_R_DEADLOCK_DETECTED ||
		error->sqlerrcode == ERRCODE_LOCK_NOT_AVAILABLE;
	FreeErrorData(error);
	AbortCurrentTransaction();
	FlushErrorState();
	RESUME_INTERRUPTS();
	pgstat_report_activity(STATE_IDLE, NULL);
	return again;
}
