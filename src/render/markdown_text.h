/*-------------------------------------------------------------------------
 *
 * markdown_text.h
 *	  A parsed CommonMark document as readable plain text.
 *
 * Part of markdown.c; others call ion_markdown_to_text().
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_MARKDOWN_TEXT_H
#define ION_RENDER_MARKDOWN_TEXT_H

#include "base/pure.h"

struct cmark_node;

extern bool ion_markdown_text_write(struct cmark_node *document,
									StringInfo out, int max_len);

#endif							/* ION_RENDER_MARKDOWN_TEXT_H */
