#!/usr/bin/python3
"""page_audit: HTML pages as a browser shows them, looked over.

    page_audit available      exits 0, or 1 with the reason it cannot run
    page_audit run FOLDER     standard input: a JSON list of pages
                              {"name", "html", "width", "height", "dark"}
                              standard output: one JSON object per page

Headless Chromium opens every page from a file in FOLDER, whose name must be
short (sockets lie there), with nothing to resolve names with, and is told what to do through two pipes (the DevTools
protocol: JSON messages, each ended by a zero byte).  For each page:

    problems     what WCAG's plain rules have against it, as sentences
    title, h1, text, links
    pwned        whether anything in it set a variable of that name
    frames       the same of each sandboxed frame
    requests     what the page and its frames asked for, besides themselves
    shot         width and height of a picture of the window, and how many
                 different lines it has: an empty page has two or three
    frame_shots  the same of each frame

With PAGE_SHOTS naming a folder the pictures stay there.
"""

import base64
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib

PATIENCE = 20  # seconds for an answer
EMPTY_LINES = 20  # different lines a picture of a border and nothing in it may have
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SWITCHES = [
    "--headless=new", "--remote-debugging-pipe", "--disable-gpu", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", "--no-proxy-server"]

# Runs in the page.  Contrast is WCAG 2.1's, criterion 1.4.3, and asked of
# large text too; a text's ground is what its ancestors paint, one over another.
AUDIT = r"""
(() => {
  const problems = [], say = (text, node) => problems.push(text + (node ? ": " + name(node) : ""));
  const name = node => ("<" + node.nodeName.toLowerCase() + "> " + (node.textContent || node.outerHTML || "").trim().replace(/\s+/g, " ")).slice(0, 80);
  const all = selector => [...document.querySelectorAll(selector)];
  const canvas = document.createElement("p");
  const rgba = text => { const n = text.match(/[\d.]+/g).map(Number); return [n[0], n[1], n[2], n.length > 3 ? n[3] : 1]; };
  const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const contrast = (a, b) => { const [x, y] = [light(a), light(b)]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05); };
  const shown = e => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && e.getClientRects().length > 0;

  canvas.style.backgroundColor = "Canvas";
  document.body.append(canvas);
  const bottom = rgba(getComputedStyle(canvas).backgroundColor);
  canvas.remove();
  const ground = e => {
    const layers = [];
    for (; e; e = e.parentElement) layers.push(rgba(getComputedStyle(e).backgroundColor));
    return layers.reverse().reduce((under, layer) => over(layer, under), bottom);
  };

  if (document.compatMode !== "CSS1Compat") say("no document type");
  if (!/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(document.documentElement.lang)) say("no language: '" + document.documentElement.lang + "'");
  all("[lang]").forEach(e => { if (!/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(e.lang)) say("a language that is none", e); });
  if (!document.title.trim()) say("no title");
  if (!document.querySelector("meta[name=viewport]")) say("no viewport");

  const headings = all("h1,h2,h3,h4,h5,h6"), level = h => Number(h.nodeName[1]);
  if (headings.filter(h => level(h) === 1).length !== 1) say("first-level headings: " + headings.filter(h => level(h) === 1).length);
  headings.forEach((h, i) => {
    if (!h.textContent.trim()) say("an empty heading", h);
    if (level(h) > (i ? level(headings[i - 1]) : 0) + 1) say("a heading skips a level", h);
  });
  if (all("main,[role=main]").length !== 1) say("main landmarks: " + all("main,[role=main]").length);
  if (document.querySelector("h1") && !document.querySelector("h1").closest("main,[role=main],header,[role=banner]")) say("the heading lies in no landmark");
  all("nav,section").forEach(e => {
    const label = e.getAttribute("aria-labelledby");
    if (label ? !document.getElementById(label) : !e.getAttribute("aria-label")) say("a region without a name", e);
  });
  all("[id]").forEach(e => { if (all("#" + CSS.escape(e.id)).length > 1) say("an id twice", e); });
  all("img").forEach(e => { if (!e.hasAttribute("alt")) say("an image without alt", e); });
  all("iframe").forEach(e => { if (!e.title.trim()) say("a frame without title", e); });
  all("table").forEach(e => {
    if (e.getAttribute("role") !== "presentation" && [...e.querySelectorAll("th")].some(th => !th.scope)) say("a table heading without scope", e);
    if (e.getAttribute("role") !== "presentation" && !e.querySelector("th")) say("a table without headings", e);
  });
  all("a[href]").forEach(e => {
    if (!e.textContent.trim() && !e.querySelector("img[alt]:not([alt=''])")) say("a link without text", e);
    if (shown(e) && !getComputedStyle(e).textDecorationLine.includes("underline")) say("a link known by its colour alone", e);
    if (!/^(https?:|mailto:|tel:|file:|about:|#)/.test(e.href)) say("a link of an odd scheme", e);
  });
  all("script,object,embed,form,base,link").forEach(e => say("an element that has no place here", e));
  all("*").forEach(e => { for (const a of e.attributes) if (/^on/i.test(a.name)) say("an event handler", e); });

  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const e = node.parentElement;
    if (!node.data.trim() || e.closest("style,title") || !shown(e)) continue;
    const style = getComputedStyle(e), back = ground(e), ratio = contrast(over(rgba(style.color), back), back);
    if (ratio < 4.5) say("contrast " + ratio.toFixed(2) + " of " + style.color + " on " + back.slice(0, 3).map(Math.round), e);
    if (parseFloat(style.fontSize) < 12) say("text of " + style.fontSize, e);
  }
  // criterion 1.4.10 asks for 320; a frame may be narrower still
  if (innerWidth >= 320 && document.documentElement.scrollWidth > innerWidth) say("wider than the window by " + (document.documentElement.scrollWidth - innerWidth));
  scrollTo(0, 0);
  return {
    problems, title: document.title, h1: all("h1").map(e => e.textContent), text: document.body.innerText,
    links: all("a[href]").map(e => e.getAttribute("href")), pwned: window.pwned !== undefined,
    iframes: all("iframe").length, fetched: performance.getEntriesByType("resource").map(e => e.name)
  };
})()
"""


class Browser:
    """A running Chromium, and one page of it."""

    def __init__(self, program, folder, sandbox):
        to_child, self.write_end = os.pipe()
        self.read_end, from_child = os.pipe()

        def as_three_and_four():
            # beyond 4 first, lest one end overwrite the other
            ends = [os.dup2(to_child, 103), os.dup2(from_child, 104)]
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        command = [program, *SWITCHES, "--user-data-dir=" + os.path.join(folder, "profile")]
        self.log = open(os.path.join(folder, "browser.log"), "wb")
        self.process = subprocess.Popen(
            command + ([] if sandbox else ["--no-sandbox"]), preexec_fn=as_three_and_four, pass_fds=(3, 4),
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log, start_new_session=True,
            env={**os.environ, "HOME": folder, "TMPDIR": folder})
        os.close(to_child)
        os.close(from_child)
        self.buffer = b""
        self.number = 0
        self.session = None
        self.requests = []
        self.frames = []  # sessions of those that have a process of their own
        self.loaded = False

    def start(self):
        target = self.call("Target.createTarget", {"url": "about:blank"})["targetId"]
        self.session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        self.call("Page.enable")
        self.watch(self.session)

    def watch(self, session):
        """Hears what a page, or a frame in a process of its own, asks for."""
        self.send("Network.enable", session=session)
        self.send("Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}, session)
        self.send("Runtime.runIfWaitingForDebugger", session=session)

    def receive(self):
        end = time.monotonic() + PATIENCE
        while b"\0" not in self.buffer:
            if not select.select([self.read_end], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            data = os.read(self.read_end, 1 << 20)
            if not data:
                raise EOFError("the browser is gone")
            self.buffer += data
        message, self.buffer = self.buffer.split(b"\0", 1)
        message = json.loads(message)
        method, params = message.get("method"), message.get("params", {})
        if method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("file:", "data:", "about:")):
                self.requests.append(url)
        elif method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Target.attachedToTarget" and "sessionId" in message:
            self.frames.append(params["sessionId"])
            self.watch(params["sessionId"])
        return message

    def send(self, method, params=None, session=None):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params or {}}
        if session or self.session:
            message["sessionId"] = session or self.session
        os.write(self.write_end, json.dumps(message).encode() + b"\0")
        return self.number

    def call(self, method, params=None, session=None):
        number = self.send(method, params, session)
        while True:
            answer = self.receive()
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]

    def open(self, url, page):
        self.call("Emulation.setDeviceMetricsOverride", {
            "width": page["width"], "height": page["height"], "deviceScaleFactor": 1, "mobile": False})
        scheme = {"features": [{"name": "prefers-color-scheme", "value": "dark" if page.get("dark") else "light"}]}
        self.call("Emulation.setEmulatedMedia", scheme)
        self.requests, self.frames, self.loaded = [], [], False
        self.call("Page.navigate", {"url": url})
        while not self.loaded:
            self.receive()
        for frame in self.frames:
            self.call("Emulation.setEmulatedMedia", scheme, frame)

    def evaluate(self, script, session=None):
        answer = self.call("Runtime.evaluate", {"expression": script, "returnByValue": True}, session)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"].get("exception", {}).get("description", "the script failed"))
        return answer["result"].get("value")

    def shot(self, frame=None):
        """The window, or a frame of the page, which must come into sight to be painted."""
        params = {"format": "png"}
        if frame is not None:
            params["clip"] = self.evaluate("""(() => {
                const frame = document.querySelectorAll("iframe")[%d];
                frame.scrollIntoView({ block: "center" });
                const r = frame.getBoundingClientRect();
                return { x: r.x + scrollX, y: r.y + scrollY, width: r.width, height: r.height, scale: 1 };
            })()""" % frame)
        return base64.b64decode(self.call("Page.captureScreenshot", params)["data"])

    def stop(self):
        """Ends the browser with its children, which are in its session."""
        try:
            os.close(self.write_end)
            self.process.wait(3)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()


