"""The batch behind the screen, from loading to the end of its drain. Knows the session, draws nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.exit_codes import Exit, exit_of

if TYPE_CHECKING:
    from cozebatch.batch.preview import Preview
    from cozebatch.engine.engine import Outcome
    from cozebatch_tui.screen.startup import AppStart, Ask
    from cozebatch_tui.screen.view_model import ViewModel
    from cozebatch_tui.session.session import Session

DRAIN_SECONDS = 6.0
"""The longest wait for the end of a drain."""


class BatchLifecycle:
    """Opens the session, runs the batch in the session's thread, and ends both."""

    def __init__(self, start: AppStart) -> None:
        self._start = start
        self._stack = ExitStack()
        self.session: Session | None = None
        self.view_model: ViewModel | None = None
        self.running: Future[Outcome] | None = None
        self.outcome: Outcome | None = None
        self.preview: Preview | None = None
        """What runs, once it has begun."""
        self.draining = False
        self._report: Path | None = None
        """The page that this process has written."""

    async def load(self, ask: Ask) -> Preview:
        """Open the session and plan the batch. Raises `UsageError` and `JournalError`."""
        session = await asyncio.to_thread(self._open, ask)
        return await asyncio.wrap_future(session.prepare())

    def _open(self, ask: Ask) -> Session:
        from cozebatch_tui.screen.view_model import ViewModel

        session = self._stack.enter_context(self._start.make_session(ask))
        self.session = session
        self.view_model = ViewModel(session.subscribe())
        session.open()
        return session

    async def check(self, preview: Preview) -> None:
        """Raises `UsageError` if the batch should not begin."""
        assert self.session is not None
        if preview.has_work:
            await asyncio.wrap_future(self.session.preflight())

    def begin(self, preview: Preview, on_end: Callable[[], object]) -> None:
        """Start the batch; `on_end` is called in the session's thread when it has ended."""
        assert self.session is not None
        self.preview = preview
        self.running = self.session.run(preview, keep_open=True)
        self.running.add_done_callback(lambda _: on_end())

    @property
    def is_running(self) -> bool:
        return self.running is not None and not self.running.done()

    @property
    def unfinished(self) -> bool:
        """Whether work goes on. What a trial left for later does not."""
        return self.is_running and self.view_model is not None and not self.view_model.is_over

    def work_left(self) -> tuple[int, int]:
        """How many executions run at Coze, and how many films are unfinished here."""
        if self.view_model is None:
            return 0, 0
        counts = self.view_model.board.counts
        in_flight = sum(number for state, number in counts.items() if state.in_flight)
        return in_flight, counts[State.DOWNLOADING] + counts[State.QUEUED] + counts[State.SYNTHESIZING]

    def write_report(self, lang: Lang) -> Path:
        """Write the page of this batch as it stands, beside its results; takes as long as its tasks are many.

        The second time it replaces the first one's page, never a file that was there before. Raises `OSError`.
        """
        from cozebatch.disk.writing import write_whole
        from cozebatch.model.statistics import compute
        from cozebatch_tui.presentation.report import page

        assert self.session is not None
        assert self.preview is not None
        assert self.view_model is not None
        board = self.view_model.board
        run = replace(self.preview.run, clock=board.clock, status="open" if board.unfinished else "finished")
        limits = board.limits
        figures = compute(
            board,
            elapsed=board.clock,
            max_coze=max(1, limits[Stage.COZE].user),
            max_synthesis=max(1, limits[Stage.SYNTHESIS].user),
        )
        folder = self.session.results_dir.absolute()
        written = page(run, list(board.rows.values()), figures.to_json(), lang)
        if self._report is None:
            self._report = _new_file(folder, f"report_{run.run_id}")
        write_whole(self._report, written, folder)
        return self._report

    def take_outcome(self) -> BaseException | None:
        """Keep the outcome of the ended batch; returns what the engine failed with, if it did."""
        assert self.running is not None
        failed = self.running.exception()
        if failed is None:
            self.outcome = self.running.result()
        return failed

    def stop(self) -> None:
        """Begin a drain. May be called from any thread and more than once."""
        if self.session is not None:
            with suppress(RuntimeError):  # the session's thread has ended
                self.session.stop()

    def exit_code(self, otherwise: int = Exit.OK) -> int:
        """The batch's exit code, or `otherwise` while there is no outcome."""
        return int(exit_of(self.outcome)) if self.outcome is not None else int(otherwise)

    def close(self) -> None:
        """Complete the drain, then close the session."""
        try:
            if self.is_running:
                self.stop()
            if self.running is not None and self.outcome is None:
                with suppress(TimeoutError):
                    if self.running.exception(timeout=DRAIN_SECONDS) is None:
                        self.outcome = self.running.result()
        finally:
            self._stack.close()


def _new_file(folder: Path, stem: str) -> Path:
    """A new, empty page of that name; a name that is taken gets a number. Raises `OSError`."""
    from cozebatch.disk.writing import open_new

    for number in range(1, 1000):
        path = folder / f"{stem}{f'_{number}' if number > 1 else ''}.html"
        with suppress(FileExistsError):
            open_new(path, folder).close()
            return path
    raise FileExistsError(str(path))
