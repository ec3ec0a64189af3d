/*-------------------------------------------------------------------------
 *
 * smtp_transport.c
 *	  Deliveries as e-mail (channels email and pec) over a relay.
 *
 * A mail has one recipient, so no citizen sees another, and its Message-ID is
 * the delivery's identity, the same for every try: a relay or a reader can
 * tell a repetition.  The mail is built in the job's context and stays there
 * until the dialogue is over.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <time.h>
#include <unistd.h>

#include "utils/memutils.h"

#include "channel/content.h"
#include "channel/rendition.h"
#include "channel/transport.h"
#include "net/smtp_client.h"
#include "render/mail_address.h"
#include "render/mime.h"

#define HOST_MAX 256

typedef struct SmtpChannel
{
	IonSmtpPool *pool;
	char	   *url;			/* with the EHLO name as its path */
	char	   *ehlo_name;
	char	   *from_wire;		/* the envelope sender */
	bool		from_needs_utf8;
	const char *from_domain;	/* right side of Message-ID, in from_wire */
} SmtpChannel;

static bool smtp_open(IonNet *net, IonProvider *p);
static void smtp_close(IonProvider *p);
static IonStart smtp_start(IonNet *net, IonProvider *p, IonJob *job);
static long smtp_tick(IonProvider *p);
static bool mail_may_begin(void *owner);
static void mail_held(void *owner);
static void mail_ended(void *owner, const IonOutcome *outcome);
static bool build_mail(SmtpChannel *ch, const IonProvider *p, IonJob *job, IonSmtpMail *mail, const char **error);
static char *own_host_name(void);

const IonTransport ion_transport_smtp = {ION_TRANSPORT_SMTP, smtp_open, smtp_close, smtp_start, smtp_tick};

/* What callbacks reach. */
static IonNet *network;

static char *
own_host_name(void)
{
	char		name[HOST_MAX];

	if (gethostname(name, sizeof(name)) != 0)
		return pstrdup("localhost");
	name[sizeof(name) - 1] = '\0';
	if (name[0] == '\0' ||
		strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") != strlen(name))
		return pstrdup("localhost");
	return pstrdup(name);
}

static bool
smtp_open(IonNet *net, IonProvider *p)
{
	MemoryContext old = MemoryContextSwitchTo(p->cxt);
	SmtpChannel *ch = palloc0(sizeof(SmtpChannel));
	IonSmtpConfig config = {0};
	StringInfoData from;
	const char *error;

	initStringInfo(&from);
	if (!ion_mail_address_wire(p->sender_address, true, &from, &ch->from_needs_utf8, &error))
	{
		MemoryContextSwitchTo(old);
		return false;
	}
	ch->from_wire = from.data;
	ch->from_domain = strrchr(from.data, '@') + 1;
	ch->ehlo_name = p->ehlo_name ? p->ehlo_name : own_host_name();
	ch->url = psprintf("%.*s/%s", (int) p->parsed_url.path_offset, p->url, ch->ehlo_name);
	MemoryContextSwitchTo(old);

	config.url = ch->url;
	config.ehlo_name = ch->ehlo_name;
	config.user = p->user;
	config.password = p->password;
	config.ca_file = p->ca_file;
	config.use_ssl = p->tls == ION_TLS_REQUIRED ? CURLUSESSL_ALL : p->tls == ION_TLS_OPPORTUNISTIC ? CURLUSESSL_TRY : CURLUSESSL_NONE;
	config.connect_timeout_ms = p->connect_timeout_ms;
	config.timeout_ms = p->timeout_ms;
	config.connections_max = p->max_in_flight;
	config.allow_private = p->allow_private_network;
	config.may_begin = mail_may_begin;
	config.held = mail_held;
	config.ended = mail_ended;
	network = net;
	ch->pool = ion_smtp_pool_create(net->reactor, &config);
	p->pool = ch->pool != NULL ? ch : NULL;
	return p->pool != NULL;
}

static void
smtp_close(IonProvider *p)
{
	SmtpChannel *ch = p->pool;

	ion_smtp_pool_destroy(ch->pool);
	p->pool = NULL;
}

static long
smtp_tick(IonProvider *p)
{
	return ion_smtp_pool_tick(((SmtpChannel *) p->pool)->pool);
}

static bool
build_mail(SmtpChannel *ch, const IonProvider *p, IonJob *job, IonSmtpMail *mail, const char **error)
{
	IonMail		m = {0};
	IonMailRendition rendition;
	StringInfoData rcpt;
	StringInfoData out;
	char		id[ION_DELIVERY_ID_MAX];
	bool		to_needs_utf8 = false;

	initStringInfo(&rcpt);
	initStringInfo(&out);
	if (job->address == NULL || !ion_mail_address_wire(job->address, true, &rcpt, &to_needs_utf8, error) ||
		!ion_rendition_mail(job, ch->from_needs_utf8 ? NULL : ch->from_wire, &rendition, error))
		return false;
	ion_content_delivery_id(job, id);
	m.from_name = p->sender_name;
	m.from_addr = p->sender_address;
	m.reply_to = p->reply_to;
	m.to_addr = job->address;
	m.subject = rendition.subject;
	m.text = rendition.text;
	m.html = rendition.html;
	m.calendar = rendition.calendar;
	m.message_id = psprintf("%s@%s", id, ch->from_domain);
	m.date_unix = (int64) time(NULL);
	m.language = job->language;
	m.boundary_seed = id;
	m.eight_bit_headers = to_needs_utf8 || ch->from_needs_utf8;
	m.extra = rendition.headers;
	m.n_extra = rendition.n_headers;
	if (!ion_mail_build(&m, &out, error))
		return false;
	mail->envelope_from = ch->from_wire;
	mail->rcpt = rcpt.data;
	mail->needs_smtputf8 = m.eight_bit_headers;
	mail->content = out.data;
	mail->content_len = out.len;
	mail->tag = 0;
	return true;
}

static IonStart
smtp_start(IonNet *net, IonProvider *p, IonJob *job)
{
	SmtpChannel *ch = p->pool;
	const char *error = "the recipient has no address";
	IonSmtpMail mail = {0};

	if (net->reactor->resolving >= ION_RESOLVING_MAX)
		return ION_START_BUSY;
	if (!build_mail(ch, p, job, &mail, &error))
	{
		ion_outcome_init(&job->outcome, ION_OUTCOME_PERMANENT, 0);
		ion_outcome_add_detail(&job->outcome, error, -1);
		return ION_START_FAILED;
	}
	return ion_smtp_pool_send(ch->pool, &mail, job) ? ION_START_BEGUN : ION_START_BUSY;
}

static bool
mail_may_begin(void *owner)
{
	return network->may_begin(owner);
}

static void
mail_held(void *owner)
{
	network->held(owner);
}

static void
mail_ended(void *owner, const IonOutcome *outcome)
{
	IonJob	   *job = owner;

	job->outcome = *outcome;
	network->ended(job);
}
