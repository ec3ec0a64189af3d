/*-------------------------------------------------------------------------
 *
 * transport.h
 *	  What the dispatcher knows of a transport, and the transports there are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_TRANSPORT_H
#define ION_CHANNEL_TRANSPORT_H

#include "postgres.h"

#include "channel/provider.h"
#include "net/reactor.h"
#include "queue/job.h"

typedef enum IonStart
{
	ION_START_BEGUN = 0,		/* ended() or held() will be called, or was */
	ION_START_BUSY,				/* no connection free: later, nothing happened */
	ION_START_FAILED			/* job->outcome says why */
} IonStart;

/*
 * Where transports ask and report; the functions only record.  A transport
 * asks may_begin at the last moment before the first byte of a message leaves,
 * however long after start that is, also inside libcurl's callbacks; told no,
 * it drops the message and says held instead of ended.  It outlives every
 * pool.
 */
typedef struct IonNet
{
	IonReactor *reactor;
	bool		(*may_begin) (const IonJob *job);
	void		(*held) (IonJob *job);
	void		(*ended) (IonJob *job);
} IonNet;

typedef struct IonTransport
{
	IonTransportKind kind;
	bool		(*open) (IonNet *net, IonProvider *provider);	/* sets provider->pool */
	void		(*close) (IonProvider *provider);
	IonStart	(*start) (IonNet *net, IonProvider *provider, IonJob *job);
	long		(*tick) (IonProvider *provider);	/* ms to the next; -1 none */
} IonTransport;

/* Never NULL. */
extern const IonTransport *ion_transport(IonTransportKind kind);

/* One per transport: the only line each adds outside its file is here. */
extern const IonTransport ion_transport_http;
extern const IonTransport ion_transport_smtp;

#endif							/* ION_CHANNEL_TRANSPORT_H */
