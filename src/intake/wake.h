/*-------------------------------------------------------------------------
 *
 * wake.h
 *	  Tells the workers at commit that there is something for them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_INTAKE_WAKE_H
#define ION_INTAKE_WAKE_H

#include "postgres.h"

/* At commit: work was queued, or tables, pauses or providers changed. */
extern void ion_wake_work_at_commit(void);
extern void ion_wake_config_at_commit(void);

#endif							/* ION_INTAKE_WAKE_H */
