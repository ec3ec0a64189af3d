/* units: src/net/smtp_verdict.c src/net/smtp_reply.c src/base/outcome.c */
/*
 * test_smtp_verdict.c
 *	  What each code means, and the ids found in common replies.
 */
#include "base/pure.h"

#include "net/smtp_verdict.h"
#include "tap.h"

static IonSmtpReply reply;

static void
read_reply(const char *line)
{
	size_t		length = strlen(line);

	ion_smtp_reply_init(&reply);
	while (length > 0)
		ion_smtp_reply_feed(&reply, &line, &length);
}

static void
kind_is(const char *line, IonOutcomeKind want)
{
	read_reply(line);
	is_str(ion_outcome_name(ion_smtp_verdict_kind(reply.code, &reply.enhanced)),
		   ion_outcome_name(want), line);
}

static void
ref_is(const char *line, const char *want)
{
	IonOutcome	outcome;

	read_reply(line);
	ion_smtp_verdict_accepted(&outcome, &reply);
	is_str(outcome.ref, want, line);
	if (outcome.kind != ION_OUTCOME_ACCEPTED || outcome.code != reply.code ||
		outcome.detail[0] != '\0')
		ok(0, "accepted, code kept, no detail");
}

static void
test_kinds(void)
{
	for (int code = 400; code < 500; code += 7)
	{
		char		line[32];

		snprintf(line, sizeof(line), "%d 4.7.8 no\n", code);
		kind_is(line, ION_OUTCOME_TRANSIENT);
	}
	kind_is("421 bye\n", ION_OUTCOME_TRANSIENT);
	kind_is("500 what\n", ION_OUTCOME_PERMANENT);
	kind_is("501 what\n", ION_OUTCOME_PERMANENT);
	kind_is("502 what\n", ION_OUTCOME_PERMANENT);
	kind_is("503 order\n", ION_OUTCOME_PROVIDER_FAULT);
	kind_is("530 5.7.0 auth\n", ION_OUTCOME_PROVIDER_FAULT);
	kind_is("534 5.7.9 auth\n", ION_OUTCOME_PROVIDER_FAULT);
	kind_is("535 auth\n", ION_OUTCOME_PROVIDER_FAULT);
	kind_is("538 auth\n", ION_OUTCOME_PROVIDER_FAULT);
	kind_is("550 5.7.8 auth\n", ION_OUTCOME_PROVIDER_FAULT);
	kind_is("554 5.7.9 auth\n", ION_OUTCOME_PROVIDER_FAULT);
	kind_is("550 5.7.1 relaying denied\n", ION_OUTCOME_PERMANENT);
	kind_is("550 5.1.1 no\n", ION_OUTCOME_PERMANENT);
	kind_is("551 moved\n", ION_OUTCOME_PERMANENT);
	kind_is("552 full\n", ION_OUTCOME_TRANSIENT);
	kind_is("552 5.2.2 full\n", ION_OUTCOME_TRANSIENT);
	kind_is("550 5.2.2 full\n", ION_OUTCOME_TRANSIENT);
	kind_is("552 5.2.3 too long\n", ION_OUTCOME_PERMANENT);
	kind_is("552 5.3.4 too big\n", ION_OUTCOME_PERMANENT);
	kind_is("553 name\n", ION_OUTCOME_PERMANENT);
	kind_is("554 no\n", ION_OUTCOME_PERMANENT);
	kind_is("555 parameter\n", ION_OUTCOME_PERMANENT);
	kind_is("599 no\n", ION_OUTCOME_PERMANENT);
}

static void
test_refs(void)
{
	ref_is("250 2.0.0 Ok: queued as 4Fx9Zz1234\r\n", "4Fx9Zz1234");
	ref_is("250 Ok: Queued As ABC.\r\n", "ABC");
	ref_is("250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 77F\r\n", "77F");
	ref_is("250 ok 1234 qp 5678\r\n", "ok 1234 qp 5678");
	ref_is("250 2.0.0 xyz Message accepted for delivery\r\n", "xyz Message accepted for delivery");
	ref_is("250 OK id=1rXyz-0001\r\n", "OK id=1rXyz-0001");
	ref_is("250-2.6.0 <id@host>\r\n250 2.6.0 Queued\r\n", "<id@host> Queued");
	ref_is("250 queued as \r\n", "queued as");
	ref_is("250 2.0.0\r\n", "");
	ref_is("250\r\n", "");
	ref_is("250 queued as  A\001B C\r\n", "A B");
	ref_is("250 2.0.0 queued as "
		   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n",
		   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static void
test_refused(void)
{
	IonOutcome	outcome;

	read_reply("550-5.1.1 <mario@citizens.test>\r\n550 5.1.1 unknown\r\n");
	ion_smtp_verdict_refused(&outcome, "RCPT", &reply);
	is_str(outcome.detail, "RCPT: 550 5.1.1 <address> unknown", "step, code and text");
	is_int(outcome.code, 550, "code is kept");
	is_int(outcome.kind, ION_OUTCOME_PERMANENT, "550 is permanent");
	is_int(outcome.destination_fault, false, "the destination is well");
	read_reply("421 4.7.0 too many connections\r\n");
	ion_smtp_verdict_refused(&outcome, "MAIL", &reply);
	is_int(outcome.destination_fault, true, "421: the destination is busy");
	is_int(outcome.retry_after_s, -1, "SMTP asks for no delay");
}

int
main(void)
{
	test_kinds();
	test_refs();
	test_refused();
	return done_testing();
}
