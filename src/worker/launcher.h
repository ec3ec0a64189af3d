/*-------------------------------------------------------------------------
 *
 * launcher.h
 *	  One process per cluster that sees to it that dispatchers run.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_WORKER_LAUNCHER_H
#define ION_WORKER_LAUNCHER_H

#include "postgres.h"

/* Register the static worker; called from _PG_init while preloading. */
extern void ion_launcher_register(void);

/* Entry points named in registrations. */
extern PGDLLEXPORT void ion_launcher_main(Datum arg);
extern PGDLLEXPORT void ion_chore_main(Datum arg);

/* What a chore worker is to do: the argument of its registration. */
typedef enum IonChore
{
	ION_CHORE_PROBE = 0,		/* is io_notify in this database? */
	ION_CHORE_MAINTAIN			/* partitions ahead, vacuum of the queue */
} IonChore;

#endif							/* ION_WORKER_LAUNCHER_H */
