/* units: src/render/param_type.c src/render/param_check.c src/render/param_localize.c src/render/locale_format.c src/render/locale_cache.c src/render/moment.c src/render/text_check.c src/render/json_escape.c src/render/json_parse.c src/render/json_value.c */
/*-------------------------------------------------------------------------
 *
 * test_param_type.c
 *	  Declarations of parameters, good and ill, and params against them.
 *
 *-------------------------------------------------------------------------
 */
#include "params.h"

static char *
repeated(const char *before, const char *piece, int times, const char *after)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, before);
	for (int i = 0; i < times; i++)
		appendStringInfo(&text, "%s%s", i > 0 ? "," : "", piece);
	appendStringInfoString(&text, after);
	return text.data;
}

static const char *
declared(const char *declaration)
{
	const char *error = "never set";
	IonParamSet *set = ion_param_declare(json(declaration), &error);

	if ((set == NULL) != (error != NULL))
		return "a set and an error, or neither";
	return set == NULL ? error : "read";
}

static void
test_declarations(void)
{
	static const char *const good[] = {
		"{}",
		"{\"a\":\"text\",\"b\":\"integer\",\"c\":\"number\",\"d\":\"money\",\"e\":\"boolean\","
		"\"f\":\"date\",\"g\":\"time\",\"h\":\"timestamp\",\"i\":\"url\",\"j\":\"list\",\"k\":\"object\"}",
		"{\"a\":{\"type\":\"text\"}}",
		"{\"a\":{\"type\":\"text\",\"required\":false,\"max\":80,\"default\":\"x\"}}",
		"{\"a\":{\"type\":\"text\",\"max\":100000}}",
		"{\"a\":{\"type\":\"list\",\"max\":10000,\"items\":\"money\"}}",
		"{\"a\":{\"type\":\"list\",\"items\":{}}}",
		"{\"a\":{\"type\":\"list\",\"items\":{\"type\":\"text\"}}}",
		"{\"a\":{\"type\":\"object\",\"fields\":{\"b\":\"text\"}}}",
		"{\"_a\":\"text\",\"a-b\":\"text\",\"a1\":\"text\",\"citt\xc3\xa0\":\"text\",\"raw\":\"text\",\"raw_\":\"text\"}",
		"{\"a\":{\"type\":\"money\",\"default\":0}}",
		"{\"a\":{\"type\":\"list\",\"items\":{\"b\":\"date\"},\"default\":[{\"b\":\"2026-01-15\"}]}}",
		"{\"a\":{\"type\":\"object\",\"fields\":{\"b\":{\"type\":\"object\",\"fields\":{\"c\":"
		"{\"type\":\"list\",\"items\":{\"d\":\"text\"}}}}}}}",
	};

	for (size_t i = 0; i < lengthof(good); i++)
		is_str(declared(good[i]), "read", psprintf("declaration %d", (int) i));
	is_str(declared(repeated("{\"a\":{\"type\":\"object\",\"fields\":{", "", 1, "}}}")), "read", "no fields");
}

