/*-------------------------------------------------------------------------
 *
 * choice_trigger.c
 *	  BEFORE INSERT OR UPDATE on preference, disclosure and activation.
 *
 * A choice per service is made under a version of the citizen's preference
 * mode.  Whoever writes for a citizen must name the current one (or leave it
 * out); the citizen's row is locked until the transaction ends, so a change
 * of mode and a choice made under the old mode cannot both succeed.  The lock
 * also puts the choices of one citizen in a row, which the subscription feed
 * relies on.
 *
 * The tables' owner may write rows of any version, which is how a history is
 * brought from elsewhere; the owner's functions for the app ask
 * _preference_allowed() themselves.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/log_guard.h"
#include "base/owner.h"
#include "intake/trigger_row.h"
#include "queue/plan.h"

static IonPlan current_version = {
	"SELECT c.preference_version FROM io_notify.citizen c WHERE c.fiscal_code = $1",
	1, {TEXTOID}, NULL
};
static IonPlan lock_version = {
	"SELECT c.preference_version FROM io_notify.citizen c WHERE c.fiscal_code = $1 FOR NO KEY UPDATE",
	1, {TEXTOID}, NULL
};

/* Pending activation counts for a day: the same rule as routing's. */
static IonPlan read_service = {
	"SELECT s.category = 'special', coalesce((SELECT a.state = 'active' "
	"    OR a.state = 'pending' AND a.changed_at > pg_catalog.now() - interval '24 hours' "
	"    FROM io_notify.activation a WHERE a.service = s.name AND a.fiscal_code = $2), false) "
	"FROM io_notify.service s WHERE s.name = $1 AND s.state <> 'deleted'",
	2, {TEXTOID, TEXTOID}, NULL
};

static const char *const channels[] = {"inbox", "push", "email", "sms", "webhook", "pec"};
static const char *const choice_keys[] = {"fiscal_code", "service", "preference_version", "channel"};

static bool run_as_owner(IonPlan *plan, Datum *values);
static int32 version_of(Datum citizen, bool lock);
static void fill_version(IonTriggerRow *row);
static void require_version(Datum citizen, int32 version);
static void require_consistent(Datum service, Datum citizen, bool inbox, bool enabled);

PG_FUNCTION_INFO_V1(ion_check_preference);
PG_FUNCTION_INFO_V1(ion_check_disclosure);
PG_FUNCTION_INFO_V1(ion_check_activation);
PG_FUNCTION_INFO_V1(ion_preference_allowed);

/* Between SPI_connect and SPI_finish; returns whether there is a row. */
static bool
run_as_owner(IonPlan *plan, Datum *values)
{
	IonCaller	caller;
	bool		found;

	ion_owner_begin(&caller, true);
	found = ion_plan_run(plan, values, NULL, false) > 0;
	ion_owner_end(&caller);
	return found;
}

static int32
version_of(Datum citizen, bool lock)
{
	int32		version = 0;
	bool		isnull;

	SPI_connect();
	if (run_as_owner(lock ? &lock_version : &current_version, &citizen))
		version = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	return version;
}

/* Left out, the version is the citizen's current one; for an app it stays that. */
static void
fill_version(IonTriggerRow *row)
{
	bool		isnull;
	Datum		citizen = ion_row_datum(row, row->new, "fiscal_code", &isnull);

	if (isnull)
		return;
	(void) ion_row_datum(row, row->new, "preference_version", &isnull);
	if (!isnull)
		return;
	/* nobody else's row is locked */
	ion_row_require_own(row, NULL, 0);
	ion_row_set(row, "preference_version", Int32GetDatum(version_of(citizen, !row->by_owner)), false);
}

/* The citizen's row stays locked until the transaction ends. */
static void
require_version(Datum citizen, int32 version)
{
	bool		isnull;
	int32		current;

	SPI_connect();
	if (!run_as_owner(&lock_version, &citizen))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the citizen is not registered"),
				 errhint("Call io_notify.citizen_register() first.")));
	current = DatumGetInt32(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_finish();
	if (version != current)
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("the citizen's preference mode is not at the version that was read"),
				 errdetail("It is at version %d.", current),
				 errhint("Read the profile and the preferences again.")));
}

