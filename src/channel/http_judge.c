/*-------------------------------------------------------------------------
 *
 * http_judge.c
 *	  From what happened on an HTTP exchange to the outcome of an attempt.
 *
 * Three questions, in this order:
 *
 * 1. Is there a final status?  Then the far side has spoken, and however the
 *	  rest of the exchange ended (body cut, dripped, flooded, reset) the status
 *	  decides.
 * 2. Did the request begin?  Then it may have been acted upon although no
 *	  verdict came back: unknown.  This is the default, so a libcurl error
 *	  nobody has thought of can never turn into a silent duplicate.
 * 3. Otherwise nothing left this machine, and the only question is whose
 *	  fault that is: the policy's (permanent), the destination's, the
 *	  provider's settings', or ours.
 *
 * A provider fault opens the breaker of a provider and with it stops everyone
 * who sends through it.  When the URL came with the delivery (a service's own
 * webhook) its faults must stay its own: the delivery waits, the destination
 * is noted, the breaker is not touched.
 *
 * The reply's body may echo what we sent.  It is quoted short, and only what
 * looks impersonal of it.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include "base/fiscal_code.h"
#include "channel/http_judge.h"

/*
 * libcurl's error numbers, which are part of its ABI and never change.  They
 * are repeated so that this file needs no curl.h.
 */
#define CODE_OK						0
#define CODE_UNSUPPORTED_PROTOCOL	1
#define CODE_URL_MALFORMAT			3
#define CODE_NO_PROXY_RESOLVED		5
#define CODE_NO_HOST_RESOLVED		6
#define CODE_NO_CONNECT				7
#define CODE_WEIRD_SERVER_REPLY		8
#define CODE_HTTP2					16
#define CODE_PARTIAL_FILE			18
#define CODE_WRITE_ERROR			23
#define CODE_TIMED_OUT				28
#define CODE_SSL_CONNECT			35
#define CODE_ABORTED_BY_CALLBACK	42
#define CODE_GOT_NOTHING			52
#define CODE_SSL_ENGINE_NOT_FOUND	53
#define CODE_SSL_ENGINE_SET_FAILED	54
#define CODE_SEND_ERROR				55
#define CODE_RECV_ERROR				56
#define CODE_SSL_CERT_PROBLEM		58
#define CODE_SSL_CIPHER				59
#define CODE_PEER_NOT_VERIFIED		60
#define CODE_USE_SSL_FAILED			64
#define CODE_SSL_ENGINE_INIT		66
#define CODE_LOGIN_DENIED			67
#define CODE_SSL_CA_BAD_FILE		77
#define CODE_SSL_CRL_BAD_FILE		82
#define CODE_SSL_ISSUER				83
#define CODE_SSL_PIN_MISMATCH		90
#define CODE_SSL_BAD_STATUS			91
#define CODE_HTTP2_STREAM			92
#define CODE_AUTH_ERROR				94
#define CODE_HTTP3					95
#define CODE_QUIC_CONNECT			96
#define CODE_PROXY					97
#define CODE_SSL_CLIENT_CERT		98

#define PERSONAL_MARK	"<***>"	/* stands for what looks like a person's */

/* Whose fault it is that nothing could be sent. */
typedef enum IonUnsentFault
{
	UNSENT_OURS = 0,			/* memory, limits, shutdown: simply later */
	UNSENT_DESTINATION,			/* name, connection, certificate of the peer */
	UNSENT_PROVIDER,			/* credentials and files of the provider */
	UNSENT_URL					/* the URL itself cannot be used */
} IonUnsentFault;

typedef struct IonCurlFailure
{
	int			code;
	IonUnsentFault fault;		/* when the request had not begun */
	const char *text;
} IonCurlFailure;

