/* units: src/channel/retry_after.c src/queue/retry_policy.c */
/*
 * fuzz_retry_after.c
 *	  Header values and schedules from nowhere, at any time of the world.
 */
#include "base/pure.h"

#include "channel/retry_after.h"
#include "queue/retry_policy.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool condition)
{
	if (!condition)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	IonRetrySchedule schedule;
	const char *error;
	char	   *text;
	int64		now = 0;
	int			wait;

	if (size < sizeof(now))
		return 0;
	memcpy(&now, data, sizeof(now));
	data += sizeof(now);
	size -= sizeof(now);
	text = malloc(size + 1);
	memcpy(text, data, size);
	text[size] = '\0';

	wait = ion_retry_after_parse(text, now);
	require(wait >= -1);
	if (ion_retry_schedule_parse(text, &schedule, &error))
	{
		require(error == NULL);
		require(schedule.count >= 1 && schedule.count <= ION_RETRY_STEPS_MAX);
		for (int i = 0; i < schedule.count; i++)
		{
			int64		delay = ion_retry_delay_ms(&schedule, i + 1, wait,
												   (double) (now & 0xFF) / 256);

			require(schedule.delay_ms[i] >= ION_RETRY_STEP_MIN_MS);
			require(schedule.delay_ms[i] <= ION_RETRY_STEP_MAX_MS);
			require(delay >= 1 && delay <= 2 * ION_RETRY_STEP_MAX_MS);
		}
		require(ion_retry_delay_ms(&schedule, schedule.count + 1, wait, 0) == -1);
	}
	else
		require(error != NULL && schedule.count == 0);
	free(text);
	return 0;
}
