"""The seam to the journal: what a run puts into it, and what it asks of it."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from cozebatch.model.allowance import ANY_NUMBER, Allowance
from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Counters, Row
from cozebatch.model.task import Task
from cozebatch.ports.questions import Asked, PutAsked
from cozebatch.ports.services import Delivery, Workflow

RunStatus = Literal["open", "finished", "interrupted", "stopped", "abandoned"]


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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
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

    def changed(self, status: ExecutionStatus, **facts: Any) -> PutExecution:
        """The change for the journal that says what became of it; `facts` are further fields of `Execution`. What it
        does not say stays as it is on record."""
        return PutExecution(
            Execution(
                self.task_id,
                self.number,
                status,
                self.sent_at,
                key=self.key,
                source_key=self.source_key,
                run_id=self.run_id,
                **{"execute_id": self.execute_id, "digest": self.digest, "resumed_at": self.resumed_at, **facts},
            )
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


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class StoredInput:
    """The input of a task, unchanged, as it is stored for an earlier run or for the run itself."""

    run_id: str


@dataclass(frozen=True, slots=True)
class PutRow:
    row: Row


@dataclass(frozen=True, slots=True)
class PutExecution:
    """Put an execution on record, or change what the record says of it (found by `key`). What it serves stays as it is;
    so does all that it says nothing of (None)."""

    execution: Execution


@dataclass(frozen=True, slots=True)
class PutFilm:
    """A film was made of this execution."""

    execute_id: str
    film: Film
    task_id: str = ""
    """The task that it was made for, where the result of the execution serves several."""


@dataclass(frozen=True, slots=True)
class PutOutput:
    """Coze's whole output, when first seen."""

    execute_id: str
    output: str


@dataclass(frozen=True, slots=True)
class Owe:
    """A write-back is owed from now on; it replaces an undelivered one of the same task."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Settle:
    """A write-back was delivered (`error` None), or was given up for now: it stays owed."""

    serial: int
    error: ErrorInfo | None = None


@dataclass(frozen=True, slots=True)
class PutRun:
    run: RunRecord


@dataclass(frozen=True, slots=True)
class PutInput:
    """The task of the run that writes has another input from now on."""

    task: Task


@dataclass(frozen=True, slots=True)
class PutEdit:
    """Put an edit on record, or change it (found by `key`)."""

    edit: Edit


@dataclass(frozen=True, slots=True)
class Upload:
    """What Coze calls a content that was uploaded `at` (Unix seconds). `sha256`: in hexadecimal, or what else it is
    known by, see `FileRef.key`."""

    sha256: str
    file_id: str
    size: int
    at: float


@dataclass(frozen=True, slots=True)
class PutUpload:
    upload: Upload


@dataclass(frozen=True, slots=True)
class LearnedLimit:
    """How many executions at once an account allowed `at` (Unix seconds), where it allowed fewer than were asked for.
    `account`: site and workflow."""

    account: str
    executions: int
    at: float


@dataclass(frozen=True, slots=True)
class PutLearned:
    learned: LearnedLimit


@dataclass(frozen=True, slots=True)
class Forget:
    """What was learned of an account's limit no longer holds."""

    account: str


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


@dataclass(frozen=True, slots=True)
class PutMedium:
    medium: Medium


Change = (
    PutRow
    | PutExecution
    | PutFilm
    | PutOutput
    | Owe
    | Settle
    | PutRun
    | PutInput
    | PutEdit
    | PutAsked
    | PutUpload
    | PutLearned
    | Forget
    | PutMedium
)


