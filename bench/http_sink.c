/*-------------------------------------------------------------------------
 *
 * http_sink.c
 *	  HTTP/1.1 keep-alive endpoint that swallows requests, for bench and tests.
 *
 * One process, one epoll set, no threads, clear text, 127.0.0.1 only.  It must
 * cost far less than any client it measures, so requests are parsed in place
 * in one shared read buffer: a connection keeps bytes of its own only when a
 * head is cut in two by a read, or when the socket took a part of an answer
 * (then it is not read again until the rest is gone: bounded memory).  Bodies
 * are counted and thrown away.
 *
 * Pipelining is safe: answers leave in the order of the requests.  Delayed
 * answers wait in one FIFO (the delay is the same for all, so the FIFO is in
 * order of time); an entry names its connection by slot and generation, so a
 * connection that died is never mistaken for its successor.
 *
 * A connection that must end is shut down for writing and drained until the
 * client closes: closing with bytes unread would reset it and lose the answer.
 *
 * The first line of standard output is the port.  GET /stats answers counters
 * as JSON and counts neither itself nor its connection.
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE

#include "http_head.h"
#include "id_set.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define READ_BYTES		(256 * 1024)
#define HEAD_MAX		(32 * 1024)
#define EVENTS_MAX		512
#define SLOTS_MAX		65536
#define LISTEN_SLOT		UINT32_MAX

typedef struct Conn
{
	int			fd;				/* -1 = free slot */
	uint32_t	generation;
	uint64_t	body_left;		/* bytes of the present body still to come */
	char	   *head;			/* start of a request head cut in two */
	size_t		head_len;
	char	   *out;			/* answers not yet sent */
	size_t		out_len;
	size_t		out_cap;
	bool		counted;		/* it asked for more than /stats */
	bool		hung;			/* a --hang-path request came: mute for good */
	bool		closing;		/* no more requests are taken */
	bool		blocked;		/* the socket is full: watched for writing only */
} Conn;

typedef struct Delayed
{
	uint64_t	due_ns;
	uint32_t	slot;
	uint32_t	generation;
	bool		close;
} Delayed;

static Conn conns[SLOTS_MAX];
static uint32_t free_slots[SLOTS_MAX];
static uint32_t free_count;
static int	epoll_fd;
static int	listen_fd;
static char read_buffer[HEAD_MAX + READ_BYTES];
static volatile sig_atomic_t stop_requested;

static struct
{
	uint64_t	requests;
	uint64_t	hung;
	uint64_t	body_bytes;
	uint64_t	connections;
	uint64_t	open;
	uint64_t	first_ns;
	uint64_t	last_ns;
}			total;

static int	opt_port;
static int	opt_status = 200;
static int	opt_delay_ms;
static const char *opt_hang_path;
static bool opt_count;
static bool opt_distinct;
static FILE *record_file;
static char answers[2][160];	/* [close]: the standard answer */

static Delayed *fifo;			/* ring, fifo_cap is a power of two */
static size_t fifo_cap;
static size_t fifo_head;
static size_t fifo_count;

static IdSet seen;				/* webhook-id values, with --distinct */

