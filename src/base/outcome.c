/*-------------------------------------------------------------------------
 *
 * outcome.c
 *	  Filling an IonOutcome with words that are safe to store and to show.
 *
 * What a peer answers is hostile until proven otherwise and often quotes the
 * citizen's address.  Everything that enters detail or ref passes through
 * here: it leaves as bounded, valid UTF-8 without control characters, and
 * detail also without addresses.  Nothing is allocated and nothing can fail;
 * text that does not fit is cut at a character boundary.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "base/outcome.h"

#define ADDRESS_MARK	"<address>"

static int	utf8_length(const unsigned char *s, int available);
static int	put_text(char *buffer, int used, int size, const char *text, int length);
static int	address_length(const char *text, int length);
static int	local_part_length(const char *text, int length);
static int	domain_length(const char *text, int length);
static bool is_local_char(unsigned char c);
static bool is_domain_char(unsigned char c);

/* The name the attempt table uses for a kind; never NULL. */
const char *
ion_outcome_name(IonOutcomeKind kind)
{
	switch (kind)
	{
		case ION_OUTCOME_ACCEPTED:
			return "accepted";
		case ION_OUTCOME_PERMANENT:
			return "permanent";
		case ION_OUTCOME_TRANSIENT:
			return "transient";
		case ION_OUTCOME_PROVIDER_FAULT:
			return "provider_fault";
		case ION_OUTCOME_UNKNOWN:
			break;
	}
	/* A kind from nowhere proves nothing about what was sent. */
	return "unknown";
}

/* Start an outcome: kind and code set, everything else empty. */
void
ion_outcome_init(IonOutcome *outcome, IonOutcomeKind kind, int code)
{
	outcome->kind = kind;
	outcome->code = code;
	outcome->retry_after_s = -1;
	outcome->destination_fault = false;
	outcome->bad_address = false;
	outcome->detail[0] = '\0';
	outcome->ref[0] = '\0';
}

/*
 * Append text to detail, addresses replaced by "<address>".  length is in
 * bytes, or -1 when text ends with a zero.
 */
void
ion_outcome_add_detail(IonOutcome *outcome, const char *text, int length)
{
	int			used = strlen(outcome->detail);
	int			at = 0;

	if (length < 0)
		length = strlen(text);

	while (at < length && used < ION_DETAIL_MAX - 1)
	{
		int			address = address_length(text + at, length - at);

		if (address > 0)
		{
			if (used + (int) strlen(ADDRESS_MARK) >= ION_DETAIL_MAX)
				break;
			used = put_text(outcome->detail, used, ION_DETAIL_MAX,
							ADDRESS_MARK, strlen(ADDRESS_MARK));
			at += address;
		}
		else
		{
			/*
			 * Step over a whole word, so that its tail is not tried again; but
			 * into a quoted string, which may hold an address.
			 */
			int			word = text[at] == '"' ? 1 :
				local_part_length(text + at, length - at);

			word = Max(word, 1);
			used = put_text(outcome->detail, used, ION_DETAIL_MAX,
							text + at, word);
			at += word;
		}
	}
}

/* Replace ref by text, made safe; length as for ion_outcome_add_detail. */
void
ion_outcome_set_ref(IonOutcome *outcome, const char *text, int length)
{
	if (length < 0)
		length = strlen(text);
	put_text(outcome->ref, 0, ION_REF_MAX, text, length);
}

/*
 * Append text to buffer at used, made safe, and end it with a zero.  Returns
 * the new used; size - 1 when the text had to be cut, whatever the character
 * that did not fit was, so that nothing is appended after a gap.
 */
static int
put_text(char *buffer, int used, int size, const char *text, int length)
{
	int			at = 0;

	while (at < length)
	{
		const unsigned char *s = (const unsigned char *) text + at;
		int			n = utf8_length(s, length - at);
		bool		control = *s < 0x20 || *s == 0x7f ||
			(n == 2 && s[0] == 0xc2 && s[1] < 0xa0);	/* U+0080..U+009F */

		if (used + (control ? 1 : Max(n, 1)) > size - 1)
		{
			buffer[used] = '\0';
			return size - 1;
		}
		if (control)
			buffer[used++] = ' ';
		else if (n == 0)
			buffer[used++] = '?';
		else
		{
			memcpy(buffer + used, s, n);
			used += n;
		}
		at += Max(n, 1);
	}
	buffer[used] = '\0';
	return used;
}

/*
 * Length in bytes of the UTF-8 character at s (RFC 3629: no overlong form, no
 * surrogate, nothing above U+10FFFF), or 0 when there is none.
 */
static int
utf8_length(const unsigned char *s, int available)
{
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	int			n;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;

	/* The second byte's range is what excludes the forbidden forms. */
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;

	if (available < n || s[1] < low || s[1] > high)
		return 0;
	for (int i = 2; i < n; i++)
	{
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return n;
}

/*
 * Length in bytes of the e-mail address that starts at text, with the angle
 * brackets around it when both are there; 0 when none starts here.
 */
static int
address_length(const char *text, int length)
{
	bool		bracket = length > 0 && text[0] == '<';
	int			start = bracket ? 1 : 0;
	int			at;
	int			domain;

	at = start + local_part_length(text + start, length - start);
	if (at == start || at >= length || text[at] != '@')
		return 0;

	domain = domain_length(text + at + 1, length - at - 1);
	if (domain == 0)
		return 0;
	at += 1 + domain;

	/* "a@b@c" is one secret, not an address and a rest. */
	while (at < length && text[at] == '@')
		at += 1 + domain_length(text + at + 1, length - at - 1);

	if (!bracket)
		return at;
	return (at < length && text[at] == '>') ? at + 1 : 0;
}

/* Bytes of the word, or of the quoted string, that could be a local part. */
static int
local_part_length(const char *text, int length)
{
	int			n = 0;

	if (length > 1 && text[0] == '"')
	{
		const char *close = memchr(text + 1, '"', length - 1);

		return close != NULL ? (int) (close + 1 - text) : 0;
	}
	while (n < length && is_local_char((unsigned char) text[n]))
		n++;
	return n;
}

/* Bytes of the domain, or address literal in brackets, that text starts with. */
static int
domain_length(const char *text, int length)
{
	int			n = 0;

	if (length > 0 && text[0] == '[')
	{
		const char *close = memchr(text, ']', length);

		return close != NULL ? (int) (close + 1 - text) : length;
	}
	while (n < length && is_domain_char((unsigned char) text[n]))
		n++;
	/* A full stop at the end belongs to the sentence. */
	while (n > 0 && text[n - 1] == '.')
		n--;
	return n;
}

/* atext of RFC 5322 with the dot, and any non-ASCII byte (RFC 6531). */
static bool
is_local_char(unsigned char c)
{
	return is_domain_char(c) ||
		(c != '\0' && strchr("!#$%&'*+/=?^`{|}~", c) != NULL);
}

static bool
is_domain_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c >= 0x80;
}
