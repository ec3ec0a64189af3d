/*-------------------------------------------------------------------------
 *
 * acting_citizen.h
 *	  For whom a session of the citizens' app acts.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_ACTING_CITIZEN_H
#define ION_INTAKE_ACTING_CITIZEN_H

#include "postgres.h"

/*
 * The fiscal code in io_notify.citizen, when role is an app's back end or the
 * tables' owner; NULL for everybody else and when none is set.  The text is
 * the setting's own: copy what must outlive the statement.
 */
extern const char *ion_acting_citizen(Oid role);

#endif							/* ION_INTAKE_ACTING_CITIZEN_H */
