/*-------------------------------------------------------------------------
 *
 * unsubscribe_link.h
 *	  The URL that stops a mail, and the header fields that carry it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_UNSUBSCRIBE_LINK_H
#define ION_RENDER_UNSUBSCRIBE_LINK_H

#include "base/pure.h"

#include "render/mime.h"

#define ION_UNSUBSCRIBE_HOLE	"{token}"
#define ION_UNSUBSCRIBE_HEADERS 2

/*
 * Appends the URL of one delivery: base with the token in place of its hole
 * "{token}", or, where there is none, as its query parameter "token".  False,
 * with *error a static string and out as it was, when base is not an https URL
 * without fragment, the hole stands in its host, or the result is too long.
 */
extern bool ion_unsubscribe_url(StringInfo out, const char *base,
								const char *token, const char **error);

/*
 * The fields List-Unsubscribe and List-Unsubscribe-Post for a URL made by
 * ion_unsubscribe_url() (RFC 8058 sections 3.1 and 5, RFC 2369 section 3.2).
 * Their values are palloc'd or static.  The mail must carry a DKIM signature
 * that covers both (section 4), which is the relay's work.
 */
extern void ion_unsubscribe_headers(IonMailHeader headers[ION_UNSUBSCRIBE_HEADERS],
									const char *url);

#endif							/* ION_RENDER_UNSUBSCRIBE_LINK_H */
