"""The simulated Coze without its HTTP: executions, limits and what a poll shows, as a function of time.

Pure: every method is told the time (Unix seconds). Field shapes are those of Coze's open API documentation.
"""

from __future__ import annotations

import heapq
import json
import random
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal

from cozebatch.demo.clips import CLIPS
from cozebatch.demo.coze_account import PERMISSIONS, CozeAccount, Refusal, basic_workflow
from cozebatch.demo.coze_ledger import Ledger, SimulatedExecution
from cozebatch.demo.coze_output import NODE, OUTPUTS, result_of, shaped
from cozebatch.demo.faults import Fault, FaultPlan

TOKEN = "pat_demo"
WORKFLOW_ID = "7400000000000000001"

INPUTS: Mapping[str, bool] = MappingProxyType(
    {"content": True, "title": False, "digitalNo": False, "voiceId": False, "accountId": False}
)
"""Inputs that the workflow declares, and whether each is required."""


QUESTION = 2
"""The type of a question node's interruption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CozeOptions:
    """How the simulated service behaves. Durations are in seconds before `time_scale`, which divides them."""

    token: str = TOKEN
    workflow_id: str = WORKFLOW_ID
    workflow_name: str = "口播视频"
    duration: float | tuple[float, float] = 300.0
    """Of an execution: fixed, or drawn from between the two, by seed and task."""
    time_scale: float = 1.0
    concurrency: int | None = None
    """Most executions in flight at once."""
    rate: float | None = None
    """Most requests a second, over submissions and polls."""
    over_limit: Literal["429", "4009", "4020"] = "429"
    """What is answered over a limit: HTTP 429, or HTTP 200 with that code."""
    retry_after: float | str | None = 1.0
    record_delay: float = 0.0
    """How long a new execution cannot be looked at yet (code 4314)."""
    shape: str = "nested"
    inputs: Mapping[str, bool] = field(default_factory=lambda: INPUTS)
    kinds: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Of inputs that take no text: what is declared for them, such as `{"type": "image"}`."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Of outputs that are not called as usual: their usual name → theirs."""
    app_id: str | None = None
    """Of the app that the workflow belongs to; it is run in that app's name only."""
    permissions: frozenset[str] = PERMISSIONS
    """Of the token; what needs another is refused with code 4101."""
    new_id_on_resume: bool = False
    """Whether an answered execution goes on under another id."""
    seed: int = 0


