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

/*
 * This database's key for a purpose, made when first asked for; returns its
 * length, at most ION_SECRET_MAX.
 */
#define ION_SECRET_MAX 64
extern int	ion_secret_read(const char *purpose, uint8 *key);

#endif							/* ION_QUEUE_REGISTRY_READ_H */
