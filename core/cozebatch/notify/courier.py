"""Sends news while a batch runs, and never disturbs it: a card that does not arrive is tried again, then logged."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

import anyio

from cozebatch.model.board import Board
from cozebatch.model.errors import UsageError
from cozebatch.model.events import Event, RunFinished
from cozebatch.model.text import Lang, Text
from cozebatch.notify.card import About, card_of
from cozebatch.notify.news import NewsWatch
from cozebatch.notify.webhook import NotDelivered

WAITS: Sequence[float] = (2.0, 10.0, 60.0, 300.0)
"""Seconds before each further try."""
LAST_PATIENCE = 12.0
"""Seconds after a batch's end in which its last card may still arrive: two tries of a bot that hangs."""
_MOST_WAITING = 8
"""Cards that wait; of more the oldest are dropped, and that is logged."""

Send = Callable[[Mapping[str, Any]], Awaitable[None]]


class Log(Protocol):
    def __call__(self, level: Any, text: Text, /) -> None: ...


class Courier:
    """Give it every event of the batch (`tell`), on the engine's event loop; `serve` sends until it is cancelled."""

    def __init__(self, send: Send, about: About, *, lang: Lang) -> None:
        self._send = send
        self._about = about
        self._lang: Lang = lang
        self._watch = NewsWatch()
        self._cards: deque[Mapping[str, Any]] = deque()
        self._more = anyio.Event()
        self._idle = anyio.Event()
        self._idle.set()
        self._ended = anyio.Event()
        self._given_up = anyio.Event()

    def tell(self, event: Event, board: Board, log: Log) -> None:
        """Take note of an event that is in `board` already."""
        ended = isinstance(event, RunFinished) and event.status != "interrupted"
        kind = self._watch.look(board, is_over=ended)
        if kind is None:
            return
        if len(self._cards) >= _MOST_WAITING:
            self._cards.popleft()
            log("warning", Text("一张飞书卡片没有发出。", "A Feishu card was not sent."))
        self._cards.append(card_of(kind, board, self._about, self._lang, now=event.wall))
        self._idle = anyio.Event()
        self._more.set()

    async def serve(self, log: Log) -> None:
        """Send what there is to tell, one card after the other."""
        while True:
            await self._more.wait()
            self._more = anyio.Event()
            while self._cards:
                await self._deliver(self._cards.popleft(), log)
            self._idle.set()

    async def finish(self) -> None:
        """The batch has ended: wait until all was sent, for `LAST_PATIENCE` seconds at most."""
        self._ended.set()
        with anyio.move_on_after(LAST_PATIENCE):
            async with anyio.create_task_group() as group:
                group.start_soon(_then_leave, self._given_up, group.cancel_scope)
                await self._idle.wait()
                group.cancel_scope.cancel()

    def give_up(self) -> None:
        """Do not wait for what was not sent yet: the program leaves."""
        self._given_up.set()

    async def _deliver(self, card: Mapping[str, Any], log: Log) -> None:
        for wait in (*WAITS, None):
            try:
                await self._send(card)
            except NotDelivered as error:
                zh, en = error.text.zh, error.text.en
                if wait is None or not error.may_pass:
                    log("warning", Text(f"飞书卡片没有发出：{zh}", f"The Feishu card was not sent: {en}"))
                    return
                log("warning", Text(f"飞书卡片稍后再发：{zh}", f"The Feishu card is sent again later: {en}"))
                await self._wait(wait)
            except UsageError as error:
                for text in error.complaints:
                    log("warning", text)
                return
            else:
                return

    async def _wait(self, seconds: float) -> None:
        """Until the next try; nobody waits for long after the batch's end."""
        with anyio.move_on_after(seconds):
            await self._ended.wait()
            await anyio.sleep(min(seconds, WAITS[0]))


async def _then_leave(event: anyio.Event, scope: anyio.CancelScope) -> None:
    await event.wait()
    scope.cancel()
