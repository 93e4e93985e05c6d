"""The application on a batch of another process: the ordinary screen, which can be left without ending the batch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Lang
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.presentation.invocation import command
from cozebatch_tui.screen.app import CozebatchApp
from cozebatch_tui.screen.attached_batch import END_SECONDS, AttachedBatch
from cozebatch_tui.screen.look.questions import Answers
from cozebatch_tui.screen.screens.leave import LeaveScreen, Notice, Way
from cozebatch_tui.screen.startup import AppStart, Ask

if TYPE_CHECKING:
    from cozebatch_tui.session.session import Session


LEAVE_SECONDS = 1.0
"""How long a batch that runs on is given to hear that a screen leaves."""


class AttachedApp(CozebatchApp):
    """Closing it, or its window, leaves the batch running."""

    loading = texts.CONNECTING

    def __init__(self, folders: Sequence[Path], arguments: Sequence[str], lang: Lang, answers: Answers) -> None:
        """`folders`: where to look for the batch. `arguments`: after `attach`, to come back here."""
        super().__init__(AppStart(make_session=_of_no_use, lang=lang, title=""), answers)
        self._arguments = arguments
        self._leaving = False
        self._end_told = False
        self.refusal: UsageError | None = None
        self.batch = AttachedBatch(folders)

    @property
    def attached(self) -> AttachedBatch:
        assert isinstance(self.batch, AttachedBatch)
        return self.batch

    @property
    def batch_title(self) -> str:
        return self.attached.title

    async def _bring_up(self) -> bool:
        """False where there is no batch to show: the screen goes away, and `refusal` says why."""
        try:
            await self.attached.attach(self._tell_end)
        except UsageError as refusal:
            self.refusal = refusal
            self.exit(int(Exit.USAGE))
        return self.refusal is None

    def _ended(self) -> None:
        """The batch has ended, or the way to it is lost for good."""
        end = self.attached.end
        if end is None:
            return
        if self.batch.draining or self._leaving:
            self.exit(self.batch.exit_code())
            return
        if self.main is None or self._end_told:  # a notice would go with the first screen; `_shown` comes back to it
            return
        self._end_told = True
        self._pump()
        if end.code is not None:
            self.push_screen(Notice(texts.ENDED))
        else:  # the last known state is no longer so: it goes away with the notice
            self.push_screen(Notice(texts.LOST), lambda _: self.exit(self.batch.exit_code(self._lost_code())))

    def _shown(self) -> None:
        self._ended()

    def action_leave(self) -> None:
        """Leave the batch running, or stop it; asks which."""
        if isinstance(self.screen, LeaveScreen):
            self.screen.dismiss("detach")
        elif not self.batch.is_running:
            self.exit(self.batch.exit_code(self._return_code or self._lost_code()))
        elif not self.batch.unfinished:
            self._leave_ended()
        else:
            in_flight, films = self.batch.work_left()
            leave = texts.LEAVE_DEMO if self.is_demo else texts.LEAVE
            question = leave.filled(flight=in_flight, synthesis=films)
            self.push_screen(LeaveScreen(question), self._go)

    def _lost_code(self) -> Exit:
        """What came of a batch that is lost cannot be known: some of it may be left."""
        end = self.attached.end
        return Exit.STOPPED if end is not None and end.code is None else Exit.OK

    def _go(self, way: Way | None) -> None:
        match way:
            case "detach":
                self._leave_running()
            case "stop":
                self._drain()
            case "stay" | None:
                pass

    def _leave_running(self) -> None:
        """The batch need not wait for this screen to come back."""

        async def work() -> None:
            await self.attached.leave()
            self.exit(int(Exit.OK))

        self.set_timer(LEAVE_SECONDS, lambda: self.exit(int(Exit.OK)))
        self.start_work(work())

    def _leave_ended(self) -> None:
        """Nothing is left to do: the batch ends when no other screen looks, and then its exit code is ours."""
        if self._leaving:
            return
        self._leaving = True

        async def work() -> None:
            if not await self.attached.leave():
                self.exit(self.batch.exit_code(self._lost_code()))

        # Set first: a way that is lost just now may never answer, and leaving must not depend on it.
        self.set_timer(END_SECONDS, lambda: self.exit(self.batch.exit_code(self._lost_code())))
        self.start_work(work())

    def _leave_unasked(self) -> None:
        self.exit(int(Exit.OK) if not self.batch.draining else int(Exit.INTERRUPTED))

    def signalled(self) -> None:
        """A closed window or a signal detaches. Called in another thread."""
        if self._event_loop is None:
            super().signalled()
            return
        with suppress(RuntimeError):  # the loop has ended meanwhile
            self._event_loop.call_soon_threadsafe(self._leave_unasked)

    def last_words(self) -> list[str]:
        lines = super().last_words()
        if not lines:
            return lines
        end = self.attached.end
        if end is not None:
            return lines if end.code is not None else [*lines, texts.LOST.in_(self.lang)]
        if self.batch.draining:
            return [*lines, texts.STOPPING_UNKNOWN.in_(self.lang)]
        again = command(["attach", *self._arguments])
        return [*lines[:1], texts.GOES_ON.in_(self.lang).format(command=again)]


def _of_no_use(_: Ask) -> AbstractContextManager[Session]:
    raise RuntimeError("the batch runs elsewhere")
