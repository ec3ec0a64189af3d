/*-------------------------------------------------------------------------
 *
 * kept.c
 *	  What a process keeps of templates and layouts: found by key, pinned while
 *	  in use, forgotten when the tables change or room runs out.
 *
 * Triggers on the tables invalidate the relation cache entry of
 * io_notify.template (layouts and keys included) or io_notify.service
 * (organizations included) at the change's commit, and a rollback does so at
 * once in the process that had made it: a key made on first use goes with its
 * transaction.  The callback only notes it: entries may be in use just then.
 * Everything goes, since changes are rare and reading again costs one query
 * per template.
 *
 * A pinned entry outlives its place here; the last pin frees it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "channel/kept.h"
#include "io_notify.h"

typedef struct Place
{
	char		key[ION_KEPT_KEY_MAX];
	IonKept    *entry;
} Place;

typedef struct Pin
{
	MemoryContextCallback callback;
	IonKept    *entry;
} Pin;

static HTAB *places = NULL;
static MemoryContext kept_cxt = NULL;
static dlist_head entries = DLIST_STATIC_INIT(entries);
static Size total = 0;
static uint64 changes = 0;		/* messages seen so far */
static uint64 changes_known = 0;	/* those after which everything was forgotten */
static Oid	watched[2];			/* template and service */

static void relation_changed(Datum arg, Oid relid);
static void start(void);
static void forget_changed(void);
static void make_room(void);
static void leave(IonKept *entry);
static void unpin(void *arg);

static void
relation_changed(Datum arg, Oid relid)
{
	(void) arg;
	if (relid == InvalidOid || relid == watched[0] || relid == watched[1])
		changes++;
}

static void
start(void)
{
	HASHCTL		ctl = {0};

	kept_cxt = AllocSetContextCreate(TopMemoryContext, "io_notify templates", ALLOCSET_DEFAULT_SIZES);
	ctl.keysize = ION_KEPT_KEY_MAX;
	ctl.entrysize = sizeof(Place);
	ctl.hcxt = kept_cxt;
	places = hash_create("io_notify templates", 64, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
	/* nothing is watched yet */
	changes = 1;
}

/* Take an entry out; free it unless somebody uses it. */
static void
leave(IonKept *entry)
{
	hash_search(places, entry->key, HASH_REMOVE, NULL);
	dlist_delete(&entry->node);
	total -= entry->bytes;
	entry->outdated = true;
	if (entry->pins == 0)
		MemoryContextDelete(entry->cxt);
}

static void
forget_changed(void)
{
	Oid			schema;

	if (changes == changes_known)
		return;
	/* one at a time: an entry that goes may take the pin of another along */
	while (!dlist_is_empty(&entries))
		leave(dlist_head_element(IonKept, node, &entries));
	schema = get_namespace_oid(ION_SCHEMA, false);
	watched[0] = get_relname_relid("template", schema);
	watched[1] = get_relname_relid("service", schema);
	/* before install() there is nothing to watch, and after it all is new */
	if (OidIsValid(watched[0]) && OidIsValid(watched[1]))
		changes_known = changes;
}

IonKept *
ion_kept_find(const char *key)
{
	Place	   *place;

	if (places == NULL)
		start();
	AcceptInvalidationMessages();
	forget_changed();
	place = hash_search(places, key, HASH_FIND, NULL);
	if (place == NULL)
		return NULL;
	dlist_move_head(&entries, &place->entry->node);
	return place->entry;
}

IonKept *
ion_kept_begin(const char *key, Size size)
{
	MemoryContext cxt = AllocSetContextCreate(CurrentMemoryContext, "io_notify template", ALLOCSET_SMALL_SIZES);
	IonKept    *entry = MemoryContextAllocZero(cxt, size);

	entry->cxt = cxt;
	strlcpy(entry->key, key, sizeof(entry->key));
	entry->begun = changes;
	entry->outdated = true;
	return entry;
}

void
ion_kept_end(IonKept *entry)
{
	bool		found;
	Place	   *place;

	/* a key that was cut is not this entry's alone */
	if (changes != entry->begun || strlen(entry->key) >= ION_KEPT_KEY_MAX - 1)
		return;
	MemoryContextSetParent(entry->cxt, kept_cxt);
	place = hash_search(places, entry->key, HASH_ENTER, &found);
	Assert(!found);
	place->entry = entry;
	entry->outdated = false;
	dlist_push_head(&entries, &entry->node);
	ion_kept_measure(entry);
}

void
ion_kept_measure(IonKept *entry)
{
	Size		bytes = MemoryContextMemAllocated(entry->cxt, true);

	if (entry->outdated)
		return;
	total += bytes - entry->bytes;
	entry->bytes = bytes;
	make_room();
}

/*
 * The least recently used goes first; what is pinned stays.  An entry that
 * goes may release others and so come back here: each search is a new one.
 */
static void
make_room(void)
{
	Size		limit = MyBackendType == B_BG_WORKER ? ION_KEPT_BYTES_WORKER : ION_KEPT_BYTES_SESSION;
	bool		moved = true;

	while (total > limit && moved)
	{
		dlist_iter	iter;

		moved = false;
		dlist_reverse_foreach(iter, &entries)
		{
			IonKept    *entry = dlist_container(IonKept, node, iter.cur);

			if (entry->pins == 0 && iter.cur != dlist_head_node(&entries))
			{
				leave(entry);
				moved = true;
				break;
			}
		}
	}
}

void
ion_kept_pin(IonKept *entry, MemoryContext until)
{
	Pin		   *pin = MemoryContextAlloc(until, sizeof(Pin));

	pin->entry = entry;
	pin->callback.func = unpin;
	pin->callback.arg = pin;
	MemoryContextSetParent(entry->cxt, kept_cxt);
	entry->pins++;
	MemoryContextRegisterResetCallback(until, &pin->callback);
}

static void
unpin(void *arg)
{
	IonKept    *entry = ((Pin *) arg)->entry;

	if (--entry->pins > 0)
		return;
	if (entry->outdated)
		MemoryContextDelete(entry->cxt);
	else
		make_room();			/* what was pinned may have left none */
}
