/*-------------------------------------------------------------------------
 *
 * registry_read.h
 *	  What the workers read of tables other than the queue.
 *
 * Inside ion_tx_begin.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_REGISTRY_READ_H
#define ION_QUEUE_REGISTRY_READ_H

#include "postgres.h"

#include "nodes/pg_list.h"

/* The identity install() or adopt() recorded; false when there is none. */
extern bool ion_read_identity(int64 *system_identifier, Oid *database);

/*
 * What is paused: everything, services (a text[]), providers (a List of
 * char *).  Allocated in the current context.
 */
extern void ion_read_pauses(bool *all, Datum *services, List **providers);

/* Make partitions ahead; returns how many were made. */
extern int	ion_make_partitions(void);

#endif							/* ION_QUEUE_REGISTRY_READ_H */
