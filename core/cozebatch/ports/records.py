"""What the journal keeps: runs, executions, edits, uploads, and how an earlier run left a task."""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cozebatch.model.allowance import ANY_NUMBER, Allowance
from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Counters, Row
from cozebatch.model.value_class import valueclass
from cozebatch.ports.services import Workflow

RunStatus = Literal["open", "finished", "interrupted", "stopped", "abandoned"]


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the workflow and the table; empty where that is not known."""

    workflow: str = ""
    table: str = ""

    def or_else(self, earlier: Names) -> Names:
        return Names(self.workflow or earlier.workflow, self.table or earlier.table)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, over all its processes. Times are Unix seconds; `clock` is its running time in seconds.

    `place` orders the runs of a source: as `started_at` does, but for a clock that was put back between two of them.
    """

    run_id: str
    source_key: str
    source_kind: str
    workflow_id: str
    started_at: float
    finished_at: float | None = None
    status: RunStatus = "open"
    clock: float = 0.0
    counters: Counters = field(default_factory=Counters)
    max_coze: int = 0
    max_synthesis: int = 0
    results_path: str | None = None
    place: float = math.nan
    """`started_at` where it is not given."""
    pruned: bool = False
    """Retention has been through: rows and results may be gone."""
    allowance: Allowance = ANY_NUMBER
    """What a process that was cut short still had to go by; nothing for a run that ended by itself."""
    names: Names = Names()

    def __post_init__(self) -> None:
        if math.isnan(self.place):
            object.__setattr__(self, "place", self.started_at)


ExecutionStatus = Literal[
    "sent", "refused", "unanswered", "running", "succeeded", "failed", "interrupted", "lost", "cancelled", "reused"
]
NOT_ENDED: frozenset[ExecutionStatus] = frozenset({"sent", "unanswered", "running", "lost", "interrupted"})
"""What became of these is not known for good. `interrupted`: it waits for an answer, and runs nothing meanwhile.
`reused` is none of them: such an entry pays for nothing, and says that a task has the result of another's execution."""


def new_key() -> str:
    """A random name for an execution."""
    return secrets.token_hex(8)


@dataclass(frozen=True, slots=True)
class Film:
    """What was made of an execution, proven. `at` in Unix seconds; paths are absolute."""

    at: float
    video_path: str | None = None
    draft_path: str | None = None
    message: str | None = None


@valueclass(frozen=True, slots=True)
class Execution:
    """One submission and what became of it: one record of what was paid (docs/contract.md §5).

    `key` is our own name for it, made with the intent; it never changes. `source_key`, `run_id`, `task_id` name the
    task that it serves now; left empty, the journal fills in the run that writes. `number` counts a task's submissions
    in its run, from 1. `sent` is the intent, on disk before the request leaves; `cancelled`: Coze was never asked.
    `digest` is `parameters_digest` of what was sent; None where that is not known. Times are Unix seconds.
    """

    task_id: str
    number: int
    status: ExecutionStatus
    sent_at: float
    execute_id: str | None = None
    debug_url: str | None = None
    logid: str | None = None
    ended_at: float | None = None
    seconds: float | None = None
    error: ErrorInfo | None = None
    key: str = field(default_factory=new_key)
    source_key: str = ""
    run_id: str = ""
    workflow: Workflow | None = None
    """None: not known (an execution that an import found)."""
    digest: str | None = None
    parameters: Mapping[str, str] | None = None
    """As sent; None where they are not known or not kept any more."""
    film: Film | None = None
    """None until it is proven made."""
    resumed_at: float | None = None
    """When the latest answer to a question of it was sent: from then on it may run again."""

    @property
    def runs_since(self) -> float:
        """Since when it may be in flight."""
        return max(self.sent_at, self.resumed_at or 0.0)


