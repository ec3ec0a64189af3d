/*-------------------------------------------------------------------------
 *
 * job_facts.c
 *	  What claimed jobs get besides their messages: their service's words, their
 *	  recipients' wishes.
 *
 * A service is read once per claim and a citizen only where what is sent
 * depends on it: joined to the claim itself, the citizen alone cost every
 * delivery a fifteenth of its time.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "queue/job_facts.h"
#include "queue/plan.h"
#include "queue/quiet_hours.h"

/* What all jobs of a service share. */
typedef struct Sender
{
	char	   *name;
	char	   *title;
	char	   *language;
	char	   *organization;
	char	   *organization_language;
	char	   *organization_code;
	bool		secure;
	bool		email_preview;
	int			sms_max_segments;
	bool		sms_transliterate;
} Sender;

/* What all messages of a service share: one row per service of a claim. */
static IonPlan read_services = {
	"SELECT s.name, s.title, s.require_secure_channels, s.language, o.name, o.default_language, o.code, "
	"  s.email_content = 'preview', s.sms_max_segments, s.sms_transliterate "
	"FROM io_notify.service s LEFT JOIN io_notify.organization o ON o.code = s.organization WHERE s.name = ANY ($1)",
	1, {TEXTARRAYOID}, NULL
};

/*
 * What citizens want, of those it matters for: all of it where whole, else only
 * the few who have quiet hours.
 */
static IonPlan read_citizens = {
	"SELECT i.n::int4, z.quiet_from, z.quiet_to, z.time_zone, z.language, z.push_detail = 'full' "
	"FROM unnest($1::text[], $2::bool[]) WITH ORDINALITY i (recipient, whole, n) "
	"JOIN io_notify.citizen z ON z.fiscal_code = i.recipient WHERE i.whole OR z.quiet_from IS NOT NULL",
	2, {TEXTARRAYOID, BOOLARRAYOID}, NULL
};

static void complete_services(IonJob **jobs, int n);
static void complete_citizens(IonJob **jobs, int n);
static void sender_from_row(HeapTuple row, TupleDesc desc, Sender *sender);
static void take_sender(IonJob *job, const Sender *sender);
static void take_citizen(IonJob **asked, HeapTuple row, TupleDesc desc);
static bool asks_whole(const IonJob *job);
static char *copy_in(MemoryContext cxt, const char *text);

void
ion_job_facts_read(IonJob **jobs, int n)
{
	complete_services(jobs, n);
	complete_citizens(jobs, n);
}

/* Give each job what its service and organization say. */
static void
complete_services(IonJob **jobs, int n)
{
	Datum	   *names = palloc(sizeof(Datum) * (n + 1));
	int			distinct = 0;
	Datum		value;
	uint64		rows;
	Sender	   *senders;

	/* jobs of one statement come in runs of one service */
	for (int i = 0; i < n; i++)
	{
		if (i == 0 || strcmp(jobs[i]->service, jobs[i - 1]->service) != 0)
			names[distinct++] = CStringGetTextDatum(jobs[i]->service);
	}
	if (distinct == 0)
		return;
	value = ion_plan_array(names, distinct, TEXTOID);
	rows = ion_plan_run(&read_services, &value, NULL, false);
	senders = palloc(sizeof(Sender) * (rows + 1));
	for (uint64 k = 0; k < rows; k++)
		sender_from_row(SPI_tuptable->vals[k], SPI_tuptable->tupdesc, &senders[k]);
	SPI_freetuptable(SPI_tuptable);
	for (int i = 0; i < n; i++)
	{
		for (uint64 k = 0; k < rows; k++)
		{
			if (strcmp(senders[k].name, jobs[i]->service) == 0)
			{
				take_sender(jobs[i], &senders[k]);
				break;
			}
		}
	}
}