static void
test_ill_declarations(void)
{
	static const char *const cases[][2] = {
		{"null", "a declaration must be a JSON object"},
		{"[]", "a declaration must be a JSON object"},
		{"\"text\"", "a declaration must be a JSON object"},
		{"{\"a\":null}", "parameter \"a\": its declaration must be a type or an object"},
		{"{\"a\":7}", "parameter \"a\": its declaration must be a type or an object"},
		{"{\"a\":[\"text\"]}", "parameter \"a\": its declaration must be a type or an object"},
		{"{\"a\":\"string\"}", "parameter \"a\": unknown type; there are text, integer, number, money, boolean, "
		"date, time, timestamp, url, list and object"},
		{"{\"a\":\"\"}", "parameter \"a\": unknown type; there are text, integer, number, money, boolean, "
		"date, time, timestamp, url, list and object"},
		{"{\"a\":{}}", "parameter \"a\": its declaration has no \"type\""},
		{"{\"a\":{\"type\":7}}", "parameter \"a\": its declaration has no \"type\""},
		{"{\"a\":{\"type\":\"text\",\"maximum\":7}}",
		"parameter \"a\": type text knows \"type\", \"required\", \"default\", \"max\", nothing else"},
		{"{\"a\":{\"type\":\"money\",\"max\":7}}",
		"parameter \"a\": type money knows \"type\", \"required\", \"default\", nothing else"},
		{"{\"a\":{\"type\":\"list\",\"fields\":{}}}",
		"parameter \"a\": type list knows \"type\", \"required\", \"default\", \"max\", \"items\", nothing else"},
		{"{\"a\":{\"type\":\"object\",\"items\":{}}}",
		"parameter \"a\": type object knows \"type\", \"required\", \"default\", \"fields\", nothing else"},
		{"{\"a\":{\"type\":\"text\",\"required\":\"no\"}}", "parameter \"a\": \"required\" must be true or false"},
		{"{\"a\":{\"type\":\"text\",\"required\":true,\"default\":\"\"}}",
		"parameter \"a\": what has a default cannot be required"},
		{"{\"a\":{\"type\":\"text\",\"max\":0}}", "parameter \"a\": \"max\" must be a whole number from 1 to 100000"},
		{"{\"a\":{\"type\":\"text\",\"max\":-1}}", "parameter \"a\": \"max\" must be a whole number from 1 to 100000"},
		{"{\"a\":{\"type\":\"text\",\"max\":100001}}", "parameter \"a\": \"max\" must be a whole number from 1 to 100000"},
		{"{\"a\":{\"type\":\"text\",\"max\":1e3}}", "parameter \"a\": \"max\" must be a whole number from 1 to 100000"},
		{"{\"a\":{\"type\":\"text\",\"max\":99999999999999999999}}",
		"parameter \"a\": \"max\" must be a whole number from 1 to 100000"},
		{"{\"a\":{\"type\":\"text\",\"max\":\"80\"}}", "parameter \"a\": \"max\" must be a whole number from 1 to 100000"},
		{"{\"a\":{\"type\":\"text\",\"max\":null}}", "parameter \"a\": \"max\" must be a whole number from 1 to 100000"},
		{"{\"a\":{\"type\":\"list\",\"max\":10001}}", "parameter \"a\": \"max\" must be a whole number from 1 to 10000"},
		{"{\"a\":{\"type\":\"list\",\"items\":7}}", "parameter \"a\": \"items\" must be a declaration or the type of a scalar"},
		{"{\"a\":{\"type\":\"list\",\"items\":\"list\"}}",
		"parameter \"a\": \"items\" must be a declaration or the type of a scalar"},
		{"{\"a\":{\"type\":\"list\",\"items\":{\"b\":\"wrong\"}}}",
			"parameter \"a[].b\": unknown type; there are text, integer, number, money, boolean, "
		"date, time, timestamp, url, list and object"},
		{"{\"a\":{\"type\":\"object\",\"fields\":[]}}", "parameter \"a\": a declaration must be a JSON object"},
		{"{\"a\":{\"type\":\"object\",\"fields\":{\"b\":{\"type\":\"object\",\"fields\":{\"c\":7}}}}}",
		"parameter \"a.b.c\": its declaration must be a type or an object"},
		{"{\"a\":\"text\",\"b\":\"text\",\"a\":\"money\"}", "parameter \"a\": declared twice"},
		{"{\"a_raw\":\"text\"}", "parameter \"a_raw\": names ending in _raw are kept for values as they were given"},
		{"{\"_raw\":\"text\"}", "parameter \"_raw\": names ending in _raw are kept for values as they were given"},
		{"{\"a\":{\"type\":\"money\",\"default\":\"7\"}}",
		"default: parameter \"a\" must be money: whole euro cents, a number of at most 15 digits"},
		{"{\"a\":{\"type\":\"text\",\"max\":2,\"default\":\"abc\"}}", "default: parameter \"a\" is longer than 2 characters"},
		{"{\"a\":{\"type\":\"text\",\"default\":null}}", "default: parameter \"a\" must be a text"},
		{"{\"a\":{\"type\":\"list\",\"items\":{\"b\":\"date\"},\"default\":[{\"b\":\"\"}]}}",
		"default: parameter \"a[0].b\" must be a date: YYYY-MM-DD"},
	};
	static const char *const names[] = {
		"", "1a", "-a", "a b", "a.b", "a\\u0001", "a\\u0085", "a}}", "#a", "{a", "a/b", "a\\\"", "a\\n",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};

	for (size_t i = 0; i < lengthof(cases); i++)
		is_str(declared(cases[i][0]), cases[i][1], psprintf("ill declaration %d", (int) i));
	for (size_t i = 0; i < lengthof(names); i++)
		is_str(declared(psprintf("{\"%s\":\"text\"}", names[i])),
			   "a name has 1 to 63 bytes: letters, digits, _ and -, a letter or _ first",
			   psprintf("ill name %d", (int) i));
	is_str(declared("{\"o\":{\"type\":\"object\",\"fields\":{\"a b\":\"text\"}}}"),
		   "parameter \"o\": a name has 1 to 63 bytes: letters, digits, _ and -, a letter or _ first",
		   "an ill name inside");
}

