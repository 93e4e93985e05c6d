"""What screens get beside events, as JSON: the facts of a batch, what the journal has of a task, and errors."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from cozebatch.model.allowance import Allowance
from cozebatch.model.errors import CozebatchError, ErrorInfo, JournalError, UsageError
from cozebatch.model.question import Question
from cozebatch.model.rows import Counters
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import Asked, Edit, Execution, Film, Names, RunRecord, Workflow
from cozebatch.synthesis.process.frame import Frame
from cozebatch_tui.session.task_facts import TaskFacts

OUTPUT_SHOWN = 1024 * 1024
"""Characters of Coze's output that a screen elsewhere gets; more is cut off."""


@dataclass(frozen=True, slots=True)
class BatchFacts:
    """What does not change while a batch runs. Paths are absolute."""

    title: str
    origin: str
    films_folder: str | None
    results_dir: str
    log_path: str | None
    max_coze: int
    max_synthesis: int
    rings_at_all: bool
    command: str
    """How the batch is gone on with when it was stopped."""
    price_per_execution: float | None = None
    price_per_1000_tokens: float | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> BatchFacts:
        return cls(**_known(cls, value))


def run_to_json(run: RunRecord) -> dict[str, Any]:
    return {
        **_plain(run),
        "counters": run.counters.to_json(),
        "allowance": run.allowance.to_json(),
        "names": asdict(run.names),
    }


def run_from_json(value: Mapping[str, Any]) -> RunRecord:
    facts = _known(RunRecord, value)
    facts["counters"] = Counters.from_json(facts["counters"])
    facts["allowance"] = Allowance.from_json(facts["allowance"])
    facts["names"] = Names(**facts["names"])
    return RunRecord(**facts)


def task_facts_to_json(found: TaskFacts) -> dict[str, Any]:
    task = {name: getattr(found.task, name) for name in ("own_id", "default_name", "shown", "edited")}
    output = found.output
    return {
        "task": found.task.to_json(),
        "of_task": task,
        "edit": None if found.edit is None else asdict(found.edit),
        "parameters": dict(found.parameters),
        "output": output if output is None or len(output) <= OUTPUT_SHOWN else output[:OUTPUT_SHOWN],
        "executions": [_execution_to_json(execution) for execution in found.executions],
        "asked": [_asked_to_json(asked) for asked in found.asked],
    }


def task_facts_from_json(value: Mapping[str, Any]) -> TaskFacts:
    task, more = Task.from_json(value["task"]), value["of_task"]
    for name in ("own_id", "default_name", "shown", "edited"):
        object.__setattr__(task, name, more[name])
    return TaskFacts(
        task,
        None if value["edit"] is None else Edit(**_known(Edit, value["edit"])),
        value["parameters"],
        value["output"],
        [_execution_from_json(execution) for execution in value["executions"]],
        [_asked_from_json(asked) for asked in value.get("asked", ())],
    )


def frame_to_json(frame: Frame | None) -> dict[str, Any] | None:
    if frame is None:
        return None
    return {"width": frame.width, "height": frame.height, "pixels": base64.b64encode(frame.pixels).decode("ascii")}


def frame_from_json(value: Mapping[str, Any] | None) -> Frame | None:
    return None if value is None else Frame(value["width"], value["height"], base64.b64decode(value["pixels"]))


def error_to_json(error: Exception) -> dict[str, Any]:
    match error:
        case UsageError():
            return {"kind": "usage", "texts": [text.to_json() for text in error.complaints]}
        case JournalError():
            return {"kind": "journal", "texts": [error.text.to_json()]}
        case _:
            return {"kind": "other", "texts": [f"{type(error).__name__}: {error}"]}


def error_from_json(value: Mapping[str, Any]) -> Exception:
    texts = [Text.from_json(text) for text in value["texts"]]
    match value["kind"]:
        case "usage":
            return UsageError(*texts)
        case "journal":
            return JournalError(texts[0])
        case _:
            return CozebatchError(texts[0].en)


def _execution_to_json(execution: Execution) -> dict[str, Any]:
    return {
        **_plain(execution),
        "error": None if execution.error is None else execution.error.to_json(),
        "workflow": None if execution.workflow is None else asdict(execution.workflow),
        "parameters": None if execution.parameters is None else dict(execution.parameters),
        "film": None if execution.film is None else asdict(execution.film),
    }


def _execution_from_json(value: Mapping[str, Any]) -> Execution:
    facts = _known(Execution, value)
    for name, kind in (("workflow", Workflow), ("film", Film)):
        if facts.get(name) is not None:
            facts[name] = kind(**_known(kind, facts[name]))
    if facts.get("error") is not None:
        facts["error"] = ErrorInfo.from_json(facts["error"])
    return Execution(**facts)


def _asked_to_json(asked: Asked) -> dict[str, Any]:
    error = None if asked.error is None else asked.error.to_json()
    return {**_plain(asked), "question": asked.question.to_json(), "error": error}


def _asked_from_json(value: Mapping[str, Any]) -> Asked:
    facts = _known(Asked, value)
    facts["question"] = Question.from_json(facts["question"])
    if facts.get("error") is not None:
        facts["error"] = ErrorInfo.from_json(facts["error"])
    return Asked(**facts)


def _plain(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def _known(kind: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: fact for name, fact in value.items() if name in names}