static const IonCurlFailure failures[] = {
	{CODE_UNSUPPORTED_PROTOCOL, UNSENT_URL, "protocol not supported or not allowed"},
	{CODE_URL_MALFORMAT, UNSENT_URL, "malformed URL"},
	{CODE_NO_PROXY_RESOLVED, UNSENT_DESTINATION, "could not resolve the proxy's name"},
	{CODE_NO_HOST_RESOLVED, UNSENT_DESTINATION, "could not resolve the host name"},
	{CODE_NO_CONNECT, UNSENT_DESTINATION, "could not connect"},
	{CODE_WEIRD_SERVER_REPLY, UNSENT_DESTINATION, "reply is not HTTP"},
	{CODE_HTTP2, UNSENT_DESTINATION, "HTTP/2 framing error"},
	{CODE_PARTIAL_FILE, UNSENT_DESTINATION, "reply ended early"},
	{CODE_WRITE_ERROR, UNSENT_OURS, "reply not taken"},
	{CODE_TIMED_OUT, UNSENT_DESTINATION, "timed out"},
	{CODE_SSL_CONNECT, UNSENT_DESTINATION, "TLS handshake failed"},
	{CODE_ABORTED_BY_CALLBACK, UNSENT_OURS, "stopped by the dispatcher"},
	{CODE_GOT_NOTHING, UNSENT_DESTINATION, "connection closed without a reply"},
	{CODE_SSL_ENGINE_NOT_FOUND, UNSENT_PROVIDER, "TLS engine not found"},
	{CODE_SSL_ENGINE_SET_FAILED, UNSENT_PROVIDER, "TLS engine could not be set"},
	{CODE_SEND_ERROR, UNSENT_DESTINATION, "connection lost while sending"},
	{CODE_RECV_ERROR, UNSENT_DESTINATION, "connection lost while receiving"},
	{CODE_SSL_CERT_PROBLEM, UNSENT_PROVIDER, "client certificate cannot be used"},
	{CODE_SSL_CIPHER, UNSENT_PROVIDER, "TLS cipher cannot be used"},
	{CODE_PEER_NOT_VERIFIED, UNSENT_DESTINATION, "the peer's certificate could not be verified"},
	{CODE_USE_SSL_FAILED, UNSENT_DESTINATION, "TLS required and not offered"},
	{CODE_SSL_ENGINE_INIT, UNSENT_PROVIDER, "TLS engine could not start"},
	{CODE_LOGIN_DENIED, UNSENT_PROVIDER, "login denied"},
	{CODE_SSL_CA_BAD_FILE, UNSENT_PROVIDER, "CA file cannot be read"},
	{CODE_SSL_CRL_BAD_FILE, UNSENT_PROVIDER, "CRL file cannot be read"},
	{CODE_SSL_ISSUER, UNSENT_DESTINATION, "the certificate's issuer does not match"},
	{CODE_SSL_PIN_MISMATCH, UNSENT_DESTINATION, "pinned public key does not match"},
	{CODE_SSL_BAD_STATUS, UNSENT_DESTINATION, "the certificate's status is not valid"},
	{CODE_HTTP2_STREAM, UNSENT_DESTINATION, "HTTP/2 stream error"},
	{CODE_AUTH_ERROR, UNSENT_PROVIDER, "authentication failed"},
	{CODE_HTTP3, UNSENT_DESTINATION, "HTTP/3 error"},
	{CODE_QUIC_CONNECT, UNSENT_DESTINATION, "could not connect by QUIC"},
	{CODE_PROXY, UNSENT_DESTINATION, "proxy handshake failed"},
	{CODE_SSL_CLIENT_CERT, UNSENT_DESTINATION, "the peer requires a client certificate"}
};

static void judge_status(const IonHttpResult *result, IonOutcome *outcome);
static IonOutcomeKind kind_of_status(long status, bool destination_is_own);
static void judge_unanswered(const IonHttpResult *result, IonOutcome *outcome);
static void judge_unsent(const IonHttpResult *result, IonOutcome *outcome);
static const IonCurlFailure *find_failure(int code);
static void add_failure_text(IonOutcome *outcome, int code);
static void add_snippet(IonOutcome *outcome, const char *body, size_t length);
static bool is_boundary(unsigned char c);
static bool is_word_byte(unsigned char c);
static bool is_personal_word(const char *word, size_t length);

