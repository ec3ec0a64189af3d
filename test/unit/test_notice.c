/* units: src/render/notice_html.c src/render/notice_text.c src/render/notice_push.c src/render/notice_part.c src/render/notice_fact.c src/render/notice_preview.c src/render/notice_style.c src/render/color.c src/render/escape.c src/render/escape_markdown.c src/render/front_matter.c src/render/grapheme.c src/render/json_escape.c src/render/local_time.c src/render/locale_cache.c src/render/locale_format.c src/render/markdown.c src/render/markdown_text.c src/render/moment.c src/render/phrase.c src/render/text_check.c src/render/text_wrap.c */
#include "base/pure.h"

#include <time.h>

#include "render/notice.h"
#include "render/notice_part.h"
#include "render/phrase.h"
#include "render/text_check.h"
#include "tap.h"

#define SECOND		INT64CONST(1000000)
#define MIDNIGHT	(INT64CONST(1796079600) * SECOND)	/* 2026-12-01 00:00 in Rome */

static IonNotice
sample(void)
{
	IonNotice	n = {0};

	n.id = "0190c1a0-1111-7abc-8def-001122334455";
	n.language = "it";
	n.service = "tributi";
	n.service_title = "Ufficio Tributi";
	n.organization = "Comune di Esempio";
	n.subject = "TARI 2026";
	n.markdown = "Gentile **Mario**,\n\npaghi [qui](https://comune.example.it/tari?a=1&b=2).\n";
	n.reference = "PROT-42";
	n.due_date = ION_NOTICE_NO_DATE;
	return n;
}

static char *
html(const IonNotice *notice)
{
	StringInfoData out;
	const char *error = "";

	initStringInfo(&out);
	if (!ion_notice_html(&out, notice, &error))
		ok(false, "HTML is made: %s", error);
	return out.data;
}

static char *
plain(const IonNotice *notice)
{
	StringInfoData out;
	const char *error = "";

	initStringInfo(&out);
	if (!ion_notice_text(&out, notice, &error))
		ok(false, "text is made: %s", error);
	return out.data;
}

static int
occurrences(const char *in, const char *what)
{
	int			n = 0;

	while ((in = strstr(in, what)) != NULL)
	{
		n++;
		in += strlen(what);
	}
	return n;
}

static void
has(const char *in, const char *what, const char *name)
{
	if (!ok(strstr(in, what) != NULL, "%s", name))
		printf("# no \"%s\" in:\n# %s\n", what, in);
}

static void
has_not(const char *in, const char *what, const char *name)
{
	if (!ok(strstr(in, what) == NULL, "%s", name))
		printf("# \"%s\" in:\n# %s\n", what, in);
}

static void
test_text(void)
{
	IonNotice	n = sample();
	IonLayout	layout = {.footer_markdown = "Piazza *del Popolo* 1", .contacts_markdown = "- urp@example.it",.website = "https://www.example.it/"};

	is_str(plain(&n),
		   "Comune di Esempio\nUfficio Tributi\n\nTARI 2026\n=========\n\n"
		   "Gentile Mario,\n\npaghi qui (https://comune.example.it/tari?a=1&b=2).\n", "text with nothing but text");
	n.due_date = MIDNIGHT;
	n.payment_amount = 12050;
	n.payment_notice = "302012345678901234";
	n.payment_payee = "01234567890";
	n.payment_invalid_after_due_date = true;
	n.unsubscribe_url = "https://comune.example.it/u?token=x";
	n.layout = &layout;
	is_str(plain(&n),
		   "Comune di Esempio\nUfficio Tributi\n\nTARI 2026\n=========\n\n"
		   "Avviso di pagamento\n\n"
		   "Scadenza: 1 dicembre 2026\n"
		   "Importo: 120,50\xc2\xa0\xe2\x82\xac\n"
		   "Codice avviso: 3020 1234 5678 9012 34\n"
		   "Codice fiscale dell'ente creditore: 01234567890\n"
		   "Dopo la scadenza l'avviso non potr\xc3\xa0 pi\xc3\xb9 essere pagato.\n\n"
		   "----------------------------------------\n\n"
		   "Gentile Mario,\n\npaghi qui (https://comune.example.it/tari?a=1&b=2).\n"
		   "\n----------------------------------------\n"
		   "Piazza del Popolo 1\n\nContatti:\n- urp@example.it\n\nSito web: https://www.example.it/\n\n"
		   "Non ricevere pi\xc3\xb9 e-mail da questo servizio:\nhttps://comune.example.it/u?token=x\n", "text with everything");
	n.language = "de";
	n.layout = NULL;
	n.due_date = MIDNIGHT + 10 * 60 * 60 * SECOND;
	has(plain(&n), "Frist: 1. Dezember 2026", "the labels and the date are in the notice's language");
	has(plain(&n), "10:00", "a time that means something is shown");
	n.time_zone = "Europe/London";
	has(plain(&n), "09:00", "in the citizen's time zone");
}

