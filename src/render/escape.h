/*-------------------------------------------------------------------------
 *
 * escape.h
 *	  A value made harmless for the place in the output where it lands.
 *
 * The input is valid UTF-8 and so is the output.  Nothing here can fail,
 * short of memory; the output is at most ION_ESCAPE_GROWTH times the input.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_ESCAPE_H
#define ION_RENDER_ESCAPE_H

#include "base/pure.h"

#define ION_ESCAPE_GROWTH	6	/* bytes out per byte in, at most */

typedef enum IonEscape
{
	ION_ESCAPE_HTML = 0,		/* text and quoted attributes: & < > " ' */
	ION_ESCAPE_NONE,			/* as it is */
	ION_ESCAPE_JSON,			/* inside a JSON string (RFC 8259) */
	ION_ESCAPE_URL,				/* percent-encoding; RFC 3986 unreserved kept */
	ION_ESCAPE_MARKDOWN,		/* literal text in CommonMark */
	ION_ESCAPE_HEADER,			/* one header line: controls become spaces */
	ION_ESCAPE_SMS				/* controls dropped, those that separate words
								 * become spaces */
} IonEscape;

/* Append s[0..len) to out, escaped for its target. */
extern void ion_escape_append(StringInfo out, IonEscape escape,
							  const char *s, size_t len);

/*
 * The escape called html, none, json, url, markdown, header or sms; with
 * *found false (and ION_ESCAPE_HTML) for any other name.
 */
extern IonEscape ion_escape_by_name(const char *name, bool *found);

/* The name of an escape; never NULL. */
extern const char *ion_escape_name(IonEscape escape);

/*
 * Append text that CommonMark 0.30 reads back as exactly s[0..len), on one
 * line, wherever inline content may stand: at the start of a line, inside
 * emphasis, headings, list items, table cells or link text, and next to
 * whatever the template put before and after it.  Line ends, tabs and other
 * control characters become spaces.
 *
 * It cannot help where Markdown has no escapes: in code spans and blocks the
 * backslashes show, and a link destination wants the escape url.  Nor must
 * the template end in a backslash just before the value.
 */
extern void ion_escape_markdown(StringInfo out, const char *s, size_t len);

#endif							/* ION_RENDER_ESCAPE_H */
