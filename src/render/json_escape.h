/*-------------------------------------------------------------------------
 *
 * json_escape.h
 *	  Text as a JSON string (RFC 8259, section 7).
 *
 * Bytes from 0x80 up pass unchanged: the caller's text is UTF-8 and so is the
 * output.  Nothing here can fail, short of memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_JSON_ESCAPE_H
#define ION_RENDER_JSON_ESCAPE_H

#include "base/pure.h"

/* Append s[0..len) to out as a JSON string, quotes included. */
extern void ion_json_escape(StringInfo out, const char *s, size_t len);

/* The same without the quotes: for text that lands inside a JSON string. */
extern void ion_json_escape_inner(StringInfo out, const char *s, size_t len);

#endif							/* ION_RENDER_JSON_ESCAPE_H */