static char *
nested(int levels)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoString(&text, "{\"a\":");
	for (int i = 1; i < levels; i++)
		appendStringInfoString(&text, i % 2 ? "{\"type\":\"object\",\"fields\":{\"a\":" :
							   "{\"type\":\"list\",\"items\":{\"a\":");
	appendStringInfoString(&text, "\"text\"");
	for (int i = 1; i < levels; i++)
		appendStringInfoString(&text, "}}");
	appendStringInfoChar(&text, '}');
	return text.data;
}

static void
test_declaration_limits(void)
{
	StringInfoData text;
	const char *error;

	is_str(declared(nested(4)), "read", "four levels");
	is_str(declared(nested(5)), "parameter \"a.a[].a.a[]\": declarations are more than 4 levels deep",
		   "not five");
	is_str(declared(nested(30)), "parameter \"a.a[].a.a[]\": declarations are more than 4 levels deep",
		   "nor thirty");
	for (int count = 200; count <= 201; count++)
	{
		initStringInfo(&text);
		appendStringInfoString(&text, "{\"o\":{\"type\":\"object\",\"fields\":{");
		for (int i = 1; i < count; i++)
			appendStringInfo(&text, "%s\"p%d\":\"money\"", i > 1 ? "," : "", i);
		appendStringInfoString(&text, "}}}");
		is_str(declared(text.data), count == 200 ? "read" :
			   "parameter \"o\": more than 200 parameters are declared",
			   psprintf("%d parameters", count));
	}
	ok(ion_param_declare(NULL, &error) == NULL && strcmp(error, "a declaration must be a JSON object") == 0,
	   "nothing is no declaration");
}

/*
 * Each type against values that fit and values that do not; the message never
 * holds the value.
 */
