/*-------------------------------------------------------------------------
 *
 * reactor.c
 *	  One epoll descriptor behind which all network work of a dispatcher waits.
 *
 * The dispatcher puts epoll_fd into its WaitEventSet beside its latch and
 * postmaster death, so it never waits inside libcurl (a worker that does
 * outlives a killed postmaster and blocks the restart).
 *
 * Callbacks of libcurl only record: they allocate nothing from PostgreSQL and
 * never raise, because an error would longjmp through libcurl's frames.
 *
 * A connection kept alive is announced and withdrawn by libcurl for every
 * request.  We leave it registered with the kernel and compare what is wanted
 * with what is registered, so a request in the steady state costs no epoll_ctl
 * at all; an event nobody wants withdraws the descriptor.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/address_policy.h"
#include "net/reactor.h"

#define EVENTS_PER_CALL 128
#define ROUNDS_PER_DRIVE 4		/* then the dispatcher gets its turn again */
#define DESCRIPTORS_RESERVED 128	/* for PostgreSQL's own files */

static int	on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *per_socket);
static int	on_timer(CURLM *multi, long timeout_ms, void *arg);
static int	on_resolve(void *resolver, void *reserved, void *arg);
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address);
static int	on_close(void *arg, curl_socket_t fd);
static int	on_prereq(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port);
static IonSocket *socket_entry(IonReactor *reactor, int fd);
static bool register_fd(IonReactor *reactor, int fd, uint32 events);
static void dispatch_event(IonReactor *reactor, int fd, uint32 events);
static void collect_finished(IonReactor *reactor);
static void drive(IonReactor *r);
static void stop_resolving(IonEasy *e);

int64
ion_monotonic_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

IonReactor *
ion_reactor_create(void)
{
	IonReactor *r = calloc(1, sizeof(IonReactor));
	struct rlimit limit;

	if (r == NULL)
		return NULL;
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	r->multi = curl_multi_init();
	r->curl_deadline_ms = -1;
	dlist_init(&r->finished);
	if (r->epoll_fd < 0 || r->multi == NULL)
	{
		ion_reactor_destroy(r);
		return NULL;
	}
	/* servers are often started with a soft limit of 1024 */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
		limit.rlim_cur < ION_CONNECTIONS_MAX + DESCRIPTORS_RESERVED)
	{
		limit.rlim_cur = Min(limit.rlim_max, (rlim_t) (ION_CONNECTIONS_MAX + DESCRIPTORS_RESERVED));
		(void) setrlimit(RLIMIT_NOFILE, &limit);
	}
	r->connections_max = ION_CONNECTIONS_MAX;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
		(rlim_t) (ION_CONNECTIONS_MAX + DESCRIPTORS_RESERVED) > limit.rlim_cur)
		r->connections_max = Max((int) limit.rlim_cur - DESCRIPTORS_RESERVED, 16);
	curl_multi_setopt(r->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(r->multi, CURLMOPT_SOCKETDATA, r);
	curl_multi_setopt(r->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(r->multi, CURLMOPT_TIMERDATA, r);
	curl_multi_setopt(r->multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX);
	curl_multi_setopt(r->multi, CURLMOPT_MAXCONNECTS, (long) r->connections_max);
	curl_multi_setopt(r->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long) r->connections_max);
	return r;
}

void
ion_reactor_destroy(IonReactor *r)
{
	if (r->multi != NULL)
		curl_multi_cleanup(r->multi);
	if (r->epoll_fd >= 0)
		close(r->epoll_fd);
	free(r->sockets);
	free(r);
}

/* The table's entry of a descriptor; NULL when memory is out. */
static IonSocket *
socket_entry(IonReactor *r, int fd)
{
	if (fd < 0)
		return NULL;
	if (fd >= r->n_sockets)
	{
		int			n = Max(fd + 1, r->n_sockets * 2 + 64);
		IonSocket  *grown = realloc(r->sockets, sizeof(IonSocket) * n);

		if (grown == NULL)
			return NULL;
		memset(grown + r->n_sockets, 0, sizeof(IonSocket) * (n - r->n_sockets));
		r->sockets = grown;
		r->n_sockets = n;
	}
	return &r->sockets[fd];
}

