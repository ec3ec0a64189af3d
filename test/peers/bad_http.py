#!/usr/bin/python3
"""bad_http.py: an HTTP endpoint that misbehaves on purpose.

The path chooses the behaviour, so one peer serves a whole test:

  /ok                    200
  /status/NNN            that status, with a small JSON body
  /gone                  410
  /retry-after/N         429 with "Retry-After: N" (also an HTTP date)
  /delay/MS              200 after MS milliseconds
  /redirect              302 to /ok of this same peer
  /hang                  reads the request and never answers
  /reset-before          RST after the head, before the body was read
  /reset-after           RST after the whole request
  /close-after-request   FIN after the whole request
  /half-status           "HTTP/1.1 2", then FIN
  /half-body             200, a tenth of the announced body, then FIN
  /drip                  200 at once, then one byte of the body a second
  /drip-status           one byte of the status line a second
  /body-huge             200 with a gigabyte
  /chunked-endless       200 with chunks that never end
  /1xx-flood             100 Continue for ever
  /header-flood          200, then headers for ever
  /garbage               bytes that are not HTTP
  /slow-close            200 whose body ends by closing, ten seconds later
  /keepalive-die         200 to the first request of a connection; at the
                         second the connection is closed before any byte
  /script/A,B,C          A for the first request with some webhook-id, B for
                         its second, C for every later one; arguments after a
                         colon: /script/status:503,reset-after,ok

What follows a known path ("/ok/anything", "?query") is ignored, so that a test
can tell its requests apart.  A connection refused is no behaviour: use a port
where nothing listens.

Every request is appended to the --record file, before it is answered, as one
JSON line: t (CLOCK_MONOTONIC, ns), connection, nth (on that connection),
method, path, headers (lower case), body (text) or body_base64, complete.
The first line of standard output is the port.  SIGTERM ends the peer.
"""

import argparse
import asyncio
import base64
import email.utils
import json
import signal
import socket
import ssl
import struct
import sys
import time

HEAD_MAX = 64 * 1024
BODY_MAX = 16 * 1024 * 1024
SLOW_CLOSE_SECONDS = 10

REASONS = {200: "OK", 302: "Found", 410: "Gone", 429: "Too Many Requests"}


class EndConnection(Exception):
    """The behaviour is over and so is the connection (by FIN)."""


class Request:
    """One request; the body is None until it was read."""

    def __init__(self, line, header_lines):
        self.method, self.path, _version = line.split(" ", 2)
        self.headers = {}
        for header in header_lines:
            name, _, value = header.partition(":")
            name, value = name.strip().lower(), value.strip()
            if name in self.headers:
                value = self.headers[name] + ", " + value
            self.headers[name] = value
        self.body = None

    @property
    def length(self):
        return int(self.headers.get("content-length", "0"))

    def as_record(self, connection, nth):
        record = {"t": time.monotonic_ns(), "connection": connection,
                  "nth": nth, "method": self.method, "path": self.path,
                  "headers": self.headers, "complete": self.body is not None}
        try:
            record["body"] = (self.body or b"").decode()
        except UnicodeDecodeError:
            record["body_base64"] = base64.b64encode(self.body).decode()
        return record


class Exchange:
    """One request on its connection, and the words to answer it with."""

    def __init__(self, peer, reader, writer, connection, nth, request):
        self.peer = peer
        self.reader = reader
        self.writer = writer
        self.connection = connection
        self.nth = nth
        self.request = request

    async def send(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status, extra=()):
        body = json.dumps({"status": status}).encode()
        lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}",
                 "Content-Type: application/json", *extra]
        if status in (204, 304):
            body = b""
        else:
            lines.append(f"Content-Length: {len(body)}")
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    async def read_body(self):
        if self.request.length > BODY_MAX:
            await self.answer(413)
            raise EndConnection
        if "100-continue" in self.request.headers.get("expect", ""):
            await self.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.request.body = await self.reader.readexactly(self.request.length)

    def record(self):
        self.peer.record(self.request.as_record(self.connection, self.nth))

    async def until_client_leaves(self):
        while await self.reader.read(65536):
            pass
        raise EndConnection

    def reset(self):
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        raise EndConnection


# ---- behaviours: each takes the exchange and the rest of the path ----

async def do_ok(exchange, _args):
    await exchange.answer(200)


async def do_status(exchange, args):
    await exchange.answer(int(args[0]))


async def do_gone(exchange, _args):
    await exchange.answer(410)


async def do_retry_after(exchange, args):
    value = args[0]
    if len(args) > 1 and args[1] == "date":
        value = email.utils.formatdate(time.time() + int(value), usegmt=True)
    await exchange.answer(429, [f"Retry-After: {value}"])


async def do_delay(exchange, args):
    await asyncio.sleep(int(args[0]) / 1000)
    await exchange.answer(200)


async def do_redirect(exchange, _args):
    await exchange.answer(302, ["Location: /ok"])


async def do_hang(exchange, _args):
    await exchange.until_client_leaves()


