/*-------------------------------------------------------------------------
 *
 * route.h
 *	  The routing decision: who gets a message, over which channel, or why not.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_ROUTE_H
#define ION_QUEUE_ROUTE_H

#include "postgres.h"

/*
 * From this many rows on a statement is planned for itself, with every kind of
 * join; below, the kept plan goes by keys.  Whoever acts as the owner around
 * ion_route_new chooses its planner settings by the same number.
 */
#define ION_ROUTE_FRESH_ROWS 200

/*
 * Each function runs between SPI_connect and SPI_finish, as the owner.
 */

/*
 * Route the rows of the transition table new_message (registered with SPI).
 * rows is their number, scheduled whether one of them may lie in the future.
 * Returns how many rows of work were queued.
 */
extern uint64 ion_route_new(int64 rows, bool scheduled);

/*
 * Route the messages of due route rows that the caller has locked.  ids is a
 * uuid[]; returns how many deliveries were queued.
 */
extern uint64 ion_route_due(Datum ids);

/*
 * The decision for one service and recipient: leaves rows (channel text,
 * would_send bool, address text, reason text) in SPI_tuptable and returns
 * their number.
 */
extern uint64 ion_route_decide(Datum service, Datum recipient);

#endif							/* ION_QUEUE_ROUTE_H */
