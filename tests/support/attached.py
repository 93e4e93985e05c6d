"""A batch that screens can attach to, in this process, and screens on it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cozebatch.batch.request import Request
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.demo.coze_server import RunningCoze
from cozebatch.engine.engine import Outcome
from cozebatch.model.board import Board
from cozebatch.model.errors import UsageError
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.settings import parse_settings
from cozebatch_tui.attach.host import Host
from cozebatch_tui.attach.place import Place, read_place
from cozebatch_tui.attach.remote import RemoteSession
from cozebatch_tui.exit_codes import exit_of
from cozebatch_tui.screen.view_model import ViewModel
from cozebatch_tui.session.session import Session

PATIENCE = 20.0


def until(condition: Callable[[], object], what: str = "", seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(0.01)


@dataclass
class Served:
    """A batch that runs with a host."""

    folder: Path
    session: Session
    host: Host
    running: Future[Outcome]

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def place(self) -> Place:
        """Raises `UsageError` when the batch has ended."""
        until(lambda: self.running.done() or read_place(self.state) is not None, "the place")
        place = read_place(self.state)
        if place is None:
            raise UsageError(Text.same("the batch has ended"))
        return place

    @property
    def board(self) -> Board:
        """The engine's own; for a look while nothing moves."""
        return self.session.batch.engine.board

    def count(self, state: State) -> int:
        return self.board.counts[state]

    def connect(self) -> socket.socket:
        found = socket.create_connection(("127.0.0.1", self.place.port), timeout=PATIENCE)
        found.settimeout(PATIENCE)
        return found


@dataclass
class Screen:
    """An attached screen without its painting."""

    session: RemoteSession
    model: ViewModel

    def until(self, condition: Callable[[Board], object], what: str = "") -> None:
        def holds() -> object:
            self.model.pump()
            return condition(self.model.board)

        until(holds, what)


@contextmanager
def served(
    folder: Path, coze: RunningCoze, rows: Sequence[dict[str, str]], *, trial: int | None = None, **workflow: Any
) -> Iterator[Served]:
    """It is stopped at the end if it still runs."""
    folder.mkdir(exist_ok=True)
    (folder / "tasks.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    settings, _ = parse_settings(
        {
            "workflow_config": {
                "coze_config": {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": coze.url},
                "poll_interval": 0.1,
                "synthesis": {"mode": "none"},
                **workflow,
            }
        }
    )
    request = Request(
        kind="file", tasks_file=folder / "tasks.json", state_dir=folder / "state", results_dir=folder, lang="en"
    )
    with Session(settings, request) as session:
        session.open()
        preview = session.prepare().result(PATIENCE)
        if trial is not None:
            preview = preview.canary(trial)
        host = Host(session, "test", "cozebatch-tui --tasks tasks.json")
        session.add_service(host.serving())
        running = session.run(preview, keep_open=host.keeps_open)
        running.add_done_callback(lambda done: host._end(int(exit_of(done.result()))))
        try:
            yield Served(folder, session, host, running)
        finally:
            if not running.done():
                session.stop()
            running.result(PATIENCE)


@contextmanager
def attached(found: Served) -> Iterator[Screen]:
    assert found.place
    with RemoteSession([found.state]) as session:
        session.open()
        model = ViewModel(session.subscribe())
        model.pump()
        yield Screen(session, model)