static void
test_scalars(void)
{
	static const struct
	{
		const char *type;
		const char *must;		/* what the message says it must be */
		const char *good[10];
		const char *ill[16];
	}			cases[] = {
		{"text", "must be a text",
			{"\"\"", "\"a\"", "\"{{a}} <b> \\\"q\\\" \\\\ ](javascript:alert(1))\"", "\"l1\\r\\nl2\\tx\"", "\"\xf0\x9f\x92\xb6\""},
		{"7", "true", "[]", "{}"}},
		{"integer", "must be a whole number of at most 40 digits",
			{"0", "-0", "7", "-12345678901234567890", "1e2", "1234567890123456789012345678901234567890"},
		{"\"7\"", "7.0", "0.5", "1e-1", "1e40", "1e999999999", "12345678901234567890123456789012345678901", "true", "[7]"}},
		{"number", "must be a number of at most 40 digits before the point and after it",
			{"0", "-0.0", "7", "12.50", "1e2", "1e-40", "0.1234567890123456789012345678901234567890"},
		{"\"12.5\"", "1e40", "1e-41", "1e999999999", "-1e-999999999", "false", "{}"}},
		{"money", "must be money: whole euro cents, a number of at most 15 digits",
			{"0", "-0", "1250", "-1250", "999999999999999"},
		{"12.50", "1e2", "\"1250\"", "1000000000000000", "99999999999999999999", "[]", "true"}},
		{"boolean", "must be true or false",
			{"true", "false"},
		{"0", "1", "\"true\"", "[]", "{}"}},
		{"date", "must be a date: YYYY-MM-DD",
			{"\"2026-01-15\"", "\"0001-01-01\"", "\"9999-12-31\"", "\"2024-02-29\""},
			{"20260115", "\"2026-02-29\"", "\"15/01/2026\"", "\"2026-01-15T00:00:00Z\"", "\"\"", "\"infinity\"",
		"\"10000-01-01\"", "\"2026-01-15\\n\""}},
		{"time", "must be a time: HH:MM or HH:MM:SS",
			{"\"00:00\"", "\"14:30\"", "\"14:30:59\"", "\"14:30:59.123456\""},
		{"\"24:00\"", "\"14\"", "\"2:30\"", "\"14:30Z\"", "14", "\"\""}},
		{"timestamp", "must be a timestamp with its offset: YYYY-MM-DDTHH:MM:SS+HH:MM or Z",
			{"\"2026-01-15T14:30:00Z\"", "\"2026-01-15T14:30:00.123456+01:00\"", "\"2026-01-15 14:30:00+01\"",
			"\"1890-01-01T00:00:00+00:49:56\""},
			{"\"2026-01-15T14:30:00\"", "\"2026-01-15\"", "1768483800", "\"infinity\"", "\"-infinity\"",
		"\"0044-03-15T12:00:00+00:00 BC\"", "\"\""}},
		{"url", "must be a URL: https://, at most 2048 bytes of ASCII, no user information",
			{"\"https://example.org\"", "\"HTTPS://Example.org:8443/a?b=c&d=%20#e\"", "\"https://[2001:db8::1]:443/\"",
				"\"https://192.0.2.1/\"", "\"https://example.org?x@y\"", "\"https://example.org/@a:b\"",
			"\"https://example.org/~a/(b)*'!;$,+=\""},
			{"\"http://example.org\"", "\"javascript:alert(1)\"", "\"https:/example.org\"", "\"https://\"",
				"\"https:///path\"", "\"https://user@example.org/\"", "\"https://user:secret@example.org/\"",
				"\"https://example.org/a b\"", "\"https://example.org/\\n\"", "\"https://ex\xc3\xa0mple.org\"",
				"\"https://example.org\\\\@evil.example\"", "\"https://example.org/%0\"", "\"https://example.org:port/\"",
		"\"https://example.org/<b>\"", "\" https://example.org\"", "7"}},
		{"list", "must be a list", {"[]", "[1,\"a\",null,{},[[]]]"}, {"{}", "\"[]\"", "7", "false"}},
		{"object", "must be an object", {"{}", "{\"a\":[{}],\"b c\":null}"}, {"[]", "\"{}\"", "7", "false"}},
	};

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		char	   *declaration = psprintf("{\"p\":\"%s\"}", cases[i].type);

		for (int n = 0; n < 10 && cases[i].good[n] != NULL; n++)
			is_str(checked(declaration, psprintf("{\"p\":%s}", cases[i].good[n])), "fits",
				   psprintf("%s %d", cases[i].type, n));
		for (int n = 0; n < 16 && cases[i].ill[n] != NULL; n++)
			is_str(checked(declaration, psprintf("{\"p\":%s}", cases[i].ill[n])),
				   psprintf("parameter \"p\" %s", cases[i].must), psprintf("ill %s %d", cases[i].type, n));
	}
}

static void
test_more_urls(void)
{
	static const char *const ill[] = {
		"https://.example.org", "https://-example.org", "https://exa_mple.org", "https://example.org:",
		"https://example.org:123456", "https://[::1", "https://[]/", "https://[::1]x", "https://[::1%25eth0]/",
		"https://a:b:c", "https://exam|ple.org", "https://#", "https://?", "https://example.org/%zz", "https://"
	};

	for (size_t i = 0; i < lengthof(ill); i++)
		is_str(checked("{\"p\":\"url\"}", psprintf("{\"p\":\"%s\"}", ill[i])),
			   "parameter \"p\" must be a URL: https://, at most 2048 bytes of ASCII, no user information",
			   psprintf("ill URL %d", (int) i));
	for (int length = 2048; length <= 2049; length++)
	{
		char	   *url = psprintf("https://example.org/%*s", length - 20, "");

		for (char *c = url; *c != '\0'; c++)
		{
			if (*c == ' ')
				*c = 'a';
		}
		ok((strcmp(checked("{\"p\":\"url\"}", psprintf("{\"p\":\"%s\"}", url)), "fits") == 0) == (length == 2048),
		   "a URL of %d bytes", length);
	}
}