/* 42704 for an unknown service; 55000 for an inbox choice that activation decides otherwise. */
static void
require_consistent(Datum service, Datum citizen, bool inbox, bool enabled)
{
	Datum		values[2] = {service, citizen};
	bool		isnull;
	bool		special;
	bool		active;

	SPI_connect();
	if (!run_as_owner(&read_service, values))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("service \"%s\" does not exist", TextDatumGetCString(service))));
	special = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	active = DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
	SPI_finish();
	if (special && inbox && enabled != active)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("the inbox of special service \"%s\" follows its activation", TextDatumGetCString(service)),
				 errdetail("The service itself says who is active.")));
}

Datum
ion_check_preference(PG_FUNCTION_ARGS)
{
	IonTriggerRow row;
	ErrorContextCallback frame;
	bool		isnull;

	ion_hide_begin(&frame);
	ion_row_begin(fcinfo, "preference", &row);
	fill_version(&row);
	ion_row_check_not_null(&row);
	ion_row_check_word(&row, "channel", channels, lengthof(channels));
	if (!row.by_owner)
	{
		Datum		citizen;

		ion_row_require_own(&row, choice_keys, lengthof(choice_keys));
		citizen = ion_row_datum(&row, row.new, "fiscal_code", &isnull);
		require_version(citizen, DatumGetInt32(ion_row_datum(&row, row.new, "preference_version", &isnull)));
		require_consistent(ion_row_datum(&row, row.new, "service", &isnull), citizen,
						   strcmp(ion_row_text(&row, row.new, "channel"), "inbox") == 0,
						   ion_row_bool(&row, row.new, "enabled"));
	}
	ion_hide_end(&frame);
	return PointerGetDatum(row.new);
}

Datum
ion_check_disclosure(PG_FUNCTION_ARGS)
{
	IonTriggerRow row;
	ErrorContextCallback frame;
	bool		isnull;

	ion_hide_begin(&frame);
	ion_row_begin(fcinfo, "disclosure", &row);
	fill_version(&row);
	ion_row_check_not_null(&row);
	if (!row.by_owner)
	{
		Datum		citizen;

		ion_row_require_own(&row, choice_keys, lengthof(choice_keys) - 1);
		citizen = ion_row_datum(&row, row.new, "fiscal_code", &isnull);
		require_version(citizen, DatumGetInt32(ion_row_datum(&row, row.new, "preference_version", &isnull)));
		require_consistent(ion_row_datum(&row, row.new, "service", &isnull), citizen, false, false);
	}
	ion_hide_end(&frame);
	return PointerGetDatum(row.new);
}

/*
 * A day of grace begins when a state becomes pending, and repeating the state
 * does not begin another.
 */
Datum
ion_check_activation(PG_FUNCTION_ARGS)
{
	static const char *const states[] = {"active", "pending", "inactive"};
	IonTriggerRow row;
	ErrorContextCallback frame;

	ion_hide_begin(&frame);
	ion_row_begin(fcinfo, "activation", &row);
	ion_row_check_not_null(&row);
	ion_row_check_word(&row, "state", states, lengthof(states));
	if (row.old != NULL && ion_row_changed(&row, "state") && !ion_row_named(&row, "changed_at"))
		ion_row_set(&row, "changed_at", TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()), false);
	ion_hide_end(&frame);
	return PointerGetDatum(row.new);
}

/*
 * _preference_allowed(fiscal_code, service, channel, enabled,
 * preference_version) returns void: what the trigger asks of an app's plain
 * SQL, for the functions that write as the owner.  channel is null for a
 * choice that is about no channel.
 */
Datum
ion_preference_allowed(PG_FUNCTION_ARGS)
{
	char	   *channel = PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2));
	bool		known = channel == NULL;
	ErrorContextCallback frame;

	ion_hide_begin(&frame);
	/* it tells what it finds, and locks: not for whoever calls it by hand */
	if (!ion_is_owner(GetUserId()))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only functions of io_notify may ask this")));
	for (size_t i = 0; i < lengthof(channels) && !known; i++)
		known = strcmp(channel, channels[i]) == 0;
	if (!known)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("channel of the preference is not valid"),
				 errdetail("It must be inbox, push, email, sms, webhook or pec.")));
	for (int i = 0; i < 5; i++)
	{
		static const char *const names[] = {"fiscal_code", "service", "channel", "the choice", "preference_version"};

		if (i != 2 && PG_ARGISNULL(i))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("%s is missing", names[i])));
	}
	require_version(PG_GETARG_DATUM(0), PG_GETARG_INT32(4));
	require_consistent(PG_GETARG_DATUM(1), PG_GETARG_DATUM(0),
					   channel != NULL && strcmp(channel, "inbox") == 0, PG_GETARG_BOOL(3));
	ion_hide_end(&frame);
	PG_RETURN_VOID();
}
