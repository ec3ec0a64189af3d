/*-------------------------------------------------------------------------
 *
 * quota_ledger.h
 *	  What services have used of their quotas: table io_notify.usage.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_QUOTA_LEDGER_H
#define ION_QUEUE_QUOTA_LEDGER_H

#include "postgres.h"

#include "access/htup.h"
#include "utils/date.h"

typedef struct IonLedger IonLedger;

/* One sum: a service's use of a channel ("": messages) in a period. */
typedef struct IonLedgerKey
{
	Datum		service;		/* text */
	Datum		channel;		/* text */
	Datum		period;			/* text: day or month */
	DateADT		starts_on;
} IonLedgerKey;

typedef struct IonLedgerSum
{
	int64		settled;		/* committed, and this transaction's own */
	int64		possible;		/* if every transaction in progress commits */
	TransactionId holder;		/* one of those, when the two differ */
	HeapTuple	row;			/* where to add; NULL: in a new row */
	int32		new_slot;
} IonLedgerSum;

/* Open for one statement; runs as the tables' owner. */
extern IonLedger *ion_ledger_open(void);
extern void ion_ledger_close(IonLedger *ledger);

/*
 * Reading and adding must happen under the account's lock, which is held for
 * that long only and never while waiting for a transaction.  Any error
 * releases it.
 */
extern void ion_ledger_lock(const char *service, const char *channel);
extern void ion_ledger_unlock(const char *service, const char *channel);

/* The sum as of now, transactions in progress included. */
extern void ion_ledger_read(IonLedger *ledger, const IonLedgerKey *key, IonLedgerSum *sum);

/* Add n (negative: give back) to what was just read, for as long as this (sub)transaction is not rolled back. */
extern void ion_ledger_add(IonLedger *ledger, const IonLedgerKey *key, const IonLedgerSum *sum, int64 n);

/* Wait until the transaction, or subtransaction, has ended. */
extern void ion_ledger_wait(TransactionId holder);

/* Remove the rows of periods that began before this day. */
extern void ion_ledger_forget(DateADT before);

#endif							/* ION_QUEUE_QUOTA_LEDGER_H */
