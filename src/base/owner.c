/*-------------------------------------------------------------------------
 *
 * owner.c
 *	  Acting as the owner of the tables, safely.
 *
 * The triggers are SECURITY INVOKER, so that the sender can be told from the
 * owner; what they do to tables the sender cannot touch runs between
 * ion_owner_begin and ion_owner_end.  A sender chooses its own search_path,
 * so operators and functions of our statements must not be looked up there:
 * the path is pinned to pg_catalog for as long as we act as somebody else.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "miscadmin.h"
#include "parser/parse_expr.h"
#include "parser/parser.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "base/owner.h"
#include "io_notify.h"

static void set_local(const char *name, const char *value);

Oid
ion_message_relid(bool missing_ok)
{
	Oid			schema = get_namespace_oid(ION_SCHEMA, true);
	Oid			relid = InvalidOid;

	if (OidIsValid(schema))
		relid = get_relname_relid("message", schema);
	if (!OidIsValid(relid) && !missing_ok)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE),
				 errmsg("the tables of io_notify do not exist"),
				 errhint("Create them with SELECT io_notify.install().")));
	return relid;
}

Oid
ion_owner(void)
{
	Oid			relid = ion_message_relid(false);
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

bool
ion_is_owner(Oid role)
{
	return has_privs_of_role(role, ion_owner());
}

void
ion_own_relation_require(Relation rel)
{
	if (RelationGetNamespace(rel) != get_namespace_oid(ION_SCHEMA, true))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("triggers of io_notify stand on its own tables only"),
				 errhint("For tables of yours there is the trigger function io_notify.notify().")));
}

static void
set_local(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_SUSET, PGC_S_SESSION,
							 GUC_ACTION_SAVE, true, 0, false);
}

void
ion_owner_begin(IonCaller *caller, bool index_plans)
{
	Oid			owner = ion_owner();

	GetUserIdAndSecContext(&caller->user, &caller->security_context);
	caller->guc_level = NewGUCNestLevel();
	set_local("search_path", "pg_catalog, pg_temp");
	/* these change what a statement means */
	if (!standard_conforming_strings)
		set_local("standard_conforming_strings", "on");
	if (Transform_null_equals)
		set_local("transform_null_equals", "off");
	if (!Array_nulls)
		set_local("array_nulls", "on");
	/* measured: compiling the bulk statement costs more than running it */
	set_local("jit", "off");
	if (index_plans)
	{
		set_local("enable_seqscan", "off");
		set_local("enable_hashjoin", "off");
		set_local("enable_mergejoin", "off");
	}
	SetUserIdAndSecContext(owner,
						   caller->security_context |
						   SECURITY_LOCAL_USERID_CHANGE |
						   SECURITY_RESTRICTED_OPERATION);
}

void
ion_owner_end(const IonCaller *caller)
{
	AtEOXact_GUC(true, caller->guc_level);
	SetUserIdAndSecContext(caller->user, caller->security_context);
}
