/*-------------------------------------------------------------------------
 *
 * claim.h
 *	  Taking work from the queue, durably, before a byte of it leaves.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_CLAIM_H
#define ION_QUEUE_CLAIM_H

#include "postgres.h"

#include "lib/ilist.h"

#include "queue/job.h"
#include "queue/lane.h"

/* The part of the messages to claim: those whose hash modulo of is index. */
typedef struct IonShare
{
	int			of;				/* 1: all of them */
	int			index;
} IonShare;

/*
 * Claim up to lane->limit due rows of each lane, in order of priority and
 * time, behind the lane's cursors, and append them to jobs as IonJob, each in
 * its own context under parent.  paused is a text[] of services to pass over.
 * Sets lane->claimed and moves the cursors.  Returns the number of jobs.  The
 * jobs are ours only once the caller has committed.
 */
extern int	ion_claim(IonLane **lanes, int n_lanes, const IonShare *share, const char *token, Datum paused,
					  TimestampTz now, MemoryContext parent, dlist_head *jobs);

/*
 * Route up to limit scheduled messages that fell due.  Returns how many were
 * routed.
 */
extern int	ion_claim_routes(Datum paused, TimestampTz now, int limit);

/*
 * The oldest due message of kind route could not be routed: give it up with a
 * delivery row that says so.
 */
extern void ion_claim_route_failed(Datum paused, TimestampTz now);

/* When the next row falls due after now; DT_NOEND when none. */
extern TimestampTz ion_claim_next_due(IonLane **lanes, int n_lanes, TimestampTz now);

#endif							/* ION_QUEUE_CLAIM_H */
