/*-------------------------------------------------------------------------
 *
 * address_policy.h
 *	  Which network addresses a provider may not lead us to.
 *
 * See address_policy.c for the argument.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_ADDRESS_POLICY_H
#define ION_NET_ADDRESS_POLICY_H

#include "base/pure.h"

#include <sys/socket.h>

/* Longest address text looked at: brackets, scope id and the zero included. */
#define ION_ADDRESS_TEXT_MAX	96

/*
 * True when sa is not a public unicast address, and also when it cannot be
 * judged: NULL, too short, or of a family other than AF_INET and AF_INET6.
 * If why is not NULL, *why becomes a static text naming the range, or NULL
 * when the address is public.  Never fails, never allocates.
 */
extern bool ion_address_is_private(const struct sockaddr *sa, socklen_t len,
								   const char **why);

/*
 * The same judgement for a numeric address in text, as CURLINFO_PRIMARY_IP
 * gives it.  Brackets and a scope id ("fe80::1%eth0") are understood; what
 * does not parse as a canonical numeric address counts as private.
 */
extern bool ion_address_text_is_private(const char *ip);

#endif							/* ION_NET_ADDRESS_POLICY_H */
