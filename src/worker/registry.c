/*-------------------------------------------------------------------------
 *
 * registry.c
 *	  What a dispatcher knows of its database: identity, pauses, providers,
 *	  lanes.
 *
 * Providers are read again whenever a foreign server or user mapping changes,
 * pauses whenever somebody says so, and both every few seconds all the same,
 * so that a rotated password file is noticed.  A provider that was replaced is
 * kept until the last delivery it carries has ended.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xlog.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "storage/ipc.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/memutils.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/owner.h"
#include "base/provider_catalog.h"
#include "base/settings.h"
#include "channel/provider_health.h"
#include "queue/registry_read.h"
#include "queue/tx.h"
#include "worker/dispatcher.h"

#define PROVIDERS_REREAD_MS 30000	/* credential files have no other alarm */

static bool providers_stale = true;

static void forget_providers(Datum arg, int cache_id, uint32 hash_value);
static void refresh(IonDispatcher *d);
static bool check_presence(IonDispatcher *d);
static void read_pauses(IonDispatcher *d);
static void read_providers(IonDispatcher *d);
static bool same_provider(const IonProvider *a, const IonProvider *b);
static void adopt_state(IonProvider *fresh, const IonProvider *old);
static IonProviderSlot *provider_slot(IonDatabaseSlot *slot, Oid server);
static void forget_provider_slots(IonDispatcher *d);

static void
forget_providers(Datum arg, int cache_id, uint32 hash_value)
{
	(void) arg;
	(void) cache_id;
	(void) hash_value;
	providers_stale = true;
}

void
ion_registry_init(IonDispatcher *d)
{
	dlist_init(&d->providers);
	dlist_init(&d->retired);
	dlist_init(&d->lanes);
	d->paused_services = PointerGetDatum(construct_empty_array(TEXTOID));
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, forget_providers, (Datum) 0);
	CacheRegisterSyscacheCallback(FOREIGNDATAWRAPPEROID, forget_providers, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, forget_providers, (Datum) 0);
	CacheRegisterSyscacheCallback(PROCOID, forget_providers, (Datum) 0);
}

bool
ion_registry_is_stale(IonDispatcher *d)
{
	return providers_stale ||
		pg_atomic_read_u32(&d->slot->config) != d->config_seen ||
		ion_monotonic_ms() - d->providers_at_ms >= PROVIDERS_REREAD_MS;
}

/*
 * Look again at whatever may have changed.  Decides whether we may work:
 * d->active.  Ends the process when the extension or its tables are gone.
 */
