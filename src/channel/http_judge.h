/*-------------------------------------------------------------------------
 *
 * http_judge.h
 *	  From what happened on an HTTP exchange to the outcome of an attempt.
 *
 * See http_judge.c for the argument.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_HTTP_JUDGE_H
#define ION_CHANNEL_HTTP_JUDGE_H

#include "base/outcome.h"

#define ION_HTTP_SNIPPET_MAX	100 /* bytes of a refusal's body kept in detail */

/* What the transport saw; plain values, so that a test can make them up. */
typedef struct IonHttpResult
{
	int			curl_code;		/* CURLcode of the transfer */
	long		http_code;		/* CURLINFO_RESPONSE_CODE; 0 when none */
	bool		request_began;	/* prereq passed: bytes may have left */
	bool		second_send_stopped;	/* the prereq guard refused libcurl's
										 * own second try */
	bool		blocked_by_policy;	/* opensocket or prereq refused the
									 * address */
	bool		body_cut_by_us; /* our cap on the reply's body was reached */
	bool		destination_is_own; /* the URL came with the delivery, so its
									 * faults are not the provider's */
	int			retry_after_s;	/* from ion_retry_after_parse; -1 none */
	const char *body;			/* beginning of the reply's body, or NULL */
	size_t		body_len;
} IonHttpResult;

/*
 * Judge *result into *outcome (initialised here; ref stays empty).  Cannot
 * fail.  The body is quoted in detail for refusals only, cut short and with
 * long numbers, fiscal codes and addresses taken out.
 */
extern void ion_http_judge(const IonHttpResult *result, IonOutcome *outcome);

#endif							/* ION_CHANNEL_HTTP_JUDGE_H */
