/* units: src/render/mail_address.c src/render/text_check.c */
#include "base/pure.h"

#include "render/mail_address.h"
#include "tap.h"

#define A10 "aaaaaaaaaa"
#define A60 A10 A10 A10 A10 A10 A10
#define A63 A60 "aaa"

static void
accepts(const char *addr)
{
	const char *error = "not cleared";

	if (!ok(ion_mail_address_valid(addr, &error) && error == NULL, "accepts %s", addr))
		printf("#  error: %s\n", error);
}

static void
refuses(const char *addr, const char *why)
{
	const char *error = NULL;

	if (ion_mail_address_valid(addr, &error))
		ok(false, "refuses an address: %s", why);
	else
		is_str(error, why, "refuses an address, and says why");
}

static void
test_grammar(void)
{
	const char *misplaced = "local part has a misplaced dot";
	const char *character = "local part contains a character that is not allowed";
	const char *label = "domain has a label that is not letters, digits and inner hyphens";

	accepts("mario.rossi@example.it");
	accepts("a@b");
	accepts("o'brien+tag=x@sub.ex-ample.co");
	accepts("!#$%&'*+-/=?^_`{|}~@example.it");
	accepts("1@1.example");
	accepts("x@xn--citt-3na.test");
	accepts("MARIO@EXAMPLE.IT");

	refuses("", "address is empty");
	refuses("mario", "address lacks \"@\"");
	refuses("@example.it", "local part is empty");
	refuses("mario@", "domain is empty");
	refuses(".a@example.it", misplaced);
	refuses("a.@example.it", misplaced);
	refuses("a..b@example.it", misplaced);
	refuses("a b@example.it", character);
	refuses("\"a b\"@example.it", character);
	refuses("\"a\"@example.it", character);
	refuses("<a@example.it>", character);
	refuses("a,b@example.it", character);
	refuses("a(c)@example.it", character);
	refuses("a\\b@example.it", character);
	refuses("a:b@example.it", character);
	refuses("a@b@example.it", label);
	refuses("a@example.it>", label);
	refuses("a@exa mple.it", label);
	refuses("a@-x.it", label);
	refuses("a@x-.it", label);
	refuses("a@x_y.it", label);
	refuses("a@x..it", "domain has an empty label");
	refuses("a@.it", "domain has an empty label");
	refuses("a@x.it.", "domain has an empty label");
	refuses("a@[127.0.0.1]", "address literals are not accepted as a domain");
	refuses("a@[IPv6:::1]", "address literals are not accepted as a domain");
	refuses("a@127.0.0.1", "address literals are not accepted as a domain");
}

static void
test_injection(void)
{
	const char *control = "address contains a control character";

	refuses("a@example.it\r\nRCPT TO:<b@example.it>", control);
	refuses("a\n@example.it", control);
	refuses("a\r@example.it", control);
	refuses("a@example.it\n", control);
	refuses("a\t@example.it", control);
	refuses("a\x7f@example.it", control);
	refuses("a\xc2\x85@example.it", control);
	refuses("a\xe2\x80\xa8@example.it", control);
	refuses("a@ex\xe2\x80\xa9.it", control);
	refuses("\xe8@example.it", "address is not valid UTF-8");
	refuses("a@citt\xe0.it", "address is not valid UTF-8");
	refuses("a@example.it> SIZE=1", "domain has a label that is not letters, digits and inner hyphens");
}

static void
test_lengths(void)
{
	accepts(A60 "aaaa@example.it");
	refuses(A60 "aaaaa@example.it", "local part is longer than 64 octets");
	accepts("a@" A63 ".it");
	refuses("a@" A63 "a.it", "domain has a label longer than 63 octets");
	/* 63+1+63+1+63+1+60 = 252 octets of domain, 254 in all */
	accepts("a@" A63 "." A63 "." A63 "." A60);
	refuses("a@" A63 "." A63 "." A63 "." A60 "a", "address is longer than 254 octets");
	/* 20 accented letters: 40 octets in UTF-8, a label of 24 in Punycode */
	accepts("a@\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0"
			"\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0"
			"\xc3\xa0\xc3\xa0\xc3\xa0\xc3\xa0.test");
	refuses("a@\xc3\xa0" A63 ".test", "domain is not a valid internationalized name");
	/* fits as written, but each of these labels takes seven octets in Punycode */
#define E4 "\xc3\xa8.\xc3\xa8.\xc3\xa8.\xc3\xa8."
	refuses("a@" E4 E4 E4 E4 E4 E4 E4 E4 E4 "it", "domain is not a valid internationalized name");
}

static void
wire_is(const char *addr, bool smtputf8, const char *want, bool want_needs)
{
	StringInfoData out;
	const char *error;
	bool		needs = !want_needs;
	bool		done;

	initStringInfo(&out);
	appendStringInfoString(&out, "to:");
	done = ion_mail_address_wire(addr, smtputf8, &out, &needs, &error);
	ok(done == (want != NULL), "%s goes out: %s", addr, want ? "yes" : "no");
	is_str(out.data + 3, want ? want : "", "as expected");
	ok(strncmp(out.data, "to:", 3) == 0, "what stood before is kept");
	ok(needs == want_needs, "needs SMTPUTF8: %s", want_needs ? "yes" : "no");
	if (!want)
		ok(error != NULL, "with a reason: %s", error);
	pfree(out.data);
}

