/*-------------------------------------------------------------------------
 *
 * service_cache.c
 *	  The services of this database, kept in the process.
 *
 * Every statement of a sender needs its service, and reading it from tables
 * took a tenth of a one-row INSERT.  Triggers on the tables a
 * service is read from invalidate the relation cache entry of io_notify.
 * service, and that message reaches every process at the change's commit,
 * as it does for a CREATE INDEX: a process that starts a statement after a
 * pause() has committed sees the pause.
 *
 * The rows are read under the latest snapshot, taken after the invalidations
 * were received: under the transaction's own, an old state could be read and
 * kept after the message that outdates it had passed.
 *
 * Everything is forgotten at once.  What a statement still uses is pinned as a
 * whole and freed with the last pin, so one that changes services as it goes,
 * or sends for more of them than are kept, holds no more than two of these.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "io_notify.h"
#include "queue/plan.h"
#include "queue/service_cache.h"

#define SERVICES_MAX 2000		/* about 1 kB each; then all are forgotten */

enum
{
	COL_STATE = 1, COL_PAUSED, COL_ADDRESS_ALLOWED, COL_EXPLICIT, COL_CAPABILITIES, COL_MAX_PAYMENT, COL_FISCAL_CODE,
	COL_RECIPIENTS, COL_ROLES, COL_CATEGORY, COL_MANDATORY, COL_SECURE, COL_CHANNELS, COL_TTL, COL_WEBHOOK, COL_DESTINATION,
	COL_HAS_QUOTAS, COL_RATE, COL_ON_QUOTA
};

/* Casts and defaults: what a DBA makes of a column must not be taken for what it was. */
static IonPlan read_service = {
"SELECT s.state, "
"  EXISTS (SELECT FROM io_notify.pause p WHERE p.kind = 'service' AND p.name = s.name), "
"  coalesce(cardinality(s.authorized_cidrs), 0) = 0 OR inet_client_addr() IS NULL OR inet_client_addr() <<= ANY (s.authorized_cidrs), "
"  s.explicit_addresses::bool, s.capabilities::text[], coalesce(s.max_payment_amount, 0)::int8, "
"  (SELECT o.fiscal_code FROM io_notify.organization o WHERE o.code = s.organization), "
"  s.authorized_recipients::text[], ARRAY(SELECT m.role::text FROM io_notify.service_member m WHERE m.service = s.name), "
"  s.category, s.mandatory::bool, s.require_secure_channels::bool, s.channels::text[], "
"  coalesce(s.default_time_to_live, '1 day')::interval, s.webhook_url::text, "
"  coalesce(io_notify._destination('webhook', s.webhook_url), ''), "
"  s.daily_quota IS NOT NULL OR s.monthly_quota IS NOT NULL "
"    OR EXISTS (SELECT FROM io_notify.service_quota x WHERE x.service = s.name), "
"  s.rate_per_second::float8, s.on_quota "
"FROM io_notify.service s WHERE s.name = $1",
1, {TEXTOID}, NULL
};

/* What is known between two times of forgetting; it lies in its own context. */
typedef struct IonServiceSet
{
	MemoryContext cxt;
	HTAB	   *services;		/* name → IonService * */
	int			pins;
} IonServiceSet;

static IonServiceSet *current = NULL;	/* NULL: nothing is known */
static bool changed = false;	/* since current was begun */
static Oid	service_relid = InvalidOid;

typedef struct ServiceEntry
{
	char		name[NAMEDATALEN];
	IonService *service;
} ServiceEntry;

static void relation_changed(Datum arg, Oid relid);
static void forget(void);
static void begin(void);
static void unpin(void *arg);
static IonService *load(const char *name);
static void fill(IonService *service, HeapTuple row, TupleDesc desc);
static Datum column(HeapTuple row, TupleDesc desc, int n, bool *isnull);
static bool column_bool(HeapTuple row, TupleDesc desc, int n);
static void column_text(HeapTuple row, TupleDesc desc, int n, char *buffer, size_t size);
static char **column_texts(HeapTuple row, TupleDesc desc, int n, int *count);

