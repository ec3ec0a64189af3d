"""templated.py: what templates cost, as shares of P1, P2 and P3.

The same text once written out and once as a template with a declared
parameter, in the same database, round by round: filling it in must not move
the rates by more than a tenth.
"""

import harness
from budgets import BenchError, Verdict, drain, median, timed, webhook_bench
from harness import Database

LIMIT = 0.9
SUBJECT = "Avviso numero %s"
MARKDOWN = ("La tua pratica **%s** è stata aggiornata. Accedi al portale per "
            "leggere i dettagli.")


def add_template(database):
    database.sql.run(
        "INSERT INTO io_notify.template (name, subject, markdown, parameters)"
        f" VALUES ('avviso', '{SUBJECT % '{{n}}'}', '{MARKDOWN % '{{n}}'}', "
        "'{\"n\": \"integer\"}')")


def written_out(count):
    """A query of count messages whose texts are in them."""
    return ("(service, recipient, subject, markdown) SELECT 'bench', "
            f"p.fiscal_code, '{SUBJECT % ''}' || g, "
            f"replace('{MARKDOWN}', '%s', g::text) "
            f"FROM generate_series(1, {count}) g "
            f"JOIN person p ON p.n = g % {harness.CITIZENS}")


def filled_in(count):
    """The same messages through the template."""
    return ("(service, recipient, template, params) SELECT 'bench', "
            "p.fiscal_code, 'avviso', jsonb_build_object('n', g) "
            f"FROM generate_series(1, {count}) g "
            f"JOIN person p ON p.n = g % {harness.CITIZENS}")


def in_turns(pair, number):
    """Both of a pair, the one first in one round and the other in the next."""
    return list(pair.items())[::1 if number % 2 == 0 else -1]


def verdict(budget, what, ours, reference):
    ratios = [a / b for a, b in zip(ours, reference)]
    return [Verdict(budget, what, median(ratios), LIMIT, True,
                    f"{median(ours):,.0f}/s", f"{median(reference):,.0f}/s",
                    ratios)]


def p1t(bench):
    """P1 with templates, as a share of P1 without."""
    count = bench.size(100000)
    rates = {written_out: [], filled_in: []}
    with webhook_bench(bench) as (database, sink):
        add_template(database)
        for number in range(bench.rounds):
            for rows, measured in in_turns(rates, number):
                database.empty()
                database.pause()
                with bench.cluster.session(Database.NAME,
                                           "bench_sender") as sender:
                    sender.run(f"INSERT INTO io_notify.message {rows(count)}")
                database.sql.run("CHECKPOINT")
                measured.append(drain(database, sink, count))
                database.check_all_sent(count)
            bench.say(f"P1t round {number + 1}: {rates[filled_in][-1]:,.0f} "
                      f"deliveries/s, {rates[written_out][-1]:,.0f} without")
    return verdict("P1t", "deliveries/s with templates ÷ without",
                   rates[filled_in], rates[written_out])


def p2t(bench):
    """P2 with templates, as a share of P2 without."""
    seconds = max(3, int(10 * bench.scale))
    people = [harness.fiscal_code(n) for n in range(100)]
    scripts = {
        written_out: [
            "INSERT INTO io_notify.message (service, recipient, subject, "
            f"markdown) VALUES ('bench', '{person}', '{SUBJECT % n}', "
            f"'{MARKDOWN % n}');" for n, person in enumerate(people)],
        filled_in: [
            "INSERT INTO io_notify.message (service, recipient, template, "
            f"params) VALUES ('bench', '{person}', 'avviso', "
            f"'{{\"n\": {n}}}');" for n, person in enumerate(people)]}
    rates = {written_out: [], filled_in: []}
    with webhook_bench(bench) as (database, _sink):
        add_template(database)
        for number in range(bench.rounds):
            database.empty()
            database.pause()
            for rows, script in in_turns(scripts, number):
                database.sql.run("CHECKPOINT")
                rates[rows].append(harness.pgbench(
                    bench.cluster, script, "bench_sender", 4, seconds))
            bench.say(f"P2t round {number + 1}: {rates[filled_in][-1]:,.0f} "
                      f"tps, {rates[written_out][-1]:,.0f} without")
    return verdict("P2t", "one-row INSERT with templates ÷ without",
                   rates[filled_in], rates[written_out])


def p3t(bench):
    """P3 with templates, as a share of P3 without."""
    count = bench.size(100000, 5000)
    rates = {written_out: [], filled_in: []}
    with webhook_bench(bench) as (database, _sink), \
            bench.cluster.session(Database.NAME, "bench_sender") as sender:
        add_template(database)
        for number in range(bench.rounds):
            for rows, measured in in_turns(rates, number):
                database.empty()
                database.pause()
                measured.append(count / timed(
                    sender, f"INSERT INTO io_notify.message {rows(count)}"))
                if database.number("count(*) FROM io_notify.queue") != count:
                    raise BenchError("P3t: not every message was routed")
            bench.say(f"P3t round {number + 1}: {rates[filled_in][-1]:,.0f} "
                      f"rows/s, {rates[written_out][-1]:,.0f} without")
    return verdict("P3t", "bulk INSERT … SELECT with templates ÷ without",
                   rates[filled_in], rates[written_out])


MEASUREMENTS = {"P1T": p1t, "P2T": p2t, "P3T": p3t}
