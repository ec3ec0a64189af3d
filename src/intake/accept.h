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
 * Whether a message accepted since the last call lies in the future.  Asking
 * clears the answer.
 */
extern bool ion_accept_saw_scheduled(void);

#endif							/* ION_INTAKE_ACCEPT_H */
