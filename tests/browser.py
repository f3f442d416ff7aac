"""Chromium without a window, asked through the DevTools protocol over two pipes: messages are JSON, each ended by NUL.

Source of the protocol: chromedevtools.github.io/devtools-protocol; of the pipes: Chromium's
``content/browser/devtools/devtools_pipe_handler.cc`` (it reads from descriptor 3 and writes to 4).
"""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Any

LAUNCHER = """
import fcntl, os, sys
fds = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]
for number, fd in enumerate(fds, 3):
    os.dup2(fd, number)
    os.close(fd)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts the pipes where Chromium looks for them, and becomes it."""
PATIENCE = 120.0
"""Seconds for one answer: machines that test are slow at times."""


def find_browser() -> str | None:
    """Return Chromium, where it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class BrowserError(Exception):
    """The browser refused, or does not answer."""


class Browser:
    """One browser with one page. trouble: what the page complained of; requests: the addresses it asked for."""

    def __init__(self, program: str, profile: Path) -> None:
        ours, theirs = os.pipe()
        back, answer = os.pipe()
        argv = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"]
        argv += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"]
        argv += ["--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
        launch = [sys.executable, "-c", LAUNCHER, str(ours), str(answer), *argv]
        log = (profile.parent / f"{profile.name}.log").open("wb")
        with log:
            self._process = subprocess.Popen(launch, pass_fds=(ours, answer), stderr=log, stdout=log)
        os.close(ours)
        os.close(answer)
        self._write, self._read = theirs, back
        self._numbers = itertools.count(1)
        self._left = b""
        self._events: deque[dict[str, Any]] = deque()
        self.trouble: list[str] = []
        self.requests: list[str] = []
        try:
            self._session = self._attached()
        except BaseException:
            self._stop()
            raise

    def _attached(self) -> str:
        target = self._ask("Target.createTarget", {"url": "about:blank"})["targetId"]
        session: str = self._ask("Target.attachToTarget", {"targetId": target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._ask(f"{domain}.enable", {}, session)
        return session

    def _stop(self) -> None:
        self._process.kill()
        self._process.wait(30)
        os.close(self._write)
        os.close(self._read)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(BrowserError, OSError, subprocess.TimeoutExpired):
            self._ask("Browser.close", {})
            self._process.wait(30)
        self._stop()

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Ask something of the page."""
        return self._ask(method, params, self._session)

    def open(self, address: str) -> dict[str, float]:
        """Load a page and wait for it; returns milliseconds until it could be used and until it was there."""
        self.trouble.clear()
        self.requests.clear()
        self._events.clear()
        failed = self.ask("Page.navigate", url=address).get("errorText")
        if failed:
            raise BrowserError(f"{address}: {failed}")
        self._await("Page.loadEventFired")
        found: dict[str, float] = self.run(
            "(() => { const [n] = performance.getEntriesByType('navigation');"
            " return {ready: n.domContentLoadedEventEnd, load: n.loadEventEnd}; })()"
        )
        return found

    def run(self, code: str) -> Any:
        """Return what an expression of JavaScript is, as JSON has it. Promises are waited for."""
        found = self.ask("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise BrowserError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    def press(self, key: str, *, shift: bool = False) -> None:
        """Press and release a key."""
        codes = {"Tab": 9, "Enter": 13, " ": 32, "ArrowDown": 40, "ArrowUp": 38, "Backspace": 8, "Home": 36, "End": 35}
        text = {"Enter": "\r", " ": " "}.get(key, key if len(key) == 1 else "")
        code = codes.get(key, ord(key[0].upper()))
        said = {"key": key, "code": "Space" if key == " " else key, "windowsVirtualKeyCode": code}
        said |= {"modifiers": 8 if shift else 0}
        self.ask(
            "Input.dispatchKeyEvent",
            type="keyDown" if text else "rawKeyDown",
            **said,
            **({"text": text} if text else {}),
        )
        self.ask("Input.dispatchKeyEvent", type="keyUp", **said)

    def type(self, text: str) -> None:
        """Put a text where the cursor is, as typing it would."""
        self.ask("Input.insertText", text=text)

    def scheme(self, name: str) -> None:
        """Prefer ``light`` or ``dark``."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def size(self, width: int, height: int) -> None:
        """Give the window a size."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def picture(self, file: Path | None = None, *, whole: bool = False) -> bytes:
        """Return what is seen as PNG; whole: all of the page."""
        data = base64.b64decode(self.ask("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"])
        if file:
            file.write_bytes(data)
        return data

    def _ask(self, method: str, params: dict[str, Any], session: str | None = None) -> dict[str, Any]:
        number = next(self._numbers)
        said = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        os.write(self._write, json.dumps(said).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == number:
                if "error" in found:
                    raise BrowserError(f"{method}: {found['error']}")
                answer: dict[str, Any] = found["result"]
                return answer
            self._told(found)

    def _await(self, event: str) -> None:
        while not any(each["method"] == event for each in self._events):
            self._told(self._next())

    def _told(self, found: dict[str, Any]) -> None:
        if "method" not in found:
            return
        self._events.append(found)
        params = found["params"]
        if found["method"] == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif found["method"] in ("Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
            self.trouble.append(json.dumps(params))
        elif found["method"] == "Log.entryAdded":
            self.trouble.append(f"{params['entry']['source']}: {params['entry']['text']}")

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._left:
            if not select.select([self._read], [], [], max(0.0, end - time.monotonic()))[0]:
                raise BrowserError("the browser does not answer")
            chunk = os.read(self._read, 1 << 20)
            if not chunk:
                raise BrowserError("the browser is gone")
            self._left += chunk
        message, _, self._left = self._left.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found
