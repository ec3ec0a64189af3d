/*-------------------------------------------------------------------------
 *
 * id_set.c
 *	  Count distinct identifiers without keeping them.
 *
 * 64-bit FNV-1a: among a million ids the chance that two collide, which would
 * show as one id too few, is about 3 in 10^8.  A set starts as all zeroes and
 * grows by doubling at half load.
 *
 *-------------------------------------------------------------------------
 */
#include "id_set.h"

#include <stdlib.h>

static void
insert(IdSet *set, uint64_t hash)
{
	size_t		i = hash & (set->capacity - 1);

	while (set->slots[i] != 0 && set->slots[i] != hash)
		i = (i + 1) & (set->capacity - 1);
	if (set->slots[i] == 0)
	{
		set->slots[i] = hash;
		set->count++;
	}
}

/* Add id; returns false when memory ran out (the set is then unchanged). */
bool
id_set_add(IdSet *set, const char *id)
{
	uint64_t	hash = UINT64_C(14695981039346656037);

	for (; *id; id++)
		hash = (hash ^ (unsigned char) *id) * UINT64_C(1099511628211);
	if (2 * (set->count + 1) > set->capacity)
	{
		IdSet		bigger = {.capacity = set->capacity ? set->capacity * 2
		: 65536};

		bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
		if (bigger.slots == NULL)
			return false;
		for (size_t i = 0; i < set->capacity; i++)
			if (set->slots[i] != 0)
				insert(&bigger, set->slots[i]);
		free(set->slots);
		*set = bigger;
	}
	insert(set, hash ? hash : 1);
	return true;
}
