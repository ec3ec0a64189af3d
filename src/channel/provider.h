/*-------------------------------------------------------------------------
 *
 * provider.h
 *	  A configured way out: options of a foreign server and its user mapping.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_CHANNEL_PROVIDER_H
#define ION_CHANNEL_PROVIDER_H

#include "postgres.h"

#include "lib/ilist.h"
#include "nodes/pg_list.h"

#include "io_notify.h"
#include "crypto/webhook_signature.h"
#include "net/url_check.h"
#include "queue/retry_policy.h"
#include "render/template.h"

#define ION_HEADERS_MAX		32	/* headers one provider may set */
#define ION_FIELDS_MAX		64	/* fields of a form or query body */

typedef enum IonTransportKind
{
	ION_TRANSPORT_SMTP = 0,
	ION_TRANSPORT_HTTP
} IonTransportKind;

typedef enum IonTls
{
	ION_TLS_REQUIRED = 0,
	ION_TLS_OPPORTUNISTIC,
	ION_TLS_OFF
} IonTls;

typedef enum IonBodyFormat
{
	ION_BODY_WEBHOOK = 0,		/* our own JSON document */
	ION_BODY_JSON,				/* a JSON text with placeholders */
	ION_BODY_FORM,				/* name → template, form-urlencoded */
	ION_BODY_QUERY				/* the same, appended to the URL */
} IonBodyFormat;

typedef struct IonField
{
	char	   *name;
	IonTemplate *value;
} IonField;

typedef struct IonProvider
{
	dlist_node	node;
	MemoryContext cxt;			/* holds all of this */
	Oid			server;
	char		name[NAMEDATALEN];
	char		problem[ION_ERROR_MAX]; /* why it cannot be used; "" fine */
	char		fingerprint[65];	/* SHA-256 of all it was made from, in hex */

	/* options */
	IonTransportKind transport;
	char		channel[8];
	char	   *url;
	IonUrl		parsed_url;
	char	   *sender_name;	/* or NULL */
	char	   *sender_address; /* or NULL */
	char	   *sender;			/* as written, or NULL */
	char	   *reply_to;		/* or NULL */
	char	   *ehlo_name;		/* or NULL */
	bool		enabled;
	int			priority;		/* lower is tried first */
	int			weight;
	int			max_in_flight;
	double		rate_per_second;	/* 0: no limit */
	int			connect_timeout_ms;
	int			timeout_ms;
	IonRetrySchedule retry;
	bool		hold_unknown;	/* on_unknown 'hold' */
	IonTls		tls;
	char	   *ca_file;		/* or NULL */
	bool		allow_private_network;
	char	   *method;			/* HTTP */
	IonBodyFormat format;
	IonTemplate *body;			/* ION_BODY_JSON */
	IonField   *fields;			/* ION_BODY_FORM, ION_BODY_QUERY */
	int			n_fields;
	IonField   *headers;
	int			n_headers;

	/* credentials */
	char	   *user;
	char	   *password;
	char	   *token;
	IonWebhookKey *key;			/* NULL: unsigned */
	bool		signs;			/* a secret is configured, read yet or not */
	unsigned char secret_digest[32];	/* of the secret, to notice a new one */

	/* the dispatcher's view of it */
	bool		retired;		/* replaced; freed when nothing is in flight */
	bool		paused;
	int			in_flight;
	int			opens;			/* consecutive openings of the breaker */
	int64		retry_at_ms;	/* monotonic; while open, when a probe may go */
	bool		probing;		/* the half-open probe is under way */
	double		tokens;			/* of the rate limit */
	int64		tokens_at_ms;
	double		success_rate;	/* moving average; -1 unknown */
	char		last_error[ION_ERROR_MAX];
	int64		last_error_at;	/* TimestampTz; 0 never */
	void	   *pool;			/* the transport's connections or handles */
} IonProvider;

typedef struct IonOptionError
{
	int			sqlstate;
	char		message[ION_ERROR_MAX];
	const char *hint;			/* static, or NULL */
} IonOptionError;

/*
 * Fill provider from a server's options (a List of DefElem); everything is
 * allocated in the current context.  False with *error set for an unknown,
 * ill-typed, contradictory or missing option.
 */
extern bool ion_provider_parse(IonProvider *provider, List *options, IonOptionError *error);

/*
 * Add a user mapping's options.  With read_files, *_file options are read (in
 * the dispatcher only); their absence is an error then.
 */
extern bool ion_provider_parse_mapping(IonProvider *provider, List *options, bool read_files, IonOptionError *error);

/* Whether an option names a file, which only superusers may set. */
extern bool ion_option_is_file(const char *name);

/*
 * Read a provider from the catalogs into a context of its own under parent;
 * never fails for a bad option: problem says what is wrong.  NULL when the
 * server is gone.  mapping_user is whose user mapping counts (PUBLIC's is the
 * fall-back).  Needs a transaction.
 */
extern IonProvider *ion_provider_load(Oid server, Oid mapping_user, bool read_files, MemoryContext parent);

/* Wipe credentials and free.  The transport's pool must be gone already. */
extern void ion_provider_free(IonProvider *provider);

/* Names as the options spell them. */
extern const char *ion_transport_name(IonTransportKind kind);

#endif							/* ION_CHANNEL_PROVIDER_H */
