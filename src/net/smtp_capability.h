/*-------------------------------------------------------------------------
 *
 * smtp_capability.h
 *	  What an SMTP server said it can do, in its reply to EHLO.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_NET_SMTP_CAPABILITY_H
#define ION_NET_SMTP_CAPABILITY_H

#include "base/pure.h"

typedef enum IonSmtpExtension
{
	ION_SMTP_EXT_PIPELINING = 1 << 0,	/* RFC 2920 */
	ION_SMTP_EXT_SIZE = 1 << 1, /* RFC 1870 */
	ION_SMTP_EXT_8BITMIME = 1 << 2, /* RFC 6152 */
	ION_SMTP_EXT_SMTPUTF8 = 1 << 3, /* RFC 6531 */
	ION_SMTP_EXT_ENHANCEDSTATUSCODES = 1 << 4	/* RFC 2034 */
} IonSmtpExtension;

typedef struct IonSmtpCapability
{
	unsigned	extensions;		/* IonSmtpExtension bits */
	uint64		size_limit;		/* bytes a mail may have; 0 when not limited */
} IonSmtpCapability;

extern void ion_smtp_capability_init(IonSmtpCapability *capability);
extern void ion_smtp_capability_add(IonSmtpCapability *capability,
									const char *line, int length);

#endif							/* ION_NET_SMTP_CAPABILITY_H */
