/*-------------------------------------------------------------------------
 *
 * lane.h
 *	  A lane: the queue's rows of one channel and destination.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_LANE_H
#define ION_QUEUE_LANE_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "lib/ilist.h"
#include "utils/uuid.h"

#define ION_DESTINATION_MAX 264	/* host:port of a URL, with the zero */
#define ION_PRIORITIES 3		/* emergency, normal, bulk */

/* Behind this row the claim goes on reading. */
typedef struct IonCursor
{
	TimestampTz due_at;
	pg_uuid_t	message_id;
	int16		seq;
} IonCursor;

typedef struct IonLane
{
	dlist_node	node;
	char		channel[8];
	char		destination[ION_DESTINATION_MAX];
	IonCursor	cursor[ION_PRIORITIES];
	int			limit;			/* rows wanted by the next claim */
	int			claimed;		/* rows the last claim brought */
	int			taken;			/* rows this transaction has claimed */
	bool		more;			/* due rows may lie behind the cursors */

	bool		in_company;		/* other lanes share the channel's providers */

	/* destinations of their own: a window that grows and halves */
	double		window;
	int			in_flight;		/* begun and not ended */
	int			waiting;		/* claimed and not begun */
	dlist_head	ready;			/* jobs claimed and not begun */
	bool		seen;			/* found by the last discovery */
} IonLane;

/* Read from the start again. */
extern void ion_lane_rewind(IonLane *lane);

/*
 * The lanes that hold rows now.  Calls found for each.  Inside a transaction
 * of ion_tx_begin.
 */
extern void ion_lanes_discover(void (*found) (void *arg, const char *channel, const char *destination), void *arg);

#endif							/* ION_QUEUE_LANE_H */