/* Decoded once for all its jobs. */
static void
sender_from_row(HeapTuple row, TupleDesc desc, Sender *sender)
{
	bool		isnull;

	sender->name = SPI_getvalue(row, desc, 1);
	sender->title = SPI_getvalue(row, desc, 2);
	sender->secure = DatumGetBool(SPI_getbinval(row, desc, 3, &isnull));
	sender->language = SPI_getvalue(row, desc, 4);
	sender->organization = SPI_getvalue(row, desc, 5);
	sender->organization_language = SPI_getvalue(row, desc, 6);
	sender->organization_code = SPI_getvalue(row, desc, 7);
	sender->email_preview = DatumGetBool(SPI_getbinval(row, desc, 8, &isnull));
	sender->sms_max_segments = DatumGetInt32(SPI_getbinval(row, desc, 9, &isnull));
	sender->sms_transliterate = DatumGetBool(SPI_getbinval(row, desc, 10, &isnull));
}

static char *
copy_in(MemoryContext cxt, const char *text)
{
	return text == NULL ? NULL : MemoryContextStrdup(cxt, text);
}

static void
take_sender(IonJob *job, const Sender *sender)
{
	job->secure = job->secure || sender->secure;
	job->service_title = copy_in(job->cxt, sender->title);
	job->service_language = copy_in(job->cxt, sender->language);
	job->organization = copy_in(job->cxt, sender->organization);
	job->organization_language = copy_in(job->cxt, sender->organization_language);
	job->organization_code = copy_in(job->cxt, sender->organization_code);
	job->email_preview = sender->email_preview;
	job->sms_max_segments = sender->sms_max_segments;
	job->sms_transliterate = sender->sms_transliterate;
}

/* Whether what is sent depends on the citizen. */
static bool
asks_whole(const IonJob *job)
{
	return job->template != NULL || job->due_date != DT_NOBEGIN || strcmp(job->channel, "push") == 0;
}

/* Give jobs what their recipients want: language, time zone, quiet hours. */
static void
complete_citizens(IonJob **jobs, int n)
{
	Datum	   *codes = palloc(sizeof(Datum) * (n + 1));
	Datum	   *whole = palloc(sizeof(Datum) * (n + 1));
	IonJob	  **asked = palloc(sizeof(IonJob *) * (n + 1));
	int			n_asked = 0;
	Datum		values[2];
	uint64		rows;

	for (int i = 0; i < n; i++)
	{
		if (jobs[i]->recipient == NULL ||
			!(asks_whole(jobs[i]) || ion_quiet_concerns(jobs[i]->channel, jobs[i]->priority)))
			continue;
		codes[n_asked] = CStringGetTextDatum(jobs[i]->recipient);
		whole[n_asked] = BoolGetDatum(asks_whole(jobs[i]));
		asked[n_asked++] = jobs[i];
	}
	if (n_asked == 0)
		return;
	values[0] = ion_plan_array(codes, n_asked, TEXTOID);
	values[1] = ion_plan_array(whole, n_asked, BOOLOID);
	rows = ion_plan_run(&read_citizens, values, NULL, false);
	for (uint64 k = 0; k < rows; k++)
		take_citizen(asked, SPI_tuptable->vals[k], SPI_tuptable->tupdesc);
	SPI_freetuptable(SPI_tuptable);
}

static void
take_citizen(IonJob **asked, HeapTuple row, TupleDesc desc)
{
	Datum		v[6];
	bool		isnull[6];
	IonJob	   *job;
	MemoryContext old;

	heap_deform_tuple(row, desc, v, isnull);
	job = asked[DatumGetInt32(v[0]) - 1];
	old = MemoryContextSwitchTo(job->cxt);
	job->time_zone = isnull[3] ? NULL : TextDatumGetCString(v[3]);
	job->citizen_language = isnull[4] ? NULL : TextDatumGetCString(v[4]);
	job->push_full = !isnull[5] && DatumGetBool(v[5]);
	if (!isnull[1] && ion_quiet_concerns(job->channel, job->priority))
	{
		job->quiet = palloc(sizeof(IonQuiet));
		job->quiet->from = DatumGetTimeADT(v[1]);
		job->quiet->to = DatumGetTimeADT(v[2]);
		job->quiet->zone = job->time_zone;
	}
	MemoryContextSwitchTo(old);
}
