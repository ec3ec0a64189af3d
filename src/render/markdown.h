/*-------------------------------------------------------------------------
 *
 * markdown.h
 *	  CommonMark to safe HTML and to plain text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_MARKDOWN_H
#define ION_RENDER_MARKDOWN_H

#include "base/pure.h"

#define ION_MARKDOWN_MAX			65536	/* octets of source */
#define ION_MARKDOWN_NEST_MAX		200 /* columns of nested list and quote
										 * marks on one line */
#define ION_MARKDOWN_OUTPUT_MAX		(1024 * 1024)	/* octets of each result */

extern bool ion_markdown_render(const char *markdown, size_t len,
								StringInfo html_or_null,
								StringInfo text_or_null, const char **error);
extern bool ion_markdown_to_html(const char *markdown, size_t len,
								 StringInfo out, const char **error);
extern bool ion_markdown_to_text(const char *markdown, size_t len,
								 StringInfo out, const char **error);

#endif							/* ION_RENDER_MARKDOWN_H */
