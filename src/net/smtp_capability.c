/*-------------------------------------------------------------------------
 *
 * smtp_capability.c
 *	  What an SMTP server said it can do (RFC 5321 §4.1.1.1, ehlo-line).
 *
 * The argument: an extension we fail to recognise only costs speed or refuses
 * a mail plainly; one we imagine would put us out of step.  So a keyword must
 * match whole, and a SIZE we cannot read counts as no limit, because the
 * server refuses too large a mail anyway.  Nothing is allocated.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "net/smtp_capability.h"

typedef struct Keyword
{
	const char *name;
	IonSmtpExtension extension;
} Keyword;

static const Keyword keywords[] = {
	{"PIPELINING", ION_SMTP_EXT_PIPELINING},
	{"SIZE", ION_SMTP_EXT_SIZE},
	{"8BITMIME", ION_SMTP_EXT_8BITMIME},
	{"SMTPUTF8", ION_SMTP_EXT_SMTPUTF8},
	{"ENHANCEDSTATUSCODES", ION_SMTP_EXT_ENHANCEDSTATUSCODES},
};

static uint64 parse_limit(const char *text, int length);

/* A server that can do nothing beyond plain SMTP. */
void
ion_smtp_capability_init(IonSmtpCapability *capability)
{
	capability->extensions = 0;
	capability->size_limit = 0;
}

/*
 * Learn from one line of the EHLO reply, code and CRLF removed.  The caller
 * leaves out the first line: it is the server's name and greeting.
 */
void
ion_smtp_capability_add(IonSmtpCapability *capability,
						const char *line, int length)
{
	int			keyword = 0;

	while (keyword < length && line[keyword] != ' ')
		keyword++;

	for (int i = 0; i < (int) lengthof(keywords); i++)
	{
		if ((int) strlen(keywords[i].name) != keyword ||
			pg_strncasecmp(line, keywords[i].name, keyword) != 0)
			continue;
		capability->extensions |= keywords[i].extension;
		if (keywords[i].extension == ION_SMTP_EXT_SIZE)
			capability->size_limit = parse_limit(line + keyword,
												 length - keyword);
	}
}

/* The number after "SIZE "; 0 when there is none or it is no number. */
static uint64
parse_limit(const char *text, int length)
{
	uint64		limit = 0;
	int			at = 0;

	while (at < length && text[at] == ' ')
		at++;
	for (; at < length && text[at] != ' '; at++)
	{
		if (text[at] < '0' || text[at] > '9')
			return 0;
		if (limit > (PG_UINT64_MAX - 9) / 10)
			return 0;			/* beyond any mail */
		limit = limit * 10 + (uint64) (text[at] - '0');
	}
	return limit;
}
