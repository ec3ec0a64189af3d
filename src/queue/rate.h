/*-------------------------------------------------------------------------
 *
 * rate.h
 *	  How fast a service may send: a token bucket per service.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_RATE_H
#define ION_QUEUE_RATE_H

#include "postgres.h"

#include "datatype/timestamp.h"

#define ION_RATE_BURST_SECONDS 5	/* a full bucket holds this long's tokens,
									 * at least one */

/*
 * Draw n tokens for messages of service, which may send rate_per_second of
 * them; once per message, when it is inserted.  They return to the bucket if
 * the transaction or subtransaction rolls back.
 *
 * True: go.  With defer the tokens are always drawn, if need be in advance:
 * false then says that the last of them falls due at *due_at.  Without defer
 * a bucket with less than n tokens is error 53400 with the time to retry.
 */
extern bool ion_rate_draw(const char *service, double rate_per_second, int64 n, bool defer, TimestampTz *due_at);

/* Take n tokens whatever is left: what an emergency uses. */
extern void ion_rate_count(const char *service, double rate_per_second, int64 n);

#endif							/* ION_QUEUE_RATE_H */
