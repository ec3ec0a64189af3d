/*-------------------------------------------------------------------------
 *
 * route_rows.c
 *	  The rows routing writes: deliveries and work.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "compat/compat.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "queue/route_rows.h"

enum
{
	DEL_MESSAGE, DEL_SEQ, DEL_SERVICE, DEL_RECIPIENT, DEL_CHANNEL, DEL_ADDRESS, DEL_STATE, DEL_REASON, DEL_ATTEMPTS,
	DEL_CREATED, DEL_NEXT, DEL_DELIVERED, DEL_SETTLED, DEL_COLUMNS
};
static const IonColumnSpec delivery_columns[DEL_COLUMNS] = {
	{"message_id", UUIDOID}, {"seq", INT2OID}, {"service", TEXTOID}, {"recipient", TEXTOID}, {"channel", TEXTOID},
	{"address", TEXTOID}, {"state", TEXTOID}, {"reason", TEXTOID}, {"attempts", INT4OID}, {"created_at", TIMESTAMPTZOID},
	{"next_attempt_at", TIMESTAMPTZOID}, {"delivered_at", TIMESTAMPTZOID}, {"settled_at", TIMESTAMPTZOID}
};

enum
{
	QUE_MESSAGE, QUE_SEQ, QUE_KIND, QUE_CHANNEL, QUE_DESTINATION, QUE_PRIORITY, QUE_DUE, QUE_EXPIRES, QUE_SERVICE,
	QUE_ADDRESS, QUE_ATTEMPT, QUE_FAILURES, QUE_ORPHANED, QUE_COLUMNS
};
static const IonColumnSpec queue_columns[QUE_COLUMNS] = {
	{"message_id", UUIDOID}, {"seq", INT2OID}, {"kind", TEXTOID}, {"channel", TEXTOID}, {"destination", TEXTOID},
	{"priority", INT2OID}, {"due_at", TIMESTAMPTZOID}, {"expires_at", TIMESTAMPTZOID}, {"service", TEXTOID},
	{"address", TEXTOID}, {"attempt", INT4OID}, {"failures", INT4OID}, {"orphaned", INT4OID}
};

/* Texts that go into many rows, made once per process. */
typedef struct Words
{
	Datum		channel[ION_CHANNELS];
	Datum		reason[ION_REASONS];
	Datum		queued;
	Datum		delivered;
	Datum		suppressed;
	Datum		failed;
	Datum		routing_failed;
	Datum		send;
	Datum		later[2];
	Datum		empty;
} Words;

static const Words *words(void);
static void add_delivery(IonRouteRows *rows, const Datum *value, const bool *isnull);
static void add_work(IonRouteRows *rows, const IonRouteMessage *message, const IonService *service, Datum *value, bool *isnull);
static int16 priority_of(const IonRouteRows *rows, const IonRouteMessage *message);
static TimestampTz expiry_of(IonRouteRows *rows, const IonRouteMessage *message, const IonService *service);

static const Words *
words(void)
{
	static Words w;
	static bool made = false;

	if (!made)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		for (int c = 0; c < ION_CHANNELS; c++)
			w.channel[c] = CStringGetTextDatum(ion_channel_name(c));
		for (int r = ION_REASON_NONE + 1; r < ION_REASONS; r++)
			w.reason[r] = CStringGetTextDatum(ion_reason_name(r));
		w.queued = CStringGetTextDatum("queued");
		w.delivered = CStringGetTextDatum("delivered");
		w.suppressed = CStringGetTextDatum("suppressed");
		w.failed = CStringGetTextDatum("failed");
		w.routing_failed = CStringGetTextDatum("routing_failed");
		w.send = CStringGetTextDatum("send");
		w.later[ION_LATER_SCHEDULED] = CStringGetTextDatum("route");
		w.later[ION_LATER_THROTTLED] = CStringGetTextDatum("throttled");
		w.empty = CStringGetTextDatum("");
		MemoryContextSwitchTo(old);
		made = true;
	}
	return &w;
}

