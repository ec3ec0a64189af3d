"""world.py: services, citizens, what they decided, and messages to them.

A World holds the facts the routing decision reads, makes single ones (the
cases are in cases.py), and says what the oracle expects of a message.  The
same seed makes the same world.
"""

import itertools
import random
from collections import defaultdict
from dataclasses import dataclass, field

import oracle

CHANNELS = ["inbox", "email", "sms", "push", "webhook", "pec"]
OUT = CHANNELS[1:]                      # those that need a provider

# rows an address has on the list: whose (empty: all services), and expired
SUPPRESSION = {
    "none": [],
    "all": [("", False)],
    "own": [("own", False)],
    "other": [("other", False)],
    "expired": [("", True)],
    "expired own": [("own", True)],
    "expired all, own": [("", True), ("own", False)],
    "own, other": [("own", False), ("other", False)],
    "another channel's": None}
# state and age in hours
ACTIVATION = {
    "none": None, "active": ("active", 1), "long active": ("active", 1000),
    "pending 23 h": ("pending", 23), "pending 25 h": ("pending", 25), "inactive": ("inactive", 1)}
# endpoint (of this citizen) and whether it has expired, per device
DEVICES = {
    "none": [], "one": [(0, False)], "three": [(0, False), (1, False), (2, False)],
    "expired": [(0, True)], "two, one expired": [(0, True), (1, False)],
    "one endpoint twice": [(0, False), (1, False), (0, False)], "renewed": [(0, True), (0, False)]}


@dataclass
class Service:
    name: str
    category: str
    require_secure_channels: bool
    mandatory: bool
    explicit_addresses: bool
    channels: list
    webhook_url: str = None


@dataclass
class Citizen:
    fiscal_code: str
    inbox_enabled: bool = True
    email_enabled: bool = True
    sms_enabled: bool = True
    push_enabled: bool = True
    preference_mode: str = "auto"
    preference_version: int = 0
    email: str = None
    email_verified: bool = False
    phone: str = None
    phone_verified: bool = False
    pec: str = None
    quiet: bool = False                 # changes when, never whether
    devices: list = field(default_factory=list)


@dataclass
class Message:
    reference: str
    phase: int
    service: Service
    recipient: str
    require_secure_channels: object = None
    email: str = None
    phone: str = None
    statement: int = 0
    way: str = "bulk"


def fiscal_code(number):
    letters = ""
    for _ in range(6):
        number, rest = divmod(number, 26)
        letters = chr(65 + rest) + letters
    return letters + "80A01H501A"


def mailbox(number, domain, mixed):
    """One that lower() must fold beyond ASCII, or in lower case already."""
    return f"Ànna.Rossi{number}@{domain}.Test" if mixed else f"ànna.rossi{number}@{domain}.test"


