/*-------------------------------------------------------------------------
 *
 * markdown.c
 *	  CommonMark to safe HTML and to plain text.
 *
 * Memory.  cmark has no way to report that memory ran out: its own allocator
 * aborts, which would take the whole server down, and it never checks for
 * NULL.  So cmark allocates with palloc.  In the backend palloc leaves cmark by
 * ereport's longjmp; that is sound because cmark keeps no locks, files or
 * mutable globals: all its state is nodes and buffers in the current memory
 * context, which the error's handler resets, and nothing else points at them.
 * The allocator table lives in our frame, as long as every node does.
 *
 * Safety.  cmark runs without CMARK_OPT_UNSAFE, and the tree is cleaned first:
 * raw HTML goes, an image becomes its alternative text, a link with a scheme
 * that can run code or read files becomes its text.  Both outputs come from the
 * cleaned tree, so they cannot disagree about what is safe.
 *
 * Time.  cmark is linear but for one thing: every blank line visits every open
 * list item, which 64 KB of nested marks and blank lines turn into ten seconds
 * of work.  The depth of lists is bounded before parsing by the column of the
 * last mark on any line.  Link references cannot multiply the output: cmark
 * stops expanding them at 100 KB.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <cmark.h>
#include <string.h>

#include "render/markdown.h"
#include "render/markdown_text.h"
#include "render/text_check.h"

/* A tab advances to the next multiple of this (CommonMark section 2.2). */
#define TAB_STOP	4

static void *memory_calloc(size_t count, size_t size);
static void *memory_realloc(void *pointer, size_t size);
static void memory_free(void *pointer);
static bool source_check(const char *markdown, size_t len, const char **error);
static int	marks_column(const char *p, const char *eol);
static bool is_break_line(const char *p, const char *eol);
static void clean_tree(cmark_node *document, cmark_mem *mem);
static void replace_by_children(cmark_node *node);
static bool url_is_dangerous(const char *url);
static bool append_html(cmark_node *document, cmark_mem *mem, StringInfo out,
						const char **error);

/*
 * Parses len bytes of CommonMark once and appends the safe HTML fragment and
 * the plain text to whichever of the two StringInfos is not NULL.  False, with
 * *error a static string and both as they were, when the source is too long,
 * not UTF-8, too deeply nested, or its result too long.
 */
bool
ion_markdown_render(const char *markdown, size_t len, StringInfo html_or_null,
					StringInfo text_or_null, const char **error)
{
	cmark_mem	mem = {memory_calloc, memory_realloc, memory_free};
	cmark_parser *parser;
	cmark_node *document;
	int			html_start = html_or_null ? html_or_null->len : 0;

	*error = NULL;
	if (!source_check(markdown, len, error))
		return false;

	parser = cmark_parser_new_with_mem(CMARK_OPT_DEFAULT, &mem);
	cmark_parser_feed(parser, markdown, len);
	document = cmark_parser_finish(parser);
	cmark_parser_free(parser);
	clean_tree(document, &mem);

	if (html_or_null)
		append_html(document, &mem, html_or_null, error);
	if (*error == NULL && text_or_null &&
		!ion_markdown_text_write(document, text_or_null,
								 ION_MARKDOWN_OUTPUT_MAX))
		*error = "markdown becomes too long as text";
	cmark_node_free(document);

	if (*error && html_or_null)
	{
		html_or_null->len = html_start;
		html_or_null->data[html_start] = '\0';
	}
	return *error == NULL;
}

/* ion_markdown_render() for the HTML alone. */
bool
ion_markdown_to_html(const char *markdown, size_t len, StringInfo out,
					 const char **error)
{
	return ion_markdown_render(markdown, len, out, NULL, error);
}

/* ion_markdown_render() for the text alone. */
bool
ion_markdown_to_text(const char *markdown, size_t len, StringInfo out,
					 const char **error)
{
	return ion_markdown_render(markdown, len, NULL, out, error);
}

/* cmark's calloc: palloc refuses what is too large, an overflow included. */
static void *
memory_calloc(size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size)
		return palloc(SIZE_MAX);
	return palloc0(count * size);
}

/* cmark's realloc, which like the C one may be given NULL. */
static void *
memory_realloc(void *pointer, size_t size)
{
	return pointer ? repalloc(pointer, size) : palloc(size);
}

/* cmark's free, which like the C one may be given NULL. */
static void
memory_free(void *pointer)
{
	if (pointer)
		pfree(pointer);
}

/*
 * Refuses what cmark should not see.  A thematic break written as a long row
 * of spaced marks opens no list, so it does not count as nesting.
 */
