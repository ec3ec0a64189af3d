/*-------------------------------------------------------------------------
 *
 * mime_header.h
 *	  Header fields of a mail: folding, quoting and encoded-words.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_MIME_HEADER_H
#define ION_RENDER_MIME_HEADER_H

#include "base/pure.h"

#define ION_MAIL_HEADER_NAME_MAX	40	/* octets of a field name */
#define ION_MAIL_HEADER_VALUE_MAX	4000	/* octets of a field value */
#define ION_MAIL_HEADER_WORD_MAX	900 /* octets without a place to fold */
#define ION_MAIL_FOLD_COLUMN		78	/* RFC 5322 section 2.1.1 */
#define ION_MAIL_ENCODED_WORD_MAX	75	/* RFC 2047 section 2 */

extern bool ion_mime_header_text(StringInfo out, const char *name,
								 const char *value, const char **error);
extern bool ion_mime_header_structured(StringInfo out, const char *name,
									   const char *value, const char **error);
extern bool ion_mime_header_mailbox(StringInfo out, const char *name,
									const char *display_name, const char *addr,
									bool eight_bit, const char **error);

#endif							/* ION_RENDER_MIME_HEADER_H */
