"""The changes that are written into the journal, each on disk before what it says is done or shown."""

from __future__ import annotations

from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Row
from cozebatch.model.task import Task
from cozebatch.model.value_class import valueclass
from cozebatch.ports.questions import PutAsked
from cozebatch.ports.records import Edit, Execution, Film, LearnedLimit, Medium, RunRecord, StoredInput, Upload
from cozebatch.ports.services import Delivery


@valueclass(frozen=True, slots=True)
class PutRow:
    row: Row


@valueclass(frozen=True, slots=True)
class Enter:
    """Tasks that the run has, too, each with its input, or where that is stored."""

    entries: tuple[tuple[Task | StoredInput, Row], ...]


@valueclass(frozen=True, slots=True)
class PutExecution:
    """Put an execution on record, or change what the record says of it (found by `key`). What it serves stays as it is;
    so does all that it says nothing of (None)."""

    execution: Execution


@valueclass(frozen=True, slots=True)
class PutFilm:
    """A film was made of this execution."""

    execute_id: str
    film: Film
    task_id: str = ""
    """The task that it was made for, where the result of the execution serves several."""


@valueclass(frozen=True, slots=True)
class PutOutput:
    """Coze's whole output, when first seen."""

    execute_id: str
    output: str


@valueclass(frozen=True, slots=True)
class Owe:
    """A write-back is owed from now on; it replaces an undelivered one of the same task."""

    delivery: Delivery


@valueclass(frozen=True, slots=True)
class Settle:
    """A write-back was delivered (`error` None), or was given up for now: it stays owed."""

    serial: int
    error: ErrorInfo | None = None


@valueclass(frozen=True, slots=True)
class PutRun:
    run: RunRecord


@valueclass(frozen=True, slots=True)
class PutInput:
    """The task of the run that writes has another input from now on."""

    task: Task


@valueclass(frozen=True, slots=True)
class PutEdit:
    """Put an edit on record, or change it (found by `key`)."""

    edit: Edit


@valueclass(frozen=True, slots=True)
class PutUpload:
    upload: Upload


@valueclass(frozen=True, slots=True)
class PutLearned:
    learned: LearnedLimit


@valueclass(frozen=True, slots=True)
class Forget:
    """What was learned of an account's limit no longer holds."""

    account: str


@valueclass(frozen=True, slots=True)
class PutMedium:
    medium: Medium


Change = (
    PutRow
    | Enter
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
