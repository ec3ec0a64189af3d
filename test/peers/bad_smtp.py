#!/usr/bin/python3
"""bad_smtp.py: an SMTP server that misbehaves on purpose.

Behaviours about one mail are chosen by the recipient's local part, up to a
'+' that makes addresses unique: rcpt-550+anna@example.it

  ok (and any other name)   accepted
  rcpt-450 rcpt-550         refused at RCPT
  rcpt-421                  421 at RCPT, then FIN
  data-451 data-554         refused at DATA
  354-then-close            354, then FIN before the content
  dot-4xx dot-5xx           451 or 554 after the final dot
  dot-slow-N                250, N seconds after the final dot
  dot-hang                  no reply to the final dot
  dot-close dot-reset       FIN or RST instead of the reply to the final dot
  dot-half                  "25", then FIN
  rcpt-drip dot-drip        a reply that comes a byte at a time and never ends
  dot-garbage               a reply that is not SMTP
  huge-reply-line           a megabyte without a line end
  multiline-endless         "250-..." for ever
  once-NAME                 NAME the first time this address is used, then ok

Behaviours of the whole session are given by --mode, several with commas:

  banner-421 banner-554 banner-hang banner-garbage banner-close
  ehlo-only-helo            EHLO is refused, HELO works
  ehlo-endless              the EHLO reply never ends
  no-pipelining             not announced; a client that pipelines gets 503
                            and the connection is closed
  mail-4xx mail-5xx         refused at MAIL
  size-limit-N              announces SIZE N and enforces it, also at the dot
  close-after-n-mails-N     FIN after N accepted mails, without a word
  421-between-N             421 to the next MAIL after N accepted mails
  no-smtputf8 no-8bitmime   not announced (and MAIL with it is refused)
  starttls-454              STARTTLS is refused
  starttls-inject           clear-text replies slipped in after STARTTLS's 220
  auth-535 auth-454         credentials refused for good, for now
  rcpt-450 ... dot-reset    any recipient behaviour, for every recipient

--cert/--key announce STARTTLS (--wrapper: TLS from the first byte), --auth
USER:PASSWORD announces AUTH PLAIN LOGIN and requires it.

Every mail whose content arrived whole is appended to the --record file as one
JSON line: event "mail", t (CLOCK_MONOTONIC, ns), connection, nth (on that
connection), helo, tls, auth, mail_from, mail_params, recipients, raw (latin-1:
one character is one byte; dot-stuffing undone), bare_lf, bare_cr, reply (what
was sent back; null when the outcome was kept from the client).  With
--commands every line received is recorded too (event "command"); secrets of
AUTH are not.  The first line of standard output is the port.
"""

import argparse
import asyncio
import base64
import binascii
import json
import re
import signal
import socket
import ssl
import struct
import sys
import time

LINE_MAX = 16 * 1024 * 1024
TEXT = {220: "bad.example ESMTP", 221: "bye", 235: "2.7.0 in", 250: "2.0.0 ok",
        354: "go on", 421: "4.3.2 going away", 450: "4.2.1 busy, try later",
        451: "4.3.0 local error", 454: "4.7.0 not now",
        500: "5.5.2 what?", 502: "5.5.1 not here", 503: "5.5.1 out of order",
        530: "5.7.0 authenticate first", 535: "5.7.8 wrong credentials",
        550: "5.1.1 no such user", 552: "5.3.4 too big", 554: "5.6.0 refused",
        555: "5.5.4 parameter not known"}


class EndSession(Exception):
    """Close the connection (by FIN)."""


