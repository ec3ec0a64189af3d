/* units: src/render/template.c src/render/template_parse.c src/render/template_tag.c src/render/template_render.c src/render/template_partials.c src/render/escape.c src/render/escape_markdown.c src/render/json_escape.c src/render/json_parse.c src/render/json_value.c */
/*-------------------------------------------------------------------------
 *
 * fuzz_template.c
 *	  Any template, any values, any partials, any target.
 *
 * The input is a byte that chooses the escape, then the template, the params
 * and the partials, each ended by a zero byte or the end of the input.
 *
 * Build: clang -g -O1 -fsanitize=fuzzer,address,undefined -DFRONTEND, the
 * include and library paths of the unit tests, this file and its units.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz_arena.h"

#include "mb/pg_wchar.h"
#include "render/template_partials.h"

#define CHECK(condition) \
	do { if (!(condition)) __builtin_trap(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* The bytes up to the next zero, as an exact copy without it. */
static char *
next_part(const uint8 **data, size_t *left, size_t *len)
{
	const uint8 *zero = *left > 0 ? memchr(*data, 0, *left) : NULL;
	char	   *copy;

	*len = zero != NULL ? (size_t) (zero - *data) : *left;
	copy = palloc(Max(*len, 1));
	if (*len > 0)
		memcpy(copy, *data, *len);
	*data += *len + (zero != NULL);
	*left -= *len + (zero != NULL);
	return copy;
}

static bool
is_utf8(const char *s, int len)
{
	return pg_encoding_verifymbstr(PG_UTF8, s, len) == len;
}

static void
check_error(const IonTemplateError *err)
{
	CHECK(err->message[0] != '\0');
	CHECK(err->line >= 1 && err->column >= 1);
	CHECK(is_utf8(err->message, (int) strlen(err->message)));
	CHECK(is_utf8(err->partial, (int) strlen(err->partial)));
}

static bool
count_tag(void *arg, const IonTag *tag)
{
	CHECK(tag->length > 0 && tag->line >= 1 && tag->column >= 1);
	CHECK(is_utf8(tag->name, tag->length));
	(*(int *) arg)++;
	return true;
}

static void
render(const IonTemplate *tpl, const IonValue *params, IonPartials *partials,
	   IonEscape escape)
{
	IonTemplateError err;
	StringInfoData out;
	int			tags = 0;

	initStringInfo(&out);
	appendStringInfoString(&out, "before");
	if (ion_template_render(tpl, params, escape, ion_partials_lookup, partials,
							&out, &err))
	{
		CHECK(out.len - 6 <= ION_TEMPLATE_OUTPUT_MAX);
		CHECK(is_utf8(out.data, out.len));
	}
	else
	{
		check_error(&err);
		CHECK(out.len == 6);
	}
	CHECK(memcmp(out.data, "before", 6) == 0);
	CHECK(out.data[out.len] == '\0');
	CHECK(ion_template_tags(tpl, count_tag, &tags));
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	size_t		len;
	char	   *text;
	const char *error;
	IonTemplate *tpl;
	IonTemplateError err;
	IonValue   *params;
	IonPartials *partials;
	IonEscape	escape;

	if (size == 0)
		return 0;
	escape = (IonEscape) (data[0] % (ION_ESCAPE_SMS + 1));
	data++;
	size--;

	text = next_part(&data, &size, &len);
	tpl = ion_template_parse(text, len, &err);
	pfree(text);
	if (tpl != NULL)
	{
		text = next_part(&data, &size, &len);
		params = ion_json_parse(text, len, &error);
		text = next_part(&data, &size, &len);
		partials = ion_partials_create(ion_json_parse(text, len, &error), &error);
		if (partials == NULL)
			partials = ion_partials_create(NULL, &error);
		render(tpl, params, partials, escape);
	}
	else
		check_error(&err);
	arena_reset();
	return 0;
}
