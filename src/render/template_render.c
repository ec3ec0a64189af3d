/*-------------------------------------------------------------------------
 *
 * template_render.c
 *	  Template nodes and values into text.
 *
 * One loop over the nodes, no recursion: sections and partials keep their
 * state on stacks of fixed size in one struct, so the deepest input costs no
 * more C stack than the simplest.  Three bounds end every render: the depth
 * of partials (a recursive partial ends when its data end), the bytes
 * written, and the steps.  A step is a node rendered, an object searched for
 * a name or a hundred bytes copied; their number bounds the time, since an
 * object is searched in logarithmic time.
 *
 * On any error the output is cut back to what it was: half a message must
 * never be sent.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_node.h"

#define BYTES_PER_STEP	128		/* copying so many takes a step's time */

/* Every level of every partial may have all its sections open. */
#define SECTIONS_MAX	((ION_TEMPLATE_PARTIAL_MAX + 1) * ION_TEMPLATE_NEST_MAX)

typedef struct OpenSection
{
	const IonValue *list;		/* NULL when the value is no list */
	int			index;			/* of the item that is the context now */
} OpenSection;

typedef struct OpenPartial
{
	const IonTemplate *tpl;		/* where to go on afterwards */
	int			node;
	int			indent_from;
	int			indent_end;
} OpenPartial;

typedef struct Renderer
{
	const IonTemplate *tpl;		/* the template or partial at work */
	int			node;			/* index of the node at work */
	const IonValue *context[SECTIONS_MAX + 1];	/* [0] is params */
	OpenSection section[SECTIONS_MAX];	/* section[i] pushed context[i + 1] */
	int			sections;
	OpenPartial partial[ION_TEMPLATE_PARTIAL_MAX];
	int			partials;
	StringInfoData indent;		/* of the partials at work, one after another */
	int			indent_from;	/* from here on: of the current one */
	int			steps;
	IonEscape	escape;
	IonEscape	raw_escape;		/* for {{{x}}} and {{&x}} */
	IonPartialLookup lookup;
	void	   *lookup_arg;
	StringInfo	out;
	int			out_start;		/* its length when we began */
	IonTemplateError *err;
} Renderer;

static bool render_nodes(Renderer *r);
static bool render_node(Renderer *r, const IonNode *node);
static bool write_text(Renderer *r, const IonNode *node);
static bool write_indent(Renderer *r);
static bool write_value(Renderer *r, const IonNode *node, IonEscape escape);
static bool write_json(Renderer *r, const IonValue *value, IonEscape escape);
static bool write_bytes(Renderer *r, IonEscape escape, const char *s, int len);
static void enter_section(Renderer *r, const IonNode *node);
static void end_section(Renderer *r, const IonNode *node);
static bool enter_partial(Renderer *r, const IonNode *node);
static void leave_partial(Renderer *r);
static const IonValue *resolve(Renderer *r, const IonNode *node);
static const IonValue *search_contexts(Renderer *r, const char *key, int len);
static int	part_length(const char *name, int len);
static bool fail_here(Renderer *r, const char *fmt,...) pg_attribute_printf(2, 3);

bool
ion_template_render(const IonTemplate *tpl, const IonValue *params,
					IonEscape escape, IonPartialLookup lookup,
					void *lookup_arg, StringInfo out, IonTemplateError *err)
{
	Renderer	r;
	bool		done;

	memset(err, 0, sizeof(*err));
	memset(&r, 0, sizeof(r));
	r.tpl = tpl;
	r.context[0] = params;
	r.escape = escape;
	r.raw_escape = escape == ION_ESCAPE_HEADER || escape == ION_ESCAPE_SMS ?
		escape : ION_ESCAPE_NONE;
	r.lookup = lookup;
	r.lookup_arg = lookup_arg;
	r.out = out;
	r.out_start = out->len;
	r.err = err;

	initStringInfo(&r.indent);
	done = render_nodes(&r);
	pfree(r.indent.data);

	if (!done)
	{
		out->len = r.out_start;
		out->data[out->len] = '\0';
	}
	return done;
}

static bool
render_nodes(Renderer *r)
{
	for (;;)
	{
		const IonNode *node = &r->tpl->nodes[r->node];

		if (++r->steps > ION_TEMPLATE_STEPS_MAX)
			return fail_here(r, "rendering takes more than %d steps",
							 ION_TEMPLATE_STEPS_MAX);
		if (node->kind == ION_NODE_END)
		{
			if (r->partials == 0)
				return true;
			leave_partial(r);
			continue;
		}
		if (node->starts_line && !write_indent(r))
			return false;
		if (!render_node(r, node))
			return false;
	}
}

