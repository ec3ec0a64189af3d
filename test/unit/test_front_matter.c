/* units: src/render/front_matter.c */
#include "base/pure.h"

#include "render/front_matter.h"
#include "tap.h"

static void
rest_is(const char *markdown, const char *want, const char *name)
{
	size_t		len = strlen(markdown);
	char	   *exact = palloc(Max(len, 1));	/* its bounds are watched */
	size_t		matter;

	memcpy(exact, markdown, len);
	matter = ion_front_matter_length(exact, len);
	pfree(exact);
	if (!ok(matter <= len, "%s: within the text", name))
		return;
	is_str(markdown + matter, want, name);
}

int
main(void)
{
	rest_is("---\nit:\n  cta_1:\n    text: Paga\n    action: ioit://x\n---\nTesto", "Testo", "IO's buttons");
	rest_is("---\r\nit:\r\n  a: 1\r\n---\r\n\r\nTesto\r\n", "Testo\r\n", "CRLF, and the blank line after it");
	rest_is("---\rit: {}\r---\rTesto", "Testo", "CR");
	rest_is("---  \nen:\t{cta: 1}\n---\t\n  \n\nText", "Text", "spaces after the marks");
	rest_is("\xef\xbb\xbf---\nit:\n---\nTesto", "Testo", "after a byte order mark");
	rest_is("---\nit:\n---", "", "nothing after it");
	rest_is("---\nit:\n---\n---\nTesto", "---\nTesto", "a rule after it stays");

	rest_is("Testo\n---\nit:\n---\n", "Testo\n---\nit:\n---\n", "not at the start");
	rest_is("\n---\nit:\n---\n", "\n---\nit:\n---\n", "not after a blank line");
	rest_is("---\nit:\n  a: 1\n", "---\nit:\n  a: 1\n", "never closed");
	rest_is("---\nTesto tra due righe\n---\nTesto", "---\nTesto tra due righe\n---\nTesto", "a text between two rules stays");
	rest_is("---\n\nTesto\n\n---\n", "---\n\nTesto\n\n---\n", "so does one after a blank line");
	rest_is("---\nAttenzione: leggere\n---\n", "", "a key and its value");
	rest_is("---\nGentile signora: leggere\n---\nTesto", "---\nGentile signora: leggere\n---\nTesto", "a sentence is no key");
	rest_is("---\nhttps://x\n---\nTesto", "---\nhttps://x\n---\nTesto", "neither is a URL");
	rest_is("---\n---\nTesto", "---\n---\nTesto", "two rules");
	rest_is("----\nit:\n----\nTesto", "----\nit:\n----\nTesto", "four hyphens");
	rest_is("--- it:\n---\n", "--- it:\n---\n", "more on the first line");
	rest_is("---", "---", "a rule alone");
	rest_is("", "", "nothing");
	return done_testing();
}
