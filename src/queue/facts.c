/*-------------------------------------------------------------------------
 *
 * facts.c
 *	  What the tables say about a recipient, for the routing decision.
 *
 * Each table is opened when first needed and stays open for the statement:
 * suppression is never looked at for a message without an address, activation
 * only for special services.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/formatting.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "queue/facts.h"
#include "queue/lookup.h"

#define PENDING_COUNTS_FOR	(24 * USECS_PER_HOUR)

enum
{
	CITIZEN_FISCAL_CODE, CITIZEN_INBOX, CITIZEN_EMAIL_ENABLED, CITIZEN_SMS_ENABLED, CITIZEN_PUSH_ENABLED,
	CITIZEN_EMAIL_VERIFIED, CITIZEN_PHONE_VERIFIED, CITIZEN_MODE, CITIZEN_VERSION, CITIZEN_EMAIL, CITIZEN_PHONE,
	CITIZEN_PEC, CITIZEN_ZONE, CITIZEN_QUIET_FROM, CITIZEN_QUIET_TO, CITIZEN_COLUMNS
};
static const IonColumnSpec citizen_columns[CITIZEN_COLUMNS] = {
	{"fiscal_code", TEXTOID}, {"inbox_enabled", BOOLOID}, {"email_enabled", BOOLOID}, {"sms_enabled", BOOLOID},
	{"push_enabled", BOOLOID}, {"email_verified", BOOLOID}, {"phone_verified", BOOLOID}, {"preference_mode", TEXTOID},
	{"preference_version", INT4OID}, {"email", TEXTOID}, {"phone", TEXTOID}, {"pec", TEXTOID}, {"time_zone", TEXTOID},
	{"quiet_from", TIMEOID}, {"quiet_to", TIMEOID}
};
static const IonColumnSpec preference_columns[] = {
	{"fiscal_code", TEXTOID}, {"service", TEXTOID}, {"preference_version", INT4OID}, {"channel", TEXTOID}, {"enabled", BOOLOID}
};
static const IonColumnSpec activation_columns[] = {
	{"service", TEXTOID}, {"fiscal_code", TEXTOID}, {"state", TEXTOID}, {"changed_at", TIMESTAMPTZOID}
};
static const IonColumnSpec suppression_columns[] = {
	{"channel", TEXTOID}, {"address", TEXTOID}, {"service", TEXTOID}, {"expires_at", TIMESTAMPTZOID}
};
static const IonColumnSpec device_columns[] = {{"fiscal_code", TEXTOID}, {"endpoint", TEXTOID}, {"expires_at", TIMESTAMPTZOID}};

typedef struct Table
{
	bool		open;
	IonLookup	lookup;
} Table;

struct IonFactReader
{
	TimestampTz now;
	Table		citizen;
	Table		preference;
	Table		activation;
	Table		suppression;
	Table		device;
};

static IonLookup *opened(IonFactReader *reader, Table *table, const char *name, const IonColumnSpec *columns, int n, int n_keys);
static Datum text_column(const IonLookup *citizen, int column);
static bool is_among(const Datum *texts, int n, Datum text);
static void read_preferences(IonFactReader *reader, Datum fiscal_code, Datum service, Datum version, IonFacts *facts);
static bool read_activation(IonFactReader *reader, Datum service, Datum fiscal_code);
static bool is_past(const IonLookup *lookup, int column, TimestampTz now);

IonFactReader *
ion_facts_open(void)
{
	IonFactReader *reader = palloc0(sizeof(IonFactReader));

	reader->now = GetCurrentTransactionStartTimestamp();
	return reader;
}

static IonLookup *
opened(IonFactReader *reader, Table *table, const char *name, const IonColumnSpec *columns, int n, int n_keys)
{
	if (!table->open)
	{
		/* what a scan keeps must outlive the row it is opened for */
		MemoryContext old = MemoryContextSwitchTo(GetMemoryChunkContext(reader));

		ion_lookup_open(&table->lookup, name, columns, n, n_keys);
		table->open = true;
		MemoryContextSwitchTo(old);
	}
	return &table->lookup;
}

void
ion_facts_close(IonFactReader *reader)
{
	Table	   *tables[] = {&reader->citizen, &reader->preference, &reader->activation, &reader->suppression, &reader->device};

	for (int i = 0; i < (int) lengthof(tables); i++)
	{
		if (tables[i]->open)
			ion_lookup_close(&tables[i]->lookup);
	}
	pfree(reader);
}

static Datum
text_column(const IonLookup *lookup, int column)
{
	bool		isnull;
	Datum		value = ion_lookup_value(lookup, column, &isnull);

	return isnull ? (Datum) 0 : PointerGetDatum(DatumGetTextPCopy(value));
}

