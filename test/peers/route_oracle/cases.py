"""cases.py: the worlds, and which cases are in them.

Every combination of what decides about the inbox; of what decides about
e-mail, and beside it all of SMS, of push and of PEC, for each of secure
service, secure message and mandatory; and a sample of the full product.
"""

import itertools

from world import ACTIVATION, CHANNELS, DEVICES, OUT, SUPPRESSION, Message, World

SAMPLE = 28000                          # messages, of the full product
SINGLE = 1400                           # sent again, in a statement of their own
ALONE = ("values", "send", "loop")      # the ways to do that
LATER = {"all": set(OUT), "none": set(), "some": {"email", "pec"}}
LATER_SAMPLE = 1500
SIZES = (2, 3, 9, 30, 31, 70, 150)      # rows of a phase's first statements

BOTH = (False, True)
VERIFIED = ("none", "unverified", "verified")
PLAIN = ("none", "all", "own", "other", "expired")      # of SUPPRESSION
ROWS = [{}] + [{channel: enabled} for enabled in BOTH for channel in CHANNELS] + [
    {"inbox": True, "email": False},
    {"inbox": False, "email": True},
    {"sms": False, "push": False},
    {"email": False, "sms": True, "push": False, "pec": False},
    {channel: True for channel in CHANNELS},
    {channel: channel == "inbox" for channel in CHANNELS},
    {channel: False for channel in CHANNELS}]


def inbox_cases(world):
    current = [{}, {"inbox": False}, {"inbox": True}, {"email": False}, {"sms": True},
               {"inbox": True, "sms": False}, {"inbox": False, "email": True}]
    stale = [{}, {"inbox": False}, {"inbox": True}, {"email": False, "inbox": False}]
    for enabled, mode, rows, old, category, activation in itertools.product(
            BOTH, ("auto", "manual"), current, stale, ("standard", "special"), ACTIVATION):
        citizen = world.person(
            inbox_enabled=enabled, preference_mode=mode,
            preference_version=world.random.choice([0, 1, 3]),
            email="verified", phone="verified", pec="plain", devices="one")
        service = world.pick_service(category=category)
        world.prefer(citizen, service, rows, old)
        world.activate(citizen, service, activation)
        world.send(citizen, service, world.any_phase())


# What decides about one channel.  The last of each is whether there is a
# provider; preference is None where no row names the channel.
CHANNEL_PRODUCTS = {
    "email": [dict(zip(("switch", "preference", "address", "given", "suppressed", "mixed", "provider"), case))
              for case in itertools.product(BOTH, (None, *BOTH), VERIFIED, BOTH, PLAIN, BOTH, BOTH)],
    "sms": [dict(zip(("switch", "preference", "address", "given", "suppressed", "provider"), case))
            for case in itertools.product(BOTH, (None, *BOTH), VERIFIED, BOTH, PLAIN, BOTH)],
    "push": [dict(zip(("switch", "preference", "devices", "suppressed", "provider"), case))
             for case in itertools.product(BOTH, (None, *BOTH), DEVICES, PLAIN, BOTH)],
    "pec": [dict(zip(("preference", "address", "suppressed", "provider"), case))
            for case in itertools.product((None, *BOTH), (None, "plain", "mixed"), PLAIN, BOTH)]}


def channel_cases(world):
    """All of each channel, side by side."""
    longest = max(map(len, CHANNEL_PRODUCTS.values()))
    for secure, message_secure, mandatory in itertools.product(BOTH, (None, *BOTH), BOTH):
        columns = [itertools.cycle(world.random.sample(cases, len(cases)))
                   for cases in CHANNEL_PRODUCTS.values()]
        for chosen in itertools.islice(zip(*columns), longest):
            channel_case(world, {"require_secure_channels": secure, "mandatory": mandatory},
                         message_secure, dict(zip(CHANNEL_PRODUCTS, chosen)))


