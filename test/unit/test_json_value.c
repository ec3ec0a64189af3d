/* units: src/render/json_value.c src/render/json_parse.c src/render/json_escape.c */
/*-------------------------------------------------------------------------
 *
 * test_json_value.c
 *	  JSON text to tree, tree to text, and text to JSON strings.
 *
 * Memory is reclaimed by contexts in the server, so here nothing is freed.
 *
 *-------------------------------------------------------------------------
 */
#include "render/json_value.h"

#include "tap.h"

const char *__lsan_default_options(void);

const char *
__lsan_default_options(void)
{
	return "detect_leaks=0";
}

static const char *
round_trip(const char *text, size_t len)
{
	const char *error = NULL;
	IonValue   *value = ion_json_parse(text, len, &error);
	StringInfoData out;

	if (value == NULL)
		return psprintf("error: %s", error);
	if (error != NULL)
		return "a value and an error";
	initStringInfo(&out);
	if (!ion_json_write(&out, value))
		return "not written";
	return out.data;
}

static void
trips(const char *text, const char *want, const char *name)
{
	is_str(round_trip(text, strlen(text)), want, name);
}

static void
refused(const char *text, size_t len, const char *want, const char *name)
{
	const char *got = round_trip(text, len);

	is_str(got, psprintf("error: %s", want), name);
}

static void
test_values(void)
{
	trips("null", "null", "null");
	trips(" true ", "true", "true, blanks around it");
	trips("false", "false", "false");
	trips("-12.50e+3", "-12.50e+3", "a number keeps its text");
	trips("123456789012345678901234567890", "123456789012345678901234567890",
		  "a number is of any size");
	trips("\"\"", "\"\"", "an empty string");
	trips("[]", "[]", "an empty array");
	trips("{}", "{}", "an empty object");
	trips("[1, [2, [3]], {\"a\": []}]", "[1,[2,[3]],{\"a\":[]}]", "nesting");
	trips("{\"b\":1,\"a\":{\"c\":[true,null]},\"\":\"x\"}",
		  "{\"b\":1,\"a\":{\"c\":[true,null]},\"\":\"x\"}", "members keep their order");
	trips("\"\\u00e8 \\ud83d\\ude00 \\/ \\n\"",
		  "\"\xC3\xA8 \xF0\x9F\x98\x80 / \\n\"", "escapes are resolved");
	trips("\"a\\\"b\\\\c\\u001f\"", "\"a\\\"b\\\\c\\u001f\"", "and made again");
	trips("[\"]]]]\",\"{\\\"[\"]", "[\"]]]]\",\"{\\\"[\"]", "brackets in strings");
}

static void
test_refusals(void)
{
	refused("", 0, "JSON text ends too early", "no text");
	refused("{\"a\":", 5, "JSON text ends too early", "cut short");
	refused("[1,2", 4, "JSON text ends too early", "array not closed");
	refused("1 2", 3, "text follows the JSON value", "two values");
	refused("nulla", 5, "invalid JSON", "not a JSON word");
	refused("{a:1}", 5, "invalid JSON", "a key without quotes");
	refused("[1,]", 4, "invalid JSON", "a comma too many");
	refused("01", 2, "invalid JSON", "a number with a leading zero");
	refused("\"\n\"", 3, "JSON string has an unescaped control character",
			"a line end in a string");
	refused("\"\\x\"", 4, "JSON string has an invalid escape", "an unknown escape");
	refused("\"\\u0000\"", 8, "JSON string holds \\u0000, which text cannot",
			"a zero character");
	refused("\"\\ud800\"", 8, "JSON string has an invalid \\u escape",
			"a lone high surrogate");
	refused("\"\\udc00\"", 8, "JSON string has an invalid \\u escape",
			"a lone low surrogate");
	refused("\"\xC3\"", 3, "JSON text is not valid UTF-8", "a cut character");
	refused("\"\xED\xA0\x80\"", 5, "JSON text is not valid UTF-8",
			"a surrogate in UTF-8");
	refused("1\0002", 3, "JSON text is not valid UTF-8", "a zero byte");
}

