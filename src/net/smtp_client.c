/*-------------------------------------------------------------------------
 *
 * smtp_client.c
 *	  A relay's SMTP connections, several at once, each used for many mails.
 *
 * libcurl does what it is best at (names, TCP, TLS, STARTTLS, AUTH) by
 * CURLOPT_CONNECT_ONLY; the dialogue of each mail is our own machine, because
 * libcurl's SMTP upload blocks the whole loop while it waits for the reply to
 * the final dot.  A connection holds at most one mail, so connections and
 * mails in flight are the same number.
 *
 * Ends of a connection: the socket is shut down before libcurl is told, which
 * keeps it from sending a QUIT and waiting for the answer.
 *
 * A connection that fails before its first reply is the provider's fault; one
 * that was idle and turns out closed is nobody's: the mail moves on to a new
 * connection.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <sys/socket.h>

#include "net/smtp_client.h"
#include "utils/memutils.h"

#define READ_BYTES 16384
#define MAX_STALE_MOVES 3		/* then it is treated as a failure */

typedef struct Connection
{
	IonEasy		easy;
	dlist_node	node;
	IonSmtpPool *pool;
	IonSmtp    *smtp;			/* NULL while libcurl connects */
	MemoryContext cxt;			/* the machine's */
	IonWatch	watch;
	int64		deadline_ms;	/* monotonic */
	IonSmtpWait waited_for;
	bool		has_mail;
	IonSmtpMail mail;
	void	   *owner;
	int			moves;			/* times this mail met a stale connection */
	bool		closing;
} Connection;

struct IonSmtpPool
{
	IonReactor *reactor;
	IonSmtpConfig config;
	dlist_head	connections;
	int			n_connections;
	dlist_head	dead;			/* to be freed by the next tick */
};

static bool connection_open(IonSmtpPool *pool, const IonSmtpMail *mail, void *owner, int moves);
static void connection_close(Connection *c);
static void connection_free(Connection *c);
static void connected(IonEasy *e);
static void ready(void *arg, bool readable, bool writable);
static bool may_begin(void *arg);
static bool read_all(Connection *c);
static bool write_all(Connection *c);
static void after_io(Connection *c);
static void set_deadline(Connection *c, bool progress);
static void take_result(Connection *c);
static void fail_mail(Connection *c, IonOutcomeKind kind, int code, const char *detail);
static bool move_mail(Connection *c);

IonSmtpPool *
ion_smtp_pool_create(IonReactor *reactor, const IonSmtpConfig *config)
{
	IonSmtpPool *pool = calloc(1, sizeof(IonSmtpPool));

	if (pool == NULL)
		return NULL;
	pool->reactor = reactor;
	pool->config = *config;
	dlist_init(&pool->connections);
	dlist_init(&pool->dead);
	return pool;
}

void
ion_smtp_pool_destroy(IonSmtpPool *pool)
{
	while (!dlist_is_empty(&pool->connections))
	{
		Connection *c = dlist_container(Connection, node, dlist_head_node(&pool->connections));

		c->has_mail = false;
		connection_close(c);
	}
	ion_smtp_pool_tick(pool);
	free(pool);
}

bool
ion_smtp_pool_send(IonSmtpPool *pool, const IonSmtpMail *mail, void *owner)
{
	dlist_iter	iter;

	dlist_foreach(iter, &pool->connections)
	{
		Connection *c = dlist_container(Connection, node, iter.cur);

		if (c->smtp == NULL || c->has_mail || c->closing || ion_smtp_phase(c->smtp) != ION_SMTP_READY)
			continue;
		c->mail = *mail;
		c->owner = owner;
		c->has_mail = true;
		c->moves = 0;
		if (!ion_smtp_send_mail(c->smtp, mail))
		{
			c->has_mail = false;
			continue;
		}
		set_deadline(c, true);
		ready(c, false, true);
		return true;
	}
	if (pool->n_connections >= pool->config.connections_max)
		return false;
	return connection_open(pool, mail, owner, 0);
}

