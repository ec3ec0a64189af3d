/*-------------------------------------------------------------------------
 *
 * visibility.c
 *	  What a role may see: the questions row-level policies ask.
 *
 * A policy asks once per statement, in an InitPlan, but a statement may be
 * short, so the answer must cost nothing: it is kept for the role that asked
 * last, until io_notify.service is invalidated in the relation cache (the
 * trigger registry_changed does that for every table read here, see
 * queue/service_cache.c) or roles change.  As there, the rows are read under
 * the latest snapshot, taken after the invalidations came in: what was revoked
 * is gone for the next statement, whatever its snapshot.
 *
 * For a sender's INSERT … RETURNING of one row even setting up InitPlans is
 * much (measured: 5 of 30 us); so message is judged row by row, by a function
 * that remembers what it was asked last.
 *
 * These functions speak of whoever runs the statement.  Whose columns it may
 * read is another matter: a view's owner's, or those of the role that opened
 * the cursor.  sql/install/48_grants.sql has what keeps the two from adding up.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/owner.h"
#include "intake/visibility.h"
#include "io_notify.h"
#include "queue/plan.h"

enum
{
	COL_SENDS = 1, COL_SERVICES, COL_ORGANIZATIONS, COL_OPERATOR, COL_ANALYST, COL_APP
};

typedef struct Visibility
{
	Oid			role;			/* InvalidOid: nothing is known */
	Datum		sends;			/* text[]: services it is a member of */
	Datum		services;		/* text[]: those, and its organizations' */
	Datum		organizations;	/* text[]: its own, and those below */
	bool		is_operator;
	bool		is_analyst;
	bool		is_app;
} Visibility;

static IonPlan read_visibility = {
	"WITH RECURSIVE mine AS ("
	"  SELECT m.organization AS code FROM io_notify.organization_member m "
	"    JOIN pg_roles r ON r.rolname = m.role AND pg_has_role($1, r.oid, 'USAGE') "
	"  UNION SELECT o.code FROM io_notify.organization o JOIN mine a ON o.parent = a.code), "
	"sends AS (SELECT DISTINCT m.service FROM io_notify.service_member m "
	"    JOIN pg_roles r ON r.rolname = m.role AND pg_has_role($1, r.oid, 'USAGE')), "
	"kinds AS (SELECT DISTINCT a.kind FROM io_notify.access a "
	"    JOIN pg_roles r ON r.rolname = a.role AND pg_has_role($1, r.oid, 'USAGE')) "
	"SELECT ARRAY(SELECT service FROM sends), "
	"  ARRAY(SELECT service FROM sends UNION SELECT s.name FROM io_notify.service s JOIN mine a ON s.organization = a.code), "
	"  ARRAY(SELECT code FROM mine), "
	"  EXISTS (SELECT FROM kinds WHERE kind = 'operator'), EXISTS (SELECT FROM kinds WHERE kind = 'analyst'), "
	"  EXISTS (SELECT FROM kinds WHERE kind = 'app')",
	1, {OIDOID}, NULL
};

static MemoryContext known_cxt = NULL;
static Visibility known;		/* of the role that asked last */
static bool changed = true;		/* since known was read */
static Oid	service_relid = InvalidOid;

static void relation_changed(Datum arg, Oid relid);
static void roles_changed(Datum arg, int cacheid, uint32 hash);
static const Visibility *visibility(Oid role);
static void read_rows(Oid role, Visibility *into);
static bool sends_for(const Visibility *v, const char *service, size_t length);
static Datum copied(Datum array);

PG_FUNCTION_INFO_V1(ion_my_services);
PG_FUNCTION_INFO_V1(ion_my_organizations);
PG_FUNCTION_INFO_V1(ion_sees_all);
PG_FUNCTION_INFO_V1(ion_sends);

static void
relation_changed(Datum arg, Oid relid)
{
	(void) arg;
	if (relid == service_relid || relid == InvalidOid)
		changed = true;
}

static void
roles_changed(Datum arg, int cacheid, uint32 hash)
{
	(void) arg;
	(void) cacheid;
	(void) hash;
	changed = true;
}

/* Valid until the next call. */
static const Visibility *
visibility(Oid role)
{
	static bool registered = false;

	if (!registered)
	{
		CacheRegisterRelcacheCallback(relation_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHOID, roles_changed, (Datum) 0);
		CacheRegisterSyscacheCallback(AUTHMEMROLEMEM, roles_changed, (Datum) 0);
		registered = true;
	}
	AcceptInvalidationMessages();
	if (changed || known.role != role)
	{
		known.role = InvalidOid;
		if (known_cxt == NULL)
			known_cxt = AllocSetContextCreate(CacheMemoryContext, "io_notify visibility", ALLOCSET_DEFAULT_SIZES);
		MemoryContextReset(known_cxt);
		service_relid = get_relname_relid("service", get_namespace_oid(ION_SCHEMA, false));
		changed = false;
		read_rows(role, &known);
		known.role = role;
		/* read under an older snapshot: not to be kept */
		if (IsInParallelMode())
			changed = true;
	}
	return &known;
}

