"""Chromium by its own debugging pipe: no driver, no port, nothing to install but the browser."""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
PATIENCE = 120  # seconds without a word from the browser: it hangs


def program():
    for name in NAMES:
        if path := shutil.which(name):
            return path
    raise RuntimeError("no Chromium in PATH (Debian: apt-get install chromium)")


def high(fd):
    """The same descriptor above those that the browser expects its pipe at (3 and 4)."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


class Browser:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="report-browser-")
        theirs_in, ours_out = map(high, os.pipe())
        ours_in, theirs_out = map(high, os.pipe())
        path = program()
        quiet = os.open(os.path.join(self.folder, "log"), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC)
        arguments = [path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                     f"--user-data-dir={self.folder}/profile", "--remote-debugging-pipe", "about:blank"]
        self.pid = os.posix_spawn(path, arguments, {**os.environ, "HOME": self.folder}, setpgroup=0, file_actions=[
            (os.POSIX_SPAWN_DUP2, theirs_in, 3), (os.POSIX_SPAWN_DUP2, theirs_out, 4),
            (os.POSIX_SPAWN_DUP2, quiet, 1), (os.POSIX_SPAWN_DUP2, quiet, 2)])
        for fd in (theirs_in, theirs_out, quiet):
            os.close(fd)
        self.read_fd, self.write_fd = ours_in, ours_out
        self.buffer, self.last, self.events = b"", 0, []

    def receive(self):
        while b"\0" not in self.buffer:
            if not select.select([self.read_fd], [], [], PATIENCE)[0]:
                raise RuntimeError("the browser says nothing any more")
            data = os.read(self.read_fd, 1 << 20)
            if not data:
                with open(f"{self.folder}/log", encoding="utf-8", errors="replace") as log:
                    raise RuntimeError("the browser ended: " + log.read()[-2000:])
            self.buffer += data
        message, _, self.buffer = self.buffer.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **params):
        self.last += 1
        message = {"id": self.last, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.write_fd, data):]
        while True:
            answer = self.receive()
            if answer.get("id") == self.last:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self.events.append(answer)

    def close(self):
        os.close(self.write_fd)
        os.close(self.read_fd)
        os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        shutil.rmtree(self.folder, ignore_errors=True)


class Page:
    """One tab. What went wrong in it is collected; what it asked the network for as well."""

    def __init__(self, browser, width=1280, height=900, dark=False):
        self.browser = browser
        self.target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=self.target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def events(self, *methods):
        return [e for e in self.browser.events if e.get("sessionId") == self.session and e.get("method") in methods]

    def open(self, path):
        self.call("Page.navigate", url=f"file://{path}")
        while not self.events("Page.loadEventFired"):
            self.browser.events.append(self.browser.receive())
        return self

    def js(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:2000])
        return answer["result"].get("value")

    def key(self, key, shift=False):
        codes = {"Tab": 9, "Enter": 13, " ": 32, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40}
        text = {"Enter": "\r", " ": " "}.get(key, "")
        common = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": codes[key], "modifiers": 8 * shift}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **common)
        self.call("Input.dispatchKeyEvent", type="keyUp", **common)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def complaints(self):
        self.js("0")  # what was under way has arrived by then
        return [json.dumps(e["params"])[:500] for e in self.events("Runtime.exceptionThrown", "Page.javascriptDialogOpening")] + [
            json.dumps(e["params"])[:500] for e in self.events("Runtime.consoleAPICalled") if e["params"]["type"] in ("error", "warning", "assert")] + [
            json.dumps(e["params"])[:500] for e in self.events("Log.entryAdded") if e["params"]["entry"]["level"] in ("error", "warning")]

    def requests(self):
        return [e["params"]["request"]["url"] for e in self.events("Network.requestWillBeSent")]

    def screenshot(self, path, tall=5000):
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], tall), "scale": 1}
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
        with open(path, "wb") as f:
            f.write(base64.b64decode(shot["data"]))

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)
        self.browser.events = [e for e in self.browser.events if e.get("sessionId") != self.session]
