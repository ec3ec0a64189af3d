/*-------------------------------------------------------------------------
 *
 * reactor.h
 *	  One epoll descriptor behind which all network work of a dispatcher waits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_REACTOR_H
#define ION_NET_REACTOR_H

#include "postgres.h"

#include <curl/curl.h>

#include "lib/ilist.h"

#define ION_RESOLVING_MAX	16	/* name look-ups under way: each is a thread */
#define ION_CONNECTIONS_MAX 4096	/* idle and busy, all destinations */

/* A descriptor of our own (an SMTP connection's), watched for readiness. */
typedef struct IonWatch
{
	int			fd;				/* -1: not watched */
	bool		can_read;
	bool		can_write;
	void		(*ready) (void *arg, bool readable, bool writable);
	void	   *arg;
} IonWatch;

typedef struct IonSocket
{
	uint32		registered;		/* epoll events the kernel knows; 0 none */
	bool		wanted;			/* libcurl waits on it now */
	IonWatch   *watch;			/* ours, or NULL for libcurl's */
} IonSocket;

typedef struct IonReactor
{
	int			epoll_fd;
	CURLM	   *multi;
	int64		curl_deadline_ms;	/* monotonic; -1 none */
	IonSocket  *sockets;		/* by descriptor */
	int			n_sockets;
	int			connections_max;	/* by the descriptor limit */
	int			resolving;		/* name look-ups under way */
	dlist_head	finished;		/* IonEasy whose transfer ended */
} IonReactor;

/*
 * An easy handle in the multi.  It ends up on reactor->finished with result
 * set; whoever made it takes it off.
 */
typedef struct IonEasy
{
	dlist_node	node;
	IonReactor *reactor;
	CURL	   *easy;
	CURLcode	result;
	bool		in_multi;
	bool		resolving;		/* counted in reactor->resolving */
	bool		allow_private;
	bool		blocked;		/* refused by the address policy */
	bool		request_began;	/* bytes of the request may have left */
	bool		held;			/* may_begin said no: none has */
	bool		second_send_stopped;
	bool		once;			/* forbid a second send (HTTP) */
	bool		(*may_begin) (struct IonEasy *easy);	/* or NULL: always */
	void		(*ended) (struct IonEasy *easy);
} IonEasy;

/* NULL when the system refuses (descriptors, memory). */
extern IonReactor *ion_reactor_create(void);
extern void ion_reactor_destroy(IonReactor *reactor);

/* Monotonic milliseconds. */
extern int64 ion_monotonic_ms(void);

/*
 * Handle everything that is ready without waiting: libcurl's sockets and
 * timers, our watches; then call ended() of each finished transfer.
 */
extern void ion_reactor_drive(IonReactor *reactor);

/* Milliseconds until the next timer of libcurl; -1 none. */
extern long ion_reactor_timeout(IonReactor *reactor);

/*
 * Common options of every handle: address policy, protocols, no proxy, no
 * redirects, no signals, TLS verification.  False when libcurl refuses.
 */
extern bool ion_easy_init(IonEasy *e, IonReactor *reactor, const char *protocols, bool allow_private);
extern bool ion_easy_start(IonEasy *e);
extern void ion_easy_remove(IonEasy *e);
extern void ion_easy_cleanup(IonEasy *e);

/* Watch or forget a descriptor that libcurl has handed over. */
extern bool ion_reactor_watch(IonReactor *reactor, IonWatch *watch, bool want_read, bool want_write);
extern void ion_reactor_unwatch(IonReactor *reactor, IonWatch *watch);

#endif							/* ION_NET_REACTOR_H */