static bool
register_fd(IonReactor *r, int fd, uint32 events)
{
	IonSocket  *s = socket_entry(r, fd);
	struct epoll_event ev = {.events = events, .data.fd = fd};
	int			op;

	if (s == NULL)
		return false;
	if (s->registered == events)
		return true;
	op = s->registered == 0 ? EPOLL_CTL_ADD : events == 0 ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
	if (epoll_ctl(r->epoll_fd, op, fd, &ev) < 0)
	{
		/* closed and opened again behind our back, or never closed at all */
		if (op == EPOLL_CTL_DEL)
			;
		else if (errno == ENOENT && epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &ev) == 0)
			;
		else if (errno == EEXIST && epoll_ctl(r->epoll_fd, EPOLL_CTL_MOD, fd, &ev) == 0)
			;
		else
		{
			s->registered = 0;
			return false;
		}
	}
	s->registered = events;
	return true;
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *per_socket)
{
	IonReactor *r = arg;
	IonSocket  *s = socket_entry(r, fd);
	uint32		events = 0;

	(void) easy;
	(void) per_socket;
	if (s == NULL)
		return -1;
	if (what == CURL_POLL_REMOVE)
	{
		s->wanted = false;
		return 0;
	}
	s->wanted = true;
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	return register_fd(r, fd, events) ? 0 : -1;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
	IonReactor *r = arg;

	(void) multi;
	r->curl_deadline_ms = timeout_ms < 0 ? -1 : ion_monotonic_ms() + timeout_ms;
	return 0;
}

static int
on_resolve(void *resolver, void *reserved, void *arg)
{
	IonEasy    *e = arg;

	(void) resolver;
	(void) reserved;
	if (!e->resolving)
	{
		e->resolving = true;
		e->reactor->resolving++;
	}
	return 0;
}

static void
stop_resolving(IonEasy *e)
{
	if (e->resolving)
	{
		e->resolving = false;
		e->reactor->resolving--;
	}
}

/*
 * Every address of a name comes by here before it is connected to, so a name
 * that resolves to something private is refused whatever it looked like.
 */
static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	IonEasy    *e = arg;
	const char *why;

	(void) purpose;
	stop_resolving(e);
	if (!e->allow_private && ion_address_is_private(&address->addr, address->addrlen, &why))
	{
		e->blocked = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static int
on_close(void *arg, curl_socket_t fd)
{
	IonReactor *r = arg;

	/* the kernel forgets a closed descriptor by itself */
	if (fd >= 0 && fd < r->n_sockets)
	{
		r->sockets[fd].registered = 0;
		r->sockets[fd].wanted = false;
	}
	return close(fd);
}

/*
 * Called right before a request is written.  A second call means that libcurl
 * found the connection dead and would send the request again, though the
 * first may have been received: stopped, for the judge to call it unknown.  A
 * reused connection comes by here without on_open, so the policy is asked
 * again.  It is also the last moment to hold a request back: the wait for a
 * name, a connection or a handshake is over.
 */
static int
on_prereq(void *arg, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	IonEasy    *e = arg;

	(void) local_ip;
	(void) remote_port;
	(void) local_port;
	stop_resolving(e);
	if (!e->allow_private && ion_address_text_is_private(remote_ip))
	{
		e->blocked = true;
		return CURL_PREREQFUNC_ABORT;
	}
	if (e->once && e->request_began)
	{
		e->second_send_stopped = true;
		return CURL_PREREQFUNC_ABORT;
	}
	if (e->may_begin != NULL && !e->may_begin(e))
	{
		e->held = true;
		return CURL_PREREQFUNC_ABORT;
	}
	e->request_began = true;
	return CURL_PREREQFUNC_OK;
}

bool
ion_easy_init(IonEasy *e, IonReactor *r, const char *protocols, bool allow_private)
{
	CURLcode	rc = CURLE_OK;

	e->reactor = r;
	e->allow_private = allow_private;
	e->easy = curl_easy_init();
	if (e->easy == NULL)
		return false;
#define SET(option, value) if (rc == CURLE_OK) rc = curl_easy_setopt(e->easy, option, value)
	SET(CURLOPT_PRIVATE, e);
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_PROTOCOLS_STR, protocols);
	SET(CURLOPT_REDIR_PROTOCOLS_STR, protocols);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_PROXY, "");
	SET(CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_RESOLVER_START_FUNCTION, on_resolve);
	SET(CURLOPT_RESOLVER_START_DATA, e);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, e);
	SET(CURLOPT_CLOSESOCKETFUNCTION, on_close);
	SET(CURLOPT_CLOSESOCKETDATA, r);
	SET(CURLOPT_PREREQFUNCTION, on_prereq);
	SET(CURLOPT_PREREQDATA, e);
