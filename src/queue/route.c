/*-------------------------------------------------------------------------
 *
 * route.c
 *	  Turns messages into deliveries and work.
 *
 * For each message: read the facts (facts.c), ask for the decision
 * (decision.c), write the delivery rows and, for what is to be sent, the work
 * (route_rows.c).  The insert trigger, the dispatcher for messages that
 * fell due and route_explain go through route_message, so what one of them
 * says, all of them do.
 *
 * A message for later becomes one queue row of kind route, so that the
 * citizen's wishes are read when they matter; one over a quota of a service
 * that defers, a row of kind throttled.
 *
 * One statement or one million rows take the same path, row by row: measured,
 * starting the executor for a routing statement cost as much as six such
 * rows, and joining was no faster than descending a B-tree for each.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/column.h"
#include "base/provider_catalog.h"
#include "compat/compat.h"
#include "io_notify.h"
#include "queue/facts.h"
#include "queue/plan.h"
#include "queue/quiet_hours.h"
#include "queue/quota.h"
#include "queue/rate.h"
#include "queue/route.h"
#include "queue/route_rows.h"
#include "queue/service_cache.h"

#define PUSH_SEQ_FIRST 100		/* other channels' seq is their place in the service's list */

static const IonColumnSpec message_columns[ION_MSG_COLUMNS] = {
	{"id", UUIDOID}, {"service", TEXTOID}, {"recipient", TEXTOID}, {"email", TEXTOID}, {"phone", TEXTOID},
	{"require_secure_channels", BOOLOID}, {"priority", TEXTOID}, {"send_after", TIMESTAMPTZOID},
	{"time_to_live", INTERVALOID}, {"created_at", TIMESTAMPTZOID}
};

typedef struct Router
{
	IonFactReader *facts;
	IonRouteRows rows;
	bool		has_provider[ION_CHANNELS];
	MemoryContext row_cxt;		/* reset for every message */
	const IonService *service;	/* the last message's */
	IonServicePin *pin;			/* of service */
	IonQuotaUse *quota;			/* begun with the first draw */
	Tuplestorestate *messages;	/* a statement's; NULL: no statement */
	TupleDesc	desc;			/* of messages */
	const int  *attnum;
	int			pointer;		/* where we are in messages */
	bool		due;			/* in a dispatcher, which never refuses */
	IonRouteFound found;		/* explaining: told instead of stored */
	void	   *found_arg;
} Router;

static void router_begin(Router *router, int64 rows);
static uint64 router_end(Router *router);
static void column_map(TupleDesc desc, int *attnum);
static void message_from_tuple(HeapTuple tuple, TupleDesc desc, const int *attnum, IonRouteMessage *message);
static bool is_named(const IonService *service, Datum name);
static bool know_service(Router *router, const IonRouteMessage *message);
static void take_in(Router *router, const IonRouteMessage *message);
static bool is_emergency(const IonRouteMessage *message);
static bool draw_quota(Router *router, const IonRouteMessage *message, const char *channel, TimestampTz *retry_at);
static int64 count_rest(const Router *router);
static TimestampTz draw_rate(const Router *router, const IonRouteMessage *message);
static void route_message(Router *router, const IonRouteMessage *message);
static void route_channel(Router *router, const IonRouteMessage *message, const IonRecipient *to, int16 seq,
						  IonChannel channel, Datum address);
static void route_push(Router *router, const IonRouteMessage *message, const IonRecipient *to);
static Datum address_of(const Router *router, const IonRouteMessage *message, const IonRecipient *to, IonChannel channel);
static bool is_blank(Datum address);
static TimestampTz due_time(const IonRouteMessage *message, const IonRecipient *to, IonChannel channel);

static IonPlan read_due = {
	"SELECT id, service, recipient, email, phone, require_secure_channels, priority, send_after, time_to_live, created_at "
	"FROM io_notify.message WHERE id = ANY ($1)",
	1, {UUIDARRAYOID}, NULL
};

/*
 * The snapshot is for whatever people have hung on the tables; the facts have
 * their own.  Changes of this transaction so far are seen.
 */
