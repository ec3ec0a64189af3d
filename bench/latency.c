/*-------------------------------------------------------------------------
 *
 * latency.c
 *	  Commit one statement at a time and note when each COMMIT was sent (P4).
 *
 * The time is CLOCK_MONOTONIC, the same clock the sink notes arrivals with, so
 * the driver can join the two on the first column of the statement's result
 * (the message id).  The statement itself runs before the clock starts: what
 * is measured is COMMIT to request, not INSERT to request.
 *
 *	  latency CONNINFO COUNT GAP_MS STATEMENT
 *
 * Prints per commit "sent_ns returned_ns id" (id is "-" without a result row).
 * The gap before each transaction lets the dispatcher fall idle.
 *
 *-------------------------------------------------------------------------
 */
#include "samples.h"

#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ID_MAX 100

static PGconn *conn;

/* Run one statement or end the program; copies its first value into id. */
static void
run(const char *statement, char *id)
{
	PGresult   *result = PQexec(conn, statement);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
	{
		fprintf(stderr, "latency: %s: %s", statement, PQerrorMessage(conn));
		PQclear(result);
		PQfinish(conn);
		exit(1);
	}
	if (id != NULL && status == PGRES_TUPLES_OK && PQntuples(result) > 0)
		snprintf(id, ID_MAX, "%s", PQgetvalue(result, 0, 0));
	PQclear(result);
}

int
main(int argc, char **argv)
{
	long		count;
	long		gap_ms;

	if (argc != 5 || (count = atol(argv[2])) < 1 ||
		(gap_ms = atol(argv[3])) < 0)
	{
		fputs("usage: latency CONNINFO COUNT GAP_MS STATEMENT\n", stderr);
		return 2;
	}
	conn = PQconnectdb(argv[1]);
	if (PQstatus(conn) != CONNECTION_OK)
	{
		fprintf(stderr, "latency: %s", PQerrorMessage(conn));
		PQfinish(conn);
		return 1;
	}
	for (long i = 0; i < count; i++)
	{
		char		id[ID_MAX] = "-";
		uint64_t	sent;
		uint64_t	returned;

		if (gap_ms > 0)
			usleep((useconds_t) gap_ms * 1000);
		run("BEGIN", NULL);
		run(argv[4], id);
		sent = samples_now_ns();
		run("COMMIT", NULL);
		returned = samples_now_ns();
		printf("%" PRIu64 " %" PRIu64 " %s\n", sent, returned, id);
	}
	PQfinish(conn);
	return 0;
}
