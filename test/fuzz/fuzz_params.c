/* units: src/render/param_type.c src/render/param_check.c src/render/param_localize.c src/render/param_cover.c src/render/locale_format.c src/render/locale_cache.c src/render/moment.c src/render/text_check.c src/render/template.c src/render/template_parse.c src/render/template_tag.c src/render/template_render.c src/render/escape.c src/render/escape_markdown.c src/render/json_escape.c src/render/json_parse.c src/render/json_value.c */
/*-------------------------------------------------------------------------
 *
 * fuzz_params.c
 *	  Any declaration, any params, any template, any language and zone.
 *
 * The input is a byte that chooses a zone, then the declaration, the params,
 * the template and the language, each ended by a zero byte or the end of the
 * input.  What is promised: params that pass the check can be localized, keep
 * every value, and then pass what reads them; a problem is said in valid
 * UTF-8 on one line.
 *
 * Build: clang -g -O1 -fsanitize=fuzzer,address,undefined -DFRONTEND, the
 * include and library paths of the unit tests, this file and its units.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz_arena.h"

#include "mb/pg_wchar.h"
#include "render/param_type.h"

#define CHECK(condition) \
	do { if (!(condition)) __builtin_trap(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* The bytes up to the next zero, as an exact copy. */
static char *
next_part(const uint8 **data, size_t *left, size_t *len)
{
	const uint8 *zero = *left > 0 ? memchr(*data, 0, *left) : NULL;
	char	   *copy;

	*len = zero != NULL ? (size_t) (zero - *data) : *left;
	copy = palloc(*len + 1);
	if (*len > 0)
		memcpy(copy, *data, *len);
	copy[*len] = '\0';
	*data += *len + (zero != NULL);
	*left -= *len + (zero != NULL);
	return copy;
}

static void
check_sentence(const char *s, int len)
{
	CHECK(len > 0 && len < 2048 && s[len] == '\0');
	CHECK(pg_encoding_verifymbstr(PG_UTF8, s, len) == len);
	for (int i = 0; i < len; i++)
		CHECK((unsigned char) s[i] >= 0x20 && s[i] != 0x7f);
}

/* Every text to show is UTF-8 of a bounded length; depth is that of params. */
static void
check_shown(const IonValue *value)
{
	for (int i = 0; value->kind == ION_JSON_ARRAY && i < value->length; i++)
		check_shown(&value->u.items[i]);
	for (int i = 0; value->kind == ION_JSON_OBJECT && i < value->length; i++)
		check_shown(&value->u.members[i].value);
	if ((value->kind == ION_JSON_NUMBER || value->kind == ION_JSON_STRING) &&
		value->shown != NULL)
	{
		size_t		len = strlen(value->shown);

		CHECK(len > 0 && len <= 512);
		CHECK(pg_encoding_verifymbstr(PG_UTF8, value->shown, (int) len) == (int) len);
	}
}

/* Each member given is there, by its name and with its value. */
static void
check_kept(const IonValue *params, const IonValue *localized)
{
	CHECK(localized->kind == ION_JSON_OBJECT);
	for (int i = 0; params->kind == ION_JSON_OBJECT && i < params->length; i++)
	{
		const IonMember *member = &params->u.members[i];
		const IonValue *given = ion_json_get(params, member->key, member->key_length);
		const IonValue *kept = ion_json_get(localized, member->key, member->key_length);

		CHECK(kept != NULL);
		if (given->kind == ION_JSON_NULL)
			continue;			/* a default may be there */
		CHECK(kept->kind == given->kind);
		if (given->kind == ION_JSON_NUMBER || given->kind == ION_JSON_STRING)
			CHECK(strcmp(kept->u.text, given->u.text) == 0);
		CHECK(ion_json_truthy(kept) == ion_json_truthy(given));
	}
}

static void
try_template(const IonParamSet *set, const IonValue *params, const char *text, size_t len)
{
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse(text, len, &err);
	StringInfoData out;

	if (tpl == NULL)
		return;
	initStringInfo(&out);
	if (!ion_param_covers(set, tpl, &out))
		check_sentence(out.data, out.len);
	resetStringInfo(&out);
	if (params != NULL &&
		ion_template_render(tpl, params, ION_ESCAPE_HTML, NULL, NULL, &out, &err))
		CHECK(pg_encoding_verifymbstr(PG_UTF8, out.data, out.len) == out.len);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	static const char *const zones[] = {"Europe/Rome", "UTC", "America/New_York", "Asia/Kolkata"};
	const char *zone;
	const char *error;
	char	   *text;
	char	   *template_text;
	size_t		template_length;
	size_t		len;
	IonValue   *declaration;
	IonValue   *params;
	IonValue   *localized = NULL;
	IonParamSet *set = NULL;
	StringInfoData problem;

	if (size == 0)
		return 0;
	zone = zones[data[0] % lengthof(zones)];
	data++;
	size--;
	text = next_part(&data, &size, &len);
	declaration = ion_json_parse(text, len, &error);
	if (declaration != NULL)
	{
		set = ion_param_declare(declaration, &error);
		CHECK((set == NULL) == (error != NULL));
		if (set == NULL)
			check_sentence(error, (int) strlen(error));
	}
	if (set != NULL)
	{
		text = next_part(&data, &size, &len);
		params = ion_json_parse(text, len, &error);
		template_text = next_part(&data, &size, &template_length);
		text = next_part(&data, &size, &len);	/* the language */
		if (params != NULL)
		{
			bool		fits;

			initStringInfo(&problem);
			fits = ion_param_check(set, params, &problem);
			if (!fits)
				check_sentence(problem.data, problem.len);
			localized = ion_param_localize(set, params, text, zone, &error);
			CHECK((localized == NULL) == (error != NULL));
			CHECK(!fits || localized != NULL);
			if (localized != NULL)
				check_shown(localized);
			if (fits)
				check_kept(params, localized);
		}
		try_template(set, localized, template_text, template_length);
	}
	arena_reset();
	return 0;
}
