/*-------------------------------------------------------------------------
 *
 * mail_address.c
 *	  E-mail addresses: grammar, internationalized domains, sender mailboxes.
 *
 * The grammar is deliberately narrower than RFC 5321's Mailbox: no quoted
 * local part and no address literal.  Neither occurs in a citizen's address,
 * and both are how commands are smuggled past careless relays.  Whatever is
 * accepted here holds no byte that means anything to SMTP or to a header.
 *
 * libidn2 allocates with malloc().  Its result is copied to the stack and
 * freed before anything that may raise an error, so an out-of-memory longjmp
 * of the caller's StringInfo leaks nothing.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <idn2.h>
#include <string.h>

#include "render/mail_address.h"
#include "render/text_check.h"

/* An address taken apart; pointers are into the caller's string. */
typedef struct IonAddressParts
{
	const char *local;
	size_t		local_len;
	bool		local_ascii;
	const char *domain;
	size_t		domain_len;
	char		wire_domain[ION_MAIL_DOMAIN_MAX + 1];	/* A-labels */
} IonAddressParts;

static bool address_split(const char *addr, IonAddressParts *parts,
						  const char **error);
static bool local_part_valid(const char *s, size_t len, const char **error);
static bool domain_to_wire(IonAddressParts *parts, const char **error);
static bool domain_is_ldh(const char *domain, const char **error);
static bool name_parse(const char **cursor, const char *end, StringInfo name,
					   const char **error);
static bool quoted_name_parse(const char **cursor, const char *end,
							  StringInfo name, const char **error);
static bool is_atext(unsigned char c);

/*
 * Whether addr is a mailbox this product will mail to: RFC 5321 Mailbox with a
 * Dot-string local part, UTF-8 allowed as RFC 6531 section 3.3 extends it, and
 * a domain name that has an A-label form.  On false *error says why.
 */
bool
ion_mail_address_valid(const char *addr, const char **error)
{
	IonAddressParts parts;

	return address_split(addr, &parts, error);
}

/*
 * Appends to out the form of addr that goes into an envelope or a header: the
 * domain in A-labels (IDNA2008 by UTS 46, non-transitional), the local part as
 * it is.  A local part outside ASCII sets *needs_smtputf8 and, unless smtputf8
 * says the peer speaks RFC 6531, is an error.  On false out is unchanged.
 */
bool
ion_mail_address_wire(const char *addr, bool smtputf8, StringInfo out,
					  bool *needs_smtputf8, const char **error)
{
	IonAddressParts parts;

	*needs_smtputf8 = false;
	if (!address_split(addr, &parts, error))
		return false;
	*needs_smtputf8 = !parts.local_ascii;
	if (*needs_smtputf8 && !smtputf8)
	{
		*error = "address needs SMTPUTF8, which the server does not offer";
		return false;
	}
	appendBinaryStringInfo(out, parts.local, (int) parts.local_len);
	appendStringInfoCharMacro(out, '@');
	appendBinaryStringInfo(out, parts.wire_domain,
						   (int) strlen(parts.wire_domain));
	return true;
}

/*
 * Reads a sender as people write it: Name <addr>, "Quoted Name" <addr>, or the
 * bare address.  An unquoted name may hold anything but control characters,
 * quotes and angle brackets: exactly one mailbox is expected, so a comma in it
 * is not a list.  *display_name (NULL when there is none) and *addr are
 * palloc'd; on false they are NULL and *error says why.
 */
