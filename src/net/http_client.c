/*-------------------------------------------------------------------------
 *
 * http_client.c
 *	  HTTP requests over pooled libcurl handles.
 *
 * A handle keeps the options its provider's requests share; a request sets
 * URL, headers and body only.  Memory is malloc'd: it is touched inside
 * libcurl's callbacks, where PostgreSQL's allocator could longjmp.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "net/http_client.h"

static IonHttpTransfer *transfer_create(IonHttpPool *pool);
static void transfer_free(IonHttpTransfer *t);
static void transfer_ended(IonEasy *e);
static bool transfer_may_begin(IonEasy *e);
static size_t on_body(char *bytes, size_t size, size_t n, void *arg);
static size_t on_header(char *bytes, size_t size, size_t n, void *arg);

IonHttpPool *
ion_http_pool_create(IonReactor *reactor, const IonHttpConfig *config, void (*ended) (IonHttpTransfer *t))
{
	IonHttpPool *pool = calloc(1, sizeof(IonHttpPool));

	if (pool == NULL)
		return NULL;
	pool->reactor = reactor;
	pool->config = *config;
	pool->ended = ended;
	dlist_init(&pool->idle_list);
	return pool;
}

void
ion_http_pool_destroy(IonHttpPool *pool)
{
	while (!dlist_is_empty(&pool->idle_list))
		transfer_free(dlist_container(IonHttpTransfer, idle, dlist_pop_head_node(&pool->idle_list)));
	free(pool);
}

static size_t
on_body(char *bytes, size_t size, size_t n, void *arg)
{
	IonHttpTransfer *t = arg;
	size_t		length = size * n;
	size_t		room = ION_HTTP_KEPT_MAX - t->kept_len;

	memcpy(t->kept + t->kept_len, bytes, Min(length, room));
	t->kept_len += Min(length, room);
	t->received += length;
	if (t->received > ION_HTTP_BODY_MAX)
	{
		t->cut = true;
		return 0;				/* ends the transfer with CURLE_WRITE_ERROR */
	}
	return length;
}

static size_t
on_header(char *bytes, size_t size, size_t n, void *arg)
{
	IonHttpTransfer *t = arg;
	size_t		length = size * n;

	if (length > 12 && pg_strncasecmp(bytes, "retry-after:", 12) == 0)
	{
		size_t		from = 12;
		size_t		kept;

		while (from < length && (bytes[from] == ' ' || bytes[from] == '\t'))
			from++;
		while (length > from && (unsigned char) bytes[length - 1] <= ' ')
			length--;
		kept = Min(length - from, sizeof(t->retry_after) - 1);
		memcpy(t->retry_after, bytes + from, kept);
		t->retry_after[kept] = '\0';
	}
	return size * n;
}

static IonHttpTransfer *
transfer_create(IonHttpPool *pool)
{
	IonHttpTransfer *t = calloc(1, sizeof(IonHttpTransfer));
	const IonHttpConfig *c = &pool->config;
	CURLcode	rc = CURLE_OK;

	if (t == NULL)
		return NULL;
	t->pool = pool;
	if (!ion_easy_init(&t->easy, pool->reactor, "http,https", c->allow_private))
	{
		free(t);
		return NULL;
	}
	t->easy.ended = transfer_ended;
	t->easy.once = true;
	t->easy.may_begin = transfer_may_begin;
#define SET(option, value) if (rc == CURLE_OK) rc = curl_easy_setopt(t->easy.easy, option, value)
	SET(CURLOPT_USERAGENT, "io_notify");
	SET(CURLOPT_HTTP_VERSION, (long) (c->http1_only ? CURL_HTTP_VERSION_1_1 : CURL_HTTP_VERSION_2TLS));
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long) c->connect_timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, (long) c->timeout_ms);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	if (strcmp(c->method, "GET") != 0)
	{
		SET(CURLOPT_POST, 1L);
		if (strcmp(c->method, "POST") != 0)
			SET(CURLOPT_CUSTOMREQUEST, c->method);
	}
	if (c->ca_file != NULL)
		SET(CURLOPT_CAINFO, c->ca_file);