class World:
    """Everything the decision reads, and the messages, per phase.

    A phase is a set of channels that have a provider.
    """

    def __init__(self, name, seed, phases):
        self.name, self.phases = name, phases
        self.random = random.Random(f"{seed} {name}")
        self.services, self.citizens, self.messages = [], {}, []
        self.preferences = defaultdict(list)    # (code, service): (version, channel, enabled)
        self.activations = {}                   # (code, service): (state, hours)
        self.suppressions = set()               # (channel, address, service, expired)
        self.people = 0
        self.make_services()

    # --- services -----------------------------------------------------------
    def make_services(self):
        """Every combination of flags for each list of channels."""
        draw = self.random
        whole = [draw.sample(CHANNELS, 6) for _ in range(6)]
        part = [["inbox"]] + [[channel] for channel in OUT]
        part += [draw.sample(["inbox", channel], 2) for channel in OUT]
        part += [draw.sample(CHANNELS, draw.randint(2, 5)) for _ in range(7)]
        flags = list(itertools.product(["standard", "special"], *[[False, True]] * 3))
        for channels in whole + part:
            for values in draw.sample(flags, len(flags)):
                self.services.append(Service(f"s{len(self.services)}", *values, channels))
        self.full = self.services[:len(whole) * len(flags)]     # those of all channels
        for service, kind in zip(self.services, itertools.cycle([None, *SUPPRESSION])):
            if kind is not None:
                service.webhook_url = f"https://{service.name}.services.test/Hook"
                self.suppress("webhook", service.webhook_url, service, kind)

    def pick_service(self, **wanted):
        """One of all channels whose columns are as wanted."""
        return self.random.choice([service for service in self.full
                                   if wanted.items() <= vars(service).items()])

    def other_service(self, service):
        away = self.random.randint(1, len(self.services) - 1)
        return self.services[(int(service.name[1:]) + away) % len(self.services)]

    # --- what citizens are known by and decided -------------------------------
    def person(self, present=True, email="none", phone="none", mixed=False, pec=None,
               devices="none", **columns):
        """A citizen; not present: nobody has registered this code.

        email, phone: none, unverified or verified; pec: None, plain or mixed;
        mixed: the e-mail address in capitals and small letters.
        """
        number = self.people
        self.people += 1
        citizen = Citizen(fiscal_code(number), **columns)
        if email != "none":
            citizen.email = mailbox(number, "citizens", mixed)
        if phone != "none":
            citizen.phone = f"+39331{number:07d}"
        if pec is not None:
            citizen.pec = mailbox(number, "pec", pec == "mixed")
        # a mark without an address means nothing
        citizen.email_verified, citizen.phone_verified = (
            kind == "verified" or (kind == "none" and number % 3 == 0) for kind in (email, phone))
        citizen.devices = [(f"https://push.test/{number}/{endpoint}", expired)
                           for endpoint, expired in DEVICES[devices]]
        if present:
            self.citizens[citizen.fiscal_code] = citizen
        return citizen

    def prefer(self, citizen, service, current, stale):
        """Rows {channel: enabled}, of the current version and of a neighbour."""
        version = citizen.preference_version
        away = self.random.choice([version - 1, version + 1]) if version else version + 1
        rows = self.preferences[citizen.fiscal_code, service.name]
        rows += [(version, *row) for row in current.items()]
        rows += [(away, *row) for row in stale.items()]

    def activate(self, citizen, service, kind):
        self.activations[citizen.fiscal_code, service.name] = ACTIVATION[kind]

    def suppress(self, channel, address, service, kind):
        if channel in ("email", "pec"):
            address = address.lower()
        if kind == "another channel's":
            rows = [(other, address, "", False) for other in OUT if other != channel]
        else:
            whose = {"": "", "own": service.name, "other": self.other_service(service).name}
            rows = [(channel, address, whose[name], expired) for name, expired in SUPPRESSION[kind]]
        for row in rows:
            # one row per channel, address and service: the first stays
            if row[:3] + (not row[3],) not in self.suppressions:
                self.suppressions.add(row)

    # --- messages ---------------------------------------------------------------
    def send(self, citizen, service, phase, secure=None, email=False, phone=False):
        """email, phone: with an address the sender gives."""
        number = len(self.messages)
        message = Message(f"m{number}", phase, service, citizen.fiscal_code, secure)
        if email:
            message.email = mailbox(number, "given", number % 2)
        if phone:
            message.phone = f"+39332{number:07d}"
        self.messages.append(message)
        return message

    def any_phase(self):
        return self.random.randrange(len(self.phases))

    def richest_phase(self):
        return max(range(len(self.phases)), key=lambda phase: len(self.phases[phase]))

    def phase_with(self, wanted):
        """One whose providers are as wanted: {channel: present}."""
        return self.random.choice([
            phase for phase, present in enumerate(self.phases)
            if all((channel in present) == there for channel, there in wanted.items())])

    # --- what the oracle says -----------------------------------------------------
    def facts(self, message):
        """The oracle's arguments."""
        pair = (message.recipient, message.service.name)
        citizen = self.citizens.get(message.recipient)
        return {
            "message": message, "citizen": citizen, "service": message.service,
            "preferences": self.preferences.get(pair, []),
            "activation": self.activations.get(pair),
            "devices": citizen.devices if citizen else [],
            "suppressions": self.suppressions,
            "providers": self.phases[message.phase]}

    def expected(self, message):
        return oracle.route(**self.facts(message))

    def told(self, message):
        """The facts for who reads a mismatch."""
        facts = self.facts(message)
        addresses = {message.email, message.phone, message.service.webhook_url}
        if facts["citizen"]:
            addresses |= {facts["citizen"].email, facts["citizen"].phone, facts["citizen"].pec}
        addresses |= {endpoint for endpoint, _ in facts["devices"]}
        lower = {address.lower() for address in addresses if address}
        facts["suppressions"] = sorted(row for row in self.suppressions if row[1].lower() in lower)
        facts["providers"] = sorted(facts["providers"])
        facts["message"] = {k: v for k, v in vars(message).items() if k != "service"}
        facts["service"] = vars(message.service)
        facts["citizen"] = facts["citizen"] and vars(facts["citizen"])
        return facts
