/*-------------------------------------------------------------------------
 *
 * address_trigger.c
 *	  BEFORE INSERT OR UPDATE on device and suppression.
 *
 * Both hold addresses that reach a person; what is wrong with one is said
 * without it.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_collation.h"
#include "utils/builtins.h"
#include "utils/formatting.h"
#include "utils/jsonb.h"

#include "base/log_guard.h"
#include "intake/trigger_row.h"
#include "render/text_check.h"

#define ADDRESS_BYTES_MAX	4096
#define KEYS_BYTES_MAX		8192

static void check_address(const IonTriggerRow *row, const char *column);

PG_FUNCTION_INFO_V1(ion_check_device);
PG_FUNCTION_INFO_V1(ion_check_suppression);

static void
check_address(const IonTriggerRow *row, const char *column)
{
	char	   *value = ion_row_text(row, row->new, column);
	size_t		length = strlen(value);

	if (length == 0)
		ion_row_error(row, column, "It is empty");
	if (length > ADDRESS_BYTES_MAX)
		ion_row_error(row, column, psprintf("It has more than %d bytes", ADDRESS_BYTES_MAX));
	if (ion_text_has_control(value, length))
		ion_row_error(row, column, "It holds a control character");
}

Datum
ion_check_device(PG_FUNCTION_ARGS)
{
	static const char *const platforms[] = {"webpush", "fcm", "apns"};
	static const char *const keys[] = {"id", "fiscal_code", "platform", "created_at"};
	IonTriggerRow row;
	ErrorContextCallback frame;
	Datum		value;
	bool		isnull;

	ion_hide_begin(&frame);
	ion_row_begin(fcinfo, "device", &row);
	ion_row_check_not_null(&row);
	ion_row_require_own(&row, keys, lengthof(keys));
	ion_row_check_word(&row, "platform", platforms, lengthof(platforms));
	check_address(&row, "endpoint");
	value = ion_row_datum(&row, row.new, "keys", &isnull);
	if (!isnull)
	{
		Jsonb	   *json = DatumGetJsonbP(value);

		if (!JB_ROOT_IS_OBJECT(json))
			ion_row_error(&row, "keys", "It must be a JSON object");
		if (VARSIZE(json) > KEYS_BYTES_MAX)
			ion_row_error(&row, "keys", psprintf("It has more than %d bytes", KEYS_BYTES_MAX));
	}
	ion_hide_end(&frame);
	return PointerGetDatum(row.new);
}

/* E-mail addresses are looked up in lower case, so that is how they are kept. */
Datum
ion_check_suppression(PG_FUNCTION_ARGS)
{
	static const char *const channels[] = {"push", "email", "sms", "webhook", "pec"};
	IonTriggerRow row;
	ErrorContextCallback frame;
	char	   *channel;

	ion_hide_begin(&frame);
	ion_row_begin(fcinfo, "suppression", &row);
	ion_row_check_not_null(&row);
	ion_row_check_word(&row, "channel", channels, lengthof(channels));
	check_address(&row, "address");
	channel = ion_row_text(&row, row.new, "channel");
	if (strcmp(channel, "email") == 0 || strcmp(channel, "pec") == 0)
	{
		char	   *address = ion_row_text(&row, row.new, "address");
		char	   *folded = str_tolower(address, strlen(address), DEFAULT_COLLATION_OID);

		if (strcmp(address, folded) != 0)
			ion_row_set(&row, "address", CStringGetTextDatum(folded), false);
	}
	ion_hide_end(&frame);
	return PointerGetDatum(row.new);
}