static void
test_html(void)
{
	IonNotice	n = sample();
	char	   *page = html(&n);

	ok(strncmp(page, "<!DOCTYPE html>\n<html lang=\"it\">\n", 33) == 0, "a document that names its language");
	is_int(occurrences(page, "<h1"), 1, "one heading of the first level");
	has(page, ">TARI 2026</h1>", "which is the subject");
	has(page, "<title>TARI 2026</title>", "as is the title");
	is_int(occurrences(page, "role=\"banner\""), 1, "a banner");
	is_int(occurrences(page, "role=\"main\""), 1, "a main part");
	is_int(occurrences(page, "role=\"contentinfo\""), 1, "a footer");
	has(page, "<strong>Mario</strong>", "the Markdown is rendered");
	has(page, "<a href=\"https://comune.example.it/tari?a=1&amp;b=2\" style=\"color:#0055a4;", "links have a style of their own");
	has(page, "aria-hidden=\"true\" style=\"display:none;max-height:0;overflow:hidden;opacity:0;mso-hide:all\">Gentile Mario, paghi qui.</div>", "the preheader is the text's beginning");
	has_not(page, "<img", "no image");
	has_not(page, "src=", "nothing is loaded");
	has_not(page, "url(", "nor by the style sheet");
	has_not(page, "PROT-42", "the sender's reference stays the sender's");
	has_not(page, "tributi<", "so does the service's key");
	has_not(page, "<table class", "no facts, no table");
	n.service_title = n.organization;
	is_int(occurrences(html(&n), "Comune di Esempio"), 2, "a service named like its organization is not named twice");
	n.organization = NULL;
	n.service_title = NULL;
	has_not(html(&n), "role=\"banner\"", "without sender there is no banner");
	has_not(html(&n), "role=\"contentinfo\"", "nor a footer");
	n.subject = NULL;
	has(html(&n), ">Hai un nuovo messaggio</h1>", "without subject there is a heading all the same");
	n.language = "ja";
	has(html(&n), "<html lang=\"ja\">", "a language we do not have is the document's");
	has(html(&n), " lang=\"it\">Hai un nuovo messaggio</h1>", "and our phrases say what theirs is");
	n.language = "de-AT";
	has_not(html(&n), " lang=\"de\"", "a variant of ours needs no such mark");
}