/*
 * Render one node and move on to the next.
 */
static bool
render_node(Renderer *r, const IonNode *node)
{
	switch (node->kind)
	{
		case ION_NODE_TEXT:
			if (!write_text(r, node))
				return false;
			break;
		case ION_NODE_VARIABLE:
			if (!write_value(r, node, r->escape))
				return false;
			break;
		case ION_NODE_RAW:
			if (!write_value(r, node, r->raw_escape))
				return false;
			break;
		case ION_NODE_SECTION:
			enter_section(r, node);
			return true;
		case ION_NODE_SECTION_END:
			end_section(r, node);
			return true;
		case ION_NODE_INVERTED:
			if (ion_json_truthy(resolve(r, node)))
				r->node = node->other;
			break;
		case ION_NODE_PARTIAL:
			return enter_partial(r, node);
		case ION_NODE_INVERTED_END:
		case ION_NODE_END:
			break;
	}
	r->node++;
	return true;
}

/*
 * Literal text.  Inside an indented partial each of its lines but the first
 * gets the indentation here; the first has it from starts_line.
 */
static bool
write_text(Renderer *r, const IonNode *node)
{
	const char *s = r->tpl->text + node->start;
	int			left = node->length;

	if (r->indent.len == r->indent_from)
		return write_bytes(r, ION_ESCAPE_NONE, s, left);
	while (left > 0)
	{
		const char *newline = memchr(s, '\n', left);
		int			line = newline == NULL ? left : (int) (newline - s) + 1;

		if (!write_bytes(r, ION_ESCAPE_NONE, s, line))
			return false;
		s += line;
		left -= line;
		if (left > 0 && !write_indent(r))
			return false;
	}
	return true;
}

static bool
write_indent(Renderer *r)
{
	return write_bytes(r, ION_ESCAPE_NONE, r->indent.data + r->indent_from,
					   r->indent.len - r->indent_from);
}

static bool
write_value(Renderer *r, const IonNode *node, IonEscape escape)
{
	const IonValue *value = resolve(r, node);

	if (value == NULL)
		return true;
	switch (value->kind)
	{
		case ION_JSON_NULL:
			return true;
		case ION_JSON_BOOL:
			return write_bytes(r, escape, value->u.boolean ? "true" : "false",
							   value->u.boolean ? 4 : 5);
		case ION_JSON_NUMBER:
		case ION_JSON_STRING:
			if (value->shown != NULL)
				return write_bytes(r, escape, value->shown, (int) strlen(value->shown));
			return write_bytes(r, escape, value->u.text, value->length);
		case ION_JSON_ARRAY:
		case ION_JSON_OBJECT:
			return write_json(r, value, escape);
	}
	return true;
}

static bool
write_json(Renderer *r, const IonValue *value, IonEscape escape)
{
	StringInfoData json;
	bool		written;

	initStringInfo(&json);
	if (ion_json_write(&json, value))
		written = write_bytes(r, escape, json.data, json.len);
	else
		written = fail_here(r, "value is nested more than %d levels deep",
							ION_JSON_DEPTH_MAX);
	pfree(json.data);
	return written;
}

/*
 * Every byte of the output passes here.  The first test keeps a huge value
 * from being escaped at all, the second sees what the escape made of it.
 * Long values cost steps: an escape may drop all of one, again and again.
 */
static bool
write_bytes(Renderer *r, IonEscape escape, const char *s, int len)
{
	int			room = ION_TEMPLATE_OUTPUT_MAX - (r->out->len - r->out_start);

	r->steps += len / BYTES_PER_STEP;
	if (len <= room)
	{
		ion_escape_append(r->out, escape, s, len);
		if (r->out->len - r->out_start <= ION_TEMPLATE_OUTPUT_MAX)
			return true;
	}
	return fail_here(r, "output is longer than %d bytes", ION_TEMPLATE_OUTPUT_MAX);
}

/*
 * Push the section's value, or the first item of its list; skip the section
 * when there is nothing to show.
 */
