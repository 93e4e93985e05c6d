"""What a screen needs of a batch, as a Protocol: a `Session` in this process has it, and so has a batch elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cozebatch.model.board import Board
from cozebatch.model.events import Event
from cozebatch.model.prices import Prices
from cozebatch.model.rows import Stage
from cozebatch.model.text import Text
from cozebatch_tui.presentation.tally import Tally
from cozebatch_tui.presentation.terminal_signals import Bell

if TYPE_CHECKING:
    from cozebatch.synthesis.process.frame import Frame
    from cozebatch_tui.session.task_facts import TaskFacts


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is known of a batch at one moment. It comes in place of the events before it."""

    board: Board
    tally: Tally
    log: Sequence[Event]
    """The latest events that have a line in the log, oldest first."""


class Reader(Protocol):
    """Where a screen takes its events from."""

    def take(self) -> Sequence[Event | Snapshot]:
        """All that came since the last call, in order; never waits."""
        ...


class Controls(Protocol):
    """The batch, seen from a screen. Commands return futures and do not wait; a future may raise `CozebatchError`.

    `seen` is what the operator had before his eyes, so that two operators at two screens do not pay twice.
    """

    @property
    def films_folder(self) -> str | None:
        """Where films and drafts go, as it is configured; None where none are made."""
        ...

    @property
    def results_dir(self) -> Path: ...

    @property
    def log_path(self) -> Path | None:
        """The log file that follows the batch."""
        ...

    @property
    def prices(self) -> Prices:
        """What executions cost, as it is configured."""
        ...

    @property
    def limits(self) -> tuple[int, int]:
        """How many executions and how many syntheses at once are configured."""
        ...

    @property
    def waiting(self) -> int:
        """New executions that a trial has left for later."""
        ...

    @property
    def rings(self) -> Bell:
        """When the terminal rings."""
        ...

    def poster(self, film: str, width: int, height: int) -> Frame | None:
        """A small frame of a film that was made here; None for any other file. Blocks: call it in a thread."""
        ...

    def subscribe(self, wake: Callable[[], None] | None = None) -> Reader: ...

    def stop(self) -> object:
        """Begin a drain."""
        ...

    def toggle_pause(self, *, paused: bool, seen: int) -> Future[None]:
        """Pause, or resume where the operator saw it `paused`; `seen`: the board's `pause_changes`."""
        ...

    def retry(self, seen: Mapping[str, int], *, may_pay: bool = False) -> Future[list[str]]:
        """Resume from the failed step: free, unless `may_pay` and only a new execution helps. `seen`: the tasks, with
        their `attempts`."""
        ...

    def rerun(self, seen: Mapping[str, int]) -> Future[list[str]]:
        """Paid: start a new execution for each."""
        ...

    def go_on(self) -> Future[list[str]]:
        """Paid: start what a trial left for later."""
        ...

    def edit(
        self, task_id: str, title: str, content: str, *, write_back: bool = False, seen: int | None = None
    ) -> Future[None]:
        """Paid: run the task again with another title and script."""
        ...

    def takes_texts(self) -> Future[bool]:
        """Whether an edited title and script can be written into the source."""
        ...

    def cancel(self, task_ids: Sequence[str]) -> Future[None]: ...

    def adopt(self, task_id: str, execute_id: str) -> Future[None]:
        """Follow this execution for that task; takes an id or a debug link."""
        ...

    def answer(self, task_id: str, typed: str | Mapping[str, str]) -> Future[None]:
        """Answer the question that the task's execution waits with; free."""
        ...

    def allow(self, more: int | None, until: float | None, *, seen: int | None = None) -> Future[bool]:
        """At most so many more paid executions, none after `until`; `seen`: the board's `allowance_changes`."""
        ...

    def change_limit(self, stage: Stage, step: int) -> Future[int]: ...

    def note(self, text: Text) -> object:
        """Log an error of the screen."""
        ...

    def task_facts(self, task_id: str) -> Future[TaskFacts]:
        """What the journal has of the task."""
        ...

    def usual_seconds(self) -> Future[float | None]:
        """The median of the latest executions on record of this workflow; None without any."""
        ...
