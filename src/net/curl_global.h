/*-------------------------------------------------------------------------
 *
 * curl_global.h
 *	  libcurl's initialisation, once per process and after the fork.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_CURL_GLOBAL_H
#define ION_NET_CURL_GLOBAL_H

#include "postgres.h"

/*
 * Initialise libcurl in a clean environment: variables that would redirect
 * traffic or write TLS keys to a file are removed first.  False when libcurl
 * refuses or is older than what we rely on.
 */
extern bool ion_curl_global_init(void);

#endif							/* ION_NET_CURL_GLOBAL_H */
