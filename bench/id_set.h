/*-------------------------------------------------------------------------
 *
 * id_set.h
 *	  A growing set of strings, kept as 64-bit hashes, that only counts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BENCH_ID_SET_H
#define ION_BENCH_ID_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct IdSet
{
	uint64_t   *slots;			/* open addressing, 0 = free */
	size_t		capacity;		/* a power of two, or 0 */
	size_t		count;
} IdSet;

extern bool id_set_add(IdSet *set, const char *id);

#endif							/* ION_BENCH_ID_SET_H */