static void
router_begin(Router *router, int64 rows)
{
	Datum	   *items;
	int			n;

	memset(router, 0, sizeof(*router));
	CommandCounterIncrement();
	PushActiveSnapshot(GetTransactionSnapshot());
	router->facts = ion_facts_open();
	ion_route_rows_open(&router->rows, rows > ION_BULK_THRESHOLD);
	router->pin = palloc0(sizeof(IonServicePin));
	router->row_cxt = AllocSetContextCreate(CurrentMemoryContext, "io_notify route", ALLOCSET_DEFAULT_SIZES);
	deconstruct_array(DatumGetArrayTypeP(ion_provider_channels()), TEXTOID, -1, false, TYPALIGN_INT, &items, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		struct varlena *name = (struct varlena *) DatumGetPointer(items[i]);
		IonChannel	channel = ion_channel_by_name(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

		if (channel < ION_CHANNELS)
			router->has_provider[channel] = true;
	}
}

static uint64
router_end(Router *router)
{
	ion_route_rows_close(&router->rows);
	if (router->quota != NULL)
		ion_quota_end(router->quota);
	ion_facts_close(router->facts);
	PopActiveSnapshot();
	MemoryContextDelete(router->row_cxt);
	CommandCounterIncrement();
	return router->rows.queued;
}

static void
column_map(TupleDesc desc, int *attnum)
{
	for (int c = 0; c < ION_MSG_COLUMNS; c++)
		attnum[c] = ion_column_find(desc, "message", &message_columns[c]);
}

static void
message_from_tuple(HeapTuple tuple, TupleDesc desc, const int *attnum, IonRouteMessage *message)
{
	for (int c = 0; c < ION_MSG_COLUMNS; c++)
		message->value[c] = heap_getattr(tuple, attnum[c], desc, &message->isnull[c]);
}

uint64
ion_route_new(Tuplestorestate *messages, TupleDesc desc, int64 rows)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	int			attnum[ION_MSG_COLUMNS];
	int			mine;
	Router		router;

	column_map(desc, attnum);
	router_begin(&router, rows);
	/* others read the same rows: with a pointer of our own */
	mine = tuplestore_alloc_read_pointer(messages, EXEC_FLAG_REWIND);
	tuplestore_select_read_pointer(messages, mine);
	tuplestore_rescan(messages);
	router.messages = messages;
	router.desc = desc;
	router.attnum = attnum;
	router.pointer = mine;
	while (tuplestore_gettupleslot(messages, true, false, slot))
	{
		IonRouteMessage message;

		CHECK_FOR_INTERRUPTS();
		slot_getallattrs(slot);
		for (int c = 0; c < ION_MSG_COLUMNS; c++)
		{
			message.value[c] = slot->tts_values[attnum[c] - 1];
			message.isnull[c] = slot->tts_isnull[attnum[c] - 1];
		}
		take_in(&router, &message);
	}
	tuplestore_select_read_pointer(messages, 0);
	ExecDropSingleTupleTableSlot(slot);
	return router_end(&router);
}

uint64
ion_route_row(HeapTuple tuple, TupleDesc desc)
{
	int			attnum[ION_MSG_COLUMNS];
	IonRouteMessage message;
	Router		router;

	column_map(desc, attnum);
	router_begin(&router, 1);
	message_from_tuple(tuple, desc, attnum, &message);
	take_in(&router, &message);
	return router_end(&router);
}

uint64
ion_route_due(Datum ids)
{
	static const int attnum[ION_MSG_COLUMNS] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	Router		router;
	uint64		n = ion_plan_run(&read_due, &ids, NULL, false);
	SPITupleTable *found = SPI_tuptable;

	router_begin(&router, 1);
	router.due = true;
	for (uint64 i = 0; i < n; i++)
	{
		IonRouteMessage message;
		MemoryContext old = MemoryContextSwitchTo(router.row_cxt);

		message_from_tuple(found->vals[i], found->tupdesc, attnum, &message);
		if (know_service(&router, &message))
			route_message(&router, &message);
		else
			ion_route_rows_failed(&router.rows, &message);
		MemoryContextSwitchTo(old);
		MemoryContextReset(router.row_cxt);
	}
	SPI_freetuptable(found);
	return router_end(&router);
}

void
ion_route_decide(const char *service, Datum recipient, IonRouteFound found, void *arg)
{
	Router		router;
	IonRouteMessage message;

	router_begin(&router, 1);
	memset(message.isnull, true, sizeof(message.isnull));
	message.value[ION_MSG_SERVICE] = CStringGetTextDatum(service);
	message.value[ION_MSG_RECIPIENT] = recipient;
	router.found = found;
	router.found_arg = arg;
	if (know_service(&router, &message))
		route_message(&router, &message);
	router_end(&router);
}

/* A name out of a wide table may come compressed or out of line. */
static bool
is_named(const IonService *service, Datum name)
{
	struct varlena *plain = PG_DETOAST_DATUM_PACKED(name);
	bool		same = VARSIZE_ANY_EXHDR(plain) == strlen(service->name) &&
		memcmp(VARDATA_ANY(plain), service->name, strlen(service->name)) == 0;

	if (PointerGetDatum(plain) != name)
		pfree(plain);
	return same;
}

