/*-------------------------------------------------------------------------
 *
 * html_page.h
 *	  HTML escaping, and the page around a message's body.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_HTML_PAGE_H
#define ION_RENDER_HTML_PAGE_H

#include "base/pure.h"

extern void ion_html_escape(StringInfo out, const char *s, size_t len);
extern void ion_html_page(StringInfo out, const char *language,
						  const char *title, const char *body_html);

#endif							/* ION_RENDER_HTML_PAGE_H */
