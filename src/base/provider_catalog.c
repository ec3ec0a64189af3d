/*-------------------------------------------------------------------------
 *
 * provider_catalog.c
 *	  The foreign servers of this database that are providers.
 *
 * Routing asks for every statement which channels have a way out at all, so
 * the answer is cached per backend and thrown away when a foreign server
 * changes.  A provider that is disabled or paused still counts: its messages
 * wait, they are not suppressed.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "foreign/foreign.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/provider_catalog.h"
#include "io_notify.h"

static bool channels_valid = false;
static bool changed_meanwhile = false;	/* while the catalog was being read */
static Datum channels_cached = (Datum) 0;

static void forget_channels(Datum arg, int cache_id, uint32 hash_value);
static char *server_channel(Oid server);

Oid
ion_provider_wrapper(void)
{
	return get_foreign_data_wrapper_oid(ION_EXTENSION, true);
}

List *
ion_provider_servers(void)
{
	Oid			wrapper = ion_provider_wrapper();
	List	   *servers = NIL;
	Relation	rel;
	SysScanDesc scan;
	HeapTuple	tuple;

	if (!OidIsValid(wrapper))
		return NIL;
	rel = table_open(ForeignServerRelationId, AccessShareLock);
	scan = systable_beginscan(rel, InvalidOid, false, NULL, 0, NULL);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
	{
		Form_pg_foreign_server form = (Form_pg_foreign_server) GETSTRUCT(tuple);

		if (form->srvfdw == wrapper)
			servers = lappend_oid(servers, form->oid);
	}
	systable_endscan(scan);
	table_close(rel, AccessShareLock);
	return servers;
}

static char *
server_channel(Oid server)
{
	ForeignServer *fs = GetForeignServer(server);
	ListCell   *lc;

	foreach(lc, fs->options)
	{
		DefElem    *def = (DefElem *) lfirst(lc);

		if (strcmp(def->defname, "channel") == 0)
			return defGetString(def);
	}
	return NULL;
}

static void
forget_channels(Datum arg, int cache_id, uint32 hash_value)
{
	(void) arg;
	(void) cache_id;
	(void) hash_value;
	channels_valid = false;
	changed_meanwhile = true;
}

Datum
ion_provider_channels(void)
{
	static bool registered = false;
	List	   *servers;
	ListCell   *lc;
	Datum	   *items;
	int			n = 0;
	MemoryContext old;

	if (!registered)
	{
		CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget_channels, (Datum) 0);
		CacheRegisterSyscacheCallback(FOREIGNDATAWRAPPEROID, forget_channels, (Datum) 0);
		registered = true;
	}
	if (channels_valid)
		return channels_cached;

	changed_meanwhile = false;
	servers = ion_provider_servers();
	items = palloc(sizeof(Datum) * (list_length(servers) + 1));
	foreach(lc, servers)
	{
		char	   *channel = server_channel(lfirst_oid(lc));

		if (channel != NULL)
			items[n++] = CStringGetTextDatum(channel);
	}
	if (channels_cached != (Datum) 0)
		pfree(DatumGetPointer(channels_cached));
	channels_cached = (Datum) 0;
	old = MemoryContextSwitchTo(TopMemoryContext);
	channels_cached = PointerGetDatum(construct_array(items, n, TEXTOID, -1, false, TYPALIGN_INT));
	MemoryContextSwitchTo(old);
	channels_valid = !changed_meanwhile;
	return channels_cached;
}
