"""Chromium without a window, driven over its own protocol (https://chromedevtools.github.io/devtools-protocol/)."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import connect
from websockets.sync.connection import Connection

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PATIENCE = 60.0


class Browser:
    """One tab. `requests` are the addresses it has asked for, `cookies_for` those it keeps."""

    def __init__(self, socket: Connection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.requests: list[str] = []
        self.frames: list[str] = []
        """What came through websockets, text as it is and bytes decoded."""
        for name in ("Network.enable", "Page.enable", "Runtime.enable"):
            self.command(name)

    def command(self, method: str, **given: Any) -> Any:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": given}))
        while True:
            value = json.loads(self._socket.recv(timeout=PATIENCE))
            self._note(value)
            if value.get("id") == number:
                assert "error" not in value, value
                return value["result"]

    def open(self, url: str) -> None:
        self.command("Page.navigate", url=url)

    def evaluate(self, expression: str) -> Any:
        return self.command("Runtime.evaluate", expression=expression)["result"].get("value")

    def until(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"never came: {what}; {self.evaluate('document.body.innerText')}"
            time.sleep(0.05)

    @property
    def is_painted(self) -> bool:
        return "-first-byte" in str(self.evaluate("document.body && document.body.className"))

    def drawn(self) -> str:
        """All that the screen has sent so far."""
        self.evaluate("1")
        return "".join(self.frames)

    def press(self, key: str) -> None:
        self.command("Input.dispatchKeyEvent", type="keyDown", text=key, key=key)
        self.command("Input.dispatchKeyEvent", type="keyUp", key=key)

    def picture(self) -> bytes:
        return base64.b64decode(self.command("Page.captureScreenshot")["data"])

    def _note(self, value: dict[str, Any]) -> None:
        given = value.get("params", {})
        match value.get("method"):
            case "Network.requestWillBeSent":
                self.requests.append(given["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(given["url"])
            case "Network.webSocketFrameReceived":
                frame = given["response"]
                text = frame["payloadData"]
                self.frames.append(base64.b64decode(text).decode("utf-8", "replace") if frame["opcode"] == 2 else text)


@contextmanager
def browser(folder: Path, size: tuple[int, int] = (1280, 800)) -> Iterator[Browser]:
    """`folder`: for its profile."""
    assert CHROMIUM is not None
    command = [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", f"--window-size={size[0]},{size[1]}"]
    command += ["--remote-debugging-port=0", f"--user-data-dir={folder}", "--no-first-run", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            with connect(_address(folder, process), max_size=None) as socket:
                yield Browser(socket)
        finally:
            process.kill()


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    told, deadline = folder / "DevToolsActivePort", time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, "the browser ended"
        assert time.monotonic() < deadline, "the browser never said where it listens"
        try:
            port = told.read_text().split()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/json", timeout=5) as answer:
                pages = [page for page in json.load(answer) if page["type"] == "page"]
            return str(pages[0]["webSocketDebuggerUrl"])
        except (OSError, IndexError):
            time.sleep(0.05)