static void
die(const char *what)
{
	fprintf(stderr, "http_sink: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *
must(void *memory)
{
	if (memory == NULL)
		die("out of memory");
	return memory;
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t) ts.tv_sec * 1000000000u + (uint64_t) ts.tv_nsec;
}

static void
conn_watch(Conn *conn, int op, uint32_t events)
{
	struct epoll_event event = {.events = events};

	event.data.u32 = (uint32_t) (conn - conns);
	if (epoll_ctl(epoll_fd, op, conn->fd, &event) < 0)
		die("epoll_ctl");
}

static void
conn_close(Conn *conn)
{
	uint32_t	generation = conn->generation + 1;

	close(conn->fd);
	free(conn->head);
	free(conn->out);
	if (conn->counted)
		total.open--;
	*conn = (Conn) {.fd = -1, .generation = generation};
	free_slots[free_count++] = (uint32_t) (conn - conns);
}

static void
conn_put(Conn *conn, const char *bytes, size_t len)
{
	if (conn->out_len + len > conn->out_cap)
	{
		conn->out_cap = (conn->out_len + len) * 2;
		conn->out = must(realloc(conn->out, conn->out_cap));
	}
	memcpy(conn->out + conn->out_len, bytes, len);
	conn->out_len += len;
}

static void
conn_answer(Conn *conn, bool close_after)
{
	conn_put(conn, answers[close_after], strlen(answers[close_after]));
	conn->closing |= close_after;
}

static void
conn_refuse(Conn *conn, int status)
{
	char		text[100];

	snprintf(text, sizeof(text), "HTTP/1.1 %d Refused\r\nConnection: close\r\n"
			 "Content-Length: 0\r\n\r\n", status);
	conn_put(conn, text, strlen(text));
	conn->closing = true;
}

static void
conn_answer_stats(Conn *conn)
{
	char		body[400];
	char		head[100];
	int			len;

	len = snprintf(body, sizeof(body),
				   "{\"requests\": %llu, \"distinct_ids\": %lld, \"hung\": %llu,"
				   " \"connections\": %llu, \"open\": %llu,"
				   " \"body_bytes\": %llu, \"first_ns\": %llu,"
				   " \"last_ns\": %llu}\n",
				   (unsigned long long) total.requests,
				   opt_distinct ? (long long) seen.count : -1LL,
				   (unsigned long long) total.hung,
				   (unsigned long long) total.connections,
				   (unsigned long long) total.open,
				   (unsigned long long) total.body_bytes,
				   (unsigned long long) total.first_ns,
				   (unsigned long long) total.last_ns);
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Type: "
			 "application/json\r\nContent-Length: %d\r\n\r\n", len);
	conn_put(conn, head, strlen(head));
	conn_put(conn, body, (size_t) len);
}

/* Send what is queued; closes the connection when the peer is gone. */
static void
conn_flush(Conn *conn)
{
	size_t		sent = 0;
	bool		full = false;

	while (sent < conn->out_len && !full)
	{
		ssize_t		n = send(conn->fd, conn->out + sent, conn->out_len - sent,
							 MSG_NOSIGNAL);

		if (n > 0)
			sent += (size_t) n;
		else if (errno == EAGAIN)
			full = true;
		else if (errno != EINTR)
		{
			conn_close(conn);
			return;
		}
	}
	conn->out_len -= sent;
	if (conn->out_len > 0)
		memmove(conn->out, conn->out + sent, conn->out_len);
	else if (conn->closing)
		shutdown(conn->fd, SHUT_WR);
	if (full != conn->blocked)
	{
		conn->blocked = full;
		conn_watch(conn, EPOLL_CTL_MOD, full ? EPOLLOUT : EPOLLIN);
	}
}

static void
delay_answer(Conn *conn, bool close_after)
{
	if (fifo_count == fifo_cap)
	{
		size_t		cap = fifo_cap ? fifo_cap * 2 : 1024;
		Delayed    *bigger = must(malloc(cap * sizeof(*bigger)));

		for (size_t i = 0; i < fifo_count; i++)
			bigger[i] = fifo[(fifo_head + i) & (fifo_cap - 1)];
		free(fifo);
		fifo = bigger;
		fifo_cap = cap;
		fifo_head = 0;
	}
	fifo[(fifo_head + fifo_count++) & (fifo_cap - 1)] = (Delayed)
	{
		now_ns() + (uint64_t) opt_delay_ms * 1000000u,
			(uint32_t) (conn - conns), conn->generation, close_after
	};
}

/* Send the answers that are due; returns the wait in ms for the next, or -1. */
static int
delay_run(void)
{
	while (fifo_count > 0)
	{
		Delayed		first = fifo[fifo_head];
		Conn	   *conn = &conns[first.slot];
		uint64_t	now = now_ns();

		if (first.due_ns > now)
			return (int) ((first.due_ns - now + 999999u) / 1000000u);
		fifo_head = (fifo_head + 1) & (fifo_cap - 1);
		fifo_count--;
		if (conn->fd >= 0 && conn->generation == first.generation)
		{
			conn_answer(conn, first.close);
			conn_flush(conn);
		}
	}
	return -1;
}

