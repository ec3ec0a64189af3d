/* units: src/net/smtp_envelope.c src/net/smtp_capability.c src/net/dot_stuff.c src/base/outcome.c */
/*
 * test_smtp_envelope.c
 *	  No address can write a command, and what EHLO lines teach us.
 */
#include "base/pure.h"

#include "net/smtp_envelope.h"
#include "tap.h"

static bool
passes(const char *from, const char *rcpt)
{
	IonSmtpMail mail = {from, rcpt, false, "x", 1, 0};
	IonOutcome	refusal;

	if (ion_smtp_envelope_check(&mail, &refusal))
		return true;
	if (refusal.kind != ION_OUTCOME_PERMANENT || refusal.detail[0] == '\0')
		ok(0, "a refusal is permanent and says why");
	return false;
}

static void
test_addresses(void)
{
	char		longest[ION_SMTP_ADDRESS_MAX + 2];
	int			let_through = 0;
	int			refused = 0;

	for (int c = 1; c < 256; c++)
	{
		char		address[] = "ab?c@d.test";
		bool		forbidden = c <= 0x20 || c == 0x7f || c == '<' || c == '>';

		address[2] = (char) c;
		let_through += forbidden && (passes(address, "a@b.test") || passes("a@b.test", address));
		refused += !forbidden && (!passes(address, "a@b.test") || !passes("a@b.test", address));
	}
	is_int(let_through, 0, "no control, space or bracket passes, in either address");
	is_int(refused, 0, "every other byte does");
	ok(!passes("a@b.test", "\r\na@b.test") && !passes("a@b.test", "a@b.test\n"),
	   "nor at either end");
	ok(!passes("a@b.test", ""), "an empty recipient is refused");
	ok(!passes("a@b.test", NULL), "a missing recipient is refused");
	ok(passes("", "a@b.test") && passes(NULL, "a@b.test"), "an empty sender is the null path");

	memset(longest, 'a', sizeof(longest));
	longest[ION_SMTP_ADDRESS_MAX + 1] = '\0';
	ok(!passes("", longest) && !passes(longest, "a@b.test"), "255 bytes are too many");
	longest[ION_SMTP_ADDRESS_MAX] = '\0';
	ok(passes(longest, longest), "254 are not");
}

static void
test_name(void)
{
	char		longest[ION_SMTP_NAME_MAX + 2];

	ok(ion_smtp_name_check("mx-1.comune.example.it"), "a domain");
	ok(ion_smtp_name_check("[IPv6:2001:db8::1]"), "an address literal");
	ok(!ion_smtp_name_check(""), "not nothing");
	ok(!ion_smtp_name_check("a b") && !ion_smtp_name_check("a\r\nb") &&
	   !ion_smtp_name_check("\303\240.test"), "not spaces, line ends or UTF-8");
	memset(longest, 'a', sizeof(longest));
	longest[ION_SMTP_NAME_MAX + 1] = '\0';
	ok(!ion_smtp_name_check(longest), "not 256 bytes");
	longest[ION_SMTP_NAME_MAX] = '\0';
	ok(ion_smtp_name_check(longest), "255 bytes");
}

static void
capability_is(const char *line, unsigned extensions, uint64 limit)
{
	IonSmtpCapability capability;

	ion_smtp_capability_init(&capability);
	ion_smtp_capability_add(&capability, line, strlen(line));
	ok(capability.extensions == extensions && capability.size_limit == limit,
	   "\"%s\" means 0x%x, limit " UINT64_FORMAT, line, capability.extensions,
	   capability.size_limit);
}

static void
test_capability(void)
{
	capability_is("PIPELINING", ION_SMTP_EXT_PIPELINING, 0);
	capability_is("pipelining", ION_SMTP_EXT_PIPELINING, 0);
	capability_is("8BITMIME x", ION_SMTP_EXT_8BITMIME, 0);
	capability_is("SMTPUTF8", ION_SMTP_EXT_SMTPUTF8, 0);
	capability_is("EnhancedStatusCodes", ION_SMTP_EXT_ENHANCEDSTATUSCODES, 0);
	capability_is("SIZE 10240000", ION_SMTP_EXT_SIZE, 10240000);
	capability_is("SIZE", ION_SMTP_EXT_SIZE, 0);
	capability_is("SIZE ", ION_SMTP_EXT_SIZE, 0);
	capability_is("SIZE -1", ION_SMTP_EXT_SIZE, 0);
	capability_is("SIZE 12x", ION_SMTP_EXT_SIZE, 0);
	capability_is("SIZE 18446744073709551600", ION_SMTP_EXT_SIZE, PG_UINT64_MAX - 15);
	capability_is("SIZE 99999999999999999999999", ION_SMTP_EXT_SIZE, 0);
	capability_is("PIPELININGX", 0, 0);
	capability_is("PIPELIN", 0, 0);
	capability_is("X PIPELINING", 0, 0);
	capability_is("", 0, 0);
}

static void
command_is(bool eight_bit, unsigned extensions, bool utf8, const char *want)
{
	IonSmtpMail mail = {"a@b.test", "c@d.test", utf8, "", 0, 0};
	IonDotMeasure measure = {1234, eight_bit, false};
	IonSmtpCapability capability = {extensions, 0};
	StringInfoData out;

	initStringInfo(&out);
	ion_smtp_put_mail(&out, &mail, &measure, &capability);
	ion_smtp_put_rcpt(&out, &mail);
	is_str(out.data, want, "MAIL and RCPT");
	pfree(out.data);
}

static void
test_content(void)
{
	IonSmtpMail mail = {"a@b.test", "c@d.test", false, "", ION_SMTP_CONTENT_MAX + 1, 0};
	IonDotMeasure measure = {10, false, false};
	IonSmtpCapability capability = {0, 0};
	IonOutcome	refusal;

	ok(!ion_smtp_content_check(&mail, &measure, &capability, &refusal) && refusal.code == 552,
	   "our own limit: %s", refusal.detail);
	mail.content_len = 10;
	ok(ion_smtp_content_check(&mail, &measure, &capability, &refusal), "a small mail passes");
	measure.eight_bit = true;
	ok(ion_smtp_content_check(&mail, &measure, &capability, &refusal), "also when it is 8-bit");
	capability.size_limit = 9;
	ok(!ion_smtp_content_check(&mail, &measure, &capability, &refusal) && refusal.code == 552,
	   "the server's limit: %s", refusal.detail);
}

int
main(void)
{
	test_addresses();
	test_name();
	test_capability();
	command_is(false, 0, false, "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n");
	command_is(true, 0, false, "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n");
	command_is(true, ION_SMTP_EXT_SIZE | ION_SMTP_EXT_8BITMIME, true,
			   "MAIL FROM:<a@b.test> SIZE=1234 BODY=8BITMIME SMTPUTF8\r\nRCPT TO:<c@d.test>\r\n");
	command_is(false, ION_SMTP_EXT_8BITMIME | ION_SMTP_EXT_SMTPUTF8, false,
			   "MAIL FROM:<a@b.test>\r\nRCPT TO:<c@d.test>\r\n");
	test_content();
	return done_testing();
}
