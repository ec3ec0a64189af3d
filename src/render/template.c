/*-------------------------------------------------------------------------
 *
 * template.c
 *	  What can be said of a template without rendering it; error positions.
 *
 * Nodes carry no line numbers: an offset is turned into one when somebody
 * asks, which is once per error and one sweep per walk over the tags.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_node.h"

static bool walk(const IonTemplate *tpl, bool with_ends, IonTagVisitor visit,
				 void *arg);
static void advance(const char *text, int from, int to, int *line, int *column);
static bool tag_kind(IonNodeKind node, IonTagKind *kind);
static void cut_to_characters(char *text);

bool
ion_template_has_raw(const IonTemplate *tpl)
{
	return tpl->has_raw;
}

bool
ion_template_tags(const IonTemplate *tpl, IonTagVisitor visit, void *arg)
{
	return walk(tpl, false, visit, arg);
}

bool
ion_template_walk(const IonTemplate *tpl, IonTagVisitor visit, void *arg)
{
	return walk(tpl, true, visit, arg);
}

static bool
walk(const IonTemplate *tpl, bool with_ends, IonTagVisitor visit, void *arg)
{
	int			at = 0;
	int			line = 1;
	int			column = 1;

	for (int i = 0; i < tpl->node_count; i++)
	{
		const IonNode *node = &tpl->nodes[i];
		IonTag		tag;

		if (!tag_kind(node->kind, &tag.kind) ||
			(tag.kind == ION_TAG_END && !with_ends))
			continue;
		advance(tpl->text, at, node->start, &line, &column);
		at = node->start;
		tag.name = tpl->text + node->start;
		tag.length = node->length;
		tag.line = line;
		tag.column = column;
		if (!visit(arg, &tag))
			return false;
	}
	return true;
}

static bool
tag_kind(IonNodeKind node, IonTagKind *kind)
{
	switch (node)
	{
		case ION_NODE_VARIABLE:
			*kind = ION_TAG_VARIABLE;
			return true;
		case ION_NODE_RAW:
			*kind = ION_TAG_RAW;
			return true;
		case ION_NODE_SECTION:
			*kind = ION_TAG_SECTION;
			return true;
		case ION_NODE_INVERTED:
			*kind = ION_TAG_INVERTED;
			return true;
		case ION_NODE_PARTIAL:
			*kind = ION_TAG_PARTIAL;
			return true;
		case ION_NODE_SECTION_END:
		case ION_NODE_INVERTED_END:
			*kind = ION_TAG_END;
			return true;
		default:
			return false;
	}
}

void
ion_template_position(const char *text, int offset, int *line, int *column)
{
	*line = 1;
	*column = 1;
	advance(text, 0, offset, line, column);
}

/*
 * Move a position over text[from..to).
 */
static void
advance(const char *text, int from, int to, int *line, int *column)
{
	for (int i = from; i < to; i++)
	{
		if (text[i] == '\n')
		{
			(*line)++;
			*column = 1;
		}
		else if ((text[i] & 0xC0) != 0x80)	/* the first byte of a character */
			(*column)++;
	}
}

bool
ion_template_fail(IonTemplateError *err, const char *text, int offset,
				  const char *fmt,...)
{
	va_list		args;

	memset(err, 0, sizeof(*err));
	va_start(args, fmt);
	vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	cut_to_characters(err->message);
	ion_template_position(text, offset, &err->line, &err->column);
	return false;
}

/*
 * Drop a last character that vsnprintf cut in two.  The text before the cut
 * is UTF-8.
 */
static void
cut_to_characters(char *text)
{
	size_t		length = strlen(text);
	size_t		start = length;
	unsigned char lead;
	size_t		need;

	while (start > 0 && length - start < 3 && (text[start - 1] & 0xC0) == 0x80)
		start--;
	if (start == 0)
		return;
	lead = (unsigned char) text[start - 1];
	need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
	if (length - (start - 1) < need)
		text[start - 1] = '\0';
}