static void
enter_section(Renderer *r, const IonNode *node)
{
	const IonValue *value = resolve(r, node);
	OpenSection *section = &r->section[r->sections];

	if (!ion_json_truthy(value))
	{
		r->node = node->other + 1;
		return;
	}
	Assert(r->sections < SECTIONS_MAX);
	section->list = value->kind == ION_JSON_ARRAY ? value : NULL;
	section->index = 0;
	r->sections++;
	r->context[r->sections] = section->list != NULL ? &value->u.items[0] : value;
	r->node++;
}

/*
 * On to the next item, or out of the section.
 */
static void
end_section(Renderer *r, const IonNode *node)
{
	OpenSection *section = &r->section[r->sections - 1];

	if (section->list != NULL && ++section->index < section->list->length)
	{
		r->context[r->sections] = &section->list->u.items[section->index];
		r->node = node->other + 1;
	}
	else
	{
		r->sections--;
		r->node++;
	}
}

/*
 * The lines of a standalone partial are indented by the blanks before its tag
 * after those of the partial it stands in; a partial inside a line is not
 * indented at all.
 */
static bool
enter_partial(Renderer *r, const IonNode *node)
{
	char		name[ION_TEMPLATE_NAME_MAX + 1];
	const IonTemplate *tpl = NULL;
	OpenPartial *frame;

	memcpy(name, r->tpl->text + node->start, node->length);
	name[node->length] = '\0';
	if (r->lookup != NULL && !r->lookup(r->lookup_arg, name, &tpl, r->err))
	{
		if (r->err->partial[0] == '\0')
			strlcpy(r->err->partial, name, sizeof(r->err->partial));
		return false;
	}
	if (tpl == NULL)
	{
		r->node++;
		return true;
	}
	if (r->partials == ION_TEMPLATE_PARTIAL_MAX)
		return fail_here(r, "more than %d partials inside one another",
						 ION_TEMPLATE_PARTIAL_MAX);

	frame = &r->partial[r->partials++];
	frame->tpl = r->tpl;
	frame->node = r->node + 1;
	frame->indent_from = r->indent_from;
	frame->indent_end = r->indent.len;
	if (!node->standalone)
		r->indent_from = r->indent.len;
	appendBinaryStringInfo(&r->indent, r->tpl->text + node->indent_start,
						   node->indent_length);
	r->tpl = tpl;
	r->node = 0;
	return true;
}

static void
leave_partial(Renderer *r)
{
	const OpenPartial *frame = &r->partial[--r->partials];

	r->tpl = frame->tpl;
	r->node = frame->node;
	r->indent_from = frame->indent_from;
	r->indent.len = frame->indent_end;
	r->indent.data[r->indent.len] = '\0';
}

/*
 * The value a tag names; NULL when it is missing.  The first part of a dotted
 * name is searched in the whole stack, each other part in the result before
 * it alone.
 */
static const IonValue *
resolve(Renderer *r, const IonNode *node)
{
	const char *name = r->tpl->text + node->start;
	int			left = node->length;
	const IonValue *value = r->context[r->sections];
	int			part;

	if (name[0] != '.')
	{
		part = part_length(name, left);
		value = search_contexts(r, name, part);
		name += part;
		left -= part;
	}
	else if (left == 1)
		return value;

	/* what is left is parts, each with a dot before it */
	while (left > 0 && value != NULL)
	{
		part = part_length(name + 1, left - 1);
		value = ion_json_get(value, name + 1, part);
		r->steps++;
		name += part + 1;
		left -= part + 1;
	}
	return value;
}

/*
 * The key in the innermost context that has it, be its value null.
 */
static const IonValue *
search_contexts(Renderer *r, const char *key, int len)
{
	for (int i = r->sections; i >= 0; i--)
	{
		const IonValue *value = ion_json_get(r->context[i], key, len);

		if (value != NULL)
			return value;
		r->steps++;
	}
	return NULL;
}

static int
part_length(const char *name, int len)
{
	const char *dot = memchr(name, '.', len);

	return dot == NULL ? len : (int) (dot - name);
}

/*
 * The render ends, because of the node at work.
 */
static bool
fail_here(Renderer *r, const char *fmt,...)
{
	const IonTemplate *tpl = r->tpl;
	char		message[128];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	ion_template_fail(r->err, tpl->text, tpl->nodes[r->node].start, "%s", message);
	if (r->partials > 0)
	{
		const OpenPartial *frame = &r->partial[r->partials - 1];
		const IonNode *node = &frame->tpl->nodes[frame->node - 1];

		strlcpy(r->err->partial, frame->tpl->text + node->start,
				Min((size_t) node->length + 1, sizeof(r->err->partial)));
	}
	return false;
}