class Server:
    """What sessions share: options, the record, addresses seen once."""

    def __init__(self, options, tls):
        self.modes = set(options.mode.split(",")) if options.mode else set()
        self.tls = tls
        self.wrapper = options.wrapper
        self.auth = options.auth
        self.log_commands = options.commands
        self.record_file = open(options.record, "a", encoding="utf-8") \
            if options.record else None
        self.sessions = 0
        self.seen_once = set()

    def mode_number(self, name):
        """N of a mode "name-N", or None."""
        for mode in self.modes:
            if mode.startswith(name + "-"):
                return int(mode[len(name) + 1:])
        return None

    def record(self, event, **fields):
        if self.record_file:
            entry = {"event": event, "t": time.monotonic_ns(), **fields}
            self.record_file.write(json.dumps(entry) + "\n")
            self.record_file.flush()

    def behaviour_of(self, address):
        name = address.rpartition("@")[0].partition("+")[0]
        if name.startswith("once-"):
            if address in self.seen_once:
                return "ok"
            self.seen_once.add(address)
            return name[5:]
        return name

    async def serve(self, reader, writer):
        self.sessions += 1
        session = Session(self, reader, writer, self.sessions)
        try:
            await session.run()
        except (EndSession, ConnectionError, asyncio.IncompleteReadError,
                asyncio.LimitOverrunError, ssl.SSLError):
            pass
        finally:
            writer.close()


