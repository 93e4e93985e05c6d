"""What the engine tells the world, and the row of facts it keeps of each task.

Events are small frozen values with a literal tag, so that a `match` can be complete. Every event holds `wall`
(Unix seconds, for people) and `clock` (seconds of running time of the run, all its processes together; for
durations). Those that CONTRACT §6 names are printed by `--json`; the others (`Loaded`, `Retrying`, `Gauges`,
`Noted`) serve the read model and the log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any, Literal

from cozebatch.errors import ErrorInfo
from cozebatch.task import State
from cozebatch.texts import Text


class Stage(StrEnum):
    """The two resources with a limit of their own."""

    COZE = "coze"
    SYNTHESIS = "synthesis"


@dataclass(frozen=True, slots=True)
class Row:
    """All that is known of one task but its texts and Coze's output, which stay in the journal.

    Wall times are Unix seconds. `…_clock` are marks on the run's clock, for durations and the timeline; they
    belong to the latest attempt, `first_submit_clock` to the first. `coze_slot_seconds` and
    `worker_seconds` add up over all attempts.
    """

    task_id: str
    position: int
    title: str = ""
    account_id: str = ""
    project_name: str = ""
    record_id: str | None = None
    fingerprint: str = ""
    state: State = State.PENDING
    attempts: int = 0
    """Executions started for it, ever (one that went unanswered counts: it may have been paid)."""
    failures: int = 0
    """Executions that Coze reported as failed since the last rerun by a person."""
    execute_id: str | None = None
    debug_url: str | None = None
    has_output: bool = False
    """Coze's output of `execute_id` is on disk."""
    adopted: bool = False
    quiet: bool = False
    """Cancelled while its execution was still in flight: watched for its slot, not for its result."""
    stage: str | None = None
    fraction: float | None = None
    """Progress within `stage`, 0..1, while something measurable goes on."""
    submitted_at: float | None = None
    coze_finished_at: float | None = None
    finished_at: float | None = None
    entered_clock: float = 0.0
    first_submit_clock: float | None = None
    submit_clock: float | None = None
    coze_end_clock: float | None = None
    synthesis_clock: float | None = None
    synthesis_end_clock: float | None = None
    end_clock: float | None = None
    coze_seconds: float = 0.0
    """Of the latest execution, from submission to our knowing of its end."""
    synthesis_seconds: float = 0.0
    coze_slot_seconds: float = 0.0
    worker_seconds: float = 0.0
    lag_seconds: float | None = None
    """From the end of the execution (Coze's `update_time`) to our knowing it."""
    tokens_in: int = 0
    tokens_out: int = 0
    tokens: int = 0
    draft_path: str | None = None
    video_path: str | None = None
    note: Text | None = None
    """Why it was skipped or held, or what a person should know about it."""
    error: ErrorInfo | None = None

    def to_json(self) -> dict[str, Any]:
        """For the journal: only what differs from a new row."""
        kept: dict[str, Any] = {}
        for name, default in _ROW_DEFAULTS:
            value = getattr(self, name)
            if value != default:
                kept[name] = value.to_json() if name in ("error", "note") else value
        return kept

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Row:
        facts = {name: v for name, v in value.items() if name in _ROW_NAMES}
        if "state" in facts:
            facts["state"] = State(facts["state"])
        if facts.get("error") is not None:
            facts["error"] = ErrorInfo.from_json(facts["error"])
        if facts.get("note") is not None:
            facts["note"] = Text.from_json(facts["note"])
        return cls(**facts)


_ROW_DEFAULTS = tuple((f.name, f.default) for f in fields(Row))
_ROW_NAMES = frozenset(name for name, _ in _ROW_DEFAULTS)


@dataclass(slots=True)
class Counters:
    """What a run counts beside its rows, over all its processes."""

    submissions: int = 0
    polls: int = 0
    retries: int = 0
    throttled: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    """Category → how often, over all attempts."""

    def copy(self) -> Counters:
        return Counters(self.submissions, self.polls, self.retries, self.throttled, dict(self.errors))

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Counters:
        return cls(**{name: value[name] for name in cls.__slots__ if name in value})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    wall: float
    clock: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(_Event):
    tag: Literal["run_started"] = "run_started"
    run_id: str
    total: int
    max_coze: int
    max_synthesis: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(_Event):
    """The rows of the run as they stand at its start (or when the source brought more)."""

    tag: Literal["loaded"] = "loaded"
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskState(_Event):
    """A task moved. `row` is the whole row after the move; the other fields say the move itself."""

    tag: Literal["task_state"] = "task_state"
    task_id: str
    before: State
    after: State
    attempt: int
    row: Row
    execute_id: str | None = None
    error: ErrorInfo | None = None
    adopted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgress(_Event):
    tag: Literal["task_progress"] = "task_progress"
    task_id: str
    stage: str
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying(_Event):
    """A step of a task failed and will be tried again by itself after `delay` seconds; its state stays."""

    tag: Literal["retrying"] = "retrying"
    task_id: str
    step: str
    error: ErrorInfo
    delay: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitChanged(_Event):
    """`limit` is the one in force; `user_limit` what the operator set."""

    tag: Literal["limit_changed"] = "limit_changed"
    stage: Stage
    limit: int
    user_limit: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttled(_Event):
    tag: Literal["throttled"] = "throttled"
    retry_in: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Paused(_Event):
    """Nothing new is submitted. `reason`: `operator`, `auth`, `quota`, `invalid_request`, `disk_full`, `journal`."""

    tag: Literal["paused"] = "paused"
    reason: str
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed(_Event):
    tag: Literal["resumed"] = "resumed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauges(_Event):
    """About once a second: what the limiters and counters read now. `owed`: write-backs not yet delivered."""

    tag: Literal["gauges"] = "gauges"
    coze_in_flight: int
    coze_limit: int
    coze_user_limit: int
    synthesis_busy: int
    synthesis_limit: int
    requests_per_second: float
    request_budget: float
    owed: int
    counters: Counters


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted(_Event):
    """Something worth a line in the log that moves no task (`level` as in `logging`)."""

    tag: Literal["noted"] = "noted"
    level: str
    text: Text
    task_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(_Event):
    tag: Literal["run_finished"] = "run_finished"
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
    | Noted
    | RunFinished
)
