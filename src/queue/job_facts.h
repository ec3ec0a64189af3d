/*-------------------------------------------------------------------------
 *
 * job_facts.h
 *	  What claimed jobs get besides their messages: their service's words, their
 *	  recipients' wishes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_JOB_FACTS_H
#define ION_QUEUE_JOB_FACTS_H

#include "postgres.h"

#include "queue/job.h"

/* Fill that part of n jobs in.  Inside ion_tx_begin. */
extern void ion_job_facts_read(IonJob **jobs, int n);

#endif							/* ION_QUEUE_JOB_FACTS_H */
