/*-------------------------------------------------------------------------
 *
 * url_check.c
 *	  Take a provider's or a service's URL apart, strictly.
 *
 * Two parsers that read one URL differently are how requests end up at the
 * wrong host.  We therefore accept only text that every parser reads alike:
 * printable ASCII, no user information, no backslash, no percent-encoded
 * host.  libcurl still gets the original text; what is extracted here serves
 * checks, concurrency keys and logs.  Whether the host is a private address
 * is judged later, on the resolved address (address_policy.c), because a name
 * or an odd numeric spelling says nothing reliable.
 *
 * Nothing is allocated; the result is a plain struct the caller owns.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "net/url_check.h"

typedef struct IonScheme
{
	const char *name;
	int			port;
} IonScheme;

static const IonScheme schemes[] = {
	{"https", 443},
	{"http", 80},
	{"smtp", 25},
	{"smtps", 465},
	{"imap", 143},
	{"imaps", 993}
};

static const char *check_characters(const char *url);
static const char *take_scheme(const char *url, IonUrl *out, const char **rest);
static const char *take_host(const char *start, size_t length, IonUrl *out);
static const char *take_ipv6(const char *start, size_t length, IonUrl *out);
static const char *take_port(const char *start, size_t length, IonUrl *out);
static bool is_host_character(char c);

bool
ion_url_parse(const char *url, IonUrl *out, const char **error)
{
	const char *problem;
	const char *authority = "";

	memset(out, 0, sizeof(*out));
	problem = check_characters(url);
	if (problem == NULL)
		problem = take_scheme(url, out, &authority);
	if (problem == NULL)
	{
		size_t		length = strcspn(authority, "/?");
		const char *end = authority + length;
		const char *host_end = end;

		out->path_offset = (size_t) (end - url);
		if (memchr(authority, '@', length) != NULL)
			problem = "the URL must not contain user information: credentials belong to the user mapping";
		else if (*authority == '[')
		{
			host_end = memchr(authority, ']', length);
			if (host_end == NULL)
				problem = "the URL's host lacks a closing bracket";
			else
				problem = take_ipv6(authority + 1,
									(size_t) (host_end - authority - 1), out);
			host_end = host_end != NULL ? host_end + 1 : end;
		}
		else
		{
			host_end = memchr(authority, ':', length);
			if (host_end == NULL)
				host_end = end;
			problem = take_host(authority, (size_t) (host_end - authority), out);
		}
		if (problem == NULL && host_end != end)
			problem = take_port(host_end, (size_t) (end - host_end), out);
	}
	if (error != NULL)
		*error = problem;
	if (problem != NULL)
		memset(out, 0, sizeof(*out));
	return problem == NULL;
}

bool
ion_url_destination(const IonUrl *url, char *buf, size_t size)
{
	int			needed;

	needed = snprintf(buf, size, url->host_is_ipv6 ? "[%s]:%d" : "%s:%d",
					  url->host, url->port);
	if (needed >= 0 && (size_t) needed < size)
		return true;
	if (size > 0)
		buf[0] = '\0';
	return false;
}

bool
ion_url_redacted(const IonUrl *url, char *buf, size_t size)
{
	char		destination[ION_URL_DESTINATION_MAX];
	int			needed;

	ion_url_destination(url, destination, sizeof(destination));
	needed = snprintf(buf, size, "%s://%s", url->scheme, destination);
	if (needed >= 0 && (size_t) needed < size)
		return true;
	if (size > 0)
		buf[0] = '\0';
	return false;
}

/* What no part of a URL may hold; NULL when all is well. */
static const char *
check_characters(const char *url)
{
	size_t		length = 0;

	if (url == NULL || *url == '\0')
		return "the URL is empty";
	for (const char *p = url; *p != '\0'; p++)
	{
		unsigned char c = (unsigned char) *p;

		if (++length > ION_URL_MAX)
			return "the URL is longer than 2048 bytes";
		if (c < 0x20 || c == 0x7F)
			return "the URL contains a control character";
		if (c == ' ')
			return "the URL contains a space: write it as %20";
		if (c >= 0x80)
			return "the URL contains a character outside ASCII: write the host in its A-label form (xn--...) and the rest percent-encoded";
		if (c == '\\')
			return "the URL contains a backslash";
		if (c == '#')
			return "the URL contains a fragment, which is never sent";
	}
	return NULL;
}

