/*-------------------------------------------------------------------------
 *
 * clock.c
 *	  Somebody set the wall clock while we run.
 *
 * Times in tables are wall times, waits inside a process are monotonic ones.
 * When the two part, the clock was set, and by how much is known exactly.
 *
 * Set back by three hours, everything that was due would wait three hours: it
 * is moved along by the same amount, deliveries only (what a sender put off
 * with send_after is put off until that hour on the wall).  The first
 * dispatcher does it for all.  If it cannot, or dies first, rows are late and
 * nothing is wrong.
 *
 * Set on, claims look older than they are, and live ones would be taken for
 * abandoned: for the length of a lease, leases do not count.  Dead
 * dispatchers are known by their absence in any case.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "queue/orphan.h"
#include "queue/tx.h"
#include "worker/dispatcher.h"

#define STEP_MS 2000			/* less is drift, or somebody's ntpd */

static bool set_back(IonDispatcher *d, int64 step_ms);

void
ion_clock_check(IonDispatcher *d)
{
	int64		now_ms = ion_monotonic_ms();
	int64		offset_ms = GetCurrentTimestamp() / 1000 - now_ms;
	int64		step_ms = d->clock_known ? offset_ms - d->clock_offset_ms : 0;

	if (step_ms <= -STEP_MS && d->index == 0)
	{
		/* tried again, with the same step, when the tables can be written */
		if (!d->active || now_ms < d->retry_at_ms || !set_back(d, -step_ms))
			return;
	}
	if (step_ms >= STEP_MS)
		d->leases_from_ms = now_ms + (int64) ION_LEASE_SECONDS * 1000;
	if (step_ms >= STEP_MS || step_ms <= -STEP_MS)
	{
		if (d->index == 0)
			ereport(LOG, (errmsg("io_notify: the clock was set %s by " INT64_FORMAT " seconds",
								 step_ms < 0 ? "back" : "on", (step_ms < 0 ? -step_ms : step_ms) / 1000)));
		/* next_due is a wall time */
		d->dirty = true;
		d->next_due = DT_NOEND;
	}
	d->clock_known = true;
	d->clock_offset_ms = offset_ms;
}

static bool
set_back(IonDispatcher *d, int64 step_ms)
{
	char		error[ION_ERROR_MAX];
	bool		volatile good = false;

	PG_TRY();
	{
		ion_tx_begin(true, "io_notify: following the clock");
		ion_queue_move_due(GetCurrentTimestamp(), step_ms);
		ion_tx_commit();
		good = true;
	}
	PG_CATCH();
	{
		(void) ion_tx_failed(error, sizeof(error));
		ion_store_failed(d, error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(d->cxt);
	return good;
}
