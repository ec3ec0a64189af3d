/*-------------------------------------------------------------------------
 *
 * smtp_client.h
 *	  A relay's SMTP connections, several at once, each used for many mails.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_SMTP_CLIENT_H
#define ION_NET_SMTP_CLIENT_H

#include "postgres.h"

#include "base/outcome.h"
#include "net/reactor.h"
#include "net/smtp_dialogue.h"

#define ION_SMTP_IDLE_MS	20000	/* an idle connection is closed after */

/*
 * How to reach the relay, and whom to ask and tell, outside libcurl.  Strings
 * are borrowed.  Of each mail either ended is told the outcome, or held that
 * may_begin said no right before MAIL FROM and nothing of it has left.
 */
typedef struct IonSmtpConfig
{
	const char *url;
	const char *ehlo_name;
	const char *user;			/* or NULL: no AUTH */
	const char *password;
	const char *ca_file;		/* or NULL: the system's */
	long		use_ssl;		/* CURLUSESSL_ALL, _TRY or _NONE */
	int			connect_timeout_ms;
	int			timeout_ms;		/* per step; the final dot gets it twice */
	int			connections_max;
	bool		allow_private;
	bool		(*may_begin) (void *owner);
	void		(*held) (void *owner);
	void		(*ended) (void *owner, const IonOutcome *outcome);
} IonSmtpConfig;

typedef struct IonSmtpPool IonSmtpPool;

/* NULL when out of memory. */
extern IonSmtpPool *ion_smtp_pool_create(IonReactor *reactor, const IonSmtpConfig *config);

/* Close all connections at once; owners of mails under way are told nothing. */
extern void ion_smtp_pool_destroy(IonSmtpPool *pool);

/*
 * Send a mail over an idle or a new connection.  The mail's strings must stay
 * until ended or held.  False when no connection is free and no more are allowed.
 */
extern bool ion_smtp_pool_send(IonSmtpPool *pool, const IonSmtpMail *mail, void *owner);

/* Enforce deadlines; returns milliseconds to the next one, -1 none. */
extern long ion_smtp_pool_tick(IonSmtpPool *pool);

#endif							/* ION_NET_SMTP_CLIENT_H */
