/*-------------------------------------------------------------------------
 *
 * visibility.h
 *	  What a role may see: the questions row-level policies ask.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_VISIBILITY_H
#define ION_INTAKE_VISIBILITY_H

#include "postgres.h"

/*
 * Whether role is of kind operator, analyst or app, as ion_role_is() says, but
 * from what this process keeps.  Needs no SPI connection.
 */
extern bool ion_role_sees(Oid role, const char *kind);

#endif							/* ION_INTAKE_VISIBILITY_H */
