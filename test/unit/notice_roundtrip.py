#!/usr/bin/python3
"""Notices rendered by notice_tool, read back by Python's own HTML parser and
by a small reader of RFC 5545.

usage: notice_roundtrip.py PATH_OF_NOTICE_TOOL

A hundred and fifty pseudo-random notices (the seed is fixed), hostile values
among them, must come back as well-formed documents that say what went in, say
the same in HTML and in text, load nothing but the logo, and meet the basics of
accessibility: language, one first-level heading and no gaps below it,
landmarks, table headers, alternative texts, contrast.  Prints TAP.
"""
import html.parser
import random
import re
import subprocess
import sys
import tempfile

NOTICES = 150
RESULTS = ["html", "text", "push_title", "push_body", "sms", "calendar"]
VOID = {"meta", "br", "hr", "img"}
LANGUAGES = ["it", "en", "de", "fr", "es", "sl", "de-AT", "ja", "x\"><b>"]
VALUES = [
    "Mario Rossi", "Nicolò D'Amico & figli", "<b>grassetto</b>", "](javascript:alert(1))", "</h1></div></html>",
    "\" onclick=\"alert(1)", "a\r\nBcc: x@y.it\r\n.\r\n", "--><script>x</script><!--", "&lt;&amp;", "日本語のお知らせ", "שלום עולם",
    "😀👨‍👩‍👧", "\u202eoirartnoc\u202c", "\u2066x", "%s%n{{x}}", "x" * 3000, "parola " * 300, "e\u0301" * 100, "\u0085\u2028\x01", "'", "",
]
MARKDOWN = [
    "# Titolo", "### Sotto", "###### In fondo", "Testo *con* **enfasi** e `codice`.", "- uno\n- due\n  - tre", "1. uno\n2. due",
    "> citazione\n> > doppia", "```\n<codice> & altro\n```", "[sito](https://comune.example.it/a?b=1&c=2)", "[no](javascript:alert(1))",
    "![foto](https://evil.example/x.png)", "<script>alert(1)</script>", "***", "Vai su https://comune.example.it/x o www.example.it.",
    "---", "<h1>finto</h1>", "a < b & c > d", "[x](<https://a.example/\"onload=1>)", "[t](https://a.example 'i > j \" k')",
]
COLORS = [None, "#ffffff", "#000000", "#ffcc00", "#7a1f3d", "#777777", "#00ff00", "rosso", "#12345", "#123456;}"]


def random_notice(rng, number):
    value = lambda: rng.choice(VALUES)
    notice = {
        "id": "0190c1a0-1111-7abc-8def-%012d" % number, "language": rng.choice(LANGUAGES),
        "organization": value(), "service_title": value(), "subject": value(),
        "markdown": "\n\n".join(rng.choice(MARKDOWN) for _ in range(rng.randint(1, 12))) + "\n\nMARKER " + value() + "\n",
    }
    if rng.random() < 0.3:
        notice["markdown"] = "---\nit:\n  cta_1:\n    text: FRONT\n---\n" + notice["markdown"]
    if rng.random() < 0.7:
        notice["due_date"] = str(rng.randint(1, 4102444800) * 1000000)
    if rng.random() < 0.5:
        notice.update(payment_amount=str(rng.randint(1, 9999999999)), payment_notice="3" + "%017d" % rng.randint(0, 10 ** 17 - 1),
                      payment_payee="%011d" % rng.randint(0, 10 ** 11 - 1), invalid_after=str(rng.randint(0, 1)))
    if rng.random() < 0.5:
        notice.update(layout="", footer=rng.choice(MARKDOWN), contacts=value(), unsubscribe_text=value(), layout_organization=value(),
                      logo_url=rng.choice(["https://comune.example.it/l.png?a=1&b=2", "http://x/y.png", "javascript:x", value()]), logo_alt=value(),
                      website=rng.choice(["https://comune.example.it/", "javascript:x", value()]))
        color = rng.choice(COLORS)
        if color:
            notice["primary_color"] = color
    if rng.random() < 0.5:
        notice["unsubscribe_url"] = rng.choice(["https://comune.example.it/u?token=x&y=1", "http://x/", value()])
    if rng.random() < 0.2:
        notice["preview_only"] = "1"
    if rng.random() < 0.1:
        notice["secure"] = "1"
    return notice


def render(tool, notices):
    """Runs the tool once; returns a list of {result: (status, text)}."""
    with tempfile.NamedTemporaryFile() as file:
        for notice in notices:
            for field, value in list(notice.items()) + [("build", "")]:
                octets = value.replace("\x00", "").encode()
                file.write(b"%s %d\n%s\n" % (field.encode(), len(octets), octets))
        file.flush()
        out = subprocess.run([tool, file.name], stdout=subprocess.PIPE, check=True).stdout
    results = []
    while out:
        line, out = out.split(b"\n", 1)
        status, length = line.decode().split()
        results.append((status, out[:int(length)].decode()))
        out = out[int(length):]
    return [dict(zip(RESULTS, results[i:i + len(RESULTS)])) for i in range(0, len(results), len(RESULTS))]


