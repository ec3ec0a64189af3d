/*-------------------------------------------------------------------------
 *
 * fuzz_arena.h
 *	  palloc() for fuzz targets: everything is given back after each input.
 *
 * The code under test leaves its memory to a memory context.  Outside the
 * server there is none, so a fuzz target that ran for an hour would run out
 * of memory.  These definitions take the place of libpgcommon's
 * fe_memutils.o, which the linker then leaves out: each block is one malloc()
 * (the sanitizer sees its exact bounds) on a list that arena_reset() frees.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_FUZZ_ARENA_H
#define ION_FUZZ_ARENA_H

#include "base/pure.h"

typedef struct ArenaBlock
{
	struct ArenaBlock *next;
	struct ArenaBlock *prev;
} ArenaBlock;

static ArenaBlock arena = {&arena, &arena};

static void *
arena_link(ArenaBlock *block)
{
	if (block == NULL)
		abort();
	block->next = arena.next;
	block->prev = &arena;
	arena.next->prev = block;
	arena.next = block;
	return block + 1;
}

static ArenaBlock *
arena_unlink(void *pointer)
{
	ArenaBlock *block = (ArenaBlock *) pointer - 1;

	block->prev->next = block->next;
	block->next->prev = block->prev;
	return block;
}

static inline void
arena_reset(void)
{
	while (arena.next != &arena)
		free(arena_unlink(arena.next + 1));
}

void *
palloc(Size size)
{
	return arena_link(malloc(sizeof(ArenaBlock) + size));
}

void *
palloc0(Size size)
{
	return memset(palloc(size), 0, size);
}

void *
repalloc(void *pointer, Size size)
{
	return arena_link(realloc(arena_unlink(pointer), sizeof(ArenaBlock) + size));
}

void
pfree(void *pointer)
{
	free(arena_unlink(pointer));
}

char *
pstrdup(const char *in)
{
	return strcpy(palloc(strlen(in) + 1), in);
}

char *
pnstrdup(const char *in, Size len)
{
	size_t		n = strnlen(in, len);
	char	   *copy = palloc(n + 1);

	memcpy(copy, in, n);
	copy[n] = '\0';
	return copy;
}

#endif							/* ION_FUZZ_ARENA_H */
