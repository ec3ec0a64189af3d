/*-------------------------------------------------------------------------
 *
 * as_owner.h
 *	  One door through which people act on tables they may not touch.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_SQLAPI_AS_OWNER_H
#define ION_SQLAPI_AS_OWNER_H

#include "postgres.h"

/* The role that asks: whoever went through the door, else the current user. */
extern Oid	ion_door_caller(void);

#endif							/* ION_SQLAPI_AS_OWNER_H */