static bool
know_service(Router *router, const IonRouteMessage *message)
{
	Datum		name = message->value[ION_MSG_SERVICE];

	if (router->service == NULL || !is_named(router->service, name))
	{
		router->service = ion_service_find(TextDatumGetCString(name));
		if (router->service != NULL)
			ion_service_pin(router->pin, router->rows.cxt);
	}
	return router->service != NULL;
}

/* A message that came in just now: for later, or to be routed. */
static void
take_in(Router *router, const IonRouteMessage *message)
{
	MemoryContext old = MemoryContextSwitchTo(router->row_cxt);
	TimestampTz send_after;
	TimestampTz due;

	if (!know_service(router, message))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("the service was deleted while the message was being accepted")));
	send_after = message->isnull[ION_MSG_SEND_AFTER] ? router->rows.now : DatumGetTimestampTz(message->value[ION_MSG_SEND_AFTER]);
	due = draw_rate(router, message);
	if (send_after > router->rows.now)
		ion_route_rows_later(&router->rows, message, router->service, ION_LATER_SCHEDULED, Max(send_after, due));
	else if (due != 0)
		ion_route_rows_later(&router->rows, message, router->service, ION_LATER_THROTTLED, due);
	else
		route_message(router, message);
	MemoryContextSwitchTo(old);
	MemoryContextReset(router->row_cxt);
}

static bool
is_emergency(const IonRouteMessage *message)
{
	return *(char *) VARDATA_ANY(DatumGetPointer(message->value[ION_MSG_PRIORITY])) == 'e';
}

/* False: over the quota, until *retry_at.  An emergency never is. */
static bool
draw_quota(Router *router, const IonRouteMessage *message, const char *channel, TimestampTz *retry_at)
{
	const IonService *service = router->service;

	if (!service->has_quotas || router->found != NULL)
		return true;
	if (router->quota == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(router->rows.cxt);

		router->quota = ion_quota_begin();
		MemoryContextSwitchTo(old);
	}
	if (is_emergency(message))
	{
		ion_quota_count(router->quota, service->name, channel, 1);
		return true;
	}
	if (router->messages != NULL && channel[0] == '\0' && ion_quota_expects(router->quota, service->name))
		ion_quota_expect(router->quota, service->name, 1 + count_rest(router));
	return ion_quota_draw(router->quota, service->name, channel, 1, service->defers || router->due, retry_at);
}

/* How many messages of this service that draw on its quota follow in the statement. */
static int64
count_rest(const Router *router)
{
	TupleTableSlot *slot = MakeSingleTupleTableSlot(router->desc, &TTSOpsMinimalTuple);
	int			ahead = tuplestore_alloc_read_pointer(router->messages, EXEC_FLAG_REWIND);
	int64		n = 0;

	tuplestore_copy_read_pointer(router->messages, router->pointer, ahead);
	tuplestore_select_read_pointer(router->messages, ahead);
	while (tuplestore_gettupleslot(router->messages, true, false, slot))
	{
		bool		isnull[3];
		Datum		service = slot_getattr(slot, router->attnum[ION_MSG_SERVICE], &isnull[0]);
		Datum		priority = slot_getattr(slot, router->attnum[ION_MSG_PRIORITY], &isnull[1]);
		Datum		send_after = slot_getattr(slot, router->attnum[ION_MSG_SEND_AFTER], &isnull[2]);

		if (is_named(router->service, service) &&
			*(char *) VARDATA_ANY(DatumGetPointer(priority)) != 'e' &&
			(isnull[2] || DatumGetTimestampTz(send_after) <= router->rows.now))
			n++;
	}
	tuplestore_select_read_pointer(router->messages, router->pointer);
	ExecDropSingleTupleTableSlot(slot);
	return n;
}

/* When the service's rate lets the message go; 0: at once. */
static TimestampTz
draw_rate(const Router *router, const IonRouteMessage *message)
{
	const IonService *service = router->service;
	TimestampTz due = 0;

	if (service->rate_per_second <= 0)
		return 0;
	if (is_emergency(message))
		ion_rate_count(service->name, service->rate_per_second, 1);
	else
		ion_rate_draw(service->name, service->rate_per_second, 1, service->defers, &due);
	return due;
}

