"""What the operator can do to tasks, from any screen. An action that costs money asks first, with the number.

Commands go to the engine's thread and come back as futures. A worker of the application waits for them, never a
handler.
"""

from __future__ import annotations

import asyncio
import contextlib
import webbrowser
from collections.abc import Iterable, Sequence

from cozebatch.model.rows import Row, Stage
from cozebatch.model.task import State
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.screen.host import Host


class Actions:
    """Acts through one application; every method returns at once."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def retry(self, task_ids: Sequence[str]) -> None:
        """Free: resume from the failed step."""
        if not self._some(task_ids):
            return

        async def work() -> None:
            done = await asyncio.wrap_future(self._host.session.retry(task_ids))
            self._host.say(texts.RETRIED.in_(self._host.lang).format(count=len(done), rest=len(task_ids) - len(done)))

        self._host.start_work(work())

    def rerun(self, task_ids: Sequence[str]) -> None:
        """Paid: asks first."""
        rows = self._host.view_model.board.rows
        ended = [task_id for task_id in task_ids if rows[task_id].state.is_end]
        if not self._some(ended):
            return

        async def work() -> None:
            if await self._host.confirm(texts.CONFIRM_RERUN.in_(self._host.lang).format(count=len(ended))):
                done = await asyncio.wrap_future(self._host.session.rerun(ended))
                self._host.say(texts.RERUN_DONE.in_(self._host.lang).format(count=len(done)))

        self._host.start_work(work())

    def cancel(self, task_ids: Sequence[str]) -> None:
        """Free, but asks first: what runs at Coze stays paid."""
        rows = self._host.view_model.board.rows
        states = {task_id: rows[task_id].state for task_id in task_ids}
        going = [task_id for task_id, state in states.items() if not state.is_end or state is State.HELD]
        if not self._some(going):
            return

        async def work() -> None:
            if await self._host.confirm(texts.CONFIRM_CANCEL.in_(self._host.lang).format(count=len(going))):
                await asyncio.wrap_future(self._host.session.cancel(going))

        self._host.start_work(work())

    def adopt(self, row: Row) -> None:
        """Free: ask which execution belongs to the task, and follow that one."""

        async def work() -> None:
            typed = await self._host.ask_line(texts.ADOPT_PROMPT.in_(self._host.lang))
            if typed:
                await asyncio.wrap_future(self._host.session.adopt(row.task_id, typed))

        self._host.start_work(work())

    def toggle_pause(self) -> None:
        changing = self._host.session.toggle_pause()

        async def work() -> None:
            await asyncio.wrap_future(changing)

        self._host.start_work(work())

    def change_limit(self, stage: Stage, step: int) -> None:
        changing = self._host.session.change_limit(stage, step)

        async def work() -> None:
            limit = await asyncio.wrap_future(changing)
            lang = self._host.lang
            what = texts.GAUGE_COZE if stage is Stage.COZE else texts.GAUGE_SYNTHESIS
            self._host.say(texts.LIMIT_NOW.in_(lang).format(what=what.in_(lang), limit=limit))

        self._host.start_work(work())

    def open_link(self, row: Row) -> None:
        """Only an https address is given to the browser."""
        if row.debug_url and row.debug_url.startswith("https://"):
            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(row.debug_url)
            self._host.say(row.debug_url)
        else:
            self._host.say(texts.NO_LINK.in_(self._host.lang))

    def copy(self, row: Row) -> None:
        """Copy the most useful of what is known: the film's path, else the debug link, else an id."""
        text = row.video_path or row.draft_path or row.debug_url or row.execute_id or row.task_id
        self._host.copy_to_clipboard(text)
        self._host.say(f"{texts.COPIED.in_(self._host.lang)}: {text}")

    def _some(self, task_ids: Iterable[str]) -> bool:
        if any(True for _ in task_ids):
            return True
        self._host.say(texts.NOTHING_CHOSEN.in_(self._host.lang))
        return False
