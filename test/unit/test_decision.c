/* units: src/queue/decision.c */
/*
 * Every combination of the facts, against the rules written a second time as
 * a list of conditions in the order of the specification: the first that
 * holds is the reason.
 */
#include "base/pure.h"

#include <string.h>

#include "queue/decision.h"
#include "test/unit/tap.h"

#define FACTS 15

typedef struct Rule
{
	bool		holds;
	const char *reason;
} Rule;

static const char *
first(const Rule *rules, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (rules[i].holds)
			return rules[i].reason;
	}
	return "sent";
}

static const char *
name_of(IonReason reason)
{
	return reason == ION_REASON_NONE ? "sent" : ion_reason_name(reason);
}

static void
facts_of(unsigned bits, IonFacts *f)
{
	memset(f, 0, sizeof(*f));
	f->special = bits & 1;
	f->registered = bits >> 1 & 1;
	f->inbox_enabled = bits >> 2 & 1;
	f->manual = bits >> 3 & 1;
	f->has_preferences = bits >> 4 & 1;
	f->activated = bits >> 5 & 1;
	f->secure = bits >> 6 & 1;
	f->email_enabled = bits >> 7 & 1;
	f->sms_enabled = bits >> 8 & 1;
	f->push_enabled = bits >> 9 & 1;
	f->email_verified = bits >> 10 & 1;
	f->phone_verified = bits >> 11 & 1;
	f->given_email = bits >> 12 & 1;
	f->given_phone = bits >> 13 & 1;
	f->mandatory = bits >> 14 & 1;
}

static void
test_messages(void)
{
	int			wrong = 0;
	int			cases = 0;

	for (unsigned bits = 0; bits < 1u << 6; bits++)
	{
		for (int blocked = 0; blocked < 2; blocked++)
		{
			IonFacts	f;
			const char *want;

			facts_of(bits, &f);
			f.blocked = blocked ? ION_CHANNEL_BIT(ION_CHANNEL_INBOX) : 0;
			if (blocked && !f.has_preferences)
				continue;
			want = first((Rule[])
				{
					{!f.registered, "user_not_found"},
					{!f.inbox_enabled, "service_not_allowed"},
					{f.special && f.activated, "sent"},
					{f.special, "service_not_allowed"},
					{f.has_preferences && blocked, "service_not_allowed"},
					{f.has_preferences, "sent"},
					{f.manual, "service_not_allowed"}
				}, 7);
			cases++;
			if (strcmp(want, name_of(ion_decide_message(&f))) != 0)
				wrong++;
		}
	}
	is_int(wrong, 0, "messages: every combination as the rules say");
	is_int(cases, 96, "messages: number of combinations");
}

static void
test_channel(IonChannel channel)
{
	int			wrong = 0;

	for (unsigned bits = 0; bits < 1u << FACTS; bits++)
	{
		for (int rest = 0; rest < 16; rest++)
		{
			IonFacts	f;
			bool		blocked = rest & 1;
			bool		has_address = rest & 2;
			bool		has_provider = rest & 4;
			bool		suppressed = rest & 8;
			bool		overridden = false;
			bool		mail = channel == ION_CHANNEL_EMAIL;
			bool		sms = channel == ION_CHANNEL_SMS;
			bool		push = channel == ION_CHANNEL_PUSH;
			bool		choice = channel != ION_CHANNEL_WEBHOOK && channel != ION_CHANNEL_INBOX;
			IonReason	got;
			const char *want;

			facts_of(bits, &f);
			f.blocked = blocked ? ION_CHANNEL_BIT(channel) : 0;
			want = first((Rule[])
				{
					{channel == ION_CHANNEL_INBOX, "sent"},
					{choice && blocked, "channel_disabled"},
					{mail && !f.email_enabled, "channel_disabled"},
					{sms && !f.sms_enabled, "channel_disabled"},
					{push && !f.push_enabled, "channel_disabled"},
					{(mail || sms) && f.secure, "secure_channels"},
					{push && !has_provider, "no_provider"},
					{choice && !has_address, "no_address"},
					{mail && !f.given_email && !f.email_verified, "unverified_address"},
					{sms && !f.given_phone && !f.phone_verified, "unverified_address"},
					{suppressed && !f.mandatory, "suppressed_address"},
					{!has_provider, "no_provider"}
				}, 12);
			got = ion_decide_channel(&f, channel, has_address, has_provider);
			if (got == ION_REASON_NONE)
				got = ion_decide_address(&f, channel, suppressed, has_provider, &overridden);
			if (strcmp(want, name_of(got)) != 0 ||
				overridden != (got == ION_REASON_NONE && suppressed && f.mandatory && channel != ION_CHANNEL_INBOX))
				wrong++;
		}
	}
	ok(wrong == 0, "%s: all %u combinations as the rules say", ion_channel_name(channel), (1u << FACTS) * 16);
}

int
main(void)
{
	test_messages();
	for (int channel = 0; channel < ION_CHANNELS; channel++)
		test_channel(channel);
	for (int channel = 0; channel < ION_CHANNELS; channel++)
		is_int(ion_channel_by_name(ion_channel_name(channel), strlen(ion_channel_name(channel))), channel, "a channel's name leads back to it");
	is_int(ion_channel_by_name("fax", 3), ION_CHANNELS, "no such channel");
	is_int(ion_channel_by_name("emai", 4), ION_CHANNELS, "part of a name is none");
	ok(ion_reason_name(ION_REASON_NONE) == NULL, "no reason has no name");
	return done_testing();
}
