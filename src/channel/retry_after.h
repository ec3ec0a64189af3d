/*-------------------------------------------------------------------------
 *
 * retry_after.h
 *	  The value of a Retry-After header (RFC 9110, section 10.2.3).
 *
 * See retry_after.c for the argument.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_RETRY_AFTER_H
#define ION_CHANNEL_RETRY_AFTER_H

#include "base/pure.h"

#define ION_RETRY_AFTER_TEXT_MAX	64	/* bytes of a value worth reading */

/*
 * Seconds from now_unix (seconds since 1970) that value asks us to wait: a
 * number of seconds, or an HTTP-date in any of the three forms of RFC 9110,
 * section 5.6.7.  A date that has passed is 0, a huge number is INT_MAX, and
 * anything else, NULL included, is -1.
 */
extern int	ion_retry_after_parse(const char *value, int64 now_unix);

#endif							/* ION_CHANNEL_RETRY_AFTER_H */
