/*-------------------------------------------------------------------------
 *
 * template_node.h
 *	  What a parsed template looks like: shared by its parser and renderer.
 *
 * A template is a flat array of nodes in the order of the text.  A section is
 * a pair of nodes that know each other's index, so the renderer jumps instead
 * of descending.  Offsets are into the template's own copy of its text.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_TEMPLATE_NODE_H
#define ION_RENDER_TEMPLATE_NODE_H

#include "render/template.h"

typedef enum IonNodeKind
{
	ION_NODE_TEXT = 0,
	ION_NODE_VARIABLE,
	ION_NODE_RAW,
	ION_NODE_SECTION,
	ION_NODE_SECTION_END,
	ION_NODE_INVERTED,
	ION_NODE_INVERTED_END,
	ION_NODE_PARTIAL,
	ION_NODE_END				/* of the template; always the last */
} IonNodeKind;

typedef struct IonNode
{
	IonNodeKind kind;
	bool		starts_line;	/* first on a line that is not standalone: an
								 * indented partial indents before it */
	int			start;			/* text, or the tag's name */
	int			length;
	int			other;			/* section start and end: each other's index */
	bool		standalone;		/* partial: its lines are indented by ... */
	int			indent_start;	/* ... the blanks before its tag */
	int			indent_length;
} IonNode;

struct IonTemplate
{
	char	   *text;			/* zero-terminated copy */
	int			length;
	IonNode    *nodes;
	int			node_count;
	bool		has_raw;
};

/*
 * Line and column, both from 1, of the byte at offset; columns count
 * characters.
 */
extern void ion_template_position(const char *text, int offset,
								  int *line, int *column);

/*
 * Fill err with a message (printf style, cut at a character boundary when too
 * long) for the byte at offset; always returns false.
 */
extern bool ion_template_fail(IonTemplateError *err, const char *text, int offset,
							  const char *fmt,...) pg_attribute_printf(4, 5);

#endif							/* ION_RENDER_TEMPLATE_NODE_H */