PG_FUNCTION_INFO_V1(ion_registry_changed);

static void
relation_changed(Datum arg, Oid relid)
{
	(void) arg;
	if (relid == service_relid || relid == InvalidOid)
		changed = true;
}

static void
forget(void)
{
	IonServiceSet *set = current;

	current = NULL;
	if (set != NULL && set->pins == 0)
		MemoryContextDelete(set->cxt);
}

static void
begin(void)
{
	static bool registered = false;
	HASHCTL		ctl = {0};
	MemoryContext cxt;
	IonServiceSet *set;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
		registered = true;
	}
	service_relid = get_relname_relid("service", get_namespace_oid(ION_SCHEMA, false));
	/* what is not watched is not kept */
	changed = !OidIsValid(service_relid);
	cxt = AllocSetContextCreate(CacheMemoryContext, "io_notify services", ALLOCSET_DEFAULT_SIZES);
	set = MemoryContextAllocZero(cxt, sizeof(IonServiceSet));
	set->cxt = cxt;
	ctl.keysize = NAMEDATALEN;
	ctl.entrysize = sizeof(ServiceEntry);
	ctl.hcxt = cxt;
	set->services = hash_create("io_notify services", 32, &ctl, HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	current = set;
}

void
ion_service_pin(IonServicePin *pin, MemoryContext until)
{
	if (pin->set == current)
		return;
	unpin(pin);
	if (pin->callback.func == NULL)
	{
		pin->callback.func = unpin;
		pin->callback.arg = pin;
		MemoryContextRegisterResetCallback(until, &pin->callback);
	}
	pin->set = current;
	current->pins++;
}

static void
unpin(void *arg)
{
	IonServicePin *pin = arg;
	IonServiceSet *set = pin->set;

	pin->set = NULL;
	if (set != NULL && --set->pins == 0 && set != current)
		MemoryContextDelete(set->cxt);
}

const IonService *
ion_service_known(const char *name)
{
	ServiceEntry *entry;

	if (strlen(name) >= NAMEDATALEN)
		return NULL;
	AcceptInvalidationMessages();
	if (current == NULL || changed)
		return NULL;
	entry = hash_search(current->services, name, HASH_FIND, NULL);
	return entry != NULL ? entry->service : NULL;
}

const IonService *
ion_service_find(const char *name)
{
	const IonService *known = ion_service_known(name);
	ServiceEntry *entry;
	IonService *service;
	bool		found;

	if (known != NULL || strlen(name) >= NAMEDATALEN)
		return known;
	if (current == NULL || changed || hash_get_num_entries(current->services) >= SERVICES_MAX)
	{
		forget();
		begin();
	}
	service = load(name);
	/* what came in while it was read may outdate it: use it, do not keep it */
	if (service == NULL || changed)
		return service;
	entry = hash_search(current->services, name, HASH_ENTER, &found);
	entry->service = service;
	return service;
}

