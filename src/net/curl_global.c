/*-------------------------------------------------------------------------
 *
 * curl_global.c
 *	  libcurl's initialisation, once per process and after the fork.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <curl/curl.h>

#include "net/curl_global.h"

#if LIBCURL_VERSION_NUM < 0x075700
#error "io_notify needs libcurl 7.87 or later (CURLOPT_QUICK_EXIT)"
#endif

bool
ion_curl_global_init(void)
{
	static const char *const unwanted[] = {
		"SSLKEYLOGFILE", "CURL_HOME", "CURL_CA_BUNDLE", "http_proxy", "https_proxy", "HTTPS_PROXY",
		"all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "CURL_SSL_BACKEND"
	};

	for (size_t i = 0; i < lengthof(unwanted); i++)
		unsetenv(unwanted[i]);
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}
