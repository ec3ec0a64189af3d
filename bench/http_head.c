/*-------------------------------------------------------------------------
 *
 * http_head.c
 *	  Parse the head of an HTTP/1.1 request in place.
 *
 * Nothing is allocated: the path points into the caller's bytes, the id is
 * copied.  What the sink cannot frame safely is refused by status, never
 * guessed: a chunked body (411), an ill Content-Length or line (400).
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE

#include "http_head.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool
name_is(const char *line, size_t len, const char *name)
{
	return len == strlen(name) && strncasecmp(line, name, len) == 0;
}

static void
take_length(HttpHead *head, const char *value, size_t len)
{
	char		digits[20];

	if (len == 0 || len >= sizeof(digits))
	{
		head->refuse = 400;
		return;
	}
	memcpy(digits, value, len);
	digits[len] = '\0';
	if (strspn(digits, "0123456789") != len)
		head->refuse = 400;
	head->content_length = strtoull(digits, NULL, 10);
}

static void
take_id(HttpHead *head, const char *value, size_t len)
{
	if (len > HTTP_ID_MAX || memchr(value, ' ', len) != NULL)
	{
		head->refuse = 400;
		return;
	}
	memcpy(head->id, value, len);
	head->id[len] = '\0';
}

static void
take_header(HttpHead *head, const char *line, const char *end)
{
	const char *colon = memchr(line, ':', (size_t) (end - line));
	const char *value;
	size_t		name_len;
	size_t		len;

	if (colon == NULL)
	{
		head->refuse = 400;
		return;
	}
	name_len = (size_t) (colon - line);
	for (value = colon + 1; value < end && *value == ' ';)
		value++;
	len = (size_t) (end - value);
	if (name_is(line, name_len, "content-length"))
		take_length(head, value, len);
	else if (name_is(line, name_len, "webhook-id"))
		take_id(head, value, len);
	else if (name_is(line, name_len, "transfer-encoding"))
		head->refuse = 411;
	else if (name_is(line, name_len, "connection"))
		head->close = len == 5 && strncasecmp(value, "close", 5) == 0;
	else if (name_is(line, name_len, "expect"))
		head->expect = true;
}

/*
 * Parse the head in [at, end), the closing blank line excluded.  Always fills
 * *head; head->refuse is a status when the request must not be taken.
 */
void
http_head_parse(HttpHead *head, const char *at, const char *end)
{
	const char *eol = memmem(at, (size_t) (end - at), "\r\n", 2);
	const char *line_end = eol ? eol : end;
	const char *path = memchr(at, ' ', (size_t) (line_end - at));
	const char *version = NULL;

	*head = (HttpHead) {.id = ""};
	if (path != NULL)
	{
		path++;
		version = memchr(path, ' ', (size_t) (line_end - path));
	}
	if (version == NULL || line_end - version != 9 ||
		memcmp(version + 1, "HTTP/1.", 7) != 0)
	{
		head->refuse = 400;
		return;
	}
	head->path = path;
	head->path_len = (size_t) (version - path);
	head->close = version[8] == '0';
	while (eol != NULL && head->refuse == 0)
	{
		const char *line = eol + 2;

		eol = memmem(line, (size_t) (end - line), "\r\n", 2);
		take_header(head, line, eol ? eol : end);
	}
}
