/*-------------------------------------------------------------------------
 *
 * phrase.h
 *	  The words we add to a notice, in the citizen's language.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_RENDER_PHRASE_H
#define ION_RENDER_PHRASE_H

#include "base/pure.h"

typedef enum IonPhrase
{
	ION_PHRASE_NEW_MESSAGE = 0, /* announces a message and says no more */
	ION_PHRASE_OPEN_APP,		/* follows it: where to read the message */
	ION_PHRASE_OPEN_APP_FULL,	/* under a preview: where the rest is */
	ION_PHRASE_PRIVACY,			/* why an announcement says no more */
	ION_PHRASE_LINK_REMOVED,	/* stands where a preview had a link */
	ION_PHRASE_DUE_DATE,		/* labels */
	ION_PHRASE_PAYMENT,			/* heading of the payment block */
	ION_PHRASE_AMOUNT,
	ION_PHRASE_PAYMENT_NOTICE,	/* the notice's number */
	ION_PHRASE_PAYEE,			/* the payee's fiscal code */
	ION_PHRASE_INVALID_AFTER,	/* not payable after the due date */
	ION_PHRASE_CONTACTS,		/* heading of the contacts */
	ION_PHRASE_WEBSITE,
	ION_PHRASE_UNSUBSCRIBE		/* text of the link */
} IonPhrase;

#define ION_PHRASE_COUNT	(ION_PHRASE_UNSUBSCRIBE + 1)

/*
 * The phrase in the language of a tag (RFC 5646: "de", "de-AT", "DE_at"), by
 * its primary subtag; in Italian for NULL and languages we do not have.  A
 * static string of plain text, never NULL.
 */
extern const char *ion_phrase(const char *language, IonPhrase phrase);

/* The primary subtag of the language that ion_phrase() answers in. */
extern const char *ion_phrase_language(const char *language);

/* The languages there are: their primary subtags, ended by NULL. */
extern const char *const *ion_phrase_languages(void);

#endif							/* ION_RENDER_PHRASE_H */
