/*-------------------------------------------------------------------------
 *
 * quota.c
 *	  Daily and monthly quotas of services, counted to the unit.
 *
 * A statement draws the units of its messages from the ledger
 * (quota_ledger.c) all at once: two that held some and waited for the rest
 * would wait for each other.  For channels, where nobody knows the number
 * beforehand, and of a quota that defers it draws blocks that double, so that
 * one of 100,000 rows asks two dozen times, but near the limit never more than
 * an eighth of what is left.  What was not needed goes back at its end.
 *
 * Days and months are UTC's.  The limits are read with each statement and
 * after each wait, as they are committed then; what was used before counts
 * against a new limit.
 *
 * Two transactions that each hold last units the other wants deadlock, as
 * with any rows; PostgreSQL ends one of them.  A statement draws for its
 * messages first and for channels in the service's order.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "nodes/pg_list.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "queue/lookup.h"
#include "queue/quota.h"
#include "queue/quota_ledger.h"

#define RETRY_US		(60 * USECS_PER_SEC)	/* units may come back */
#define BLOCK_SHARE		8		/* a block is at most this part of the rest */
#define DAYS_AHEAD		62		/* how far ahead deliveries are booked */

enum
{
	PERIOD_DAY, PERIOD_MONTH, PERIODS
};
static const char *const period_names[PERIODS] = {"day", "month"};
static const char *const period_adjectives[PERIODS] = {"daily", "monthly"};

#define NO_LIMIT (-1)
#define EXPECTATIONS_MAX 16		/* services, about */

/* What a statement draws for one service and channel. */
typedef struct Account
{
	char		service[NAMEDATALEN];
	char		channel[16];
	Datum		service_text;
	Datum		channel_text;
	int64		limit[PERIODS]; /* or NO_LIMIT */
	bool		limited;		/* there is one */
	bool		forced;			/* emergencies: from now's periods alone */
	TimestampTz at;				/* a moment in the periods drawn from */
	int64		reserved;		/* drawn in the ledger, not yet used */
	int64		drawn;			/* in the ledger, since at was set */
	int64		block;
	int64		expected;		/* known to be needed from here on */
	TimestampTz retry_at;		/* set: nothing left until then */
} Account;

struct IonQuotaUse
{
	MemoryContext cxt;
	IonLedger  *ledger;			/* opened with the first draw */
	List	   *accounts;		/* of Account */
	TimestampTz now;
};

typedef enum Verdict
{
	DRAWN,
	USED_UP,					/* whoever commits or rolls back */
	HELD						/* by transactions in progress */
} Verdict;

/* Why units were not drawn. */
typedef struct Shortage
{
	int			period;
	TimestampTz renewed_at;
	int64		settled;
	TransactionId holder;
} Shortage;

static Account *account_for(IonQuotaUse *use, const char *service, const char *channel, bool forced);
static void read_limits(Account *account);
static void limit_to(Account *account, const char *period, int64 quota);
static DateADT period_of(int period, TimestampTz at, TimestampTz *ends_at);
static void ledger_key(const Account *account, int period, IonLedgerKey *key, TimestampTz *ends_at);
static Verdict reserve(IonQuotaUse *use, Account *account, int64 n, bool force, Shortage *shortage);
static int64 block_size(const Account *account, int64 n, const IonLedgerSum *sums);
static void give_back(IonQuotaUse *use, Account *account);
static void refuse(const Account *account, int64 n, const Shortage *shortage, TimestampTz now);
static void book_ahead(IonQuotaUse *use, Account *account, int64 n, const Shortage *shortage);
static char *utc_text(TimestampTz at);

IonQuotaUse *
ion_quota_begin(void)
{
	IonQuotaUse *use = palloc0(sizeof(IonQuotaUse));

	use->cxt = CurrentMemoryContext;
	use->now = GetCurrentTimestamp();
	return use;
}

bool
ion_quota_expects(const IonQuotaUse *use, const char *service)
{
	ListCell   *lc;

	foreach(lc, use->accounts)
	{
		const Account *account = lfirst(lc);

		if (account->channel[0] == '\0' && !account->forced && strcmp(account->service, service) == 0)
			return false;
	}
	return list_length(use->accounts) < EXPECTATIONS_MAX;
}

