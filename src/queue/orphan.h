/*-------------------------------------------------------------------------
 *
 * orphan.h
 *	  Claims whose dispatcher is gone, and rows whose time has passed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_ORPHAN_H
#define ION_QUEUE_ORPHAN_H

#include "postgres.h"

#include "lib/ilist.h"
#include "nodes/pg_list.h"

#include "queue/job.h"

typedef struct IonOrphan
{
	IonJob	   *job;
	char	   *token;			/* whose claim it was */
} IonOrphan;

/*
 * Lock up to limit claims that belong to none of the live tokens (a text[]),
 * or are older than claimed_before (their lease has run out), sorted by token,
 * and return them in the current context.  The lock lasts as long as the
 * transaction.
 */
extern int	ion_orphans_find(Datum live, TimestampTz claimed_before, int limit, IonOrphan **orphans);

/* The tokens (char *, in the current context) that claims bear now. */
extern List *ion_claim_tokens(void);

/*
 * Expire up to limit unclaimed rows whose time to live has ended, whatever
 * keeps their lane from moving.  Returns how many.
 */
extern int	ion_sweep_expired(TimestampTz now, int limit);

/* The clock was set back: deliveries due later than now are due earlier. */
extern void ion_queue_move_due(TimestampTz now, int64 step_ms);

#endif							/* ION_QUEUE_ORPHAN_H */
