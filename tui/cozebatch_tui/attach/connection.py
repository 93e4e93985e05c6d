"""The way from a screen to the engine: connects, proves itself, reads what comes, and brings orders to their answers.

Everything here runs on the event loop of a thread of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio

from cozebatch.model.errors import UsageError
from cozebatch.model.event_json import board_from_json, event_from_json
from cozebatch.model.events import Event
from cozebatch.model.rows import Row
from cozebatch.ports import RunRecord
from cozebatch_tui.attach.handshake import NotProven, OtherProtocol, as_screen
from cozebatch_tui.attach.inbox import Inbox
from cozebatch_tui.attach.place import PROTOCOL, Place, read_place
from cozebatch_tui.attach.values import BatchFacts, error_from_json, run_from_json
from cozebatch_tui.attach.wire import Lines, WireError
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.presentation.tally import Tally
from cozebatch_tui.session.controls import Snapshot

SILENT_SECONDS = 35.0
"""An engine that sends nothing for so long, not even a ping, is given up."""
CONNECT_SECONDS = 5.0
FIRST_SECONDS = 60.0
"""How long the first snapshot may take."""
TRIES = 5
TRY_EVERY = 0.5
"""Seconds between two tries to connect again."""


@dataclass(slots=True)
class _Asked:
    """An order that waits for its answer."""

    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How it ended: the batch with a `code` (None where it is not known), or by the operator's leave, or it was
    `lost`."""

    code: int | None = None
    lost: bool = False


class Connection:
    """`facts`, `run` and `waiting` are there once `open` has returned."""

    def __init__(self, folders: list[Path], inbox: Inbox) -> None:
        self._folders = folders
        self._inbox = inbox
        self._lines: Lines | None = None
        self._asked: dict[int, _Asked] = {}
        self._ids = itertools.count(1)
        self._ready = anyio.Event()
        self._pages: _Pages | None = None
        self.facts: BatchFacts
        self.run: RunRecord
        self.waiting = 0

    async def open(self) -> None:
        """Raises `UsageError` when no batch runs there, or none that this version can show."""
        self._lines = await _connect(self._folders)

    async def follow(self, on_ready: Callable[[], None]) -> End:
        """Read until the end. `on_ready` is called after each snapshot."""
        while True:
            try:
                end = await self._read(on_ready)
            except (WireError, TimeoutError, ValueError, KeyError, TypeError):
                end = None
            finally:
                await self._drop()
            if end is not None:
                return end
            if not await self._connect_again():
                return End(lost=True)

    async def ask(self, order: str, given: dict[str, Any]) -> Any:
        """The answer to an order. Raises what the engine says, and `UsageError` when the connection is lost: it is not
        known then whether the order was carried out."""
        if self._lines is None:
            raise UsageError(texts.CONNECTION_LOST)
        number, asked = next(self._ids), _Asked()
        self._asked[number] = asked
        try:
            await self._lines.send({"id": number, "do": order, "with": given})
            await asked.answered.wait()
        except WireError:
            raise UsageError(texts.CONNECTION_LOST) from None
        finally:
            self._asked.pop(number, None)
        if asked.answer is None:
            raise UsageError(texts.CONNECTION_LOST)
        if "error" in asked.answer:
            raise error_from_json(asked.answer["error"])
        return asked.answer.get("ok")

    async def _read(self, on_ready: Callable[[], None]) -> End | None:
        assert self._lines is not None
        while True:
            with anyio.fail_after(SILENT_SECONDS):
                value = await self._lines.receive()
            if value is None:
                return None
            if value.get("full"):
                raise UsageError(texts.FULL.filled(most=value["full"]))
            if value.get("bye"):
                return End(value.get("code"))
            self._take(value, on_ready)

    def _take(self, value: dict[str, Any], on_ready: Callable[[], None]) -> None:
        if "waiting" in value:
            self.waiting = value["waiting"]
        if "id" in value:
            if (asked := self._asked.get(value["id"])) is not None:
                asked.answer = value
                asked.answered.set()
        elif "head" in value:
            self._pages = _Pages(value["head"])
        elif "ev" in value:
            self._inbox.put(_events(value["ev"]))
        elif self._pages is not None:
            self._pages.rows += [Row.from_json(row) for row in value.get("rows", ())]
            self._pages.log += _events(value.get("log", ()))
            if value.get("ready"):
                self._show(self._pages)
                self._pages = None
                on_ready()

    def _show(self, pages: _Pages) -> None:
        head = pages.head
        self.facts, self.run = BatchFacts.from_json(head["facts"]), run_from_json(head["run"])
        board = board_from_json(head["board"], pages.rows)
        self._inbox.begin_anew(Snapshot(board, Tally.from_json(head["tally"]), pages.log))

    async def _drop(self) -> None:
        """Close what is there; whoever waits for an answer learns that none comes."""
        lines, self._lines, self._pages = self._lines, None, None
        for asked in self._asked.values():
            asked.answered.set()
        if lines is not None:
            with anyio.CancelScope(shield=True), suppress(OSError):
                await lines.aclose()

    async def _connect_again(self) -> bool:
        for _ in range(TRIES):
            await anyio.sleep(TRY_EVERY)
            try:
                self._lines = await _connect(self._folders)
            except UsageError:
                continue
            return True
        return False


@dataclass(slots=True)
class _Pages:
    """A snapshot that is not whole yet."""

    head: dict[str, Any]
    rows: list[Row] = field(default_factory=list)
    log: list[Event] = field(default_factory=list)


def _events(values: Any) -> list[Event]:
    return [event for value in values if (event := event_from_json(value)) is not None]


async def _connect(folders: list[Path]) -> Lines:
    """The connection to the batch that runs in the first of these folders where one does. Raises `UsageError`."""
    stale: tuple[Path, Place] | None = None
    for folder in folders:
        if (place := read_place(folder)) is None:
            continue
        ours = version("cozebatch-tui")
        try:
            if place.protocol != PROTOCOL:
                raise OtherProtocol(place.version, place.protocol)
            return await _proven(place, ours)
        except OtherProtocol as other:
            raise UsageError(
                texts.OTHER_VERSION.filled(
                    theirs=other.version, their_protocol=other.protocol, ours=ours, our_protocol=PROTOCOL
                )
            ) from other
        except (OSError, TimeoutError, NotProven):
            stale = stale or (folder, place)
    if stale is not None:
        raise UsageError(texts.STALE.filled(folder=stale[0], pid=stale[1].pid))
    raise UsageError(texts.NO_BATCH.filled(folder=folders[0]))


async def _proven(place: Place, ours: str) -> Lines:
    with anyio.fail_after(CONNECT_SECONDS):
        stream = await anyio.connect_tcp("127.0.0.1", place.port)
    lines = Lines(stream)
    try:
        await as_screen(lines, place.key, ours)
    except (NotProven, OtherProtocol):
        await lines.aclose()
        raise
    return lines