static char *
repeated(const char *piece, int times, const char *tail)
{
	StringInfoData text;

	initStringInfo(&text);
	for (int i = 0; i < times; i++)
		appendStringInfoString(&text, piece);
	appendStringInfoString(&text, tail);
	return text.data;
}

static void
test_limits(void)
{
	char	   *open = repeated("[", ION_JSON_DEPTH_MAX, "");
	char	   *close = repeated("]", ION_JSON_DEPTH_MAX, "");
	char	   *text = psprintf("%s%s", open, close);

	is_str(round_trip(text, strlen(text)), text, "as deep as allowed");
	text = psprintf("[%s%s]", open, close);
	refused(text, strlen(text), "JSON is nested too deeply", "one level more");
	text = repeated("[", 1000000, "");
	refused(text, strlen(text), "JSON is nested too deeply", "a million brackets");
	text = repeated("{\"a\":", 100000, "");
	refused(text, strlen(text), "JSON is nested too deeply", "a hundred thousand braces");

	text = psprintf("[%s", repeated("0,", ION_JSON_NODES_MAX - 2, "0]"));
	is_str(round_trip(text, strlen(text)), text, "as many values as allowed");
	text = psprintf("[%s", repeated("0,", ION_JSON_NODES_MAX - 1, "0]"));
	refused(text, strlen(text), "JSON has too many values", "one value more");
	text = psprintf("[%s", repeated("{\"a\":[\"b\"]},", ION_JSON_NODES_MAX, "0]"));
	refused(text, strlen(text), "JSON has too many values", "many more, nested");
	text = repeated(" ", ION_JSON_TEXT_MAX, "1");
	refused(text, strlen(text), "JSON text is too long", "too many bytes");
	is_str(round_trip(text + 1, ION_JSON_TEXT_MAX), "1", "just short enough");
}

static void
test_lookup(int members)
{
	StringInfoData text;
	const char *error;
	IonValue   *object;
	const IonValue *found;
	int			wrong = 0;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"\":\"empty\",\"twice\":1,");
	for (int i = 0; i < members; i++)
		appendStringInfo(&text, "\"k%d\":%d,", (i * 7919) % members, i);
	appendStringInfoString(&text, "\"twice\":2}");
	object = ion_json_parse(text.data, text.len, &error);

	for (int i = 0; i < members; i++)
	{
		char	   *key = psprintf("k%d", (i * 7919) % members);

		found = ion_json_get(object, key, strlen(key));
		if (found == NULL || found->kind != ION_JSON_NUMBER ||
			strcmp(found->u.text, psprintf("%d", i)) != 0 ||
			ion_json_find(object, key, strlen(key)) != i + 2)
			wrong++;
	}
	is_int(wrong, 0, psprintf("%d keys are found", members));
	ok((object->by_key != NULL) == (members + 3 > 8), "%s index",
	   members + 3 > 8 ? "through an" : "without an");
	found = ion_json_get(object, "twice", 5);
	is_str(found ? found->u.text : NULL, "2", "of equal keys the last wins");
	found = ion_json_get(object, "", 0);
	is_str(found ? found->u.text : NULL, "empty", "the empty key is a key");
	ok(ion_json_get(object, "k", 1) == NULL, "a prefix is no key");
	ok(ion_json_get(object, "zzzzzzzzz", 9) == NULL, "an absent key is not found");
}

static void
test_lookup_elsewhere(void)
{
	const char *error;
	IonValue   *array = ion_json_parse("[{\"a\":1}]", 9, &error);

	ok(ion_json_get(array, "a", 1) == NULL, "an array has no members");
	ok(ion_json_get(NULL, "a", 1) == NULL, "no value has none either");
	is_int(ion_json_find(&array->u.items[0], "a", 1), 0, "an item has");
}

