/*-------------------------------------------------------------------------
 *
 * uuid7.c
 *	  UUID version 7 (RFC 9562, section 5.7): layout and a monotonic source.
 *
 *	  48 bits  milliseconds since 1970, big-endian
 *	   4 bits  version, 7
 *	  12 bits  rand_a: a counter within the millisecond (section 6.2, method 1)
 *	   2 bits  variant, binary 10
 *	  62 bits  rand_b: random
 *
 * A bulk insert makes thousands of identifiers within a millisecond; with the
 * counter they leave in ascending order, and the primary key's index grows at
 * its right end.  When the counter overflows, or the clock steps back, the
 * timestamp is ahead of the clock for a while: order matters more here than
 * the last millisecond.  Uniqueness between processes rests on the 62 random
 * bits.
 *
 * The caller owns the state and brings clock and randomness.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "base/uuid7.h"

static void put_timestamp(uint8 *out, int64 unix_ms);

void
ion_uuid7_generate(uint8 out[ION_UUID7_LEN], int64 unix_ms,
				   const uint8 random[10])
{
	put_timestamp(out, unix_ms);
	memcpy(out + 6, random, 10);
	out[6] = 0x70 | (out[6] & 0x0F);
	out[8] = 0x80 | (out[8] & 0x3F);
}

void
ion_uuid7_floor(int64 unix_ms, uint8 out[ION_UUID7_LEN])
{
	put_timestamp(out, unix_ms);
	memset(out + 6, 0, ION_UUID7_LEN - 6);
}

int64
ion_uuid7_unix_ms(const uint8 uuid[ION_UUID7_LEN])
{
	int64		unix_ms = 0;

	for (int i = 0; i < 6; i++)
		unix_ms = (unix_ms << 8) | uuid[i];
	return unix_ms;
}

void
ion_uuid7_next(IonUuid7State *state, int64 unix_ms_now, const uint8 random[8],
			   uint8 out[ION_UUID7_LEN])
{
	uint8		tail[10];

	if (unix_ms_now > state->last_ms)
	{
		state->last_ms = Min(unix_ms_now, ION_UUID7_MS_MAX);
		state->counter = 0;
	}
	else if (state->counter < ION_UUID7_COUNTER_MAX)
		state->counter++;
	else
	{
		state->last_ms++;
		state->counter = 0;
	}
	tail[0] = (uint8) (state->counter >> 8);
	tail[1] = (uint8) (state->counter & 0xFF);
	memcpy(tail + 2, random, 8);
	ion_uuid7_generate(out, state->last_ms, tail);
}

static void
put_timestamp(uint8 *out, int64 unix_ms)
{
	unix_ms = Max(unix_ms, 0);
	unix_ms = Min(unix_ms, ION_UUID7_MS_MAX);
	for (int i = 5; i >= 0; i--)
	{
		out[i] = (uint8) (unix_ms & 0xFF);
		unix_ms >>= 8;
	}
}
