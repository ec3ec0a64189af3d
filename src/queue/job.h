/*-------------------------------------------------------------------------
 *
 * job.h
 *	  One claimed delivery on its way through a dispatcher.
 *
 * A job is made by queue/claim.c, filled in by a transport, and ends in
 * queue/settle.c.  All it points to lives in its own memory context, so
 * freeing a job is one call.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_JOB_H
#define ION_QUEUE_JOB_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "lib/ilist.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "base/outcome.h"

/* What settling does with a job besides recording its outcome. */
typedef enum IonVerdict
{
	ION_VERDICT_OUTCOME = 0,	/* an attempt was made: see outcome */
	ION_VERDICT_EXPIRED,		/* its time to live ended before a try */
	ION_VERDICT_RELEASED,		/* not tried: back into the queue */
	ION_VERDICT_SUPPRESSED		/* its address must not be used */
} IonVerdict;

/* A recipient's quiet hours. */
typedef struct IonQuiet
{
	int64		from;			/* microseconds into the local day */
	int64		to;
	char	   *zone;
} IonQuiet;

struct IonLane;
struct IonProvider;
struct IonFamily;
struct IonTemplateText;
struct IonLayoutKept;

typedef struct IonJob
{
	dlist_node	node;
	MemoryContext cxt;
	struct IonLane *lane;		/* the dispatcher's; outlives the job */
	struct IonProvider *via;	/* while it is under way */

	/* from queue */
	pg_uuid_t	message_id;
	int16		seq;
	int32		attempt;		/* attempt.n of this try */
	int32		failures;		/* tries that counted against the schedule */
	char	   *channel;
	char	   *destination;
	TimestampTz started_at;		/* when the claim was taken */
	TimestampTz expires_at;

	/* from delivery, message, service, organization, template */
	char	   *service;
	char	   *service_title;	/* or NULL */
	char	   *organization;
	char	   *organization_code;
	char	   *recipient;
	char	   *address;		/* or NULL: the provider's own URL */
	char	   *subject;		/* of a template: NULL until filled in */
	char	   *markdown;
	char	   *template;		/* its name, or NULL */
	int32		template_version;
	char	   *params;			/* JSON text, or NULL */
	char	   *language;		/* the sender's wish; then what is written */
	char	   *citizen_language;	/* or NULL, here and below */
	char	   *service_language;
	char	   *organization_language;
	char	   *time_zone;		/* the citizen's; read for templates and due
								 * dates */
	bool		email_preview;	/* mails show the beginning only */
	int			sms_max_segments;	/* the service's, then the text's */
	bool		sms_transliterate;
	char	   *reference;		/* or NULL */
	char	   *priority;
	bool		secure;			/* do not put content into open channels */
	TimestampTz created_at;
	TimestampTz due_date;		/* DT_NOBEGIN: none */
	IonQuiet   *quiet;			/* when not to disturb, or NULL */
	int64		payment_amount; /* cents; 0 none */
	char	   *payment_notice; /* or NULL */
	char	   *payment_payee;	/* or NULL */
	bool		payment_invalid_after_due_date;

	/* kept for many jobs, pinned by this one: see channel/content_read.c */
	bool		content_read;
	struct IonFamily *family;	/* the template; NULL: none, or gone */
	struct IonTemplateText *text;	/* of it, for this channel and reader */
	struct IonLayoutKept *layout;	/* or NULL */
	bool		plain;			/* markdown is plain text: an SMS, a push */
	bool		push_full;		/* the citizen lets pushes say what they are about */
	char	   *unsubscribe_url;	/* where this mail's reader can leave, or NULL */

	/* filled in on the way */
	Oid			provider;		/* InvalidOid until one is chosen */
	char		provider_name[NAMEDATALEN];
	int			flight_slot;	/* place in the flight record, -1 none */
	TimestampTz finished_at;
	IonVerdict	verdict;
	IonOutcome	outcome;
	TimestampTz retry_at;		/* not before; 0: at once, and a released job
								 * keeps its place */
	bool		counts;			/* this failure counts against the schedule */
	bool		last_try;		/* no retry after this one */
	bool		hold_unknown;	/* an unknown outcome ends as uncertain */
	bool		quarantined;	/* it killed its worker twice */
	bool		paused;			/* its service is */
	bool		overridden;		/* sent though its address is suppressed */
	int32		orphaned;		/* tries whose worker died under them */
} IonJob;

/* Free a job and all it points to. */
static inline void
ion_job_free(IonJob *job)
{
	MemoryContextDelete(job->cxt);
}

#endif							/* ION_QUEUE_JOB_H */
