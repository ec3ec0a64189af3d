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
 * or whose lease has run out, sorted by token, and return them in the current
 * context.  The lock lasts as long as the transaction.
 */
extern int	ion_orphans_find(Datum live, TimestampTz now, int limit, IonOrphan **orphans);

/* The tokens (char *, in the current context) that claims bear now. */
extern List *ion_claim_tokens(void);

/*
 * Expire up to limit unclaimed rows whose time to live has ended, whatever
 * keeps their lane from moving.  Returns how many.
 */
extern int	ion_sweep_expired(TimestampTz now, int limit);

#endif							/* ION_QUEUE_ORPHAN_H */
