/*-------------------------------------------------------------------------
 *
 * decision.c
 *	  Who gets a message, over which channel, or why not.
 *
 * The rules in order; the first that applies is the reason.
 *
 *	 message:  no such citizen; inbox off; a special service not activated;
 *			   inbox blocked for the service (manual mode blocks what no
 *			   preference row allows)
 *	 channel:  blocked for the service; switched off; a secure message on an
 *			   open channel; push without a way out; no address; one that is
 *			   not verified (addresses the sender gave need not be)
 *	 address:  suppressed, unless the service is mandatory; no provider
 *
 * The inbox is the message itself and webhooks go to back ends, so both
 * follow the first decision alone.
 *
 *-------------------------------------------------------------------------
 */
#include "base/pure.h"

#include <string.h>

#include "queue/decision.h"

static const char *const channel_names[ION_CHANNELS] = {"inbox", "push", "email", "sms", "webhook", "pec"};

static const char *const reason_names[ION_REASONS] = {
	NULL, "user_not_found", "service_not_allowed", "channel_disabled", "secure_channels", "no_address",
	"unverified_address", "suppressed_address", "no_provider"
};

IonChannel
ion_channel_by_name(const char *name, int length)
{
	int			channel;

	for (channel = 0; channel < ION_CHANNELS; channel++)
	{
		if ((int) strlen(channel_names[channel]) == length && memcmp(channel_names[channel], name, length) == 0)
			break;
	}
	return channel;
}

const char *
ion_channel_name(IonChannel channel)
{
	return channel_names[channel];
}

const char *
ion_reason_name(IonReason reason)
{
	return reason_names[reason];
}

IonReason
ion_decide_message(const IonFacts *f)
{
	if (!f->registered)
		return ION_REASON_USER_NOT_FOUND;
	if (!f->inbox_enabled)
		return ION_REASON_SERVICE_NOT_ALLOWED;
	/* activation takes the place of the inbox preference */
	if (f->special)
		return f->activated ? ION_REASON_NONE : ION_REASON_SERVICE_NOT_ALLOWED;
	if (f->has_preferences ? (f->blocked & ION_CHANNEL_BIT(ION_CHANNEL_INBOX)) != 0 : f->manual)
		return ION_REASON_SERVICE_NOT_ALLOWED;
	return ION_REASON_NONE;
}

IonReason
ion_decide_channel(const IonFacts *f, IonChannel channel, bool has_address, bool has_provider)
{
	if (channel == ION_CHANNEL_INBOX)
		return ION_REASON_NONE;
	if (channel == ION_CHANNEL_WEBHOOK)
		return ION_REASON_NONE;
	if (f->blocked & ION_CHANNEL_BIT(channel))
		return ION_REASON_CHANNEL_DISABLED;
	if ((channel == ION_CHANNEL_EMAIL && !f->email_enabled) ||
		(channel == ION_CHANNEL_SMS && !f->sms_enabled) ||
		(channel == ION_CHANNEL_PUSH && !f->push_enabled))
		return ION_REASON_CHANNEL_DISABLED;
	if (f->secure && (channel == ION_CHANNEL_EMAIL || channel == ION_CHANNEL_SMS))
		return ION_REASON_SECURE_CHANNELS;
	/* devices are looked up only where a push can leave at all */
	if (channel == ION_CHANNEL_PUSH && !has_provider)
		return ION_REASON_NO_PROVIDER;
	if (!has_address)
		return ION_REASON_NO_ADDRESS;
	if ((channel == ION_CHANNEL_EMAIL && !f->given_email && !f->email_verified) ||
		(channel == ION_CHANNEL_SMS && !f->given_phone && !f->phone_verified))
		return ION_REASON_UNVERIFIED_ADDRESS;
	return ION_REASON_NONE;
}

IonReason
ion_decide_address(const IonFacts *f, IonChannel channel, bool suppressed, bool has_provider, bool *overridden)
{
	*overridden = false;
	if (channel == ION_CHANNEL_INBOX)
		return ION_REASON_NONE;
	if (suppressed && !f->mandatory)
		return ION_REASON_SUPPRESSED_ADDRESS;
	if (!has_provider)
		return ION_REASON_NO_PROVIDER;
	*overridden = suppressed;
	return ION_REASON_NONE;
}