static void
test_facts(void)
{
	IonNotice	n = sample();
	char	   *page;

	n.due_date = MIDNIGHT;
	page = html(&n);
	has(page, "scope=\"row\"", "a due date is a row of a table");
	has(page, ">1 dicembre 2026</td>", "with its date");
	has_not(page, "Avviso di pagamento", "and no payment");
	n.payment_amount = 9999999999;
	n.payment_notice = "302012345678901234";
	page = html(&n);
	has(page, ">99.999.999,99\xc2\xa0\xe2\x82\xac</td>", "the amount, in the notice's language");
	has(page, "white-space:nowrap\">3020 1234 5678 9012 34</td>", "the notice's number, in groups, on one line");
	has_not(page, "potr\xc3\xa0", "payable after the date unless said otherwise");
	has_not(page, "ente creditore", "no payee, no row");
	n.payment_invalid_after_due_date = true;
	has(html(&n), "non potr\xc3\xa0 pi\xc3\xb9 essere pagato", "and said otherwise");
	n.due_date = ION_NOTICE_NO_DATE;
	has_not(html(&n), "non potr\xc3\xa0", "but not without a date");
	n.payment_notice = "RF18 <b>";
	has(html(&n), ">RF18 &lt;b&gt;</td>", "another kind of number is shown as it is");
	n.language = "en";
	has(html(&n), "\xe2\x82\xac" "99,999,999.99</td>", "in English too");
	n.time_zone = "Europe/Atlantis";
	n.due_date = MIDNIGHT;
	{
		StringInfoData out;
		const char *error = NULL;

		initStringInfo(&out);
		ok(!ion_notice_html(&out, &n, &error) && out.len == 0, "an unknown time zone is refused");
		is_str(error, "the time zone is unknown", "and named");
		ok(!ion_notice_text(&out, &n, &error) && out.len == 0, "by the text too");
	}
}

static void
test_front_matter(void)
{
	IonNotice	n = sample();

	n.markdown = "---\nit:\n  cta_1:\n    text: Paga\n    action: ioit://x\n---\n\nTesto.\n";
	has_not(html(&n), "cta_1", "no front matter in the HTML");
	has(html(&n), ">Testo.</p>", "but the text");
	is_str(plain(&n), "Comune di Esempio\nUfficio Tributi\n\nTARI 2026\n=========\n\nTesto.\n", "nor in the text");
	n.preview_only = true;
	has_not(html(&n), "ioit", "nor in a preview");
}

static void
test_headings(void)
{
	IonNotice	n = sample();
	char	   *page;

	n.markdown = "# A\n\n### B\n\n###### C\n\n# D\n\n<h1>no</h1>\n";
	page = html(&n);
	is_int(occurrences(page, "<h1"), 1, "the text's headings stand below the subject");
	has(page, ">A</h2>", "the first level becomes the second");
	has(page, ">B</h3>", "the third level follows without a gap");
	has(page, ">C</h4>", "so does the sixth");
	is_int(occurrences(page, "<h2"), 2, "one level stays one");
	is_int(occurrences(page, "<h2"), occurrences(page, "</h2>"), "every one is closed");
	n.markdown = "###### C\n";
	has(html(&n), ">C</h2>", "a single level is the second, whatever it was");
	n.markdown = "# 1\n## 2\n### 3\n#### 4\n##### 5\n###### 6\n";
	page = html(&n);
	has(page, ">5</h6>", "six levels end at the sixth");
	has(page, ">6</h6>", "all of them");
	n.markdown = "a\n\n***\n\n> b\n\n1. c\n\n- d\n\n```\n<e> & f\n```\n\n[g](https://h.it \"i > j\")\n";
	page = html(&n);
	has(page, "<hr style=\"", "a rule is styled");
	has(page, "<code>&lt;e&gt; &amp; f\n</code></pre>", "code stays code");
	has(page, "title=\"i &gt; j\" style=\"color:", "a title does not end its tag");
}

