# SPDX-License-Identifier: Apache-2.0
"""A headless Chromium, spoken to over its debugging pipe: JSON messages that end in a NUL."""
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

# Nothing but the page itself: no first run, no update, no look into the network.
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-default-apps", "--disable-extensions", "--disable-breakpad", "--mute-audio",
         "--remote-debugging-pipe")


class Page:
    """One page in a browser of its own; close() ends both.

    What the page does by itself is kept: `requests` (URLs; `blocked` has those that the content
    security policy stopped), `complaints` (exceptions, errors and violations of the policy) and
    `dialogs`.
    """

    def __init__(self, width=1280, height=900):
        self._profile = tempfile.mkdtemp(prefix="gilwait-chromium-")
        to_browser, self._write = os.pipe()
        self._read, from_browser = os.pipe()
        self.requests, self.blocked, self.complaints, self.dialogs = [], [], [], []
        self._urls = {}
        self._last_id = 0
        self._session = None
        self._unread = b""
        # What it says on standard error is about desktops and buses, and never about the page.
        self._process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{to_browser} 4>&{from_browser}', "sh", CHROMIUM, *FLAGS,
             f"--user-data-dir={self._profile}", "about:blank"],
            pass_fds=(to_browser, from_browser), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        try:
            self._attach()
            self.resize(width, height)
        except BaseException:
            self.close()
            raise

    def _attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def resize(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                  deviceScaleFactor=1, mobile=False)

    def call(self, method, **params):
        """One command of the protocol; returns its result."""
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + 60
        while True:
            answer = self._message(end)
            if answer.get("id") == self._last_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            self._event(answer)

    def _message(self, end):
        while b"\0" not in self._unread:
            if not select.select([self._read], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError("the browser does not answer")
            read = os.read(self._read, 1 << 20)
            if not read:
                raise EOFError(f"the browser ended with {self._process.wait(10)}")
            self._unread += read
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)

    def _event(self, event):
        params = event.get("params", {})
        if event["method"] == "Network.requestWillBeSent":
            self._urls[params["requestId"]] = params["request"]["url"]
            self.requests.append(params["request"]["url"])
        elif event["method"] == "Network.loadingFailed" and params.get("blockedReason") == "csp":
            self.blocked.append(self._urls[params["requestId"]])
        elif event["method"] == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"]))
        elif event["method"] == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif event["method"] == "Page.javascriptDialogOpening":
            self.dialogs.append(params["message"])

    def evaluate(self, expression):
        """The value (also a promised one) of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True,
                           returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def open(self, path):
        """Opens a file and waits until the page says that it is drawn, or that it cannot be."""
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.wait_until('document.documentElement?.dataset.ready === "yes" ||'
                        ' document.querySelector("#problem:not([hidden])") !== null')
        self.settle()

    def wait_until(self, expression):
        """Waits until a JavaScript expression is true."""
        end = time.monotonic() + 60
        while not self.evaluate(expression):
            if time.monotonic() > end:
                raise TimeoutError(f"in vain: {expression}")
            time.sleep(0.05)

    def settle(self):
        """Waits until what was started is drawn: two frames of the browser."""
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
                      ".then(() => null)")

    def press(self, key, text=None):
        for kind in ("keyDown", "keyUp"):
            extra = {"text": text} if text and kind == "keyDown" else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, **extra)
        self.settle()

    def write(self, text):
        self.call("Input.insertText", text=text)
        self.settle()

    def click(self, x, y):
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
        self.settle()

    def close(self):
        os.close(self._write)
        os.close(self._read)
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)
