/*-------------------------------------------------------------------------
 *
 * flight_record.h
 *	  What a dispatcher was doing, for whoever cleans up after its death.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_WORKER_FLIGHT_RECORD_H
#define ION_WORKER_FLIGHT_RECORD_H

#include "postgres.h"

#include "nodes/pg_list.h"

#include "base/shared.h"
#include "io_notify.h"
#include "queue/job.h"

#define ION_FLIGHT_SLOTS	4096	/* jobs between claim and settle, at most */

typedef enum IonFlightPhase
{
	ION_FLIGHT_FREE = 0,
	ION_FLIGHT_CLAIMED,			/* not a byte can have left */
	ION_FLIGHT_BEGUN,			/* bytes may have left */
	ION_FLIGHT_ENDED			/* the outcome below is what came of it */
} IonFlightPhase;

typedef struct IonFlightSlot
{
	uint32		phase;			/* written last, read first */
	int32		attempt;
	pg_uuid_t	message_id;
	int16		seq;
	bool		hold_unknown;
	int32		kind;			/* IonOutcomeKind */
	int32		code;
	char		provider[NAMEDATALEN];
	char		detail[ION_DETAIL_MAX];
	char		ref[ION_REF_MAX];
} IonFlightSlot;

typedef struct IonFlightRecord IonFlightRecord;

/*
 * Create the record of a dispatcher.  Returns NULL (with a log line) when the
 * file cannot be made: dispatch works without, every orphan is then unknown.
 */
extern IonFlightRecord *ion_flight_create(Oid database, const char *token);

/* Remove the record of a dispatcher that ends in order. */
extern void ion_flight_remove(IonFlightRecord *record);

/* How many more jobs the record can take; INT_MAX without a record. */
extern int	ion_flight_room(const IonFlightRecord *record);

extern void ion_flight_claimed(IonFlightRecord *record, IonJob *job);
extern void ion_flight_begun(IonFlightRecord *record, IonJob *job);
extern void ion_flight_unbegun(IonFlightRecord *record, IonJob *job);
extern void ion_flight_ended(IonFlightRecord *record, IonJob *job);
extern void ion_flight_settled(IonFlightRecord *record, IonJob *job);

/*
 * Open the record a dead dispatcher left, read-only; NULL when there is none
 * or it cannot be trusted (another format, written before a reboot).
 */
extern IonFlightRecord *ion_flight_open(Oid database, const char *token);

/* The slot of one try, or NULL: then it was never claimed in this record. */
extern const IonFlightSlot *ion_flight_find(IonFlightRecord *record, const pg_uuid_t *message_id, int16 seq, int32 attempt);

/* Whether a try that has no slot was certainly never begun. */
extern bool ion_flight_complete(const IonFlightRecord *record);

/* Close an opened record. */
extern void ion_flight_close(IonFlightRecord *record);

/*
 * Delete the records of this database that belong to no running dispatcher
 * and to none of claimed: tokens (char *) that claims still bear, because
 * another dispatcher may be reading their records now.
 */
extern void ion_flight_clean(Oid database, IonDatabaseSlot *slot, List *claimed);

#endif							/* ION_WORKER_FLIGHT_RECORD_H */