bool
ion_mail_mailbox_parse(const char *text, char **display_name, char **addr,
					   const char **error)
{
	size_t		len = strnlen(text, ION_MAIL_MAILBOX_MAX + 1);
	const char *p = text;
	const char *end = text + len;
	StringInfoData name;

	*display_name = NULL;
	*addr = NULL;
	*error = NULL;
	if (len > ION_MAIL_MAILBOX_MAX)
		*error = "mailbox is too long";
	else if (!ion_text_is_utf8(text, len))
		*error = "mailbox is not valid UTF-8";
	else if (ion_text_has_control(text, len))
		*error = "mailbox contains a control character";
	if (*error)
		return false;

	while (p < end && *p == ' ')
		p++;
	while (end > p && end[-1] == ' ')
		end--;

	initStringInfo(&name);
	if (end == p || end[-1] != '>')
		*addr = pnstrdup(p, end - p);
	else if (name_parse(&p, end, &name, error))
		*addr = pnstrdup(p + 1, end - p - 2);

	if (*addr && !ion_mail_address_valid(*addr, error))
	{
		pfree(*addr);
		*addr = NULL;
	}
	if (*addr && name.len > 0)
		*display_name = pnstrdup(name.data, name.len);
	pfree(name.data);
	return *addr != NULL;
}

/* Checks addr as a whole and fills parts; everything else builds on it. */
static bool
address_split(const char *addr, IonAddressParts *parts, const char **error)
{
	size_t		len = strnlen(addr, ION_MAIL_ADDRESS_MAX + 1);
	const char *at;

	*error = NULL;
	if (len == 0)
		*error = "address is empty";
	else if (len > ION_MAIL_ADDRESS_MAX)
		*error = "address is longer than 254 octets";
	else if (ion_text_has_control(addr, len))
		*error = "address contains a control character";
	else if (!ion_text_is_utf8(addr, len))
		*error = "address is not valid UTF-8";
	if (*error)
		return false;

	at = memchr(addr, '@', len);
	if (at == NULL)
	{
		*error = "address lacks \"@\"";
		return false;
	}
	parts->local = addr;
	parts->local_len = at - addr;
	parts->local_ascii = ion_text_is_ascii(addr, parts->local_len);
	parts->domain = at + 1;
	parts->domain_len = len - parts->local_len - 1;
	if (!local_part_valid(parts->local, parts->local_len, error) ||
		!domain_to_wire(parts, error))
		return false;

	/* Punycode can be longer than the UTF-8 it stands for. */
	if (parts->local_len + 1 + strlen(parts->wire_domain) > ION_MAIL_ADDRESS_MAX)
	{
		*error = "address is longer than 254 octets";
		return false;
	}
	return true;
}

/* RFC 5321 Dot-string with RFC 6531's UTF8-non-ascii; UTF-8 already checked. */
static bool
local_part_valid(const char *s, size_t len, const char **error)
{
	bool		after_dot = true;

	if (len == 0)
	{
		*error = "local part is empty";
		return false;
	}
	if (len > ION_MAIL_LOCAL_MAX)
	{
		*error = "local part is longer than 64 octets";
		return false;
	}
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) s[i];

		if (c == '.' && after_dot)
		{
			*error = "local part has a misplaced dot";
			return false;
		}
		if (c != '.' && !is_atext(c))
		{
			*error = "local part contains a character that is not allowed";
			return false;
		}
		after_dot = c == '.';
	}
	if (after_dot)
	{
		*error = "local part has a misplaced dot";
		return false;
	}
	return true;
}

/*
 * Fills parts->wire_domain.  libidn2 maps and normalizes (a full-width dot or
 * at sign becomes the ASCII one), so what is checked is its result.  Its own
 * IDN2_USE_STD3_ASCII_RULES is no help: libidn2 2.3.3 then drops such a
 * character in silence, and the mail would go to another domain.
 */
