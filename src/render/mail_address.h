/*-------------------------------------------------------------------------
 *
 * mail_address.h
 *	  E-mail addresses: grammar, internationalized domains, sender mailboxes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_MAIL_ADDRESS_H
#define ION_RENDER_MAIL_ADDRESS_H

#include "base/pure.h"

#define ION_MAIL_ADDRESS_MAX	254 /* octets, RFC 5321 4.5.3.1.3 less <> */
#define ION_MAIL_LOCAL_MAX		64	/* octets, RFC 5321 4.5.3.1.1 */
#define ION_MAIL_DOMAIN_MAX		253 /* octets of the A-label form, RFC 1035 */
#define ION_MAIL_LABEL_MAX		63	/* octets of one A-label */
#define ION_MAIL_NAME_MAX		256 /* octets of a display name */
#define ION_MAIL_MAILBOX_MAX	1024	/* octets of "Name <addr>" as written */

extern bool ion_mail_address_valid(const char *addr, const char **error);
extern bool ion_mail_address_wire(const char *addr, bool smtputf8,
								  StringInfo out, bool *needs_smtputf8,
								  const char **error);
extern bool ion_mail_mailbox_parse(const char *text, char **display_name,
								   char **addr, const char **error);

#endif							/* ION_RENDER_MAIL_ADDRESS_H */
