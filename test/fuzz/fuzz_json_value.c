/* units: src/render/json_escape.c src/render/json_parse.c src/render/json_value.c */
/*-------------------------------------------------------------------------
 *
 * fuzz_json_value.c
 *	  Any bytes as JSON text, and any text as a JSON string.
 *
 * What parses must write, parse again and write the same; each member must be
 * found by its key; and a string must come back from its escaped form.
 *
 * Build: clang -g -O1 -fsanitize=fuzzer,address,undefined -DFRONTEND, the
 * include and library paths of the unit tests, this file and its units.
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz_arena.h"

#include "mb/pg_wchar.h"
#include "render/json_value.h"

#define CHECK(condition) \
	do { if (!(condition)) __builtin_trap(); } while (0)

int			LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

/* Depth is bounded by the parser. */
static void
check_members(const IonValue *value)
{
	(void) ion_json_truthy(value);
	for (int i = 0; value->kind == ION_JSON_ARRAY && i < value->length; i++)
		check_members(&value->u.items[i]);
	for (int i = 0; value->kind == ION_JSON_OBJECT && i < value->length; i++)
	{
		const IonMember *member = &value->u.members[i];
		int			found = ion_json_find(value, member->key, member->key_length);

		/* this one, or a later one of the same key */
		CHECK(found >= i);
		CHECK(strcmp(value->u.members[found].key, member->key) == 0);
		check_members(&member->value);
	}
}

static void
check_round_trip(const IonValue *value)
{
	const char *error;
	IonValue   *again;
	StringInfoData first;
	StringInfoData second;

	initStringInfo(&first);
	initStringInfo(&second);
	CHECK(ion_json_write(&first, value));
	again = ion_json_parse(first.data, first.len, &error);
	CHECK(again != NULL && error == NULL);
	CHECK(ion_json_write(&second, again));
	CHECK(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
}

static void
check_string(const char *text, size_t len)
{
	const char *error;
	IonValue   *value;
	StringInfoData out;

	initStringInfo(&out);
	ion_json_escape(&out, text, len);
	value = ion_json_parse(out.data, out.len, &error);
	CHECK(value != NULL && value->kind == ION_JSON_STRING);
	CHECK(value->length == (int) len && memcmp(value->u.text, text, len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	const char *error;
	char	   *text = palloc(Max(size, 1));
	IonValue   *value;

	if (size > 0)
		memcpy(text, data, size);
	value = ion_json_parse(text, size, &error);
	CHECK((value == NULL) == (error != NULL));
	if (value != NULL)
	{
		check_members(value);
		check_round_trip(value);
	}
	if (pg_encoding_verifymbstr(PG_UTF8, text, (int) size) == (int) size)
		check_string(text, size);
	arena_reset();
	return 0;
}