class CozeModel:
    """The state of the service. Not locked: whoever shares it between threads does that."""

    def __init__(self, options: CozeOptions, faults: Iterable[Fault] = ()) -> None:
        self.options = options
        self.plan = FaultPlan(faults, seed=options.seed)
        self.ledger = Ledger()
        self.account = CozeAccount(options.workflow_id, options.workflow_name, int(options.rate or 50))
        self._ends: list[float] = []
        self._budget = options.rate or 0.0
        self._budget_at: float | None = None

    def authorize(self, header: str, permission: str) -> None:
        """Raises `Refusal` for a wrong token, and for one that lacks the permission."""
        if header != f"Bearer {self.options.token}":
            self.ledger.count("unauthorized")
            raise Refusal(4100, "authentication is invalid", status=401)
        if permission not in self.options.permissions:
            raise Refusal(4101, f"The token you are using does not have the permission {permission}")

    def meter(self, now: float) -> None:
        """Take one request from the rate budget (a second's worth may be used at once)."""
        rate = self.options.rate
        if rate is None:
            return
        passed = 0.0 if self._budget_at is None else max(now - self._budget_at, 0.0)
        self._budget = min(self._budget + passed * rate, max(rate, 1.0))
        self._budget_at = now
        if self._budget < 1:
            raise self._over_limit("too many requests")
        self._budget -= 1

    def in_flight(self, now: float) -> int:
        while self._ends and self._ends[0] <= now:
            heapq.heappop(self._ends)
        return len(self._ends)

    def start(self, body: Mapping[str, Any], now: float) -> SimulatedExecution:
        """Start an execution. Raises `Refusal`."""
        options = self.options
        parameters = body.get("parameters") or {}
        if not isinstance(parameters, dict) or (body.get("bot_id") and body.get("app_id")):
            raise Refusal(4000, "Request parameter error")
        if body.get("is_async") is not True:
            raise Refusal(4000, "only asynchronous runs are simulated")
        if body.get("workflow_id") != options.workflow_id:
            raise Refusal(4200, "Requested resource workflow not found")
        if options.app_id is not None and body.get("app_id") != options.app_id:
            raise Refusal(4000, f"app_id {options.app_id} is required for this workflow")
        missing = [name for name, required in options.inputs.items() if required and not parameters.get(name)]
        if missing:
            raise Refusal(720702002, f"Missing required parameters: {', '.join(missing)}")
        for name in options.kinds:
            self.account.require_files(parameters.get(name))
        if options.concurrency is not None and self.in_flight(now) >= options.concurrency:
            raise self._over_limit("too many executions at once")
        task = str(parameters.get("title") or parameters.get("content") or "")
        earlier = self.ledger.tasks.setdefault(task, [])
        serial = len(self.ledger.executions) + 1
        execution = SimulatedExecution(
            execute_id=str(7_500_000_000_000_000_000 + serial),
            task=task,
            number=len(earlier) + 1,
            parameters=parameters,
            started_at=now,
            ends_at=0.0,
            clip=CLIPS[zlib.crc32(task.encode("utf-8", "replace")) % len(CLIPS)],
            faults=tuple(self.plan.all_for("execution", values_of(parameters))),
        )
        execution.ends_at = now + self._duration(execution) / options.time_scale
        earlier.append(execution)
        self.ledger.executions[execution.execute_id] = execution
        flying = self.in_flight(now) + 1
        heapq.heappush(self._ends, execution.ends_at)
        self.ledger.max_in_flight = max(self.ledger.max_in_flight, flying)
        return execution

    def resume(self, body: Mapping[str, Any], now: float) -> SimulatedExecution:
        """Answer the question an execution waits with; it goes on. Raises `Refusal`, also for a question that was
        answered before."""
        if body.get("workflow_id") != self.options.workflow_id:
            raise Refusal(4200, "Requested resource workflow not found")
        event_id, kind = body.get("event_id"), body.get("interrupt_type")
        waiting = (e for e in self.ledger.executions.values() if e.question and _event_id(e) == event_id)
        execution = next(waiting, None)
        if execution is None or kind != _kind(execution) or not isinstance(body.get("resume_data"), str):
            raise Refusal(4000, "Request parameter error: no such event, or data of another type")
        execution.answers.append(body["resume_data"])
        if self.options.new_id_on_resume:
            self.ledger.renamed[_id_now(self.ledger, execution)] = execution.execute_id
        execution.ends_at = now + self._duration(execution) / self.options.time_scale
        heapq.heappush(self._ends, execution.ends_at)
        return execution

    def hurry(self, now: float) -> None:
        """End all executions in flight now, and let those that start later take no time."""
        for execution in self.ledger.executions.values():
            execution.ends_at = min(execution.ends_at, now)
        self._ends.clear()
        self.options = replace(self.options, duration=0.0)

    def record(self, execute_id: str, now: float, base_url: str) -> list[dict[str, Any]]:
        """What a poll shows. Raises `Refusal`."""
        execution = self.ledger.execution(execute_id)
        if execution is None or not self._is_known(execution, now):
            raise Refusal(4314, "execute_id not found")
        if execution.fault("no_data"):
            return []
        return [{**self._record(execution, now, base_url), "execute_id": execute_id}]

    def node(self, execute_id: str, node_execute_uuid: str, now: float, base_url: str) -> dict[str, Any]:
        """The whole text of an output node. Raises `Refusal`."""
        execution = self.ledger.execution(execute_id)
        if execution is None or node_execute_uuid != _uuid(execution) or execution.ends_at > now:
            raise Refusal(4314, "node execution not found")
        return {"is_finish": True, "node_output": json.dumps(self._result(execution, base_url), ensure_ascii=False)}

    def workflow(self, workflow_id: str) -> dict[str, Any]:
        if workflow_id != self.options.workflow_id:
            raise Refusal(4200, "Requested resource workflow not found")
        parameters = {
            name: {
                "type": "string",
                "required": required,
                "description": "",
                "default_value": "",
                **self.options.kinds.get(name, {}),
            }
            for name, required in self.options.inputs.items()
        }
        return {
            "workflow_detail": basic_workflow(workflow_id, self.options.workflow_name, self.options.app_id or "0"),
            "input": {"parameters": parameters},
            "output": {
                "terminate_plan": "return_variables",
                "parameters": {self.options.outputs.get(name, name): {"type": "string"} for name in OUTPUTS},
            },
        }

    def _duration(self, execution: SimulatedExecution) -> float:
        fault = execution.fault("lasts")
        if fault:
            return fault.seconds
        if isinstance(self.options.duration, tuple):
            low, high = self.options.duration
            return random.Random(f"{self.options.seed}/{execution.task}/{execution.number}").uniform(low, high)
        return self.options.duration

    def _is_known(self, execution: SimulatedExecution, now: float) -> bool:
        age = (now - execution.started_at) * self.options.time_scale
        forgotten = execution.fault("forget")
        return age >= self.options.record_delay and not (forgotten and age >= forgotten.seconds)

    def _over_limit(self, message: str) -> Refusal:
        self.ledger.count("throttled")
        chosen = self.options.over_limit
        code = 4020 if chosen == "429" else int(chosen)
        return Refusal(code, message, status=429 if chosen == "429" else 200, retry_after=self.options.retry_after)

    def _record(self, execution: SimulatedExecution, now: float, base_url: str) -> dict[str, Any]:
        word, fail = (execution.fault(what) for what in ("word", "fail"))
        interrupt = execution.question
        ended = now >= execution.ends_at and not interrupt
        trimmed = ended and execution.fault("trimmed") is not None
        tokens_in, tokens_out = 400 + len(str(execution.parameters.get("content", ""))), 900
        return {
            "execute_id": execution.execute_id,
            "execute_status": execution.outcome if ended else word.text if word else "Running",
            "output": self._output(execution, trimmed, base_url) if ended and not fail else "",
            "error_code": str(fail.code if fail.code is not None else 5001) if ended and fail else "",
            "error_message": fail.message if ended and fail else "",
            "create_time": int(execution.started_at),
            "update_time": int(execution.ends_at if ended else now),
            "logid": f"exec{execution.execute_id}",
            "debug_url": debug_url(execution.execute_id, self.options.workflow_id),
            "usage": {
                "input_count": tokens_in if ended else 0,
                "output_count": tokens_out if ended else 0,
                "token_count": tokens_in + tokens_out if ended else 0,
            },
            "token": str(tokens_in + tokens_out) if ended else "0",
            "cost": "0.00000",
            "is_output_trimmed": trimmed,
            "run_mode": 2,
            "bot_id": "0",
            "connector_id": "1024",
            "connector_uid": "demo",
            "node_execute_status": {
                NODE: {
                    "node_id": "900001",
                    "is_finish": ended,
                    "update_time": int(now),
                    "node_execute_uuid": _uuid(execution),
                }
            }
            if trimmed
            else {},
            "interrupt_data": _question(execution, interrupt) if interrupt else None,
        }

    def _output(self, execution: SimulatedExecution, trimmed: bool, base_url: str) -> str:
        given, shaped_as = execution.fault("output"), execution.fault("shape")
        if given:
            return given.text.replace("{base_url}", base_url)
        result = self._result(execution, base_url)
        return shaped(result, "trimmed" if trimmed else _text(shaped_as) or self.options.shape)

    def _result(self, execution: SimulatedExecution, base_url: str) -> dict[str, Any]:
        where = f"{base_url}/media/{execution.execute_id}/{execution.clip.name}"
        usual = result_of(execution.parameters, where, execution.clip.seconds)
        return {self.options.outputs.get(name, name): value for name, value in usual.items()}