def picture(png):
    """The size of a PNG, and how many different lines it has."""
    width, height, depth, colours = struct.unpack(">IIBB", png[16:26])
    data, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at:at + 4])
        if png[at + 4:at + 8] == b"IDAT":
            data += png[at + 8:at + 8 + length]
        at += 12 + length
    row = 1 + width * {2: 3, 6: 4}[colours] * depth // 8
    data = zlib.decompress(data)
    return {"width": width, "height": height, "lines": len({data[i:i + row] for i in range(0, len(data), row)})}


def painted(browser, frame):
    """A frame that has just come into sight is painted a little later."""
    for _ in range(20):
        shot = picture(browser.shot(frame))
        if shot["lines"] > EMPTY_LINES:
            break
        time.sleep(0.1)
    return shot


def audit(browser, folder, page):
    path = os.path.join(folder, "page.html")
    with open(path, "w", encoding="utf-8") as file:
        file.write(page["html"])
    browser.open("file://" + path, page)
    result = browser.evaluate(AUDIT)
    shot = browser.shot()
    result["name"] = page["name"]
    result["shot"] = picture(shot)
    result["frames"] = [browser.evaluate(AUDIT, frame) for frame in browser.frames]
    result["frame_shots"] = [painted(browser, frame) for frame in range(result.pop("iframes"))]
    requests = browser.requests + result.pop("fetched")
    for frame in result["frames"]:
        requests += frame.pop("fetched")
    result["requests"] = sorted(set(requests))
    if os.environ.get("PAGE_SHOTS"):
        with open(os.path.join(os.environ["PAGE_SHOTS"], page["name"] + ".png"), "wb") as file:
            file.write(shot)
    return result


def launch(program, folder):
    """With the browser's own sandbox where the system allows it."""
    error = None
    for sandbox in (True, False):
        browser = Browser(program, folder, sandbox)
        try:
            browser.start()
            return browser
        except (EOFError, TimeoutError, BrokenPipeError) as problem:
            error = problem
            browser.stop()
    with open(os.path.join(folder, "browser.log"), errors="replace") as log:
        sys.exit("Chromium did not start: %s\n%s" % (error, log.read()[-2000:]))


def find_program():
    for name in BROWSERS:
        if shutil.which(name):
            return shutil.which(name)
    return None


def main():
    program = find_program()
    if sys.argv[1:2] == ["available"]:
        sys.exit(None if program else "there is no Chromium")
    if sys.argv[1:2] != ["run"] or len(sys.argv) != 3 or not program:
        sys.exit(__doc__)
    pages = json.load(sys.stdin)
    folder = tempfile.mkdtemp(dir=sys.argv[2])
    browser = launch(program, folder)
    try:
        print(json.dumps([audit(browser, folder, page) for page in pages]))
    finally:
        browser.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
