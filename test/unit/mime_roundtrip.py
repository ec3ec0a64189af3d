#!/usr/bin/python3
"""Mails built by mime_tool, read back by Python's own e-mail parser.

usage: mime_roundtrip.py PATH_OF_MIME_TOOL

Two hundred pseudo-random mails (the seed is fixed) must come back with the
names, subject, header and bodies that went in, and obey the line limits of
RFC 5322, RFC 2045 and RFC 2047.  Prints TAP.
"""
import email
import email.header
import email.policy
import email.utils
import random
import re
import subprocess
import sys
import tempfile

MAILS = 200
ALPHABETS = [
    "abcdefghijklmnopqrstuvwxyz ABCDEFG 0123456789 ",
    "perché città così più «virgolette» – ",
    "a b,;:<>@()[]\\\"'.=?_#%&*+/",
    "日本語のお知らせ漢字かな ",
    "😀🎉👨‍👩‍👧 🇮🇹 x ",
    "Ελληνικά Русский עברית العربية ",
]
BODY_EXTRA = ["\n", "\r\n", "\r", "\n\n", " \n", "\t\n", "From x\n", ".\n", "=", "\x01", "\x1b[0m"]


def words(rng, limit):
    """Text of up to limit characters from one or two alphabets."""
    letters = rng.choice(ALPHABETS) + (rng.choice(ALPHABETS) if rng.random() < 0.5 else "")
    return "".join(rng.choice(letters) for _ in range(rng.randint(0, limit)))


def body(rng):
    """Text with every kind of line end and awkward line."""
    return "".join(
        rng.choice(BODY_EXTRA) if rng.random() < 0.3 else words(rng, rng.choice([5, 40, 200]))
        for _ in range(rng.randint(0, 30)))


def random_mail(rng, number):
    mail = {
        "from_name": words(rng, 60), "from_addr": "no-reply@città.test",
        "to_addr": "mario.rossi+%d@example.it" % number, "subject": words(rng, 150),
        "text": body(rng), "message_id": "m%d.1@example.it" % number,
        "date": str(rng.randint(0, 253402300799)), "boundary_seed": words(rng, 20),
        "extra_name": "X-Prova", "extra_value": "x" + words(rng, 120).replace("=?", "") + "x",
    }
    if rng.random() < 0.8:
        mail["html"] = "<p>" + body(rng) + "</p>"
    if rng.random() < 0.3:
        mail["calendar"] = "BEGIN:VCALENDAR\r\n" + body(rng) + "\r\nEND:VCALENDAR\r\n"
    if rng.random() < 0.5:
        mail["language"] = rng.choice(["it", "de-AT", "en"])
    return mail


def build(tool, mails):
    """Runs the tool once; returns a list of (status, octets)."""
    with tempfile.NamedTemporaryFile() as file:
        for mail in mails:
            for field, value in list(mail.items()) + [("build", "")]:
                octets = value.encode()
                file.write(b"%s %d\n%s\n" % (field.encode(), len(octets), octets))
        file.flush()
        out = subprocess.run([tool, file.name], stdout=subprocess.PIPE, check=True).stdout
    built = []
    while out:
        line, out = out.split(b"\n", 1)
        status, length = line.decode().split()
        built.append((status, out[:int(length)]))
        out = out[int(length):]
    return built


def canonical(text):
    return re.sub("\r\n|\r|\n", "\r\n", text)


def decoded(value):
    """An unfolded, decoded unstructured header."""
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value)
    return str(email.header.make_header(email.header.decode_header(unfolded)))


def part_text(part):
    return part.get_payload(decode=True).decode("utf-8")