static void
route_message(Router *router, const IonRouteMessage *message)
{
	const IonService *service = router->service;
	IonRecipient to;
	IonReason	rejection;
	TimestampTz retry_at;

	if (!draw_quota(router, message, "", &retry_at))
	{
		ion_route_rows_later(&router->rows, message, service, ION_LATER_THROTTLED, retry_at);
		return;
	}
	ion_facts_read(router->facts, service, message->value[ION_MSG_SERVICE], message->value[ION_MSG_RECIPIENT], &to);
	if (!message->isnull[ION_MSG_SECURE] && DatumGetBool(message->value[ION_MSG_SECURE]))
		to.facts.secure = true;
	to.facts.given_email = !message->isnull[ION_MSG_EMAIL];
	to.facts.given_phone = !message->isnull[ION_MSG_PHONE];

	rejection = ion_decide_message(&to.facts);
	if (rejection != ION_REASON_NONE)
	{
		if (router->found != NULL)
			router->found(router->found_arg, ION_CHANNEL_INBOX, (Datum) 0, rejection, NULL);
		else
			ion_route_rows_delivery(&router->rows, message, 1, ION_CHANNEL_INBOX, (Datum) 0, rejection, NULL, 0);
		return;
	}
	for (int i = 0; i < service->n_channels; i++)
	{
		IonChannel	channel = service->channels[i];

		if (channel == ION_CHANNEL_PUSH)
			route_push(router, message, &to);
		else
			route_channel(router, message, &to, i + 1, channel, address_of(router, message, &to, channel));
	}
}

static Datum
address_of(const Router *router, const IonRouteMessage *message, const IonRecipient *to, IonChannel channel)
{
	switch (channel)
	{
		case ION_CHANNEL_EMAIL:
			return to->facts.given_email ? message->value[ION_MSG_EMAIL] : to->email;
		case ION_CHANNEL_SMS:
			return to->facts.given_phone ? message->value[ION_MSG_PHONE] : to->phone;
		case ION_CHANNEL_PEC:
			return to->pec;
		case ION_CHANNEL_WEBHOOK:
			return router->service->webhook_url;
		case ION_CHANNEL_PUSH:
		case ION_CHANNEL_INBOX:
		case ION_CHANNELS:
			break;
	}
	return (Datum) 0;
}

static bool
is_blank(Datum address)
{
	return address == (Datum) 0 || VARSIZE_ANY_EXHDR(DatumGetPointer(address)) == 0;
}

/* A push goes to each of the citizen's devices, which are only asked for when one can leave. */
static void
route_push(Router *router, const IonRouteMessage *message, const IonRecipient *to)
{
	Datum		endpoints[ION_DEVICES_MAX];
	int			n = 0;

	if (ion_decide_channel(&to->facts, ION_CHANNEL_PUSH, true, router->has_provider[ION_CHANNEL_PUSH]) == ION_REASON_NONE)
		n = ion_facts_devices(router->facts, message->value[ION_MSG_RECIPIENT], endpoints);
	if (n == 0)
		route_channel(router, message, to, PUSH_SEQ_FIRST, ION_CHANNEL_PUSH, (Datum) 0);
	for (int i = 0; i < n; i++)
		route_channel(router, message, to, PUSH_SEQ_FIRST + i, ION_CHANNEL_PUSH, endpoints[i]);
}

static void
route_channel(Router *router, const IonRouteMessage *message, const IonRecipient *to, int16 seq,
			  IonChannel channel, Datum address)
{
	bool		has_provider = router->has_provider[channel];
	bool		overridden = false;
	IonReason	reason = ion_decide_channel(&to->facts, channel, !is_blank(address), has_provider);
	const char *remark = NULL;
	TimestampTz due;
	TimestampTz retry_at;

	if (reason == ION_REASON_NONE && channel != ION_CHANNEL_INBOX)
	{
		bool		suppressed = !is_blank(address) &&
			ion_facts_suppressed(router->facts, channel, address, message->value[ION_MSG_SERVICE]);

		reason = ion_decide_address(&to->facts, channel, suppressed, has_provider, &overridden);
		if (overridden)
			remark = "suppression_overridden";
	}
	if (router->found != NULL)
	{
		router->found(router->found_arg, channel, address, reason, remark);
		return;
	}
	due = due_time(message, to, channel);
	if (reason == ION_REASON_NONE && channel != ION_CHANNEL_INBOX &&
		!draw_quota(router, message, ion_channel_name(channel), &retry_at))
	{
		due = Max(due, retry_at);
		remark = "quota";
	}
	ion_route_rows_delivery(&router->rows, message, seq, channel, address, reason, remark, due);
	if (reason == ION_REASON_NONE && channel != ION_CHANNEL_INBOX)
		ion_route_rows_work(&router->rows, message, router->service, seq, channel, address, due);
}

/* Now, or when the citizen's quiet hours are over. */
static TimestampTz
due_time(const IonRouteMessage *message, const IonRecipient *to, IonChannel channel)
{
	TimestampTz now = GetCurrentStatementStartTimestamp();
	TimestampTz until;

	if (!to->quiet || !ion_quiet_concerns(ion_channel_name(channel), TextDatumGetCString(message->value[ION_MSG_PRIORITY])))
		return now;
	until = ion_quiet_until(to->quiet_from, to->quiet_to, to->time_zone ? TextDatumGetCString(to->time_zone) : NULL, now);
	return Max(now, until);
}
