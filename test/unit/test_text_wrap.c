/* units: src/render/text_wrap.c src/render/text_check.c */
#include "base/pure.h"

#include <time.h>

#include "render/text_check.h"
#include "render/text_wrap.h"
#include "tap.h"

#define TEN "parola uno"				/* ten characters */
#define URL "https://comune.example.it/servizi/pagamenti/tari?anno=2026&rata=2&immobile=123456"

static void
wraps(const char *text, const char *want, const char *name)
{
	StringInfoData out;
	size_t		len = strlen(text);
	char	   *exact = palloc(Max(len, 1));

	memcpy(exact, text, len);
	initStringInfo(&out);
	ion_text_wrap(&out, exact, len);
	is_str(out.data, want, name);
	pfree(exact);
	pfree(out.data);
}

/* Whatever is wrapped has its words, in their order. */
static void
test_words(void)
{
	StringInfoData in;
	StringInfoData out;
	unsigned	seed = 20261123;
	bool		same = true;
	const char *p;
	const char *q;

	initStringInfo(&in);
	initStringInfo(&out);
	for (int i = 0; i < 20000; i++)
	{
		seed = seed * 1103515245 + 12345;
		appendStringInfoString(&in, ((const char *[]) {"a", " ", "-", "\n", "12.", "> ", "per\xc3\xb2", "  ", URL})[seed / 65536 % 9]);
	}
	ion_text_wrap(&out, in.data, in.len);
	for (p = in.data, q = out.data; *p != '\0' && *q != '\0';)
	{
		size_t		n = strcspn(p, " \n>");
		size_t		m = strcspn(q, " \n>");

		same = same && n == m && memcmp(p, q, n) == 0;
		p += n;
		p += strspn(p, " \n>");
		q += m;
		q += strspn(q, " \n>");
	}
	ok(same && *p == '\0' && *q == '\0', "the words of a random text stay");
}

static void
test_time(void)
{
	StringInfoData in;
	StringInfoData out;
	clock_t		begun = clock();

	initStringInfo(&in);
	initStringInfo(&out);
	for (int i = 0; i < 1024 * 1024 / 2; i++)
		appendStringInfoString(&in, i % 3 ? "- " : "9)");
	ion_text_wrap(&out, in.data, in.len);
	ok(clock() - begun < 5 * CLOCKS_PER_SEC, "a megabyte of marks takes no time");
}

int
main(void)
{
	wraps("", "", "nothing");
	wraps("breve", "breve", "a short line");
	wraps("a\n\nb\n", "a\n\nb\n", "short lines keep their ends");
	wraps(TEN " " TEN " " TEN " " TEN " " TEN " " TEN " " "sei", TEN " " TEN " " TEN " " TEN " " TEN " " TEN " sei", "69 characters fit");
	wraps(TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seise", TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seise", "so do 71");
	wraps(TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seisei", TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seisei", "and 72");
	wraps(TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seiseix", TEN " " TEN " " TEN " " TEN " " TEN " " TEN "\nseiseix", "73 do not");
	wraps("\xc3\xa8" TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seise", "\xc3\xa8" TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seise", "characters are counted, not octets");
	wraps("Paga qui: " URL " oppure in banca", "Paga qui:\n" URL "\noppure in banca", "a URL stays whole");
	wraps(URL URL, URL URL, "so does a word that is too long");
	wraps("- " TEN " " TEN " " TEN " " TEN " " TEN " " TEN " fine fine", "- " TEN " " TEN " " TEN " " TEN " " TEN " " TEN " fine\n  fine", "an item goes on under its text");
	wraps("  12. " TEN " " TEN " " TEN " " TEN " " TEN " " TEN " fine", "  12. " TEN " " TEN " " TEN " " TEN " " TEN " " TEN "\n      fine", "a nested one too");
	wraps("> > " TEN " " TEN " " TEN " " TEN " " TEN " " TEN " fine", "> > " TEN " " TEN " " TEN " " TEN " " TEN " " TEN "\n> > fine", "a quotation stays one");
	wraps("    " TEN " " TEN " " TEN " " TEN " " TEN " " TEN " " TEN, "    " TEN " " TEN " " TEN " " TEN " " TEN " " TEN " " TEN, "code stays as it is");
	wraps("> " "    " TEN " " TEN " " TEN " " TEN " " TEN " " TEN " " TEN, ">     " TEN " " TEN " " TEN " " TEN " " TEN " " TEN " " TEN, "in a quotation too");
	wraps(TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seise - x", TEN " " TEN " " TEN " " TEN " " TEN " " TEN "\nseise - x", "no line begins with a hyphen of its own: the word before it comes along");
	wraps(TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seise > x", TEN " " TEN " " TEN " " TEN " " TEN " " TEN "\nseise > x", "nor with a quote mark");
	wraps(TEN " " TEN " " TEN " " TEN " " TEN " " TEN " seise 12. x", TEN " " TEN " " TEN " " TEN " " TEN " " TEN "\nseise 12. x", "nor with a number of a list");
	test_words();
	test_time();
	return done_testing();
}
