/*-------------------------------------------------------------------------
 *
 * kept.h
 *	  What a process keeps of templates and layouts: found by key, pinned while
 *	  in use, forgotten when the tables change or room runs out.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_KEPT_H
#define ION_CHANNEL_KEPT_H

#include "postgres.h"

#include "lib/ilist.h"

#define ION_KEPT_KEY_MAX		200 /* bytes of a key, with its zero */
#define ION_KEPT_BYTES_WORKER	(16 * 1024 * 1024)	/* of a dispatcher */
#define ION_KEPT_BYTES_SESSION	(4 * 1024 * 1024)	/* of a sender's backend */

/* The head of whatever is kept. */
typedef struct IonKept
{
	dlist_node	node;			/* in the list of all, last used first */
	MemoryContext cxt;			/* this struct and all it points to */
	Size		bytes;
	uint64		begun;			/* changes seen when it was begun to be read */
	int			pins;
	bool		outdated;		/* not found any more; freed with the last pin */
	char		key[ION_KEPT_KEY_MAX];
} IonKept;

/*
 * What is kept under a key, or NULL.  Forgets first what has changed, so call
 * it inside a transaction.
 */
extern IonKept *ion_kept_find(const char *key);

/*
 * Begin an entry of size bytes, zeroed but for its head, in a context of its
 * own; then read what goes into it (allocate in entry->cxt), then end.  A
 * change that arrives in between keeps it from being kept.  Until it is kept
 * or pinned it belongs to the context current when it was begun.
 */
extern IonKept *ion_kept_begin(const char *key, Size size);
extern void ion_kept_end(IonKept *entry);

/* An entry has grown. */
extern void ion_kept_measure(IonKept *entry);

/* Keep an entry until a context is reset or deleted. */
extern void ion_kept_pin(IonKept *entry, MemoryContext until);

#endif							/* ION_CHANNEL_KEPT_H */
