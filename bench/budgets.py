"""budgets.py: P1 to P10, each measured as its budget defines it.

A measurement takes a Bench and returns the Verdicts it is judged by.  Where
it compares two things it does both in every round, one after the other, and
the ratio is the median of the rounds' ratios: on a machine shared with others
the rates wander together, their ratio hardly.
"""

import contextlib
import dataclasses
import os
import tempfile
import time

import harness
from harness import (BenchError, Database, HttpSink, SECRET, bare_client,
                     median)

IN_FLIGHT = 50          # P1's connections, ours and the bare client's
SMTP_SESSIONS = 10
SMTP_HEADER_BYTES = 124     # what smtp-source adds to its payload
IDLE_GAP_MS = 30


@dataclasses.dataclass
class Verdict:
    """One line of the table at the end."""

    budget: str             # "P1"
    what: str
    value: float
    limit: float
    at_least: bool          # else at most
    ours: str = ""
    reference: str = ""
    rounds: list = dataclasses.field(default_factory=list)

    @property
    def met(self):
        return self.value >= self.limit if self.at_least \
            else self.value <= self.limit


class Bench:
    """The options of the run and the clusters it has started."""

    def __init__(self, scale, rounds, dispatchers, say):
        self.scale = scale
        self.rounds = rounds
        self.dispatchers = dispatchers
        self.say = say
        self.cluster = None
        self.flow = None        # what the run of a million found, for P8, P9

    def size(self, full, least=1000):
        return max(least, int(full * self.scale))


def drain(database, sink, count):
    """Let a paused backlog of count webhooks go; returns deliveries/s."""
    before = sink.stats()["requests"]
    start = time.monotonic()
    database.resume()
    sink.wait_requests(before + count)
    database.wait_queue_empty()
    seconds = time.monotonic() - start
    if sink.stats()["requests"] != before + count:
        raise BenchError("the sink saw more requests than deliveries")
    return count / seconds


def backlog_rate(database, sink, count):
    """Queue count webhooks while dispatch is paused, then drain them."""
    database.empty()
    database.pause()
    database.fill("bench", count)
    database.sql.run("CHECKPOINT")
    rate = drain(database, sink, count)
    database.check_all_sent(count)
    return rate


@contextlib.contextmanager
def webhook_bench(bench, *sink_options, max_in_flight=IN_FLIGHT, timeout="15 s"):
    """A database whose service 'bench' sends signed webhooks to a sink."""
    with HttpSink(*sink_options) as sink, Database(bench.cluster) as database:
        database.add_provider("app", secret=SECRET, transport="http",
                              channel="webhook", url=sink.url(),
                              max_in_flight=max_in_flight, timeout=timeout)
        database.add_service("bench", "webhook")
        database.dispatcher_pids()
        backlog_rate(database, sink, 2000)      # plans, connections, caches
        yield database, sink


