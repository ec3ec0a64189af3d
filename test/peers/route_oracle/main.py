#!/usr/bin/python3
"""main.py: worlds into SQL, and what became of them against the oracle.

  main.py write DIR [--seed N]     scripts for psql, into DIR
  main.py compare DIR [--seed N]   reads the answers there; prints one JSON
                                   object: count, and what is wrong by kind

Both make the same worlds from the same seed.
"""

import argparse
import csv
import json
import os
import sys
from collections import Counter, defaultdict
from dataclasses import replace

import cases
import oracle
import scripts

SHOWN = 10                      # mismatches told whole, of each kind


class Report:
    def __init__(self):
        self.count, self.wrong = Counter(), defaultdict(list)

    def compare(self, kind, world, message, expected, got):
        self.count[kind] += 1
        if expected != got:
            self.count[f"{kind} wrong"] += 1
            if len(self.wrong[kind]) < SHOWN:
                self.wrong[kind].append({"world": world.name, "facts": world.told(message),
                                         "expected": expected, "got": got})


def read(folder, name):
    with open(os.path.join(folder, f"{name}.csv"), encoding="utf-8", newline="") as file:
        for line in csv.reader(file):
            yield [None if value == r"\N" else value for value in line]


def in_order(rows):
    return sorted((list(row) for row in rows), key=lambda row: [str(value) for value in row])


def routed_rows(world, folder):
    """reference: rows of channel, state, reason, address, and what is odd."""
    routed, seen = defaultdict(list), set()
    for reference, seq, *row, same, kind, q_channel, q_address, q_same in read(folder, world.name):
        rows = routed[reference]
        channel, state, _, address = row
        if channel is None:
            continue
        odd = []
        if same != "t":
            odd.append("service or recipient is not the message's")
        if (reference, seq) in seen or int(seq) < 1:
            odd.append(f"seq {seq}")
        seen.add((reference, seq))
        work = (kind, q_channel, q_address, q_same)
        if work != (("send", channel, address, "t") if state == "queued" else (None,) * 4):
            odd.append(f"work {work}")
        rows.append((*row, ", ".join(odd)))
    return routed


def check_routed(report, world, routed, folder):
    status = {reference: tuple(said) for reference, *said in read(folder, f"{world.name}_status")}
    for message in world.messages:
        expected = world.expected(message)
        report.compare("routed", world, message, in_order((*row, "") for row in expected),
                       in_order(routed.get(message.reference, [])))
        report.compare("status", world, message, oracle.message_status(expected), status.get(message.reference))
        for row in expected:
            report.count[" ".join(filter(None, row[:3]))] += 1
    report.count["stray"] += len(routed.keys() - {message.reference for message in world.messages})


def check_explained(report, world, routed, folder):
    """route_explain knows nothing of the message's own addresses and wishes."""
    explained = defaultdict(list)
    for phase, service, recipient, channel, would_send, *rest in read(folder, f"{world.name}_explained"):
        explained[int(phase), service, recipient].append((channel, would_send == "t", *rest))
    for message in world.messages:
        got = in_order(explained[message.phase, message.service.name, message.recipient])
        bare = replace(message, email=None, phone=None, require_secure_channels=None)
        report.compare("explained", world, message, in_order(map(oracle.explanation, world.expected(bare))), got)
        if message.email or message.phone or (
                message.require_secure_channels and not message.service.require_secure_channels):
            continue
        rows = (oracle.Row(*row[:4]) for row in routed[message.reference])
        report.compare("explained as routed", world, message, in_order(map(oracle.explanation, rows)), got)


def compare(worlds, folder):
    report = Report()
    for world in worlds:
        routed = routed_rows(world, folder)
        check_routed(report, world, routed, folder)
        if world.name == "now":
            check_explained(report, world, routed, folder)
    return {"count": report.count, "wrong": report.wrong}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["write", "compare"])
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=350)
    options = parser.parse_args()
    worlds = cases.make_worlds(options.seed)
    if options.command == "write":
        scripts.write(worlds, options.folder)
    else:
        json.dump(compare(worlds, options.folder), sys.stdout)


if __name__ == "__main__":
    main()
