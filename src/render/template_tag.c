/*-------------------------------------------------------------------------
 *
 * template_tag.c
 *	  One Mustache tag: its delimiters, its name, its line.
 *
 * A tag stands alone when only blanks precede it since the last line end and
 * only blanks follow it up to the next; its whole line then leaves the output
 * (specification, "Standalone").  Another tag on the line is not blank, so
 * the test needs no memory of tags already seen.
 *
 *-------------------------------------------------------------------------
 */
#include "render/template_tag.h"

#include "render/template_node.h"

static void measure_line(const char *text, int length, IonRawTag *tag);
static bool check_name(const char *text, const IonRawTag *tag,
					   IonTemplateError *err);
static bool check_parts(const char *text, const IonRawTag *tag,
						IonTemplateError *err);

bool
ion_tag_scan(const char *text, int length, int start,
			 const char *open, const char *close,
			 IonRawTag *tag, IonTemplateError *err)
{
	char		closing[ION_TEMPLATE_DELIMITER_MAX + 2];
	int			at = start + (int) strlen(open);
	int			end;

	memset(tag, 0, sizeof(*tag));
	tag->start = start;
	while (at < length && ion_tag_is_blank(text[at]))
		at++;
	if (at < length && strchr("#^/>&{=!", text[at]) != NULL)
		tag->sigil = text[at++];

	/* {{{ and {{= close with one character more */
	snprintf(closing, sizeof(closing), "%s%s",
			 tag->sigil == '{' ? "}" : tag->sigil == '=' ? "=" : "", close);
	end = ion_tag_find(text, length, at, closing);
	if (end < 0)
		return ion_template_fail(err, text, start,
								 "tag is not closed by \"%s\"", closing);
	tag->end = end + (int) strlen(closing);

	while (at < end && ion_tag_is_blank(text[at]))
		at++;
	while (end > at && ion_tag_is_blank(text[end - 1]))
		end--;
	tag->name = at;
	tag->name_length = end - at;

	if (tag->sigil != 0 && strchr("#^/>=!", tag->sigil) != NULL)
		measure_line(text, length, tag);
	return check_name(text, tag, err);
}

/*
 * Does the tag stand alone on its line, and where does that line begin and
 * end?  "\n", "\r\n" and the ends of the text bound a line.
 */
static void
measure_line(const char *text, int length, IonRawTag *tag)
{
	int			from = tag->start;
	int			to = tag->end;

	while (from > 0 && (text[from - 1] == ' ' || text[from - 1] == '\t'))
		from--;
	while (to < length && (text[to] == ' ' || text[to] == '\t'))
		to++;
	if (from > 0 && text[from - 1] != '\n')
		return;

	if (to < length)
	{
		if (text[to] == '\r')	/* the copy ends in a zero */
			to++;
		if (text[to] != '\n')
			return;
		to++;
	}
	tag->standalone = true;
	tag->line_start = from;
	tag->line_end = to;
}

/*
 * The rules for a tag's content.  Comments and delimiters have none here.
 */
static bool
check_name(const char *text, const IonRawTag *tag, IonTemplateError *err)
{
	const char *name = text + tag->name;

	if (tag->sigil == '!' || tag->sigil == '=')
		return true;
	if (tag->name_length == 0)
		return ion_template_fail(err, text, tag->start, "tag has no name");
	if (tag->name_length > ION_TEMPLATE_NAME_MAX)
		return ion_template_fail(err, text, tag->start,
								 "tag name is longer than %d bytes",
								 ION_TEMPLATE_NAME_MAX);
	for (int i = 0; i < tag->name_length; i++)
	{
		unsigned char c = (unsigned char) name[i];

		if (c <= ' ' || c == 0x7F)
			return ion_template_fail(err, text, tag->start,
									 "tag name holds a blank or a control character");
	}
	if (tag->sigil == 0 && (name[0] == '<' || name[0] == '$'))
		return ion_template_fail(err, text, tag->start,
								 "template inheritance (\"%c\") is not supported",
								 name[0]);
	if (tag->sigil == '>')
	{
		if (name[0] == '*')
			return ion_template_fail(err, text, tag->start,
									 "dynamic partial names are not supported");
		return true;
	}
	return check_parts(text, tag, err);
}

/*
 * Dotted names: no part may be empty, but for the lone dot and a leading one.
 */
static bool
check_parts(const char *text, const IonRawTag *tag, IonTemplateError *err)
{
	const char *name = text + tag->name;

	if (tag->name_length == 1 && name[0] == '.')
		return true;
	for (int i = 0; i < tag->name_length; i++)
	{
		if (name[i] == '.' && (i + 1 == tag->name_length || name[i + 1] == '.'))
			return ion_template_fail(err, text, tag->start,
									 "name \"%.*s\" has an empty part",
									 tag->name_length, name);
	}
	return true;
}

int
ion_tag_find(const char *text, int length, int from, const char *needle)
{
	size_t		needle_length = strlen(needle);
	const char *at = text + from;
	const char *end = text + length;

	while ((size_t) (end - at) >= needle_length)
	{
		at = memchr(at, needle[0], end - at - needle_length + 1);
		if (at == NULL)
			return -1;
		if (memcmp(at, needle, needle_length) == 0)
			return (int) (at - text);
		at++;
	}
	return -1;
}

bool
ion_tag_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}
