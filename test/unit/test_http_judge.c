/* units: src/channel/http_judge.c src/base/outcome.c src/base/fiscal_code.c */
/*
 * test_http_judge.c
 *	  Every row of the measured table, every libcurl code on either side of
 *	  the request's beginning, every status.
 */
#include "base/pure.h"

#include "channel/http_judge.h"
#include "tap.h"

#define ACC		ION_OUTCOME_ACCEPTED
#define PERM	ION_OUTCOME_PERMANENT
#define TRANS	ION_OUTCOME_TRANSIENT
#define FAULT	ION_OUTCOME_PROVIDER_FAULT
#define UNK		ION_OUTCOME_UNKNOWN

typedef struct Case
{
	const char *name;
	IonHttpResult result;
	IonOutcomeKind kind;
	bool		destination_fault;
	const char *detail;			/* words detail must contain */
} Case;

static const Case cases[] = {
	/* the measured table, provider's own URL */
	{"refused, or reset before the request",
		{.curl_code = 7, .retry_after_s = -1}, FAULT, true, "not sent: could not connect"},
	{"SYN dropped",
		{.curl_code = 28, .retry_after_s = -1}, FAULT, true, "not sent: timed out"},
	{"no such name",
		{.curl_code = 6, .retry_after_s = -1}, FAULT, true, "not sent: could not resolve"},
	{"certificate expired",
		{.curl_code = 60, .retry_after_s = -1}, FAULT, true, "certificate"},
	{"opensocket refused by policy",
		{.curl_code = 7, .blocked_by_policy = true}, PERM, false, "blocked by policy"},
	{"prereq refused by policy",
		{.curl_code = 42, .blocked_by_policy = true}, PERM, false, "blocked by policy"},
	{"closed after the request",
		{.curl_code = 52, .request_began = true}, UNK, false, "no verdict: connection closed"},
	{"reset after the request",
		{.curl_code = 56, .request_began = true}, UNK, false, "no verdict: connection lost"},
	{"hangs after the request",
		{.curl_code = 28, .request_began = true}, UNK, true, "no verdict: timed out"},
	{"half a status line",
		{.curl_code = 52, .request_began = true}, UNK, false, "no verdict"},
	{"status known, body cut by the peer",
		{.curl_code = 18, .http_code = 200, .request_began = true}, ACC, false, "HTTP 200 (reply ended early)"},
	{"status known, body dripping",
		{.curl_code = 28, .http_code = 200, .request_began = true}, ACC, true, "HTTP 200 (timed out)"},
	{"status known, flood of headers",
		{.curl_code = 56, .http_code = 500, .request_began = true, .retry_after_s = -1}, TRANS, false, "HTTP 500"},
	{"status known, our cap",
		{.curl_code = 23, .http_code = 202, .request_began = true, .body_cut_by_us = true}, ACC, false, "reply cut"},
	{"status known, our cap, refusal",
		{.curl_code = 23, .http_code = 404, .request_began = true, .body_cut_by_us = true}, PERM, false, "reply cut"},
	{"status known, stream reset",
		{.curl_code = 92, .http_code = 204, .request_began = true}, ACC, false, "HTTP 204"},
	{"flood of 1xx",
		{.curl_code = 28, .http_code = 100, .request_began = true}, UNK, true, "no verdict"},
	{"101 and no more",
		{.curl_code = 0, .http_code = 101, .request_began = true}, UNK, false, "final status"},
	{"second send stopped",
		{.curl_code = 42, .request_began = true, .second_send_stopped = true}, UNK, false, "not sent again"},
	{"second send stopped, flag alone",
		{.curl_code = 42, .second_send_stopped = true}, UNK, false, "not sent again"},
	{"request began, then policy stopped the reconnection",
		{.curl_code = 7, .request_began = true, .blocked_by_policy = true}, UNK, false, "policy"},
	{"second send stopped after a status",
		{.curl_code = 42, .http_code = 503, .request_began = true, .second_send_stopped = true, .retry_after_s = 9}, TRANS, false, "HTTP 503"},
	{"aborted by us before the request",
		{.curl_code = 42}, TRANS, false, "stopped by the dispatcher"},
	{"aborted by us after the request",
		{.curl_code = 42, .request_began = true}, UNK, false, "stopped by the dispatcher"},
	{"a success without status",
		{.curl_code = 0}, UNK, false, "final status"},
	{"a success without status, begun",
		{.curl_code = 0, .request_began = true}, UNK, false, "final status"},
	{"reply is not HTTP",
		{.curl_code = 1, .request_began = true}, UNK, false, "no verdict"},

	/* the delivery's own URL: nobody else's breaker */
	{"own: refused",
		{.curl_code = 7, .destination_is_own = true}, TRANS, true, "not sent"},
	{"own: no such name",
		{.curl_code = 6, .destination_is_own = true}, TRANS, true, "not sent"},
	{"own: connect timeout",
		{.curl_code = 28, .destination_is_own = true}, TRANS, true, "not sent"},
	{"own: certificate",
		{.curl_code = 60, .destination_is_own = true}, TRANS, true, "not sent"},
	{"own: CA file is still the provider's",
		{.curl_code = 77, .destination_is_own = true}, FAULT, false, "CA file"},
	{"own: malformed URL",
		{.curl_code = 3, .destination_is_own = true}, PERM, false, "malformed URL"},
	{"provider's malformed URL",
		{.curl_code = 3}, FAULT, false, "malformed URL"},
	{"own: hangs after the request",
		{.curl_code = 28, .request_began = true, .destination_is_own = true}, UNK, true, "no verdict"},
	{"own: blocked",
		{.curl_code = 7, .blocked_by_policy = true, .destination_is_own = true}, PERM, false, "blocked by policy"},
	{"own: 401",
		{.http_code = 401, .request_began = true, .destination_is_own = true, .retry_after_s = -1}, TRANS, false, "HTTP 401"},
	{"own: 407",
		{.http_code = 407, .request_began = true, .destination_is_own = true, .retry_after_s = -1}, TRANS, false, "HTTP 407"},
	{"own: 403",
		{.http_code = 403, .request_began = true, .destination_is_own = true}, PERM, false, "HTTP 403"},

	/* ours */
	{"out of memory", {.curl_code = 27}, TRANS, false, "libcurl error 27"},
	{"a number from nowhere", {.curl_code = 4711}, TRANS, false, "libcurl error 4711"},
	{"a number from nowhere, begun",
		{.curl_code = 4711, .request_began = true}, UNK, false, "libcurl error 4711"}
};