def problems(mail, octets):
    """What came back differently, as a list of words."""
    found = []
    head = octets.split(b"\r\n\r\n", 1)[0]
    if re.search(rb"[^\r]\n|\r[^\n]", octets) or not octets.endswith(b"\r\n"):
        found.append("line ends")
    if re.search(rb"[^\x20-\x7e\r\n]", octets):
        found.append("octets")
    # A word of an ASCII extra header is never split: it may have its own syntax.
    unsplit = [w.encode() for w in mail["extra_value"].split(" ") if w.isascii() and len(w) > 68]
    for line in octets.split(b"\r\n"):
        if len(line) > 78 and line not in [b"X-Prova: " + w for w in unsplit] + [b" " + w for w in unsplit]:
            found.append("line length: %r" % line)
    if any(len(word) > 75 for word in re.findall(rb"=\?UTF-8\?[QB]\?[^?]*\?=", head)):
        found.append("encoded-word length")

    parsed = email.message_from_bytes(octets, policy=email.policy.compat32)
    for name in ("From", "To", "Date", "Message-ID", "Subject", "MIME-Version", "Auto-Submitted", "X-Prova"):
        if len(parsed.get_all(name, [])) != 1:
            found.append("number of " + name)
    if decoded(parsed["Subject"]) != mail["subject"]:
        found.append("subject %r" % decoded(parsed["Subject"]))
    if decoded(parsed["X-Prova"]) != mail["extra_value"]:
        found.append("extra %r" % decoded(parsed["X-Prova"]))
    name, addr = email.utils.parseaddr(re.sub(r"\r?\n(?=[ \t])", "", parsed["From"]))
    if decoded(name) != mail["from_name"] or addr != "no-reply@xn--citt-3na.test":
        found.append("from %r" % ((decoded(name), addr),))
    if parsed["To"] != mail["to_addr"] or parsed["Message-ID"] != "<%s>" % mail["message_id"]:
        found.append("addresses")
    if int(email.utils.parsedate_to_datetime(parsed["Date"]).timestamp()) != int(mail["date"]):
        found.append("date")
    if parsed["Content-Language"] != mail.get("language"):
        found.append("language")

    shape = [part.get_content_type() for part in parsed.walk()]
    wanted_shape = ["multipart/mixed"] * ("calendar" in mail) + ["multipart/alternative"] * ("html" in mail)
    wanted_shape += ["text/plain"] + ["text/html"] * ("html" in mail) + ["text/calendar"] * ("calendar" in mail)
    if shape != wanted_shape:
        found.append("parts %r" % shape)
    parts = [part for part in parsed.walk() if not part.is_multipart()]
    wanted = [mail[key] for key in ("text", "html", "calendar") if key in mail]
    if "calendar" in mail and (parts[-1].get_content_disposition(), parts[-1].get_filename(), parts[-1].get_param("method")) != (
            "attachment", "calendar.ics", "PUBLISH"):
        found.append("the calendar's fields")
    for part, want in zip(parts, wanted):
        got = part_text(part)
        want = canonical(want)
        # A single part is the message's end, so it always ends its last line.
        if len(wanted) == 1 and not want.endswith("\r\n"):
            want, got = want + "\r\n", got if got.endswith("\r\n") else got + "\r\n"
        if got != want:
            found.append("body")
        for line in part.get_payload().splitlines():
            if len(line) > 76:
                found.append("encoded line length")
    if any(part.defects for part in parsed.walk()):
        found.append("defects")
    return found


def main():
    rng = random.Random(20260801)
    mails = [random_mail(rng, n) for n in range(MAILS)]
    built = build(sys.argv[1], mails)
    failed = encodings = 0
    for number, (mail, (status, octets)) in enumerate(zip(mails, built), 1):
        found = problems(mail, octets) if status == "ok" else [octets.decode()]
        encodings |= (1 if b"quoted-printable" in octets else 0) | (2 if b": base64" in octets else 0)
        encodings |= (4 if b"=?UTF-8?Q?" in octets else 0) | (8 if b"=?UTF-8?B?" in octets else 0)
        failed += bool(found)
        print("%sok %d - mail %d comes back as it went in" % ("not " if found else "", number, number))
        for what in found:
            print("# " + what)
    print("%sok %d - every mail was built" % ("" if len(built) == MAILS else "not ", MAILS + 1))
    print("%sok %d - all four encodings occurred" % ("" if encodings == 15 else "not ", MAILS + 2))
    print("1..%d" % (MAILS + 2))
    return 0 if failed == 0 and len(built) == MAILS and encodings == 15 else 1


if __name__ == "__main__":
    sys.exit(main())
