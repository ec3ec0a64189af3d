/*-------------------------------------------------------------------------
 *
 * text_wrap.h
 *	  Plain text in lines short enough to read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_TEXT_WRAP_H
#define ION_RENDER_TEXT_WRAP_H

#include "base/pure.h"

#define ION_TEXT_WRAP_COLUMN	72	/* characters of a line */

/*
 * Appends text[0..len), LF line ends, as ion_markdown_to_text() writes it:
 * lines that are too long are broken at spaces, their continuations stand
 * under the text of a quotation or list item.  A word that is too long, such
 * as a URL, and a line of code stay whole.
 */
extern void ion_text_wrap(StringInfo out, const char *text, size_t len);

#endif							/* ION_RENDER_TEXT_WRAP_H */
