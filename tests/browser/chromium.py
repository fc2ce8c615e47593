"""Headless Chromium, driven by the DevTools protocol over a pipe: pages, scripts in them, and what the network answered."""

import base64
import json
import os
import queue
import shutil
import subprocess
import tempfile
import threading

# For the browser to start, load a page or answer.
TIMEOUT_SECONDS = 120


class Chromium:
    """A browser with a profile of its own; names ending in .test lead to this machine."""

    def __init__(self):
        self.profile = tempfile.mkdtemp()
        child_reads, self._to = os.pipe()
        answers, child_writes = os.pipe()
        self.process = subprocess.Popen(
            ["bash", "-c", f'exec "$@" 3<&{child_reads} 4>&{child_writes}', "bash", "chromium", "--headless", "--no-sandbox",
             "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
             "--host-resolver-rules=MAP *.test 127.0.0.1", f"--user-data-dir={self.profile}", "--remote-debugging-pipe"],
            pass_fds=(child_reads, child_writes), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        os.close(child_reads)
        os.close(child_writes)
        self._answers, self._events, self._last = queue.Queue(), {}, 0
        threading.Thread(target=self._read, args=(answers,), daemon=True).start()

    def _read(self, answers):
        rest = b""
        while chunk := os.read(answers, 65536):
            *whole, rest = (rest + chunk).split(b"\0")
            for text in whole:
                message = json.loads(text)
                if "id" in message:
                    self._answers.put(message)
                else:
                    self._events.setdefault(message.get("sessionId"), []).append(message)

    def call(self, method, session=None, **parameters):
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = self._answers.get(timeout=TIMEOUT_SECONDS)
        assert answer["id"] == self._last, answer
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def events(self, session, method):
        return [event["params"] for event in list(self._events.get(session, [])) if event["method"] == method]

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """A tab."""

    def __init__(self, browser, width=900):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Network", "Log", "Runtime", "DOM"]:
            self._call(f"{domain}.enable")
        self.size(width, 900)

    def _call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def size(self, width, height, scale=1):
        """Of the window, in CSS pixels; and how many pixels of a picture each of them is."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=False)

    def without_scroll_bars(self):
        """As on a phone."""
        self._call("Emulation.setScrollbarsHidden", hidden=True)

    def picture(self):
        """A PNG of the window."""
        return base64.b64decode(self._call("Page.captureScreenshot", format="png")["data"])

    def open(self, url):
        loads = len(self._loads())
        answer = self._call("Page.navigate", url=url)
        assert "errorText" not in answer, answer
        self.wait("the page is loaded", lambda: len(self._loads()) > loads)

    def _loads(self):
        return self.browser.events(self.session, "Page.loadEventFired")

    def without_scripts(self):
        self._call("Emulation.setScriptExecutionDisabled", value=True)

    def run(self, script):
        """The value of an expression; of a promise, what it ends with."""
        answer = self._call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def type(self, selector, text):
        """As a person does, without scripts too."""
        root = self._call("DOM.getDocument")["root"]["nodeId"]
        node = self._call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self._call("DOM.focus", nodeId=node)
        self._call("Input.insertText", text=text)

    def enter(self):
        """Sends the form of the focused field."""
        for kind in ["keyDown", "keyUp"]:
            self._call("Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13)

    def html(self):
        """Empty while another page is being loaded."""
        try:
            root = self._call("DOM.getDocument", depth=-1)["root"]["nodeId"]
            return self._call("DOM.getOuterHTML", nodeId=root)["outerHTML"]
        except RuntimeError:
            return ""

    def statuses(self, url):
        """Of all answers of this address, preflights too."""
        responses = self.browser.events(self.session, "Network.responseReceived")
        return [answer["response"]["status"] for answer in responses if answer["response"]["url"] == url]

    def complaints(self):
        """What the browser has logged of the page: broken policies, files that are not there."""
        entries = [event["entry"] for event in self.browser.events(self.session, "Log.entryAdded")]
        # Nobody asks for an icon but the browser.
        return [entry["text"] for entry in entries if not entry.get("url", "").endswith("/favicon.ico")]

    def wait(self, what, condition):
        pause = threading.Event()
        for _ in range(TIMEOUT_SECONDS * 50):
            if condition():
                return
            # Lets the reader go on.
            pause.wait(0.02)
        raise AssertionError(f"timed out waiting until {what}: {self.html()}")