@valueclass(frozen=True, slots=True)
class Recorded:
    """An execution as planning needs it. A record may hold 100,000 of them, so it has no texts."""

    key: str
    source_key: str
    run_id: str
    task_id: str
    number: int
    status: ExecutionStatus
    sent_at: float
    workflow_id: str
    """Empty: not known."""
    digest: str | None
    execute_id: str | None
    has_output: bool
    """Coze's output is on disk."""
    has_film: bool
    resumed_at: float | None = None

    @property
    def runs_since(self) -> float:
        """Since when it may be in flight."""
        return max(self.sent_at, self.resumed_at or 0.0)

    @property
    def execution(self) -> Execution:
        """The same as an execution of its task, as far as the record tells."""
        return Execution(
            self.task_id,
            self.number,
            self.status,
            self.sent_at,
            key=self.key,
            source_key=self.source_key,
            run_id=self.run_id,
            execute_id=self.execute_id,
            digest=self.digest,
            resumed_at=self.resumed_at,
        )


@dataclass(frozen=True, slots=True)
class Edit:
    """Another title and script that the operator gave a row. It is in force for as long as the row says what it said
    then (`planning.edits`).

    `key` is our own name for it. `source_key` and `task_id` name the row that it serves now. `made_from` is the
    fingerprint of the row as the source had it, `source_title` and `source_content` are its texts. `at`: when it was
    made, in Unix seconds. `owed`: the texts are to be written into the row, and were not yet.
    """

    key: str
    source_key: str
    task_id: str
    made_from: str
    title: str
    content: str
    source_title: str
    source_content: str
    at: float
    owed: bool = False


@dataclass(frozen=True, slots=True)
class Rebound:
    """The execution `key` serves the task `task_id` of the run that begins from now on, as its submission `number`."""

    key: str
    task_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Handover:
    """What a run takes over from earlier ones, on disk in the same transaction as its start.

    `reused`: entries for tasks that have the result of another task's execution.
    `digests`: of executions (by key) that had none on record.
    `dropped`: tasks of the continued run that it has no more, since what was paid for them serves others now.
    `abandon_earlier`: the earlier runs of its source are forgotten, and the edits of its rows (`--fresh`).
    `edits`: those that serve another row from now on.
    """

    rebound: Sequence[Rebound] = ()
    digests: Mapping[str, str] = field(default_factory=dict)
    dropped: Sequence[str] = ()
    abandon_earlier: bool = False
    edits: Sequence[Edit] = ()
    reused: Sequence[Execution] = ()


NO_HANDOVER = Handover()


@valueclass(frozen=True, slots=True)
class Past:
    """How the latest earlier run left a task."""

    run_id: str
    row: Row
    owed: bool
    """A write-back of it was never delivered."""
    digest: str | None = None
    """Of the parameters that its execution was sent, where they are known."""
    started: int = 0
    """Executions on record for it."""
    by_content: bool = False
    """Another row's, recognized by its parameters."""
    from_record: bool = False
    """No run keeps this row: it says what the record of the executions says."""
    is_unanswered: bool = False
    """The last submission of exactly what the row says now went unanswered, whatever else was sent for it since."""


@dataclass(frozen=True, slots=True)
class StoredInput:
    """The input of a task, unchanged, as it is stored for an earlier run or for the run itself."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Upload:
    """What Coze calls a content that was uploaded `at` (Unix seconds); `file_id` is empty once Coze has said that it
    does not have it any more. `sha256`: in hexadecimal, or what else it is known by, see `FileRef.key`."""

    sha256: str
    file_id: str
    size: int
    at: float


@dataclass(frozen=True, slots=True)
class LearnedLimit:
    """How many executions at once an account allowed `at` (Unix seconds), where it allowed fewer than were asked for.
    `account`: site and workflow."""

    account: str
    executions: int
    at: float


@dataclass(frozen=True, slots=True)
class Medium:
    """A content (`sha256`, hexadecimal) in a Feishu base (`place`). `file_token`: Feishu's name for it; empty while
    only the first `parts` of its blocks are there, under `upload_id`. `at`: Unix seconds."""

    sha256: str
    place: str
    file_token: str = ""
    upload_id: str = ""
    block_size: int = 0
    parts: int = 0
    at: float = 0.0