static void
read_rows(Oid role, Visibility *into)
{
	Datum		value = ObjectIdGetDatum(role);
	IonCaller	caller;
	MemoryContext old;
	Datum		column[COL_APP + 1];
	uint64		found;
	bool		isnull;

	SPI_connect();
	ion_owner_begin(&caller, false);
	/* a parallel plan's leader may take no other snapshot */
	found = IsInParallelMode() ? ion_plan_run(&read_visibility, &value, NULL, true) :
		ion_plan_run_latest(&read_visibility, &value);
	if (found != 1)
		elog(ERROR, "could not read what a role may see");
	for (int i = COL_SENDS; i <= COL_APP; i++)
		column[i] = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, i, &isnull);
	old = MemoryContextSwitchTo(known_cxt);
	into->sends = copied(column[COL_SENDS]);
	into->services = copied(column[COL_SERVICES]);
	into->organizations = copied(column[COL_ORGANIZATIONS]);
	MemoryContextSwitchTo(old);
	into->is_operator = DatumGetBool(column[COL_OPERATOR]);
	into->is_analyst = DatumGetBool(column[COL_ANALYST]);
	into->is_app = DatumGetBool(column[COL_APP]);
	ion_owner_end(&caller);
	SPI_finish();
}

static Datum
copied(Datum array)
{
	return datumCopy(PointerGetDatum(PG_DETOAST_DATUM(array)), false, -1);
}

bool
ion_role_sees(Oid role, const char *kind)
{
	const Visibility *v;

	/* before install() there is no owner yet */
	if (!OidIsValid(ion_message_relid(true)))
		return superuser_arg(role);
	if (ion_is_owner(role))
		return true;
	v = visibility(role);
	if (strcmp(kind, "operator") == 0)
		return v->is_operator;
	if (strcmp(kind, "analyst") == 0)
		return v->is_analyst;
	if (strcmp(kind, "app") == 0)
		return v->is_app;
	elog(ERROR, "there is no kind of access \"%s\"", kind);
	return false;
}

/*
 * _my_services() returns text[]: the services the current role is a member of,
 * and those of the organizations it belongs to and of the ones below.
 */
Datum
ion_my_services(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_DATUM(datumCopy(visibility(GetUserId())->services, false, -1));
}

/* _my_organizations() returns text[]: those the role belongs to, and those below. */
Datum
ion_my_organizations(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_DATUM(datumCopy(visibility(GetUserId())->organizations, false, -1));
}

/*
 * _sees_all(kind) returns boolean: whether the current role is operator,
 * analyst or app, of whom some tables hide no row.  The tables' owner always.
 */
Datum
ion_sees_all(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ion_role_sees(GetUserId(), text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

static bool
sends_for(const Visibility *v, const char *service, size_t length)
{
	Datum	   *names;
	int			n;

	deconstruct_array(DatumGetArrayTypeP(v->sends), TEXTOID, -1, false, TYPALIGN_INT, &names, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		text	   *name = DatumGetTextPP(names[i]);

		if (VARSIZE_ANY_EXHDR(name) == length && memcmp(VARDATA_ANY(name), service, length) == 0)
			return true;
	}
	return false;
}

/*
 * _sends(service) returns boolean: whether the current role is a member of the
 * service.  Asked for every row of message a sender writes or reads.
 */
Datum
ion_sends(PG_FUNCTION_ARGS)
{
	typedef struct
	{
		Oid			role;
		char		service[NAMEDATALEN];	/* the last one asked about */
		size_t		length; /* 0: none yet */
		bool		answer;
	} Remembered;
	Remembered *r = fcinfo->flinfo->fn_extra;
	text	   *service = PG_GETARG_TEXT_PP(0);
	size_t		length = VARSIZE_ANY_EXHDR(service);

	if (length == 0 || length >= NAMEDATALEN)
		PG_RETURN_BOOL(false);
	if (r == NULL)
		r = fcinfo->flinfo->fn_extra = MemoryContextAllocZero(fcinfo->flinfo->fn_mcxt, sizeof(Remembered));
	if (r->role != GetUserId() || r->length != length || memcmp(r->service, VARDATA_ANY(service), length) != 0)
	{
		r->role = GetUserId();
		r->length = 0;
		r->answer = sends_for(visibility(r->role), VARDATA_ANY(service), length);
		memcpy(r->service, VARDATA_ANY(service), length);
		r->length = length;
	}
	PG_RETURN_BOOL(r->answer);
}
