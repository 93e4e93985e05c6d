"""The seams to the outside: where tasks come from, who runs them, who makes films, where outcomes go."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.file_ref import FileRef
from cozebatch.model.question import Question
from cozebatch.model.task import Outcome, Task
from cozebatch.model.text import Text


class TaskSource(Protocol):
    """Where tasks come from."""

    kind: Literal["feishu", "file", "demo"]

    @property
    def key(self) -> str:
        """Names this source across processes (which table, which file): the journal is searched by it."""

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        """All tasks in source order, `project_name` filled in. Those that are `named` and that a filter hides come
        last, as they are now.

        Raises `UsageError` when the source cannot be read as configured.
        """

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        """Those of these tasks that the source has now, listed or hidden by a filter, with the outcome whose value of
        ours the status cell shows. A file has none but those it lists.

        Raises `UsageError` when that cannot be found out.
        """


@dataclass(frozen=True, slots=True)
class Accepted:
    """The execution was started and has an id."""

    execute_id: str
    debug_url: str | None = None
    logid: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """No execution was started: the request never arrived, or was answered with a refusal."""

    error: ErrorInfo
    retry_after: float | None = None
    files: frozenset[str] = frozenset()
    """The file ids among what was sent that the service may not have any more, by its own words."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """The request was sent but not clearly answered: an execution may have been started."""

    error: ErrorInfo


Submission = Accepted | Refused | Unanswered


@dataclass(frozen=True, slots=True)
class PollResult:
    """What one poll of an execution showed.

    `status`: `running` (also for status words we do not know), `succeeded`, `failed`, `interrupted` (it waits
    for a person), `unknown` (Coze has no such execution, yet or any more).
    `output` is Coze's whole output, as text, secrets masked, when it has ended. `error` says what failed; beside
    `succeeded`, why the output is none to work with.
    `created_at`, `updated_at` (Coze's `create_time` and `update_time`) and `answered_at` (when Coze sent this answer)
    are Unix seconds on Coze's clock.
    """

    status: Literal["running", "succeeded", "failed", "interrupted", "unknown"]
    output: str | None = None
    error: ErrorInfo | None = None
    created_at: float | None = None
    updated_at: float | None = None
    answered_at: float | None = None
    debug_url: str | None = None
    logid: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    tokens: int = 0
    question: Question | None = None
    """What an interrupted execution asks."""

    @property
    def age(self) -> float | None:
        """Seconds since the execution was created, by Coze's clock alone; None where Coze does not tell."""
        if self.created_at is None or self.answered_at is None or self.answered_at < self.created_at:
            return None
        return self.answered_at - self.created_at

    @property
    def seconds(self) -> float | None:
        """How long the execution took, by Coze's clock alone; None where Coze does not tell."""
        if self.created_at is None or self.updated_at is None or self.updated_at < self.created_at:
            return None
        return self.updated_at - self.created_at


@dataclass(frozen=True, slots=True)
class Workflow:
    """What an execution is started of: the workflow, and in whose name it runs."""

    workflow_id: str
    version: str | None = None
    """None: the published one."""
    app_id: str | None = None
    bot_id: str | None = None


class WorkflowService(Protocol):
    """Starts executions of one workflow and polls them."""

    @property
    def workflow(self) -> Workflow:
        """What `submit` starts."""

    def parameters_of(self, task: Task) -> Mapping[str, str]:
        """What `submit` sends for `task`. The same task always gives the same."""

    async def submit(self, task: Task) -> Submission:
        """Start one execution for `task`. Never raises for what the service or the network does, and never
        sends twice. Cancelled after it began to send, the submission counts as unanswered."""

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        """Poll once. An execution of another workflow is polled under its own `workflow_id` (None: this workflow).
        Raises `StepError` when the poll itself failed (network, throttled, credentials …)."""

    def files_of(self, task: Task) -> Sequence[FileRef]:
        """The files among what `submit` sends for `task`. Each must be known to Coze before."""

    def file_id(self, key: str) -> str | None:
        """What Coze calls this content, as far as it is known here. `key`: see `FileRef.key`."""

    def learn_file(self, key: str, file_id: str) -> None:
        """Coze calls this content so."""

    def brought(self, ref: FileRef) -> AbstractAsyncContextManager[FileRef]:
        """The content here, known by its hash, for as long as the block lasts: an attachment is downloaded, any other
        is here already. Entering raises `StepError`, of category `source` for one that cannot be an input."""

    async def upload(self, ref: FileRef) -> str:
        """Bring a content to Coze, free; its file id. Raises `StepError`."""

    async def require_file(self, name: str, kind: str) -> None:
        """Look whether a file that a person names as an answer of this type can be one, as far as this machine can
        tell. Sends nothing. Raises `UsageError`."""

    async def bring(self, name: str, kind: str) -> str:
        """What stands for a file that a person names as an answer of this type: an address as it is; a path's content
        is uploaded, free. Raises `UsageError` for a file that cannot be one, and `StepError`."""

    async def resume(self, question: Question, answer: str, workflow_id: str | None = None) -> Submission:
        """Send the answer to a question that an execution waits with; the execution goes on under the id that comes
        back. It is the same paid execution. Sends once, and raises nothing for what the service or the network does."""


Progress = Callable[[float], None]
"""Called with 0..1, as often as the step likes, from the event loop's thread."""


@dataclass(frozen=True, slots=True)
class Job:
    """One film to make. `output` is Coze's result as parsed; `submitted_at` (Unix seconds) is the same for every
    try, so that a repeated synthesis gives the same film under the same name."""

    run_id: str
    task: Task
    output: Mapping[str, Any]
    submitted_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Media:
    """What a job's media are on this machine: name as in the `outputs` mapping → local path (or paths)."""

    files: Mapping[str, str | tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Product:
    """A finished film, proven. Paths are absolute."""

    video_path: str | None = None
    draft_path: str | None = None
    message: str | None = None
    warnings: tuple[Text, ...] = ()
    """What a person should know of how it was made."""


class Synthesizer(Protocol):
    """Turns Coze's output into a film. Both steps may be repeated and may be cancelled at any await."""

    async def fetch(self, job: Job, progress: Progress) -> Media:
        """Bring the media here; what is here already is not fetched again. Raises `StepError`."""

    async def synthesize(self, job: Job, media: Media, progress: Progress) -> Product:
        """Make the film, prove it, put it in its place. Raises `StepError`; leaves nothing half-written."""

    async def discard(self, run_id: str, task_id: str) -> None:
        """The film is done and will not be tried again: drop the media kept for it."""

    async def aclose(self) -> None:
        """End all worker processes."""


@runtime_checkable
class ElasticSynthesizer(Protocol):
    """What a `Synthesizer` has besides when other machines make the films, and come and go."""

    @property
    def capacity(self) -> int:
        """How many films can be made at once now; 0 while nobody is there. Cheap: it is asked once a second."""

    def news(self) -> Sequence[Text]:
        """What a person should know of the machines since the last call."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One outcome owed to the table. `serial` is the journal's own number of it."""

    serial: int
    task_id: str
    record_id: str
    outcome: Literal["done", "failed"]
    result: str
    """The result path for `done`; for `failed` a sentence for those who read the row, see
    `failure_cards`."""


@dataclass(frozen=True, slots=True)
class Delivered:
    serial: int


@dataclass(frozen=True, slots=True)
class Undelivered:
    """`final`: trying again cannot help (the record is gone, the value does not fit)."""

    serial: int
    error: ErrorInfo
    final: bool
    retry_after: float | None = None


RowText = tuple[str, str]
"""Title and script of a row."""


class StatusSink(Protocol):
    """Writes outcomes back to where the tasks came from."""

    def writes(self, outcome: Literal["running", "done", "failed"]) -> bool:
        """Whether this outcome is written at all (its status value may be null)."""

    async def claim(self, task: Task, *, name: str = "", asked: bool = False) -> ErrorInfo | None:
        """Mark the record as running before it is paid for, and read it back.

        `name`: of this claim, hexadecimal and on disk already: an earlier process may have begun it. Empty: whatever
        this state folder began.
        `asked`: a person asked for a new execution, so that only a record that somebody else has is refused.
        None: it is ours. An error of category `source`: somebody else has it or it is no longer ready, skip it.
        Raises `StepError` when it could not be found out; `LostClaimError` when this name must not be used again.
        """

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Delivered | Undelivered]:
        """Write up to 200 outcomes, one answer for each. Never called twice at the same time. Never raises for
        what the service or the network does."""

    def shows_films(self) -> bool:
        """Whether rows show what was made: `bring` is called before a `done` is delivered."""

    async def bring(self, delivery: Delivery) -> Sequence[Text]:
        """Bring what was made to where the row can show it; `deliver` then writes both. What a person should know of
        what it will not show. Raises `StepError` for what may pass: try again, it goes on where it was."""

    async def takes_texts(self) -> bool:
        """Whether a row's title and script can be written. False too where that cannot be found out."""

    async def write_text(self, record_id: str, before: RowText, after: RowText) -> RowText:
        """Write title and script into a row that says `before`; what it says then. Raises `StepError`: of category
        `source` if it never will be (the row says something else by now, or is gone), else it may be tried again."""
