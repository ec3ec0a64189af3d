/*-------------------------------------------------------------------------
 *
 * gate.c
 *	  What a message must pass right before its first byte: no pause holds it.
 *
 * The promise: once the COMMIT of a pause has returned, no message of what is
 * paused begins.  (One whose bytes are under way ends as it would have.)
 *
 * Two things keep it.  Before each message, at the last point where we can
 * still say no (when a job is begun; libcurl's call before a request is
 * written, which may come long after, when a connection is there; before MAIL
 * FROM), the configuration counter is compared with its value when the pauses
 * were last read.  Should it differ, nothing begins until they have been read
 * again.  That leaves the moment between looking and writing, so we count:
 * odd while we are where messages may begin, even elsewhere.  Whoever commits
 * a pause bumps the configuration counter and then waits for us to leave
 * (base/shared.c), before the client hears of its COMMIT.
 *
 * A job held back goes where it came from, its lane's ready list, and from
 * there to another provider or back into the queue, without an attempt.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "worker/dispatcher.h"

/* One dispatcher per process; transports ask with the job alone. */
static IonDispatcher *me;

static bool may_begin(const IonJob *job);
static bool is_paused(const IonJob *job, const Datum *services, int n);

void
ion_gate_init(IonDispatcher *d)
{
	me = d;
	d->net.may_begin = may_begin;
}

/* From here until we leave, messages may begin.  Both are full barriers. */
void
ion_gate_enter(IonDispatcher *d)
{
	pg_atomic_fetch_add_u32(&d->self->network, 1);
}

void
ion_gate_leave(IonDispatcher *d)
{
	pg_atomic_fetch_add_u32(&d->self->network, 1);
}

/* Whether what we know of pauses still counts. */
bool
ion_gate_is_open(IonDispatcher *d)
{
	return d->active && pg_atomic_read_u32(&d->slot->config) == d->pauses_seen;
}

/* The last question before bytes leave; called inside libcurl too. */
static bool
may_begin(const IonJob *job)
{
	return ion_gate_is_open(me) && !me->paused_all && !job->paused && !job->via->paused;
}

static bool
is_paused(const IonJob *job, const Datum *services, int n)
{
	size_t		length = strlen(job->service);

	for (int i = 0; i < n; i++)
	{
		if (VARSIZE_ANY_EXHDR(services[i]) == length && memcmp(VARDATA_ANY(services[i]), job->service, length) == 0)
			return true;
	}
	return false;
}

/* Pauses were read: tell the jobs in hand what holds for them. */
void
ion_gate_mark(IonDispatcher *d)
{
	Datum	   *services;
	int			n;
	dlist_iter	outer;
	dlist_iter	inner;

	deconstruct_array(DatumGetArrayTypeP(d->paused_services), TEXTOID, -1, false, TYPALIGN_INT, &services, NULL, &n);
	dlist_foreach(outer, &d->lanes)
	{
		IonLane    *lane = dlist_container(IonLane, node, outer.cur);

		dlist_foreach(inner, &lane->ready)
		{
			IonJob	   *job = dlist_container(IonJob, node, inner.cur);

			job->paused = is_paused(job, services, n);
		}
	}
	dlist_foreach(inner, &d->begun)
	{
		IonJob	   *job = dlist_container(IonJob, node, inner.cur);

		job->paused = is_paused(job, services, n);
	}
	pfree(services);
}
