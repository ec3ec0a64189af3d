/*-------------------------------------------------------------------------
 *
 * io_notify.h
 *	  Names and hard limits of the extension.
 *
 * Everything that grows has a limit with a name here or in its module's
 * header.
 *
 *-------------------------------------------------------------------------
 */
#ifndef IO_NOTIFY_H
#define IO_NOTIFY_H

#define ION_EXTENSION			"io_notify"
#define ION_SCHEMA				"io_notify"

#define ION_MAX_DATABASES		256 /* databases with dispatchers, per cluster */
#define ION_MAX_DISPATCHERS		8	/* per database */
#define ION_MAX_PROVIDERS		64	/* per database */
#define ION_TOKEN_MAX			40	/* a dispatcher's name in claimed_by */
#define ION_RATE_SETS			128 /* services with a rate: 1,024 per cluster */
#define ION_RATE_WAYS			8
#define ION_ERROR_MAX			200 /* bytes of the last error kept for status() */

#define ION_REFERENCE_MAX		256 /* characters; also idempotency keys */
#define ION_PARAMS_MAX			(64 * 1024) /* bytes of params */
#define ION_TTL_MAX_DAYS		366
#define ION_HORIZON_DAYS		366 /* how far ahead send_after may lie */
#define ION_BULK_THRESHOLD		1000	/* rows of one statement that drop to bulk */

#define ION_CLAIM_MAX			1000	/* rows of one claim */
#define ION_LEASE_SECONDS		900 /* a claim's time limit; longer than any timeout */

#endif							/* IO_NOTIFY_H */
