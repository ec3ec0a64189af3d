"""scripts.py: worlds as SQL for psql.

World "now" is one script: providers come and go between its phases.  The
others are three: what is sent, then what their citizens decided, then (when a
dispatcher has routed) the answers.  Answers go into CSV files of the folder.
"""

import os
from datetime import datetime, timedelta, timezone

from world import OUT

SENDER = "route_sender"
PROVIDER = {
    "email": "transport 'smtp', url 'smtp://relay.example.it', sender 'no-reply@comune.example.it'",
    "pec": "transport 'smtp', url 'smtps://pec.example.it', sender 'comune@pec.example.it'",
    "sms": "transport 'http', url 'https://sms.example.it', format 'form', body '{\"to\": \"{{address}}\"}'",
    "webhook": "transport 'http', url 'https://app.example.it/io'",
    "push": "transport 'webpush', url 'https://push.example.it'"}
COLUMNS = "service, recipient, subject, markdown, require_secure_channels, email, phone, reference"
TEXT = "'Oggetto di prova', rpad('Testo', 80, '.')"
DELIVERIES = """SELECT m.reference, d.seq, d.channel, d.state, d.reason, d.address,
        d.service = m.service AND d.recipient = m.recipient, q.kind, q.channel, q.address, q.service = m.service
    FROM io_notify.message m LEFT JOIN io_notify.delivery d ON d.message_id = m.id
        LEFT JOIN io_notify.queue q ON q.message_id = m.id AND q.seq = d.seq"""
STATUS = "SELECT reference, status, rejection_reason FROM io_notify.message_status"


def copy(table, columns, rows):
    """COPY with its data; columns by name, rows of values."""
    def text(value):
        if value is None:
            return r"\N"
        return "{" + ",".join(value) + "}" if isinstance(value, list) else str(value)

    yield f"COPY {table} ({', '.join(columns)}) FROM STDIN;"
    yield from ("\t".join(map(text, row)) for row in rows)
    yield r"\."


def copy_objects(table, columns, objects, **constants):
    """The same, from attributes of those names."""
    yield from copy(table, [*columns, *constants],
                    ([getattr(o, column) for column in columns] + [*constants.values()] for o in objects))


def registry(world):
    """Services, a member of them all, and the messages to be."""
    yield "INSERT INTO io_notify.organization (code, name) VALUES ('oracle', 'Comune di Prova');"
    yield from copy_objects(
        "io_notify.service",
        ["name", "category", "require_secure_channels", "mandatory", "explicit_addresses", "channels", "webhook_url"],
        world.services, organization="oracle", state="published")
    yield f"INSERT INTO io_notify.service_member (service, role) SELECT name, '{SENDER}' FROM io_notify.service;"
    yield f"SELECT io_notify.grant_sender('{SENDER}', 's0');"
    yield """CREATE TABLE route_message (reference text, phase integer, statement integer, way text, service text,
        recipient text, require_secure_channels boolean, email text, phone text);"""
    yield from copy("route_message",
                    ["reference", "phase", "statement", "way", "service", "recipient",
                     "require_secure_channels", "email", "phone"],
                    ((m.reference, m.phase, m.statement, m.way, m.service.name, m.recipient,
                      m.require_secure_channels, m.email, m.phone)
                     for m in sorted(world.messages, key=lambda m: (m.phase, m.statement))))
    yield "CREATE INDEX ON route_message (statement) WHERE way = 'bulk';"
    yield f"GRANT SELECT ON route_message TO {SENDER};"


def facts(world):
    """What citizens decided and are known by."""
    moment = datetime.now(timezone.utc)
    past, future = (moment - timedelta(hours=hours) for hours in (1, -24))
    people = list(world.citizens.values())
    yield "BEGIN;"
    for quiet, hours in ((False, {}), (True, {"quiet_from": "00:00", "quiet_to": "23:59"})):
        yield from copy_objects(
            "io_notify.citizen",
            ["fiscal_code", "inbox_enabled", "email_enabled", "sms_enabled", "push_enabled", "preference_mode",
             "preference_version", "email", "email_verified", "phone", "phone_verified", "pec"],
            [citizen for citizen in people if citizen.quiet == quiet], **hours)
    yield from copy("io_notify.preference", ["fiscal_code", "service", "preference_version", "channel", "enabled"],
                    ((*pair, *row) for pair, rows in world.preferences.items() for row in rows))
    yield from copy("io_notify.activation", ["fiscal_code", "service", "state", "changed_at"],
                    ((*pair, row[0], moment - timedelta(hours=row[1]))
                     for pair, row in world.activations.items() if row))
    yield from copy("io_notify.device", ["fiscal_code", "platform", "endpoint", "expires_at"],
                    ((c.fiscal_code, "webpush", endpoint, past if expired else (None, future)[i % 2])
                     for c in people for i, (endpoint, expired) in enumerate(c.devices)))
    # mailboxes also as somebody may write them by hand
    yield from copy("io_notify.suppression", ["channel", "address", "service", "expires_at"],
                    ((channel, address.upper() if channel in ("email", "pec") and i % 3 == 0 else address,
                      service, past if expired else (None, future)[i % 2])
                     for i, (channel, address, service, expired) in enumerate(sorted(world.suppressions))))
    yield "COMMIT;"


