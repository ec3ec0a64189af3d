/*-------------------------------------------------------------------------
 *
 * accept.h
 *	  The row trigger that checks a message before it is stored.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_ACCEPT_H
#define ION_INTAKE_ACCEPT_H

#include "postgres.h"

/*
 * Whether this transaction accepted a message that lies in the future.  Not
 * per statement: statements nest (send() in the values of an INSERT), and the
 * inner one must not take the outer one's answer away.
 */
extern bool ion_accept_saw_scheduled(void);

#endif							/* ION_INTAKE_ACCEPT_H */