void
ion_quota_expect(IonQuotaUse *use, const char *service, int64 n)
{
	account_for(use, service, "", false)->expected = n;
}

static Account *
account_for(IonQuotaUse *use, const char *service, const char *channel, bool forced)
{
	Account    *account;
	MemoryContext old;
	ListCell   *lc;

	foreach(lc, use->accounts)
	{
		account = lfirst(lc);
		if (strcmp(account->service, service) == 0 && strcmp(account->channel, channel) == 0 && account->forced == forced)
			return account;
	}
	old = MemoryContextSwitchTo(use->cxt);
	account = palloc0(sizeof(Account));
	strlcpy(account->service, service, sizeof(account->service));
	strlcpy(account->channel, channel, sizeof(account->channel));
	account->service_text = CStringGetTextDatum(service);
	account->channel_text = CStringGetTextDatum(channel);
	account->forced = forced;
	account->at = use->now;
	read_limits(account);
	use->accounts = lappend(use->accounts, account);
	if (account->limited && use->ledger == NULL)
		use->ledger = ion_ledger_open();
	MemoryContextSwitchTo(old);
	return account;
}

static void
limit_to(Account *account, const char *period, int64 quota)
{
	for (int p = 0; p < PERIODS; p++)
	{
		if (strcmp(period, period_names[p]) == 0 && (account->limit[p] == NO_LIMIT || quota < account->limit[p]))
			account->limit[p] = quota;
	}
	account->limited = true;
}

static void
read_limits(Account *account)
{
	static const IonColumnSpec service_columns[] = {{"name", TEXTOID}, {"daily_quota", INT4OID}, {"monthly_quota", INT4OID}};
	static const IonColumnSpec quota_columns[] = {
		{"service", TEXTOID}, {"channel", TEXTOID}, {"period", TEXTOID}, {"quota", INT8OID}
	};
	Datum		keys[2] = {account->service_text, account->channel_text};
	IonLookup	lookup;

	account->limited = false;
	for (int p = 0; p < PERIODS; p++)
		account->limit[p] = NO_LIMIT;
	if (account->channel[0] == '\0')
	{
		ion_lookup_open(&lookup, "service", service_columns, lengthof(service_columns), 1);
		ion_lookup_find(&lookup, keys);
		if (ion_lookup_next(&lookup))
		{
			for (int p = 0; p < PERIODS; p++)
			{
				bool		isnull;
				Datum		quota = ion_lookup_value(&lookup, 1 + p, &isnull);

				if (!isnull)
					limit_to(account, period_names[p], DatumGetInt32(quota));
			}
		}
		ion_lookup_close(&lookup);
	}
	ion_lookup_open(&lookup, "service_quota", quota_columns, lengthof(quota_columns), 2);
	ion_lookup_find(&lookup, keys);
	while (ion_lookup_next(&lookup))
	{
		bool		isnull;
		char	   *period = TextDatumGetCString(ion_lookup_value(&lookup, 2, &isnull));

		limit_to(account, period, DatumGetInt64(ion_lookup_value(&lookup, 3, &isnull)));
	}
	ion_lookup_close(&lookup);
}

/* The first day of the period a moment lies in, and when it ends. */
static DateADT
period_of(int period, TimestampTz at, TimestampTz *ends_at)
{
	/* both count from 2000-01-01 00:00 UTC */
	DateADT		day = (DateADT) (at / USECS_PER_DAY);
	DateADT		first = day;
	DateADT		next = day + 1;

	if (period == PERIOD_MONTH)
	{
		int			y;
		int			m;
		int			d;

		j2date(day + POSTGRES_EPOCH_JDATE, &y, &m, &d);
		first = date2j(y, m, 1) - POSTGRES_EPOCH_JDATE;
		next = (m == 12 ? date2j(y + 1, 1, 1) : date2j(y, m + 1, 1)) - POSTGRES_EPOCH_JDATE;
	}
	*ends_at = (TimestampTz) next * USECS_PER_DAY;
	return first;
}

