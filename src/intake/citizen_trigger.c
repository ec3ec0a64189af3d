/*-------------------------------------------------------------------------
 *
 * citizen_trigger.c
 *	  BEFORE INSERT OR UPDATE on citizen: values, versions, verified addresses.
 *
 * The rules hold for whoever writes, function or plain SQL:
 *
 * - A writer who names version says which one he read; if it is not the
 *   stored one any more, somebody was faster and the write is refused like a
 *   serialization failure.  Each update counts version up by one.
 * - A change of preference_mode counts preference_version up by one, so rows
 *   of preference written under the old mode stop counting.  It never goes
 *   down, which would bring them back.
 * - A new address is an unverified one.  Only the tables' owner may say
 *   otherwise, in the same statement (SET email = …, email_verified = true);
 *   verification_complete() acts as the owner.
 *
 * There are no CHECKs on citizen: a failing one prints the row.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "miscadmin.h"
#include "pgtime.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "base/fiscal_code.h"
#include "base/log_guard.h"
#include "base/settings.h"
#include "intake/trigger_row.h"
#include "intake/value_check.h"
#include "render/mail_address.h"

#define ZONE_BYTES_MAX	64

static void check_code(const IonTriggerRow *row);
static void check_addresses(const IonTriggerRow *row);
static void check_wishes(IonTriggerRow *row);
static void check_version(IonTriggerRow *row);
static void check_preference_version(IonTriggerRow *row);
static void check_verified(IonTriggerRow *row, const char *address, const char *verified, bool fold);
static int32 integer(const IonTriggerRow *row, HeapTuple tuple, const char *column);

PG_FUNCTION_INFO_V1(ion_check_citizen);

Datum
ion_check_citizen(PG_FUNCTION_ARGS)
{
	static const char *const keys[] = {"fiscal_code", "created_at"};
	IonTriggerRow row;
	ErrorContextCallback frame;

	ion_hide_begin(&frame);
	ion_row_begin(fcinfo, "citizen", &row);
	ion_row_check_not_null(&row);
	ion_row_require_own(&row, keys, 2);
	check_code(&row);
	check_addresses(&row);
	check_wishes(&row);
	if (row.old != NULL)
		check_version(&row);
	check_preference_version(&row);
	check_verified(&row, "email", "email_verified", true);
	check_verified(&row, "phone", "phone_verified", false);
	ion_hide_end(&frame);
	return PointerGetDatum(row.new);
}

static void
check_code(const IonTriggerRow *row)
{
	char	   *code = ion_row_text(row, row->new, "fiscal_code");
	IonFiscalCodeVerdict verdict = ion_fiscal_code_check(code, strlen(code), ion_check_fiscal_code);

	/* one written while the check was off may stay as it is */
	if (verdict != ION_FISCAL_CODE_VALID && (row->old == NULL || ion_row_changed(row, "fiscal_code")))
		ion_row_error(row, "fiscal_code", ion_fiscal_code_verdict_text(verdict));
}

static void
check_addresses(const IonTriggerRow *row)
{
	static const char *const mail_columns[] = {"email", "pec"};
	char	   *value;
	const char *error;

	for (int i = 0; i < 2; i++)
	{
		value = ion_row_text(row, row->new, mail_columns[i]);
		if (value != NULL && !ion_mail_address_valid(value, &error))
			ion_row_error(row, mail_columns[i], error);
	}
	value = ion_row_text(row, row->new, "phone");
	if (value != NULL && !ion_phone_valid(value, strlen(value)))
		ion_row_error(row, "phone", "It must be in E.164 form: + and 8 to 15 digits");
}

/* How and when the citizen wants to be spoken to. */
static void
check_wishes(IonTriggerRow *row)
{
	static const char *const modes[] = {"auto", "manual"};
	static const char *const details[] = {"full", "anonymous"};
	char	   *value = ion_row_text(row, row->new, "language");
	bool		no_from;
	bool		no_to;
	Datum		from;
	Datum		to;

	if (!ion_language_valid(value, strlen(value)))
		ion_row_error(row, "language", "It must be a language tag such as it or de-AT");
	value = ion_row_text(row, row->new, "time_zone");
	if (strlen(value) > ZONE_BYTES_MAX || pg_tzset(value) == NULL)
		ion_row_error(row, "time_zone", "It must be a time zone's name such as Europe/Rome");
	ion_row_check_word(row, "preference_mode", modes, lengthof(modes));
	ion_row_check_word(row, "push_detail", details, lengthof(details));

	from = ion_row_datum(row, row->new, "quiet_from", &no_from);
	to = ion_row_datum(row, row->new, "quiet_to", &no_to);
	if (no_from != no_to)
		ion_row_error(row, no_from ? "quiet_from" : "quiet_to", "Quiet hours have both a beginning and an end, or neither");
	/* from eight to eight could be read as always or as never: it is none */
	if (!no_from && DatumGetTimeADT(from) == DatumGetTimeADT(to))
	{
		ion_row_set(row, "quiet_from", (Datum) 0, true);
		ion_row_set(row, "quiet_to", (Datum) 0, true);
	}
}

static void
check_version(IonTriggerRow *row)
{
	int32		stored = integer(row, row->old, "version");

	if (integer(row, row->new, "version") != stored)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the profile is not at the version that was read"),
				 errdetail("It is at version %d.", stored),
				 errhint("Read the profile again, and write with the version it has now.")));
	ion_row_set(row, "version", Int32GetDatum(stored + 1), false);
	ion_row_set(row, "updated_at", TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
}

static void
check_preference_version(IonTriggerRow *row)
{
	int32		wanted = integer(row, row->new, "preference_version");
	int32		stored;

	if (row->old == NULL)
	{
		if (wanted < 0)
			ion_row_error(row, "preference_version", "It is not negative");
		return;
	}
	stored = integer(row, row->old, "preference_version");
	if (ion_row_changed(row, "preference_mode"))
	{
		if (wanted != stored && wanted != stored + 1)
			ion_row_error(row, "preference_version", "A change of preference_mode counts it up by one");
		ion_row_set(row, "preference_version", Int32GetDatum(stored + 1), false);
		return;
	}
	if (wanted != stored && !row->by_owner)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("preference_version of the citizen cannot be changed"),
				 errhint("A change of preference_mode counts it up.")));
	if (wanted < stored)
		ion_row_error(row, "preference_version", "It never goes down: preferences of old would count again");
}

static void
check_verified(IonTriggerRow *row, const char *address, const char *verified, bool fold)
{
	char	   *value = ion_row_text(row, row->new, address);
	char	   *before = row->old ? ion_row_text(row, row->old, address) : NULL;
	bool		was = row->old != NULL && ion_row_bool(row, row->old, verified);
	bool		is = ion_row_bool(row, row->new, verified);
	bool		same = value != NULL && before != NULL &&
		(fold ? pg_strcasecmp(value, before) : strcmp(value, before)) == 0;

	/* what was proved is that another address is theirs */
	if (value == NULL || (was && is && !same && !(row->by_owner && ion_row_named(row, verified))))
	{
		is = false;
		ion_row_set(row, verified, BoolGetDatum(false), false);
	}
	if (is && !row->by_owner && !(was && same))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("%s of the citizen cannot be set", verified),
				 errhint("Prove the address with verification_start() and verification_complete().")));
}

static int32
integer(const IonTriggerRow *row, HeapTuple tuple, const char *column)
{
	bool		isnull;
	Datum		value = ion_row_datum(row, tuple, column, &isnull);

	return isnull ? 0 : DatumGetInt32(value);
}