static void
test_layout(void)
{
	IonNotice	n = sample();
	IonLayout	layout = {0};
	char	   *page;

	n.layout = &layout;
	is_str(html(&n), html((n.layout = NULL, &n)), "an empty layout is the default");
	n.layout = &layout;
	layout.organization = "Comune & Co.";
	layout.logo_url = "https://comune.example.it/logo.png?a=\"";
	has_not(html(&n), "<img", "no image from an odd URL");
	layout.logo_url = "http://comune.example.it/logo.png";
	has_not(html(&n), "<img", "nor from an open one");
	layout.logo_url = "https://comune.example.it/logo.png?a=1&b=2";
	layout.logo_alt = "Stemma \"rosso\"";
	page = html(&n);
	has(page, "<img src=\"https://comune.example.it/logo.png?a=1&amp;b=2\" alt=\"Stemma &quot;rosso&quot;\" width=\"64\" height=\"64\"", "the logo");
	has(page, ">Comune &amp; Co.</div>", "beside the layout's name for the organization");
	has(page, "<table role=\"presentation\"", "in a table that is not read as one");
	layout.logo_alt = NULL;
	has(html(&n), " alt=\"\" ", "without a text of its own it repeats nothing");
	layout.primary_color = "#ffee00";
	page = html(&n);
	has(page, "background-color:#ffee00", "the organization's colour");
	has(page, "color:#000000", "black on yellow");
	has_not(page, ";color:#ffee00", "yellow is not for links");
	layout.primary_color = "#7a1f3d;background:url(https://x)";
	page = html(&n);
	has_not(page, "7a1f3d", "an odd colour is none");
	has(page, "background-color:#0055a4", "but ours");
	layout.website = "javascript:alert(1)";
	has_not(html(&n), "alert(1)", "no website but http");
	layout.website = "http://www.example.it/?a&b";
	has(html(&n), "<a href=\"http://www.example.it/?a&amp;b\" style", "a website");
	layout.footer_markdown = "Piazza *del Popolo* <script>";
	layout.contacts_markdown = "[URP](javascript:alert(1)) [posta](mailto:urp@example.it)";
	layout.unsubscribe_text = "Basta </a><b>";
	n.unsubscribe_url = "http://comune.example.it/u";
	page = html(&n);
	has(page, "Piazza <em>del Popolo</em>", "a footer");
	has(page, ">Contatti</h2>", "contacts");
	has_not(page, "<script", "without tags");
	has_not(page, "javascript", "and without code");
	has_not(page, "Basta", "no unsubscribing by an open URL");
	n.unsubscribe_url = "https://comune.example.it/u?token=x";
	has(html(&n), "<a href=\"https://comune.example.it/u?token=x\" style=\"color:#0055a4;text-decoration:underline\">Basta &lt;/a&gt;&lt;b&gt;</a>", "unsubscribing");
}

static void
preview_is(const char *markdown, const char *language, const char *want, const char *name)
{
	IonNotice	n = sample();
	char	   *body;

	n.preview_only = true;
	n.language = language;
	n.organization = NULL;
	n.service_title = NULL;
	n.subject = "S";
	n.markdown = markdown;
	body = plain(&n);
	if (!ok(strncmp(body, "S\n=\n\n", 5) == 0, "%s: below the subject", name))
		return;
	body += 5;
	/* unwrap the one paragraph, and leave what follows it */
	*strstr(body, "\n\n") = '\0';
	for (char *p = body; *p; p++)
		if (*p == '\n')
			*p = ' ';
	is_str(body, want, name);
}

