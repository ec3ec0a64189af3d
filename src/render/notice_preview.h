/*-------------------------------------------------------------------------
 *
 * notice_preview.h
 *	  The beginning of a message, with nothing in it to click.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_NOTICE_PREVIEW_H
#define ION_RENDER_NOTICE_PREVIEW_H

#include "base/pure.h"

/*
 * Appends the beginning of a text (as ion_markdown_to_text() writes it) on one
 * line: at most max_chars characters, and "..." when there were more.
 * link_removed stands in place of every link; it may be empty.
 */
extern void ion_notice_preview(StringInfo out, const char *text,
							   const char *link_removed, int max_chars);

/*
 * Appends a text with a zero-width space (U+200B) after each dot that a mail
 * reader could take for part of a host name, and make a link of it.
 */
extern void ion_notice_unlink(StringInfo out, const char *text);

#endif							/* ION_RENDER_NOTICE_PREVIEW_H */
