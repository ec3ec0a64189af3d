/*-------------------------------------------------------------------------
 *
 * facts.h
 *	  What the tables say about a recipient, for the routing decision.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_FACTS_H
#define ION_QUEUE_FACTS_H

#include "postgres.h"

#include "utils/date.h"

#include "queue/decision.h"
#include "queue/service_cache.h"

typedef struct IonFactReader IonFactReader;

#define ION_DEVICES_MAX 100		/* of one citizen that a push goes to */

/* A recipient: the facts and what goes with them.  Texts are copies. */
typedef struct IonRecipient
{
	IonFacts	facts;
	Datum		email;			/* text, or 0, here and below */
	Datum		phone;
	Datum		pec;
	Datum		time_zone;
	bool		quiet;			/* has quiet hours */
	TimeADT		quiet_from;
	TimeADT		quiet_to;
} IonRecipient;

/* Open for the rows of one statement.  Each table is seen as of its first use. */
extern IonFactReader *ion_facts_open(void);

/*
 * All about fiscal_code (text) as recipient of service (name: its name as
 * text), but for what the message itself says.  Texts are allocated in the
 * current context.
 */
extern void ion_facts_read(IonFactReader *reader, const IonService *service, Datum name, Datum fiscal_code,
						   IonRecipient *recipient);

/* Whether address must not be used on channel by the service of this name. */
extern bool ion_facts_suppressed(IonFactReader *reader, IonChannel channel, Datum address, Datum service);

/* The endpoints of a citizen's devices (texts), each once; returns their number. */
extern int	ion_facts_devices(IonFactReader *reader, Datum fiscal_code, Datum *endpoints);

extern void ion_facts_close(IonFactReader *reader);

#endif							/* ION_QUEUE_FACTS_H */
