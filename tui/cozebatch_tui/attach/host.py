"""Lets screens attach to a batch of this process: listens on loopback, in the engine's thread, while the batch runs.

Nothing here can stop the batch: what fails is told in its log, and the batch goes on without attached screens.
"""

from __future__ import annotations

import os
import secrets
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import anyio.to_thread
from anyio.abc import SocketAttribute, SocketStream, TaskGroup

from cozebatch.engine.event_bus import Subscription
from cozebatch.model import events
from cozebatch.model.event_json import board_to_json
from cozebatch.model.os_reason import os_reason
from cozebatch.model.rows import Row
from cozebatch.model.text import Text
from cozebatch_tui.attach import orders
from cozebatch_tui.attach.handshake import NotProven, OtherProtocol, as_engine
from cozebatch_tui.attach.link import Link
from cozebatch_tui.attach.place import TOKEN_BYTES, NotPrivate, Place, remove_place, write_place
from cozebatch_tui.attach.values import BatchFacts, run_to_json
from cozebatch_tui.attach.wire import Lines, WireError
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.presentation.tally import Tally
from cozebatch_tui.session.session import Session

SCREENS = 16
"""Attached at once; and as many connections that have proven nothing yet."""
GRACE = 30.0
"""Seconds for which a batch with nothing left to do waits for a screen to come back."""
LOG_KEPT = 500
FAREWELL_SECONDS = 0.5
"""How long screens are given to take the end of the batch."""


class Host:
    """`expected`: the batch waits for its first screen, too. `ticket`: of the start that asked for the batch."""

    def __init__(self, session: Session, title: str, command: str, *, expected: bool = False, ticket: str = "") -> None:
        self.bus = session.bus
        self._session = session
        self._title, self._command, self._ticket = title, command, ticket
        self._expected = expected
        self._tally = Tally()
        self._log: deque[events.Event] = deque(maxlen=LOG_KEPT)
        self.turn = anyio.Lock()
        self._links: set[Link] = set()
        self._knocking = 0
        self._grace_ends = -1.0
        self._begun = anyio.Event()
        self._ending = anyio.Event()
        self._code: int | None = None
        self._place: Place | None = None
        self._group: TaskGroup

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Host]:
        """In the session's thread, before the batch begins, for as long as the session is open."""
        own = self.bus.subscribe(lambda: self._listen_to(own))
        try:
            async with anyio.create_task_group() as group:
                self._group = group
                group.start_soon(self._serve)
                try:
                    yield self
                finally:
                    self._end(self._code)
                    with anyio.move_on_after(FAREWELL_SECONDS, shield=True):
                        for link in list(self._links):
                            await link.gone.wait()
                    group.cancel_scope.cancel()
        finally:
            self.bus.unsubscribe(own)
            if self._place is not None:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(remove_place, self._session.attach_folder, self._place)

    def keeps_open(self) -> bool:
        """Whether a batch with nothing left to do is to wait: for an attached screen, or one that may come back."""
        return any(not link.left for link in self._links) or anyio.current_time() < self._grace_ends

    def left(self) -> bool:
        alone = all(link.left for link in self._links)
        if alone:
            self._grace_ends = -1.0
            self._session.batch.commands.look_again()
        return alone

    def end(self, code: int) -> None:
        """The batch has ended with this exit code. Call it in any thread."""
        self._session.call(self._end, code)

    def _end(self, code: int | None) -> None:
        self._code = code
        self._ending.set()
        for link in self._links:
            link.wake()

    # What links need

    @property
    def size(self) -> int:
        return self._session.batch.engine.board.total  # of a large batch some rows may follow

    @property
    def waiting(self) -> int:
        return self._session.waiting

    @property
    def ended(self) -> bool:
        return self._ending.is_set()

    @property
    def code(self) -> int | None:
        return self._code

    def look(self) -> tuple[dict[str, Any], tuple[Row, ...], tuple[events.Event, ...]]:
        engine, preview = self._session.batch.engine, self._session.preview
        assert preview is not None
        head = {
            "board": board_to_json(engine.board),
            "facts": self._facts(self._session.origin).to_json(),
            "run": run_to_json(preview.run),
            "tally": self._tally.to_json(),
        }
        return head, tuple(engine.board.rows.values()), tuple(self._log)

    async def answer(self, order: Mapping[str, Any]) -> dict[str, Any]:
        return await orders.answer(self._session, order)

    def _facts(self, origin: str) -> BatchFacts:
        session = self._session
        films, log = session.films_folder, session.log_path
        return BatchFacts(
            title=self._title,
            origin=origin,
            films_folder=None if films is None else str(Path(films).absolute()),
            results_dir=str(session.results_dir.absolute()),
            log_path=None if log is None else str(log.absolute()),
            max_coze=session.limits[0],
            max_synthesis=session.limits[1],
            rings_at_all=session.rings_at_all,
            command=self._command,
            price_per_execution=session.prices.per_execution,
            price_per_1000_tokens=session.prices.per_1000_tokens,
        )

    # The course

    def _listen_to(self, own: Subscription) -> None:
        """Called in the engine's thread, right after each event."""
        for event in own.take():
            if isinstance(event, events.RunStarted):
                self._begun.set()
            if self._session.batch.is_begun:
                self._tally.count(event, self._session.batch.engine.board)
            if not isinstance(event, events.Loaded | events.TaskProgress | events.Gauges):
                self._log.append(event)

    async def _serve(self) -> None:
        await self._begun.wait()
        try:
            listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
            async with listener:
                place = Place(
                    port=listener.extra(SocketAttribute.local_port),
                    token=secrets.token_hex(TOKEN_BYTES),
                    pid=os.getpid(),
                    version=version("cozebatch-tui"),
                    ticket=self._ticket,
                )
                await anyio.to_thread.run_sync(write_place, self._session.attach_folder, place)
                self._place = place
                if self._expected:
                    self._wait_for_screens()
                await listener.serve(self._welcome, self._group)
        except NotPrivate:
            self._not_served(texts.NOT_PRIVATE)
        except OSError as error:
            self._not_served(os_reason(error))

    def _not_served(self, reason: Text) -> None:
        self._session.batch.note("warning", texts.NOT_SERVED.filled(reason=reason))

    async def _welcome(self, stream: SocketStream) -> None:
        lines = Lines(stream)
        try:
            if self._knocking < SCREENS and await self._is_proven(lines):
                await self._show(lines)
        except Exception as error:  # noqa: BLE001 - a screen's trouble must not reach the batch
            self._session.batch.note("warning", Text.same(f"attach: {type(error).__name__}: {error}"))
        finally:
            with anyio.CancelScope(shield=True), suppress(OSError):
                await lines.aclose()

    async def _is_proven(self, lines: Lines) -> bool:
        assert self._place is not None
        self._knocking += 1
        try:
            await as_engine(lines, self._place.key, self._place.version)
        except (NotProven, OtherProtocol):
            return False
        finally:
            self._knocking -= 1
        return True

    async def _show(self, lines: Lines) -> None:
        if len(self._links) >= SCREENS:
            with suppress(WireError):
                await lines.send({"full": SCREENS})
            return
        link = Link(self, lines, self._group)
        self._links.add(link)
        try:
            await link.run()
        finally:
            self._links.discard(link)
            link.gone.set()
            if not link.left and not self.ended:
                self._wait_for_screens()

    def _wait_for_screens(self) -> None:
        self._grace_ends = anyio.current_time() + GRACE
        self._group.start_soon(self._look_again_later)

    async def _look_again_later(self) -> None:
        await anyio.sleep(GRACE + 0.01)
        self._session.batch.commands.look_again()
