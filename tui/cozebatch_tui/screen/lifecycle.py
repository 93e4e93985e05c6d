"""The batch behind the screen, from loading to the end of its drain. Knows the session, draws nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from cozebatch_tui.exit_codes import Exit, exit_of
from cozebatch_tui.presentation.invocation import going_on
from cozebatch_tui.screen.shown_batch import ShownBatch

if TYPE_CHECKING:
    from cozebatch.batch.preview import Preview
    from cozebatch.engine.engine import Outcome
    from cozebatch.model.check_item import CheckItem
    from cozebatch.ports import RunRecord
    from cozebatch_tui.attach.host import Host
    from cozebatch_tui.screen.startup import AppStart, Ask
    from cozebatch_tui.session.session import Session

DRAIN_SECONDS = 6.0
"""The longest wait for the end of a drain."""


class BatchLifecycle(ShownBatch):
    """Opens the session, runs the batch in the session's thread, and ends both."""

    def __init__(self, start: AppStart) -> None:
        super().__init__()
        self._start = start
        self._stack = ExitStack()
        self._session: Session | None = None
        self.running: Future[Outcome] | None = None
        self.outcome: Outcome | None = None
        self.preview: Preview | None = None
        """What runs, once it has begun."""
        self._host: Host | None = None

    @property
    def session(self) -> Session | None:
        return self._session

    @session.setter
    def session(self, session: Session) -> None:
        self._session = session

    @property
    def run_record(self) -> RunRecord | None:
        return self.preview.run if self.preview is not None else None

    @property
    def origin(self) -> str:
        return self._session.origin if self._session is not None else ""

    @property
    def results_path(self) -> str | None:
        return self.outcome.results_path if self.outcome is not None else None

    @property
    def command(self) -> str:
        return going_on(also=self._start.also)

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

    def preflight(self) -> Future[Sequence[CheckItem]]:
        """Run the cheap checks; see `Session.preflight`."""
        assert self.session is not None
        return self.session.preflight()

    async def check(self, preview: Preview) -> None:
        """Raises `UsageError` if the batch should not begin."""
        if preview.has_work:
            await asyncio.wrap_future(self.preflight())

    def begin(self, preview: Preview, on_end: Callable[[], object]) -> None:
        """Start the batch, and let other screens attach to it; `on_end` is called in the session's thread when it has
        ended."""
        from cozebatch_tui.attach.host import Host

        assert self.session is not None
        self._host = self.session.add_service(Host(self.session, self._start.title, self.command).serving())
        self.preview = preview
        self.running = self.session.run(preview, keep_open=True)
        self.running.add_done_callback(lambda _: on_end())

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
            if self._host is not None and self.outcome is not None:
                self._host.end(self.exit_code())
        finally:
            self._stack.close()
