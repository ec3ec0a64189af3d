/*-------------------------------------------------------------------------
 *
 * markdown_text.c
 *	  A parsed CommonMark document as readable plain text.
 *
 * For the text/plain part of a mail and for channels without markup.  One walk
 * over the tree with cmark's iterator, so depth costs no stack.  Line ends are
 * written lazily: a block only says how many it wants before the next text,
 * and the prefix of quotes and indents is that of the block which then comes.
 *
 * A line break never comes out of the source by itself: an encoded newline in
 * a text or URL is written as a space, so nothing can pretend to be a quote
 * mark or heading.  The caller's max_len bounds the result, because the prefix
 * of a deep nest is repeated on every line.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <cmark.h>
#include <string.h>

#include "render/markdown_text.h"
#include "render/text_check.h"

/* Underline of a heading, and a thematic break, in characters. */
#define UNDERLINE_MAX	72
#define RULE_WIDTH		40

/* What a code block is indented by. */
#define CODE_INDENT		"    "

/* An item's number of ten digits, its delimiter, a space, a zero, and more. */
#define MARKER_SIZE		16

/* What the lines of a block quote begin with. */
#define QUOTE_PREFIX	"> "

typedef struct IonTextWriter
{
	StringInfo	out;
	StringInfoData prefix;		/* of every line of the blocks now open */
	int			start;			/* out->len when the work began */
	int			shared_prefix;	/* octets of prefix that no block since the
								 * last line has closed: what a blank line
								 * between the blocks shows */
	int			newlines;		/* line ends owed before the next text */
	bool		line_open;		/* a line was begun, so its prefix is out */
	bool		in_heading;
	bool		in_link;
	int			heading_start;	/* offset of the heading's text in out, or -1
								 * until there is some */
	int			link_start;		/* the same for the link's text */
} IonTextWriter;

static void enter_node(IonTextWriter *writer, cmark_node *node);
static void leave_node(IonTextWriter *writer, cmark_node *node);
static void begin_item(IonTextWriter *writer, cmark_node *node);
static int	item_marker(cmark_node *node, char *marker);
static void end_heading(IonTextWriter *writer, cmark_node *node);
static void end_link(IonTextWriter *writer, cmark_node *node);
static void end_block(IonTextWriter *writer, cmark_node *node);
static void shorten_prefix(IonTextWriter *writer, int octets);
static void put_code_block(IonTextWriter *writer, const char *code);
static void put_line_start(IonTextWriter *writer);
static void trim_spaces(IonTextWriter *writer);
static void put_text(IonTextWriter *writer, const char *s, size_t len);
static void put_clean(StringInfo out, const char *s, size_t len);
static void put_repeated(IonTextWriter *writer, char c, int count);

/*
 * Appends the document to out with LF line ends, ended by one unless it is
 * empty.  False, and out as it was, when that would take over max_len octets
 * (plus what one node may add).
 */
