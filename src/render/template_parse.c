/*-------------------------------------------------------------------------
 *
 * template_parse.c
 *	  Mustache text into nodes.
 *
 * One pass from left to right: find the opening delimiter, have the tag read
 * (template_tag.c), add nodes.  Every byte is looked at a bounded number of
 * times, so the time is linear in the text.  Nothing is resolved here: names
 * are looked up when the values are there.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_node.h"
#include "render/template_tag.h"

#include "mb/pg_wchar.h"

#define NODES_MIN	16			/* nodes first allocated */

typedef struct Parser
{
	IonTemplate *tpl;
	const char *text;
	int			length;
	int			pos;			/* everything before it is in nodes */
	int			node_size;		/* allocated nodes */
	bool		line_start;		/* the next node begins a line */
	char		open[ION_TEMPLATE_DELIMITER_MAX + 1];
	char		close[ION_TEMPLATE_DELIMITER_MAX + 1];
	int			section[ION_TEMPLATE_NEST_MAX]; /* node index */
	int			section_tag[ION_TEMPLATE_NEST_MAX]; /* offset of its tag */
	int			depth;
	IonTemplateError *err;
} Parser;

static bool check_text(const char *text, size_t len, IonTemplateError *err);
static bool parse_nodes(Parser *p);
static bool add_tag(Parser *p, const IonRawTag *tag);
static bool open_section(Parser *p, const IonRawTag *tag);
static bool close_section(Parser *p, const IonRawTag *tag);
static bool set_delimiters(Parser *p, const IonRawTag *tag);
static void add_text(Parser *p, int from, int to);
static IonNode *add_node(Parser *p, IonNodeKind kind, int start, int length);

IonTemplate *
ion_template_parse(const char *text, size_t len, IonTemplateError *err)
{
	Parser		parser;
	IonTemplate *tpl;

	memset(err, 0, sizeof(*err));
	if (!check_text(text, len, err))
		return NULL;

	tpl = palloc0(sizeof(IonTemplate));
	tpl->length = (int) len;
	tpl->text = palloc(len + 1);
	memcpy(tpl->text, text, len);
	tpl->text[len] = '\0';

	memset(&parser, 0, sizeof(parser));
	parser.tpl = tpl;
	parser.text = tpl->text;
	parser.length = tpl->length;
	parser.line_start = true;
	strlcpy(parser.open, "{{", sizeof(parser.open));
	strlcpy(parser.close, "}}", sizeof(parser.close));
	parser.err = err;
	if (!parse_nodes(&parser))
		return NULL;
	return tpl;
}

static bool
check_text(const char *text, size_t len, IonTemplateError *err)
{
	int			valid;

	if (len > ION_TEMPLATE_TEXT_MAX)
		return ion_template_fail(err, text, 0,
								 "template is longer than %d bytes",
								 ION_TEMPLATE_TEXT_MAX);
	valid = pg_encoding_verifymbstr(PG_UTF8, text, (int) len);
	if (valid == (int) len)
		return true;
	if (text[valid] == '\0')
		return ion_template_fail(err, text, valid, "template holds a zero byte");
	return ion_template_fail(err, text, valid, "template is not valid UTF-8");
}

static bool
parse_nodes(Parser *p)
{
	while (p->pos < p->length)
	{
		IonRawTag	tag;
		int			start = ion_tag_find(p->text, p->length, p->pos, p->open);

		if (start < 0)
			break;
		if (!ion_tag_scan(p->text, p->length, start, p->open, p->close,
						  &tag, p->err))
			return false;

		if (tag.standalone)
		{
			add_text(p, p->pos, tag.line_start);
			p->line_start = false;
		}
		else
			add_text(p, p->pos, tag.start);
		if (!add_tag(p, &tag))
			return false;
		if (tag.standalone)
			p->line_start = true;
		p->pos = tag.standalone ? tag.line_end : tag.end;
	}
	add_text(p, p->pos, p->length);

	if (p->depth > 0)
	{
		const IonNode *open = &p->tpl->nodes[p->section[p->depth - 1]];

		return ion_template_fail(p->err, p->text, p->section_tag[p->depth - 1],
								 "section \"%.*s\" is not closed",
								 open->length, p->text + open->start);
	}
	p->line_start = false;
	add_node(p, ION_NODE_END, p->length, 0);
	return true;
}

/*
 * Turn the tag into nodes, or into the parser's new state.
 */