static void
ledger_key(const Account *account, int period, IonLedgerKey *key, TimestampTz *ends_at)
{
	static Datum words[PERIODS] = {0};

	if (words[period] == (Datum) 0)
	{
		MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);

		words[period] = CStringGetTextDatum(period_names[period]);
		MemoryContextSwitchTo(old);
	}
	key->service = account->service_text;
	key->channel = account->channel_text;
	key->period = words[period];
	key->starts_on = period_of(period, account->at, ends_at);
}

/*
 * All that the statement is known to need, if it is there; else more than
 * last time, while others find enough.
 */
static int64
block_size(const Account *account, int64 n, const IonLedgerSum *sums)
{
	int64		room = PG_INT64_MAX;

	for (int p = 0; p < PERIODS; p++)
	{
		if (account->limit[p] != NO_LIMIT)
			room = Min(room, account->limit[p] - sums[p].possible);
	}
	if (account->expected - account->reserved <= room && account->expected > account->reserved)
		return Max(account->expected - account->reserved, n);
	return Max(Min(account->block, room / BLOCK_SHARE), n);
}

/*
 * Draw at least n units in the ledger for the periods account->at lies in;
 * with force whatever the limits are.  Otherwise *shortage is the limit that
 * will be in the way for longest.
 */
static Verdict
reserve(IonQuotaUse *use, Account *account, int64 n, bool force, Shortage *shortage)
{
	IonLedgerKey keys[PERIODS];
	IonLedgerSum sums[PERIODS];
	Verdict		verdict = DRAWN;

	ion_ledger_lock(account->service, account->channel);
	for (int p = 0; p < PERIODS; p++)
	{
		TimestampTz ends_at;
		Verdict		mine;

		if (account->limit[p] == NO_LIMIT)
			continue;
		ledger_key(account, p, &keys[p], &ends_at);
		ion_ledger_read(use->ledger, &keys[p], &sums[p]);
		if (force || sums[p].possible + n <= account->limit[p])
			continue;
		mine = sums[p].settled + n <= account->limit[p] ? HELD : USED_UP;
		/* months come last, and end no earlier than their days */
		if (mine == USED_UP || verdict != USED_UP)
		{
			verdict = mine;
			shortage->period = p;
			shortage->renewed_at = ends_at;
			shortage->settled = sums[p].settled;
			shortage->holder = sums[p].holder;
		}
	}
	if (verdict == DRAWN)
	{
		int64		block = force ? n : block_size(account, n, sums);

		for (int p = 0; p < PERIODS; p++)
		{
			if (account->limit[p] != NO_LIMIT)
				ion_ledger_add(use->ledger, &keys[p], &sums[p], block);
		}
		account->reserved += block;
		account->drawn += block;
		account->block = Max(account->block, block) * 2;
	}
	ion_ledger_unlock(account->service, account->channel);
	return verdict;
}

/* Return to the ledger what is reserved and was not used. */
static void
give_back(IonQuotaUse *use, Account *account)
{
	if (account->reserved == 0)
		return;
	ion_ledger_lock(account->service, account->channel);
	for (int p = 0; p < PERIODS; p++)
	{
		IonLedgerKey key;
		IonLedgerSum sum;
		TimestampTz ends_at;

		if (account->limit[p] == NO_LIMIT)
			continue;
		ledger_key(account, p, &key, &ends_at);
		ion_ledger_read(use->ledger, &key, &sum);
		ion_ledger_add(use->ledger, &key, &sum, -account->reserved);
	}
	ion_ledger_unlock(account->service, account->channel);
	account->drawn -= account->reserved;
	account->reserved = 0;
}

static char *
utc_text(TimestampTz at)
{
	struct pg_tm tm;
	fsec_t		fsec;

	if (timestamp2tm(at, NULL, &tm, &fsec, NULL, NULL) != 0)
		return pstrdup("a later time");
	return psprintf("%04d-%02d-%02d %02d:%02d UTC", tm.tm_year, tm.tm_mon, tm.tm_mday, tm.tm_hour, tm.tm_min);
}