/* Scheme and "://"; *rest becomes the start of the authority. */
static const char *
take_scheme(const char *url, IonUrl *out, const char **rest)
{
	for (size_t i = 0; i < lengthof(schemes); i++)
	{
		size_t		length = strlen(schemes[i].name);

		if (pg_strncasecmp(url, schemes[i].name, length) != 0 ||
			url[length] != ':')
			continue;
		if (url[length + 1] != '/' || url[length + 2] != '/')
			return "the URL's scheme must be followed by \"://\"";
		strlcpy(out->scheme, schemes[i].name, sizeof(out->scheme));
		out->port = schemes[i].port;
		*rest = url + length + 3;
		return NULL;
	}
	return "the URL's scheme must be one of http, https, smtp, smtps, imap, imaps";
}

/*
 * A name or an IPv4 address in any spelling.  One root dot is dropped so that
 * "example.it" and "example.it." share one destination.
 */
static const char *
take_host(const char *start, size_t length, IonUrl *out)
{
	size_t		label = 0;

	if (length > 1 && start[length - 1] == '.')
		length--;
	if (length == 0)
		return "the URL has no host";
	if (length >= sizeof(out->host))
		return "the URL's host is longer than 253 bytes";
	for (size_t i = 0; i < length; i++)
	{
		char		c = start[i];
		bool		last = i + 1 == length || start[i + 1] == '.';

		if (c == '%')
			return "the URL's host must not be percent-encoded";
		if (c == '.')
		{
			if (label == 0)
				return "the URL's host has an empty label";
			label = 0;
		}
		else
		{
			if (!is_host_character(c))
				return "the URL's host contains a character no host name has";
			if (c == '-' && (label == 0 || last))
				return "a label of the URL's host begins or ends with a hyphen";
			if (++label > ION_URL_LABEL_MAX)
				return "a label of the URL's host is longer than 63 bytes";
		}
		out->host[i] = pg_ascii_tolower((unsigned char) c);
	}
	out->host[length] = '\0';
	if (label == 0)
		return "the URL's host has an empty label";
	return NULL;
}

/* The text between brackets; scope ids do not parse, as they should not. */
static const char *
take_ipv6(const char *start, size_t length, IonUrl *out)
{
	struct in6_addr address;
	char		text[INET6_ADDRSTRLEN];

	if (length >= sizeof(text))
		return "the URL's host is no IPv6 address";
	memcpy(text, start, length);
	text[length] = '\0';
	if (inet_pton(AF_INET6, text, &address) != 1 ||
		inet_ntop(AF_INET6, &address, out->host, sizeof(out->host)) == NULL)
		return "the URL's host is no IPv6 address";
	out->host_is_ipv6 = true;
	return NULL;
}

/* ":port", decimal, 1 to 65535. */
static const char *
take_port(const char *start, size_t length, IonUrl *out)
{
	int			port = 0;

	if (*start != ':')
		return "the URL has text after the host's closing bracket";
	if (length == 1)
		return "the URL's port is empty";
	if (length > 6)
		return "the URL's port must be a number from 1 to 65535";
	for (size_t i = 1; i < length; i++)
	{
		if (start[i] < '0' || start[i] > '9')
			return "the URL's port must be a number from 1 to 65535";
		port = port * 10 + (start[i] - '0');
	}
	if (port < 1 || port > 65535)
		return "the URL's port must be a number from 1 to 65535";
	out->port = port;
	out->port_given = true;
	return NULL;
}

static bool
is_host_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '-' || c == '_';
}
