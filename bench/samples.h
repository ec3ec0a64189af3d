/*-------------------------------------------------------------------------
 *
 * samples.h
 *	  Monotonic time and percentiles for the bench's clients.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BENCH_SAMPLES_H
#define ION_BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

extern uint64_t samples_now_ns(void);
extern void samples_sort(uint64_t *samples, size_t count);
extern double samples_percentile_us(const uint64_t *sorted, size_t count,
									double percent);

#endif							/* ION_BENCH_SAMPLES_H */
