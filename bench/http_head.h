/*-------------------------------------------------------------------------
 *
 * http_head.h
 *	  The head of one HTTP/1.1 request, as far as a sink needs it.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_BENCH_HTTP_HEAD_H
#define ION_BENCH_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_ID_MAX		200

typedef struct HttpHead
{
	const char *path;			/* points into the parsed bytes */
	size_t		path_len;
	char		id[HTTP_ID_MAX + 1];	/* webhook-id, or empty */
	uint64_t	content_length;
	bool		close;			/* the client wants the connection closed */
	bool		expect;			/* the client waits for 100 Continue */
	int			refuse;			/* status to refuse with, or 0 */
} HttpHead;

extern void http_head_parse(HttpHead *head, const char *at, const char *end);

#endif							/* ION_BENCH_HTTP_HEAD_H */