def body_bytes(sink):
    stats = sink.stats()
    return str(stats["body_bytes"] // stats["requests"])


def p1(bench):
    """Deliveries/s against a bare libcurl client's requests/s."""
    count = bench.size(100000)
    ours, bare = [], []
    with webhook_bench(bench) as (database, sink):
        size = body_bytes(sink)
        for number in range(bench.rounds):
            bare.append(bare_client(sink.url(), count, "--connections",
                                    str(IN_FLIGHT), "--bytes", size)
                        ["per_second"])
            ours.append(backlog_rate(database, sink, count))
            bench.say(f"P1 round {number + 1}: {ours[-1]:,.0f} deliveries/s, "
                      f"bare {bare[-1]:,.0f} requests/s of {size} bytes")
    ratios = [a / b for a, b in zip(ours, bare)]
    return [Verdict("P1", "deliveries/s ÷ bare libcurl requests/s",
                    median(ratios), 0.40, True, f"{median(ours):,.0f}/s",
                    f"{median(bare):,.0f}/s", ratios)]


# ---- intake ----

def make_twins(database):
    """Plain tables shaped like message and delivery, with their keys only."""
    for name, key in (("message", "id"), ("delivery", "message_id, seq")):
        database.sql.run(f"CREATE TABLE {name}_plain "
                         f"(LIKE io_notify.{name} INCLUDING DEFAULTS)")
        database.sql.run(f"ALTER TABLE {name}_plain ADD PRIMARY KEY ({key})")
        database.sql.run(f"GRANT INSERT, SELECT ON {name}_plain "
                         "TO bench_sender")


def p2(bench):
    """One-row INSERT by four clients against a plain two-table insert."""
    seconds = max(3, int(10 * bench.scale))
    columns = "(service, recipient, subject, markdown)"
    values = ["'bench', '%s', 'Avviso numero %d', 'La tua pratica **%d** è "
              "stata aggiornata. Accedi al portale per leggere i dettagli.'"
              % (harness.fiscal_code(n), n, n) for n in range(100)]
    routed = [f"INSERT INTO io_notify.message {columns} VALUES ({row});"
              for row in values]
    plain = ["WITH m AS (INSERT INTO message_plain "
             f"{columns} VALUES ({row}) RETURNING id, recipient) "
             "INSERT INTO delivery_plain (message_id, seq, service, recipient,"
             " channel, address, state, next_attempt_at) SELECT id, 1, "
             "'bench', recipient, 'webhook', 'http://127.0.0.1:20000/hook', "
             "'queued', now() FROM m;" for row in values]
    ours, twin = [], []
    with webhook_bench(bench) as (database, _sink):
        make_twins(database)
        for number in range(bench.rounds):
            database.empty()
            database.pause()
            database.sql.run("TRUNCATE message_plain, delivery_plain; "
                             "CHECKPOINT")
            twin.append(harness.pgbench(bench.cluster, plain, "bench_sender",
                                        4, seconds))
            database.sql.run("CHECKPOINT")
            ours.append(harness.pgbench(bench.cluster, routed, "bench_sender",
                                        4, seconds))
            if database.number("count(*) FROM io_notify.queue") == 0:
                raise BenchError("P2: nothing was routed")
            bench.say(f"P2 round {number + 1}: {ours[-1]:,.0f} tps, plain "
                      f"{twin[-1]:,.0f} tps")
    ratios = [a / b for a, b in zip(ours, twin)]
    return [Verdict("P2", "one-row INSERT, 4 clients ÷ plain two-table insert",
                    median(ratios), 0.60, True, f"{median(ours):,.0f}/s",
                    f"{median(twin):,.0f}/s", ratios)]


def timed(session, statement):
    start = time.monotonic()
    session.run(statement)
    return time.monotonic() - start


def p3(bench):
    """Bulk INSERT … SELECT against the same rows into an unindexed twin."""
    count = bench.size(100000, 5000)
    rows = ("(service, recipient, subject, markdown) "
            "SELECT service, recipient, subject, markdown FROM source")
    ours, twin = [], []
    with webhook_bench(bench) as (database, _sink), \
            bench.cluster.session(Database.NAME, "bench_sender") as sender:
        make_twins(database)
        database.sql.run(
            "CREATE TABLE source AS SELECT 'bench' AS service, p.fiscal_code "
            "AS recipient, 'Avviso numero ' || g AS subject, 'La tua pratica "
            "**' || g || '** è stata aggiornata. Accedi al portale per leggere i "
            "dettagli.' AS "
            f"markdown FROM generate_series(1, {count}) g JOIN person p "
            f"ON p.n = g % {harness.CITIZENS}")
        database.sql.run("ANALYZE source")
        database.sql.run("GRANT SELECT ON source TO bench_sender")
        for number in range(bench.rounds):
            database.empty()
            database.pause()
            database.sql.run("TRUNCATE message_plain; CHECKPOINT")
            twin.append(count / timed(
                sender, f"INSERT INTO message_plain {rows}"))
            ours.append(count / timed(
                sender, f"INSERT INTO io_notify.message {rows}"))
            if database.number("count(*) FROM io_notify.queue") != count:
                raise BenchError("P3: not every message was routed")
            bench.say(f"P3 round {number + 1}: {ours[-1]:,.0f} rows/s, plain "
                      f"{twin[-1]:,.0f} rows/s")
    ratios = [a / b for a, b in zip(ours, twin)]
    return [Verdict("P3", "bulk INSERT … SELECT ÷ plain bulk insert",
                    median(ratios), 0.25, True, f"{median(ours):,.0f}/s",
                    f"{median(twin):,.0f}/s", ratios)]


# ---- latency ----

def commits(bench, count, gap_ms, statement, user):
    """Run bench/latency; returns its lines as (sent, returned, id)."""
    conninfo = f"dbname={Database.NAME} user={user}"
    text = bench.cluster.command(
        os.path.join(harness.TOOLS, "latency"), conninfo, str(count),
        str(gap_ms), statement, database=Database.NAME)
    return [(int(sent), int(returned), key) for sent, returned, key
            in (line.split() for line in text.splitlines())]


def arrivals(record):
    """First arrival by message id, from the sink's record."""
    seen = {}
    with open(record, encoding="ascii") as file:
        for line in file:
            when, webhook_id, _path = line.split()
            seen.setdefault(webhook_id.partition(".")[0], int(when))
    return seen


def percentile(samples, percent):
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def latencies(bench, database, record, count, gap_ms):
    """Microseconds from COMMIT sent to arrival, one per message."""
    insert = ("INSERT INTO io_notify.message (service, recipient, subject, "
              f"markdown) VALUES ('bench', '{harness.fiscal_code(7)}', "
              "'Avviso numero 1', 'La tua pratica **1** è stata aggiornata. "
              "Accedi al portale per leggere i dettagli.') RETURNING id")
    sent = commits(bench, count, gap_ms, insert, "bench_sender")
    database.wait_queue_empty(seconds=60)
    time.sleep(0.1)
    seen = arrivals(record)
    missing = [key for _, _, key in sent if key not in seen]
    if missing:
        raise BenchError(f"P4: {len(missing)} messages never arrived")
    return [(seen[key] - start) / 1000 for start, _, key in sent]


def p4(bench):
    """Idle latency COMMIT → request, against commit + bare request."""
    count = bench.size(500, 100)
    floor, p50, p99 = [], [], []
    with tempfile.TemporaryDirectory() as folder:
        record = os.path.join(folder, "record")
        with webhook_bench(bench, "--record", record) as (database, sink):
            database.sql.run("CREATE TABLE one_row AS SELECT 0 AS n")
            database.sql.run("GRANT ALL ON one_row TO bench_sender")
            for number in range(bench.rounds):
                bare = bare_client(sink.url(), count, "--serial", "--bytes",
                                   body_bytes(sink), "--gap-us",
                                   str(IDLE_GAP_MS * 1000))["p50_us"]
                empty = percentile(
                    [(end - start) / 1000 for start, end, _ in commits(
                        bench, count, IDLE_GAP_MS,
                        "UPDATE one_row SET n = n + 1", "bench_sender")], 50)
                ours = latencies(bench, database, record, count, IDLE_GAP_MS)
                after = latencies(bench, database, record, count, 5)
                floor.append(bare + empty)
                p50.append(percentile(ours, 50))
                p99.append(percentile(ours, 99))
                bench.say(f"P4 round {number + 1}: p50 {p50[-1]:.0f} µs, p99 "
                          f"{p99[-1]:.0f} µs; commit {empty:.0f} + bare "
                          f"{bare:.0f} µs; 5 ms after another p50 "
                          f"{percentile(after, 50):.0f} µs")
    ratios = [a / b for a, b in zip(p50, floor)]
    tails = [a / b for a, b in zip(p99, p50)]
    return [Verdict("P4", "COMMIT → request p50 ÷ (commit + bare request)",
                    median(ratios), 3, False, f"{median(p50):.0f} µs",
                    f"{median(floor):.0f} µs", ratios),
            Verdict("P4", "its p99 ÷ its p50", median(tails), 4, False,
                    f"{median(p99):.0f} µs", f"{median(p50):.0f} µs", tails)]


# ---- backlog, snapshots, isolation of channels ----

def p5(bench):
    """The rate with a backlog of a million against that with ten thousand."""
    big, small = bench.size(1000000, 20000), bench.size(10000, 10000)
    ours, reference = [], []
    with webhook_bench(bench) as (database, sink):
        for number in range(max(1, min(bench.rounds, 2))):
            reference.append(median([backlog_rate(database, sink, small)
                                     for _ in range(7)]))
            ours.append(backlog_rate(database, sink, big))
            bench.say(f"P5 round {number + 1}: {ours[-1]:,.0f}/s of {big:,}, "
                      f"{reference[-1]:,.0f}/s of {small:,}")
    ratios = [a / b for a, b in zip(ours, reference)]
    return [Verdict("P5", f"rate with {big:,} queued ÷ with {small:,}",
                    median(ratios), 0.9, True, f"{median(ours):,.0f}/s",
                    f"{median(reference):,.0f}/s", ratios)]


def p6(bench):
    """E-mail while an SMS gateway hangs at full concurrency ÷ alone."""
    mails = bench.size(20000, 5000)
    alone, beside = [], []
    with HttpSink("--hang-path", "/") as gateway, \
            harness.smtp_sink() as smtp_port, \
            Database(bench.cluster) as database:
        database.add_provider("relay", transport="smtp", channel="email",
                              url=f"smtp://127.0.0.1:{smtp_port}", tls="off",
                              sender="a@example.it", max_in_flight=10)
        database.add_provider("sms", transport="http", channel="sms",
                              url=gateway.url("/sms"), max_in_flight=IN_FLIGHT,
                              timeout="10 min", format="json",
                              body='{"to": "{{address}}"}')
        database.add_service("mail", "email")
        database.add_service("texts", "sms")
        database.dispatcher_pids()

        def mail_rate():
            database.pause("provider", "relay")
            database.fill("mail", mails)
            database.sql.run("CHECKPOINT")
            start = time.monotonic()
            database.resume("provider", "relay")
            database.wait_queue_empty("channel = 'email'")
            rate = mails / (time.monotonic() - start)
            if database.number("count(*) FROM io_notify.delivery WHERE channel"
                               " = 'email' AND state = 'sent'") % mails:
                raise BenchError("P6: not every mail was sent")
            return rate

        mail_rate()
        for number in range(bench.rounds):
            alone.append(mail_rate())
            bench.say(f"P6 round {number + 1}: alone {alone[-1]:,.0f} mails/s")
        database.fill("texts", 1000)
        gateway.wait_requests(IN_FLIGHT, 60)
        for number in range(bench.rounds):
            beside.append(mail_rate())
            bench.say(f"P6 round {number + 1}: beside {beside[-1]:,.0f} "
                      f"mails/s, {gateway.stats()['open']} requests hang")
        if gateway.stats()["open"] < IN_FLIGHT:
            raise BenchError("P6: the gateway's requests did not hang")
    ratio = median(beside) / median(alone)
    return [Verdict("P6", "mails/s while an SMS gateway hangs ÷ alone", ratio,
                    0.9, True, f"{median(beside):,.0f}/s",
                    f"{median(alone):,.0f}/s")]


def p7(bench):
    """Mails/s over ten connections against smtp-source's ten sessions."""
    mails = bench.size(50000, 10000)
    ours, reference = [], []
    with harness.smtp_sink() as port, Database(bench.cluster) as database:
        database.add_service("mail", "email")
        size = harness.one_mail_bytes(database, "mail")
        database.add_provider("relay", transport="smtp", channel="email",
                              url=f"smtp://127.0.0.1:{port}", tls="off",
                              sender="a@example.it",
                              max_in_flight=SMTP_SESSIONS)
        database.dispatcher_pids()
        for number in range(bench.rounds):
            reference.append(harness.smtp_source(
                port, mails, SMTP_SESSIONS, max(1, size - SMTP_HEADER_BYTES)))
            database.empty()
            database.pause()
            database.fill("mail", mails)
            database.sql.run("CHECKPOINT")
            start = time.monotonic()
            database.resume()
            database.wait_queue_empty()
            ours.append(mails / (time.monotonic() - start))
            database.check_all_sent(mails)
            bench.say(f"P7 round {number + 1}: {ours[-1]:,.0f} mails/s of "
                      f"{size} bytes, smtp-source {reference[-1]:,.0f}/s")
    ratios = [a / b for a, b in zip(ours, reference)]
    return [Verdict("P7", "mails/s, 10 connections ÷ smtp-source",
                    median(ratios), 0.30, True, f"{median(ours):,.0f}/s",
                    f"{median(reference):,.0f}/s", ratios)]


# ---- memory and size ----

def flow_of_a_million(bench):
    """Rounds of ten thousand, a million in all: what P8 and P9 read."""
    if bench.flow is not None:
        return bench.flow
    step, total = 10000, bench.size(1000000, 30000)
    first_memory = max(step, total // 10)
    size_of_queue = "pg_total_relation_size('io_notify.queue')"
    flow = {"total": total, "first_memory_at": first_memory}
    with webhook_bench(bench) as (database, sink):
        pids = database.dispatcher_pids()
        database.empty()
        for done in range(step, total + 1, step):
            database.fill("bench", step)
            database.wait_queue_empty()
            memory = max(harness.rss_anon_kb(pid) for pid in pids)
            if done == step:
                flow["first_size"] = database.number(size_of_queue)
            if done == first_memory // step * step:
                flow["first_memory"] = memory
        flow["last_memory"] = memory
        flow["last_size"] = database.number(size_of_queue)
        if database.dispatcher_pids() != pids:
            raise BenchError("a dispatcher was restarted during the run")
        database.check_all_sent(total // step * step)
        bench.say(f"{sink.stats()['requests']:,} deliveries flowed: {flow}")
    bench.flow = flow
    return flow


def p8(bench):
    """Memory of one dispatcher at 1,000 in flight, and its growth."""
    wanted = 1000
    bench.cluster.reload("io_notify.dispatchers", 1)
    dispatchers, bench.cluster.dispatchers = bench.cluster.dispatchers, 1
    try:
        with webhook_bench(bench, "--delay-ms", "2000", timeout="30 s",
                           max_in_flight=wanted) as (database, sink):
            pid = database.dispatcher_pids()[0]
            database.fill("bench", 10 * wanted)
            deadline = time.monotonic() + 120
            most, memory = 0, 0
            while most < wanted and time.monotonic() < deadline:
                most = max(most, sink.stats()["open"])
                memory = max(memory, harness.rss_anon_kb(pid))
                time.sleep(0.05)
            for _ in range(60):
                memory = max(memory, harness.rss_anon_kb(pid))
                time.sleep(0.05)
            if most < wanted:
                raise BenchError(f"P8: only {most} requests were in flight")
    finally:
        bench.cluster.reload("io_notify.dispatchers", dispatchers)
        bench.cluster.dispatchers = dispatchers
    flow = flow_of_a_million(bench)
    growth = 100 * (flow["last_memory"] / flow["first_memory"] - 1)
    return [Verdict("P8", "MB of a dispatcher at 1,000 in flight",
                    memory / 1024, 64, False, f"{memory / 1024:.1f} MB"),
            Verdict("P8", f"% its growth from {flow['first_memory_at']:,} to "
                    f"{flow['total']:,} deliveries", growth, 5, False,
                    f"{flow['last_memory'] / 1024:.1f} MB",
                    f"{flow['first_memory'] / 1024:.1f} MB")]


def p9(bench):
    """Size of the queue after a million against after ten thousand."""
    flow = flow_of_a_million(bench)
    return [Verdict("P9", f"queue's size after {flow['total']:,} ÷ after "
                    "10,000", flow["last_size"] / flow["first_size"], 3, False,
                    f"{flow['last_size'] / 1048576:.1f} MB",
                    f"{flow['first_size'] / 1048576:.1f} MB")]


def p10(bench):
    """The rate while a snapshot is held open for a minute, against without."""
    count, hold = bench.size(100000), max(10, 60 * bench.scale)
    with webhook_bench(bench) as (database, sink), \
            bench.cluster.session(Database.NAME) as holder:
        free = median([backlog_rate(database, sink, count)
                       for _ in range(max(3, bench.rounds))])
        database.empty()
        holder.run("BEGIN ISOLATION LEVEL REPEATABLE READ")
        holder.run("SELECT count(*) FROM io_notify.service")
        start = time.monotonic()
        rates = []
        while time.monotonic() < start + hold:
            database.pause()
            database.fill("bench", count)
            rates.append(drain(database, sink, count))
        holder.run("COMMIT")
        database.check_all_sent(count * len(rates))
        bench.say(f"P10: free {free:,.0f}/s; held " +
                  " ".join(f"{rate:,.0f}" for rate in rates))
    held = len(rates) / sum(1 / rate for rate in rates)
    return [Verdict("P10", f"rate in {hold:.0f} s of a held snapshot ÷ free",
                    held / free, 0.5, True, f"{held:,.0f}/s",
                    f"{free:,.0f}/s", [rate / free for rate in rates])]


MEASUREMENTS = {"P1": p1, "P2": p2, "P3": p3, "P4": p4, "P5": p5, "P6": p6,
                "P7": p7, "P8": p8, "P9": p9, "P10": p10}
