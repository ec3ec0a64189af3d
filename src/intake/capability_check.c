/*-------------------------------------------------------------------------
 *
 * capability_check.c
 *	  What a message asks for that its service may not have.
 *
 * Capabilities are the service's own, not its owner's or its role's: one
 * service's right to name payees is nobody else's.  Each refusal has words of
 * its own, for "not allowed" alone sends people to the wrong office.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"

#include "intake/capability_check.h"
#include "intake/third_party.h"
#include "intake/value_check.h"

static bool is_advanced(const IonMessageRow *row);
static void require(const IonService *service, int capability, const char *name, const char *what);
static void check_third_party(const IonMessageRow *row, const IonService *service);
static void check_recipient(const IonMessageRow *row, const IonService *service);
static void check_amount(const IonMessageRow *row, const IonService *service);

void
ion_capability_check(const IonMessageRow *row, const IonService *service)
{
	if (!row->isnull[ION_COL_PAYMENT_PAYEE])
		require(service, ION_MAY_NAME_PAYEE, "payee", "name a payee");
	if (is_advanced(row))
		require(service, ION_MAY_ADVANCED, "advanced", "send advanced messages");
	if (!row->isnull[ION_COL_THIRD_PARTY_DATA])
		check_third_party(row, service);
	if ((!row->isnull[ION_COL_EMAIL] || !row->isnull[ION_COL_PHONE]) && !service->explicit_addresses)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("service \"%s\" may not give addresses of its own", service->name),
				 errhint("Leave email and phone null: the citizen's own are used. An operator can set explicit_addresses."),
				 errhidestmt(true)));
	check_recipient(row, service);
	check_amount(row, service);
}

static bool
is_advanced(const IonMessageRow *row)
{
	static const char advanced[] = "advanced";
	struct varlena *level;

	if (row->isnull[ION_COL_FEATURE_LEVEL])
		return false;
	level = PG_DETOAST_DATUM_PACKED(row->value[ION_COL_FEATURE_LEVEL]);
	return VARSIZE_ANY_EXHDR(level) == sizeof(advanced) - 1 &&
		memcmp(VARDATA_ANY(level), advanced, sizeof(advanced) - 1) == 0;
}

static void
require(const IonService *service, int capability, const char *name, const char *what)
{
	if ((service->capabilities & capability) == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("service \"%s\" may not %s", service->name, what),
				 errhint("An operator can give it the capability \"%s\".", name),
				 errhidestmt(true)));
}

static void
check_third_party(const IonMessageRow *row, const IonService *service)
{
	require(service, ION_MAY_GIVE_THIRD_PARTY, "third_party_data", "send third_party_data");
	if (!is_advanced(row) && ion_third_party_has_attachments(DatumGetJsonbP(row->value[ION_COL_THIRD_PARTY_DATA])))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only advanced messages may have attachments"),
				 errhint("Write feature_level 'advanced'; the service needs the capability \"advanced\"."),
				 errhidestmt(true)));
}

static void
check_recipient(const IonMessageRow *row, const IonService *service)
{
	if (service->n_recipients > 0 &&
		!ion_service_may_address(service, TextDatumGetCString(row->value[ION_COL_RECIPIENT])))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("service \"%s\" may send to its authorised recipients only", service->name),
				 errdetail("It is in the sandbox; recipients authorised: %d.", service->n_recipients),
				 errhidestmt(true)));
}

static void
check_amount(const IonMessageRow *row, const IonService *service)
{
	int64		amount;

	if (row->isnull[ION_COL_PAYMENT_AMOUNT])
		return;
	amount = DatumGetInt64(row->value[ION_COL_PAYMENT_AMOUNT]);
	if (amount > service->max_payment_amount)
		ion_value_error("payment_amount",
						psprintf("The amount of " INT64_FORMAT " cents exceeds the service's maximum of " INT64_FORMAT ".",
								 amount, service->max_payment_amount),
						"The maximum is io_notify.service.max_payment_amount.");
}

bool
ion_default_payee(const IonMessageRow *row, const IonService *service, Datum *payee)
{
	if (row->isnull[ION_COL_PAYMENT_AMOUNT] || !row->isnull[ION_COL_PAYMENT_PAYEE] ||
		service->organization_fiscal_code[0] == '\0')
		return false;
	*payee = CStringGetTextDatum(service->organization_fiscal_code);
	return true;
}