void
ion_route_rows_open(IonRouteRows *rows, bool bulk)
{
	memset(rows, 0, sizeof(*rows));
	rows->cxt = CurrentMemoryContext;
	rows->now = GetCurrentTransactionStartTimestamp();
	rows->normal_priority = bulk ? 2 : 1;
}

void
ion_route_rows_close(IonRouteRows *rows)
{
	if (rows->delivery != NULL)
		ion_row_store_close(rows->delivery);
	if (rows->queue != NULL)
		ion_row_store_close(rows->queue);
}

static void
add_delivery(IonRouteRows *rows, const Datum *value, const bool *isnull)
{
	if (rows->delivery == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(rows->cxt);

		rows->delivery = ion_row_store_open("delivery", delivery_columns, DEL_COLUMNS);
		MemoryContextSwitchTo(old);
	}
	ion_row_store_add(rows->delivery, value, isnull);
}

void
ion_route_rows_delivery(IonRouteRows *rows, const IonRouteMessage *message, int16 seq, IonChannel channel,
						Datum address, IonReason reason, const char *remark, TimestampTz due)
{
	const Words *w = words();
	Datum		value[DEL_COLUMNS] = {0};
	bool		isnull[DEL_COLUMNS] = {false};
	bool		sent = reason == ION_REASON_NONE;
	bool		inbox = channel == ION_CHANNEL_INBOX;

	value[DEL_MESSAGE] = message->value[ION_MSG_ID];
	value[DEL_SEQ] = Int16GetDatum(seq);
	value[DEL_SERVICE] = message->value[ION_MSG_SERVICE];
	value[DEL_RECIPIENT] = message->value[ION_MSG_RECIPIENT];
	value[DEL_CHANNEL] = w->channel[channel];
	value[DEL_ADDRESS] = address;
	isnull[DEL_ADDRESS] = address == (Datum) 0;
	value[DEL_STATE] = !sent ? w->suppressed : inbox ? w->delivered : w->queued;
	if (!sent)
		value[DEL_REASON] = w->reason[reason];
	else if (remark != NULL)
		value[DEL_REASON] = CStringGetTextDatum(remark);
	else
		isnull[DEL_REASON] = true;
	value[DEL_ATTEMPTS] = Int32GetDatum(0);
	value[DEL_CREATED] = value[DEL_DELIVERED] = value[DEL_SETTLED] = TimestampTzGetDatum(rows->now);
	value[DEL_NEXT] = TimestampTzGetDatum(due);
	isnull[DEL_NEXT] = !sent || inbox;
	isnull[DEL_DELIVERED] = !sent || !inbox;
	isnull[DEL_SETTLED] = sent && !inbox;
	add_delivery(rows, value, isnull);
}

void
ion_route_rows_failed(IonRouteRows *rows, const IonRouteMessage *message)
{
	const Words *w = words();
	Datum		value[DEL_COLUMNS] = {0};
	bool		isnull[DEL_COLUMNS] = {false};

	value[DEL_MESSAGE] = message->value[ION_MSG_ID];
	value[DEL_SEQ] = Int16GetDatum(1);
	value[DEL_SERVICE] = message->value[ION_MSG_SERVICE];
	value[DEL_RECIPIENT] = message->value[ION_MSG_RECIPIENT];
	value[DEL_CHANNEL] = w->channel[ION_CHANNEL_INBOX];
	value[DEL_STATE] = w->failed;
	value[DEL_REASON] = w->routing_failed;
	value[DEL_ATTEMPTS] = Int32GetDatum(0);
	value[DEL_CREATED] = value[DEL_SETTLED] = TimestampTzGetDatum(rows->now);
	isnull[DEL_ADDRESS] = isnull[DEL_NEXT] = isnull[DEL_DELIVERED] = true;
	add_delivery(rows, value, isnull);
}

