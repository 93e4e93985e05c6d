"""The workflow service behind the port: starts executions of one Coze workflow and polls them.

Owns the conversation with Coze's open API. Never sends a submission twice, and never lets a secret out. What an
answer means is read in `answers`; how a request is bounded stands in `http`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from types import MappingProxyType, TracebackType
from typing import Any, BinaryIO, Self
from urllib.parse import quote

from cozebatch.coze.account import requests_a_second
from cozebatch.coze.answers import read_poll, read_submission, refusal, understood, unreachable
from cozebatch.coze.defaults import DEFAULT_PARAMETERS
from cozebatch.coze.fields import clean
from cozebatch.coze.http import Answer, Connection, ExchangeError, to_body
from cozebatch.coze.input_files import InputFiles, local_file
from cozebatch.coze.output import is_empty
from cozebatch.coze.permissions import lacks_reading_only
from cozebatch.coze.refused_files import refused_files
from cozebatch.coze.trimmed import TrimmedOutputs
from cozebatch.coze.uploads import SLOWEST, FileBody, gone, no_id
from cozebatch.files.inputs import is_address, open_ordinary
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.file_ref import FileRef
from cozebatch.model.question import Question
from cozebatch.model.redact import Masker
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import PollResult, Refused, Submission, Workflow

MOST_REQUEST_BYTES = 20 * 1024 * 1024
"""What Coze takes in one request."""

_MOST_LOOK_BYTES = 32 * 1024 * 1024
_MOST_SUBMIT_BYTES = 1024 * 1024
_MOST_WORDS = 50
_EMPTY = ErrorInfo(
    Category.BAD_OUTPUT,
    Text("工作流成功了，但输出是空的。", "The workflow succeeded, but its output is empty."),
    hint=Text(
        "打开调试页，看结束节点为什么没有内容；改好后付费重做这个任务。工作流本来就没有输出时，把 outputs 设为 null。",
        "Open the debug page to see why the end node has nothing; correct it, then rerun the task (paid). If the "
        "workflow is meant to give no output, set 'outputs' to null.",
    ),
)


@dataclass(frozen=True, slots=True)
class Input:
    """One input that the workflow declares."""

    kind: str
    required: bool
    has_default: bool
    item: str = ""
    """Of a list: the type of its members."""
    description: str = ""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What Coze tells about the workflow."""

    name: str
    inputs: Mapping[str, Input]
    app_id: str | None = None
    """Of the app that the workflow belongs to, without which it cannot be run; None for a workflow of its own."""
    outputs: Mapping[str, str] = field(default_factory=dict)
    """Variables of the end node: name → type, of a list that of its members. Empty where the end node gives text."""