static void
test_wire(void)
{
	wire_is("info@example.it", false, "info@example.it", false);
	wire_is("info@citt\xc3\xa0.test", false, "info@xn--citt-3na.test", false);
	wire_is("info@CITT\xc3\x80.test", false, "info@xn--citt-3na.test", false);
	/* the same letter as a base letter and a combining accent */
	wire_is("info@citta\xcc\x80.test", false, "info@xn--citt-3na.test", false);
	/* non-transitional: sharp s is a letter, not "ss" */
	wire_is("x@fa\xc3\x9f.de", false, "x@xn--fa-hia.de", false);
	wire_is("x@\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", false,
			"x@xn--r8jz45g.xn--zckzah", false);
	/* full-width dot and letters map to ASCII, and the result is checked */
	wire_is("x@\xef\xbd\x81\xef\xbc\x8eit", false, "x@a.it", false);
	wire_is("nicol\xc3\xb2@example.it", true, "nicol\xc3\xb2@example.it", true);
	wire_is("nicol\xc3\xb2@citt\xc3\xa0.test", true, "nicol\xc3\xb2@xn--citt-3na.test", true);
	wire_is("info@example.it", true, "info@example.it", false);
	wire_is("nicol\xc3\xb2@example.it", false, NULL, true);
	wire_is("a@b c", false, NULL, false);
	/* characters that would become "@", "/", " " or "_" in the domain */
	wire_is("a@b\xef\xbc\xa0" "c.it", false, NULL, false);
	wire_is("a@b\xef\xbc\x8f" "c.it", false, NULL, false);
	wire_is("a@b\xe3\x80\x80" "c.it", false, NULL, false);
	wire_is("a@b\xc3\xa8_c.it", false, NULL, false);
	wire_is("a@\xe2\x80\x8f\xc3\xa8.it", false, NULL, false);
	/* full-width digits make an address in disguise */
	wire_is("a@127.0.0.\xef\xbc\x91", false, NULL, false);
	wire_is("a@\xc3\xa8\xe3\x80\x82\xe3\x80\x82it", false, NULL, false);
}

static void
mailbox_is(const char *text, const char *want_name, const char *want_addr)
{
	char	   *name;
	char	   *addr;
	const char *error;
	bool		done = ion_mail_mailbox_parse(text, &name, &addr, &error);

	ok(done == (want_addr != NULL), "mailbox %s: %s", text, want_addr ? "read" : "refused");
	is_str(name, want_name, "its name");
	is_str(addr, want_addr, "its address");
	if (!done)
		ok(error != NULL, "the reason: %s", error);
	if (name)
		pfree(name);
	if (addr)
		pfree(addr);
}

static void
test_mailbox(void)
{
	char		longish[ION_MAIL_MAILBOX_MAX + 2];

	mailbox_is("info@example.it", NULL, "info@example.it");
	mailbox_is("  info@example.it ", NULL, "info@example.it");
	mailbox_is("<info@example.it>", NULL, "info@example.it");
	mailbox_is("Comune di Esempio <no-reply@comune.example.it>", "Comune di Esempio",
			   "no-reply@comune.example.it");
	mailbox_is("Citt\xc3\xa0, Ufficio Tributi<a@b.it>", "Citt\xc3\xa0, Ufficio Tributi", "a@b.it");
	mailbox_is("\"Comune, \\\"Ufficio\\\" <x>\" <a@b.it>", "Comune, \"Ufficio\" <x>", "a@b.it");
	mailbox_is("\"back\\\\slash\"<a@b.it>", "back\\slash", "a@b.it");
	mailbox_is("\"\" <a@b.it>", NULL, "a@b.it");
	mailbox_is("", NULL, NULL);
	mailbox_is("Comune di Esempio", NULL, NULL);
	mailbox_is("Comune <a@b.it", NULL, NULL);
	mailbox_is("Comune a@b.it>", NULL, NULL);
	mailbox_is("\"Comune <a@b.it>", NULL, NULL);
	mailbox_is("\"Comune\\>", NULL, NULL);
	mailbox_is("\"Comune\" x <a@b.it>", NULL, NULL);
	mailbox_is("Co\"mu\"ne <a@b.it>", NULL, NULL);
	mailbox_is("A <a@b.it> B <c@d.it>", NULL, NULL);
	mailbox_is("A <a@b.it>, c@d.it", NULL, NULL);
	mailbox_is("A <>", NULL, NULL);
	mailbox_is("A < a@b.it>", NULL, NULL);
	mailbox_is(">", NULL, NULL);
	mailbox_is("<", NULL, NULL);
	mailbox_is("\"", NULL, NULL);
	mailbox_is("A\r\nBcc: <x@y.it>", NULL, NULL);
	mailbox_is("A\tB <x@y.it>", NULL, NULL);
	mailbox_is("Perch\xe8 <x@y.it>", NULL, NULL);

	memset(longish, 'n', sizeof(longish));
	memcpy(longish + ION_MAIL_NAME_MAX, " <a@b.it>", 10);
	longish[ION_MAIL_NAME_MAX - 1] = '\0';
	strcat(longish, "N <a@b.it>");
	{
		char		name[ION_MAIL_NAME_MAX + 1];

		memset(name, 'n', ION_MAIL_NAME_MAX - 1);
		name[ION_MAIL_NAME_MAX - 1] = 'N';
		name[ION_MAIL_NAME_MAX] = '\0';
		mailbox_is(longish, name, "a@b.it");
	}
	memset(longish, 'n', sizeof(longish));
	memcpy(longish + ION_MAIL_NAME_MAX + 1, " <a@b.it>", 10);
	mailbox_is(longish, NULL, NULL);
	memset(longish, ' ', sizeof(longish));
	longish[sizeof(longish) - 1] = '\0';
	memcpy(longish, "a@b.it", 6);
	mailbox_is(longish, NULL, NULL);
}

int
main(void)
{
	test_grammar();
	test_injection();
	test_lengths();
	test_wire();
	test_mailbox();
	return done_testing();
}
