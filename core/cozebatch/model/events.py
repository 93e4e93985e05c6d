"""The events that the engine publishes.

Events are small frozen values with a literal tag, so that a `match` can be complete. Every event holds `wall`
(Unix seconds, for people) and `clock` (seconds of running time of the run, all its processes together; for
durations). Those that docs/contract.md §6 names are printed by `--json`; the others (`Loaded`, `Retrying`, `Gauges`,
`Noted`) serve the read model and the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from cozebatch.model.allowance import ANY_NUMBER, Allowance
from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Counters, Row, Stage
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch.model.value_class import valueclass


@valueclass(frozen=True, slots=True, kw_only=True)
class _Event:
    wall: float
    clock: float


@valueclass(frozen=True, slots=True, kw_only=True)
class RunStarted(_Event):
    tag: ClassVar[Literal["run_started"]] = "run_started"
    run_id: str
    total: int
    max_coze: int
    max_synthesis: int


@valueclass(frozen=True, slots=True, kw_only=True)
class Loaded(_Event):
    """The rows of the run as they stand at its start (or when the source brought more)."""

    tag: ClassVar[Literal["loaded"]] = "loaded"
    rows: tuple[Row, ...]


@valueclass(frozen=True, slots=True, kw_only=True)
class TaskState(_Event):
    """A task moved. `row` is the whole row after the move; the other fields describe the move."""

    tag: ClassVar[Literal["task_state"]] = "task_state"
    task_id: str
    before: State
    after: State
    attempt: int
    row: Row
    execute_id: str | None = None
    error: ErrorInfo | None = None
    adopted: bool = False


@valueclass(frozen=True, slots=True, kw_only=True)
class TaskProgress(_Event):
    tag: ClassVar[Literal["task_progress"]] = "task_progress"
    task_id: str
    stage: str
    fraction: float


@valueclass(frozen=True, slots=True, kw_only=True)
class Retrying(_Event):
    """A step of a task failed and will be retried automatically after `delay` seconds; its state stays."""

    tag: ClassVar[Literal["retrying"]] = "retrying"
    task_id: str
    step: str
    error: ErrorInfo
    delay: float


@valueclass(frozen=True, slots=True, kw_only=True)
class LimitChanged(_Event):
    """A limit changed. `limit` is the effective one; `user_limit` is the one that the operator set."""

    tag: ClassVar[Literal["limit_changed"]] = "limit_changed"
    stage: Stage
    limit: int
    user_limit: int
    reason: str


@valueclass(frozen=True, slots=True, kw_only=True)
class Throttled(_Event):
    tag: ClassVar[Literal["throttled"]] = "throttled"
    retry_in: float


@valueclass(frozen=True, slots=True, kw_only=True)
class Paused(_Event):
    """Nothing new is submitted. `reason`: `operator`, `auth`, `quota`, `invalid_request`, `disk_full`, `journal`."""

    tag: ClassVar[Literal["paused"]] = "paused"
    reason: str
    error: ErrorInfo | None = None


@valueclass(frozen=True, slots=True, kw_only=True)
class Resumed(_Event):
    tag: ClassVar[Literal["resumed"]] = "resumed"


@valueclass(frozen=True, slots=True, kw_only=True)
class Gauges(_Event):
    """The current values of limiters and counters, about once a second. `owed`: undelivered write-backs."""

    tag: ClassVar[Literal["gauges"]] = "gauges"
    coze_in_flight: int
    coze_limit: int
    coze_user_limit: int
    synthesis_busy: int
    synthesis_limit: int
    requests_per_second: float
    request_budget: float
    owed: int
    counters: Counters
    allowance: Allowance = ANY_NUMBER


@valueclass(frozen=True, slots=True, kw_only=True)
class Allowed(_Event):
    """What the operator allows to be paid for has changed, or is told at the start."""

    tag: ClassVar[Literal["allowed"]] = "allowed"
    allowance: Allowance


@valueclass(frozen=True, slots=True, kw_only=True)
class Noted(_Event):
    """A line for the log that moves no task (`level` as in `logging`)."""

    tag: ClassVar[Literal["noted"]] = "noted"
    level: str
    text: Text
    task_id: str | None = None


@valueclass(frozen=True, slots=True, kw_only=True)
class RunFinished(_Event):
    tag: ClassVar[Literal["run_finished"]] = "run_finished"
    status: Literal["finished", "interrupted", "stopped"]
    statistics: Mapping[str, Any]
    results_path: str | None


Event = (
    RunStarted
    | Loaded
    | TaskState
    | TaskProgress
    | Retrying
    | LimitChanged
    | Throttled
    | Paused
    | Resumed
    | Gauges
    | Allowed
    | Noted
    | RunFinished
)
