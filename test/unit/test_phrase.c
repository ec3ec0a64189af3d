/* units: src/render/phrase.c src/render/text_check.c */
#include "base/pure.h"

#include "render/phrase.h"
#include "render/text_check.h"
#include "tap.h"

static void
test_complete(void)
{
	static const char *const want[] = {"it", "en", "de", "fr", "es", "sl"};
	const char *const *language = ion_phrase_languages();
	int			n = 0;

	for (; language[n] != NULL; n++)
	{
		if (n < (int) lengthof(want))
			is_str(language[n], want[n], "a language");
		for (int p = 0; p < ION_PHRASE_COUNT; p++)
		{
			const char *phrase = ion_phrase(language[n], (IonPhrase) p);
			size_t		len = phrase ? strlen(phrase) : 0;

			ok(len > 0 && ion_text_is_utf8(phrase, len) && !ion_text_has_control(phrase, len) &&
			   strpbrk(phrase, "<>&\"") == NULL,
			   "%s: phrase %d is there, and plain text", language[n], p);
		}
	}
	is_int(n, lengthof(want), "languages");
}

/* A sentence that is followed by nothing of ours ends; a label does not. */
static void
test_ends(void)
{
	static const IonPhrase sentences[] = {ION_PHRASE_OPEN_APP_FULL, ION_PHRASE_PRIVACY, ION_PHRASE_INVALID_AFTER};

	for (const char *const *language = ion_phrase_languages(); *language != NULL; language++)
	{
		for (int p = 0; p < ION_PHRASE_COUNT; p++)
		{
			const char *phrase = ion_phrase(*language, (IonPhrase) p);
			bool		sentence = false;

			for (size_t i = 0; i < lengthof(sentences); i++)
				sentence = sentence || sentences[i] == (IonPhrase) p;
			ok((phrase[strlen(phrase) - 1] == '.') == sentence, "%s: phrase %d ends as it should", *language, p);
		}
	}
}

/* No column was copied and left in another's language. */
static void
test_distinct(void)
{
	static const IonPhrase told_apart[] = {
		ION_PHRASE_NEW_MESSAGE, ION_PHRASE_OPEN_APP, ION_PHRASE_OPEN_APP_FULL, ION_PHRASE_PRIVACY,
		ION_PHRASE_LINK_REMOVED, ION_PHRASE_DUE_DATE, ION_PHRASE_PAYMENT, ION_PHRASE_AMOUNT,
		ION_PHRASE_PAYMENT_NOTICE, ION_PHRASE_PAYEE, ION_PHRASE_INVALID_AFTER, ION_PHRASE_UNSUBSCRIBE
	};
	const char *const *language = ion_phrase_languages();

	for (size_t p = 0; p < lengthof(told_apart); p++)
	{
		bool		distinct = true;

		for (int i = 0; language[i] != NULL; i++)
		{
			for (int j = 0; j < i; j++)
				distinct = distinct && strcmp(ion_phrase(language[i], told_apart[p]), ion_phrase(language[j], told_apart[p])) != 0;
		}
		ok(distinct, "phrase %d differs from language to language", (int) told_apart[p]);
	}
}

static void
test_choice(void)
{
	struct
	{
		const char *tag;
		const char *language;
	}			choices[] = {
		{"it", "it"}, {"de", "de"}, {"de-AT", "de"}, {"DE_at", "de"}, {"sl-SI", "sl"}, {"es-419", "es"},
		{"fr-", "fr"}, {"en-GB-oxendict", "en"}, {NULL, "it"}, {"", "it"}, {"-", "it"}, {"ja", "it"},
		{"d", "it"}, {"deu", "it"}, {"e", "it"}, {"it\"><b>", "it"}, {"slv", "it"}
	};

	for (size_t i = 0; i < lengthof(choices); i++)
	{
		is_str(ion_phrase_language(choices[i].tag), choices[i].language, choices[i].tag ? choices[i].tag : "(null)");
		is_str(ion_phrase(choices[i].tag, ION_PHRASE_DUE_DATE), ion_phrase(choices[i].language, ION_PHRASE_DUE_DATE), "and the phrase is of that language");
	}
	is_str(ion_phrase("it", ION_PHRASE_NEW_MESSAGE), "Hai un nuovo messaggio", "IO's own title");
	is_str(ion_phrase("it", ION_PHRASE_OPEN_APP), "Entra nell'app per leggerlo", "IO's own body");
	is_str(ion_phrase("it", ION_PHRASE_LINK_REMOVED), "[link rimosso]", "IO's own mark of a link");
}

int
main(void)
{
	test_complete();
	test_ends();
	test_distinct();
	test_choice();
	return done_testing();
}
