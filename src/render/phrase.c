/*-------------------------------------------------------------------------
 *
 * phrase.c
 *	  The words we add to a notice, in the citizen's language.
 *
 * A row per phrase, a column per language; Italian comes first, as the one
 * everybody else's language falls back to.  The wording is a public body's:
 * formal where the language has a formal address.  Italian keeps the familiar
 * one of IO's own texts, which citizens know.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/phrase.h"

#define LANGUAGES	6

static const char *const languages[LANGUAGES + 1] = {
	"it", "en", "de", "fr", "es", "sl", NULL
};

static const char *const phrases[ION_PHRASE_COUNT][LANGUAGES] = {
	[ION_PHRASE_NEW_MESSAGE] = {
		"Hai un nuovo messaggio",
		"You have a new message",
		"Sie haben eine neue Nachricht",
		"Vous avez un nouveau message",
		"Tiene un mensaje nuevo",
		"Prejeli ste novo sporočilo"
	},
	[ION_PHRASE_OPEN_APP] = {
		"Entra nell'app per leggerlo",
		"Open the app to read it",
		"Öffnen Sie die App, um sie zu lesen",
		"Ouvrez l'application pour le lire",
		"Abra la aplicación para leerlo",
		"Preberite ga v aplikaciji"
	},
	[ION_PHRASE_OPEN_APP_FULL] = {
		"Entra nell'app per leggere il messaggio completo.",
		"Open the app to read the full message.",
		"Die vollständige Nachricht lesen Sie in der App.",
		"Ouvrez l'application pour lire le message complet.",
		"Abra la aplicación para leer el mensaje completo.",
		"Celotno sporočilo preberite v aplikaciji."
	},
	[ION_PHRASE_PRIVACY] = {
		"Per tutelare la tua riservatezza, il contenuto è visibile solo nell'app.",
		"To protect your privacy, its content is shown only in the app.",
		"Zum Schutz Ihrer Privatsphäre ist der Inhalt nur in der App sichtbar.",
		"Pour protéger votre vie privée, son contenu n'est visible que dans l'application.",
		"Para proteger su privacidad, el contenido solo es visible en la aplicación.",
		"Zaradi varovanja vaše zasebnosti je vsebina vidna samo v aplikaciji."
	},
	[ION_PHRASE_LINK_REMOVED] = {
		"[link rimosso]",
		"[link removed]",
		"[Link entfernt]",
		"[lien supprimé]",
		"[enlace eliminado]",
		"[povezava odstranjena]"
	},
	[ION_PHRASE_DUE_DATE] = {
		"Scadenza", "Due date", "Frist", "Échéance", "Fecha límite", "Rok"
	},
	[ION_PHRASE_PAYMENT] = {
		"Avviso di pagamento",
		"Payment notice",
		"Zahlungsmitteilung",
		"Avis de paiement",
		"Aviso de pago",
		"Obvestilo o plačilu"
	},
	[ION_PHRASE_AMOUNT] = {
		"Importo", "Amount", "Betrag", "Montant", "Importe", "Znesek"
	},
	[ION_PHRASE_PAYMENT_NOTICE] = {
		"Codice avviso",
		"Notice number",
		"Nummer der Mitteilung",
		"Numéro de l'avis",
		"Número de aviso",
		"Številka obvestila"
	},
	[ION_PHRASE_PAYEE] = {
		"Codice fiscale dell'ente creditore",
		"Tax code of the creditor",
		"Steuernummer des Zahlungsempfängers",
		"Code fiscal de l'organisme créancier",
		"Código fiscal del organismo acreedor",
		"Davčna številka upnika"
	},
	[ION_PHRASE_INVALID_AFTER] = {
		"Dopo la scadenza l'avviso non potrà più essere pagato.",
		"The notice cannot be paid after the due date.",
		"Nach Ablauf der Frist ist die Zahlung nicht mehr möglich.",
		"Après l'échéance, l'avis ne pourra plus être payé.",
		"Después de la fecha límite, el aviso ya no podrá pagarse.",
		"Po izteku roka obvestila ni več mogoče plačati."
	},
	[ION_PHRASE_CONTACTS] = {
		"Contatti", "Contact", "Kontakt", "Contact", "Contacto", "Kontakt"
	},
	[ION_PHRASE_WEBSITE] = {
		"Sito web", "Website", "Website", "Site web", "Sitio web", "Spletno mesto"
	},
	[ION_PHRASE_UNSUBSCRIBE] = {
		"Non ricevere più e-mail da questo servizio",
		"Stop receiving e-mails from this service",
		"Keine E-Mails mehr von diesem Dienst erhalten",
		"Ne plus recevoir d'e-mails de ce service",
		"Dejar de recibir correos electrónicos de este servicio",
		"Odjava od e-poštnih sporočil te storitve"
	}
};

static int	column_of(const char *language);

const char *
ion_phrase(const char *language, IonPhrase phrase)
{
	return phrases[phrase][column_of(language)];
}

const char *
ion_phrase_language(const char *language)
{
	return languages[column_of(language)];
}

const char *const *
ion_phrase_languages(void)
{
	return languages;
}

/* The column of a language tag; the first where there is none. */
static int
column_of(const char *language)
{
	size_t		len = language ? strcspn(language, "-_") : 0;

	for (int i = 0; len > 0 && languages[i] != NULL; i++)
	{
		if (strlen(languages[i]) == len &&
			pg_strncasecmp(languages[i], language, len) == 0)
			return i;
	}
	return 0;
}
