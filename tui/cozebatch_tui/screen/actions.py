"""What the operator can do to tasks, from any screen. An action that costs money asks first, with the number.

Commands go to the engine's thread and come back as futures. A worker of the application waits for them, never a
handler.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from cozebatch.model.allowance import SPENT
from cozebatch.model.errors import UsageError
from cozebatch.model.rows import Row, Stage
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.planning.price import price
from cozebatch_tui.locale import question as question_texts
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.locale import serve as serve_texts
from cozebatch_tui.locale import task as edit_texts
from cozebatch_tui.presentation.allowed import allowed, typed_allowance
from cozebatch_tui.presentation.charges import costs_about
from cozebatch_tui.screen.host import Host
from cozebatch_tui.screen.opening import open_with_system


class Actions:
    """Acts through one application; every method returns at once."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def retry(self, task_ids: Sequence[str]) -> None:
        """Go on from the failed step. Free where something paid for can be used; asks first, with the numbers, where
        only a new execution helps."""
        rows = self._host.view_model.board.rows
        found = price(rows[task_id] for task_id in task_ids)
        seen = {task_id: rows[task_id].attempts for task_id in task_ids}
        if not found.free and not found.paid:
            self._host.say(self._nothing_to_retry(task_ids))
            return

        async def work() -> None:
            lang = self._host.lang
            question = texts.CONFIRM_RETRY.in_(lang).format(free=len(found.free), paid=len(found.paid))
            question += self.costs(len(found.paid))
            if found.paid and not await self._host.confirm(question):
                return
            free = await asyncio.wrap_future(self._host.session.retry({id_: seen[id_] for id_ in found.free}))
            again = {id_: seen[id_] for id_ in found.paid}
            paid = await asyncio.wrap_future(self._host.session.retry(again, may_pay=True)) if again else []
            rest = len(task_ids) - len(free) - len(paid)
            self._host.say(texts.RETRIED.in_(lang).format(free=len(free), paid=len(paid), rest=rest))

        self._host.start_work(work())

    def _nothing_to_retry(self, task_ids: Sequence[str]) -> str:
        rows = self._host.view_model.board.rows
        held = any(rows[task_id].state is State.HELD for task_id in task_ids)
        return (texts.HELD_IS_NO_RETRY if held else texts.NOTHING_CHOSEN).in_(self._host.lang)

    def rerun(self, task_ids: Sequence[str]) -> None:
        """Paid: asks first."""
        rows = self._host.view_model.board.rows
        ended = {task_id: rows[task_id].attempts for task_id in task_ids if rows[task_id].state.is_end}
        if not self._some(ended):
            return

        async def work() -> None:
            if await self._host.confirm(
                texts.CONFIRM_RERUN.filled(count=len(ended)).in_(self._host.lang) + self.costs(len(ended))
            ):
                done = await asyncio.wrap_future(self._host.session.rerun(ended))
                self._host.say(texts.RERUN_DONE.filled(count=len(done)).in_(self._host.lang))

        self._host.start_work(work())

    def cancel(self, task_ids: Sequence[str]) -> None:
        """Free, but asks first: what runs at Coze stays paid."""
        rows = self._host.view_model.board.rows
        states = {task_id: rows[task_id].state for task_id in task_ids}
        going = [task_id for task_id, state in states.items() if not state.is_end or state is State.HELD]
        if not self._some(going):
            return

        async def work() -> None:
            if await self._host.confirm(texts.CONFIRM_CANCEL.filled(count=len(going)).in_(self._host.lang)):
                await asyncio.wrap_future(self._host.session.cancel(going))

        self._host.start_work(work())

    def answer(self, row: Row) -> None:
        """Free: ask for the answer to what the task's execution waits with, and send it. The paid execution goes on."""
        lang = self._host.lang
        if not row.waits or row.question is None:
            self._host.say(question_texts.NOTHING_ASKED.in_(lang))
            return
        if not row.question.event_id:
            self._host.say(question_texts.NOT_KNOWN_YET.in_(lang))
            return
        question = row.question

        async def work() -> None:
            typed = await self._host.ask_answer(question)
            if typed is None:
                return
            try:
                await asyncio.wrap_future(self._host.session.answer(row.task_id, typed))
            except UsageError as refused:
                self._host.say(" ".join(text.in_(lang) for text in refused.complaints), severity="warning")
            else:
                self._host.say(question_texts.ANSWERED.in_(lang))

        self._host.start_work(work())

    def adopt(self, row: Row) -> None:
        """Free: ask which execution belongs to the task, have it verified, and follow that one."""

        async def work() -> None:
            lang = self._host.lang
            typed = await self._host.ask_line(texts.ADOPT_PROMPT.in_(lang))
            if not typed:
                return
            try:
                await asyncio.wrap_future(self._host.session.adopt(row.task_id, typed))
            except UsageError as refused:
                self._host.say(" ".join(text.in_(lang) for text in refused.complaints))
            else:
                self._host.say(texts.ADOPTED.in_(lang).format(task_id=row.task_id))

        self._host.start_work(work())

    def edit(self, row: Row) -> None:
        """Paid: edit title and script, ask with the number, run the task again with what was typed."""
        lang = self._host.lang
        if not row.state.is_end:
            self._host.say(edit_texts.NOT_ENDED.in_(lang))
            return

        async def work() -> None:
            session = self._host.session
            found = await asyncio.wrap_future(session.task_facts(row.task_id))
            offers = row.record_id is not None and await asyncio.wrap_future(session.takes_texts())
            edited = await self._host.edit_script(found.task, found.edit, offers_write_back=offers)
            if edited is None or not await self._host.confirm(self._edit_question(row, *edited)):
                return
            title, content, write_back = edited
            try:
                await asyncio.wrap_future(
                    session.edit(row.task_id, title, content, write_back=write_back, seen=row.attempts)
                )
            except UsageError as refused:
                self._host.say(" ".join(text.in_(lang) for text in refused.complaints), severity="warning")
            else:
                self._host.say(edit_texts.EDIT_DONE.in_(lang))

        self._host.start_work(work())

    def _edit_question(self, row: Row, title: str, _: str, write_back: bool) -> str:
        lang = self._host.lang
        lines = [edit_texts.CONFIRM_EDIT.in_(lang).format(title=clean(title, 60) or clean(row.task_id, 60))]
        if row.unanswered or row.state is State.HELD:
            lines.append(edit_texts.CONFIRM_EDIT_HELD.in_(lang))
        if row.video_path or row.draft_path:
            lines.append(edit_texts.CONFIRM_EDIT_FILM.in_(lang))
        if write_back:
            lines.append(edit_texts.CONFIRM_WRITE_BACK.in_(lang))
        return "\n".join(lines) + self.costs(1)

    def costs(self, executions: int) -> str:
        """A line for a question: what so many executions cost, where that is known."""
        host = self._host
        return costs_about(host.session.prices, executions, host.view_model.tokens_each, host.lang)

    def toggle_pause(self) -> None:
        board = self._host.view_model.board
        changing = self._host.session.toggle_pause(paused=bool(board.paused), seen=board.pause_changes)

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

    def allow(self) -> None:
        """Ask how many more executions may be paid for, and until when. Asks again, with the number, where a run that
        had stopped for such a limit goes on by that."""

        async def work() -> None:
            lang, board = self._host.lang, self._host.view_model.board
            now = allowed(board.allowance)
            current = "" if now is None else f"\n{now.in_(lang)}"
            seen_changes = board.allowance_changes
            typed = await self._host.ask_line(texts.ALLOW_PROMPT.in_(lang) + current)
            if typed is None:
                return
            wanted = typed_allowance(typed, datetime.now())
            if wanted is None:
                self._host.say(texts.ALLOW_REFUSED.in_(lang).format(typed=clean(typed, 40)), severity="warning")
                return
            waiting = self._host.view_model.to_pay
            number = waiting if wanted.most is None else min(waiting, wanted.most)
            goes_on = bool(set(board.paused) & SPENT) and number > 0
            question = texts.CONFIRM_ALLOW.filled(count=number).in_(lang) + self.costs(number)
            if goes_on and not await self._host.confirm(question):
                return
            was_set = await asyncio.wrap_future(self._host.session.allow(wanted.most, wanted.until, seen=seen_changes))
            self._host.say(((allowed(wanted) or texts.ALLOW_ANY) if was_set else texts.ALLOWED_MEANWHILE).in_(lang))

        self._host.start_work(work())

    def open_link(self, row: Row) -> None:
        """Only an https address is given to the browser."""
        if row.debug_url and row.debug_url.startswith("https://"):
            if self._host.in_browser:
                self._host.open_url(row.debug_url)
                return
            import webbrowser

            with contextlib.suppress(webbrowser.Error):
                webbrowser.open(row.debug_url)
            self._host.say(row.debug_url)
        else:
            self._host.say(texts.NO_LINK.in_(self._host.lang))

    def play(self, row: Row) -> None:
        """The film, in the system's player."""
        if row.video_path is None:
            self._host.say(texts.NO_FILM.in_(self._host.lang))
        else:
            self._open(Path(row.video_path))

    def open_folder(self, path: str | None, otherwise: str | None) -> None:
        """The folder of a film or draft, else that of all."""
        folder = Path(path).parent if path is not None else Path(otherwise) if otherwise is not None else None
        if folder is None:
            self._host.say(texts.NO_FILM.in_(self._host.lang))
        else:
            self._open(folder)

    def _open(self, path: Path) -> None:
        """Only what is there is opened, and only a film or a folder: nothing that the system would run."""
        lang = self._host.lang
        if self._host.in_browser:
            self._host.say(serve_texts.ON_THE_ENGINES_MACHINE.in_(lang).format(path=path))
            return
        if not (path.is_dir() or (path.is_file() and path.suffix.lower() == ".mp4")):
            self._host.say(texts.GONE.in_(lang).format(path=path), severity="warning")
            return
        self._host.say(str(path))
        try:
            open_with_system(path)
        except OSError:
            self._host.say(texts.NOT_OPENED.in_(lang).format(path=path), severity="warning")

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
