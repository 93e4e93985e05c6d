"""A batch of another process on this screen: attached to, looked at, left again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from pathlib import Path

from cozebatch.model.errors import CozebatchError
from cozebatch.ports import RunRecord
from cozebatch_tui.attach.connection import End
from cozebatch_tui.attach.remote import RemoteSession
from cozebatch_tui.exit_codes import Exit
from cozebatch_tui.screen.shown_batch import ShownBatch
from cozebatch_tui.screen.view_model import ViewModel

END_SECONDS = 6.0
"""How long a screen that has asked for the end waits to see it."""


class AttachedBatch(ShownBatch):
    """`folders`: where to look for the batch."""

    def __init__(self, folders: Sequence[Path]) -> None:
        super().__init__()
        self._folders = folders
        self._stack = ExitStack()
        self._session: RemoteSession | None = None
        self.running: Future[End] | None = None
        self._closed = False
        self._seen: End | None = None
        """How it had ended when it was left."""

    async def attach(self, on_end: Callable[[], object]) -> None:
        """`on_end` is called in the connection's thread when the batch has ended or is lost. Raises `UsageError`."""
        await asyncio.to_thread(self._open)
        assert self.running is not None
        self.running.add_done_callback(lambda _: on_end())

    def _open(self) -> None:
        session = self._stack.enter_context(RemoteSession(self._folders))
        session.open()
        self.view_model = ViewModel(session.subscribe())
        self.view_model.pump()
        self.running = session.ended
        self._session = session

    @property
    def session(self) -> RemoteSession | None:
        return self._session

    @property
    def run_record(self) -> RunRecord | None:
        return self._session.run_record if self._session is not None else None

    @property
    def title(self) -> str:
        return self._session.facts.title if self._session is not None else ""

    @property
    def origin(self) -> str:
        return self._session.facts.origin if self._session is not None else ""

    @property
    def results_path(self) -> str | None:
        finished = self.view_model.board.finished if self.view_model is not None else None
        return finished.results_path if finished is not None else None

    @property
    def command(self) -> str:
        return self._session.facts.command if self._session is not None else ""

    @property
    def end(self) -> End | None:
        """How it ended, as far as it was seen here; None while it runs."""
        if self._closed:
            return self._seen
        return self.running.result() if self.running is not None and self.running.done() else None

    def stop(self) -> None:
        if self._session is not None:
            with suppress(RuntimeError):  # the connection's thread has ended
                self._session.stop()

    async def leave(self) -> bool:
        """The operator has seen enough of a batch with nothing left to do. True if it ends now: no other screen looks
        at it."""
        if self._session is None:
            return False
        try:
            return await asyncio.wrap_future(self._session.leave())
        except CozebatchError:
            return False

    def exit_code(self, otherwise: int = Exit.OK) -> int:
        if self.end is not None and self.end.code is not None:
            return self.end.code
        return int(Exit.INTERRUPTED if self.draining else otherwise)

    def close(self) -> None:
        self._seen, self._closed = self.end, True
        self._stack.close()