static void
test_preview(void)
{
	IonNotice	n = sample();
	char		many[200];
	char		cut[200];

	preview_is("Breve.", "it", "Breve.", "a short text is whole");
	preview_is("# Titolo\n\nTesto  con\n*enfasi*.\n\n- uno\n- due\n\n> tre\n", "it", "Titolo Testo con enfasi. - uno - due tre", "one line without marks");
	preview_is("Vada su [sito](https://a.it/b) ora", "it", "Vada su sito [link rimosso] ora", "a link");
	preview_is("Vada su <https://a.it/b>.", "it", "Vada su [link rimosso].", "a URL");
	preview_is("Vada su HTTPS://a.it/b, o www.b.it!", "en", "Vada su [link removed], o [link removed]!", "URLs in the text, in another language");
	preview_is("Vada su [a](https://a.it/b_\\(c\\)) (https://b.it).", "de", "Vada su a [Link entfernt] [Link entfernt].", "with parentheses");
	preview_is("Vada su [a](ioit://x/y) o [b](mailto:a@b.it) o [c](tel:+39061)", "it", "Vada su a [link rimosso] o b [link rimosso] o c [link rimosso]", "other schemes");
	preview_is("Dalle 9:30 alle 13, nota: leggere. Art. 3/b", "it", "Dalle 9:30 alle 13, nota: leggere. Art. 3/b", "what is no link stays");
	memset(many, 'x', sizeof(many) - 1);
	many[sizeof(many) - 1] = '\0';
	memset(cut, 'x', ION_NOTICE_PREVIEW_MAX);
	strcpy(cut + ION_NOTICE_PREVIEW_MAX, "...");
	preview_is(many, "it", cut, "134 characters and three dots");
	many[ION_NOTICE_PREVIEW_MAX] = '\0';
	preview_is(many, "it", many, "134 characters alone");
	{
		StringInfoData in;
		StringInfoData want;

		initStringInfo(&in);
		initStringInfo(&want);
		for (int i = 0; i < 140; i++)
			appendStringInfoString(&in, "\xf0\x9f\x98\x80");
		appendBinaryStringInfo(&want, in.data, ION_NOTICE_PREVIEW_MAX * 4);
		appendStringInfoString(&want, "...");
		preview_is(in.data, "it", want.data, "characters, not octets");
		resetStringInfo(&in);
		for (int i = 0; i < 133; i++)
			appendStringInfoChar(&in, 'e');
		appendStringInfoString(&in, "e\xcc\x81x");
		preview_is(in.data, "it", psprintf("%.133s...", in.data), "a letter keeps its accent, or goes with it");
	}

	n.preview_only = true;
	n.subject = "Da comune.it";
	n.markdown = "Il sito comune.it, ore 9.30, www.x.it. Fine.";
	n.due_date = MIDNIGHT;
	n.payment_amount = 100;
	has(html(&n), ">Il sito comune.\xe2\x80\x8bit, ore 9.\xe2\x80\x8b" "30, [link rimosso]. Fine.</p>", "dots that could make a link are broken");
	has(html(&n), ">Da comune.\xe2\x80\x8bit</h1>", "in the heading too");
	has(plain(&n), "Il sito comune.it, ore 9.30", "but not in the text");
	has(html(&n), "Entra nell'app per leggere il messaggio completo.", "where the rest is");
	has(plain(&n), "\n\nEntra nell'app per leggere il messaggio completo.\n", "in the text too");
	has_not(html(&n), "Importo", "no payment");
	has_not(plain(&n), "Scadenza", "no due date");
	has_not(html(&n), "<a ", "no link");
}

static void
test_secure(void)
{
	IonNotice	n = sample();
	IonLayout	layout = {.organization = "Clinica", .footer_markdown = "Clinica",.contacts_markdown = "Clinica",
		.primary_color = "#123456",.logo_url = "https://clinica.example.it/l.png",.website = "https://clinica.example.it/",
	.unsubscribe_text = "Clinica"};
	StringInfoData title;
	StringInfoData body;
	StringInfoData sms;

	n.secure = true;
	n.layout = &layout;
	n.due_date = MIDNIGHT;
	n.payment_amount = 100;
	n.subject = "Esito HIV";
	n.unsubscribe_url = "https://avvisi.example.it/u?token=x";
	for (int preview = 0; preview < 2; preview++)
	{
		n.preview_only = preview == 1;
		for (int part = 0; part < 2; part++)
		{
			char	   *mail = part ? html(&n) : plain(&n);

			has(mail, "Hai un nuovo messaggio", "an announcement");
			has(mail, "Entra nell'app per leggerlo.", "and where to read it");
			ok(strstr(mail, "HIV") == NULL && strstr(mail, "Mario") == NULL && strstr(mail, "Comune") == NULL &&
			   strstr(mail, "Tributi") == NULL && strstr(mail, "linica") == NULL && strstr(mail, "123456") == NULL &&
			   strstr(mail, "Importo") == NULL && strstr(mail, "Scadenza") == NULL, "and nothing of the message or its sender");
			has(mail, "https://avvisi.example.it/u?token=x", "it can be stopped");
		}
	}
	is_str(ion_notice_subject(&n), "Hai un nuovo messaggio", "so does the mail's subject");
	initStringInfo(&title);
	initStringInfo(&body);
	initStringInfo(&sms);
	ion_notice_push(&n, true, &title, &body);
	is_str(title.data, "Hai un nuovo messaggio", "a push is anonymous, whatever the citizen chose");
	is_str(body.data, "Entra nell'app per leggerlo", "and so is its body");
	ion_notice_sms_source(&sms, &n);
	is_str(sms.data, "Hai un nuovo messaggio. Entra nell'app per leggerlo.", "and an SMS");
	n.markdown = NULL;
	has(html(&n), "Hai un nuovo messaggio", "it needs no text at all");
}

