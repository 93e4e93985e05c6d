"""Runs a batch in a thread of its own, so that a slow or frozen terminal does not slow the engine.

The fronts stay in the main thread: they read events from a `Subscription` and send commands. Commands return
futures and do not wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from cozebatch.batch.batch import Batch
from cozebatch.batch.preview import Preview
from cozebatch.batch.request import Request
from cozebatch.batch.wiring import open_batch
from cozebatch.coze.debug_link import execute_id_of
from cozebatch.engine.answers import GivenAnswer
from cozebatch.engine.commands import OperatorCommands
from cozebatch.engine.engine import KeepOpen, Outcome
from cozebatch.engine.event_bus import Bus, Subscription
from cozebatch.model.check_item import CheckItem
from cozebatch.model.prices import Prices
from cozebatch.model.redact import Masker
from cozebatch.model.rows import Stage
from cozebatch.model.text import Text
from cozebatch.settings import Settings
from cozebatch_tui.presentation.terminal_signals import Bell
from cozebatch_tui.session.preferences import bell_of, load_user_settings
from cozebatch_tui.session.task_facts import TaskFacts, task_facts

if TYPE_CHECKING:
    from cozebatch.synthesis.process.frame import Frame

T = TypeVar("T")


class Session:
    """Opens, runs and closes one batch. Use as a context manager; leaving it ends the thread."""

    def __init__(self, settings: Settings, request: Request) -> None:
        self._settings = settings
        self._request = request
        self._bus = Bus()
        self._stack = ExitStack()
        self._portal: BlockingPortal | None = None
        self._batch: Batch | None = None
        self.log_path: Path | None = None
        """The log file that follows this session, if one does."""
        self.preview: Preview | None = None
        """What runs, once it has begun."""
        self._reserved = 0

    @property
    def mask(self) -> Callable[[str], str]:
        """A function that masks the configuration's secrets in a text."""
        return Masker(self._settings.secrets()).mask

    @property
    def origin(self) -> str:
        """Where the tasks come from; empty before `open`."""
        return self._batch.origin() if self._batch is not None else ""

    @property
    def films_folder(self) -> str | None:
        """Where films and drafts go, as it is configured; None where none are made."""
        synthesis = self._settings.synthesis
        match synthesis.mode:
            case "none":
                return None
            case "draft":
                return self._settings.workflow_config.draft_folder_path
            case _:
                return synthesis.output_dir

    def poster(self, film: str, width: int, height: int) -> Frame | None:
        """A small frame of a film that was made here; None for any other file. Blocks: call it in a thread."""
        from cozebatch.batch.adapters import synthesis_options
        from cozebatch.synthesis.process.frame import frame_of

        request = self._request
        options = synthesis_options(
            self._settings, request.state_dir, lang=request.lang, secret_variables=request.secret_variables
        )
        path, folder = Path(film), options.output_dir
        if path.suffix.lower() != ".mp4" or options.mode not in ("video", "both"):
            return None
        if path.is_symlink() or not path.is_file() or not path.resolve().is_relative_to(folder.resolve()):
            return None
        return frame_of(path, width, height, environment=options.child_environment())

    @property
    def rings(self) -> Bell:
        """When the terminal rings: as the configuration and the operator's preferences say."""
        return bell_of(load_user_settings(), configured=self._settings.notify.bell)

    @property
    def waiting(self) -> int:
        """New executions that a trial has left for later."""
        return self._reserved

    @property
    def rings_at_all(self) -> bool:
        """Whether the configuration lets the terminal ring."""
        return self._settings.notify.bell

    @property
    def attach_folder(self) -> Path:
        """Where screens look for this batch: the state folder, or what a demo leaves behind."""
        return self._request.kept_in or self._request.state_dir

    @property
    def prices(self) -> Prices:
        """What executions cost, as the configuration says."""
        from cozebatch.batch.adapters import prices_of

        return prices_of(self._settings)

    @property
    def limits(self) -> tuple[int, int]:
        """How many executions and how many syntheses at once are configured."""
        workflow = self._settings.workflow_config
        return workflow.max_coze_concurrent, workflow.max_synthesis_workers

    @property
    def results_dir(self) -> Path:
        return self._request.results_dir

    def __enter__(self) -> Session:
        self._portal = self._stack.enter_context(start_blocking_portal("asyncio", name="engine"))
        return self

    def __exit__(self, *exc: Any) -> None:
        self._stack.close()

    def subscribe(self, wake: Callable[[], None] | None = None) -> Subscription:
        """Subscribe to all events from now on; `wake` is called in the engine's thread."""
        return self._bus.subscribe(wake)

    def open(self) -> None:
        """Take the state directory and connect what the configuration names. Blocks; call it once, from any thread.

        Raises `UsageError` and `JournalError`.
        """
        assert self._portal is not None
        opened = open_batch(self._settings, self._request, self._bus)
        self._batch = self._stack.enter_context(self._portal.wrap_async_context_manager(opened))

    def prepare(self) -> Future[Preview]:
        """Load the tasks and plan the batch. The future may raise `UsageError` and `JournalError`."""
        return self._call(self._opened.prepare)

    def check_named(self) -> Future[None]:
        """Check the executions and answers that the operator named. The future raises `UsageError`."""
        return self._call(self._opened.check_named)

    def preflight(self) -> Future[Sequence[CheckItem]]:
        """Run the cheap checks; what they found. The future raises `UsageError` if the batch should not begin."""
        return self._call(self._opened.preflight)

    def run(self, preview: Preview, *, keep_open: KeepOpen = False) -> Future[Outcome]:
        """Run what was previewed; see `Batch.run`. A function `keep_open` is called in the session's thread."""
        self.preview, self._reserved = preview, preview.reserved

        async def run() -> Outcome:
            return await self._opened.run(preview, keep_open=keep_open)

        return self._call(run)

    def add_service(self, service: AbstractAsyncContextManager[T]) -> T:
        """Enter `service` in the session's thread; it is left when the session is closed, before the batch is."""
        assert self._portal is not None
        return self._stack.enter_context(self._portal.wrap_async_context_manager(service))

    def stop(self) -> None:
        """Begin a drain: the future of `run` ends within seconds, also if `run` is called later."""

        async def stop() -> None:
            self._opened.stop()

        self._call(stop)

    def toggle_pause(self, *, paused: bool, seen: int) -> Future[None]:
        """Pause, or resume a paused batch. The engine's thread decides which: a front may be an event or two behind,
        and must not take a second press for another first one. What it saw counts for screens elsewhere."""
        return self._call(self._commands.toggle_pause)

    def retry(self, seen: Mapping[str, int], *, may_pay: bool = False) -> Future[list[str]]:
        """Resume from the failed step: free, unless `may_pay` and only a new execution helps. Returns the ids of the
        tasks that were retried. `seen`: the tasks, with their `attempts` as the operator saw them."""

        async def retry() -> list[str]:
            return await self._commands.retry(seen, may_pay=may_pay, seen=seen)

        return self._call(retry)

    def go_on(self) -> Future[list[str]]:
        """Paid: start what a trial left for later. Returns the ids."""
        return self._call(self.go_on_here)

    async def go_on_here(self) -> list[str]:
        """The same in the session's thread."""
        released = await self._commands.go_on()
        self._reserved = 0
        return released

    def rerun(self, seen: Mapping[str, int]) -> Future[list[str]]:
        """Paid: start a new execution for each. Returns the ids of the tasks that were rerun. `seen`: see `retry`."""

        async def rerun() -> list[str]:
            return await self._commands.rerun(seen, seen=seen)

        return self._call(rerun)

    def edit(
        self, task_id: str, title: str, content: str, *, write_back: bool = False, seen: int | None = None
    ) -> Future[None]:
        """Paid: run the task again with another title and script, which go into the source, too, with `write_back`.
        `seen`: its `attempts` as the operator saw them. The future raises `UsageError` when it is not run."""

        async def edit() -> None:
            await self._commands.edit(task_id, title, content, write_back=write_back, seen=seen)

        return self._call(edit)

    def takes_texts(self) -> Future[bool]:
        """Whether an edited title and script can be written into the source."""
        return self._call(self._commands.takes_texts)

    def cancel(self, task_ids: Iterable[str]) -> Future[None]:
        return self._call(self._commands.cancel, list(task_ids))

    def adopt(self, task_id: str, execute_id: str) -> Future[None]:
        """Follow this execution for that task; takes an id or a debug link. The future raises `UsageError` when it is
        not adopted."""
        return self._call(self._commands.adopt, task_id, execute_id_of(execute_id))

    def answer(self, task_id: str, typed: str | Mapping[str, str]) -> Future[None]:
        """Answer the question that the task's execution waits with; free. The future raises `UsageError` when the
        question cannot have this answer."""
        return self._call(self.answer_here, task_id, typed)

    async def answer_here(self, task_id: str, typed: str | Mapping[str, str]) -> None:
        """The same in the session's thread."""
        await self._commands.answer(task_id, GivenAnswer(typed, self._request.operator))

    def allow(self, more: int | None, until: float | None, *, seen: int | None = None) -> Future[bool]:
        """At most so many more paid executions, none after `until` (Unix seconds); None: no such limit. False, and
        nothing has changed, where the board's `allowance_changes` are not those that the operator saw."""

        async def allow() -> bool:
            return await self._commands.allow(more, until, seen=seen)

        return self._call(allow)

    def change_limit(self, stage: Stage, step: int) -> Future[int]:
        """Raise or lower the operator's limit, never below 1. Returns the new limit."""
        return self._call(self._commands.change_limit, stage, step)

    def note(self, text: Text) -> None:
        """Log an error of a front."""

        async def note() -> None:
            self._opened.note("error", text)

        self._call(note)

    def task_facts(self, task_id: str) -> Future[TaskFacts]:
        """What the journal has of the task."""
        return self._call(task_facts, self._opened, task_id)

    def usual_seconds(self) -> Future[float | None]:
        """The median of the latest executions on record of this workflow; None without any. A demo begins without a
        record, but it is known how long its executions take."""
        return self._call(self.usual_here)

    async def usual_here(self) -> float | None:
        """The same in the session's thread."""
        seconds = await self._opened.journal.durations(self._opened.workflow_id)
        if not seconds and self._request.kind == "demo":
            from cozebatch.demo.environment import USUAL_SECONDS

            return USUAL_SECONDS
        return median(seconds) if seconds else None

    def call(self, function: Callable[..., T], *args: Any) -> T:
        """Call a plain function in the session's thread, and wait for it."""
        assert self._portal is not None
        return self._portal.call(function, *args)

    @property
    def batch(self) -> Batch:
        """What was opened; only for code that runs in the session's thread."""
        return self._opened

    @property
    def bus(self) -> Bus:
        """Where all events come along; only for code that runs in the session's thread."""
        return self._bus

    @property
    def _opened(self) -> Batch:
        assert self._batch is not None, "open first"
        return self._batch

    @property
    def _commands(self) -> OperatorCommands:
        return self._opened.commands

    def _call(self, function: Callable[..., Any], *args: Any) -> Future[Any]:
        assert self._portal is not None
        return self._portal.start_task_soon(function, *args)
