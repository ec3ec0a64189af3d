/*-------------------------------------------------------------------------
 *
 * route.h
 *	  Turns messages into deliveries and work.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_ROUTE_H
#define ION_QUEUE_ROUTE_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "executor/tuptable.h"
#include "utils/tuplestore.h"

#include "queue/decision.h"

/*
 * Each function runs between SPI_connect and SPI_finish, as the owner.
 */

/*
 * Route the rows of a statement's transition table (of layout desc; rows is
 * their number).  Returns how many rows of work were queued.
 */
extern uint64 ion_route_new(Tuplestorestate *messages, TupleDesc desc, int64 rows);

/* The same for one row, where the trigger works by the row. */
extern uint64 ion_route_row(HeapTuple message, TupleDesc desc);

/*
 * Route the messages of due route rows that the caller has locked.  ids is a
 * uuid[]; returns how many rows of work were queued.
 */
extern uint64 ion_route_due(Datum ids);

/*
 * The decision for one message of a service to a recipient, told to found
 * delivery by delivery, nothing stored.  address is a text, or 0; remark is
 * what a delivery that goes all the same would have as its reason, or NULL.
 */
typedef void (*IonRouteFound) (void *arg, IonChannel channel, Datum address, IonReason reason, const char *remark);
extern void ion_route_decide(const char *service, Datum recipient, IonRouteFound found, void *arg);

#endif							/* ION_QUEUE_ROUTE_H */
