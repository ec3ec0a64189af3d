"""harness.py: the server, the peers and the clients a measurement needs.

Everything here is a context manager, so that nothing is left running whatever
a measurement does.  Times are taken around the thing measured only: filling,
verifying and checkpoints happen outside.
"""

import contextlib
import http.client
import json
import os
import re
import shlex
import socket
import statistics
import subprocess
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TOOLS = os.path.join(TOP, "build", "bench")
CLUSTER = os.path.join(TOP, "tools", "cluster")
POSTFIX_DIRS = "/usr/sbin:/usr/lib/postfix/sbin"

CITIZENS = 10000
DRAIN_SECONDS = 900
DESCRIPTORS = 4096
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SETTINGS = {
    "fsync": "on", "synchronous_commit": "on", "shared_buffers": "1GB",
    "max_wal_size": "4GB", "autovacuum": "on", "max_worker_processes": "16",
    "max_connections": "50", "log_min_messages": "warning",
}

# Values of a character at the odd places of a fiscal code (ministerial
# decree of 23 December 1976); at the even ones A and 0 count 0, B and 1 one…
ODD = dict(zip("0123456789", (1, 0, 5, 7, 9, 13, 15, 17, 19, 21)))
ODD.update(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ",
               (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8,
                12, 14, 16, 10, 22, 25, 24, 23)))


class BenchError(Exception):
    """The measurement cannot be made, or what it measured was wrong."""


def fiscal_code(number):
    """The fiscal code of the number-th citizen of the bench."""
    letters = "".join("BCDFGLMNPR"[int(digit)] for digit in f"{number:06d}")
    code = f"{letters}{50 + number % 50}A{1 + number % 28:02d}H501"
    total = sum(ODD[c] for c in code[::2])
    total += sum(int(c) if c.isdigit() else ord(c) - ord("A")
                 for c in code[1::2])
    return code + chr(ord("A") + total % 26)


def build_tools():
    subprocess.run(["make", "-s", "-C", os.path.join(TOP, "bench")],
                   check=True)


def median(values):
    return statistics.median(values)


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


# ---- PostgreSQL ----

class Session:
    """One psql that stays connected, so that a poll costs no new backend."""

    END = "-- io_notify bench: end of answer"

    def __init__(self, environment, database, user="postgres"):
        self.psql = subprocess.Popen(
            ["psql", "-XAtq", "-d", database, "-U", user],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, env=environment, bufsize=1)

    def run(self, sql):
        """Run statements; returns the rows as text, raises on any error."""
        self.psql.stdin.write(f"{sql};\n\\echo '{self.END}'\n")
        self.psql.stdin.flush()
        rows = []
        for line in self.psql.stdout:
            if line.rstrip("\n") == self.END:
                break
            rows.append(line.rstrip("\n"))
        else:
            raise BenchError("psql ended: " + "\n".join(rows))
        for row in rows:
            if re.match(r"(ERROR|FATAL|PANIC):", row):
                raise BenchError("\n".join(rows) + f"\n  in: {sql[:300]}")
        return "\n".join(rows)

    def close(self):
        self.psql.stdin.close()
        self.psql.wait(30)


