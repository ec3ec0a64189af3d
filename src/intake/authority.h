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
	bool		member;			/* the caller may send for it */
	bool		address_allowed;	/* the client's address is authorised */
	bool		explicit_addresses;
	int			capabilities;	/* ION_MAY_… */
	bool		mandatory;		/* legal notices: suppression does not hold them */
	int64		max_payment_amount; /* euro cents */
	char		organization_fiscal_code[12];	/* "" when unknown */
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

/*
 * Whether role is of a kind: owner, operator, analyst, app (rows of
 * io_notify.access), or belongs to a service or an organization or one above
 * it (object names it; NULL: to any).  The tables' owner is all of them.
 * Unlike the rest it needs no SPI connection and acts as the owner itself.
 */
extern bool ion_role_is(Oid role, const char *kind, const char *object);

/* Whether recipient is one a sandboxed service may address; others: any. */
extern bool ion_service_may_address(const IonService *service, const char *recipient);

#endif							/* ION_INTAKE_AUTHORITY_H */
