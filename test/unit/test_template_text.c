/* units: src/render/template_text.c src/render/template.c src/render/template_parse.c src/render/template_tag.c src/render/template_render.c src/render/template_partials.c src/render/escape.c src/render/escape_markdown.c src/render/json_value.c src/render/json_parse.c src/render/json_escape.c src/render/text_check.c */
/*
 * Which text of a template goes to which reader, and what is put into it.
 */
#include "render/template_text.h"

#include "test/unit/tap.h"

static IonTemplateText
text_of(const char *channel, const char *language, const char *markdown)
{
	IonTemplateText text = {.channel = channel, .language = language, .markdown = markdown, .subject = "S"};

	return text;
}

/* The body chosen for a channel by up to three languages, "-" when none. */
static const char *
chosen(IonTemplateText *texts, int n, const char *channel, const char *first, const char *second, const char *third)
{
	const char *const languages[] = {first, second, third};
	IonTemplateText *text = ion_template_text_choose(texts, n, channel, languages, 3);

	return text == NULL ? "-" : text->markdown;
}

static void
choosing(void)
{
	IonTemplateText texts[] = {
		text_of("", "it", "it"),
		text_of("sms", "it", "it sms"),
		text_of("", "de", "de"),
		text_of("", "de-AT", "de-AT"),
		text_of("push", "fr", "fr push"),
	};
	int			n = lengthof(texts);

	is_str(chosen(texts, n, "email", "it", NULL, NULL), "it", "for every channel");
	is_str(chosen(texts, n, "sms", "it", NULL, NULL), "it sms", "the channel's own comes first");
	is_str(chosen(texts, n, "sms", "de", "it", NULL), "de", "but not before the language");
	is_str(chosen(texts, n, "email", "de-AT", NULL, NULL), "de-AT", "a language with its region");
	is_str(chosen(texts, n, "email", "de-CH", NULL, NULL), "de", "else without it");
	is_str(chosen(texts, n, "email", "de-AT-1996", NULL, NULL), "de-AT", "subtag by subtag");
	is_str(chosen(texts, n, "email", "DE-at", NULL, NULL), "de-AT", "in any case");
	is_str(chosen(texts, n, "email", "d", "it", NULL), "it", "a part of a tag is no tag");
	is_str(chosen(texts, n, "email", "dex", "it", NULL), "it", "nor is more than a tag");
	is_str(chosen(texts, n, "email", "fr", "de", "it"), "de", "a text of another channel does not count");
	is_str(chosen(texts, n, "push", "fr", "de", "it"), "fr push", "it does on its own");
	is_str(chosen(texts, n, "email", NULL, NULL, "it"), "it", "wishes nobody has are passed over");
	is_str(chosen(texts, n, "email", "", "it", NULL), "it", "so are empty ones");
	is_str(chosen(texts, n, "email", "sl", "es", NULL), "de", "none of them: the first in the alphabet");
	is_str(chosen(texts, n, "email", NULL, NULL, NULL), "de", "no wish at all");
	is_str(chosen(texts + 4, 1, "email", "fr", NULL, NULL), "-", "nothing for the channel");
	is_str(chosen(texts, 0, "email", "it", NULL, NULL), "-", "no texts");
	ok(ion_template_text_choose(texts, n, "sms", NULL, 0) == &texts[2], "without a list: the first language, here for every channel");
}

static IonTemplateText *
filled_in(IonTemplateText *text, const char *params, StringInfo subject, StringInfo body, IonTemplateError *err)
{
	const char *error;
	IonValue   *value = ion_json_parse(params, strlen(params), &error);

	resetStringInfo(subject);
	resetStringInfo(body);
	return ion_template_text_compile(text, err) && ion_template_text_render(text, value, subject, body, err) ? text : NULL;
}

static void
filling(void)
{
	static const char *const hostile = "{\"n\": \"<b>*x*</b>\\r\\nBcc: a@b\", \"l\": [1, 2]}";
	IonTemplateText mail = text_of("", "it", "Ciao {{n}}{{>coda}}");
	IonTemplateText sms = text_of("sms", "it", "Ciao {{n}}{{>coda}}");
	IonTemplateText bad = text_of("", "it", "{{#a}}");
	IonTemplateError err;
	StringInfoData subject;
	StringInfoData body;

	initStringInfo(&subject);
	initStringInfo(&body);
	mail.subject = "Per {{n}}";
	mail.partials = "{\"coda\": \":{{#l}}{{.}}{{>punto}}{{/l}}\", \"punto\": \".\"}";
	ok(filled_in(&mail, hostile, &subject, &body, &err) != NULL, "a mail is filled in");
	is_str(subject.data, "Per <b>*x*</b>  Bcc: a@b", "its subject is one line, and no markup to a header");
	is_str(body.data, "Ciao &lt;b&gt;\\*x\\*&lt;/b&gt;  Bcc: a@b:1.2.", "its body is Markdown, partials within partials too");
	ok(!ion_template_text_is_plain(&mail), "which is not plain text");

	sms.subject = NULL;
	sms.partials = mail.partials;
	ok(filled_in(&sms, hostile, &subject, &body, &err) != NULL, "an SMS is filled in");
	is_str(subject.data, "", "it has no subject");
	is_str(body.data, "Ciao <b>*x*</b>  Bcc: a@b:1.2.", "its text is plain");
	ok(ion_template_text_is_plain(&sms), "and says so");

	ok(filled_in(&mail, "{}", &subject, &body, &err) != NULL, "compiled once, filled in again");
	is_str(body.data, "Ciao :", "with nothing in it");

	ok(filled_in(&bad, "{}", &subject, &body, &err) == NULL, "what is no template is not compiled");
	ok(strstr(err.message, "not closed") != NULL, "and says why: %s", err.message);
	bad = text_of("", "it", "a");
	bad.subject = "{{/a}}";
	ok(filled_in(&bad, "{}", &subject, &body, &err) == NULL, "nor a subject");
	bad = text_of("", "it", "{{>p}}");
	bad.partials = "{\"p\": \"{{#x}}\"}";
	ok(filled_in(&bad, "{}", &subject, &body, &err) == NULL, "nor a partial");
	is_str(err.partial, "p", "which is named");
	bad = text_of("", "it", "{{>p}}");
	bad.partials = "[]";
	ok(filled_in(&bad, "{}", &subject, &body, &err) == NULL, "partials are an object");
	bad.partials = "{";
	ok(filled_in(&bad, "{}", &subject, &body, &err) == NULL, "and JSON");
	bad.partials = NULL;
	ok(filled_in(&bad, "{}", &subject, &body, &err) != NULL, "a partial there is none of is nothing");
	is_str(body.data, "", "nothing at all");
}

int
main(void)
{
	static const IonRegistration registrations[] = {{"gw", "T1", "a"}, {"altro", "T2", NULL}};
	IonTemplateText text = text_of("sms", "it", "a");

	choosing();
	filling();
	text.registrations = registrations;
	text.n_registrations = 2;
	is_str(ion_template_text_registration(&text, "altro")->provider_template_id, "T2", "a provider's registration");
	ok(ion_template_text_registration(&text, "terzo") == NULL, "another has none");
	return done_testing();
}