void
ion_registry_refresh_safely(IonDispatcher *d)
{
	char		error[ION_ERROR_MAX];

	if (!ion_registry_is_stale(d) || ion_monotonic_ms() < d->retry_at_ms)
		return;
	PG_TRY();
	{
		refresh(d);
		forget_provider_slots(d);
	}
	PG_CATCH();
	{
		(void) ion_tx_failed(error, sizeof(error));
		d->active = false;
		providers_stale = true;
		ion_store_failed(d, error);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(d->cxt);
	ion_registry_publish(d);
}

static void
refresh(IonDispatcher *d)
{
	uint32		config = pg_atomic_read_u32(&d->slot->config);

	d->config_seen = config;
	providers_stale = false;
	d->providers_at_ms = ion_monotonic_ms();
	d->dirty = true;
	d->lap_cost_ms = 0;
	ion_tx_begin(false, "io_notify: reading the configuration");
	if (check_presence(d))
	{
		read_providers(d);
		read_pauses(d);
		ion_tx_commit();
		ion_gate_mark(d);
		d->pauses_seen = config;
		return;
	}
	ion_tx_commit();
	/* a probe has the last word: it may be installed again by now */
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	d->slot->state = ION_DB_UNKNOWN;
	LWLockRelease(ion_shared->lock);
	ereport(LOG, (errmsg("io_notify is no longer installed in database %u: its dispatcher ends", MyDatabaseId)));
	d->self->orderly = true;
	proc_exit(0);
}

static bool
check_presence(IonDispatcher *d)
{
	int64		identifier;
	Oid			database;
	const char *state;

	if (!OidIsValid(get_extension_oid(ION_EXTENSION, true)) || !OidIsValid(ion_message_relid(true)))
		return false;
	/* from here on we read tables that somebody else may have shaped */
	d->owner = ion_owner();
	SetUserIdAndSecContext(d->owner, SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
	if (!ion_read_identity(&identifier, &database))
		state = "inert: no identity";
	else if ((uint64) identifier != GetSystemIdentifier() || database != MyDatabaseId)
		state = "inert: adopt() needed";
	else if (!ion_dispatch)
		state = "off";
	else
		state = "running";
	d->active = strcmp(state, "running") == 0;
	if (strcmp(d->self->state, state) != 0)
	{
		strlcpy(d->self->state, state, sizeof(d->self->state));
		if (strncmp(state, "inert", 5) == 0)
			ereport(LOG,
					(errmsg("io_notify sends nothing from database %u: it is not the database that was installed", MyDatabaseId),
					 errhint("After a restore or a clone, SELECT io_notify.adopt() starts dispatch here.")));
	}
	return true;
}

static void
read_pauses(IonDispatcher *d)
{
	Datum		services;
	List	   *providers;
	MemoryContext old;
	dlist_head *lists[2] = {&d->providers, &d->retired};
	dlist_iter	iter;

	ion_read_pauses(&d->paused_all, &services, &providers);
	old = MemoryContextSwitchTo(d->cxt);
	services = datumCopy(services, false, -1);
	MemoryContextSwitchTo(old);
	pfree(DatumGetPointer(d->paused_services));
	d->paused_services = services;
	/* one that was replaced may still hold jobs that have not begun */
	for (int i = 0; i < 2; i++)
	{
		dlist_foreach(iter, lists[i])
		{
			IonProvider *p = dlist_container(IonProvider, node, iter.cur);
			ListCell   *lc;

			p->paused = false;
			foreach(lc, providers)
				p->paused = p->paused || strcmp((char *) lfirst(lc), p->name) == 0;
		}
	}
}

/* Whether two readings say the same, so that connections may be kept. */
static bool
same_provider(const IonProvider *a, const IonProvider *b)
{
	return strcmp(a->fingerprint, b->fingerprint) == 0 && strcmp(a->problem, b->problem) == 0;
}

static void
adopt_state(IonProvider *fresh, const IonProvider *old)
{
	fresh->success_rate = old->success_rate;
	strlcpy(fresh->last_error, old->last_error, sizeof(fresh->last_error));
	fresh->last_error_at = old->last_error_at;
}

static void
read_providers(IonDispatcher *d)
{
	List	   *servers = ion_provider_servers();
	List	   *loaded = NIL;
	dlist_head	before = DLIST_STATIC_INIT(before);
	ListCell   *lc;
	dlist_mutable_iter iter;

	/* what may fail comes first, while our lists are whole */
	foreach(lc, servers)
	{
		IonProvider *fresh = ion_provider_load(lfirst_oid(lc), d->owner, true, CurrentMemoryContext);

		if (fresh != NULL)
			loaded = lappend(loaded, fresh);
	}
	while (!dlist_is_empty(&d->providers))
		dlist_push_tail(&before, dlist_pop_head_node(&d->providers));
	foreach(lc, loaded)
	{
		IonProvider *fresh = lfirst(lc);
		bool		kept = false;

		MemoryContextSetParent(fresh->cxt, d->cxt);
		dlist_foreach_modify(iter, &before)
		{
			IonProvider *old = dlist_container(IonProvider, node, iter.cur);

			if (old->server != fresh->server)
				continue;
			if (same_provider(old, fresh))
			{
				dlist_delete(&old->node);
				dlist_push_tail(&d->providers, &old->node);
				ion_provider_free(fresh);
				kept = true;
				break;
			}
			adopt_state(fresh, old);
		}
		if (kept)
			continue;
		if (fresh->problem[0] == '\0' && !ion_transport(fresh->transport)->open(&d->net, fresh))
			strlcpy(fresh->problem, "the transport could not be opened", sizeof(fresh->problem));
		if (fresh->problem[0] != '\0')
			ereport(LOG, (errmsg("io_notify cannot use provider \"%s\": %s", fresh->name, fresh->problem)));
		dlist_push_tail(&d->providers, &fresh->node);
	}
	while (!dlist_is_empty(&before))
	{
		IonProvider *old = dlist_container(IonProvider, node, dlist_pop_head_node(&before));

		old->retired = true;
		dlist_push_tail(&d->retired, &old->node);
	}
	ion_registry_retire(d);
}

/* Free replaced providers that carry nothing any more. */
void
ion_registry_retire(IonDispatcher *d)
{
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &d->retired)
	{
		IonProvider *p = dlist_container(IonProvider, node, iter.cur);

		if (p->in_flight > 0)
			continue;
		dlist_delete(&p->node);
		if (p->pool != NULL)
			ion_transport(p->transport)->close(p);
		ion_provider_free(p);
	}
}

IonLane *
ion_registry_lane(IonDispatcher *d, const char *channel, const char *destination)
{
	IonLane    *lane;
	dlist_iter	iter;

	dlist_foreach(iter, &d->lanes)
	{
		lane = dlist_container(IonLane, node, iter.cur);
		if (strcmp(lane->channel, channel) == 0 && strcmp(lane->destination, destination) == 0)
			return lane;
	}
	lane = MemoryContextAllocZero(d->cxt, sizeof(IonLane));
	strlcpy(lane->channel, channel, sizeof(lane->channel));
	strlcpy(lane->destination, destination, sizeof(lane->destination));
	lane->window = ION_WINDOW_START;
	lane->more = true;
	dlist_init(&lane->ready);
	ion_lane_rewind(lane);
	lane->in_company = destination[0] != '\0';
	dlist_foreach(iter, &d->lanes)
	{
		IonLane    *other = dlist_container(IonLane, node, iter.cur);

		if (strcmp(other->channel, channel) == 0)
			other->in_company = lane->in_company = true;
	}
	dlist_push_tail(&d->lanes, &lane->node);
	d->n_lanes++;
	return lane;
}

/*
 * Drop lanes the last discovery did not find.  A lane with jobs in any stage
 * stays (they point to it), and so do the channels' own, which are few.
 */
void
ion_registry_forget_lanes(IonDispatcher *d)
{
	dlist_mutable_iter iter;

	if (d->n_done > 0 || d->n_settling > 0)
		return;
	dlist_foreach_modify(iter, &d->lanes)
	{
		IonLane    *lane = dlist_container(IonLane, node, iter.cur);

		if (lane->seen || lane->in_flight > 0 || lane->waiting > 0 || lane->destination[0] == '\0')
			continue;
		dlist_delete(&lane->node);
		d->n_lanes--;
		pfree(lane);
	}
}

static IonProviderSlot *
provider_slot(IonDatabaseSlot *slot, Oid server)
{
	IonProviderSlot *unused = NULL;

	for (int i = 0; i < ION_MAX_PROVIDERS; i++)
	{
		if (slot->providers[i].server == server)
			return &slot->providers[i];
		if (unused == NULL && !OidIsValid(slot->providers[i].server))
			unused = &slot->providers[i];
	}
	if (unused != NULL)
	{
		memset(unused, 0, sizeof(*unused));
		unused->server = server;
		unused->success_rate = -1;
	}
	return unused;
}

/* Give back the slots of servers that were dropped. */
static void
forget_provider_slots(IonDispatcher *d)
{
	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	for (int i = 0; i < ION_MAX_PROVIDERS; i++)
	{
		IonProviderSlot *slot = &d->slot->providers[i];
		bool		known = false;
		dlist_iter	iter;

		if (!OidIsValid(slot->server))
			continue;
		dlist_foreach(iter, &d->providers)
			known = known || dlist_container(IonProvider, node, iter.cur)->server == slot->server;
		if (!known)
			slot->server = InvalidOid;
	}
	LWLockRelease(ion_shared->lock);
}

/* Show people what this dispatcher sees of the providers. */
void
ion_registry_publish(IonDispatcher *d)
{
	TimestampTz now = GetCurrentTimestamp();
	int64		now_ms = ion_monotonic_ms();
	dlist_iter	iter;

	LWLockAcquire(ion_shared->lock, LW_EXCLUSIVE);
	d->self->in_flight = d->n_begun;
	dlist_foreach(iter, &d->providers)
	{
		IonProvider *p = dlist_container(IonProvider, node, iter.cur);
		IonProviderSlot *slot = provider_slot(d->slot, p->server);

		if (slot == NULL)
			continue;
		slot->in_flight[d->index] = p->in_flight;
		slot->opens = p->opens;
		slot->broken = p->problem[0] != '\0';
		slot->retry_at = now + (p->retry_at_ms - now_ms) * 1000;
		if (p->success_rate >= 0)
			slot->success_rate = p->success_rate;
		if (p->last_error_at > slot->last_error_at)
		{
			memcpy(slot->last_error, p->last_error, sizeof(slot->last_error));
			slot->last_error_at = p->last_error_at;
		}
		if (p->problem[0] != '\0')
			memcpy(slot->last_error, p->problem, sizeof(slot->last_error));
	}
	LWLockRelease(ion_shared->lock);
}