static int16
priority_of(const IonRouteRows *rows, const IonRouteMessage *message)
{
	/* one of three words: accept has seen to that */
	switch (*(char *) VARDATA_ANY(DatumGetPointer(message->value[ION_MSG_PRIORITY])))
	{
		case 'e':
			return 0;
		case 'n':
			return rows->normal_priority;
		default:
			return 2;
	}
}

/* Calendar arithmetic, and mostly the same for all rows of a statement. */
static TimestampTz
expiry_of(IonRouteRows *rows, const IonRouteMessage *message, const IonService *service)
{
	TimestampTz from = DatumGetTimestampTz(message->value[ION_MSG_CREATED_AT]);
	Interval	ttl = message->isnull[ION_MSG_TTL] ? service->time_to_live : *DatumGetIntervalP(message->value[ION_MSG_TTL]);

	if (!message->isnull[ION_MSG_SEND_AFTER])
		from = Max(from, DatumGetTimestampTz(message->value[ION_MSG_SEND_AFTER]));
	if (rows->expires_at == 0 || from != rows->expires_from || ttl.time != rows->expires_ttl.time ||
		ttl.day != rows->expires_ttl.day || ttl.month != rows->expires_ttl.month)
	{
		rows->expires_from = from;
		rows->expires_ttl = ttl;
		rows->expires_at = DatumGetTimestampTz(DirectFunctionCall2(timestamptz_pl_interval, TimestampTzGetDatum(from),
																   IntervalPGetDatum(&ttl)));
	}
	return rows->expires_at;
}

static void
add_work(IonRouteRows *rows, const IonRouteMessage *message, const IonService *service, Datum *value, bool *isnull)
{
	if (rows->queue == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(rows->cxt);

		rows->queue = ion_row_store_open("queue", queue_columns, QUE_COLUMNS);
		MemoryContextSwitchTo(old);
	}
	value[QUE_MESSAGE] = message->value[ION_MSG_ID];
	value[QUE_SERVICE] = message->value[ION_MSG_SERVICE];
	value[QUE_PRIORITY] = Int16GetDatum(priority_of(rows, message));
	value[QUE_EXPIRES] = TimestampTzGetDatum(expiry_of(rows, message, service));
	value[QUE_ATTEMPT] = value[QUE_FAILURES] = value[QUE_ORPHANED] = Int32GetDatum(0);
	ion_row_store_add(rows->queue, value, isnull);
	rows->queued++;
}

void
ion_route_rows_work(IonRouteRows *rows, const IonRouteMessage *message, const IonService *service,
					int16 seq, IonChannel channel, Datum address, TimestampTz due)
{
	const Words *w = words();
	Datum		value[QUE_COLUMNS] = {0};
	bool		isnull[QUE_COLUMNS] = {false};

	value[QUE_SEQ] = Int16GetDatum(seq);
	value[QUE_KIND] = w->send;
	value[QUE_CHANNEL] = w->channel[channel];
	value[QUE_DESTINATION] = channel == ION_CHANNEL_WEBHOOK && address != (Datum) 0 ? service->destination : w->empty;
	value[QUE_DUE] = TimestampTzGetDatum(due);
	value[QUE_ADDRESS] = address;
	isnull[QUE_ADDRESS] = address == (Datum) 0;
	add_work(rows, message, service, value, isnull);
}

void
ion_route_rows_later(IonRouteRows *rows, const IonRouteMessage *message, const IonService *service,
					 IonLater kind, TimestampTz due)
{
	const Words *w = words();
	Datum		value[QUE_COLUMNS] = {0};
	bool		isnull[QUE_COLUMNS] = {false};

	value[QUE_SEQ] = Int16GetDatum(0);
	value[QUE_KIND] = w->later[kind];
	value[QUE_CHANNEL] = value[QUE_DESTINATION] = w->empty;
	value[QUE_DUE] = TimestampTzGetDatum(due);
	isnull[QUE_ADDRESS] = true;
	add_work(rows, message, service, value, isnull);
}
