"""route_oracle.py: who gets what, said a second time.

The routing decision, written from the design's text alone and knowing nothing
of the product's code: facts in, the rows of io_notify.delivery out.  What the
text says of each step stands beside it; what it leaves open is named in
CHOICES, so that a change of mind is one word here.

The order, per message:

  1. no citizen                             rejected, user_not_found
  2. inbox not enabled                      rejected, service_not_allowed
  3. preferences of the current version: without any, mode auto blocks nothing
     and manual blocks the inbox; with any, the channels they name false
  4. special service: the activation alone decides about the inbox
  5. inbox blocked                          rejected, service_not_allowed
  6. each channel the service lists, by itself: the citizen's switch and
     blocks, secure channels, (push) provider, address, its verification,
     suppression, provider

A rejected message has one row, of the inbox, whatever the service lists.
"""

from collections import namedtuple

Row = namedtuple("Row", "channel state reason address")

CHOICES = {
    # besides e-mail, which the text names, what is too open for a service or
    # a message that requires secure channels (push stays: it turns anonymous)
    "insecure": {"email", "sms"},
    # "webhook follows the inbox decision alone": no preference stops it
    "preference_free": {"inbox", "webhook"},
    # a row that is not sent names the address all the same, where one is known
    # and the decision did not end before the devices were looked at
    "address_kept": True,
}

SWITCHES = {"email": "email_enabled", "sms": "sms_enabled", "push": "push_enabled"}
PENDING_HOURS = 24


def blocked_channels(citizen, service, preferences, activation):
    """The channels the citizen has blocked for this service.

    preferences: (preference_version, channel, enabled) of this citizen and
    service, whatever their version; activation: (state, age in hours) or None.
    """
    current = [(channel, enabled) for version, channel, enabled in preferences
               if version == citizen.preference_version]
    if current:
        blocked = {channel for channel, enabled in current if not enabled}
    elif citizen.preference_mode == "auto":
        blocked = set()
    else:
        blocked = {"inbox"}
    if service.category == "special":
        if usable(activation):
            blocked.discard("inbox")
        else:
            blocked.add("inbox")
    return blocked


def usable(activation):
    """Active, or pending for less than 24 hours; none at all is inactive."""
    if activation is None:
        return False
    state, hours = activation
    return state == "active" or (state == "pending" and hours < PENDING_HOURS)


def addresses(channel, message, citizen, service, devices):
    """(address, verified) pairs of a channel; none is no address.

    What the sender gives comes first and needs no verification.  Devices:
    (endpoint, expired); there is one delivery per address, however many
    devices have it.  A webhook without an address of the service's own
    goes where its provider says.
    """
    if channel == "email":
        if message.email is not None:
            return [(message.email, True)]
        return [(citizen.email, citizen.email_verified)] if citizen.email is not None else []
    if channel == "sms":
        if message.phone is not None:
            return [(message.phone, True)]
        return [(citizen.phone, citizen.phone_verified)] if citizen.phone is not None else []
    if channel == "pec":
        return [(citizen.pec, True)] if citizen.pec is not None else []
    if channel == "push":
        return [(endpoint, True) for endpoint in sorted({endpoint for endpoint, expired in devices if not expired})]
    return [(service.webhook_url, True)]


def is_suppressed(channel, address, service, suppressions):
    """Listed, not expired, for all services or this one.

    suppressions: (channel, address, service, expired); mailboxes are listed in
    lower case and so looked for.
    """
    if address is None:
        return False
    if channel in ("email", "pec"):
        address = address.lower()
    return any((channel, address, name, False) in suppressions for name in ("", service.name))


def channel_rows(channel, message, citizen, service, blocked, devices, suppressions, providers):
    """The rows of one channel of a message that is not rejected."""
    if channel == "inbox":
        return [Row("inbox", "delivered", None, None)]
    found = addresses(channel, message, citizen, service, devices)
    named = [address for address, _ in found] or [None]

    def all_suppressed(reason):
        # without a decision per address there is one row
        kept = named[0] if CHOICES["address_kept"] and channel != "push" else None
        return [Row(channel, "suppressed", reason, kept)]

    if channel in SWITCHES and not getattr(citizen, SWITCHES[channel]):
        return all_suppressed("channel_disabled")
    if channel in blocked and channel not in CHOICES["preference_free"]:
        return all_suppressed("channel_disabled")
    if channel in CHOICES["insecure"] and (service.require_secure_channels or message.require_secure_channels):
        return all_suppressed("secure_channels")
    if channel == "push" and channel not in providers:
        return all_suppressed("no_provider")
    if not found:
        return all_suppressed("no_address")

    rows = []
    for address, verified in found:
        reason = None
        if not verified:
            reason = "unverified_address"
        elif is_suppressed(channel, address, service, suppressions):
            reason = "suppression_overridden" if service.mandatory else "suppressed_address"
        if reason in (None, "suppression_overridden"):
            if channel in providers:
                rows.append(Row(channel, "queued", reason, address))
                continue
            reason = "no_provider"
        rows.append(Row(channel, "suppressed", reason, address if CHOICES["address_kept"] else None))
    return rows


def route(message, citizen, service, preferences, activation, devices, suppressions, providers):
    """The delivery rows of a message: a list of Row, in no order."""
    if citizen is None:
        return [Row("inbox", "suppressed", "user_not_found", None)]
    if not citizen.inbox_enabled:
        return [Row("inbox", "suppressed", "service_not_allowed", None)]
    blocked = blocked_channels(citizen, service, preferences, activation)
    if "inbox" in blocked:
        return [Row("inbox", "suppressed", "service_not_allowed", None)]
    return [row for channel in service.channels
            for row in channel_rows(channel, message, citizen, service, blocked, devices, suppressions, providers)]


def message_status(rows):
    """(status, rejection_reason) of a routed message."""
    if len(rows) == 1 and rows[0].channel == "inbox" and rows[0].state == "suppressed":
        return "REJECTED", rows[0].reason.upper()
    return "PROCESSED", None


def explanation(row):
    """What route_explain says of a row: (channel, would_send, address, reason)."""
    return row.channel, row.state in ("delivered", "queued"), row.address, row.reason
