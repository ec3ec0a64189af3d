/* units: src/render/sms_pattern.c src/render/template.c src/render/template_parse.c src/render/template_tag.c */
/*
 * Texts against patterns as telephone companies register them.
 */
#include "render/sms_pattern.h"

#include "test/unit/tap.h"

static void
matches(const char *text, const char *pattern, bool want, const char *what)
{
	ok(ion_sms_pattern_matches(text, pattern) == want, "%s: %s", what, want ? "matches" : "does not match");
}

static char *
repeated(const char *unit, int n)
{
	StringInfoData out;

	initStringInfo(&out);
	for (int i = 0; i < n; i++)
		appendStringInfoString(&out, unit);
	return out.data;
}

static void
literals(void)
{
	matches("", "", true, "nothing");
	matches("a", "", false, "more than nothing");
	matches("", "a", false, "less than a letter");
	matches("Rata 1", "Rata 1", true, "itself");
	matches("Rata 12", "Rata 1", false, "more at the end");
	matches("Rata ", "Rata 1", false, "less at the end");
	matches("rata 1", "Rata 1", false, "case");
	matches("{#var#", "{#var#", true, "half a hole is text");
	matches("{##}", "{##}", true, "a hole without a name is text");
	matches("{#v1#}", "{#v1#}", true, "a digit makes no hole");
	matches("{{#var#}", "{{#var#}", true, "a brace before a hole is text, and the hole a hole");
	matches("{x", "{{#var#}", true, "so anything may follow it");
}

static void
holes(void)
{
	const char *thirty = repeated("x", 30);
	const char *accents = repeated("\xc3\xa8", 30);
	const char *emoji = repeated("\xf0\x9f\x98\x80", 30);

	matches("", "{#var#}", true, "a hole may be empty");
	matches(thirty, "{#var#}", true, "thirty letters");
	matches(repeated("x", 31), "{#var#}", false, "thirty-one letters");
	matches(repeated("x", 31), "{#var#}{#var#}", true, "in two holes");
	matches(repeated("x", 60), "{#var#}{#var#}", true, "sixty in two holes");
	matches(repeated("x", 61), "{#var#}{#var#}", false, "sixty-one in two holes");
	matches(accents, "{#var#}", true, "thirty accents are thirty characters");
	matches(repeated("\xc3\xa8", 31), "{#var#}", false, "thirty-one are not");
	matches(emoji, "{#var#}", true, "thirty emoji");
	matches(repeated("\xf0\x9f\x98\x80", 31), "{#var#}", false, "thirty-one emoji");
	matches(thirty, "{#numeric#}", true, "any name");
	matches(psprintf("Rata %s!", thirty), "Rata {#var#}!", true, "between literals");
	matches(psprintf("Rata %sx!", thirty), "Rata {#var#}!", false, "too much between literals");
	matches("Rata !", "Rata {#var#}!", true, "nothing between literals");
	matches("abc abc abd", "{#var#}abd", true, "a literal is found behind a false start");
	matches("aXbXc", "a{#var#}X{#var#}c", true, "the first of two ways out");
	matches("aXbXc", "a{#var#}bX{#var#}", true, "the second");
	matches("Rata 1, totale 2 euro", "Rata {#var#}, totale {#var#} euro", true, "two holes");
	matches("Rata 1, totale 2", "Rata {#var#}, totale {#var#} euro", false, "the end is missing");
	matches(psprintf("%sab", repeated("a", 29)), "{#var#}ab", true, "a hole leaves what follows it its own");
	/* the greedy way fails: the first hole has to give back */
	matches(psprintf("%s-%s-", repeated("x", 20), repeated("y", 25)), "{#var#}-{#var#}-", true, "holes that share");
	matches("x\ny", "x{#var#}y", true, "a line end is a character");
}

static void
limits(void)
{
	char	   *pattern = repeated("{#var#}", ION_SMS_PATTERN_MAX / 7);
	char	   *text = repeated("a", ION_SMS_PATTERN_TEXT_MAX);

	ok(ion_sms_pattern_matches(text, pattern), "the largest of both");
	ok(!ion_sms_pattern_matches(psprintf("%sa", text), pattern), "a text beyond the limit");
	ok(!ion_sms_pattern_matches("a", repeated("{#var#}", ION_SMS_PATTERN_MAX / 7 + 1)), "a pattern beyond the limit");
	/* what makes backtracking matchers explode */
	ok(!ion_sms_pattern_matches(repeated("a", 2000), psprintf("%sb", repeated("{#var#}a", 400))), "no way through many holes");
}

static void
pattern_of(const char *source, const char *want, const char *what)
{
	IonTemplateError err;
	IonTemplate *tpl = ion_template_parse(source, strlen(source), &err);
	StringInfoData out;

	initStringInfo(&out);
	appendStringInfoString(&out, "> ");
	if (want == NULL)
	{
		ok(!ion_sms_pattern_of(tpl, ION_SMS_HOLE, &out), "%s: no pattern", what);
		is_str(out.data, "> ", "and nothing is left behind");
		return;
	}
	ok(ion_sms_pattern_of(tpl, ION_SMS_HOLE, &out), "%s: a pattern", what);
	is_str(out.data, psprintf("> %s", want), what);
}

static void
same(const char *a, const char *b, bool want, const char *what)
{
	ok(ion_sms_pattern_same(a, b) == want && ion_sms_pattern_same(b, a) == want, "%s", what);
}

int
main(void)
{
	literals();
	holes();
	limits();

	pattern_of("Rata {{n}} del {{giorno}}", "Rata {#var#} del {#var#}", "variables");
	pattern_of("{{{n}}}{{&m}}", "{#var#}{#var#}", "raw variables");
	pattern_of("a{{! comment }}b", "ab", "comments");
	pattern_of("{{=<% %>=}}<% n %>", "{#var#}", "delimiters");
	pattern_of("", "", "nothing");
	pattern_of("{{#n}}a{{/n}}", NULL, "a section");
	pattern_of("a {{^n}}a{{/n}}", NULL, "an inverted section");
	pattern_of("{{n}} {{>p}}", NULL, "a partial");

	same("", "", true, "two empty patterns");
	same("a{#var#}", "a{#var#}", true, "the same");
	same("a{#var#}", "a{#numeric#}", true, "names of holes do not matter");
	same("a{#var#}{#var#}{#var#}b", "a{#var#}b", true, "nor how long they are");
	same("a{#var#}b{#var#}", "a{#var#}b", false, "a hole more");
	same("a{#var#}", "ab", false, "a hole is no letter");
	same("a", "ab", false, "a letter more");
	same("{#var#}", "", false, "a hole is not nothing");
	return done_testing();
}
