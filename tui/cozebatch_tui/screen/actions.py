"""What the operator can do to tasks, from any screen: each action that costs money asks once, with the number.

Commands go to the engine's thread and answer through futures; a worker of the app waits for them, never a handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import webbrowser
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.screen.screens.dialogs import Confirm, Prompt

if TYPE_CHECKING:
    from cozebatch_tui.screen.app import CozebatchApp


class Actions:
    """Bound to one app; every method returns at once."""

    def __init__(self, app: CozebatchApp) -> None:
        self._app = app

    def retry(self, task_ids: Sequence[str]) -> None:
        """Free: go on from the failed step."""
        if not self._some(task_ids):
            return

        async def work() -> None:
            done = await asyncio.wrap_future(self._app.session.retry(task_ids))
            told = texts.RETRIED.in_(self._app.lang).format(count=len(done), rest=len(task_ids) - len(done))
            self._app.say(told)

        self._app.run_worker(work(), exit_on_error=False)

    def rerun(self, task_ids: Sequence[str]) -> None:
        """Paid: asks first."""
        board = self._app.view_model.board
        ended = [task_id for task_id in task_ids if board.rows[task_id].state.is_end]
        if not self._some(ended):
            return

        async def work() -> None:
            question = texts.CONFIRM_RERUN.in_(self._app.lang).format(count=len(ended))
            if await self._app.push_screen_wait(Confirm(question, self._app.lang)):
                done = await asyncio.wrap_future(self._app.session.rerun(ended))
                self._app.say(texts.RERUN_DONE.in_(self._app.lang).format(count=len(done)))

        self._app.run_worker(work(), exit_on_error=False)

    def cancel(self, task_ids: Sequence[str]) -> None:
        board = self._app.view_model.board
        states = {task_id: board.rows[task_id].state for task_id in task_ids}
        going = [task_id for task_id, state in states.items() if not state.is_end or state is State.HELD]
        if not self._some(going):
            return

        async def work() -> None:
            question = texts.CONFIRM_CANCEL.in_(self._app.lang).format(count=len(going))
            if await self._app.push_screen_wait(Confirm(question, self._app.lang)):
                await asyncio.wrap_future(self._app.session.cancel(going))

        self._app.run_worker(work(), exit_on_error=False)

    def adopt(self, row: Row) -> None:
        async def work() -> None:
            typed = await self._app.push_screen_wait(Prompt(texts.ADOPT_PROMPT.in_(self._app.lang)))
            if typed:
                await asyncio.wrap_future(self._app.session.adopt(row.task_id, typed))

        self._app.run_worker(work(), exit_on_error=False)

    def toggle_pause(self) -> None:
        changing = self._app.session.toggle_pause()

        async def work() -> None:
            await asyncio.wrap_future(changing)

        self._app.run_worker(work(), exit_on_error=False)

    def change_limit(self, stage: Stage, step: int) -> None:
        changing = self._app.session.change_limit(stage, step)

        async def work() -> None:
            limit = await asyncio.wrap_future(changing)
            what = texts.GAUGE_COZE if stage is Stage.COZE else texts.GAUGE_SYNTHESIS
            self._app.say(texts.LIMIT_NOW.in_(self._app.lang).format(what=what.in_(self._app.lang), limit=limit))

        self._app.run_worker(work(), exit_on_error=False)

    def open_link(self, row: Row) -> None:
        """Only an https address leaves for the browser."""
        if row.debug_url and row.debug_url.startswith("https://"):
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(row.debug_url)
            self._app.say(row.debug_url)
        else:
            self._app.say(texts.NO_LINK.in_(self._app.lang))

    def copy(self, row: Row) -> None:
        """The most useful of what is known: the film's path, else the debug link, else the ids."""
        text = row.video_path or row.draft_path or row.debug_url or row.execute_id or row.task_id
        self._app.copy_to_clipboard(text)
        self._app.say(f"{texts.COPIED.in_(self._app.lang)}: {text}")

    def _some(self, task_ids: Iterable[str]) -> bool:
        if any(True for _ in task_ids):
            return True
        self._app.say(texts.NOTHING_CHOSEN.in_(self._app.lang))
        return False