static void
test_checks(void)
{
	static const char items[] =
		"{\"items\":{\"type\":\"list\",\"max\":3,\"items\":{\"price\":\"money\",\"note\":{\"type\":\"text\",\"required\":false},"
		"\"tags\":{\"type\":\"list\",\"items\":\"integer\",\"required\":false}}}}";
	static const char object[] =
		"{\"o\":{\"type\":\"object\",\"required\":false,\"fields\":{\"day\":\"date\"}}}";

	is_str(checked("{}", NULL), "fits", "nothing is declared and nothing given");
	is_str(checked("{}", "null"), "fits", "null is nothing");
	is_str(checked("{}", "{}"), "fits", "an empty object is nothing");
	is_str(checked("{}", "[]"), "params must be a JSON object", "a list is not");
	is_str(checked("{\"a\":\"text\"}", "\"a\""), "params must be a JSON object", "nor is a string");
	is_str(checked("{\"a\":\"text\"}", NULL), "parameter \"a\" is missing", "missing");
	is_str(checked("{\"a\":\"text\"}", "{\"a\":null}"), "parameter \"a\" is missing", "null is missing");
	is_str(checked("{\"a\":{\"type\":\"text\",\"required\":false}}", "{\"a\":null}"), "fits", "and may be, if optional");
	is_str(checked("{\"a\":{\"type\":\"text\",\"default\":\"x\"}}", "{}"), "fits", "so may what has a default");
	is_str(checked("{\"a\":\"text\"}", "{\"a\":\"x\",\"b\":1}"), "parameter \"b\" is not declared", "unknown");
	is_str(checked("{\"a\":\"money\"}", "{\"a\":1,\"a_raw\":1}"), "parameter \"a_raw\" is not declared",
		   "raw values are ours to give");
	is_str(checked("{}", "{\"a b\":1}"), "params hold a name that no parameter can have", "a name that is not repeated");
	is_str(checked("{\"a\":\"text\"}", "{\"a\":7,\"a\":\"x\"}"), "fits", "of equal keys the last counts");
	is_str(checked("{\"a\":\"text\"}", "{\"a\":\"x\",\"a\":7}"), "parameter \"a\" must be a text", "the last");

	is_str(checked(items, "{\"items\":[]}"), "fits", "an empty list");
	is_str(checked(items, "{\"items\":[{\"price\":1},{\"price\":2,\"note\":\"x\",\"tags\":[1,2]}]}"), "fits", "a list");
	is_str(checked(items, "{\"items\":[{\"price\":1},{\"price\":2},{\"price\":\"3\"}]}"),
		   "parameter \"items[2].price\" must be money: whole euro cents, a number of at most 15 digits", "a path");
	is_str(checked(items, "{\"items\":[{\"price\":1},{}]}"), "parameter \"items[1].price\" is missing", "missing inside");
	is_str(checked(items, "{\"items\":[{\"price\":1,\"prize\":1}]}"), "parameter \"items[0].prize\" is not declared",
		   "unknown inside");
	is_str(checked(items, "{\"items\":[{\"price\":1,\"\\u001b[2J\":1}]}"),
		   "parameter \"items[0]\" holds a name that no parameter can have", "a hostile name inside");
	is_str(checked(items, "{\"items\":[{\"price\":1,\"tags\":[1,\"2\"]}]}"),
		   "parameter \"items[0].tags[1]\" must be a whole number of at most 40 digits", "a scalar in a list");
	is_str(checked(items, "{\"items\":[{\"price\":1,\"tags\":[null]}]}"),
		   "parameter \"items[0].tags[0]\" must be a whole number of at most 40 digits", "null is no item");
	is_str(checked(items, "{\"items\":[1]}"), "parameter \"items[0]\" must be an object", "an item of another kind");
	is_str(checked(items, "{\"items\":[{\"price\":1},{\"price\":1},{\"price\":1},{\"price\":1}]}"),
		   "parameter \"items\" has more than 3 items", "too many items");
	is_str(checked(object, "{}"), "fits", "an object may be missing");
	is_str(checked(object, "{\"o\":{}}"), "parameter \"o.day\" is missing", "but not its field");
	is_str(checked(object, "{\"o\":{\"day\":\"2026-02-30\"}}"), "parameter \"o.day\" must be a date: YYYY-MM-DD",
		   "a field that does not fit");
}

