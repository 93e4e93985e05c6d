"""What the simulated Coze saw: executions and counts, the truth that a client's own account is held against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cozebatch.demo.clips import Clip
from cozebatch.demo.faults import Fault


@dataclass(slots=True)
class SimulatedExecution:
    execute_id: str
    task: str
    number: int
    """Of this task's executions, from 1."""
    parameters: Mapping[str, Any]
    started_at: float
    ends_at: float
    clip: Clip
    faults: tuple[Fault, ...] = ()
    answers: list[str] = field(default_factory=list)
    """What people answered its questions with."""

    @property
    def question(self) -> Fault | None:
        """The question it waits with."""
        asked = [f for f in self.faults if f.what == "interrupt"]
        return asked[len(self.answers)] if len(asked) > len(self.answers) else None

    def fault(self, what: str) -> Fault | None:
        return next((f for f in self.faults if f.what == what), None)

    @property
    def outcome(self) -> Literal["Success", "Fail"]:
        return "Fail" if self.fault("fail") else "Success"

    def to_json(self) -> dict[str, Any]:
        return {
            "execute_id": self.execute_id,
            "number": self.number,
            "started_at": self.started_at,
            "ends_at": self.ends_at,
            "outcome": self.outcome,
            "parameters": dict(self.parameters),
            "answers": list(self.answers),
        }


@dataclass(slots=True)
class Ledger:
    """What the service saw: the truth that a client's own account is held against."""

    executions: dict[str, SimulatedExecution] = field(default_factory=dict)
    tasks: dict[str, list[SimulatedExecution]] = field(default_factory=dict)
    """By the task's title (or content, without a title)."""
    requests: dict[str, int] = field(default_factory=dict)
    """By kind, as in `faults.On`; and `throttled`, `unauthorized` among them."""
    max_in_flight: int = 0
    renamed: dict[str, str] = field(default_factory=dict)
    """Ids that executions go on under after an answer, with those that they were started with."""

    def execution(self, execute_id: str) -> SimulatedExecution | None:
        """By any of its ids."""
        return self.executions.get(self.renamed.get(execute_id, execute_id))

    def copy(self) -> Ledger:
        """As it stands now. The executions themselves are shared; only `CozeModel.hurry` and `resume` change them once
        started."""
        tasks = {task: list(executions) for task, executions in self.tasks.items()}
        return Ledger(dict(self.executions), tasks, dict(self.requests), self.max_in_flight, dict(self.renamed))

    def count(self, kind: str) -> None:
        self.requests[kind] = self.requests.get(kind, 0) + 1

    def to_json(self) -> dict[str, Any]:
        return {
            "executions": len(self.executions),
            "max_in_flight": self.max_in_flight,
            "requests": dict(self.requests),
            "tasks": {task: [e.to_json() for e in executions] for task, executions in self.tasks.items()},
        }
