"""The real application on a real session, against a simulated Coze over real sockets, driven by Textual's pilot."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from cozebatch.batch.request import Request
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.demo.coze_server import RunningCoze
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch.settings import parse_settings
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.screens.main import MainScreen
from cozebatch_tui.screen.startup import AppStart, Ask
from cozebatch_tui.session.session import Session

PATIENCE = 60.0


def shown(app: App[Any]) -> str:
    """What stands on the screen, as plain text."""
    return "\n".join(strip.text for strip in app.screen._compositor.render_strips())


async def until(pilot: Pilot[Any], condition: Callable[[], object], what: str = "") -> None:
    """Let the application work until it holds."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"never came: {what}; {shown(pilot.app)}"
        await pilot.pause(0.02)


@dataclass
class Screen:
    """What a test looks at and types into."""

    app: CozebatchApp
    pilot: Pilot[Any]

    @property
    def main(self) -> MainScreen:
        return next(screen for screen in self.app.screen_stack if isinstance(screen, MainScreen))

    def states(self) -> dict[str, State]:
        return {task_id: row.state for task_id, row in self.app.view_model.board.rows.items()}

    def count(self, state: State) -> int:
        return self.app.view_model.board.counts[state]

    async def until(self, condition: Callable[[], object], what: str = "") -> None:
        await until(self.pilot, condition, what)

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    def text(self) -> str:
        return shown(self.app)


@asynccontextmanager
async def application(
    folder: Path,
    coze: RunningCoze,
    rows: Sequence[dict[str, str]],
    *,
    lang: Lang = "en",
    size: tuple[int, int] = (120, 40),
    begin_at_once: bool = True,
    token: str = TOKEN,
    **workflow: Any,
) -> AsyncIterator[Screen]:
    """The running application; it is left, drained, at the end."""
    import json

    (folder / "tasks.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    config = {
        "workflow_config": {
            "coze_config": {"token": token, "workflow_id": WORKFLOW_ID, "base_url": coze.url},
            "poll_interval": 0.1,
            "synthesis": {"mode": "none"},
            **workflow,
        }
    }
    settings, _ = parse_settings(config)

    def make_session(ask: Ask) -> Session:
        request = Request(
            kind="file",
            tasks_file=folder / "tasks.json",
            state_dir=folder / "state",
            results_dir=folder,
            lang=lang,
            accept_rebuilt=ask,
        )
        return Session(settings, request)

    app = CozebatchApp(AppStart(make_session=make_session, lang=lang, title="test", begin_at_once=begin_at_once))
    try:
        async with app.run_test(size=size, notifications=True) as pilot:
            screen = Screen(app, pilot)
            if begin_at_once:
                await screen.until(lambda: any(isinstance(s, MainScreen) for s in app.screen_stack), "main screen")
                await screen.until(lambda: len(app.view_model.board.rows) == len(rows), "rows")
            yield screen
    finally:
        app.batch.stop()
        if app.batch.running is not None:
            app.batch.running.result(timeout=PATIENCE)
        app.batch.close()


def rows(count: int, **columns: str) -> list[dict[str, str]]:
    return [
        {"task_id": f"t{n}", "title": f"标题{n}号", "content": f"文案{n}号", **columns} for n in range(1, count + 1)
    ]
