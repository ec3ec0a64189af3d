/* units: src/base/outcome.c */
/*
 * test_outcome.c
 *	  Whatever a peer says, detail and ref stay bounded, valid and discreet.
 */
#include "base/pure.h"

#include "base/outcome.h"
#include "tap.h"

static void
detail_is(const char *text, int length, const char *want, const char *name)
{
	IonOutcome	outcome;

	ion_outcome_init(&outcome, ION_OUTCOME_TRANSIENT, 450);
	ion_outcome_add_detail(&outcome, text, length);
	is_str(outcome.detail, want, name);
}

static void
test_names(void)
{
	is_str(ion_outcome_name(ION_OUTCOME_ACCEPTED), "accepted", "name of accepted");
	is_str(ion_outcome_name(ION_OUTCOME_PERMANENT), "permanent", "name of permanent");
	is_str(ion_outcome_name(ION_OUTCOME_TRANSIENT), "transient", "name of transient");
	is_str(ion_outcome_name(ION_OUTCOME_PROVIDER_FAULT), "provider_fault",
		   "name of provider_fault");
	is_str(ion_outcome_name(ION_OUTCOME_UNKNOWN), "unknown", "name of unknown");
	is_str(ion_outcome_name((IonOutcomeKind) 77), "unknown", "a kind from nowhere");
}

static void
test_init(void)
{
	IonOutcome	outcome;

	memset(&outcome, 0x55, sizeof(outcome));
	ion_outcome_init(&outcome, ION_OUTCOME_PERMANENT, 550);
	is_int(outcome.kind, ION_OUTCOME_PERMANENT, "init sets the kind");
	is_int(outcome.code, 550, "init sets the code");
	is_int(outcome.retry_after_s, -1, "init asks for no delay");
	is_int(outcome.destination_fault, false, "init blames no destination");
	is_str(outcome.detail, "", "init empties detail");
	is_str(outcome.ref, "", "init empties ref");
}

static void
test_text(void)
{
	detail_is("a\r\nb\tc\033[1m\177d", -1, "a  b c [1m d", "control bytes become spaces");
	detail_is("a\0b", 3, "a b", "a zero byte becomes a space");
	detail_is("x\302\205y\302\237z\302\240", -1, "x y z\302\240", "C1 controls become spaces");
	detail_is("citt\303\240 \342\202\254 \360\237\230\200", -1,
			  "citt\303\240 \342\202\254 \360\237\230\200", "UTF-8 stays");
	detail_is("a\377b\300\257c", -1, "a?b??c", "bytes that are no UTF-8");
	detail_is("\355\240\200", -1, "???", "a surrogate");
	detail_is("\364\220\200\200", -1, "????", "beyond U+10FFFF");
	detail_is("\340\237\277 \360\217\277\277", -1, "??? ????", "overlong forms");
	detail_is("ok \342\202", -1, "ok ??", "a character cut short");
	detail_is("\342\202\254", 2, "??", "length is obeyed inside a character");
	detail_is("abcdef", 3, "abc", "length is obeyed");
	detail_is("", -1, "", "nothing");
}

static void
test_addresses(void)
{
	detail_is("<mario@citizens.test>: unknown", -1, "<address>: unknown", "in brackets");
	detail_is("mario.rossi+x@citizens.test is unknown.", -1, "<address> is unknown.", "bare");
	detail_is("no user mario@citizens.test.", -1, "no user <address>.", "at the end of a sentence");
	detail_is("to=<a@b.it>,x", -1, "to=<address>,x", "after an equals sign");
	detail_is("rcpt:a@b.it, c@d.it;e@f.it", -1, "rcpt:<address>, <address>;<address>", "three");
	detail_is("\"mario rossi\"@citizens.test!", -1, "<address>!", "quoted local part");
	detail_is("<\"mario rossi\"@[192.0.2.1]> x", -1, "<address> x", "address literal");
	detail_is("\303\240@citt\303\240.test no", -1, "<address> no", "internationalised");
	detail_is("a@b@c.test x", -1, "<address> x", "two at signs");
	detail_is("<mario@citizens.test", -1, "<<address>", "bracket not closed");
	detail_is("say \"hello\" to <nobody> @ home @", -1,
			  "say \"hello\" to <nobody> @ home @", "what only looks like one");
	detail_is("\"say mario@c.it now\"@ x", -1, "\"say <address> now\"@ x",
			  "inside what is no local part");
	detail_is("\"\"\"\"a@b.it\"", -1, "\"\"\"\"<address>\"", "quotes around");
}

static void
test_bounds(void)
{
	IonOutcome	outcome;
	char		text[600];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	ion_outcome_init(&outcome, ION_OUTCOME_TRANSIENT, 0);
	ion_outcome_add_detail(&outcome, text, -1);
	is_int(strlen(outcome.detail), ION_DETAIL_MAX - 1, "detail is cut");
	ion_outcome_add_detail(&outcome, "more", -1);
	is_int(strlen(outcome.detail), ION_DETAIL_MAX - 1, "a full detail stays");
	ion_outcome_set_ref(&outcome, text, -1);
	is_int(strlen(outcome.ref), ION_REF_MAX - 1, "ref is cut");

	/* The euro sign does not fit into the last two bytes. */
	ion_outcome_init(&outcome, ION_OUTCOME_TRANSIENT, 0);
	ion_outcome_add_detail(&outcome, text, ION_DETAIL_MAX - 3);
	ion_outcome_add_detail(&outcome, "\342\202\254yz", -1);
	is_int(strlen(outcome.detail), ION_DETAIL_MAX - 3, "cut before a character, nothing behind it");

	/* An address over the edge must not appear in part. */
	ion_outcome_init(&outcome, ION_OUTCOME_TRANSIENT, 0);
	ion_outcome_add_detail(&outcome, text, ION_DETAIL_MAX - 6);
	ion_outcome_add_detail(&outcome, " mario@citizens.test", -1);
	ok(strstr(outcome.detail, "mar") == NULL, "no half address at the edge");
}

static void
test_append_and_ref(void)
{
	IonOutcome	outcome;

	ion_outcome_init(&outcome, ION_OUTCOME_ACCEPTED, 250);
	ion_outcome_add_detail(&outcome, "one", -1);
	ion_outcome_add_detail(&outcome, ", two", -1);
	is_str(outcome.detail, "one, two", "detail is appended to");
	ion_outcome_set_ref(&outcome, "first", -1);
	ion_outcome_set_ref(&outcome, "4Fx\r\n9Zz<id@host>", -1);
	is_str(outcome.ref, "4Fx  9Zz<id@host>", "ref is replaced, and keeps a message id");
	ion_outcome_set_ref(&outcome, "", 0);
	is_str(outcome.ref, "", "ref can be emptied");
}

int
main(void)
{
	test_names();
	test_init();
	test_text();
	test_addresses();
	test_bounds();
	test_append_and_ref();
	return done_testing();
}
