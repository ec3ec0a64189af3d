/*-------------------------------------------------------------------------
 *
 * route_rows.h
 *	  The rows routing writes: deliveries and work.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_ROUTE_ROWS_H
#define ION_QUEUE_ROUTE_ROWS_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "queue/decision.h"
#include "queue/row_store.h"
#include "queue/service_cache.h"

/* The columns of a message that routing needs. */
enum
{
	ION_MSG_ID, ION_MSG_SERVICE, ION_MSG_RECIPIENT, ION_MSG_EMAIL, ION_MSG_PHONE, ION_MSG_SECURE, ION_MSG_PRIORITY,
	ION_MSG_SEND_AFTER, ION_MSG_TTL, ION_MSG_CREATED_AT, ION_MSG_COLUMNS
};

typedef struct IonRouteMessage
{
	Datum		value[ION_MSG_COLUMNS];
	bool		isnull[ION_MSG_COLUMNS];
} IonRouteMessage;

typedef enum IonLater
{
	ION_LATER_SCHEDULED,		/* the sender asked for it */
	ION_LATER_THROTTLED			/* a quota that defers asked for it */
} IonLater;

typedef struct IonRouteRows
{
	MemoryContext cxt;			/* outlives the rows */
	TimestampTz now;			/* the transaction's */
	int16		normal_priority;	/* what normal counts as: 1, in bulk 2 */
	IonRowStore *delivery;		/* each opened with its first row */
	IonRowStore *queue;
	uint64		queued;
	TimestampTz expires_from;	/* the last expiry worked out */
	Interval	expires_ttl;
	TimestampTz expires_at;
} IonRouteRows;

extern void ion_route_rows_open(IonRouteRows *rows, bool bulk);

/*
 * A delivery: queued (from due on), delivered (the inbox), or suppressed for
 * a reason.  address is a text or 0; remark is NULL or a queued delivery's
 * reason: something people should know about it.
 */
extern void ion_route_rows_delivery(IonRouteRows *rows, const IonRouteMessage *message, int16 seq, IonChannel channel,
									Datum address, IonReason reason, const char *remark, TimestampTz due);

/* The work of a queued delivery. */
extern void ion_route_rows_work(IonRouteRows *rows, const IonRouteMessage *message, const IonService *service,
								int16 seq, IonChannel channel, Datum address, TimestampTz due);

/* A message not to be routed before due. */
extern void ion_route_rows_later(IonRouteRows *rows, const IonRouteMessage *message, const IonService *service,
								 IonLater kind, TimestampTz due);

/* A message whose service is gone when it falls due: it must not vanish with it. */
extern void ion_route_rows_failed(IonRouteRows *rows, const IonRouteMessage *message);

extern void ion_route_rows_close(IonRouteRows *rows);

#endif							/* ION_QUEUE_ROUTE_ROWS_H */
