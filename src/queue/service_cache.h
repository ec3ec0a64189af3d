/*-------------------------------------------------------------------------
 *
 * service_cache.h
 *	  The services of this database, kept in the process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_SERVICE_CACHE_H
#define ION_QUEUE_SERVICE_CACHE_H

#include "postgres.h"

#include "datatype/timestamp.h"

#include "queue/decision.h"

/* What a service may do beyond sending: bits of IonService.capabilities. */
#define ION_MAY_ADVANCED			0x01
#define ION_MAY_NAME_PAYEE			0x02
#define ION_MAY_GIVE_THIRD_PARTY	0x04
#define ION_MAY_READ_STATUS			0x08

typedef struct IonService
{
	char		name[NAMEDATALEN];
	char		state[16];
	bool		paused;
	bool		address_allowed;	/* this session's client address is authorised */
	bool		explicit_addresses;
	int			capabilities;	/* ION_MAY_… */
	int64		max_payment_amount; /* euro cents */
	char		organization_fiscal_code[12];	/* "" when unknown */
	char	  **recipients;		/* sandbox: the only ones allowed */
	int			n_recipients;	/* 0: any */
	char	  **roles;			/* its members, by name */
	int			n_roles;

	/* for routing */
	bool		special;
	bool		mandatory;		/* legal notices: suppression does not hold them */
	bool		secure;
	IonChannel	channels[ION_CHANNELS];
	int			n_channels;
	Interval	time_to_live;
	Datum		webhook_url;	/* text, or 0 */
	Datum		destination;	/* text: the queue's lane for that URL */

	/* for what it may use up */
	bool		has_quotas;
	double		rate_per_second;	/* 0: none */
	bool		defers;			/* over a limit: later, not refused */
} IonService;

/* Keeps alive what was found; in memory of the holder's, zeroed at first. */
typedef struct IonServicePin
{
	MemoryContextCallback callback;
	struct IonServiceSet *set;
} IonServicePin;

/*
 * The service of this name, or NULL.  Runs between SPI_connect and SPI_finish
 * as the owner.  What is returned may be gone with the next call, unless it is
 * pinned; it may be out of date with the next statement.
 */
extern const IonService *ion_service_find(const char *name);

/* The same if it is known already, else NULL; needs neither SPI nor the owner. */
extern const IonService *ion_service_known(const char *name);

/*
 * Keep what was found last until the same pin keeps something else, or until
 * this context, in which the pin lies, is reset.
 */
extern void ion_service_pin(IonServicePin *pin, MemoryContext until);

/*
 * What a change to a service, its members, a pause, an organization or a
 * quota must call: every process forgets at the change's commit, this one at
 * once.
 */
extern void ion_services_changed(void);

#endif							/* ION_QUEUE_SERVICE_CACHE_H */
