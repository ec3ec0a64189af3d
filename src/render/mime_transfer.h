/*-------------------------------------------------------------------------
 *
 * mime_transfer.h
 *	  Content-Transfer-Encoding of UTF-8 text: quoted-printable and base64.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_MIME_TRANSFER_H
#define ION_RENDER_MIME_TRANSFER_H

#include "base/pure.h"

#define ION_MIME_LINE_MAX	76	/* characters before CRLF, RFC 2045 6.7, 6.8 */

extern size_t ion_mime_transfer_qp(StringInfo out, const char *text,
								   size_t len);
extern void ion_mime_transfer_base64(StringInfo out, const char *text,
									 size_t len);
extern size_t ion_mime_transfer_base64_size(size_t len);
extern size_t ion_mime_base64_block(char *to, const unsigned char *from,
									size_t len);

#endif							/* ION_RENDER_MIME_TRANSFER_H */