void
ion_http_judge(const IonHttpResult *result, IonOutcome *outcome)
{
	if (result->http_code >= 200)
		judge_status(result, outcome);
	else if (result->request_began || result->second_send_stopped ||
			 result->http_code > 0 || result->curl_code == CODE_OK)
		judge_unanswered(result, outcome);
	else
		judge_unsent(result, outcome);
}

/* The far side has spoken. */
static void
judge_status(const IonHttpResult *result, IonOutcome *outcome)
{
	long		status = result->http_code;
	char		text[32];

	ion_outcome_init(outcome,
					 kind_of_status(status, result->destination_is_own),
					 (int) status);
	if (outcome->kind == ION_OUTCOME_TRANSIENT)
		outcome->retry_after_s = Max(result->retry_after_s, -1);

	/* the verdict stands, but a peer that cannot finish is a slow peer */
	outcome->destination_fault = result->curl_code == CODE_TIMED_OUT;

	snprintf(text, sizeof(text), "HTTP %ld", status);
	ion_outcome_add_detail(outcome, text, -1);
	if (status >= 300 && status < 400)
		ion_outcome_add_detail(outcome, ": redirects are not followed", -1);
	if (result->body_cut_by_us)
		ion_outcome_add_detail(outcome, " (reply cut: too long)", -1);
	else if (result->curl_code != CODE_OK)
	{
		ion_outcome_add_detail(outcome, " (", -1);
		add_failure_text(outcome, result->curl_code);
		ion_outcome_add_detail(outcome, ")", -1);
	}
	if (outcome->kind != ION_OUTCOME_ACCEPTED)
		add_snippet(outcome, result->body, result->body_len);
}

/*
 * 401 and 407 mean that our credentials are wrong: the provider's fault, or,
 * for a URL of the delivery's own, something its owner may yet repair.  A
 * status outside RFC 9110's five classes counts as 5xx (section 15).
 */
static IonOutcomeKind
kind_of_status(long status, bool destination_is_own)
{
	if (status < 300)
		return ION_OUTCOME_ACCEPTED;
	if (status < 400)
		return ION_OUTCOME_PERMANENT;
	switch (status)
	{
		case 401:
		case 407:
			return destination_is_own ? ION_OUTCOME_TRANSIENT
				: ION_OUTCOME_PROVIDER_FAULT;
		case 408:
		case 425:
		case 429:
			return ION_OUTCOME_TRANSIENT;
		default:
			return status < 500 ? ION_OUTCOME_PERMANENT
				: ION_OUTCOME_TRANSIENT;
	}
}

/* Bytes may have left, and no final status came back. */
static void
judge_unanswered(const IonHttpResult *result, IonOutcome *outcome)
{
	ion_outcome_init(outcome, ION_OUTCOME_UNKNOWN,
					 (int) Max(result->http_code, 0));
	outcome->destination_fault = result->curl_code == CODE_TIMED_OUT;
	ion_outcome_add_detail(outcome, "no verdict: ", -1);
	if (result->second_send_stopped)
		ion_outcome_add_detail(outcome, "connection lost after the request, not sent again", -1);
	else if (result->blocked_by_policy)
		ion_outcome_add_detail(outcome, "connection lost after the request, the next address is blocked by policy", -1);
	else if (result->curl_code == CODE_OK)
		ion_outcome_add_detail(outcome, "the exchange ended without a final status", -1);
	else
		add_failure_text(outcome, result->curl_code);
}