def debug_url(execute_id: str, workflow_id: str) -> str:
    return (
        f"https://www.coze.cn/work_flow?execute_id={execute_id}&space_id=7300000000000000001&workflow_id={workflow_id}"
    )


def values_of(parameters: Mapping[str, Any]) -> list[str]:
    return [value for value in parameters.values() if isinstance(value, str)]


def _question(execution: SimulatedExecution, asks: Fault) -> dict[str, Any]:
    """`message` of the fault is `required_parameters` as JSON, `code` the type."""
    data = {"content_type": "text", "content": asks.text or "继续吗？"}
    return {
        "event_id": _event_id(execution),
        "type": _kind(execution),
        "data": json.dumps(data, ensure_ascii=False),
        "required_parameters": json.loads(asks.message) if asks.message else {},
    }


def _kind(execution: SimulatedExecution) -> int:
    return int(execution.question.code or QUESTION) if execution.question is not None else QUESTION


def _event_id(execution: SimulatedExecution) -> str:
    return f"{execution.execute_id}/{len(execution.answers) + 1}"


def _id_now(ledger: Ledger, execution: SimulatedExecution) -> str:
    """The id that it goes on under: another one after each answer."""
    return str(7_550_000_000_000_000_000 + len(ledger.renamed) + 1) if execution.answers else execution.execute_id


def _uuid(execution: SimulatedExecution) -> str:
    return f"node{execution.execute_id}"


def _text(fault: Fault | None) -> str:
    return fault.text if fault else ""