static IonService *
load(const char *name)
{
	Datum		value = CStringGetTextDatum(name);
	IonService *service = NULL;

	if (ion_plan_run_latest(&read_service, &value) == 1)
	{
		MemoryContext old = MemoryContextSwitchTo(current->cxt);

		service = palloc0(sizeof(IonService));
		strlcpy(service->name, name, sizeof(service->name));
		fill(service, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
		MemoryContextSwitchTo(old);
	}
	SPI_freetuptable(SPI_tuptable);
	return service;
}

/* Allocates in the current context. */
static void
fill(IonService *service, HeapTuple row, TupleDesc desc)
{
	static const char *const capability_names[] = {"advanced", "payee", "third_party_data", "read_status"};
	char	  **names;
	int			n;
	bool		isnull;
	char		word[16];
	Datum		value;

	column_text(row, desc, COL_STATE, service->state, sizeof(service->state));
	service->paused = column_bool(row, desc, COL_PAUSED);
	service->address_allowed = column_bool(row, desc, COL_ADDRESS_ALLOWED);
	service->explicit_addresses = column_bool(row, desc, COL_EXPLICIT);
	names = column_texts(row, desc, COL_CAPABILITIES, &n);
	for (int i = 0; i < n; i++)
	{
		for (int c = 0; c < (int) lengthof(capability_names); c++)
		{
			if (strcmp(names[i], capability_names[c]) == 0)
				service->capabilities |= 1 << c;
		}
	}
	service->max_payment_amount = DatumGetInt64(column(row, desc, COL_MAX_PAYMENT, &isnull));
	column_text(row, desc, COL_FISCAL_CODE, service->organization_fiscal_code, sizeof(service->organization_fiscal_code));
	service->recipients = column_texts(row, desc, COL_RECIPIENTS, &service->n_recipients);
	service->roles = column_texts(row, desc, COL_ROLES, &service->n_roles);
	column_text(row, desc, COL_CATEGORY, word, sizeof(word));
	service->special = strcmp(word, "special") == 0;
	service->mandatory = column_bool(row, desc, COL_MANDATORY);
	service->secure = column_bool(row, desc, COL_SECURE);
	names = column_texts(row, desc, COL_CHANNELS, &n);
	for (int i = 0; i < n && service->n_channels < ION_CHANNELS; i++)
	{
		IonChannel	channel = ion_channel_by_name(names[i], strlen(names[i]));

		if (channel < ION_CHANNELS)
			service->channels[service->n_channels++] = channel;
	}
	service->time_to_live = *DatumGetIntervalP(column(row, desc, COL_TTL, &isnull));
	value = column(row, desc, COL_WEBHOOK, &isnull);
	if (!isnull)
		service->webhook_url = PointerGetDatum(DatumGetTextPCopy(value));
	service->destination = PointerGetDatum(DatumGetTextPCopy(column(row, desc, COL_DESTINATION, &isnull)));
	service->has_quotas = column_bool(row, desc, COL_HAS_QUOTAS);
	value = column(row, desc, COL_RATE, &isnull);
	service->rate_per_second = isnull ? 0 : DatumGetFloat8(value);
	column_text(row, desc, COL_ON_QUOTA, word, sizeof(word));
	service->defers = strcmp(word, "defer") == 0;
}

static Datum
column(HeapTuple row, TupleDesc desc, int n, bool *isnull)
{
	return SPI_getbinval(row, desc, n, isnull);
}

static bool
column_bool(HeapTuple row, TupleDesc desc, int n)
{
	bool		isnull;
	Datum		value = column(row, desc, n, &isnull);

	return !isnull && DatumGetBool(value);
}

static void
column_text(HeapTuple row, TupleDesc desc, int n, char *buffer, size_t size)
{
	char	   *value = SPI_getvalue(row, desc, n);

	strlcpy(buffer, value ? value : "", size);
}

static char **
column_texts(HeapTuple row, TupleDesc desc, int n, int *count)
{
	bool		isnull;
	Datum		value = column(row, desc, n, &isnull);
	Datum	   *items;
	bool	   *nulls;
	char	  **texts;
	int			n_items = 0;

	*count = 0;
	if (isnull)
		return NULL;
	deconstruct_array(DatumGetArrayTypeP(value), TEXTOID, -1, false, TYPALIGN_INT, &items, &nulls, &n_items);
	texts = palloc(sizeof(char *) * (n_items + 1));
	for (int i = 0; i < n_items; i++)
	{
		if (!nulls[i])
			texts[(*count)++] = TextDatumGetCString(items[i]);
	}
	return texts;
}

void
ion_services_changed(void)
{
	Oid			relid = get_relname_relid("service", get_namespace_oid(ION_SCHEMA, true));

	if (OidIsValid(relid))
		CacheInvalidateRelcacheByRelid(relid);
}

/* _registry_changed() trigger: after a change to a table services are read from. */
Datum
ion_registry_changed(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	ion_services_changed();
	return PointerGetDatum(NULL);
}