static bool
add_tag(Parser *p, const IonRawTag *tag)
{
	IonNode    *node;

	switch (tag->sigil)
	{
		case '#':
		case '^':
			return open_section(p, tag);
		case '/':
			return close_section(p, tag);
		case '&':
		case '{':
			add_node(p, ION_NODE_RAW, tag->name, tag->name_length);
			p->tpl->has_raw = true;
			return true;
		case '>':
			node = add_node(p, ION_NODE_PARTIAL, tag->name, tag->name_length);
			node->standalone = tag->standalone;
			node->indent_start = tag->standalone ? tag->line_start : tag->start;
			node->indent_length = tag->start - node->indent_start;
			return true;
		case '!':
		case '=':
			/* leaves nothing, but the line it begins is still indented */
			if (p->line_start)
				add_node(p, ION_NODE_TEXT, tag->start, 0);
			return tag->sigil == '!' || set_delimiters(p, tag);
		default:
			add_node(p, ION_NODE_VARIABLE, tag->name, tag->name_length);
			return true;
	}
}

static bool
open_section(Parser *p, const IonRawTag *tag)
{
	if (p->depth == ION_TEMPLATE_NEST_MAX)
		return ion_template_fail(p->err, p->text, tag->start,
								 "more than %d sections inside one another",
								 ION_TEMPLATE_NEST_MAX);
	p->section[p->depth] = p->tpl->node_count;
	p->section_tag[p->depth] = tag->start;
	p->depth++;
	add_node(p, tag->sigil == '#' ? ION_NODE_SECTION : ION_NODE_INVERTED,
			 tag->name, tag->name_length);
	return true;
}

static bool
close_section(Parser *p, const IonRawTag *tag)
{
	const char *name = p->text + tag->name;
	IonNodeKind kind;
	IonNode    *open;
	int			index;

	if (p->depth == 0)
		return ion_template_fail(p->err, p->text, tag->start,
								 "section \"%.*s\" is closed but not open",
								 tag->name_length, name);
	index = p->section[p->depth - 1];
	open = &p->tpl->nodes[index];
	if (open->length != tag->name_length ||
		memcmp(p->text + open->start, name, open->length) != 0)
	{
		int			line;
		int			column;

		ion_template_position(p->text, p->section_tag[p->depth - 1],
							  &line, &column);
		return ion_template_fail(p->err, p->text, tag->start,
								 "section of line %d is closed by another name: \"%.*s\"",
								 line, tag->name_length, name);
	}

	p->depth--;
	kind = open->kind == ION_NODE_SECTION ?
		ION_NODE_SECTION_END : ION_NODE_INVERTED_END;
	open->other = p->tpl->node_count;
	add_node(p, kind, tag->name, tag->name_length)->other = index;
	return true;
}

/*
 * Content of {{=open close=}}: two runs without blanks and equals signs.
 */
static bool
set_delimiters(Parser *p, const IonRawTag *tag)
{
	const char *s = p->text + tag->name;
	int			open_length = 0;
	int			close_start;
	int			close_length;

	while (open_length < tag->name_length && !ion_tag_is_blank(s[open_length]))
		open_length++;
	close_start = open_length;
	while (close_start < tag->name_length && ion_tag_is_blank(s[close_start]))
		close_start++;
	close_length = tag->name_length - close_start;

	if (open_length == 0 || close_length == 0)
		return ion_template_fail(p->err, p->text, tag->start,
								 "set-delimiter tag needs two delimiters");
	if (open_length > ION_TEMPLATE_DELIMITER_MAX ||
		close_length > ION_TEMPLATE_DELIMITER_MAX)
		return ion_template_fail(p->err, p->text, tag->start,
								 "delimiter is longer than %d bytes",
								 ION_TEMPLATE_DELIMITER_MAX);
	for (int i = 0; i < tag->name_length; i++)
	{
		if (s[i] == '=' || (i > close_start && ion_tag_is_blank(s[i])))
			return ion_template_fail(p->err, p->text, tag->start,
									 "set-delimiter tag needs two delimiters without blanks and equals signs");
	}

	memcpy(p->open, s, open_length);
	p->open[open_length] = '\0';
	memcpy(p->close, s + close_start, close_length);
	p->close[close_length] = '\0';
	return true;
}

/*
 * Literal text; what follows it begins a line if it ends in a line end.
 */
static void
add_text(Parser *p, int from, int to)
{
	if (from >= to)
		return;
	add_node(p, ION_NODE_TEXT, from, to - from);
	p->line_start = p->text[to - 1] == '\n';
}

/*
 * The pointer is good until the next call.
 */
static IonNode *
add_node(Parser *p, IonNodeKind kind, int start, int length)
{
	IonTemplate *tpl = p->tpl;
	IonNode    *node;

	if (tpl->node_count == p->node_size)
	{
		p->node_size = Max(p->node_size * 2, NODES_MIN);
		if (tpl->nodes == NULL)
			tpl->nodes = palloc(p->node_size * sizeof(IonNode));
		else
			tpl->nodes = repalloc(tpl->nodes, p->node_size * sizeof(IonNode));
	}
	node = &tpl->nodes[tpl->node_count++];
	memset(node, 0, sizeof(*node));
	node->kind = kind;
	node->start = start;
	node->length = length;
	node->starts_line = p->line_start;
	p->line_start = false;
	return node;
}
