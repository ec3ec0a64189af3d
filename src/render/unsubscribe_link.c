/*-------------------------------------------------------------------------
 *
 * unsubscribe_link.c
 *	  The URL that stops a mail, and the header fields that carry it.
 *
 * Only https: RFC 8058 has no other, and whoever reads the token on its way
 * could use it.  What is appended to is checked as a whole, so no character
 * can end the angle brackets of the header field, or the attribute of a link.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "render/notice_part.h"
#include "render/unsubscribe_link.h"

#define PARAMETER		"token="

static bool in_host(const char *base, const char *hole);

bool
ion_unsubscribe_url(StringInfo out, const char *base, const char *token,
					const char **error)
{
	int			start = out->len;
	const char *hole = strstr(base, ION_UNSUBSCRIBE_HOLE);

	*error = NULL;
	if (token[0] == '\0' || token[strspn(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
										 "abcdefghijklmnopqrstuvwxyz0123456789-_")] != '\0')
		*error = "the unsubscribe token is malformed";
	else if (strnlen(base, ION_NOTICE_URL_MAX + 1) > ION_NOTICE_URL_MAX)
		*error = "the unsubscribe URL is too long";
	else if (strchr(base, '#') != NULL || (hole != NULL && in_host(base, hole)))
		*error = "the unsubscribe URL has its token in the wrong place";
	if (*error)
		return false;

	if (hole != NULL)
	{
		appendBinaryStringInfo(out, base, (int) (hole - base));
		appendStringInfoString(out, token);
		appendStringInfoString(out, hole + strlen(ION_UNSUBSCRIBE_HOLE));
	}
	else
		appendStringInfo(out, "%s%c" PARAMETER "%s", base,
						 strchr(base, '?') != NULL ? '&' : '?', token);
	if (!ion_notice_url_valid(out->data + start, true))
	{
		out->len = start;
		out->data[start] = '\0';
		*error = "the unsubscribe URL is not a valid https URL";
		return false;
	}
	return true;
}

void
ion_unsubscribe_headers(IonMailHeader headers[ION_UNSUBSCRIBE_HEADERS],
						const char *url)
{
	headers[0].name = "List-Unsubscribe";
	headers[0].value = psprintf("<%s>", url);
	headers[1].name = "List-Unsubscribe-Post";
	headers[1].value = "List-Unsubscribe=One-Click";
}

/* Whether the hole comes before the host has ended. */
static bool
in_host(const char *base, const char *hole)
{
	const char *host = strstr(base, "://");

	host = host != NULL ? host + 3 : base;
	return host + strcspn(host, "/?") >= hole;
}
