/*-------------------------------------------------------------------------
 *
 * outcome.h
 *	  What one attempt came to, in the words of the attempt table.
 *
 * Every transport ends an attempt by filling an IonOutcome; queue/settle.c
 * turns it into the delivery's next state.  The struct has no pointers, so it
 * can be filled inside a libcurl callback and copied freely.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BASE_OUTCOME_H
#define ION_BASE_OUTCOME_H

#include "base/pure.h"

#define ION_DETAIL_MAX	256		/* bytes of attempt.detail, with the zero */
#define ION_REF_MAX		128		/* bytes of delivery.provider_ref, with the zero */

typedef enum IonOutcomeKind
{
	ION_OUTCOME_ACCEPTED = 0,	/* the provider took responsibility */
	ION_OUTCOME_PERMANENT,		/* refused for good: do not try again */
	ION_OUTCOME_TRANSIENT,		/* refused or not sent: try again later */
	ION_OUTCOME_PROVIDER_FAULT, /* not this delivery's fault: breaker, no
								 * attempt burnt */
	ION_OUTCOME_UNKNOWN			/* bytes left, no verdict came back */
} IonOutcomeKind;

typedef struct IonOutcome
{
	IonOutcomeKind kind;
	int			code;			/* HTTP status or SMTP reply; 0 when none */
	int			retry_after_s;	/* seconds the far side asked for; -1 none */
	bool		destination_fault;	/* could not connect or timed out: the
									 * destination's window halves */
	bool		bad_address;	/* refused because the address is no good, now
								 * or ever */
	char		detail[ION_DETAIL_MAX]; /* for people: no address, no body, no
										 * secret; valid UTF-8 */
	char		ref[ION_REF_MAX];	/* the provider's own id, or "" */
} IonOutcome;

/* The name the attempt table uses for a kind; never NULL. */
extern const char *ion_outcome_name(IonOutcomeKind kind);

/*
 * Start an outcome: kind and code set, everything else empty.
 */
extern void ion_outcome_init(IonOutcome *outcome, IonOutcomeKind kind, int code);

/*
 * Append text from a peer or a library to outcome->detail (or ->ref with
 * ion_outcome_set_ref): control bytes become spaces, invalid UTF-8 becomes
 * '?', and it is cut at a character boundary.  length may be -1 for a
 * zero-terminated string.  Anything that looks like an e-mail address is
 * replaced by "<address>" in detail, because replies love to quote it.
 */
extern void ion_outcome_add_detail(IonOutcome *outcome, const char *text, int length);
extern void ion_outcome_set_ref(IonOutcome *outcome, const char *text, int length);

#endif							/* ION_BASE_OUTCOME_H */