static void
check_cases(void)
{
	for (size_t i = 0; i < lengthof(cases); i++)
	{
		IonOutcome	outcome;

		memset(&outcome, 0x55, sizeof(outcome));
		ion_http_judge(&cases[i].result, &outcome);
		is_str(ion_outcome_name(outcome.kind), ion_outcome_name(cases[i].kind),
			   cases[i].name);
		is_int(outcome.destination_fault, cases[i].destination_fault,
			   "  destination fault");
		is_int(outcome.code, cases[i].result.http_code, "  code");
		if (!ok(strstr(outcome.detail, cases[i].detail) != NULL, "  detail: %s",
				cases[i].detail))
			printf("#   got: %s\n", outcome.detail);
		is_str(outcome.ref, "", "  no reference");
		is_int(outcome.retry_after_s,
			   cases[i].result.second_send_stopped && cases[i].result.http_code == 503 ? 9 : -1,
			   "  Retry-After");
	}
}

static IonOutcomeKind
expected_kind(long status)
{
	if (status < 300)
		return ACC;
	if (status == 401 || status == 407)
		return FAULT;
	if (status == 408 || status == 425 || status == 429 || status >= 500)
		return TRANS;
	return PERM;
}

/* Whatever libcurl says besides, a final status decides. */
static void
check_statuses(void)
{
	int			wrong = 0;
	int			retry_after = 0;
	IonOutcome	outcome;

	for (long status = 200; status < 1000; status++)
	{
		for (int curl_code = 0; curl_code < 100; curl_code++)
		{
			IonHttpResult result = {
				.curl_code = curl_code, .http_code = status,
				.request_began = true, .retry_after_s = 77
			};

			ion_http_judge(&result, &outcome);
			if (outcome.kind != expected_kind(status) || outcome.code != status ||
				outcome.destination_fault != (curl_code == 28))
				wrong++;
			if ((outcome.retry_after_s == 77) != (outcome.kind == TRANS))
				retry_after++;
		}
	}
	is_int(wrong, 0, "800 statuses with 100 codes");
	is_int(retry_after, 0, "Retry-After goes with transient statuses only");

	for (long status = 300; status < 400; status++)
	{
		IonHttpResult result = {.http_code = status, .request_began = true};

		ion_http_judge(&result, &outcome);
		if (strstr(outcome.detail, "redirects are not followed") == NULL)
			wrong++;
	}
	is_int(wrong, 0, "100 redirects say that they are not followed");
}