static bool
connection_open(IonSmtpPool *pool, const IonSmtpMail *mail, void *owner, int moves)
{
	const IonSmtpConfig *f = &pool->config;
	Connection *c = calloc(1, sizeof(Connection));
	CURLcode	rc = CURLE_OK;

	if (c == NULL)
		return false;
	c->pool = pool;
	c->watch.fd = -1;
	if (!ion_easy_init(&c->easy, pool->reactor, "smtp,smtps", f->allow_private))
	{
		free(c);
		return false;
	}
	c->easy.ended = connected;
#define SET(option, value) if (rc == CURLE_OK) rc = curl_easy_setopt(c->easy.easy, option, value)
	SET(CURLOPT_URL, f->url);
	SET(CURLOPT_CONNECT_ONLY, 1L);
	SET(CURLOPT_FRESH_CONNECT, 1L);
	SET(CURLOPT_USE_SSL, f->use_ssl);
	SET(CURLOPT_CONNECTTIMEOUT_MS, (long) f->connect_timeout_ms);
	SET(CURLOPT_TIMEOUT_MS, (long) f->connect_timeout_ms + f->timeout_ms);
	SET(CURLOPT_SERVER_RESPONSE_TIMEOUT, (long) Max(f->timeout_ms / 1000, 1));
	if (f->ca_file != NULL)
		SET(CURLOPT_CAINFO, f->ca_file);
	if (f->user != NULL)
	{
		SET(CURLOPT_USERNAME, f->user);
		if (f->password != NULL)
			SET(CURLOPT_PASSWORD, f->password);
	}
#undef SET
	if (rc != CURLE_OK || !ion_easy_start(&c->easy))
	{
		ion_easy_cleanup(&c->easy);
		free(c);
		return false;
	}
	c->mail = *mail;
	c->owner = owner;
	c->has_mail = true;
	c->moves = moves;
	c->deadline_ms = -1;		/* libcurl's own while it connects */
	dlist_push_tail(&pool->connections, &c->node);
	pool->n_connections++;
	return true;
}