static bool
domain_to_wire(IonAddressParts *parts, const char **error)
{
	char		raw[ION_MAIL_ADDRESS_MAX + 1];

	if (parts->domain_len == 0)
	{
		*error = "domain is empty";
		return false;
	}
	if (parts->domain[0] == '[')
	{
		*error = "address literals are not accepted as a domain";
		return false;
	}
	memcpy(raw, parts->domain, parts->domain_len);
	raw[parts->domain_len] = '\0';

	if (ion_text_is_ascii(raw, parts->domain_len))
	{
		if (parts->domain_len > ION_MAIL_DOMAIN_MAX)
		{
			*error = "domain is longer than 253 octets";
			return false;
		}
		memcpy(parts->wire_domain, raw, parts->domain_len + 1);
	}
	else
	{
		uint8_t    *ascii = NULL;
		int			rc = idn2_lookup_u8((const uint8_t *) raw, &ascii,
										IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
		size_t		len = rc == IDN2_OK ? strlen((char *) ascii) : 0;

		if (rc == IDN2_OK && len <= ION_MAIL_DOMAIN_MAX)
			memcpy(parts->wire_domain, ascii, len + 1);
		idn2_free(ascii);
		if (rc == IDN2_MALLOC)
			*error = "out of memory while converting the domain";
		else if (rc != IDN2_OK)
			*error = "domain is not a valid internationalized name";
		else if (len > ION_MAIL_DOMAIN_MAX)
			*error = "domain is longer than 253 octets";
		if (*error)
			return false;
	}
	return domain_is_ldh(parts->wire_domain, error);
}

/*
 * Letters, digits and inner hyphens in labels of 1 to 63 octets (RFC 5321
 * Domain).  A numeric last label would make the name an IPv4 address in
 * disguise, which is a literal without its brackets.
 */
static bool
domain_is_ldh(const char *domain, const char **error)
{
	const char *label = domain;

	for (;;)
	{
		size_t		len = strcspn(label, ".");
		bool		last = label[len] == '\0';

		if (len == 0)
		{
			*error = "domain has an empty label";
			return false;
		}
		if (len > ION_MAIL_LABEL_MAX)
		{
			*error = "domain has a label longer than 63 octets";
			return false;
		}
		if (label[0] == '-' || label[len - 1] == '-' ||
			strspn(label, "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") < len)
		{
			*error = "domain has a label that is not letters, digits and inner hyphens";
			return false;
		}
		if (last)
		{
			if (strspn(label, "0123456789") == len)
			{
				*error = "address literals are not accepted as a domain";
				return false;
			}
			return true;
		}
		label += len + 1;
	}
}

/*
 * Reads the display name at *cursor, quoted or not, into name and leaves
 * *cursor at the "<" before the address.  end[-1] is '>', at *cursor at the
 * earliest.
 */
static bool
name_parse(const char **cursor, const char *end, StringInfo name,
		   const char **error)
{
	const char *p = *cursor;

	if (*p == '"')
	{
		if (!quoted_name_parse(cursor, end, name, error))
			return false;
	}
	else
	{
		const char *open = memchr(p, '<', end - p);
		const char *stop = open ? open : p;

		while (stop > p && stop[-1] == ' ')
			stop--;
		if (memchr(p, '"', stop - p) || memchr(p, '>', stop - p))
		{
			*error = "display name needs quotes";
			return false;
		}
		appendBinaryStringInfo(name, p, (int) (stop - p));
		*cursor = open ? open : p;
	}

	if (**cursor != '<')
		*error = "mailbox lacks \"<\" before the address";
	else if (name->len > ION_MAIL_NAME_MAX)
		*error = "display name is too long";
	return *error == NULL;
}

/*
 * Reads the quoted string at *cursor into name, undoing its backslashes, and
 * leaves *cursor at the next character that is no space (RFC 5322 3.2.4).
 * end[-1] is '>', so there always is one.
 */
static bool
quoted_name_parse(const char **cursor, const char *end, StringInfo name,
				  const char **error)
{
	const char *p = *cursor + 1;

	while (p < end && *p != '"')
	{
		if (*p == '\\' && p + 1 < end)
			p++;
		appendStringInfoCharMacro(name, *p);
		p++;
	}
	if (p == end)
	{
		*error = "display name lacks its closing quote";
		return false;
	}
	p++;
	while (*p == ' ')
		p++;
	*cursor = p;
	return true;
}

/* RFC 5322 atext, and any byte of a UTF-8 character (RFC 6532 3.2). */
static bool
is_atext(unsigned char c)
{
	return c >= 0x80 ||
		(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') ||
		(c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}
