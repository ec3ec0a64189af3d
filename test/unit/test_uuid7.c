/* units: src/base/uuid7.c */
/*
 * test_uuid7.c
 *	  The RFC's example, bounds, and order under every mood of the clock.
 */
#include "base/pure.h"

#include "base/uuid7.h"
#include "tap.h"

static const char *
in_hex(const uint8 *uuid)
{
	static char text[37];
	char	   *p = text;

	for (int i = 0; i < ION_UUID7_LEN; i++)
	{
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		p += sprintf(p, "%02x", uuid[i]);
	}
	return text;
}

static void
check_layout(void)
{
	/* RFC 9562, appendix A.6: rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F */
	static const uint8 rfc[10] = {
		0x0C, 0xC3, 0x18, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F
	};
	static const uint8 ones[10] = {
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF
	};
	static const uint8 zeros[10] = {0};
	uint8		uuid[ION_UUID7_LEN];

	ion_uuid7_generate(uuid, INT64CONST(0x017F22E279B0), rfc);
	is_str(in_hex(uuid), "017f22e2-79b0-7cc3-98c4-dc0c0c07398f", "RFC 9562, A.6");
	is_int(ion_uuid7_unix_ms(uuid), INT64CONST(1645557742000), "its time");
	ion_uuid7_generate(uuid, ION_UUID7_MS_MAX, ones);
	is_str(in_hex(uuid), "ffffffff-ffff-7fff-bfff-ffffffffffff", "all ones");
	is_int(ion_uuid7_unix_ms(uuid), ION_UUID7_MS_MAX, "their time");
	ion_uuid7_generate(uuid, 0, zeros);
	is_str(in_hex(uuid), "00000000-0000-7000-8000-000000000000", "all zeros");
	is_int(ion_uuid7_unix_ms(uuid), 0, "their time");
	ion_uuid7_generate(uuid, -1, zeros);
	is_int(ion_uuid7_unix_ms(uuid), 0, "before 1970 is 1970");
	ion_uuid7_generate(uuid, PG_INT64_MAX, zeros);
	is_int(ion_uuid7_unix_ms(uuid), ION_UUID7_MS_MAX, "beyond 48 bits is the end");
}

static void
check_floor(void)
{
	static const uint8 ones[10] = {
		0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF
	};
	static const uint8 zeros[10] = {0};
	const int64 now = INT64CONST(1764000000000);
	uint8		bound[ION_UUID7_LEN];
	uint8		uuid[ION_UUID7_LEN];

	ion_uuid7_floor(now, bound);
	is_str(in_hex(bound), "019ab697-e800-0000-0000-000000000000", "a bound");
	is_int(ion_uuid7_unix_ms(bound), now, "its time");
	ion_uuid7_generate(uuid, now, zeros);
	ok(memcmp(bound, uuid, sizeof(uuid)) <= 0, "not above the first of its ms");
	ion_uuid7_generate(uuid, now - 1, ones);
	ok(memcmp(bound, uuid, sizeof(uuid)) > 0, "above the last of the ms before");
	ion_uuid7_floor(-5, bound);
	is_str(in_hex(bound), "00000000-0000-0000-0000-000000000000", "before 1970");
}

static void
check_order(void)
{
	IonUuid7State state = {0, 0};
	uint8		random[8];
	uint8		last[ION_UUID7_LEN];
	uint8		uuid[ION_UUID7_LEN];
	int64		clock = INT64CONST(1764000000000);
	int			backwards = 0;
	int			ill = 0;
	uint32		seed = 42;

	memset(last, 0, sizeof(last));
	for (int i = 0; i < 200000; i++)
	{
		/* descending randomness, a clock that rests, jumps and steps back */
		memset(random, 0xFF - i % 256, sizeof(random));
		seed = seed * 1664525 + 1013904223;
		if (seed >> 30 == 0)
			clock += (seed >> 8) % 3;
		if (i % 20000 == 19999)
			clock -= 3 * 86400000;
		else if (i % 50000 == 30000)
			clock += 7200000;
		ion_uuid7_next(&state, clock, random, uuid);
		if (memcmp(uuid, last, sizeof(uuid)) <= 0)
			backwards++;
		if ((uuid[6] & 0xF0) != 0x70 || (uuid[8] & 0xC0) != 0x80)
			ill++;
		memcpy(last, uuid, sizeof(uuid));
	}
	is_int(backwards, 0, "200,000 identifiers, each above the one before");
	is_int(ill, 0, "each with version 7 and the right variant");
}

static void
check_counter(void)
{
	static const uint8 random[8] = {0xFF, 1, 2, 3, 4, 5, 6, 7};
	const int64 now = INT64CONST(1764000000000);
	IonUuid7State state = {0, 0};
	uint8		uuid[ION_UUID7_LEN];

	ion_uuid7_next(&state, now, random, uuid);
	is_str(in_hex(uuid), "019ab697-e800-7000-bf01-020304050607", "counter 0");
	ion_uuid7_next(&state, now, random, uuid);
	is_str(in_hex(uuid), "019ab697-e800-7001-bf01-020304050607", "counter 1");
	for (int i = 2; i <= 4095; i++)
		ion_uuid7_next(&state, now, random, uuid);
	is_str(in_hex(uuid), "019ab697-e800-7fff-bf01-020304050607", "counter 4095");
	ion_uuid7_next(&state, now, random, uuid);
	is_str(in_hex(uuid), "019ab697-e801-7000-bf01-020304050607",
		   "the counter's end steps the time forward");
	ion_uuid7_next(&state, now + 1, random, uuid);
	is_str(in_hex(uuid), "019ab697-e801-7001-bf01-020304050607",
		   "and the clock catching up changes nothing");
	ion_uuid7_next(&state, now - 86400000, random, uuid);
	is_str(in_hex(uuid), "019ab697-e801-7002-bf01-020304050607",
		   "nor does a clock that steps back");
	ion_uuid7_next(&state, now + 2, random, uuid);
	is_str(in_hex(uuid), "019ab697-e802-7000-bf01-020304050607",
		   "a new millisecond starts over");
	ion_uuid7_next(&state, PG_INT64_MAX, random, uuid);
	is_str(in_hex(uuid), "ffffffff-ffff-7000-bf01-020304050607", "the end of time");
}

int
main(void)
{
	check_layout();
	check_floor();
	check_order();
	check_counter();
	return done_testing();
}