#undef SET
	if (rc != CURLE_OK)
	{
		curl_easy_cleanup(e->easy);
		e->easy = NULL;
		return false;
	}
	return true;
}

bool
ion_easy_start(IonEasy *e)
{
	sigset_t	all;
	sigset_t	before;

	e->blocked = false;
	e->request_began = false;
	e->held = false;
	e->second_send_stopped = false;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e->in_multi = curl_multi_add_handle(e->reactor->multi, e->easy) == CURLM_OK;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return e->in_multi;
}

void
ion_easy_remove(IonEasy *e)
{
	if (e->in_multi)
		curl_multi_remove_handle(e->reactor->multi, e->easy);
	e->in_multi = false;
	stop_resolving(e);
}

void
ion_easy_cleanup(IonEasy *e)
{
	ion_easy_remove(e);
	if (e->easy != NULL)
		curl_easy_cleanup(e->easy);
	e->easy = NULL;
}

bool
ion_reactor_watch(IonReactor *r, IonWatch *watch, bool want_read, bool want_write)
{
	IonSocket  *s = socket_entry(r, watch->fd);

	if (s == NULL)
		return false;
	s->watch = watch;
	return register_fd(r, watch->fd, (want_read ? EPOLLIN : 0) | (want_write ? EPOLLOUT : 0));
}

void
ion_reactor_unwatch(IonReactor *r, IonWatch *watch)
{
	if (watch->fd < 0)
		return;
	if (watch->fd < r->n_sockets && r->sockets[watch->fd].watch == watch)
	{
		r->sockets[watch->fd].watch = NULL;
		register_fd(r, watch->fd, 0);
	}
	watch->fd = -1;
}

static void
dispatch_event(IonReactor *r, int fd, uint32 events)
{
	IonSocket  *s = socket_entry(r, fd);
	bool		readable = (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
	bool		writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
	int			running;

	if (s == NULL)
		return;
	if (s->watch != NULL)
		s->watch->ready(s->watch->arg, readable, writable);
	else if (s->wanted)
		curl_multi_socket_action(r->multi, fd,
								 (readable ? CURL_CSELECT_IN : 0) | (writable ? CURL_CSELECT_OUT : 0), &running);
	else
		register_fd(r, fd, 0);
}

static void
collect_finished(IonReactor *r)
{
	CURLMsg    *msg;
	int			left;

	while ((msg = curl_multi_info_read(r->multi, &left)) != NULL)
	{
		IonEasy    *e = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **) &e);
		e->result = msg->data.result;
		stop_resolving(e);
		dlist_push_tail(&r->finished, &e->node);
	}
}

static void
drive(IonReactor *r)
{
	struct epoll_event events[EVENTS_PER_CALL];
	int			running;

	for (int round = 0; round < ROUNDS_PER_DRIVE; round++)
	{
		int			n = epoll_wait(r->epoll_fd, events, EVENTS_PER_CALL, 0);

		for (int i = 0; i < n; i++)
			dispatch_event(r, events[i].data.fd, events[i].events);
		if (r->curl_deadline_ms >= 0 && r->curl_deadline_ms <= ion_monotonic_ms())
		{
			r->curl_deadline_ms = -1;
			curl_multi_socket_action(r->multi, CURL_SOCKET_TIMEOUT, 0, &running);
		}
		if (n < EVENTS_PER_CALL)
			break;
	}
	collect_finished(r);
	while (!dlist_is_empty(&r->finished))
	{
		IonEasy    *e = dlist_container(IonEasy, node, dlist_pop_head_node(&r->finished));

		e->ended(e);
	}
}

/*
 * A resolver thread inherits the signal mask of whoever starts it, and
 * PostgreSQL's handlers must not run there: every signal is blocked around
 * what may start one.  Our own callbacks may raise (out of memory) once
 * libcurl's frames are left, hence the cleanup.
 */
void
ion_reactor_drive(IonReactor *r)
{
	sigset_t	all;
	sigset_t	before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	PG_TRY();
	{
		drive(r);
	}
	PG_FINALLY();
	{
		pthread_sigmask(SIG_SETMASK, &before, NULL);
	}
	PG_END_TRY();
}

long
ion_reactor_timeout(IonReactor *r)
{
	int64		left;

	if (r->curl_deadline_ms < 0)
		return -1;
	left = r->curl_deadline_ms - ion_monotonic_ms();
	return left < 0 ? 0 : (long) Min(left, 60000);
}
