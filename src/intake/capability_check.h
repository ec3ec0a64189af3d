/*-------------------------------------------------------------------------
 *
 * capability_check.h
 *	  What a message asks for that its service may not have.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_CAPABILITY_CHECK_H
#define ION_INTAKE_CAPABILITY_CHECK_H

#include "postgres.h"

#include "intake/authority.h"
#include "intake/message_row.h"

/*
 * Raise 42501 when the message, whose values were checked, needs what the
 * service may not do, in IO's order: payee, advanced, third-party data,
 * attachments, addresses of its own, a recipient outside the sandbox; then
 * 22023 when the amount is above the service's.
 */
extern void ion_capability_check(const IonMessageRow *row, const IonService *service);

/*
 * Whether accept must write a payee into the row: there is a payment and the
 * sender named none.  Sets *payee, a text: the organization's fiscal code.
 */
extern bool ion_default_payee(const IonMessageRow *row, const IonService *service, Datum *payee);

#endif							/* ION_INTAKE_CAPABILITY_CHECK_H */