static void
take_request(Conn *conn, const HttpHead *head, uint64_t arrived_ns)
{
	if (head->path_len == 6 && memcmp(head->path, "/stats", 6) == 0)
	{
		conn_answer_stats(conn);
		return;
	}
	if (!conn->counted)
	{
		conn->counted = true;
		total.connections++;
		total.open++;
	}
	total.requests++;
	total.body_bytes += head->content_length;
	total.last_ns = arrived_ns;
	if (total.first_ns == 0)
		total.first_ns = arrived_ns;
	if (opt_distinct && head->id[0] && !id_set_add(&seen, head->id))
		die("out of memory");
	if (record_file)
		fprintf(record_file, "%llu %s %.*s\n", (unsigned long long) arrived_ns,
				head->id[0] ? head->id : "-",
				(int) head->path_len, head->path);
	if (opt_hang_path && head->path_len >= strlen(opt_hang_path) &&
		memcmp(head->path, opt_hang_path, strlen(opt_hang_path)) == 0)
		conn->hung = true;
	if (conn->hung)
		total.hung++;
	else if (opt_delay_ms > 0)
		delay_answer(conn, head->close);
	else
		conn_answer(conn, head->close);
}

/* Consume every whole request in [at, end); returns where the rest begins. */
static const char *
take_bytes(Conn *conn, const char *at, const char *end)
{
	uint64_t	arrived_ns = now_ns();

	while (at < end && !conn->closing)
	{
		HttpHead	head;
		const char *blank;
		uint64_t	body = (uint64_t) (end - at);

		if (conn->body_left > 0)
		{
			if (body > conn->body_left)
				body = conn->body_left;
			conn->body_left -= body;
			at += body;
			continue;
		}
		blank = memmem(at, (size_t) (end - at), "\r\n\r\n", 4);
		if (blank == NULL)
		{
			if (end - at >= HEAD_MAX)
				conn_refuse(conn, 431);
			break;
		}
		http_head_parse(&head, at, blank);
		at = blank + 4;
		if (head.refuse)
		{
			conn_refuse(conn, head.refuse);
			break;
		}
		conn->body_left = head.content_length;
		if (head.expect)
			conn_put(conn, "HTTP/1.1 100 Continue\r\n\r\n", 25);
		take_request(conn, &head, arrived_ns);
	}
	return conn->closing ? end : at;
}

static void
conn_readable(Conn *conn)
{
	ssize_t		n;
	const char *rest;
	const char *end;

	/* A cut head, shorter than HEAD_MAX, goes in front of the new bytes. */
	if (conn->head_len > 0)
		memcpy(read_buffer, conn->head, conn->head_len);
	n = recv(conn->fd, read_buffer + conn->head_len, READ_BYTES, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0)
	{
		conn_close(conn);
		return;
	}
	end = read_buffer + conn->head_len + n;
	rest = take_bytes(conn, read_buffer, end);
	conn->head_len = (size_t) (end - rest);
	if (conn->head_len > 0)
	{
		conn->head = must(realloc(conn->head, HEAD_MAX));
		memcpy(conn->head, rest, conn->head_len);
	}
	if (conn->out_len > 0)
		conn_flush(conn);
}

static void
accept_all(void)
{
	for (;;)
	{
		int			one = 1;
		int			fd = accept4(listen_fd, NULL, NULL,
								 SOCK_NONBLOCK | SOCK_CLOEXEC);
		Conn	   *conn;

		if (fd < 0)
		{
			if (errno == EMFILE || errno == ENFILE)
				die("accept");
			return;
		}
		if (free_count == 0)
		{
			close(fd);
			continue;
		}
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		conn = &conns[free_slots[--free_count]];
		conn->fd = fd;
		conn_watch(conn, EPOLL_CTL_ADD, EPOLLIN);
	}
}

static void
serve(const sigset_t *while_waiting)
{
	struct epoll_event events[EVENTS_MAX];

	while (!stop_requested)
	{
		int			timeout = delay_run();
		int			n;

		if (record_file)
			fflush(record_file);
		n = epoll_pwait(epoll_fd, events, EVENTS_MAX, timeout, while_waiting);
		for (int i = 0; i < n; i++)
		{
			Conn	   *conn;

			if (events[i].data.u32 == LISTEN_SLOT)
			{
				accept_all();
				continue;
			}
			conn = &conns[events[i].data.u32];
			if (conn->fd < 0)
				continue;
			if (conn->blocked)
				conn_flush(conn);
			else
				conn_readable(conn);
		}
	}
}