void
ion_facts_read(IonFactReader *reader, const IonService *service, Datum name, Datum fiscal_code,
			   IonRecipient *recipient)
{
	IonLookup  *citizen = opened(reader, &reader->citizen, "citizen", citizen_columns, CITIZEN_COLUMNS, 1);
	IonFacts   *facts = &recipient->facts;
	struct varlena *mode;
	bool		isnull;

	memset(recipient, 0, sizeof(*recipient));
	facts->special = service->special;
	facts->mandatory = service->mandatory;
	facts->secure = service->secure;
	ion_lookup_find(citizen, &fiscal_code);
	if (!ion_lookup_next(citizen))
		return;
	facts->registered = true;
	facts->inbox_enabled = ion_lookup_bool(citizen, CITIZEN_INBOX);
	/* the rest does not matter to a message that is rejected */
	if (!facts->inbox_enabled)
		return;
	facts->email_enabled = ion_lookup_bool(citizen, CITIZEN_EMAIL_ENABLED);
	facts->sms_enabled = ion_lookup_bool(citizen, CITIZEN_SMS_ENABLED);
	facts->push_enabled = ion_lookup_bool(citizen, CITIZEN_PUSH_ENABLED);
	facts->email_verified = ion_lookup_bool(citizen, CITIZEN_EMAIL_VERIFIED);
	facts->phone_verified = ion_lookup_bool(citizen, CITIZEN_PHONE_VERIFIED);
	mode = (struct varlena *) DatumGetPointer(ion_lookup_value(citizen, CITIZEN_MODE, &isnull));
	facts->manual = !isnull && VARSIZE_ANY_EXHDR(mode) == 6 && memcmp(VARDATA_ANY(mode), "manual", 6) == 0;
	recipient->email = text_column(citizen, CITIZEN_EMAIL);
	recipient->phone = text_column(citizen, CITIZEN_PHONE);
	recipient->pec = text_column(citizen, CITIZEN_PEC);
	recipient->quiet_from = DatumGetTimeADT(ion_lookup_value(citizen, CITIZEN_QUIET_FROM, &isnull));
	recipient->quiet = !isnull;
	if (recipient->quiet)
	{
		recipient->quiet_to = DatumGetTimeADT(ion_lookup_value(citizen, CITIZEN_QUIET_TO, &isnull));
		recipient->quiet = !isnull;
		recipient->time_zone = text_column(citizen, CITIZEN_ZONE);
	}
	if (service->special)
		facts->activated = read_activation(reader, name, fiscal_code);
	read_preferences(reader, fiscal_code, name, ion_lookup_value(citizen, CITIZEN_VERSION, &isnull), facts);
}

static void
read_preferences(IonFactReader *reader, Datum fiscal_code, Datum service, Datum version, IonFacts *facts)
{
	IonLookup  *preference = opened(reader, &reader->preference, "preference", preference_columns, 5, 3);
	Datum		keys[3] = {fiscal_code, service, version};

	ion_lookup_find(preference, keys);
	while (ion_lookup_next(preference))
	{
		bool		isnull;
		struct varlena *name = (struct varlena *) DatumGetPointer(ion_lookup_value(preference, 3, &isnull));
		IonChannel	channel = ion_channel_by_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

		facts->has_preferences = true;
		if (channel < ION_CHANNELS && !ion_lookup_bool(preference, 4))
			facts->blocked |= ION_CHANNEL_BIT(channel);
	}
}

static bool
read_activation(IonFactReader *reader, Datum service, Datum fiscal_code)
{
	IonLookup  *activation = opened(reader, &reader->activation, "activation", activation_columns, 4, 2);
	Datum		keys[2] = {service, fiscal_code};
	bool		isnull;
	Datum		value;
	char	   *state;

	ion_lookup_find(activation, keys);
	if (!ion_lookup_next(activation))
		return false;
	value = ion_lookup_value(activation, 2, &isnull);
	state = isnull ? "" : TextDatumGetCString(value);
	if (strcmp(state, "active") == 0)
		return true;
	return strcmp(state, "pending") == 0 &&
		DatumGetTimestampTz(ion_lookup_value(activation, 3, &isnull)) > reader->now - PENDING_COUNTS_FOR;
}

static bool
is_past(const IonLookup *lookup, int column, TimestampTz now)
{
	bool		isnull;
	Datum		at = ion_lookup_value(lookup, column, &isnull);

	return !isnull && DatumGetTimestampTz(at) <= now;
}

bool
ion_facts_suppressed(IonFactReader *reader, IonChannel channel, Datum address, Datum service)
{
	IonLookup  *suppression = opened(reader, &reader->suppression, "suppression", suppression_columns, 4, 2);
	Datum		keys[2];

	if (suppression->scan == NULL)
		return false;
	keys[0] = CStringGetTextDatum(ion_channel_name(channel));
	keys[1] = address;
	/* mail addresses stand there in lower case */
	if (channel == ION_CHANNEL_EMAIL || channel == ION_CHANNEL_PEC)
	{
		text	   *whole = DatumGetTextPP(address);
		char	   *lower = str_tolower(VARDATA_ANY(whole), VARSIZE_ANY_EXHDR(whole), DEFAULT_COLLATION_OID);

		keys[1] = CStringGetTextDatum(lower);
	}
	ion_lookup_find(suppression, keys);
	while (ion_lookup_next(suppression))
	{
		bool		isnull;
		Datum		of = ion_lookup_value(suppression, 2, &isnull);

		if (is_past(suppression, 3, reader->now))
			continue;
		/* of one service's notices, or of all */
		if (isnull || VARSIZE_ANY_EXHDR(DatumGetPointer(of)) == 0 ||
			DatumGetBool(DirectFunctionCall2Coll(texteq, DEFAULT_COLLATION_OID, of, service)))
			return true;
	}
	return false;
}

static bool
is_among(const Datum *texts, int n, Datum text)
{
	for (int i = 0; i < n; i++)
	{
		if (DatumGetBool(DirectFunctionCall2Coll(texteq, DEFAULT_COLLATION_OID, texts[i], text)))
			return true;
	}
	return false;
}

int
ion_facts_devices(IonFactReader *reader, Datum fiscal_code, Datum *endpoints)
{
	IonLookup  *device = opened(reader, &reader->device, "device", device_columns, 3, 1);
	int			n = 0;

	ion_lookup_find(device, &fiscal_code);
	while (n < ION_DEVICES_MAX && ion_lookup_next(device))
	{
		Datum		endpoint;

		if (is_past(device, 2, reader->now))
			continue;
		endpoint = text_column(device, 1);
		if (endpoint != (Datum) 0 && !is_among(endpoints, n, endpoint))
			endpoints[n++] = endpoint;
	}
	return n;
}