/* What this statement has drawn goes back with it: it was not used. */
static void
refuse(const Account *account, int64 n, const Shortage *shortage, TimestampTz now)
{
	int64		limit = account->limit[shortage->period];
	int64		used = shortage->settled - account->drawn;
	int64		seconds = Max(1, (shortage->renewed_at - now + USECS_PER_SEC - 1) / USECS_PER_SEC);
	int64		wanted = account->drawn - account->reserved + Max(n, account->expected);

	ereport(ERROR,
			(errcode(ERRCODE_CONFIGURATION_LIMIT_EXCEEDED),
			 account->channel[0] == '\0' ?
			 errmsg("service \"%s\" is over its %s quota", account->service, period_adjectives[shortage->period]) :
			 errmsg("service \"%s\" is over its %s quota of channel %s", account->service,
					period_adjectives[shortage->period], account->channel),
			 errdetail("Limit " INT64_FORMAT ", used " INT64_FORMAT ", remaining " INT64_FORMAT
					   "; this statement needs " INT64_FORMAT "%s.",
					   limit, used, Max(0, limit - used), wanted, account->expected >= n ? "" : " or more"),
			 wanted > limit ?
			 errhint("More than the quota cannot be sent at once; the next begins at %s, in " INT64_FORMAT " s.",
					 utc_text(shortage->renewed_at), seconds) :
			 errhint("Try again at %s, in " INT64_FORMAT " s. The view io_notify.service_usage shows what remains.",
					 utc_text(shortage->renewed_at), seconds),
			 errhidestmt(true)));
}

/*
 * Draw n units for deliveries from the first later period that has them.
 * Where none has within reach they are counted in the last all the same: by
 * then they will have outlived their time.
 */
static void
book_ahead(IonQuotaUse *use, Account *account, int64 n, const Shortage *shortage)
{
	Shortage	next = *shortage;
	bool		last;

	do
	{
		last = account->at - use->now > DAYS_AHEAD * USECS_PER_DAY;
		if (!last)
		{
			give_back(use, account);
			account->at = next.renewed_at;
			account->drawn = 0;
			account->block = 0;
		}
	} while (reserve(use, account, n, last, &next) != DRAWN);
}

bool
ion_quota_draw(IonQuotaUse *use, const char *service, const char *channel, int64 n, bool defer, TimestampTz *retry_at)
{
	Account    *account = account_for(use, service, channel, false);
	Shortage	shortage = {0};
	Verdict		verdict;

	if (defer && account->retry_at != 0 && account->reserved < n)
	{
		*retry_at = account->retry_at;
		return false;
	}
	while (account->limited && account->reserved < n)
	{
		int64		need = Max(n, defer ? 0 : account->expected);

		verdict = reserve(use, account, need - account->reserved, false, &shortage);
		if (verdict == DRAWN)
			break;
		if (!defer && verdict == USED_UP)
			refuse(account, n, &shortage, use->now);
		if (!defer)
		{
			give_back(use, account);
			ion_ledger_wait(shortage.holder);
			CHECK_FOR_INTERRUPTS();
			read_limits(account);
			continue;
		}
		if (channel[0] == '\0')
		{
			/* the further messages of the statement fare no better */
			account->retry_at = verdict == HELD ? use->now + RETRY_US : shortage.renewed_at;
			*retry_at = account->retry_at;
			return false;
		}
		book_ahead(use, account, n, &shortage);
		break;
	}
	account->expected = Max(0, account->expected - n);
	if (!account->limited)
		return true;
	account->reserved -= n;
	if (account->at <= use->now)
		return true;
	*retry_at = account->at;
	return false;
}

void
ion_quota_count(IonQuotaUse *use, const char *service, const char *channel, int64 n)
{
	Account    *account = account_for(use, service, channel, true);
	Shortage	shortage;

	if (!account->limited)
		return;
	if (account->reserved < n)
		reserve(use, account, n - account->reserved, true, &shortage);
	account->reserved -= n;
}

void
ion_quota_end(IonQuotaUse *use)
{
	ListCell   *lc;

	foreach(lc, use->accounts)
	{
		give_back(use, lfirst(lc));
	}
	if (use->ledger != NULL)
		ion_ledger_close(use->ledger);
}
