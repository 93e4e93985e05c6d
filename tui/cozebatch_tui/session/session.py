"""Runs a batch in a thread of its own, so that a slow or frozen terminal does not slow the engine.

The fronts stay in the main thread: they read events from a `Subscription` and send commands. Commands return
futures and do not wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

from cozebatch.batch.batch import Batch
from cozebatch.batch.preview import Preview
from cozebatch.batch.request import Request
from cozebatch.batch.wiring import open_batch
from cozebatch.coze.debug_link import execute_id_of
from cozebatch.engine.commands import OperatorCommands
from cozebatch.engine.engine import Outcome
from cozebatch.engine.event_bus import Bus, Subscription
from cozebatch.model.check_item import CheckItem
from cozebatch.model.redact import Masker
from cozebatch.model.rows import Stage
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.planning.edits import edit_of
from cozebatch.ports import Edit, Execution
from cozebatch.settings import Settings
from cozebatch_tui.presentation.terminal_signals import Bell
from cozebatch_tui.session.preferences import bell_of, load_user_settings

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

    @property
    def mask(self) -> Callable[[str], str]:
        """A function that masks the configuration's secrets in a text."""
        return Masker(self._settings.secrets()).mask

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

    def preflight(self) -> Future[Sequence[CheckItem]]:
        """Run the cheap checks; what they found. The future raises `UsageError` if the batch should not begin."""
        return self._call(self._opened.preflight)

    def run(self, preview: Preview, *, keep_open: bool = False) -> Future[Outcome]:
        """Run what was previewed; see `Batch.run`."""

        async def run() -> Outcome:
            return await self._opened.run(preview, keep_open=keep_open)

        return self._call(run)

    def stop(self) -> None:
        """Begin a drain: the future of `run` ends within seconds, also if `run` is called later."""

        async def stop() -> None:
            self._opened.stop()

        self._call(stop)

    def toggle_pause(self) -> Future[None]:
        """Pause, or resume a paused batch. The engine's thread decides which: a front may be an event or two behind,
        and must not take a second press for another first one."""
        return self._call(self._commands.toggle_pause)

    def retry(self, task_ids: Iterable[str], *, may_pay: bool = False) -> Future[list[str]]:
        """Resume from the failed step: free, unless `may_pay` and only a new execution helps. Returns the ids of the
        tasks that were retried."""
        ids = list(task_ids)

        async def retry() -> list[str]:
            return await self._commands.retry(ids, may_pay=may_pay)

        return self._call(retry)

    def go_on(self) -> Future[list[str]]:
        """Paid: start what a trial left for later. Returns the ids."""
        return self._call(self._commands.go_on)

    def rerun(self, task_ids: Iterable[str]) -> Future[list[str]]:
        """Paid: start a new execution for each. Returns the ids of the tasks that were rerun."""
        return self._call(self._commands.rerun, list(task_ids))

    def edit(self, task_id: str, title: str, content: str, *, write_back: bool = False) -> Future[None]:
        """Paid: run the task again with another title and script, which go into the source, too, with `write_back`. The
        future raises `UsageError` when it is not run."""

        async def edit() -> None:
            await self._commands.edit(task_id, title, content, write_back=write_back)

        return self._call(edit)

    def takes_texts(self) -> Future[bool]:
        """Whether an edited title and script can be written into the source."""
        return self._call(self._commands.takes_texts)

    def edit_of(self, task: Task) -> Future[Edit | None]:
        """The edit that gave a task of this batch its title and script; None if they are the source's."""

        async def found() -> Edit | None:
            return edit_of(task, await self._opened.journal.edits(), self._opened.source.key)

        return self._call(found)

    def cancel(self, task_ids: Iterable[str]) -> Future[None]:
        return self._call(self._commands.cancel, list(task_ids))

    def adopt(self, task_id: str, execute_id: str) -> Future[None]:
        """Follow this execution for that task; takes an id or a debug link. The future raises `UsageError` when it is
        not adopted."""
        return self._call(self._commands.adopt, task_id, execute_id_of(execute_id))

    def allow(self, more: int | None, until: float | None) -> Future[None]:
        """At most so many more paid executions, none after `until` (Unix seconds); None: no such limit."""
        return self._call(self._commands.allow, more, until)

    def change_limit(self, stage: Stage, step: int) -> Future[int]:
        """Raise or lower the operator's limit, never below 1. Returns the new limit."""
        return self._call(self._commands.change_limit, stage, step)

    def note(self, text: Text) -> None:
        """Log an error of a front."""

        async def note() -> None:
            self._opened.note("error", text)

        self._call(note)

    def task(self, run_id: str, task_id: str) -> Future[Task]:
        """The task as read from the source."""
        return self._call(self._opened.journal.task, run_id, task_id)

    def parameters(self, run_id: str, task_id: str) -> Future[dict[str, str]]:
        """The parameters that were, or would be, sent to Coze for the task."""

        async def parameters() -> dict[str, str]:
            task = await self._opened.journal.task(run_id, task_id)
            return self._opened.parameters_of(task)

        return self._call(parameters)

    def usual_seconds(self) -> Future[float | None]:
        """The median of the latest executions on record of this workflow; None without any. A demo begins without a
        record, but it is known how long its executions take."""

        async def usual() -> float | None:
            seconds = await self._opened.journal.durations(self._opened.workflow_id)
            if not seconds and self._request.kind == "demo":
                from cozebatch.demo.environment import USUAL_SECONDS

                return USUAL_SECONDS
            return median(seconds) if seconds else None

        return self._call(usual)

    def output(self, execute_id: str) -> Future[str | None]:
        """Coze's output as stored, secrets masked."""
        return self._call(self._opened.journal.output, execute_id)

    def executions(self, run_id: str, task_id: str) -> Future[list[Execution]]:
        """The task's submissions, oldest first."""

        async def executions() -> list[Execution]:
            return list(await self._opened.journal.executions(run_id, task_id))

        return self._call(executions)

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