def channel_case(world, wanted, message_secure, case):
    email, sms, push, pec = (case[channel] for channel in ("email", "sms", "push", "pec"))
    citizen = world.person(
        email_enabled=email["switch"], sms_enabled=sms["switch"], push_enabled=push["switch"],
        preference_version=world.random.choice([0, 2]),
        email=email["address"], mixed=email["mixed"], phone=sms["address"],
        pec=pec["address"], devices=push["devices"])
    if email["given"] or sms["given"]:
        wanted["explicit_addresses"] = True
    service = world.pick_service(**wanted)
    if service.category == "special":
        world.activate(citizen, service, world.random.choice(["active", "pending 23 h"]))
    rows = {channel: of["preference"] for channel, of in case.items() if of["preference"] is not None}
    world.prefer(citizen, service, rows, world.random.choice(ROWS))
    if rows and world.random.random() < 0.5:
        citizen.preference_mode = "manual"
    phase = world.phase_with({channel: of["provider"] for channel, of in case.items()})
    message = world.send(citizen, service, phase, message_secure, email["given"], sms["given"])
    # the address that counts is the one on the list
    for channel, address in (("email", message.email or citizen.email),
                             ("sms", message.phone or citizen.phone), ("pec", citizen.pec),
                             ("push", citizen.devices[0][0] if citizen.devices else None)):
        if address is not None:
            world.suppress(channel, address, service, case[channel]["suppressed"])


def sample_cases(world, count):
    """Of everything; one to three services for each citizen, sometimes twice."""
    choose = world.random.choice
    until = len(world.messages) + count
    while len(world.messages) < until:
        citizen = sample_person(world)
        services = world.random.sample(world.services, choose([1, 1, 2, 3]))
        for service in services:
            world.prefer(citizen, service, choose(ROWS + [{}] * 15), choose(ROWS))
            if service.category == "special" or world.random.random() < 0.1:
                world.activate(citizen, service, choose(["active", *ACTIVATION]))
        # half of them beside one another, half of these in a statement of thousands
        phase = choose([None, None, world.any_phase(), world.richest_phase()])
        for service in services + services[:world.random.random() < 0.1]:
            sample_message(world, citizen, service, world.any_phase() if phase is None else phase)


def sample_person(world):
    choose, chance = world.random.choice, lambda p: world.random.random() < p
    return world.person(
        present=chance(0.95), inbox_enabled=chance(0.9), email_enabled=chance(0.85),
        sms_enabled=chance(0.85), push_enabled=chance(0.85), quiet=chance(0.2),
        preference_mode=choose(["auto", "auto", "auto", "manual", "manual"]),
        preference_version=choose([0, 1, 3]),
        email=choose(VERIFIED + ("verified",)), phone=choose(VERIFIED + ("verified",)),
        mixed=chance(0.4), pec=choose([None, "plain", "mixed"]), devices=choose(list(DEVICES)))


def sample_message(world, citizen, service, phase):
    choose, chance = world.random.choice, lambda p: world.random.random() < p
    message = world.send(citizen, service, phase, choose([None, None, None, False, True]),
                         email=service.explicit_addresses and chance(0.4),
                         phone=service.explicit_addresses and chance(0.4))
    addresses = [("email", message.email), ("email", citizen.email), ("sms", message.phone),
                 ("sms", citizen.phone), ("pec", citizen.pec)]
    for channel, address in addresses + [("push", endpoint) for endpoint, _ in citizen.devices]:
        if address is not None and chance(0.4):
            world.suppress(channel, address, service, choose(list(SUPPRESSION)))


# --- how they are sent ------------------------------------------------------------
def repeat_alone(world, count):
    for first in world.random.sample(world.messages, count):
        # send() has no parameter for secure channels
        way = world.random.choice([way for way in ALONE
                                   if way != "send" or first.require_secure_channels is None])
        world.messages.append(Message(
            f"m{len(world.messages)}", first.phase, first.service, first.recipient,
            first.require_secure_channels, first.email, first.phone, way=way))


def cut_statements(world):
    """Bulk statements of several sizes, their rows in random order."""
    statement = 0
    for phase in range(len(world.phases)):
        bulk = [message for message in world.messages if message.phase == phase and message.way == "bulk"]
        world.random.shuffle(bulk)
        for size in (*SIZES, len(bulk)):
            for message in bulk[:size]:
                message.statement = statement
            del bulk[:size]
            statement += 1


# --- the worlds ---------------------------------------------------------------------
def gray_code(channels):
    """All sets of channels, each one channel away from the one before."""
    return [{channel for bit, channel in enumerate(channels) if (i ^ i >> 1) >> bit & 1}
            for i in range(2 ** len(channels))]


def make_worlds(seed):
    """World "now", routed as it is sent, and those a dispatcher routes."""
    now = World("now", seed, gray_code(OUT))
    inbox_cases(now)
    channel_cases(now)
    sample_cases(now, SAMPLE)
    repeat_alone(now, SINGLE)
    worlds = [now]
    for name, providers in LATER.items():
        worlds.append(World(name, seed, [providers]))
        sample_cases(worlds[-1], LATER_SAMPLE)
    for world in worlds:
        cut_statements(world)
    return worlds
