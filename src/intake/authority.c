/*-------------------------------------------------------------------------
 *
 * authority.c
 *	  Which role may send for which service, and what the service may do.
 *
 * Credentials are database roles: a sender is whoever GetUserId() says at the
 * trigger's entry, a member of a role listed in service_member.  The tables'
 * owner (and so a superuser) may send for every service.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "base/owner.h"
#include "intake/authority.h"
#include "queue/plan.h"

static IonPlan roles_of_kind = {
	"SELECT ARRAY(SELECT a.role::text FROM io_notify.access a WHERE a.kind = $1)",
	1, {TEXTOID}, NULL
};
static IonPlan roles_of_service = {
	"SELECT ARRAY(SELECT m.role::text FROM io_notify.service_member m WHERE $1 IS NULL OR m.service = $1)",
	1, {TEXTOID}, NULL
};
static IonPlan roles_of_organization = {
	"WITH RECURSIVE above AS (SELECT o.code, o.parent FROM io_notify.organization o WHERE $1 IS NULL OR o.code = $1 "
	"  UNION SELECT o.code, o.parent FROM io_notify.organization o JOIN above a ON o.code = a.parent) "
	"SELECT ARRAY(SELECT m.role::text FROM io_notify.organization_member m JOIN above a ON a.code = m.organization)",
	1, {TEXTOID}, NULL
};

static bool is_member(Oid caller, char **roles, int n);
static void text_array(Datum array, char ***items, int *n);

bool
ion_service_member(const IonService *service, Oid role)
{
	return ion_is_owner(role) || is_member(role, service->roles, service->n_roles);
}

void
ion_service_require(const IonService *service, Oid role)
{
	if (!ion_service_member(service, role))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("role \"%s\" may not send for service \"%s\"",
						GetUserNameFromId(role, true), service->name),
				 errhint("Ask for SELECT io_notify.grant_sender(role, service)."),
				 errhidestmt(true)));
	if (!service->address_allowed)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("service \"%s\" does not accept messages from this client's address", service->name),
				 errhint("The allowed networks are in io_notify.service.authorized_cidrs."),
				 errhidestmt(true)));
	if (strcmp(service->state, "published") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("service \"%s\" is not published", service->name),
				 errdetail("Its state is %s.", service->state),
				 errhidestmt(true)));
	if (service->paused)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("service \"%s\" is paused", service->name),
				 errhint("An operator can SELECT io_notify.resume('service', '%s').", service->name),
				 errhidestmt(true)));
}

bool
ion_service_may_address(const IonService *service, const char *recipient)
{
	for (int i = 0; i < service->n_recipients; i++)
	{
		if (strcmp(recipient, service->recipients[i]) == 0)
			return true;
	}
	return service->n_recipients == 0;
}

static bool
is_member(Oid caller, char **roles, int n)
{
	for (int i = 0; i < n; i++)
	{
		Oid			role = get_role_oid(roles[i], true);

		/* a dropped role is simply nobody's */
		if (OidIsValid(role) && has_privs_of_role(caller, role))
			return true;
	}
	return false;
}

bool
ion_role_is(Oid role, const char *kind, const char *object)
{
	IonPlan    *plan = &roles_of_kind;
	const char *argument = kind;
	IonCaller	caller;
	Datum		value;
	Datum		roles;
	char	  **names;
	int			n;
	bool		isnull;
	bool		answer;

	if (ion_is_owner(role))
		return true;
	if (strcmp(kind, "owner") == 0)
		return false;
	if (strcmp(kind, "service") == 0 || strcmp(kind, "organization") == 0)
	{
		plan = kind[0] == 's' ? &roles_of_service : &roles_of_organization;
		argument = object;
	}
	SPI_connect();
	value = argument ? CStringGetTextDatum(argument) : (Datum) 0;
	ion_owner_begin(&caller, true);
	ion_plan_run(plan, &value, argument ? " " : "n", false);
	roles = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
	text_array(roles, &names, &n);
	answer = is_member(role, names, n);
	ion_owner_end(&caller);
	SPI_finish();
	return answer;
}

static void
text_array(Datum array, char ***items, int *n)
{
	Datum	   *elements;

	deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT,
					  &elements, NULL, n);
	*items = palloc(sizeof(char *) * (*n + 1));
	for (int i = 0; i < *n; i++)
		(*items)[i] = TextDatumGetCString(elements[i]);
}
