/*-------------------------------------------------------------------------
 *
 * suppression_api.c
 *	  The suppression list's addresses, and quiet hours, for SQL.
 *
 * An address is checked here and not in plpgsql, where an error would bring
 * the statement, address and all, into the server log.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/formatting.h"
#include "utils/timestamp.h"

#include "compat/compat.h"
#include "intake/value_check.h"
#include "queue/quiet_hours.h"
#include "render/mail_address.h"
#include "render/text_check.h"

#define ADDRESS_MAX 2048		/* bytes; a push end point is a URL */

PG_FUNCTION_INFO_V1(ion_suppression_address);
PG_FUNCTION_INFO_V1(ion_quiet_until_sql);

ion_noreturn static void address_error(const char *detail);

static void
address_error(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("this address cannot be suppressed"),
			 errdetail("%s.", detail),
			 errhidestmt(true)));
}

/*
 * _suppression_address(channel, address) returns text: the address as routing
 * and claims look for it (mailboxes in lower case).  22023 when it is none of
 * that channel's.
 */
Datum
ion_suppression_address(PG_FUNCTION_ARGS)
{
	char	   *channel = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));
	char	   *address = PG_ARGISNULL(1) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(1));
	size_t		length = strlen(address);
	const char *error;

	if (strcmp(channel, "email") == 0 || strcmp(channel, "pec") == 0)
	{
		if (!ion_mail_address_valid(address, &error))
			address_error(error);
		address = str_tolower(address, length, DEFAULT_COLLATION_OID);
	}
	else if (strcmp(channel, "sms") == 0)
	{
		if (!ion_phone_valid(address, (int) length))
			address_error("It must be in E.164 form: + and 8 to 15 digits");
	}
	else if (strcmp(channel, "push") != 0 && strcmp(channel, "webhook") != 0)
		address_error("The channels are push, email, sms, webhook and pec");
	else if (length == 0 || length > ADDRESS_MAX || ion_text_has_control(address, length))
		address_error("It must have 1 to 2048 bytes and no control character");
	PG_RETURN_TEXT_P(cstring_to_text(address));
}

/*
 * _quiet_until(quiet_from, quiet_to, time_zone, at) returns timestamptz: null
 * when no quiet hours hold at that moment.
 */
Datum
ion_quiet_until_sql(PG_FUNCTION_ARGS)
{
	TimestampTz until;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_NULL();
	until = ion_quiet_until(PG_GETARG_TIMEADT(0), PG_GETARG_TIMEADT(1),
							PG_ARGISNULL(2) ? NULL : text_to_cstring(PG_GETARG_TEXT_PP(2)), PG_GETARG_TIMESTAMPTZ(3));
	if (until == 0)
		PG_RETURN_NULL();
	PG_RETURN_TIMESTAMPTZ(until);
}