/* Once begun and unanswered, no code may yield anything but unknown. */
static void
check_codes(void)
{
	static const int destination[] = {
		5, 6, 7, 8, 16, 18, 28, 35, 52, 55, 56, 60, 64, 83, 90, 91, 92, 95, 96,
		97, 98
	};
	static const int provider[] = {53, 54, 58, 59, 66, 67, 77, 82, 94};
	static const int url[] = {1, 3};
	int			wrong = 0;

	for (int code = 0; code < 120; code++)
	{
		IonHttpResult begun = {.curl_code = code, .request_began = true};
		IonHttpResult own = {.curl_code = code, .destination_is_own = true};
		IonHttpResult shared = {.curl_code = code};
		IonOutcomeKind want_own = code == 0 ? UNK : TRANS;
		IonOutcomeKind want_shared = want_own;
		bool		want_fault = false;
		IonOutcome	outcome;

		for (size_t i = 0; i < lengthof(destination); i++)
		{
			if (code == destination[i])
			{
				want_shared = FAULT;
				want_fault = true;
			}
		}
		for (size_t i = 0; i < lengthof(provider); i++)
		{
			if (code == provider[i])
				want_own = want_shared = FAULT;
		}
		for (size_t i = 0; i < lengthof(url); i++)
		{
			if (code == url[i])
			{
				want_own = PERM;
				want_shared = FAULT;
			}
		}
		ion_http_judge(&begun, &outcome);
		if (outcome.kind != UNK || outcome.destination_fault != (code == 28))
			wrong++;
		ion_http_judge(&own, &outcome);
		if (outcome.kind != want_own || outcome.destination_fault != want_fault)
			wrong++;
		ion_http_judge(&shared, &outcome);
		if (!ok(outcome.kind == want_shared &&
				outcome.destination_fault == want_fault, "code %d: %s", code,
				ion_outcome_name(want_shared)))
			printf("#   got: %s\n", ion_outcome_name(outcome.kind));
	}
	is_int(wrong, 0, "begun: unknown; own: nobody else's fault");
}

static const char *
detail_of(long status, const char *body, int length)
{
	static IonOutcome outcome;
	IonHttpResult result = {
		.http_code = status, .request_began = true, .body = body,
		.body_len = length < 0 ? strlen(body) : (size_t) length
	};

	ion_http_judge(&result, &outcome);
	return outcome.detail;
}

static void
check_snippets(void)
{
	char		big[4096];
	char		citta[300] = "";

	is_str(detail_of(200, "queued", -1), "HTTP 200", "an acceptance is not quoted");
	is_str(detail_of(404, "no such hook", -1), "HTTP 404: no such hook", "a refusal is");
	is_str(detail_of(301, "moved", -1),
		   "HTTP 301: redirects are not followed: moved", "a redirect too");
	is_str(detail_of(503, "", 0), "HTTP 503", "nothing to quote");
	is_str(detail_of(503, NULL, 5), "HTTP 503", "no body");
	is_str(detail_of(400, "a\r\nb\0c\x1b[1m", 10), "HTTP 400: a  b c [1m",
		   "control bytes become spaces");
	is_str(detail_of(400, "\xff\xfe", 2), "HTTP 400: ??", "ill UTF-8");
	is_str(detail_of(422, "{\"to\":\"mario.rossi@example.it\"}", -1),
		   "HTTP 422: {\"to\":\"<address>\"}", "an address");
	is_str(detail_of(422, "RSSMRA85T10A562S unknown", -1),
		   "HTTP 422: <***> unknown", "a fiscal code");
	is_str(detail_of(422, "code=rssmraurtmlarsnl.", -1),
		   "HTTP 422: code=<***>.", "in lower case and omocodia");
	is_str(detail_of(422, "RSSMRA85T10A562SX", -1),
		   "HTTP 422: RSSMRA85T10A562SX", "a longer word is none");
	is_str(detail_of(422, "+393331234567 is barred", -1),
		   "HTTP 422: +<***> is barred", "a telephone number");
	is_str(detail_of(422, "error 123456 at 12345678", -1),
		   "HTTP 422: error 123456 at <***>", "six digits stay, eight go");
	is_str(detail_of(500, "citt\xc3\xa0 \xe2\x82\xac", -1),
		   "HTTP 500: citt\xc3\xa0 \xe2\x82\xac", "UTF-8 is kept");

	memset(big, 'x', sizeof(big));
	is_str(detail_of(500, big, sizeof(big)), "HTTP 500: ...",
		   "one endless word is left out");
	memcpy(big, "refused ", 8);
	is_str(detail_of(500, big, sizeof(big)), "HTTP 500: refused...",
		   "and so is a word the cut goes through");
	memset(big, ' ', sizeof(big));
	memcpy(big + 80, "by mario.rossi@example.it now", 29);
	ok(strstr(detail_of(500, big, sizeof(big)), "mario") == NULL,
	   "half an address is not shown");
	memset(big, '.', sizeof(big));
	memcpy(big, "to ", 3);
	memcpy(big + 90, "RSSMRA85T10A562S", 16);
	ok(strstr(detail_of(500, big, sizeof(big)), "RSSMRA") == NULL,
	   "nor half a fiscal code");
	for (int i = 0; i < 33; i++)
		strcat(citta, "\xe2\x82\xac ");
	ok(strchr(detail_of(500, citta, -1), '?') == NULL, "nor half a character");
	memset(big, ';', 101);
	is_int(strlen(detail_of(500, big, 100)), 10 + 100, "100 bytes are quoted whole");
	is_int(strlen(detail_of(500, big, 101)), 10 + 100 + 3, "101 are cut");
}

int
main(void)
{
	check_cases();
	check_statuses();
	check_codes();
	check_snippets();
	return done_testing();
}
