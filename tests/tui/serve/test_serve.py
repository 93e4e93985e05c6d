"""The web screen: who gets in and who does not, what is painted, and that nothing of a tab outlives it."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.sync.connection import Connection

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch_tui.attach.place import FILE_NAME, read_place
from cozebatch_tui.serve.site import STATIC
from cozebatch_tui.serve.tab import clamped, packed
from support.attached import until
from support.browser import CHROMIUM, browser
from support.program import Program

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="looks at processes as /proc shows them")
PATIENCE = 40.0


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: str


@dataclass
class Web:
    """A site before a batch that runs."""

    process: subprocess.Popen[str]
    link: str

    @property
    def port(self) -> int:
        found = re.search(r":(\d+)/", self.link)
        assert found is not None
        return int(found[1])

    def get(self, path: str, **headers: str) -> Answer:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        with closing(connection):
            connection.putrequest("GET", path, skip_host="Host" in headers)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            with connection.getresponse() as response:
                return Answer(response.status, dict(response.headers), response.read().decode("utf-8", "replace"))

    def enter(self) -> str:
        """Use the link up; the cookie it is exchanged for."""
        answer = self.get(self.link.partition(str(self.port))[2])
        assert answer.status == 303
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=strict" in cookie.lower()
        return str(cookie).partition(";")[0]

    def tab(self, cookie: str = "", origin: str = "", query: str = "?width=100&height=30") -> ClientConnection:
        return connect(
            f"ws://127.0.0.1:{self.port}/ws{query}",
            origin=origin or f"http://127.0.0.1:{self.port}",  # type: ignore[arg-type]
            additional_headers={"Cookie": cookie} if cookie else {},
            max_size=None,
            open_timeout=PATIENCE,
        )

    def children(self) -> list[int]:
        """Processes that the site has started and that run."""
        found = []
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                state, parent = path.read_text().rpartition(")")[2].split()[:2]
                if int(parent) == self.process.pid and state != "Z":
                    found.append(int(path.parent.name))
        return found


def read_until(tab: Connection, word: str) -> str:
    seen, deadline = "", time.monotonic() + PATIENCE
    while word not in seen:
        assert time.monotonic() < deadline, f"never came: {word}; {seen[-2000:]}"
        with suppress(TimeoutError):
            some = tab.recv(timeout=1.0)
            seen += some.decode("utf-8", "replace") if isinstance(some, bytes) else some
    return seen


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    with serve_coze(CozeOptions(duration=60.0)) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(3)
        env = {"COZEBATCH_SETTINGS": str(tmp_path / "settings.json")}
        done = program.run("--lang", "zh", "--detach", "--config", "c.json", "--tasks", "tasks.json", env=env)
        assert done.code == 0, done.err
        with program.start("serve", "--lang", "zh", env=env) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            link = re.search(r"http://\S+", line)
            assert link is not None, line
            try:
                yield Web(process, link[0])
            finally:
                process.terminate()
                process.communicate(timeout=20)
                place = read_place(tmp_path / ".cozebatch")
                if place is not None:
                    os.kill(place.pid, signal.SIGTERM)
                    until(lambda: not (tmp_path / ".cozebatch" / FILE_NAME).exists(), "the batch's end")


def test_the_link_works_once_and_nobody_gets_in_without_its_cookie(web: Web) -> None:
    assert web.get("/").status == 403
    assert web.get("/?token=guess").status == 403
    cookie = web.enter()
    page = web.get("/", Cookie=cookie)
    body = page.body
    assert page.status == 200
    assert "http" not in re.sub(r"ws://127\.0\.0\.1:\d+/ws", "", body), "nothing is loaded from elsewhere"
    assert web.link.partition("token=")[2] not in body
    again = web.get(web.link.partition(str(web.port))[2])
    assert again.status == 403
    for header, word in (("content-security-policy", "default-src 'none'"), ("x-content-type-options", "nosniff")):
        assert word in page.headers[header]


def test_under_a_foreign_name_nothing_is_answered(web: Web) -> None:
    for host in ("evil.example", f"evil.example:{web.port}", f"127.0.0.1.evil.example:{web.port}", "127.0.0.1"):
        assert web.get("/", Host=host).status == 421
    assert web.get("/", Host=f"localhost:{web.port}").status == 403


@pytest.mark.parametrize("path", ["/static/", "/static", "/static/../site.py", "/static/%2e%2e/site.py", "/etc/passwd"])
def test_only_the_sites_own_files_are_given_out(web: Web, path: str) -> None:
    assert web.get(path).status == 404


def test_every_file_of_the_page_is_there_with_its_licence(web: Web) -> None:
    for name in ("textual.js", "xterm.css", "page.css"):
        assert web.get(f"/static/{name}").status == 200
    assert web.get("/static/README.md").status == 404
    licences = {path.name for path in STATIC.glob("LICENSE*")}
    assert licences == {"LICENSE-textual-serve.txt"}


def test_a_tab_needs_cookie_and_origin(web: Web) -> None:
    cookie = web.enter()
    for given, origin in (("", ""), ("cozebatch=x", ""), (cookie, "http://evil.example"), (cookie, "null")):
        with pytest.raises(InvalidStatus) as refused:
            web.tab(given, origin)
        assert refused.value.response.status_code == 403
    assert web.children() == []


def test_a_tab_is_a_screen_that_takes_keys_and_ends_with_it(web: Web) -> None:
    with web.tab(web.enter()) as tab:
        assert "文件夹" not in read_until(tab, "标题3号")
        assert len(web.children()) == 1
        tab.send(json.dumps(["stdin", "?"]))
        seen = read_until(tab, "返回或清除")
        assert "文件夹" not in seen, "nothing is opened on the batch's machine"
        tab.send("nonsense")
        tab.send(json.dumps(["resize", {"width": 10**9, "height": "x"}]))
        tab.send(json.dumps(["ping", 1]))
    until(lambda: web.children() == [], "no child outlives its tab")


def test_no_child_outlives_a_site_that_is_killed(web: Web) -> None:
    with web.tab(web.enter()) as tab:
        read_until(tab, "标题3号")
        (child,) = web.children()
        web.process.kill()
        web.process.wait(10)
    until(lambda: not Path(f"/proc/{child}").exists() or "Z" in _state(child), "the child's end")


def _state(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return "Z"


def test_more_tabs_than_there_is_room_for_are_told(web: Web) -> None:
    cookie = web.enter()
    tabs = [web.tab(cookie) for _ in range(8)]
    with web.tab(cookie) as ninth:
        told = ninth.recv(timeout=PATIENCE)
        assert isinstance(told, bytes)
        assert "8" in told.decode()
        with pytest.raises(ConnectionClosed):
            ninth.recv(timeout=PATIENCE)
    for tab in tabs:
        tab.close()
    until(lambda: web.children() == [], "no child outlives its tab", PATIENCE)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_a_browser_paints_it_in_chinese_and_a_key_changes_it(web: Web, tmp_path: Path) -> None:
    with browser(tmp_path / "profile") as shown:
        shown.open(web.link)
        shown.until(lambda: shown.is_painted, "painted")
        shown.until(lambda: "标题3号" in shown.drawn(), "the tasks")
        shown.until(lambda: shown.evaluate("document.querySelectorAll('canvas').length"), "a canvas")
        assert shown.evaluate("location.search") == ""
        assert shown.evaluate("document.cookie") == ""
        before = shown.picture()
        shown.evaluate("document.querySelector('textarea').focus()")
        shown.press("?")
        shown.until(lambda: "帮助" in shown.drawn() and shown.picture() != before, "another picture")
        elsewhere = [
            url for url in shown.requests if f"127.0.0.1:{web.port}" not in url and not url.startswith("data:")
        ]
        assert elsewhere == []
    until(lambda: web.children() == [], "no child outlives its tab")


def test_a_command_started_for_a_browser_starts_no_batch(tmp_path: Path) -> None:
    with serve_coze() as coze:
        program = Program(tmp_path, coze.url).configure().tasks(1)
        env = {"TEXTUAL_DRIVER": "textual.drivers.web_driver:WebDriver"}
        done = program.run("--config", "c.json", "--tasks", "tasks.json", "--yes", env=env)
        assert done.code == 2
        assert "serve" in done.err
        assert coze.ledger().executions == {}


def test_what_a_browser_sends_is_clamped() -> None:
    assert clamped("1e9", (20, 500), 80) == 80
    assert clamped(10**30, (20, 500), 80) == 500
    assert clamped(-1, (20, 500), 80) == 20
    assert clamped(None, (20, 500), 80) == 80


@pytest.mark.parametrize("message", ["", "{}", "[]", "[1]", '["stdin"]', '["stdin", 1]', '["quit"]', "[" * 100_000])
def test_what_is_no_message_reaches_no_child(message: str) -> None:
    assert packed(message) is None