static void
test_push(void)
{
	IonNotice	n = sample();
	StringInfoData title;
	StringInfoData body;
	StringInfoData sms;

	initStringInfo(&title);
	initStringInfo(&body);
	initStringInfo(&sms);
	ion_notice_push(&n, true, &title, &body);
	is_str(title.data, "Comune di Esempio", "full: the organization");
	is_str(body.data, "TARI 2026", "and the subject");
	resetStringInfo(&title);
	resetStringInfo(&body);
	n.language = "de";
	ion_notice_push(&n, false, &title, &body);
	is_str(title.data, "Sie haben eine neue Nachricht", "anonymous: in the citizen's language");
	is_str(body.data, "\xc3\x96" "ffnen Sie die App, um sie zu lesen", "both of them");
	resetStringInfo(&title);
	resetStringInfo(&body);
	n.organization = NULL;
	n.service_title = NULL;
	n.language = "sl";
	ion_notice_push(&n, true, &title, &body);
	is_str(title.data, "Prejeli ste novo sporo\xc4\x8dilo", "without a sender it is anonymous");
	ion_notice_sms_source(&sms, &n);
	is_str(sms.data, "TARI 2026", "an SMS without a sender");
	resetStringInfo(&sms);
	n = sample();
	ion_notice_sms_source(&sms, &n);
	is_str(sms.data, "Comune di Esempio, Ufficio Tributi: TARI 2026", "an SMS");
}

/* Threats T6 and T16: what is a value stays a value. */
static void
test_hostile(void)
{
	static const char *const values[] = {
		"<b>", "</h1><script>alert(1)</script>", "\" onload=\"alert(1)", "](javascript:alert(1))", "<!--", "-->", "<![endif]-->",
		"a\r\nBcc: x@y.it\r\n\r\n.\r\n", "]]>", "{{x}}", "&lt;", "\xe2\x80\xae" "evil\xe2\x80\xac", "\xe2\x81\xa6x", "\x01\x1b[2J",
		"\xc2\x85x\xe2\x80\xa8y", "'", "%s%n", "\\", "javascript:alert(1)"
	};

	for (size_t i = 0; i < lengthof(values); i++)
	{
		const char *v = values[i];
		IonLayout	layout = {v, v, v, v, v, v, v, v};
		IonNotice	n = sample();
		char	   *page;
		char	   *words;
		StringInfoData title;
		StringInfoData body;

		n.id = n.service = n.service_title = n.organization = n.subject = n.reference = v;
		n.markdown = psprintf("Gentile %s, paghi [qui](%s).", v, v);
		n.language = v;
		n.payment_amount = 1;
		n.payment_notice = n.payment_payee = n.unsubscribe_url = v;
		n.layout = &layout;
		for (int preview = 0; preview < 2; preview++)
		{
			n.preview_only = preview == 1;
			page = html(&n);
			words = plain(&n);
			ok(strstr(page, "<b>") == NULL && strstr(page, "<script") == NULL && strstr(page, " onload=\"") == NULL &&
			   strstr(page, "href=\"javascript") == NULL && strstr(page, "src=\"") == NULL && occurrences(page, "<!--") == 2 &&
			   occurrences(page, "<h1") == 1 && occurrences(page, "</html>") == 1, "value %d is harmless in HTML", (int) i);
			ok(strstr(page, "\xe2\x80\xae") == NULL && strstr(words, "\xe2\x80\xae") == NULL && strstr(words, "\xe2\x81\xa6") == NULL,
			   "value %d reverses nobody's text", (int) i);
			ok(strpbrk(words, "\r\x01\x1b") == NULL && ion_text_is_utf8(words, strlen(words)), "value %d is harmless in text", (int) i);
		}
		initStringInfo(&title);
		initStringInfo(&body);
		ion_notice_push(&n, true, &title, &body);
		ion_notice_sms_source(&body, &n);
		ok(!ion_text_has_control(title.data, title.len) && !ion_text_has_control(body.data, body.len), "value %d is one line in a push and an SMS", (int) i);
	}
}

