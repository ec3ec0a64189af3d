/*-------------------------------------------------------------------------
 *
 * transport.c
 *	  The table of transports.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "channel/transport.h"

static const IonTransport *const transports[] = {
	[ION_TRANSPORT_SMTP] = &ion_transport_smtp,
	[ION_TRANSPORT_HTTP] = &ion_transport_http,
};

const IonTransport *
ion_transport(IonTransportKind kind)
{
	return transports[kind];
}
