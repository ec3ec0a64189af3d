/*-------------------------------------------------------------------------
 *
 * samples.c
 *	  Monotonic time and percentiles for the bench's clients.
 *
 *-------------------------------------------------------------------------
 */
#include "samples.h"

#include <stdlib.h>
#include <time.h>

/* CLOCK_MONOTONIC in nanoseconds: comparable between processes. */
uint64_t
samples_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	uint64_t	x = *(const uint64_t *) a;
	uint64_t	y = *(const uint64_t *) b;

	return (x > y) - (x < y);
}

void
samples_sort(uint64_t *samples, size_t count)
{
	qsort(samples, count, sizeof(*samples), compare);
}

/* The nearest-rank percentile of sorted nanoseconds, in microseconds. */
double
samples_percentile_us(const uint64_t *sorted, size_t count, double percent)
{
	size_t		rank;

	if (count == 0)
		return 0;
	rank = (size_t) (percent / 100.0 * (double) count);
	if (rank >= count)
		rank = count - 1;
	return (double) sorted[rank] / 1000.0;
}
