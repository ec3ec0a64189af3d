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

#include "queue/service_cache.h"

/* Whether role may send for the service: the tables' owner and its members. */
extern bool ion_service_member(const IonService *service, Oid role);

/*
 * Raise what forbids role to send now: 42501 for the role or its address, 55000
 * for the service's state or a pause.
 */
extern void ion_service_require(const IonService *service, Oid role);

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