class Session:
    """One connection, from banner to QUIT or worse."""

    def __init__(self, server, reader, writer, number):
        self.server = server
        self.reader = reader
        self.writer = writer
        self.number = number
        self.accepted = 0
        self.contents = 0
        self.helo = None
        self.tls = server.wrapper
        self.user = None
        self.reset_mail()

    def reset_mail(self):
        self.mail_from = None
        self.mail_params = ""
        self.recipients = []
        self.behaviours = []

    # ---- words ----

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def reply(self, code, text=None):
        text = TEXT[code] if text is None else text
        await self.send(f"{code} {text}\r\n".encode())

    async def read_line(self):
        return (await self.reader.readuntil(b"\r\n"))[:-2]

    async def hang(self):
        while await self.reader.read(65536):
            pass
        raise EndSession

    def reset(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise EndSession

    async def endless(self, code):
        while True:
            await self.send(f"{code}-still talking\r\n".encode() * 100)
            await asyncio.sleep(0.01)

    async def drip(self):
        while True:
            for byte in b"250-still talking\r\n":
                await self.send(bytes([byte]))
                await asyncio.sleep(0.1)

    def wants(self, name):
        """Whether a session mode or a recipient asks for this behaviour."""
        return name in self.server.modes or name in self.behaviours

    # ---- the dialogue ----

    async def run(self):
        await self.banner()
        while True:
            line = await self.read_line()
            verb, _, rest = line.decode("utf-8", "replace").partition(" ")
            verb = verb.upper()
            if self.server.log_commands:
                shown = "AUTH ..." if verb == "AUTH" else line.decode("latin-1")
                self.server.record("command", connection=self.number,
                                   line=shown)
            await self.check_pipelining(verb)
            handler = getattr(self, "on_" + verb.lower(), None)
            if handler is None:
                await self.reply(500)
            else:
                await handler(rest)

    async def check_pipelining(self, verb):
        """A client that did not wait, although it had to, is thrown out."""
        if "no-pipelining" not in self.server.modes or verb == "QUIT":
            return
        await asyncio.sleep(0.005)
        if self.reader._buffer:     # no public way to ask whether bytes wait
            await self.reply(503, "5.5.0 improper command pipelining")
            raise EndSession

    async def banner(self):
        modes = self.server.modes
        if "banner-hang" in modes:
            await self.hang()
        if "banner-close" in modes:
            raise EndSession
        if "banner-garbage" in modes:
            await self.send(b"\x00\xff HTTP/1.1 200 OK\r\n")
        elif "banner-421" in modes:
            await self.reply(421)
            raise EndSession
        elif "banner-554" in modes:
            await self.reply(554)
        else:
            await self.reply(220)

    async def on_helo(self, rest):
        self.helo = rest
        await self.reply(250)

    async def on_ehlo(self, rest):
        modes = self.server.modes
        if "ehlo-only-helo" in modes:
            await self.reply(502)
            return
        if "ehlo-endless" in modes:
            await self.endless(250)
        self.helo = rest
        words = ["bad.example"]
        if "no-pipelining" not in modes:
            words.append("PIPELINING")
        if "no-8bitmime" not in modes:
            words.append("8BITMIME")
        if "no-smtputf8" not in modes:
            words.append("SMTPUTF8")
        if self.server.mode_number("size-limit"):
            words.append(f"SIZE {self.server.mode_number('size-limit')}")
        if self.server.tls and not self.tls:
            words.append("STARTTLS")
        if self.server.auth:
            words.append("AUTH PLAIN LOGIN")
        words.append("ENHANCEDSTATUSCODES")
        lines = [f"250-{word}\r\n" for word in words[:-1]]
        await self.send("".join(lines).encode()
                        + f"250 {words[-1]}\r\n".encode())

    async def on_starttls(self, _rest):
        if not self.server.tls or self.tls or "starttls-454" in \
                self.server.modes:
            await self.reply(454)
            return
        injected = b"250-bad.example\r\n250 AUTH PLAIN LOGIN\r\n" \
            if "starttls-inject" in self.server.modes else b""
        await self.send(b"220 2.0.0 go ahead\r\n" + injected)
        await self.writer.start_tls(self.server.tls)
        self.tls = True
        self.helo = None

    async def on_auth(self, rest):
        mechanism, _, first = rest.partition(" ")
        try:
            if mechanism.upper() == "PLAIN":
                first = first or await self.challenge("")
                _, user, password = base64.b64decode(first).split(b"\0")
            elif mechanism.upper() == "LOGIN":
                first = first or await self.challenge("Username:")
                user = base64.b64decode(first)
                password = base64.b64decode(await self.challenge("Password:"))
            else:
                await self.reply(502)
                return
        except (ValueError, binascii.Error):
            await self.reply(500)
            return
        good = self.server.auth == (user + b":" + password).decode()
        if "auth-454" in self.server.modes:
            await self.reply(454)
        elif "auth-535" in self.server.modes or not good:
            await self.reply(535)
        else:
            self.user = user.decode()
            await self.reply(235)

    async def challenge(self, text):
        await self.reply(334, base64.b64encode(text.encode()).decode())
        return (await self.read_line()).decode()

    async def on_mail(self, rest):
        modes = self.server.modes
        between = self.server.mode_number("421-between")
        limit = self.server.mode_number("size-limit")
        match = re.fullmatch(r"FROM:<([^<>]*)>(.*)", rest, re.IGNORECASE)
        if between is not None and self.accepted >= between:
            await self.reply(421)
            raise EndSession
        if self.server.auth and not self.user:
            await self.reply(530)
        elif self.helo is None or self.mail_from is not None:
            await self.reply(503)
        elif "mail-4xx" in modes:
            await self.reply(451)
        elif "mail-5xx" in modes:
            await self.reply(554)
        elif match is None:
            await self.reply(500)
        elif ("no-smtputf8" in modes and "SMTPUTF8" in match[2]) or \
                ("no-8bitmime" in modes and "8BITMIME" in match[2]):
            await self.reply(555)
        elif limit and (size := re.search(r"SIZE=(\d+)", match[2])) and \
                int(size[1]) > limit:
            await self.reply(552)
        else:
            self.mail_from, self.mail_params = match[1], match[2].strip()
            await self.reply(250)

    async def on_rcpt(self, rest):
        match = re.fullmatch(r"TO:<([^<>]+)>(.*)", rest, re.IGNORECASE)
        if self.mail_from is None:
            await self.reply(503)
            return
        if match is None:
            await self.reply(500)
            return
        behaviour = self.server.behaviour_of(match[1])
        refused = next((name for name in ("rcpt-450", "rcpt-550", "rcpt-421")
                        if name == behaviour or name in self.server.modes), None)
        if refused:
            await self.reply(int(refused[5:]))
            if refused == "rcpt-421":
                raise EndSession
            return
        if behaviour == "rcpt-drip":
            await self.drip()
        self.recipients.append(match[1])
        self.behaviours.append(behaviour)
        await self.reply(250)

    async def on_data(self, _rest):
        if not self.recipients:
            await self.reply(503 if self.mail_from is None else 554)
            return
        for name, code in (("data-451", 451), ("data-554", 554)):
            if self.wants(name):
                await self.reply(code)
                self.reset_mail()
                return
        await self.reply(354)
        if self.wants("354-then-close"):
            raise EndSession
        content = []
        while (line := await self.reader.readuntil(b"\r\n")) != b".\r\n":
            content.append(line[1:] if line.startswith(b".") else line)
        await self.after_dot(b"".join(content))
        self.reset_mail()

    def record_mail(self, content, reply):
        self.contents += 1
        self.server.record(
            "mail", connection=self.number, nth=self.contents, helo=self.helo,
            tls=self.tls, auth=self.user, mail_from=self.mail_from,
            mail_params=self.mail_params, recipients=self.recipients,
            raw=content.decode("latin-1"),
            bare_lf=len(re.findall(rb"(?<!\r)\n", content)),
            bare_cr=len(re.findall(rb"\r(?!\n)", content)), reply=reply)

    async def after_dot(self, content):
        limit = self.server.mode_number("size-limit")
        code = 250
        if self.wants("dot-4xx"):
            code = 451
        elif self.wants("dot-5xx"):
            code = 554
        elif limit and len(content) > limit:
            code = 552
        withheld = any(self.wants(name) for name in (
            "dot-hang", "dot-close", "dot-reset", "dot-half", "dot-drip",
            "dot-garbage", "huge-reply-line", "multiline-endless"))
        self.record_mail(content, None if withheld else code)
        if withheld:
            await self.withhold_reply()
        slow = [int(name[9:]) for name in (*self.behaviours,
                                           *self.server.modes)
                if re.fullmatch(r"dot-slow-\d+", name)]
        await asyncio.sleep(max(slow, default=0))
        if code == 250:
            self.accepted += 1
            await self.reply(250, f"2.0.0 kept as {self.number}.{self.accepted}")
        else:
            await self.reply(code)
        if self.accepted == self.server.mode_number("close-after-n-mails"):
            raise EndSession

    async def withhold_reply(self):
        """The content is here; keep the client from knowing it."""
        if self.wants("dot-hang"):
            await self.hang()
        if self.wants("dot-reset"):
            self.reset()
        if self.wants("dot-drip"):
            await self.drip()
        if self.wants("dot-half"):
            await self.send(b"25")
        elif self.wants("dot-garbage"):
            await self.send(b"\xff\x00 thanks a lot\r\n")
        elif self.wants("huge-reply-line"):
            await self.send(b"250 " + b"x" * 1048576)
            await self.hang()
        elif self.wants("multiline-endless"):
            await self.endless(250)
        raise EndSession

    async def on_rset(self, _rest):
        self.reset_mail()
        await self.reply(250)

    async def on_noop(self, _rest):
        await self.reply(250)

    async def on_quit(self, _rest):
        await self.reply(221)
        raise EndSession


async def main():
    parser = argparse.ArgumentParser(
        description="SMTP server that misbehaves on purpose.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--mode", default="", metavar="NAME[,NAME]")
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--commands", action="store_true")
    parser.add_argument("--cert", metavar="PEM")
    parser.add_argument("--key", metavar="PEM")
    parser.add_argument("--wrapper", action="store_true")
    parser.add_argument("--auth", metavar="USER:PASSWORD")
    options = parser.parse_args()

    tls = None
    if options.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.cert, options.key)
    server = Server(options, tls)
    listener = await asyncio.start_server(
        server.serve, "127.0.0.1", options.port, limit=LINE_MAX, backlog=1024,
        ssl=tls if options.wrapper else None)
    print(listener.sockets[0].getsockname()[1], flush=True)

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    listener.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
