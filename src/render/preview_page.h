/*-------------------------------------------------------------------------
 *
 * preview_page.h
 *	  What preview() found, as one HTML page to open in a browser.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_PREVIEW_PAGE_H
#define ION_RENDER_PREVIEW_PAGE_H

#include "base/pure.h"

#include "render/json_value.h"

/*
 * Append a whole HTML document headed by title (text: a template's name, a
 * message's id).  parts is an array of objects as preview() returns rows:
 * channel, language, subject, html, text, encoding, problem (strings) and
 * segments (a number), each missing or null where it says nothing.  Whatever
 * else there is, is passed over.  Cannot fail.
 */
extern void ion_preview_page_build(StringInfo out, const char *title, const IonValue *parts);

#endif							/* ION_RENDER_PREVIEW_PAGE_H */
