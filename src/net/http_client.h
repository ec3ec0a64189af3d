/*-------------------------------------------------------------------------
 *
 * http_client.h
 *	  HTTP requests over pooled libcurl handles.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_HTTP_CLIENT_H
#define ION_NET_HTTP_CLIENT_H

#include "postgres.h"

#include "net/reactor.h"

#define ION_HTTP_BODY_MAX	(64 * 1024) /* of a reply; the rest is refused */
#define ION_HTTP_KEPT_MAX	1024	/* of a reply's body, kept for detail */
#define ION_HTTP_POOL_MAX	256		/* idle handles one pool keeps */

/* What every request of one provider has in common.  Strings are borrowed. */
typedef struct IonHttpConfig
{
	const char *method;			/* POST, PUT, PATCH or GET */
	const char *user;			/* or NULL */
	const char *password;
	const char *token;			/* bearer token, or NULL */
	const char *ca_file;		/* or NULL: the system's */
	int			connect_timeout_ms;
	int			timeout_ms;
	bool		allow_private;
	bool		http1_only;		/* do not offer HTTP/2 */
	bool		(*may_begin) (void *owner); /* asked before the request leaves */
} IonHttpConfig;

typedef struct IonHttpPool IonHttpPool;

typedef struct IonHttpTransfer
{
	IonEasy		easy;
	dlist_node	idle;			/* in the pool */
	IonHttpPool *pool;
	bool		has_credentials;	/* the handle carries the pool's */
	struct curl_slist *headers;
	char	   *body;			/* malloc'd */
	size_t		body_len;
	void	   *owner;

	/* the reply */
	char		kept[ION_HTTP_KEPT_MAX];
	size_t		kept_len;
	size_t		received;
	bool		cut;
	char		retry_after[64];	/* the header's value, or "" */
	long		http_code;
} IonHttpTransfer;

struct IonHttpPool
{
	IonReactor *reactor;
	IonHttpConfig config;
	dlist_head	idle_list;
	int			n_idle;
	void		(*ended) (IonHttpTransfer *t);
};

/*
 * A pool of handles; ended is called, outside libcurl, when a transfer ends.
 * NULL when out of memory.
 */
extern IonHttpPool *ion_http_pool_create(IonReactor *reactor, const IonHttpConfig *config, void (*ended) (IonHttpTransfer *t));

/* Free a pool whose transfers have all been given back. */
extern void ion_http_pool_destroy(IonHttpPool *pool);

/* A handle ready for a request; NULL when out of memory. */
extern IonHttpTransfer *ion_http_take(IonHttpPool *pool);

/*
 * Whether the next request carries the pool's user, password or token; they
 * are for the host they were given for.  False when out of memory.
 */
extern bool ion_http_credentials(IonHttpTransfer *t, bool wanted);

/* Add "Name: value"; false when out of memory. */
extern bool ion_http_header(IonHttpTransfer *t, const char *line);

/*
 * Send.  url and body are copied.  False when libcurl refuses; the transfer
 * must be given back then too.
 */
extern bool ion_http_start(IonHttpTransfer *t, const char *url, const char *body, size_t body_len, void *owner);

extern void ion_http_give_back(IonHttpTransfer *t);

#endif							/* ION_NET_HTTP_CLIENT_H */