static void
test_truth(void)
{
	static const char *const falsey[] = {
		"null", "false", "\"\"", "[]", "0", "-0", "0.000", "0e10", "-0.0E-5"
	};
	static const char *const truthy[] = {
		"true", "\"0\"", "\" \"", "[0]", "{}", "1", "-1", "0.01", "1e-400", "10"
	};
	const char *error;

	ok(!ion_json_truthy(NULL), "no value is falsey");
	for (size_t i = 0; i < lengthof(falsey); i++)
		ok(!ion_json_truthy(ion_json_parse(falsey[i], strlen(falsey[i]), &error)),
		   "%s is falsey", falsey[i]);
	for (size_t i = 0; i < lengthof(truthy); i++)
		ok(ion_json_truthy(ion_json_parse(truthy[i], strlen(truthy[i]), &error)),
		   "%s is truthy", truthy[i]);
}

static void
test_write_depth(void)
{
	IonValue	values[ION_JSON_DEPTH_MAX + 1];
	StringInfoData out;

	memset(values, 0, sizeof(values));
	for (int i = 0; i <= ION_JSON_DEPTH_MAX; i++)
	{
		values[i].kind = ION_JSON_ARRAY;
		values[i].length = i < ION_JSON_DEPTH_MAX ? 1 : 0;
		values[i].u.items = &values[i + (i < ION_JSON_DEPTH_MAX)];
	}
	initStringInfo(&out);
	ok(ion_json_write(&out, &values[1]), "a hand-made tree of the allowed depth");
	ok(!ion_json_write(&out, &values[0]), "a deeper one is refused");
}

/*
 * Every byte at every place of a word, against the rule read aloud.
 */
static void
test_escape_bytes(void)
{
	int			wrong = 0;

	for (int length = 1; length <= 19; length++)
	{
		for (int at = 0; at < length; at++)
		{
			for (int c = 1; c < 0x80; c++)
			{
				char		text[20];
				char		want[8];
				StringInfoData out;

				memset(text, 'x', sizeof(text));
				text[at] = (char) c;
				switch (c)
				{
					case '"':
					case '\\':
						snprintf(want, sizeof(want), "\\%c", c);
						break;
					case '\b':
						strcpy(want, "\\b");
						break;
					case '\t':
						strcpy(want, "\\t");
						break;
					case '\n':
						strcpy(want, "\\n");
						break;
					case '\f':
						strcpy(want, "\\f");
						break;
					case '\r':
						strcpy(want, "\\r");
						break;
					default:
						snprintf(want, sizeof(want), c < 0x20 ? "\\u%04x" : "%c", c);
				}
				initStringInfo(&out);
				ion_json_escape_inner(&out, text, length);
				if (out.len != length - 1 + (int) strlen(want) ||
					strspn(out.data, "x") < (size_t) (c == 'x' ? 0 : at) ||
					strncmp(out.data + at, want, strlen(want)) != 0)
					wrong++;
				pfree(out.data);
			}
		}
	}
	is_int(wrong, 0, "each ASCII byte at each place is escaped as RFC 8259 says");
}

static void
test_escape(void)
{
	StringInfoData out;

	initStringInfo(&out);
	ion_json_escape(&out, "", 0);
	ion_json_escape(&out, "\"\"\\\"", 4);
	ion_json_escape(&out, "perch\xC3\xA9 \xE2\x82\xAC 5 \xF0\x9F\x98\x80", 18);
	is_str(out.data, "\"\"\"\\\"\\\"\\\\\\\"\"\"perch\xC3\xA9 \xE2\x82\xAC 5 \xF0\x9F\x98\x80\"",
		   "quotes around, UTF-8 untouched");
	resetStringInfo(&out);
	ion_json_escape(&out, "a\0b", 3);
	is_str(out.data, "\"a\\u0000b\"", "a zero byte is escaped too");
}

int
main(void)
{
	test_values();
	test_refusals();
	test_limits();
	test_lookup(0);
	test_lookup(5);
	test_lookup(6);
	test_lookup(50);
	test_lookup(20000);
	test_lookup_elsewhere();
	test_truth();
	test_write_depth();
	test_escape_bytes();
	test_escape();
	return done_testing();
}
