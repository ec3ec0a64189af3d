#!/usr/bin/env python3
"""The far side of the demo: an SMTP server and an HTTP endpoint on 127.0.0.1.

    demo_sink.py DIR SECRET

Whatever arrives is written, readable, to DIR/mail.txt and DIR/webhook.txt; the
process id and ports go to DIR/ports once both listen.  Webhooks are checked as the Standard
Webhooks specification says (HMAC-SHA256 over id, timestamp and body).
"""

import asyncio
import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import sys
import threading
import time

from aiosmtpd.smtp import SMTP

CLOCK_TOLERANCE_S = 300
BODY_MAX = 1 << 20
RULE = "-" * 72


class MailBox:
    """Accepts every mail and writes it down."""

    def __init__(self, path):
        self.path = path

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        lines = [RULE, f"MAIL FROM:<{envelope.mail_from}>", f"RCPT TO:<{'>, <'.join(envelope.rcpt_tos)}>", ""]
        lines += [f"{name}: {value}" for name, value in message.items()]
        for part in message.walk():
            if part.get_content_maintype() == "text":
                lines += ["", f"[{part.get_content_type()}]", part.get_content().rstrip()]
        with open(self.path, "a", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        return "250 2.0.0 accepted"


class Hook(http.server.BaseHTTPRequestHandler):
    """Accepts webhooks whose signature holds."""

    protocol_version = "HTTP/1.1"
    path_out = None
    key = b""
    lock = threading.Lock()

    def log_message(self, format, *args):
        pass

    def signature_problem(self, body):
        ident = self.headers.get("webhook-id", "")
        stamp = self.headers.get("webhook-timestamp", "")
        if not stamp.isdigit() or abs(time.time() - int(stamp)) > CLOCK_TOLERANCE_S:
            return "its timestamp is missing or too far from now"
        digest = hmac.new(self.key, f"{ident}.{stamp}.".encode() + body, hashlib.sha256).digest()
        expected = "v1," + base64.b64encode(digest).decode()
        given = self.headers.get("webhook-signature", "").split()
        if not any(hmac.compare_digest(expected, one) for one in given):
            return "its signature is not ours"
        return None

    def do_POST(self):
        length = int(self.headers.get("content-length", "0"))
        if length > BODY_MAX:
            self.send_error(413)
            return
        body = self.rfile.read(length)
        problem = self.signature_problem(body)
        lines = [RULE, f"POST {self.path}"]
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += ["signature: " + ("verified" if problem is None else f"REFUSED, {problem}"), ""]
        try:
            lines.append(json.dumps(json.loads(body), indent=2, ensure_ascii=False))
        except ValueError:
            lines.append(body.decode("utf-8", "replace"))
        with self.lock, open(self.path_out, "a", encoding="utf-8") as out:
            out.write("\n".join(lines) + "\n")
        self.send_response(200 if problem is None else 401)
        self.send_header("content-length", "0")
        self.end_headers()


class HookServer(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the dispatcher opens many connections at once


async def main():
    folder = pathlib.Path(sys.argv[1])
    mail, hooks = folder / "mail.txt", folder / "webhook.txt"
    mail.touch()
    hooks.touch()

    loop = asyncio.get_running_loop()
    box = MailBox(mail)
    smtp = await loop.create_server(
        lambda: SMTP(box, hostname="sink.example.it", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )

    Hook.path_out = hooks
    Hook.key = base64.b64decode(sys.argv[2].removeprefix("whsec_"))
    http_server = HookServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=http_server.serve_forever, daemon=True).start()

    ports = folder / "ports.new"
    smtp_port, http_port = smtp.sockets[0].getsockname()[1], http_server.server_address[1]
    ports.write_text(f"{os.getpid()} {smtp_port} {http_port}\n", encoding="ascii")
    os.rename(ports, folder / "ports")
    await smtp.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
