/*-------------------------------------------------------------------------
 *
 * authority.h
 *	  Which role may send for which service, and what the service may do.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_AUTHORITY_H
#define ION_INTAKE_AUTHORITY_H

#include "postgres.h"

typedef struct IonService
{
	char		name[NAMEDATALEN];
	char		state[16];
	bool		paused;
	bool		member;			/* the caller may send for it */
	bool		address_allowed;	/* the client's address is authorised */
	bool		explicit_addresses;
	int64		max_payment_amount; /* euro cents */
	char	  **recipients;		/* sandbox: the only ones allowed */
	int			n_recipients;	/* 0: any */
} IonService;

/*
 * Read a service for the role caller.  Runs between SPI_connect and
 * SPI_finish as the owner; the result is allocated in cxt.  Returns false
 * when there is no such service.
 */
extern bool ion_service_read(const char *name, Oid caller, MemoryContext cxt, IonService *service);

/*
 * Raise what forbids sending now: 42501 for the role or its address, 55000
 * for the service's state or a pause.
 */
extern void ion_service_require(const IonService *service);

/* Whether recipient is one a sandboxed service may address; others: any. */
extern bool ion_service_may_address(const IonService *service, const char *recipient);

#endif							/* ION_INTAKE_AUTHORITY_H */