static void
test_line(void)
{
	char		large[10001];
	char	   *line;

	is_str(ion_notice_line(NULL), NULL, "no value");
	is_str(ion_notice_line(""), NULL, "an empty one");
	is_str(ion_notice_line(" \r\n\t\xe2\x80\xae"), NULL, "one with nothing to show");
	is_str(ion_notice_line("  a \t b\r\n\r\nc  "), "a b c", "white space is a space");
	is_str(ion_notice_line("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7"), "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d \xd9\x85\xd8\xb1\xd8\xad\xd8\xa8\xd8\xa7", "Hebrew and Arabic stay");
	is_str(ion_notice_line("a\xff\xc3"), "a\xef\xbf\xbd\xef\xbf\xbd", "what is not UTF-8 is marked");
	for (int i = 0; i < 10000; i += 2)
		memcpy(large + i, "\xc3\xa8", 2);
	large[10000] = '\0';
	line = ion_notice_line(large);
	is_int(strlen(line), ION_NOTICE_LINE_MAX + 3, "ten thousand octets are cut");
	ok(ion_text_is_utf8(line, strlen(line)), "between characters");
	is_int(strlen(ion_notice_line(psprintf("x%s", large))), ION_NOTICE_LINE_MAX + 2, "wherever they are");
	large[ION_NOTICE_LINE_MAX] = '\0';
	is_str(ion_notice_line(large), large, "a thousand are not");
}

static void
test_limits(void)
{
	IonNotice	n = sample();
	StringInfoData large;
	StringInfoData out;
	const char *error = NULL;
	clock_t		begun = clock();

	initStringInfo(&large);
	initStringInfo(&out);
	appendStringInfoString(&out, "x");
	n.markdown = NULL;
	ok(!ion_notice_html(&out, &n, &error) && strcmp(out.data, "x") == 0, "no text, no HTML");
	is_str(error, "the notice has no text", "and says so");
	ok(!ion_notice_text(&out, &n, &error) && strcmp(out.data, "x") == 0, "nor plain text");
	n.markdown = "\xff";
	ok(!ion_notice_html(&out, &n, &error) && strcmp(out.data, "x") == 0, "what is not UTF-8 is refused");
	for (int i = 0; i < 21000; i++)
		appendStringInfoString(&large, i % 2 ? "a+." : "(ww");
	n.markdown = large.data;
	n.preview_only = true;
	ok(ion_notice_html(&out, &n, &error) && ion_notice_text(&out, &n, &error), "63 KB of what could begin a link");
	n.preview_only = false;
	ok(ion_notice_html(&out, &n, &error) && ion_notice_text(&out, &n, &error), "and whole");
	ok(clock() - begun < 10 * CLOCKS_PER_SEC, "take no time");
	resetStringInfo(&large);
	for (int i = 0; i < 70000; i++)
		appendStringInfoChar(&large, 'x');
	resetStringInfo(&out);
	n.markdown = large.data;
	ok(!ion_notice_html(&out, &n, &error) && out.len == 0, "70 KB are refused");
}

int
main(void)
{
	test_text();
	test_html();
	test_facts();
	test_front_matter();
	test_headings();
	test_layout();
	test_preview();
	test_secure();
	test_push();
	test_hostile();
	test_line();
	test_limits();
	return done_testing();
}