async def do_reset(exchange, _args):
    exchange.reset()


async def do_close(_exchange, _args):
    raise EndConnection


async def do_half_status(exchange, _args):
    await exchange.send(b"HTTP/1.1 2")
    raise EndConnection


async def do_half_body(exchange, _args):
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
                        + b"x" * 10)
    raise EndConnection


async def drip(exchange, data):
    for byte in data:
        await exchange.send(bytes([byte]))
        await asyncio.sleep(1)


async def do_drip(exchange, _args):
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3600\r\n\r\n")
    await drip(exchange, b"x" * 3600)


async def do_drip_status(exchange, _args):
    await drip(exchange, b"HTTP/1.1 200 " + b"O" * 3600)


async def do_body_huge(exchange, _args):
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
    for _ in range(16384):
        await exchange.send(b"x" * 65536)


async def do_chunked_endless(exchange, _args):
    await exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        await exchange.send(b"10000\r\n" + b"x" * 65536 + b"\r\n")


async def do_1xx_flood(exchange, _args):
    while True:
        await exchange.send(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        await asyncio.sleep(0.01)


async def do_header_flood(exchange, _args):
    await exchange.send(b"HTTP/1.1 200 OK\r\n")
    while True:
        await exchange.send(b"X-Flood: " + b"y" * 4000 + b"\r\n")


async def do_garbage(exchange, _args):
    await exchange.send(b"\x00\xff\xfeSSH-2.0-not-http\r\n\r\n")
    raise EndConnection


async def do_slow_close(exchange, _args):
    await exchange.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok")
    await asyncio.sleep(SLOW_CLOSE_SECONDS)
    raise EndConnection


async def do_keepalive_die(exchange, _args):
    if exchange.nth > 1:
        raise EndConnection
    await exchange.answer(200)


BEHAVIOURS = {
    "ok": do_ok, "status": do_status, "gone": do_gone,
    "retry-after": do_retry_after, "delay": do_delay,
    "redirect": do_redirect, "hang": do_hang, "reset-before": do_reset,
    "reset-after": do_reset, "close-after-request": do_close,
    "half-status": do_half_status, "half-body": do_half_body,
    "drip": do_drip, "drip-status": do_drip_status,
    "body-huge": do_body_huge, "chunked-endless": do_chunked_endless,
    "1xx-flood": do_1xx_flood, "header-flood": do_header_flood,
    "garbage": do_garbage, "slow-close": do_slow_close,
    "keepalive-die": do_keepalive_die,
}


class Peer:
    """The listening side: counts connections, records, finds behaviours."""

    def __init__(self, record_path):
        self.record_file = open(record_path, "a", encoding="utf-8") \
            if record_path else None
        self.connections = 0
        self.tries = {}

    def record(self, entry):
        if self.record_file:
            self.record_file.write(json.dumps(entry) + "\n")
            self.record_file.flush()

    def choose(self, request):
        """The behaviour's name and arguments for this request."""
        parts = request.path.split("?")[0].strip("/").split("/")
        if parts[0] == "script" and len(parts) > 1:
            key = (request.path, request.headers.get("webhook-id"))
            nth = self.tries.get(key, 0)
            self.tries[key] = nth + 1
            steps = parts[1].split(",")
            parts = steps[min(nth, len(steps) - 1)].split(":")
        return parts[0], parts[1:]

    async def one_request(self, reader, writer, connection, nth):
        """Serve one request; returns whether the connection goes on."""
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        request = Request(lines[0], [line for line in lines[1:] if line])
        exchange = Exchange(self, reader, writer, connection, nth, request)
        name, args = self.choose(request)
        if name == "reset-before":
            exchange.record()
            exchange.reset()
        if "transfer-encoding" in request.headers:
            await exchange.answer(411)
            raise EndConnection
        await exchange.read_body()
        exchange.record()
        behaviour = BEHAVIOURS.get(name)
        if behaviour is None:
            await exchange.answer(404)
        else:
            await behaviour(exchange, args)
        return request.headers.get("connection", "").lower() != "close"

    async def serve(self, reader, writer):
        self.connections += 1
        connection = self.connections
        nth = 1
        try:
            while await self.one_request(reader, writer, connection, nth):
                nth += 1
        except (EndConnection, ConnectionError, asyncio.IncompleteReadError,
                asyncio.LimitOverrunError, ssl.SSLError):
            pass
        finally:
            writer.close()


async def main():
    parser = argparse.ArgumentParser(
        description="HTTP endpoint that misbehaves on purpose.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--record", metavar="FILE")
    parser.add_argument("--cert", metavar="PEM", help="serve HTTPS with this")
    parser.add_argument("--key", metavar="PEM")
    options = parser.parse_args()

    tls = None
    if options.cert:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(options.cert, options.key)
    peer = Peer(options.record)
    server = await asyncio.start_server(peer.serve, "127.0.0.1", options.port,
                                        limit=HEAD_MAX, backlog=1024, ssl=tls)
    print(server.sockets[0].getsockname()[1], flush=True)

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    server.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
