/*-------------------------------------------------------------------------
 *
 * crash_record.h
 *	  How often in a row the server crashed right after a dispatcher began.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_WORKER_CRASH_RECORD_H
#define ION_WORKER_CRASH_RECORD_H

#include "postgres.h"

/*
 * Called when the launcher starts: milliseconds to wait before dispatchers
 * may, 0 unless the server went down soon after one of them had started.
 */
extern int64 ion_crash_record_wait_ms(void);

/* A dispatcher is being started. */
extern void ion_crash_record_start(void);

/* The launcher ends in order. */
extern void ion_crash_record_clear(void);

#endif							/* ION_WORKER_CRASH_RECORD_H */