#undef SET
	if (rc != CURLE_OK)
	{
		transfer_free(t);
		return NULL;
	}
	return t;
}

static void
transfer_free(IonHttpTransfer *t)
{
	ion_easy_cleanup(&t->easy);
	curl_slist_free_all(t->headers);
	free(t->body);
	free(t);
}

IonHttpTransfer *
ion_http_take(IonHttpPool *pool)
{
	if (dlist_is_empty(&pool->idle_list))
		return transfer_create(pool);
	pool->n_idle--;
	return dlist_container(IonHttpTransfer, idle, dlist_pop_head_node(&pool->idle_list));
}

bool
ion_http_credentials(IonHttpTransfer *t, bool wanted)
{
	const IonHttpConfig *c = &t->pool->config;
	CURL	   *easy = t->easy.easy;

	if (wanted == t->has_credentials || (c->token == NULL && c->user == NULL))
		return true;
	t->has_credentials = wanted;
	if (c->token != NULL)
		return curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_BEARER) == CURLE_OK &&
			curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, wanted ? c->token : NULL) == CURLE_OK;
	return curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_USERNAME, wanted ? c->user : NULL) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PASSWORD, wanted ? c->password : NULL) == CURLE_OK;
}

bool
ion_http_header(IonHttpTransfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer == NULL)
		return false;
	t->headers = longer;
	return true;
}

bool
ion_http_start(IonHttpTransfer *t, const char *url, const char *body, size_t body_len, void *owner)
{
	CURL	   *easy = t->easy.easy;

	t->owner = owner;
	t->kept_len = t->received = 0;
	t->cut = false;
	t->retry_after[0] = '\0';
	t->http_code = 0;
	/* libcurl waits for 100 Continue only above a megabyte */
	Assert(body_len < 1024 * 1024);

	/*
	 * Waiting to share a connection pays for HTTP/2, which the TLS handshake
	 * settles.  In clear only a first reply would settle it, and a peer that
	 * never gives one would keep every other request from being sent at all.
	 */
	if (curl_easy_setopt(easy, CURLOPT_URL, url) != CURLE_OK ||
		curl_easy_setopt(easy, CURLOPT_PIPEWAIT, pg_strncasecmp(url, "https:", 6) == 0 ? 1L : 0L) != CURLE_OK ||
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, t->headers) != CURLE_OK)
		return false;
	if (strcmp(t->pool->config.method, "GET") != 0)
	{
		t->body = malloc(body_len + 1);
		if (t->body == NULL)
			return false;
		memcpy(t->body, body, body_len);
		t->body_len = body_len;
		if (curl_easy_setopt(easy, CURLOPT_POSTFIELDS, t->body) != CURLE_OK ||
			curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) body_len) != CURLE_OK)
			return false;
	}
	return ion_easy_start(&t->easy);
}

static bool
transfer_may_begin(IonEasy *e)
{
	IonHttpTransfer *t = (IonHttpTransfer *) ((char *) e - offsetof(IonHttpTransfer, easy));

	return t->pool->config.may_begin(t->owner);
}

static void
transfer_ended(IonEasy *e)
{
	IonHttpTransfer *t = (IonHttpTransfer *) ((char *) e - offsetof(IonHttpTransfer, easy));

	curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &t->http_code);
	ion_easy_remove(e);
	t->pool->ended(t);
}

void
ion_http_give_back(IonHttpTransfer *t)
{
	IonHttpPool *pool = t->pool;

	ion_easy_remove(&t->easy);
	curl_easy_setopt(t->easy.easy, CURLOPT_HTTPHEADER, NULL);
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	free(t->body);
	t->body = NULL;
	t->owner = NULL;
	if (pool->n_idle >= ION_HTTP_POOL_MAX)
	{
		transfer_free(t);
		return;
	}
	dlist_push_head(&pool->idle_list, &t->idle);
	pool->n_idle++;
}
