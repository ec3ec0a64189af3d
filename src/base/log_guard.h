/*-------------------------------------------------------------------------
 *
 * log_guard.h
 *	  Keeping personal data out of the server log.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_LOG_GUARD_H
#define ION_BASE_LOG_GUARD_H

#include "postgres.h"

/* Hook into the server's log; called once from _PG_init. */
extern void ion_log_guard_install(void);

/*
 * Whatever is reported between ion_hide_begin and ion_hide_end, by us or by
 * the server, goes to the log without the statement and its parameters.  The
 * frame lives in the caller's stack; an error needs no ion_hide_end.
 */
extern void ion_hide_begin(ErrorContextCallback *frame);

/*
 * The same where rows are written that the client neither wrote nor may read,
 * a citizen's own address in them: it is not shown the row or the key either.
 */
extern void ion_hide_rows_begin(ErrorContextCallback *frame);
extern void ion_hide_end(const ErrorContextCallback *frame);

#endif							/* ION_BASE_LOG_GUARD_H */