static void
test_check_limits(void)
{
	static const char optional[] =
		"{\"l\":{\"type\":\"list\",\"max\":10000,\"items\":{"
		"\"a\":{\"type\":\"text\",\"required\":false},\"b\":{\"type\":\"text\",\"required\":false},"
		"\"c\":{\"type\":\"text\",\"required\":false},\"d\":{\"type\":\"text\",\"required\":false},"
		"\"e\":{\"type\":\"text\",\"required\":false},\"f\":{\"type\":\"text\",\"required\":false},"
		"\"g\":{\"type\":\"text\",\"required\":false},\"h\":{\"type\":\"text\",\"required\":false},"
		"\"i\":{\"type\":\"text\",\"required\":false},\"j\":{\"type\":\"text\",\"required\":false}}}}";
	char	   *defaults = psprintf("{\"l\":{\"type\":\"list\",\"items\":{\"m\":{\"type\":\"list\",\"items\":\"text\",\"default\":%s}}}}",
									repeated("[", "\"\"", 200, "]"));
	static const char *const controls[] = {"\\u0001", "a\\u001bb", "\\u007f", "\\u0085", "\\u2028", "x\\n\\b"};
	const char *error;
	char	   *many = repeated("{\"l\":[", "{}", 10000, "]}");

	is_str(checked("{\"a\":\"text\"}", psprintf("{\"a\":\"%01000d\"}", 0)), "fits", "a thousand characters");
	is_str(checked("{\"a\":\"text\"}", psprintf("{\"a\":\"%01001d\"}", 0)),
		   "parameter \"a\" is longer than 1000 characters", "not one more");
	is_str(checked("{\"a\":{\"type\":\"text\",\"max\":2}}", "{\"a\":\"\xc3\xa8\xf0\x9f\x92\xb6\"}"), "fits",
		   "characters, not bytes");
	is_str(checked("{\"a\":{\"type\":\"text\",\"max\":1}}", "{\"a\":\"\xc3\xa8\xf0\x9f\x92\xb6\"}"),
		   "parameter \"a\" is longer than 1 characters", "and they are counted");
	for (size_t i = 0; i < lengthof(controls); i++)
		is_str(checked("{\"a\":\"text\"}", psprintf("{\"a\":\"%s\"}", controls[i])),
			   "parameter \"a\" holds a control character other than tab and line end",
			   psprintf("control character %d", (int) i));
	is_str(checked("{\"l\":\"list\"}", repeated("{\"l\":[", "0", 1000, "]}")), "fits", "a thousand items");
	is_str(checked("{\"l\":\"list\"}", repeated("{\"l\":[", "0", 1001, "]}")),
		   "parameter \"l\" has more than 1000 items", "not one more");

	is_str(checked(optional, repeated("{\"l\":[", "{}", 9000, "]}")), "fits", "99001 values that are not there");
	is_str(checked(optional, many), "params hold more than 100000 values", "but not 110001");
	ok(ion_param_localize(set_of(optional), json(many), "it", "UTC", &error) == NULL,
	   "nor can they be had without the check: %s", error);
	is_str(checked(defaults, repeated("{\"l\":[", "{}", 400, "]}")), "fits", "80801 values out of a default");
	is_str(checked(defaults, repeated("{\"l\":[", "{}", 500, "]}")), "params hold more than 100000 values",
		   "but not 101001");
}

int
main(void)
{
	test_declarations();
	test_ill_declarations();
	test_declaration_limits();
	test_scalars();
	test_more_urls();
	test_checks();
	test_check_limits();
	return done_testing();
}