static void
listen_on(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t	len = sizeof(address);
	struct epoll_event event = {.events = EPOLLIN};
	int			one = 1;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons((uint16_t) port);
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listen_fd, (struct sockaddr *) &address, len) < 0 ||
		listen(listen_fd, 4096) < 0 ||
		getsockname(listen_fd, (struct sockaddr *) &address, &len) < 0)
		die("listen");
	event.data.u32 = LISTEN_SLOT;
	if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &event) < 0)
		die("epoll_ctl");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
}

static void
usage(void)
{
	fputs("usage: http_sink [options]\n"
		  "  --port N           listen on 127.0.0.1:N (default 0: any free one)\n"
		  "  --status N         answer with this status (default 200)\n"
		  "  --delay-ms N       wait before each answer\n"
		  "  --hang-path PREFIX never answer requests whose path begins so\n"
		  "  --record FILE      append \"monotonic_ns webhook-id path\" lines\n"
		  "  --distinct         count distinct webhook-id values in /stats\n"
		  "  --count            print the number of requests at the end\n",
		  stderr);
	exit(2);
}

static void
parse_options(int argc, char **argv)
{
	static const struct option options[] = {
		{"port", required_argument, NULL, 'p'},
		{"status", required_argument, NULL, 's'},
		{"delay-ms", required_argument, NULL, 'd'},
		{"hang-path", required_argument, NULL, 'h'},
		{"record", required_argument, NULL, 'r'},
		{"distinct", no_argument, NULL, 'i'},
		{"count", no_argument, NULL, 'c'},
		{NULL, 0, NULL, 0}
	};
	int			option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
	{
		if (option == 'p')
			opt_port = atoi(optarg);
		else if (option == 's')
			opt_status = atoi(optarg);
		else if (option == 'd')
			opt_delay_ms = atoi(optarg);
		else if (option == 'h')
			opt_hang_path = optarg;
		else if (option == 'i')
			opt_distinct = true;
		else if (option == 'c')
			opt_count = true;
		else if (option != 'r')
			usage();
		else if ((record_file = fopen(optarg, "ae")) == NULL)
			die(optarg);
	}
	if (optind != argc || opt_status < 200 || opt_status > 599 ||
		opt_delay_ms < 0 || opt_port < 0 || opt_port > 65535)
		usage();
}

static void
request_stop(int signal_number)
{
	(void) signal_number;
	stop_requested = 1;
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = request_stop};
	struct rlimit limit;
	sigset_t	stop_signals;
	sigset_t	while_waiting;

	bool		bodyless;

	parse_options(argc, argv);
	bodyless = opt_status == 204 || opt_status == 304;

	/* Stop signals arrive only inside epoll_pwait: none can be missed. */
	sigemptyset(&stop_signals);
	sigaddset(&stop_signals, SIGTERM);
	sigaddset(&stop_signals, SIGINT);
	sigprocmask(SIG_BLOCK, &stop_signals, &while_waiting);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
	{
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	for (uint32_t i = SLOTS_MAX; i-- > 0;)
	{
		conns[i].fd = -1;
		free_slots[free_count++] = i;
	}
	for (int close_after = 0; close_after < 2; close_after++)
		snprintf(answers[close_after], sizeof(answers[0]),
				 "HTTP/1.1 %d %s\r\n%s%s\r\n%s", opt_status,
				 opt_status < 300 ? "OK" : "Said So",
				 close_after ? "Connection: close\r\n" : "",
				 bodyless ? "" : "Content-Type: text/plain\r\n"
				 "Content-Length: 2\r\n", bodyless ? "" : "ok");
	listen_on(opt_port);
	serve(&while_waiting);
	if (opt_count)
		printf("%llu\n", (unsigned long long) total.requests);
	if (record_file)
		fclose(record_file);
	return 0;
}