class Journal(Protocol):
    """The memory that survives a crash. Everything raises `JournalError` when the disk does not do its part."""

    async def begin(
        self, run: RunRecord, entries: Iterable[tuple[Task | StoredInput, Row]], handover: Handover = NO_HANDOVER
    ) -> None:
        """Start or continue `run`, with the tasks and rows that are new or changed (read once, possibly in another
        thread), and what it takes over. Later writes belong to it."""

    async def write(self, *changes: Change) -> None:
        """Durable, and all of it or nothing, when this returns. Concurrent writes share a commit."""

    async def last_run(self, source_key: str) -> RunRecord | None:
        """The latest run of that source that was not abandoned."""

    async def runs(self) -> Sequence[RunRecord]:
        """All runs, newest first."""

    async def rows(self, run_id: str, besides: Collection[str] = ()) -> Sequence[Row]:
        """A run's rows by position, `besides` those of these tasks."""

    async def order(self, run_id: str) -> Sequence[str]:
        """The ids of a run's tasks by position."""

    async def task(self, run_id: str, task_id: str) -> Task:
        """A task's input as it was when the run took it."""

    async def tasks(self, run_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        """These tasks of a run by id, as `task` gives one; those it does not have are missing."""

    async def past(self, source_key: str, task_ids: Sequence[str]) -> dict[str, Past]:
        """How the latest run that did not skip it left each of these tasks; tasks never seen are missing."""

    async def claimed(self, source_key: str) -> Sequence[str]:
        """Tasks whose record in the table was claimed for a submission that was not sent, as the latest run that has
        them left them."""

    async def claim_names(self, source_key: str, task_ids: Sequence[str]) -> Mapping[str, str]:
        """The names of the claims of these tasks' records that were won or begun last, of all runs, abandoned ones
        too; missing where there is none."""

    async def output(self, execute_id: str) -> str | None:
        """Coze's output of an execution, as it was stored."""

    async def outputs(self, execute_ids: Sequence[str]) -> Mapping[str, str]:
        """The same for several; those without one are missing."""

    async def executions(self, run_id: str, task_id: str) -> Sequence[Execution]:
        """A task's submissions in a run, oldest first."""

    async def record(self, source_key: str = "", settled: Collection[str] = ()) -> Sequence[Recorded]:
        """All executions ever started from this state directory, of all runs and sources; without the ended ones of the
        `settled` tasks of that source. Those of one task are in the order in which they were started, by the place of
        their run and by number: the clock may have been put back between two of them."""

    async def bound_elsewhere(self, source_key: str) -> Collection[str]:
        """The executions (by `execute_id`) that serve tasks of other sources than this."""

    async def missing_digests(self, digest_of: Callable[[Task], str]) -> Mapping[str, str]:
        """The digests of executions (by key) that have none on record, made by `digest_of` (called in another thread)
        of the tasks' stored inputs. Those whose input is not wholly known are left out."""

    async def owed(self, source_key: str) -> Sequence[Delivery]:
        """Write-backs never delivered, oldest first, of all runs of that source."""

    async def last_serial(self) -> int:
        """The highest serial of any delivery so far."""

    async def edits(self) -> Sequence[Edit]:
        """All edits of rows of all sources, the latest first."""

    async def questions(self, keys: Sequence[str]) -> Sequence[Asked]:
        """What the executions with these keys asked, oldest first."""

    async def asked_as(self, execute_id: str) -> str | None:
        """The key of the execution that asked something under this id; it may go on under another one."""

    async def results_of(self, workflow_id: str, digests: Collection[str], since: float) -> Sequence[Recorded]:
        """Executions of a workflow with these parameters (by digest) that succeeded, were started after `since` (Unix
        seconds), and whose output is on disk; the latest first."""

    async def upload(self, sha256: str) -> Upload | None:
        """What Coze calls this content since its latest upload."""

    async def learned_limit(self, account: str) -> LearnedLimit | None:
        """What the latest run that was throttled learned of this account."""

    async def medium(self, sha256: str, place: str) -> Medium | None:
        """How far this content was brought into a base."""

    async def durations(self, workflow_id: str) -> Sequence[float]:
        """How long the latest (at most 500) successful executions of a workflow took, seconds, oldest first."""

    async def is_incomplete(self, source_key: str) -> bool:
        """Whether tasks of that source may be missing here: the journal was damaged and could not be read whole."""

    async def confirm_complete(self, source_key: str, now: float) -> None:
        """A run has seen all tasks of that source; `now` in Unix seconds."""
