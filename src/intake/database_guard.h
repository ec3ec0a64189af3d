/*-------------------------------------------------------------------------
 *
 * database_guard.h
 *	  Gets the dispatchers out of the way of DROP DATABASE and its kin.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_DATABASE_GUARD_H
#define ION_INTAKE_DATABASE_GUARD_H

/* Hook the utility statements; called from _PG_init while preloading. */
extern void ion_database_guard_install(void);

#endif							/* ION_INTAKE_DATABASE_GUARD_H */