/* Nothing left this machine. */
static void
judge_unsent(const IonHttpResult *result, IonOutcome *outcome)
{
	const IonCurlFailure *failure = find_failure(result->curl_code);
	IonUnsentFault fault = failure ? failure->fault : UNSENT_OURS;
	IonOutcomeKind kind = ION_OUTCOME_TRANSIENT;
	bool		own = result->destination_is_own;

	if (result->blocked_by_policy)
	{
		ion_outcome_init(outcome, ION_OUTCOME_PERMANENT, 0);
		ion_outcome_add_detail(outcome, "blocked by policy: the address is not public", -1);
		return;
	}
	switch (fault)
	{
		case UNSENT_OURS:
			break;
		case UNSENT_DESTINATION:
			kind = own ? ION_OUTCOME_TRANSIENT : ION_OUTCOME_PROVIDER_FAULT;
			break;
		case UNSENT_PROVIDER:
			kind = ION_OUTCOME_PROVIDER_FAULT;
			break;
		case UNSENT_URL:
			kind = own ? ION_OUTCOME_PERMANENT : ION_OUTCOME_PROVIDER_FAULT;
			break;
	}
	ion_outcome_init(outcome, kind, 0);
	outcome->destination_fault = fault == UNSENT_DESTINATION;
	ion_outcome_add_detail(outcome, "not sent: ", -1);
	add_failure_text(outcome, result->curl_code);
}

static const IonCurlFailure *
find_failure(int code)
{
	for (size_t i = 0; i < lengthof(failures); i++)
	{
		if (failures[i].code == code)
			return &failures[i];
	}
	return NULL;
}

static void
add_failure_text(IonOutcome *outcome, int code)
{
	const IonCurlFailure *failure = find_failure(code);
	char		text[32];

	if (failure != NULL)
		ion_outcome_add_detail(outcome, failure->text, -1);
	else
	{
		snprintf(text, sizeof(text), "libcurl error %d", code);
		ion_outcome_add_detail(outcome, text, -1);
	}
}

/*
 * Quote the beginning of a reply, words that look like a person's number or
 * code replaced (addresses are outcome.c's work, which must see them whole).
 * What the cut goes through is left out: half a fiscal code or half an
 * address would not be recognised.
 */
static void
add_snippet(IonOutcome *outcome, const char *body, size_t length)
{
	char		text[ION_HTTP_SNIPPET_MAX + 1];
	size_t		used = 0;
	size_t		at = 0;
	bool		cut = length > ION_HTTP_SNIPPET_MAX;

	if (body == NULL || length == 0)
		return;
	if (cut)
	{
		length = ION_HTTP_SNIPPET_MAX;
		while (length > 0 && !is_boundary((unsigned char) body[length]))
			length--;
	}
	while (at < length)
	{
		size_t		end = at;

		while (end < length && is_word_byte((unsigned char) body[end]))
			end++;
		if (is_personal_word(body + at, end - at))
		{
			/* never longer than the word it stands for */
			used += strlcpy(text + used, PERSONAL_MARK, sizeof(text) - used);
		}
		else
		{
			end = Max(end, at + 1);
			memcpy(text + used, body + at, end - at);
			used += end - at;
		}
		at = end;
	}
	ion_outcome_add_detail(outcome, ": ", -1);
	ion_outcome_add_detail(outcome, text, (int) used);
	if (cut)
		ion_outcome_add_detail(outcome, "...", -1);
}

/* Where a text may be cut without splitting a code, number or address. */
static bool
is_boundary(unsigned char c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' ||
		c == ',' || c == ';' || c == '&';
}

static bool
is_word_byte(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
		(c >= 'a' && c <= 'z') || c >= 0x80;
}

/* A fiscal code in any case, or seven digits and more in a row. */
static bool
is_personal_word(const char *word, size_t length)
{
	char		upper[ION_FISCAL_CODE_LEN];
	size_t		digits = 0;

	while (digits < length && word[digits] >= '0' && word[digits] <= '9')
		digits++;
	if (digits == length)
		return length >= 7;
	if (length != ION_FISCAL_CODE_LEN)
		return false;
	for (size_t i = 0; i < length; i++)
		upper[i] = pg_ascii_toupper((unsigned char) word[i]);
	return ion_fiscal_code_check(upper, length, false) == ION_FISCAL_CODE_VALID;
}