/* libcurl has set up the connection, or failed to. */
static void
connected(IonEasy *e)
{
	Connection *c = (Connection *) ((char *) e - offsetof(Connection, easy));
	curl_socket_t fd = CURL_SOCKET_BAD;
	long		code = 0;
	MemoryContext old;

	curl_easy_getinfo(e->easy, CURLINFO_RESPONSE_CODE, &code);
	if (e->result != CURLE_OK ||
		curl_easy_getinfo(e->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD)
	{
		const char *what = e->blocked ? "the address is in a private network and allow_private_network is off"
			: e->result == CURLE_LOGIN_DENIED ? "the relay refused the credentials"
			: e->result == CURLE_USE_SSL_FAILED ? "the relay offers no TLS"
			: curl_easy_strerror(e->result);

		/* a good reply is the last thing heard, not the reason */
		fail_mail(c, ION_OUTCOME_PROVIDER_FAULT, code >= 400 ? (int) code : 0, what);
		connection_close(c);
		return;
	}
	c->cxt = AllocSetContextCreate(TopMemoryContext, "io_notify smtp", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(c->cxt);
	c->smtp = ion_smtp_create(c->pool->config.ehlo_name);
	MemoryContextSwitchTo(old);
	c->watch.fd = fd;
	c->watch.ready = ready;
	c->watch.arg = c;
	if (c->smtp != NULL)
		ion_smtp_ask(c->smtp, may_begin, c);
	if (c->smtp == NULL || !ion_smtp_send_mail(c->smtp, &c->mail))
	{
		fail_mail(c, ION_OUTCOME_PROVIDER_FAULT, 0, "the dialogue could not be started");
		connection_close(c);
		return;
	}
	set_deadline(c, true);
	ready(c, true, true);
}

static bool
may_begin(void *arg)
{
	Connection *c = arg;

	return c->pool->config.may_begin(c->owner);
}

static void
ready(void *arg, bool readable, bool writable)
{
	Connection *c = arg;
	MemoryContext old = MemoryContextSwitchTo(c->cxt);

	(void) writable;
	/* what was written must be known before what is read is understood */
	if (!write_all(c) || (readable && !read_all(c)) || !write_all(c))
		ion_smtp_closed(c->smtp, false);
	MemoryContextSwitchTo(old);
	after_io(c);
}

/* Read until libcurl has no more (TLS may hold bytes the socket does not show). */
static bool
read_all(Connection *c)
{
	char		buffer[READ_BYTES];

	for (;;)
	{
		size_t		n = 0;
		CURLcode	rc = curl_easy_recv(c->easy.easy, buffer, sizeof(buffer), &n);

		if (rc == CURLE_AGAIN)
			return true;
		if (rc != CURLE_OK || n == 0)
			return false;
		/* bytes are no progress, or a drip would be one: a reply is (after_io) */
		ion_smtp_input(c->smtp, buffer, n);
		if (ion_smtp_phase(c->smtp) == ION_SMTP_DEAD)
			return true;
	}
}

static bool
write_all(Connection *c)
{
	for (;;)
	{
		size_t		length;
		size_t		n = 0;
		const char *bytes = ion_smtp_output(c->smtp, &length);
		CURLcode	rc;

		if (length == 0)
			return true;
		rc = curl_easy_send(c->easy.easy, bytes, length, &n);
		if (rc == CURLE_AGAIN)
			return true;
		if (rc != CURLE_OK)
			return false;
		ion_smtp_sent(c->smtp, n);
		set_deadline(c, true);
	}
}

/* Take results, then watch for what the machine needs next. */
static void
after_io(Connection *c)
{
	size_t		pending;

	take_result(c);
	if (ion_smtp_phase(c->smtp) == ION_SMTP_DEAD)
	{
		connection_close(c);
		return;
	}
	ion_smtp_output(c->smtp, &pending);
	if (!ion_reactor_watch(c->pool->reactor, &c->watch, true, pending > 0))
	{
		ion_smtp_closed(c->smtp, false);
		take_result(c);
		connection_close(c);
		return;
	}
	set_deadline(c, false);
}

static void
set_deadline(Connection *c, bool progress)
{
	IonSmtpWait wait = ion_smtp_waiting_for(c->smtp);

	if (!progress && wait == c->waited_for)
		return;
	c->waited_for = wait;
	c->deadline_ms = ion_monotonic_ms() +
		(wait == ION_SMTP_WAIT_NOTHING ? ION_SMTP_IDLE_MS :
		 wait == ION_SMTP_WAIT_DOT ? 2 * (int64) c->pool->config.timeout_ms : c->pool->config.timeout_ms);
}

static void
take_result(Connection *c)
{
	IonSmtpResult result;

	while (c->smtp != NULL && ion_smtp_result(c->smtp, &result))
	{
		void	   *owner = c->owner;

		if (!c->has_mail)
			continue;
		if (result.stale && !result.held && move_mail(c))
			continue;
		c->has_mail = false;
		c->owner = NULL;
		if (result.held)
			c->pool->config.held(owner);
		else
			c->pool->config.ended(owner, &result.outcome);
	}
}

/* Give the mail of a stale connection to a fresh one. */
static bool
move_mail(Connection *c)
{
	if (c->moves >= MAX_STALE_MOVES || !connection_open(c->pool, &c->mail, c->owner, c->moves + 1))
		return false;
	c->has_mail = false;
	return true;
}

static void
fail_mail(Connection *c, IonOutcomeKind kind, int code, const char *detail)
{
	IonOutcome	outcome;
	void	   *owner = c->owner;

	if (!c->has_mail)
		return;
	ion_outcome_init(&outcome, kind, code);
	ion_outcome_add_detail(&outcome, detail, -1);
	outcome.destination_fault = true;
	c->has_mail = false;
	c->owner = NULL;
	c->pool->config.ended(owner, &outcome);
}

/*
 * End a connection.  Freed by the next tick, because its own code may still
 * be on the stack.
 */
static void
connection_close(Connection *c)
{
	if (c->closing)
		return;
	c->closing = true;
	if (c->watch.fd >= 0)
	{
		int			fd = c->watch.fd;

		ion_reactor_unwatch(c->pool->reactor, &c->watch);
		shutdown(fd, SHUT_RDWR);
	}
	dlist_delete(&c->node);
	c->pool->n_connections--;
	dlist_push_tail(&c->pool->dead, &c->node);
}

static void
connection_free(Connection *c)
{
	ion_easy_cleanup(&c->easy);
	if (c->smtp != NULL)
		ion_smtp_free(c->smtp);
	if (c->cxt != NULL)
		MemoryContextDelete(c->cxt);
	free(c);
}

long
ion_smtp_pool_tick(IonSmtpPool *pool)
{
	int64		now = ion_monotonic_ms();
	int64		next = -1;
	dlist_mutable_iter iter;

	dlist_foreach_modify(iter, &pool->connections)
	{
		Connection *c = dlist_container(Connection, node, iter.cur);

		if (c->deadline_ms < 0)
			continue;
		if (c->deadline_ms > now)
		{
			next = next < 0 ? c->deadline_ms : Min(next, c->deadline_ms);
			continue;
		}
		if (ion_smtp_waiting_for(c->smtp) == ION_SMTP_WAIT_NOTHING)
		{
			MemoryContext old = MemoryContextSwitchTo(c->cxt);

			ion_smtp_quit(c->smtp);
			write_all(c);
			MemoryContextSwitchTo(old);
		}
		else
			ion_smtp_closed(c->smtp, true);
		take_result(c);
		connection_close(c);
	}
	while (!dlist_is_empty(&pool->dead))
		connection_free(dlist_container(Connection, node, dlist_pop_head_node(&pool->dead)));
	return next < 0 ? -1 : (long) Max(next - now, 0);
}