def provide(before, wanted):
    """Providers dropped and made; where there is one there may be two.

    One that is switched off is a provider all the same: what it would have
    carried waits for it.
    """
    for channel in sorted(before - wanted):
        yield f"DROP SERVER {channel}_way; DROP SERVER IF EXISTS {channel}_other_way;"
    for channel in sorted(wanted - before):
        enabled = "off" if channel == "sms" and len(wanted) % 3 == 0 else "on"
        # what this version cannot speak yet, a provider of its channel may name
        if channel == "push":
            yield "ALTER FOREIGN DATA WRAPPER io_notify NO VALIDATOR;"
        for name in [f"{channel}_way"] + [f"{channel}_other_way"] * (len(wanted) % 2):
            yield (f"CREATE SERVER {name} FOREIGN DATA WRAPPER io_notify "
                   f"OPTIONS (channel '{channel}', enabled '{enabled}', {PROVIDER[channel]});")
        if channel == "push":
            yield "ALTER FOREIGN DATA WRAPPER io_notify VALIDATOR io_notify._provider_validator;"


def decoys():
    """Other people's foreign servers are no providers."""
    yield "CREATE FOREIGN DATA WRAPPER route_decoy;"
    for channel in OUT:
        yield f"CREATE SERVER {channel}_decoy FOREIGN DATA WRAPPER route_decoy OPTIONS (channel '{channel}');"


# --- sending -------------------------------------------------------------------------
def bulk(messages):
    for statement in sorted({m.statement for m in messages if m.way == "bulk"}):
        yield (f"INSERT INTO io_notify.message ({COLUMNS}) SELECT service, recipient, {TEXT}, "
               "require_secure_channels, email, phone, reference "
               f"FROM route_message WHERE way = 'bulk' AND statement = {statement};")


def literal(value):
    return "NULL" if value is None else f"'{value}'"


def alone(message):
    """One message in a statement of its own."""
    service, recipient, secure, email, phone, reference = map(literal, (
        message.service.name, message.recipient, message.require_secure_channels,
        message.email, message.phone, message.reference))
    if message.way == "values":
        return (f"INSERT INTO io_notify.message ({COLUMNS}) "
                f"VALUES ({service}, {recipient}, {TEXT}, {secure}, {email}, {phone}, {reference});")
    return (f"SELECT io_notify.send({service}, {recipient}, NULL, subject => 'Oggetto di prova', "
            f"markdown => rpad('Testo', 80, '.'), email => {email}, phone => {phone}, reference => {reference});")


def loop(phase):
    """Single rows through one kept plan."""
    return f"""DO $$ DECLARE m record; BEGIN
        FOR m IN SELECT * FROM route_message WHERE way = 'loop' AND phase = {phase} LOOP
            INSERT INTO io_notify.message ({COLUMNS}) VALUES
                (m.service, m.recipient, {TEXT}, m.require_secure_channels, m.email, m.phone, m.reference);
        END LOOP; END $$;"""


def phase_script(world, phase, before):
    """One set of providers: the messages, and what route_explain says of them."""
    messages = [message for message in world.messages if message.phase == phase]
    by_row = phase % 8 == 5             # as an engine without transition tables has it
    yield from provide(before, world.phases[phase])
    if by_row:
        yield "DROP TRIGGER route ON io_notify.message;"
        yield "CREATE TRIGGER route AFTER INSERT ON io_notify.message FOR EACH ROW EXECUTE FUNCTION io_notify._route();"
    if phase % 2:
        yield f"SET ROLE {SENDER};"
    yield "BEGIN;"
    yield from bulk(messages)
    yield from (alone(message) for message in messages if message.way in ("values", "send"))
    yield loop(phase)
    yield "COMMIT; RESET ROLE;"
    if by_row:
        yield "DROP TRIGGER route ON io_notify.message; SELECT io_notify.install();"
    yield f"""INSERT INTO route_explained SELECT {phase}, m.service, m.recipient, e.*
        FROM (SELECT DISTINCT service, recipient FROM route_message WHERE phase = {phase}) m,
            io_notify.route_explain(m.service, m.recipient) e;"""


def dump(query, path):
    return f"COPY ({query}) TO STDOUT (FORMAT csv, NULL '\\N') \\g '{path}.csv'"


def answers(world, folder):
    yield dump(DELIVERIES, f"{folder}/{world.name}")
    yield dump(STATUS, f"{folder}/{world.name}_status")


def now_script(world, folder):
    yield from registry(world)
    yield from facts(world)
    yield from decoys()
    yield """CREATE TABLE route_explained (phase integer, service text, recipient text,
        channel text, would_send boolean, address text, reason text);"""
    before = set()
    for phase, providers in enumerate(world.phases):
        yield from phase_script(world, phase, before)
        before = providers
    yield from answers(world, folder)
    yield dump("SELECT * FROM route_explained", f"{folder}/{world.name}_explained")


def later_script(world):
    yield from registry(world)
    yield from provide(set(), world.phases[0])
    # what is queued stays so
    yield "SELECT io_notify.pause('provider', srvname) FROM pg_foreign_server;"
    yield "ALTER TABLE io_notify.message ALTER send_after SET DEFAULT now() + interval '100 ms';"
    yield from bulk(world.messages)


def write(worlds, folder):
    scripts = {"now": now_script(worlds[0], folder)}
    for world in worlds[1:]:
        scripts[f"{world.name}_send"] = later_script(world)
        scripts[f"{world.name}_facts"] = facts(world)
        scripts[f"{world.name}_answers"] = answers(world, folder)
    for name, lines in scripts.items():
        with open(os.path.join(folder, f"{name}.sql"), "w", encoding="utf-8") as out:
            out.write("\\set ON_ERROR_STOP on\nSET synchronous_commit = off;\n")
            out.writelines(f"{line}\n" for line in lines)