class Cluster:
    """A throwaway server of the bench's settings, made by tools/cluster."""

    def __init__(self, dispatchers):
        self.dispatchers = dispatchers
        self.folder = None
        self.environment = None

    def __enter__(self):
        settings = dict(SETTINGS)
        settings["io_notify.dispatchers"] = str(self.dispatchers)
        options = [word for name, value in settings.items()
                   for word in ("-o", f"{name}={value}")]
        made = subprocess.run([CLUSTER, "start", "auto", *options],
                              stdout=subprocess.PIPE, text=True, check=True)
        self.environment = dict(os.environ)
        for line in made.stdout.splitlines():
            match = re.fullmatch(r"export (\w+)=(.*)", line)
            if match and match[1] != "PATH":
                self.environment[match[1]] = shlex.split(match[2])[0]
            elif match:
                folder = shlex.split(match[2])[0].split(":")[0]
                self.environment["PATH"] = folder + ":" + os.environ["PATH"]
        self.folder = self.environment["IO_NOTIFY_CLUSTER"]
        try:
            self._allow_descriptors()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _allow_descriptors(self):
        """Start anew with room for P8's thousand connections.

        The usual soft limit is 1024 descriptors, and a dispatcher stays below
        its limit; raising the soft limit up to the hard one needs no rights.
        """
        script = (f"ulimit -n {DESCRIPTORS} && exec pg_ctl -D server/data "
                  "-l server/log -m fast -w -s restart")
        user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        subprocess.run([*user, "sh", "-c", script], check=True,
                       cwd=self.folder, env=self.environment)

    def __exit__(self, *_exc):
        subprocess.run([CLUSTER, "stop", self.folder], check=True)

    def reload(self, name, value):
        with self.session("postgres") as session:
            session.run(f"ALTER SYSTEM SET {name} = '{value}'")
            session.run("SELECT pg_reload_conf()")

    @contextlib.contextmanager
    def session(self, database, user="postgres"):
        session = Session(self.environment, database, user)
        try:
            yield session
        finally:
            session.close()

    def command(self, *words, database, user="postgres"):
        """Run a client program as that user; returns its standard output."""
        environment = dict(self.environment, PGDATABASE=database, PGUSER=user)
        done = subprocess.run(words, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False,
                              env=environment)
        if done.returncode != 0:
            raise BenchError(f"{words[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout


class Database:
    """A fresh database with the extension, an organization and citizens.

    The superuser's session is .sql; the service's own role is bench_sender.
    """

    NAME = "bench"

    def __init__(self, cluster):
        self.cluster = cluster
        self.sql = None
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        with self.cluster.session("postgres") as session:
            session.run(f"DROP DATABASE IF EXISTS {self.NAME} WITH (FORCE)")
            session.run(f"CREATE DATABASE {self.NAME}")
            session.run("SELECT 'CREATE ROLE bench_sender LOGIN' WHERE NOT "
                        "EXISTS (SELECT FROM pg_roles WHERE rolname = "
                        "'bench_sender') \\gexec\nSELECT")
        self.sql = self._stack.enter_context(self.cluster.session(self.NAME))
        run = self.sql.run
        run("SET client_min_messages = warning")
        run("CREATE EXTENSION io_notify")
        run("SELECT io_notify.install()")
        run("INSERT INTO io_notify.organization (code, name) "
            "VALUES ('bench', 'Comune di Prova')")
        self._add_citizens()
        return self

    def __exit__(self, *_exc):
        self._stack.close()
        with self.cluster.session("postgres") as session:
            session.run(f"DROP DATABASE {self.NAME} WITH (FORCE)")

    def _add_citizens(self):
        rows = "".join(f"{n}\t{fiscal_code(n)}\n" for n in range(CITIZENS))
        run = self.sql.run
        run("CREATE TABLE person (n integer PRIMARY KEY, fiscal_code text)")
        run("GRANT SELECT ON person TO bench_sender")
        run(f"COPY person FROM STDIN;\n{rows}\\.\nSELECT")
        run("INSERT INTO io_notify.citizen (fiscal_code, inbox_enabled, email,"
            " email_verified, sms_enabled, phone, phone_verified) SELECT "
            "fiscal_code, true, 'cittadino' || n || '@example.it', true, true,"
            " '+39320' || lpad(n::text, 7, '0'), true FROM person")
        run("ANALYZE person; ANALYZE io_notify.citizen")

    def add_service(self, name, channel):
        """A published service with one channel, and bench_sender its member."""
        self.sql.run("INSERT INTO io_notify.service (name, organization, state"
                     f", channels) VALUES ('{name}', 'bench', 'published', "
                     f"'{{{channel}}}')")
        self.sql.run(f"SELECT io_notify.grant_sender('bench_sender', '{name}')")

    def add_provider(self, name, secret=None, **options):
        text = ", ".join(f"{key} '{value}'" for key, value in options.items())
        self.sql.run(f"CREATE SERVER {name} FOREIGN DATA WRAPPER io_notify "
                     f"OPTIONS ({text}, allow_private_network 'true')")
        if secret:
            self.sql.run(f"CREATE USER MAPPING FOR PUBLIC SERVER {name} "
                         f"OPTIONS (secret '{secret}')")

    def fill(self, service, count, step=100000):
        """Insert count messages of service, as its sender."""
        with self.cluster.session(self.NAME, "bench_sender") as sender:
            for first in range(0, count, step):
                last = min(first + step, count)
                sender.run(
                    "INSERT INTO io_notify.message (service, recipient, "
                    f"subject, markdown) SELECT '{service}', p.fiscal_code, "
                    "'Avviso numero ' || g, 'La tua pratica **' || g || '** "
                    "è stata aggiornata. Accedi al portale per leggere i "
                    "dettagli.' "
                    f"FROM generate_series({first}, {last - 1}) g "
                    f"JOIN person p ON p.n = g % {CITIZENS}")

    def empty(self):
        """Forget all messages, so that every round starts alike."""
        self.sql.run("TRUNCATE io_notify.message, io_notify.delivery, "
                     "io_notify.attempt, io_notify.queue; CHECKPOINT")

    def pause(self, kind="all", name=""):
        self.sql.run(f"SELECT io_notify.pause('{kind}', '{name}')")

    def resume(self, kind="all", name=""):
        self.sql.run(f"SELECT io_notify.resume('{kind}', '{name}')")

    def number(self, query):
        return int(self.sql.run("SELECT " + query))

    def wait_queue_empty(self, where="true", seconds=DRAIN_SECONDS):
        deadline = time.monotonic() + seconds
        query = f"SELECT EXISTS (SELECT FROM io_notify.queue WHERE {where})"
        while self.sql.run(query) == "t":
            if time.monotonic() > deadline:
                raise BenchError("the queue does not drain:\n" + self.sql.run(
                    "SELECT * FROM io_notify.status()"))
            time.sleep(0.005)

    def check_all_sent(self, count):
        """Every delivery is sent, by one attempt: else the rate is a lie."""
        found = self.sql.run(
            "SELECT (SELECT count(*) FROM io_notify.delivery WHERE state = "
            "'sent'), (SELECT count(*) FROM io_notify.delivery), "
            "(SELECT count(*) FROM io_notify.attempt)")
        if found != f"{count}|{count}|{count}":
            raise BenchError(
                f"expected {count} deliveries, all sent at the first attempt;"
                f" found sent|all|attempts = {found}\n" + self.sql.run(
                    "SELECT state, reason, count(*) FROM io_notify.delivery "
                    "GROUP BY 1, 2; SELECT outcome, code, detail, count(*) "
                    "FROM io_notify.attempt GROUP BY 1, 2, 3 LIMIT 10"))

    def dispatcher_pids(self):
        """The dispatchers of this database, once all have started."""
        query = ("SELECT pid FROM pg_stat_activity WHERE backend_type = "
                 "'io_notify dispatcher' AND datname = current_database()")
        deadline = time.monotonic() + 30
        while True:
            pids = [int(pid) for pid in self.sql.run(query).split()]
            if len(pids) == self.cluster.dispatchers:
                return pids
            if time.monotonic() > deadline:
                raise BenchError(f"{len(pids)} dispatchers instead of "
                                 f"{self.cluster.dispatchers} are there")
            time.sleep(0.1)


def rss_anon_kb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+) kB", file.read())[1])


