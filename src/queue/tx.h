/*-------------------------------------------------------------------------
 *
 * tx.h
 *	  A worker's short transactions, run as the owner of the tables.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_TX_H
#define ION_QUEUE_TX_H

#include "postgres.h"

/*
 * Once per worker: pin what a DBA may set globally but dispatch must not
 * inherit (timeouts, isolation, planner, search path).
 */
extern void ion_tx_settings(void);

/*
 * Begin: a READ COMMITTED transaction with a snapshot, SPI connected, and,
 * with as_owner, acting as the tables' owner of this moment under
 * SECURITY_RESTRICTED_OPERATION; activity is shown in pg_stat_activity.
 */
extern void ion_tx_begin(bool as_owner, const char *activity);
extern void ion_tx_commit(void);

/*
 * After PG_CATCH: roll back, report the error to the log without any
 * statement, and return a copy of its message in buffer.  Returns true when
 * the same work may simply be tried again (serialization, deadlock, lock
 * timeout).
 */
extern bool ion_tx_failed(char *buffer, size_t size);

#endif							/* ION_QUEUE_TX_H */