class CozeService:
    """A `ports.WorkflowService` for one workflow of one Coze account; an async context manager.

    `parameters` maps the workflow's inputs to task fields. `request_timeout` is in seconds. `mask` takes further
    secrets out of every text that came from outside (the token itself always is). `on_note` gets what is worth a
    line in the log that fail no call, each once. `expects_output`: an output with nothing in it is an error.
    """

    def __init__(
        self,
        *,
        token: str,
        workflow_id: str,
        base_url: str = "https://api.coze.cn",
        bot_id: str | None = None,
        app_id: str | None = None,
        workflow_version: str | None = None,
        request_timeout: float = 30.0,
        parameters: Mapping[str, str] = DEFAULT_PARAMETERS,
        expects_output: bool = True,
        mask: Callable[[str], str] | None = None,
        on_note: Callable[[Text], None] | None = None,
    ) -> None:
        self._workflow = Workflow(workflow_id, workflow_version or None, app_id or None, bot_id or None)
        self.parameters = MappingProxyType(dict(parameters))
        self.expects_output = expects_output
        self._connection = Connection(base_url, token, request_timeout=request_timeout)
        self._mask = _masker(token, mask)
        self._on_note = on_note
        self._envelope: dict[str, Any] = {"workflow_id": workflow_id, "is_async": True}
        for name, value in (("bot_id", bot_id), ("app_id", app_id), ("workflow_version", workflow_version)):
            if value:
                self._envelope[name] = value
        self._words: set[str] = set()
        self.files = InputFiles(self.parameters)
        self.workflow_name = ""
        """As its declaration gave it when that was read last."""
        self._trimmed = TrimmedOutputs(self._get, self._mask)

    def __repr__(self) -> str:
        return f"<CozeService workflow {self.workflow_id} at {self._connection.base_url}>"

    async def __aenter__(self) -> Self:
        await self._connection.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.__aexit__(kind, error, trace)

    @property
    def workflow(self) -> Workflow:
        return self._workflow

    @property
    def workflow_id(self) -> str:
        return self._workflow.workflow_id

    def parameters_of(self, task: Task) -> dict[str, str]:
        """What is sent for a task. An empty field is left out: the workflow's own default, or its refusal, is better
        than paying for an execution with nothing in it."""
        return self.files.by_content(self._sent(task))

    def _sent(self, task: Task) -> dict[str, str]:
        values = ((name, task.value(field)) for name, field in self.parameters.items())
        return {name: value for name, value in values if value and not value.isspace()}

    def files_of(self, task: Task) -> Sequence[FileRef]:
        return self.files.among(self._sent(task))

    def file_id(self, key: str) -> str | None:
        return self.files.ids.get(key)

    def learn_file(self, key: str, file_id: str) -> None:
        self.files.ids[key] = file_id

    def brought(self, ref: FileRef) -> AbstractAsyncContextManager[FileRef]:
        return self.files.brought(ref)

    async def upload(self, ref: FileRef) -> str:
        """Raises `StepError`; for a content that is not here any more, one of category `source`."""
        return await self._upload(ref, self.files.opener(ref))

    async def _upload(self, ref: FileRef, open_it: Callable[[], BinaryIO]) -> str:
        body = FileBody(ref, open_it)
        patience = 2.0 + body.length / SLOWEST / max(1.0, self._connection.request_timeout)
        try:
            answer = await self._connection.ask(
                "POST", "/v1/files/upload", body=body, most_bytes=_MOST_SUBMIT_BYTES, patience=patience
            )
        except ExchangeError as error:
            if not body.untouched and not body.was_there:
                raise gone(ref) from None
            raise StepError(unreachable(error, self._mask)) from None
        data = _dict(understood(answer, self._mask).get("data"))
        file_id = data.get("id")
        if not isinstance(file_id, str) or not file_id.isascii() or not 0 < len(file_id) <= 200:
            raise no_id(ref)
        return file_id

    async def require_file(self, name: str, kind: str) -> None:
        if not is_address(name):
            await local_file(name, kind)

    async def bring(self, name: str, kind: str) -> str:
        if is_address(name):
            return name
        ref, path = await local_file(name, kind)
        return json.dumps({"file_id": await self._upload(ref, partial(open_ordinary, path))})

    async def submit(self, task: Task) -> Submission:
        """Start one execution: send once and return what is known of the outcome. Raises nothing for it."""
        parameters = self.parameters_of(task)
        content = to_body({**self._envelope, "parameters": self.files.as_sent(parameters)})
        files = self.files.ids_in(parameters)
        if len(content) > MOST_REQUEST_BYTES:
            size, most = len(content) // 1024 // 1024 + 1, MOST_REQUEST_BYTES // 1024 // 1024
            return Refused(
                ErrorInfo(
                    Category.INVALID_REQUEST,
                    Text(
                        f"这个任务的内容太大（{size} MB），扣子一次最多接收 {most} MB：请缩短文案",
                        f"This task is too large ({size} MB); Coze takes at most {most} MB: shorten its script",
                    ),
                )
            )
        try:
            answer = await self._connection.ask(
                "POST", "/v1/workflow/run", content=content, most_bytes=_MOST_SUBMIT_BYTES
            )
        except ExchangeError as error:
            return read_submission(error, self._mask)
        outcome = read_submission(answer, self._mask)
        return replace(outcome, files=refused_files(answer, files)) if isinstance(outcome, Refused) else outcome

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        """Poll an execution once. Raises `StepError` when its state could not be found out."""
        path = f"{_path_of(workflow_id or self.workflow_id)}/run_histories/{quote(execute_id, safe='')}"
        seen = read_poll(await self._get(path), execute_id, self._mask)
        if seen.strange_status is not None:
            self._note_word(seen.strange_status)
        result = seen.result
        if seen.trimmed is not None:
            result = await self._trimmed.in_full(execute_id, path, result, seen.trimmed)
        if self.expects_output and result.status == "succeeded" and result.error is None and is_empty(result.output):
            return replace(result, error=replace(_EMPTY, logid=result.logid))
        return result

    async def resume(self, question: Question, answer: str, workflow_id: str | None = None) -> Submission:
        """Send one answer. It counts as unanswered where no id of the execution came back: then look at it first."""
        content = to_body(
            {
                "workflow_id": workflow_id or self.workflow_id,
                "event_id": question.event_id,
                "interrupt_type": question.kind,
                "resume_data": answer,
            }
        )
        try:
            answered = await self._connection.ask(
                "POST", "/v1/workflows/resume", content=content, most_bytes=_MOST_SUBMIT_BYTES
            )
        except ExchangeError as error:
            return read_submission(error, self._mask)
        return read_submission(answered, self._mask)

    async def declaration(self) -> Declaration:
        """Read the workflow's declaration. Raises `StepError`; needs the permission `getMetaData` (else code 4101)."""
        body = understood(await self._get(f"{_path_of(self.workflow_id)}?include_input_output=true"), self._mask)
        data = _dict(body.get("data"))
        detail = _dict(data.get("workflow_detail"))
        declared = _dict(_dict(data.get("input")).get("parameters"))
        inputs = {
            clean(name, self._mask, most=200): Input(
                kind=clean(spec.get("type"), self._mask, most=60),
                required=spec.get("required") is True,
                has_default=spec.get("default_value") not in (None, ""),
                item=clean(_dict(spec.get("items")).get("type"), self._mask, most=60),
                description=clean(spec.get("description"), self._mask, most=200),
            )
            for name, spec in declared.items()
            if isinstance(spec, dict)
        }
        self.workflow_name = name = clean(detail.get("workflow_name"), self._mask, most=200)
        given = _dict(_dict(data.get("output")).get("parameters"))
        outputs = {
            clean(name, self._mask, most=200): clean(
                _dict(spec.get("items")).get("type") or spec.get("type"), self._mask, most=60
            )
            for name, spec in given.items()
            if isinstance(spec, dict)
        }
        return Declaration(name, inputs, _app_id(detail.get("app_id")), outputs)

    async def requests_a_second(self) -> float | None:
        """What the account's plan allows, over submissions and polls (docs/coze.md, "Lists"); None where Coze does not
        say. Raises `StepError`; needs the permission `getBenefit`."""
        query = "benefit_type_list=api_run_qps&resource_id=workflow"
        body = understood(await self._get(f"/v1/commerce/benefit/benefits/get?{query}"), self._mask)
        return requests_a_second(body.get("data"))

    async def preflight(self) -> ErrorInfo | None:
        """The cheap check before a batch: None to go on; category `network` when Coze cannot be reached; else what is
        wrong with the token, the account or the workflow. Everything else will show itself at the first submission."""
        try:
            answer = await self._get(f"{_path_of(self.workflow_id)}?include_input_output=true")
        except StepError as error:
            return error.info
        error_info = refusal(answer, self._mask)
        told = (error_info.code or "").isdigit() or error_info.category is Category.AUTH  # not a page of some proxy
        refused = error_info.scope == "batch" and told and error_info.category is not Category.THROTTLED
        # Without the permission to read the workflow it can be run all the same.
        return error_info if refused and not lacks_reading_only(error_info) else None

    async def _get(self, path: str) -> Answer:
        try:
            return await self._connection.ask("GET", path, most_bytes=_MOST_LOOK_BYTES, patience=2.0)
        except ExchangeError as error:
            raise StepError(unreachable(error, self._mask)) from None

    def _note_word(self, word: str) -> None:
        if word not in self._words and len(self._words) < _MOST_WORDS:
            self._words.add(word)
            self._note(
                Text(
                    f"扣子返回了未知的执行状态“{word}”，按执行中继续等待。",
                    f"Coze gave an unknown status '{word}'; it is taken as still running.",
                )
            )

    def _note(self, text: Text) -> None:
        if self._on_note is not None:
            self._on_note(text)


def _path_of(workflow_id: str) -> str:
    return f"/v1/workflows/{quote(workflow_id, safe='')}"


def _app_id(value: Any) -> str | None:
    """0 or nothing stands for no app."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if text.isascii() and text.isdigit() and text.strip("0") else None


def _masker(token: str, further: Callable[[str], str] | None) -> Callable[[str], str]:
    mask = Masker([token]).mask
    return mask if further is None else lambda text: further(mask(text))


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
