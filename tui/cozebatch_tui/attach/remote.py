"""A batch of another process, as a screen uses it: the same commands and futures as a `Session` in this one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from cozebatch.model.errors import CozebatchError, UsageError
from cozebatch.model.prices import Prices
from cozebatch.model.rows import Stage
from cozebatch.model.text import Text
from cozebatch.ports import RunRecord
from cozebatch_tui.attach.connection import FIRST_SECONDS, Connection, End
from cozebatch_tui.attach.inbox import Inbox
from cozebatch_tui.attach.values import BatchFacts, frame_from_json, task_facts_from_json
from cozebatch_tui.locale import attach as texts
from cozebatch_tui.presentation.terminal_signals import Bell
from cozebatch_tui.session.preferences import bell_of, load_user_settings
from cozebatch_tui.session.task_facts import TaskFacts

if TYPE_CHECKING:
    from cozebatch.synthesis.process.frame import Frame
    from cozebatch_tui.session.controls import Controls

T = TypeVar("T")


class RemoteSession:
    """Use as a context manager; leaving it breaks the connection off, and the batch goes on.

    `folders`: where to look for a batch, in this order.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = list(folders)
        self._stack = ExitStack()
        self._inbox = Inbox()
        self._portal: BlockingPortal
        self._connection: Connection
        self.ended: Future[End] = Future()
        """Set when the batch has ended, or the connection is lost for good."""
        _: Controls = self  # the type checker holds it against what a screen needs

    def __enter__(self) -> RemoteSession:
        self._portal = self._stack.enter_context(start_blocking_portal("asyncio", name="attach"))
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.close()

    def open(self) -> None:
        """Connect, and wait for the first snapshot. Blocks. Raises `UsageError` when there is no batch to show."""
        self._connection = self._portal.call(Connection, self._folders, self._inbox)
        self._portal.call(self._connection.open)
        ready: Future[None] = Future()

        def on_ready() -> None:
            if not ready.done():
                ready.set_result(None)

        following = self._portal.start_task_soon(self._connection.follow, on_ready)
        self._stack.callback(following.cancel)
        following.add_done_callback(lambda done: self._over(done, ready))
        try:
            ready.result(timeout=FIRST_SECONDS)
        except TimeoutError:
            raise UsageError(texts.NO_ANSWER) from None

    def _over(self, following: Future[End], ready: Future[None]) -> None:
        end = End() if following.cancelled() else End(lost=True)
        error = None if following.cancelled() else following.exception()
        if not following.cancelled() and error is None:
            end = following.result()
        if not ready.done():
            ready.set_exception(error if isinstance(error, UsageError) else UsageError(texts.LOST))
        if self.ended.set_running_or_notify_cancel():
            self.ended.set_result(end)

    @property
    def facts(self) -> BatchFacts:
        return self._connection.facts

    @property
    def run_record(self) -> RunRecord:
        return self._connection.run

    @property
    def films_folder(self) -> str | None:
        return self.facts.films_folder

    @property
    def prices(self) -> Prices:
        return Prices(self.facts.price_per_execution, self.facts.price_per_1000_tokens)

    @property
    def results_dir(self) -> Path:
        return Path(self.facts.results_dir)

    @property
    def log_path(self) -> Path | None:
        return None if self.facts.log_path is None else Path(self.facts.log_path)

    @property
    def limits(self) -> tuple[int, int]:
        return self.facts.max_coze, self.facts.max_synthesis

    @property
    def waiting(self) -> int:
        return self._connection.waiting

    @property
    def rings(self) -> Bell:
        return bell_of(load_user_settings(), configured=self.facts.rings_at_all)

    def poster(self, film: str, width: int, height: int) -> Frame | None:
        try:
            return self._ask("poster", frame_from_json, film=film, width=width, height=height).result()
        except CozebatchError:  # the way to the batch is lost, which is told elsewhere
            return None

    def subscribe(self, wake: Callable[[], None] | None = None) -> Inbox:
        """There is one reader. `wake` is not called: a screen looks by itself."""
        return self._inbox

    def stop(self) -> Future[None]:
        return self._ask("stop", _nothing)

    def leave(self) -> Future[bool]:
        """The operator has seen enough: with nothing left to do and no other screen, the batch ends. True if no other
        screen looks at it."""
        return self._ask("leave", bool)

    def toggle_pause(self, *, paused: bool, seen: int) -> Future[None]:
        return self._ask("toggle_pause", _nothing, paused=paused, seen=seen)

    def retry(self, seen: Mapping[str, int], *, may_pay: bool = False) -> Future[list[str]]:
        return self._ask("retry", list[str], seen=dict(seen), may_pay=may_pay)

    def rerun(self, seen: Mapping[str, int]) -> Future[list[str]]:
        return self._ask("rerun", list[str], seen=dict(seen))

    def go_on(self) -> Future[list[str]]:
        return self._ask("go_on", list[str])

    def edit(
        self, task_id: str, title: str, content: str, *, write_back: bool = False, seen: int | None = None
    ) -> Future[None]:
        return self._ask(
            "edit", _nothing, task_id=task_id, title=title, content=content, write_back=write_back, seen=seen
        )

    def takes_texts(self) -> Future[bool]:
        return self._ask("takes_texts", bool)

    def cancel(self, task_ids: Sequence[str]) -> Future[None]:
        return self._ask("cancel", _nothing, task_ids=list(task_ids))

    def adopt(self, task_id: str, execute_id: str) -> Future[None]:
        return self._ask("adopt", _nothing, task_id=task_id, execute_id=execute_id)

    def answer(self, task_id: str, typed: str | Mapping[str, str]) -> Future[None]:
        given = typed if isinstance(typed, str) else dict(typed)
        return self._ask("answer", _nothing, task_id=task_id, typed=given)

    def allow(self, more: int | None, until: float | None, *, seen: int | None = None) -> Future[bool]:
        return self._ask("allow", bool, more=more, until=until, seen=seen)

    def change_limit(self, stage: Stage, step: int) -> Future[int]:
        return self._ask("change_limit", int, stage=stage.value, step=step)

    def note(self, text: Text) -> None:
        self._ask("note", _nothing, text=text.to_json())

    def task_facts(self, task_id: str) -> Future[TaskFacts]:
        return self._ask("task_facts", task_facts_from_json, task_id=task_id)

    def usual_seconds(self) -> Future[float | None]:
        return self._ask("usual_seconds", _as_it_is)

    def _ask(self, order: str, read: Callable[[Any], T], **given: Any) -> Future[T]:
        """The answer, as a future that may be cancelled: what was asked is done all the same."""

        async def ask() -> T:
            return read(await self._connection.ask(order, given))

        return self._portal.start_task_soon(ask)


def _nothing(_: Any) -> None:
    return None


def _as_it_is(value: Any) -> Any:
    return value
