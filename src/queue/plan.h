/*-------------------------------------------------------------------------
 *
 * plan.h
 *	  SQL statements prepared once per process.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_PLAN_H
#define ION_QUEUE_PLAN_H

#include "postgres.h"

#include "executor/spi.h"

#define ION_PLAN_ARGS_MAX 24

typedef struct IonPlan
{
	const char *sql;
	int			nargs;
	Oid			argtypes[ION_PLAN_ARGS_MAX];
	SPIPlanPtr	plan;			/* NULL until first used */
} IonPlan;

/*
 * Run a statement, preparing and keeping it on first use.  Caller has called
 * SPI_connect.  nulls is NULL or an SPI null string.  Returns SPI_processed;
 * errors are raised.
 */
extern uint64 ion_plan_run(IonPlan *plan, Datum *values, const char *nulls, bool read_only);

/*
 * Run a query under the latest snapshot, whatever the transaction's own: for
 * what a process keeps.  The snapshot is taken when the tables are locked.
 */
extern uint64 ion_plan_run_latest(IonPlan *plan, Datum *values);

/* Lock the tables a kept plan reads, for who then takes the snapshot himself. */
extern void ion_plan_lock(SPIPlanPtr plan);

/* An array of n items of a type, for a parameter. */
extern Datum ion_plan_array(Datum *items, int n, Oid type);

#endif							/* ION_QUEUE_PLAN_H */
