/*-------------------------------------------------------------------------
 *
 * grapheme.h
 *	  Where a text may be cut without tearing a character apart.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_GRAPHEME_H
#define ION_RENDER_GRAPHEME_H

#include "base/pure.h"

#include "mb/pg_wchar.h"
#include "render/text_check.h"

/*
 * The code point at s, which begins a well-formed UTF-8 character, and its
 * length in *bytes.
 */
static inline pg_wchar
ion_code_point(const char *s, int *bytes)
{
	*bytes = ion_text_char_bytes(s, 4);
	return utf8_to_unicode((const unsigned char *) s);
}

extern size_t ion_grapheme_bytes(const char *s, size_t len);
extern bool ion_grapheme_invisible(pg_wchar c);

#endif							/* ION_RENDER_GRAPHEME_H */