def luminance(color):
    channels = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    high, low = sorted((luminance(a) + 0.05, luminance(b) + 0.05), reverse=True)
    return high / low


class Page(html.parser.HTMLParser):
    """Collects what a page says, and whatever is wrong with its structure."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.stack, self.wrong, self.headings, self.roles, self.loads, self.links = [], [], [], [], [], []
        self.text, self.hidden, self.title, self.language = [], [], "", None

    def handle_decl(self, decl):
        if decl.lower() != "doctype html" or self.stack:
            self.wrong.append("doctype")

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        attrs = dict(attrs)
        style = dict(part.split(":", 1) for part in (attrs.get("style") or "").split(";") if ":" in part)
        if len(set(names)) != len(names) or any(name.startswith("on") for name in names):
            self.wrong.append("attributes of %s: %s" % (tag, names))
        if tag in ("script", "iframe", "object", "link", "form", "base", "svg"):
            self.wrong.append("tag " + tag)
        if tag == "html":
            self.language = attrs.get("lang")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append([int(tag[1]), ""])
        if attrs.get("role"):
            self.roles.append(attrs["role"])
        if tag == "img":
            self.loads.append(attrs.get("src"))
            if "alt" not in attrs or "width" not in attrs or "height" not in attrs:
                self.wrong.append("img without alt, width or height")
        if tag == "table" and attrs.get("role") != "presentation" and attrs.get("class") != "fact":
            self.wrong.append("a table that is not data")
        if tag == "th" and attrs.get("scope") != "row":
            self.wrong.append("th without scope")
        if tag == "a":
            self.links.append(attrs.get("href") or "")
        ink, ground = self.colors()
        ink, ground = style.get("color", ink), style.get("background-color", ground)
        if contrast(ink, ground) < 4.5:
            self.wrong.append("contrast of %s on %s in %s" % (ink, ground, tag))
        if tag not in VOID:
            self.stack.append((tag, ink, ground, attrs.get("aria-hidden") == "true"))

    def colors(self):
        return self.stack[-1][1:3] if self.stack else ("#000000", "#ffffff")

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if not self.stack or self.stack[-1][0] != tag:
            self.wrong.append("</%s> in %s" % (tag, [s[0] for s in self.stack]))
        else:
            self.stack.pop()

    def handle_comment(self, data):
        if data not in ("[if mso]><table role=\"presentation\" align=\"center\" width=\"640\" cellpadding=\"0\" cellspacing=\"0\" border=\"0\"><tr><td><![endif]",
                        "[if mso]></td></tr></table><![endif]"):
            self.wrong.append("comment " + data)

    def handle_data(self, data):
        tags = [s[0] for s in self.stack]
        if "style" in tags:
            if re.search(r"url\(|@import|expression|</", data):
                self.wrong.append("style sheet")
        elif "title" in tags:
            self.title += data
        elif any(s[3] for s in self.stack):
            self.hidden.append(data)
        else:
            self.text.append(data)
            if tags and re.fullmatch("h[1-6]", tags[-1]):
                self.headings[-1][1] += data


def squeeze(text):
    """Only letters and digits: what must be the same however it is set."""
    return re.sub(r"[\W_]+", "", text)


def line(value):
    """What ion_notice_line() makes of a value, up to where it may be cut."""
    value = re.sub("[\u202a-\u202e\u2066-\u2069]", "", value)
    return re.sub("[\x00-\x20\x7f-\x9f\u2028\u2029]+", " ", value).strip()[:100]


def page_problems(notice, page_text, plain):
    page = Page()
    page.feed(page_text)
    page.close()
    found = list(page.wrong)
    shown = "".join(page.text)
    secure, preview = "secure" in notice, "preview_only" in notice
    if page.stack:
        found.append("open at the end: %s" % page.stack)
    if not re.fullmatch("[A-Za-z0-9-]+", page.language or "") or (notice["language"].isalpha() and page.language != notice["language"]):
        found.append("language %r" % page.language)
    levels = [level for level, _ in page.headings]
    if levels.count(1) != 1 or levels[0] != 1 or set(levels) != set(range(1, max(levels) + 1)):
        found.append("headings %r" % levels)
    if any(not text.strip() for level, text in page.headings):
        found.append("empty heading")
    if page.roles.count("main") != 1 or page.roles.count("banner") > 1 or page.roles.count("contentinfo") > 1:
        found.append("landmarks %r" % page.roles)
    if [src for src in page.loads if src != "https://comune.example.it/l.png?a=1&b=2"]:
        found.append("loads %r" % page.loads)
    if [url for url in page.links if not re.match("https?://|mailto:", url)]:
        found.append("links %r" % page.links)
    if page.headings[0][1].replace("\u200b", "") != page.title:
        found.append("title %r" % page.title)
    if re.search("[\u202a-\u202e\u2066-\u2069\x01]", page_text + plain) or "\r" in plain or "FRONT" in page_text + plain:
        found.append("what must not be shown")
    if not secure:
        for field in ["subject"] + (["organization"] if not line(notice.get("layout_organization", "")) else []):
            if line(notice[field]) not in shown.replace("\u200b", ""):
                found.append("%s is missing in HTML" % field)
            if squeeze(line(notice[field])) not in squeeze(plain):
                found.append("%s is missing in text" % field)
    if not secure and not preview:
        if "MARKER" not in shown or "MARKER" not in plain:
            found.append("the text is missing")
        for field in ("payment_notice", "payment_payee"):
            if field in notice and (notice[field] not in shown.replace(" ", "") or notice[field] not in plain.replace(" ", "")):
                found.append("%s is missing" % field)
    elif "payment_amount" in notice and notice["payment_notice"] in (shown + plain).replace(" ", ""):
        found.append("a payment in a preview")
    if secure and squeeze("MARKER" + shown).count("MARKER") != 1:
        found.append("content of a secure notice")
    if preview and not secure:
        if page.links and not (len(page.links) <= 1 + plain.count("http") + 3):
            found.append("links in a preview")
        if "[" not in shown and "https://comune.example.it/a?b" in shown:
            found.append("a URL in a preview")
    for row in plain.split("\n"):
        if len(row) > 72 and re.search(r"\S +\S", row[:72]) and not re.match(r"(> )*    ", row) and len(row.split()) > 3:
            found.append("a line of %d" % len(row))
    return found


def calendar_problems(notice, text):
    """RFC 5545: lines of 75 octets, properties, nesting, what was said."""
    found = []
    if not text.endswith("\r\n") or re.search("[^\r]\n|\r[^\n]", text):
        found.append("line ends")
    physical = text.split("\r\n")[:-1]
    if any(len(row.encode()) > 75 for row in physical):
        found.append("a long line")
    rows = []
    for row in physical:
        if row.startswith(" "):
            rows[-1] += row[1:]
        else:
            rows.append(row)
    stack, properties = [], {}
    for row in rows:
        match = re.fullmatch(r"([A-Z-]+)((?:;[A-Z-]+=(?:\"[^\"\x00-\x1f]*\"|[^\";:,\x00-\x1f]*))*):(.*)", row)
        if not match:
            found.append("not a content line: %r" % row)
            continue
        name, parameters, value = match.groups()
        if name == "BEGIN":
            stack.append(value)
        elif name == "END":
            if not stack or stack.pop() != value:
                found.append("nesting")
        else:
            properties.setdefault("/".join(stack), []).append((name, parameters, value))
    event = {name: (parameters, value) for name, parameters, value in properties.get("VCALENDAR/VEVENT", [])}
    alarm = {name: value for name, _, value in properties.get("VCALENDAR/VEVENT/VALARM", [])}
    if stack or sorted(properties) != ["VCALENDAR", "VCALENDAR/VEVENT", "VCALENDAR/VEVENT/VALARM"]:
        found.append("components %r" % sorted(properties))
    if len(event) != len(properties.get("VCALENDAR/VEVENT", [])) or ("METHOD", "", "PUBLISH") not in properties["VCALENDAR"]:
        found.append("properties")
    if event["UID"][1] != notice["id"] or not re.fullmatch(r"\d{8}T\d{6}Z", event["DTSTAMP"][1]):
        found.append("UID or DTSTAMP")
    parameters, start = event["DTSTART"]
    if not (re.fullmatch(r"\d{8}T\d{6}Z", start) and parameters == "" or re.fullmatch(r"\d{8}", start) and parameters == ";VALUE=DATE"):
        found.append("DTSTART %r" % start)
    if alarm.get("ACTION") != "DISPLAY" or alarm.get("TRIGGER") not in ("-P1D", "-PT15H"):
        found.append("alarm")
    undone = re.sub(r"\\(.)", lambda m: "\n" if m.group(1) == "n" else m.group(1), event["DESCRIPTION"][1])
    said = re.sub("\r\n?", "\n", notice["markdown"]).replace("\t", " ")
    if undone != re.sub("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]", "", said):
        found.append("description")
    return found


def main():
    rng = random.Random(20261123)
    notices = [random_notice(rng, n) for n in range(NOTICES)]
    rendered = render(sys.argv[1], notices)
    failed = 0
    for number, (notice, result) in enumerate(zip(notices, rendered), 1):
        found = ["%s: %s" % (name, text) for name, (status, text) in result.items() if status != "ok" and name != "calendar"]
        if not found:
            found = page_problems(notice, result["html"][1], result["text"][1])
            found += ["control in " + name for name in RESULTS[2:5] if re.search("[\x00-\x1f\x7f-\x9f\u2028]", result[name][1])]
        if ("due_date" in notice) != (result["calendar"][0] == "ok"):
            found.append("calendar: " + result["calendar"][1])
        elif "due_date" in notice:
            found += calendar_problems(notice, result["calendar"][1])
        failed += bool(found)
        print("%sok %d - notice %d is sound" % ("not " if found else "", number, number))
        for what in found:
            print("# " + what.replace("\n", "\n# "))
    print("%sok %d - every notice was rendered" % ("" if len(rendered) == NOTICES else "not ", NOTICES + 1))
    print("1..%d" % (NOTICES + 1))
    return 0 if failed == 0 and len(rendered) == NOTICES else 1


if __name__ == "__main__":
    sys.exit(main())