# ---- peers and clients ----

class HttpSink:
    """bench/http_sink.c, running."""

    def __init__(self, *options):
        self.options = options
        self.process = None
        self.port = None
        self.control = None

    def __enter__(self):
        self.process = subprocess.Popen(
            [os.path.join(TOOLS, "http_sink"), *self.options],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())
        self.control = http.client.HTTPConnection("127.0.0.1", self.port,
                                                  timeout=10)
        return self

    def __exit__(self, *_exc):
        self.control.close()
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def url(self, path="/hook"):
        return f"http://127.0.0.1:{self.port}{path}"

    def stats(self):
        self.control.request("GET", "/stats")
        return json.load(self.control.getresponse())

    def wait_requests(self, count, seconds=DRAIN_SECONDS):
        """Wait for count requests in all, asking seldom: asking costs CPU.

        Each wait is a part of what the rate so far says is left.
        """
        start = time.monotonic()
        first = seen = self.stats()["requests"]
        pause = 0.005
        while seen < count:
            if time.monotonic() > start + seconds:
                raise BenchError(f"the sink saw {seen} requests instead of "
                                 f"{count}")
            time.sleep(pause)
            seen = self.stats()["requests"]
            rate = (seen - first) / (time.monotonic() - start)
            left = (count - seen) / rate if rate > 0 else 0
            pause = min(max(0.5 * left, 0.003), 0.25)