static bool
source_check(const char *markdown, size_t len, const char **error)
{
	const char *p = markdown;
	const char *end = markdown + len;

	if (len > ION_MARKDOWN_MAX)
	{
		*error = "markdown is longer than 65536 octets";
		return false;
	}
	if (!ion_text_is_utf8(markdown, len))
	{
		*error = "markdown is not valid UTF-8";
		return false;
	}
	while (p < end)
	{
		const char *eol = p;

		while (eol < end && *eol != '\n' && *eol != '\r')
			eol++;
		if (marks_column(p, eol) > ION_MARKDOWN_NEST_MAX &&
			!is_break_line(p, eol))
		{
			*error = "markdown is nested too deeply";
			return false;
		}
		p = eol + 1;
	}
	return true;
}

/*
 * The column after the last of a line's leading quote marks, bullets and
 * numbers; 0 when it begins with none.  Every container such a line continues
 * or opens takes at least a column, so this bounds how many there are.
 */
static int
marks_column(const char *p, const char *eol)
{
	int			at = 0;
	int			after_mark = 0;

	while (p < eol)
	{
		const char *q = p;

		if (*p == ' ' || *p == '\t')
		{
			at = *p == ' ' ? at + 1 : at - at % TAB_STOP + TAB_STOP;
			p++;
			continue;
		}
		while (q < eol && *q >= '0' && *q <= '9')
			q++;
		if (q == eol || !strchr(q > p ? ".)" : ">-+*", *q) || *q == '\0')
			break;
		q++;
		if (q[-1] != '>' && q < eol && *q != ' ' && *q != '\t')
			break;
		at += (int) (q - p);
		after_mark = at;
		p = q;
	}
	return after_mark;
}

/* Whether a line holds nothing but white space and one kind of mark. */
static bool
is_break_line(const char *p, const char *eol)
{
	char		mark = '\0';

	for (; p < eol; p++)
	{
		if (*p == ' ' || *p == '\t')
			continue;
		if ((*p != '-' && *p != '*') || (mark != '\0' && *p != mark))
			return false;
		mark = *p;
	}
	return true;
}

/*
 * Takes out of the tree what must not be shown.  Nodes are changed only where
 * cmark's iterator allows it: a leaf when entered, others when left.
 */
static void
clean_tree(cmark_node *document, cmark_mem *mem)
{
	cmark_iter *iter = cmark_iter_new(document);
	cmark_event_type event;

	while ((event = cmark_iter_next(iter)) != CMARK_EVENT_DONE)
	{
		cmark_node *node = cmark_iter_get_node(iter);
		cmark_node_type type = cmark_node_get_type(node);

		if (type == CMARK_NODE_HTML_BLOCK || type == CMARK_NODE_HTML_INLINE)
		{
			cmark_node_unlink(node);
			cmark_node_free(node);
			continue;
		}
		if (event != CMARK_EVENT_EXIT)
			continue;
		if (type == CMARK_NODE_IMAGE)
			replace_by_children(node);
		else if (type == CMARK_NODE_LINK)
		{
			const char *url = cmark_node_get_url(node);

			if (url[0] == '\0' || url_is_dangerous(url))
				replace_by_children(node);
			else if (cmark_node_first_child(node) == NULL)
			{
				/* A link on an image alone would be there and not be seen. */
				cmark_node *label = cmark_node_new_with_mem(CMARK_NODE_TEXT, mem);

				cmark_node_set_literal(label, url);
				cmark_node_append_child(node, label);
			}
		}
		else if (type == CMARK_NODE_PARAGRAPH &&
				 cmark_node_first_child(node) == NULL)
		{
			cmark_node_unlink(node);
			cmark_node_free(node);
		}
	}
	cmark_iter_free(iter);
}

/* Puts a node's children in its place. */
static void
replace_by_children(cmark_node *node)
{
	cmark_node *child;

	while ((child = cmark_node_first_child(node)) != NULL)
		cmark_node_insert_before(node, child);
	cmark_node_unlink(node);
	cmark_node_free(node);
}

/*
 * Whether following the link could run code or open a local file.  Browsers
 * ignore control characters and spaces before and inside a scheme, so do we.
 */
static bool
url_is_dangerous(const char *url)
{
	static const char *const schemes[] = {
		"javascript:", "vbscript:", "file:", "data:"
	};

	for (size_t i = 0; i < lengthof(schemes); i++)
	{
		const char *want = schemes[i];
		const char *p = url;

		while (*p && *want)
		{
			if ((unsigned char) *p > 0x20)
			{
				if (pg_tolower((unsigned char) *p) != (unsigned char) *want)
					break;
				want++;
			}
			p++;
		}
		if (*want == '\0')
			return true;
	}
	return false;
}

/* Renders the cleaned tree; cmark's result is freed before we can fail. */
static bool
append_html(cmark_node *document, cmark_mem *mem, StringInfo out,
			const char **error)
{
	char	   *html = cmark_render_html(document, CMARK_OPT_DEFAULT);
	size_t		len = strlen(html);

	if (len > ION_MARKDOWN_OUTPUT_MAX)
		*error = "markdown becomes too long as HTML";
	else
		appendBinaryStringInfo(out, html, (int) len);
	mem->free(html);
	return *error == NULL;
}
