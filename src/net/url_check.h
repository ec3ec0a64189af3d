/*-------------------------------------------------------------------------
 *
 * url_check.h
 *	  Take a provider's or a service's URL apart, strictly.
 *
 * See url_check.c for the argument.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_URL_CHECK_H
#define ION_NET_URL_CHECK_H

#include "base/pure.h"

#define ION_URL_MAX				2048	/* bytes, without the zero */
#define ION_URL_SCHEME_MAX		8	/* with the zero */
#define ION_URL_HOST_MAX		254 /* with the zero: RFC 1035 allows 253 */
#define ION_URL_LABEL_MAX		63
/* "[host]:port" and the zero; "scheme://" more for the redacted form */
#define ION_URL_DESTINATION_MAX	(ION_URL_HOST_MAX + 2 + 6)
#define ION_URL_REDACTED_MAX	(ION_URL_DESTINATION_MAX + ION_URL_SCHEME_MAX + 3)

typedef struct IonUrl
{
	char		scheme[ION_URL_SCHEME_MAX]; /* lower case */
	char		host[ION_URL_HOST_MAX]; /* lower case, no brackets, no root
										 * dot; IPv6 in canonical form */
	bool		host_is_ipv6;
	int			port;			/* explicit, or the scheme's own */
	bool		port_given;
	size_t		path_offset;	/* where path or query begins in the text
								 * given; its length when there is neither */
} IonUrl;

/*
 * Parse url (zero-terminated) into *out after RFC 3986, section 3, narrowed
 * to what a configured endpoint needs: scheme (http, https, smtp, smtps, imap
 * or imaps), host, port, path and query.  User information, fragments,
 * backslashes, percent signs in the host, white space, control characters and
 * anything outside ASCII are refused.  On false, *error (if not NULL) is a
 * static text for people that quotes nothing of the URL, and *out is zeroed.
 * Whether the scheme suits a transport is the caller's question.
 */
extern bool ion_url_parse(const char *url, IonUrl *out, const char **error);

/*
 * "host:port" in lower case: the key of per-destination concurrency.  buf of
 * ION_URL_DESTINATION_MAX bytes always suffices; false when size is too
 * small, and then buf holds "".
 */
extern bool ion_url_destination(const IonUrl *url, char *buf, size_t size);

/*
 * "scheme://host:port" for logs: path and query often carry secrets.  buf of
 * ION_URL_REDACTED_MAX bytes always suffices; false as above.
 */
extern bool ion_url_redacted(const IonUrl *url, char *buf, size_t size);

#endif							/* ION_NET_URL_CHECK_H */
