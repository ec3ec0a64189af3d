/*-------------------------------------------------------------------------
 *
 * decision.h
 *	  Who gets a message, over which channel, or why not.
 *
 * Pure: facts in, reason out.  Trigger, scheduled routing and route_explain
 * gather the facts and ask here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef ION_QUEUE_DECISION_H
#define ION_QUEUE_DECISION_H

#include "base/pure.h"

typedef enum IonChannel
{
	ION_CHANNEL_INBOX = 0,
	ION_CHANNEL_PUSH,
	ION_CHANNEL_EMAIL,
	ION_CHANNEL_SMS,
	ION_CHANNEL_WEBHOOK,
	ION_CHANNEL_PEC,
	ION_CHANNELS
} IonChannel;

#define ION_CHANNEL_BIT(channel) (1 << (channel))

/* Why a message or a delivery is not sent; NONE: it is. */
typedef enum IonReason
{
	ION_REASON_NONE = 0,
	/* the whole message */
	ION_REASON_USER_NOT_FOUND,
	ION_REASON_SERVICE_NOT_ALLOWED,
	/* one delivery */
	ION_REASON_CHANNEL_DISABLED,
	ION_REASON_SECURE_CHANNELS,
	ION_REASON_NO_ADDRESS,
	ION_REASON_UNVERIFIED_ADDRESS,
	ION_REASON_SUPPRESSED_ADDRESS,
	ION_REASON_NO_PROVIDER,
	ION_REASONS
} IonReason;

/* What is known of one message when it is routed. */
typedef struct IonFacts
{
	/* the service's */
	bool		special;		/* its category: the citizen activates it */
	bool		mandatory;		/* suppression does not hold it back */
	bool		secure;			/* the service or the message says so */
	/* the citizen's */
	bool		registered;
	bool		inbox_enabled;
	bool		email_enabled;
	bool		sms_enabled;
	bool		push_enabled;
	bool		email_verified;
	bool		phone_verified;
	bool		manual;			/* preference_mode */
	bool		has_preferences;	/* rows of the current version exist */
	int			blocked;		/* ION_CHANNEL_BITs those rows switch off */
	bool		activated;		/* active, or pending for less than 24 hours */
	/* the message's: addresses the sender gave */
	bool		given_email;
	bool		given_phone;
} IonFacts;

/* Channels by name; ION_CHANNELS when there is none of that name. */
extern IonChannel ion_channel_by_name(const char *name, int length);
extern const char *ion_channel_name(IonChannel channel);

/* The reason as it stands in delivery.reason; NULL for NONE. */
extern const char *ion_reason_name(IonReason reason);

/* Whether the message is rejected as a whole. */
extern IonReason ion_decide_message(const IonFacts *facts);

/*
 * Whether one channel of a message that is not rejected is used, as far as
 * the address: the caller finds out about suppression only for one that has
 * come that far.
 */
extern IonReason ion_decide_channel(const IonFacts *facts, IonChannel channel, bool has_address, bool has_provider);

/*
 * The rest.  *overridden is set when only the service's being mandatory lets
 * a suppressed address be used.
 */
extern IonReason ion_decide_address(const IonFacts *facts, IonChannel channel, bool suppressed, bool has_provider,
									bool *overridden);

#endif							/* ION_QUEUE_DECISION_H */
