/*-------------------------------------------------------------------------
 *
 * uuid7.h
 *	  UUID version 7 (RFC 9562, section 5.7): layout and a monotonic source.
 *
 * See uuid7.c for the argument.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_UUID7_H
#define ION_BASE_UUID7_H

#include "base/pure.h"

#define ION_UUID7_LEN			16
#define ION_UUID7_MS_MAX		((INT64CONST(1) << 48) - 1)
#define ION_UUID7_COUNTER_MAX	0xFFF	/* the 12 bits of rand_a */

/* One per process; zero-filled is the start. */
typedef struct IonUuid7State
{
	int64		last_ms;		/* timestamp of the last identifier */
	int			counter;		/* its place within that millisecond */
} IonUuid7State;

/*
 * Lay out one identifier from milliseconds since 1970 (clamped to 48 bits)
 * and 80 random bits, six of which give way to version and variant.
 */
extern void ion_uuid7_generate(uint8 out[ION_UUID7_LEN], int64 unix_ms,
							   const uint8 random[10]);

/*
 * The lowest 128-bit value whose timestamp is unix_ms: every identifier of
 * that millisecond or later is >= it, every earlier one is < it.  A bound,
 * not an identifier: version and variant are zero.
 */
extern void ion_uuid7_floor(int64 unix_ms, uint8 out[ION_UUID7_LEN]);

/* The timestamp of an identifier or a bound, milliseconds since 1970. */
extern int64 ion_uuid7_unix_ms(const uint8 uuid[ION_UUID7_LEN]);

/*
 * The next identifier of this process: always greater than the one before,
 * whatever the clock does.  random is 8 fresh bytes from a strong source.
 */
extern void ion_uuid7_next(IonUuid7State *state, int64 unix_ms_now,
						   const uint8 random[8], uint8 out[ION_UUID7_LEN]);

#endif							/* ION_BASE_UUID7_H */