bool
ion_markdown_text_write(cmark_node *document, StringInfo out, int max_len)
{
	IonTextWriter writer;
	cmark_iter *iter = cmark_iter_new(document);
	cmark_event_type event;
	bool		fits = true;

	memset(&writer, 0, sizeof(writer));
	writer.out = out;
	writer.start = out->len;
	initStringInfo(&writer.prefix);

	while (fits && (event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
	{
		if (event == CMARK_EVENT_ENTER)
			enter_node(&writer, cmark_iter_get_node(iter));
		else
			leave_node(&writer, cmark_iter_get_node(iter));
		fits = out->len - writer.start <= max_len;
	}
	cmark_iter_free(iter);
	pfree(writer.prefix.data);

	if (!fits)
	{
		out->len = writer.start;
		out->data[out->len] = '\0';
		return false;
	}
	trim_spaces(&writer);
	if (out->len > writer.start)
		appendStringInfoCharMacro(out, '\n');
	return true;
}

/* Everything a node writes when it begins; leaves have no other event. */
static void
enter_node(IonTextWriter *writer, cmark_node *node)
{
	const char *literal = cmark_node_get_literal(node);

	switch (cmark_node_get_type(node))
	{
		case CMARK_NODE_BLOCK_QUOTE:
			/* After an item's marker the line already has its prefix. */
			if (writer->line_open && writer->newlines == 0)
				appendStringInfoString(writer->out, QUOTE_PREFIX);
			appendStringInfoString(&writer->prefix, QUOTE_PREFIX);
			break;
		case CMARK_NODE_ITEM:
			begin_item(writer, node);
			break;
		case CMARK_NODE_HEADING:
			writer->in_heading = true;
			writer->heading_start = -1;
			break;
		case CMARK_NODE_CODE_BLOCK:
			put_code_block(writer, literal);
			end_block(writer, node);
			break;
		case CMARK_NODE_THEMATIC_BREAK:
			put_line_start(writer);
			put_repeated(writer, '-', RULE_WIDTH);
			end_block(writer, node);
			break;
		case CMARK_NODE_TEXT:
		case CMARK_NODE_CODE:
			put_text(writer, literal, strlen(literal));
			break;
		case CMARK_NODE_SOFTBREAK:
			put_text(writer, " ", 1);
			break;
		case CMARK_NODE_LINEBREAK:
			if (writer->in_heading)
				put_text(writer, " ", 1);
			else
				writer->newlines = 1;
			break;
		case CMARK_NODE_LINK:
			writer->in_link = true;
			writer->link_start = -1;
			break;
		default:
			break;
	}
}

/* What a node writes, or undoes, when all its children are done. */
static void
leave_node(IonTextWriter *writer, cmark_node *node)
{
	char		marker[MARKER_SIZE];

	switch (cmark_node_get_type(node))
	{
		case CMARK_NODE_BLOCK_QUOTE:
			shorten_prefix(writer, (int) strlen(QUOTE_PREFIX));
			end_block(writer, node);
			break;
		case CMARK_NODE_ITEM:
			shorten_prefix(writer, item_marker(node, marker));
			end_block(writer, node);
			break;
		case CMARK_NODE_HEADING:
			end_heading(writer, node);
			end_block(writer, node);
			break;
		case CMARK_NODE_PARAGRAPH:
		case CMARK_NODE_LIST:
			end_block(writer, node);
			break;
		case CMARK_NODE_LINK:
			end_link(writer, node);
			break;
		default:
			break;
	}
}

/*
 * The marker stands on the item's first line, its width before the others.
 * An item's number is kept in the node: one more than its predecessor's.
 */
static void
begin_item(IonTextWriter *writer, cmark_node *node)
{
	cmark_node *before = cmark_node_previous(node);
	char		marker[MARKER_SIZE];
	intptr_t	number;
	int			width;

	if (before)
		number = (intptr_t) cmark_node_get_user_data(before) + 1;
	else
		number = cmark_node_get_list_start(cmark_node_parent(node));
	cmark_node_set_user_data(node, (void *) number);

	width = item_marker(node, marker);
	put_line_start(writer);
	appendBinaryStringInfo(writer->out, marker, width);
	for (int i = 0; i < width; i++)
		appendStringInfoCharMacro(&writer->prefix, ' ');
}

/* Writes "- " or "12. " to marker; returns its width. */
static int
item_marker(cmark_node *node, char *marker)
{
	cmark_node *list = cmark_node_parent(node);

	if (cmark_node_get_list_type(list) != CMARK_ORDERED_LIST)
		return snprintf(marker, MARKER_SIZE, "- ");
	return snprintf(marker, MARKER_SIZE, "%d%c ",
					(int) (intptr_t) cmark_node_get_user_data(node),
					cmark_node_get_list_delim(list) == CMARK_PAREN_DELIM
					? ')' : '.');
}

/* First-level headings are underlined with =, second-level ones with -. */
static void
end_heading(IonTextWriter *writer, cmark_node *node)
{
	int			level = cmark_node_get_heading_level(node);
	int			from = writer->heading_start;
	int			width;

	writer->in_heading = false;
	if (level > 2 || from < 0)
		return;
	width = ion_text_char_count(writer->out->data + from,
								writer->out->len - from);
	writer->newlines = 1;
	put_line_start(writer);
	put_repeated(writer, level == 1 ? '=' : '-', Min(width, UNDERLINE_MAX));
}

/* Says where a link leads, unless its text already does. */
static void
end_link(IonTextWriter *writer, cmark_node *node)
{
	const char *url = cmark_node_get_url(node);
	const char *bare = strncmp(url, "mailto:", 7) == 0 ? url + 7 : url;

	writer->in_link = false;
	if (writer->link_start >= 0 && writer->link_start <= writer->out->len)
	{
		const char *text = writer->out->data + writer->link_start;

		/* out is always ended by a zero, so this compares the whole text. */
		if (strcmp(text, url) == 0 || strcmp(text, bare) == 0)
			return;
	}
	put_text(writer, " (", 2);
	put_text(writer, url, strlen(url));
	put_text(writer, ")", 1);
}

/* Blocks are a blank line apart, those of a tight list only a line end. */
static void
end_block(IonTextWriter *writer, cmark_node *node)
{
	cmark_node *parent = cmark_node_parent(node);
	cmark_node *list = NULL;

	if (cmark_node_get_type(node) == CMARK_NODE_ITEM)
		list = parent;
	else if (cmark_node_get_type(parent) == CMARK_NODE_ITEM)
		list = cmark_node_parent(parent);
	writer->newlines = list && cmark_node_get_list_tight(list) ? 1 : 2;
}

/* Takes the closed block's octets off the prefix. */
static void
shorten_prefix(IonTextWriter *writer, int octets)
{
	writer->prefix.len -= octets;
	writer->prefix.data[writer->prefix.len] = '\0';
	writer->shared_prefix = Min(writer->shared_prefix, writer->prefix.len);
}

/* Code keeps its lines, indented; its last line end is the block's. */
static void
put_code_block(IonTextWriter *writer, const char *code)
{
	while (*code)
	{
		size_t		len = strcspn(code, "\r\n");

		put_line_start(writer);
		if (len > 0)
		{
			appendStringInfoString(writer->out, CODE_INDENT);
			put_clean(writer->out, code, len);
		}
		writer->newlines = 1;
		code += len;
		if (*code)
			code += code[0] == '\r' && code[1] == '\n' ? 2 : 1;
	}
}

/* Pays the line ends owed, without trailing spaces, and begins a line. */
static void
put_line_start(IonTextWriter *writer)
{
	StringInfo	out = writer->out;

	if (writer->line_open && writer->newlines > 0)
	{
		trim_spaces(writer);
		appendStringInfoCharMacro(out, '\n');
		if (writer->newlines > 1)
		{
			appendBinaryStringInfo(out, writer->prefix.data,
								   writer->shared_prefix);
			trim_spaces(writer);
			appendStringInfoCharMacro(out, '\n');
		}
	}
	if (!writer->line_open || writer->newlines > 0)
		appendBinaryStringInfo(out, writer->prefix.data, writer->prefix.len);
	writer->shared_prefix = writer->prefix.len;
	writer->newlines = 0;
	writer->line_open = true;
}

/* Takes the spaces off the end of what has been written so far. */
static void
trim_spaces(IonTextWriter *writer)
{
	StringInfo	out = writer->out;

	while (out->len > writer->start && out->data[out->len - 1] == ' ')
		out->len--;
	out->data[out->len] = '\0';
}

/* Writes inline text, noting where a heading's and a link's text begin. */
static void
put_text(IonTextWriter *writer, const char *s, size_t len)
{
	if (len == 0)
		return;
	put_line_start(writer);
	if (writer->in_heading && writer->heading_start < 0)
		writer->heading_start = writer->out->len;
	if (writer->in_link && writer->link_start < 0)
		writer->link_start = writer->out->len;
	put_clean(writer->out, s, len);
}

/* Appends well-formed text with a space in place of each control but tab. */
static void
put_clean(StringInfo out, const char *s, size_t len)
{
	size_t		i = 0;

	if (!ion_text_has_control(s, len))
	{
		appendBinaryStringInfo(out, s, (int) len);
		return;
	}
	while (i < len)
	{
		int			n = Max(ion_text_char_bytes(s + i, len - i), 1);

		if (s[i] != '\t' && ion_text_has_control(s + i, n))
			appendStringInfoCharMacro(out, ' ');
		else
			appendBinaryStringInfo(out, s + i, n);
		i += n;
	}
}

static void
put_repeated(IonTextWriter *writer, char c, int count)
{
	for (int i = 0; i < count; i++)
		appendStringInfoCharMacro(writer->out, c);
}