@contextlib.contextmanager
def smtp_sink():
    """Postfix's smtp-sink; yields its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    environment = dict(os.environ,
                       PATH=os.environ["PATH"] + ":" + POSTFIX_DIRS)
    process = subprocess.Popen(["smtp-sink", *user, f"127.0.0.1:{port}",
                                "1024"], env=environment)
    try:
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError as error:
                if time.monotonic() > deadline or process.poll() is not None:
                    raise BenchError("smtp-sink did not start") from error
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def smtp_source(port, mails, sessions, payload):
    """Mails per second of Postfix's smtp-source with reused sessions."""
    environment = dict(os.environ,
                       PATH=os.environ["PATH"] + ":" + POSTFIX_DIRS)
    start = time.monotonic()
    subprocess.run(["smtp-source", "-d", "-s", str(sessions), "-m",
                    str(mails), "-l", str(payload), "-f", "a@example.it",
                    "-t", "b@example.it", f"127.0.0.1:{port}"],
                   check=True, env=environment)
    return mails / (time.monotonic() - start)


def bare_client(url, requests, *options):
    done = subprocess.run([os.path.join(TOOLS, "bare_client"), url,
                           str(requests), *options], stdout=subprocess.PIPE,
                          text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"bare_client failed: {done.stdout}")
    return json.loads(done.stdout)


def pgbench(cluster, scripts, user, clients, seconds):
    """Transactions per second of the scripts (lists of SQL) drawn evenly."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["pgbench", "-n", "-M", "prepared", "-c", str(clients), "-j",
                 "2", "-T", str(seconds)]
        for number, script in enumerate(scripts):
            path = os.path.join(folder, f"{number}.sql")
            with open(path, "w", encoding="utf-8") as file:
                file.write(script + "\n")
            words += ["-f", path]
        text = cluster.command(*words, database=Database.NAME, user=user)
    failed = re.search(r"number of failed transactions: (\d+)", text)
    if failed and int(failed[1]) > 0:
        raise BenchError(f"pgbench: {failed[0]}")
    return float(re.search(r"tps = ([\d.]+)", text)[1])


def one_mail_bytes(database, service):
    """The size of the mail one message becomes, read by a recording peer."""
    with tempfile.TemporaryDirectory() as folder:
        record = os.path.join(folder, "mail")
        peer = subprocess.Popen(
            [os.path.join(TOP, "test", "peers", "bad_smtp.py"), "--record",
             record], stdout=subprocess.PIPE, text=True)
        try:
            port = int(peer.stdout.readline())
            database.add_provider(
                "one_mail", transport="smtp", channel="email", tls="off",
                url=f"smtp://127.0.0.1:{port}", sender="a@example.it")
            database.fill(service, 1)
            database.wait_queue_empty(seconds=60)
            with open(record, encoding="utf-8") as file:
                return len(json.loads(file.readline())["raw"])
        finally:
            peer.terminate()
            peer.wait()
            peer.stdout.close()
            database.sql.run("DROP SERVER IF EXISTS one_mail CASCADE")


def commit_of_sources():
    done = subprocess.run(["git", "-C", TOP, "rev-parse", "--short", "HEAD"],
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False)
    return done.stdout.strip()


