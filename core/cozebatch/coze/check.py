"""Checks Coze's side of a configuration without submitting anything: the token, the workflow, and its declaration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from cozebatch.coze.client import CozeService, Declaration, Input
from cozebatch.coze.declared_outputs import MEDIA, likely_outputs
from cozebatch.coze.permissions import lacks_reading_only
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.question import FILE_KINDS
from cozebatch.model.text import Text
from cozebatch.ports import Workflow

_TOKEN = Text("扣子令牌", "Coze token")
_WORKFLOW = Text("工作流", "workflow")
_INPUTS = Text("工作流输入", "workflow inputs")
_OUTPUTS = Text("工作流输出", "workflow outputs")
_TEXT_KINDS = frozenset({"", "string"})
_NOTHING: Mapping[str, str] = MappingProxyType({})


async def check_coze(service: CozeService, outputs: Mapping[str, str] = _NOTHING) -> list[CheckItem]:
    """Read the workflow, compare its inputs with what would be sent, and its outputs with what is looked for
    (`outputs`: part of the film → name). Findings are items, not exceptions."""
    try:
        workflow = await service.declaration()
    except StepError as error:
        return [_trouble(error.info)]
    return [
        CheckItem(Level.OK, _TOKEN, Text("扣子接受了这个令牌", "Coze takes this token")),
        *(_app(workflow, service.workflow) or [_found(workflow.name or service.workflow_id)]),
        *_compare(workflow, service.parameters),
        *_compare_outputs(workflow, outputs),
    ]


async def check_declared(service: CozeService, outputs: Mapping[str, str] = _NOTHING) -> list[CheckItem]:
    """The same without what only a person wants to read: inputs, outputs and app. Nothing where the declaration cannot
    be read, which the token may not be allowed to."""
    try:
        declared = await service.declaration()
    except StepError:
        return []
    return [
        *_app(declared, service.workflow),
        *_compare(declared, service.parameters),
        *_compare_outputs(declared, outputs),
    ]


def _found(name: str) -> CheckItem:
    return CheckItem(Level.OK, _WORKFLOW, Text.same(name))


def _trouble(error: ErrorInfo) -> CheckItem:
    subject = _TOKEN if error.category is Category.AUTH else _WORKFLOW
    logid = f" (logid {error.logid})" if error.logid else ""
    if lacks_reading_only(error):
        return CheckItem(
            Level.WARN,
            _WORKFLOW,
            Text(
                "令牌没有 getMetaData 权限，无法核对工作流的输入；批次只需要 run 和 listRunHistory。"
                f"{error.message.zh}{logid}",
                "the token lacks the permission getMetaData, so the inputs cannot be compared; running needs only "
                f"'run' and 'listRunHistory'. {error.message.en}{logid}",
            ),
        )
    if error.category is Category.THROTTLED:
        return CheckItem(
            Level.WARN,
            _WORKFLOW,
            Text(
                f"现在限流，没能核对工作流，稍后再检查一次。{error.message.zh}{logid}",
                f"the rate is limited just now, so the workflow was not compared: check again later. "
                f"{error.message.en}{logid}",
            ),
        )
    return CheckItem(
        Level.FAIL,
        subject,
        Text(
            f"{error.message.zh}{logid}。{error.hint.zh}",
            f"{error.message.en}{logid}. {error.hint.en}",
        ),
    )


def _app(declared: Declaration, ours: Workflow) -> list[CheckItem]:
    """An app's workflow runs in the name of its app only."""
    app_id = declared.app_id
    if app_id is None or app_id == ours.app_id:
        return []
    zh, en = ("，并去掉 bot_id", ", and take bot_id out") if ours.bot_id else ("", "")
    return [
        CheckItem(
            Level.FAIL,
            _WORKFLOW,
            Text(
                f"这个工作流属于应用 {app_id}：请把 coze_config.app_id 写成 {app_id}{zh}",
                f"this workflow belongs to the app {app_id}: set coze_config.app_id to {app_id}{en}",
            ),
        )
    ]


def _takes_files(given: Input) -> bool:
    return (given.item or given.kind).casefold() in FILE_KINDS


def _compare(workflow: Declaration, sent: Iterable[str]) -> list[CheckItem]:
    names = set(sent)
    inputs = workflow.inputs
    items: list[CheckItem] = []
    if missing := [n for n, i in inputs.items() if i.required and not i.has_default and n not in names]:
        named = Text.listed(missing)
        items.append(
            CheckItem(
                Level.FAIL,
                _INPUTS,
                Text(
                    f"工作流必需的输入没有发送：{named.zh}。请加到 coze_config.parameters",
                    f"the workflow requires inputs that are not sent: {named.en}. Add them to coze_config.parameters",
                ),
            )
        )
    if unknown := sorted(names - set(inputs)):
        named = Text.listed(unknown)
        items.append(
            CheckItem(
                Level.WARN,
                _INPUTS,
                Text(
                    f"工作流没有声明这些输入：{named.zh}。请检查 coze_config.parameters 里的名字和大小写",
                    f"the workflow does not declare these inputs: {named.en}. Check their spelling in "
                    "coze_config.parameters",
                ),
            )
        )
    files = [n for n, i in inputs.items() if n in names and _takes_files(i)]
    if files:
        named = _with_kinds({n: inputs[n].item or inputs[n].kind for n in files})
        items.append(
            CheckItem(
                Level.OK,
                _INPUTS,
                Text(
                    f"这些输入要文件：{named.zh}。表格里放附件，任务文件里写路径，都可以写网址",
                    f"these inputs take files: {named.en}. A table gives attachments, a task file paths, both "
                    "addresses",
                ),
            )
        )
    if other := [n for n, i in inputs.items() if n in names and n not in files and i.kind.lower() not in _TEXT_KINDS]:
        named = _with_kinds({n: inputs[n].kind for n in other})
        items.append(
            CheckItem(
                Level.WARN,
                _INPUTS,
                Text(
                    f"这些输入不是文本类型，而发送的是文本：{named.zh}", f"sent as text, declared otherwise: {named.en}"
                ),
            )
        )
    if not items:
        named = Text.listed(sorted(names & set(inputs)))
        items.append(
            CheckItem(Level.OK, _INPUTS, Text(f"与 parameters 一致：{named.zh}", f"agree with parameters: {named.en}"))
        )
    return items


def _compare_outputs(workflow: Declaration, mapped: Mapping[str, str]) -> list[CheckItem]:
    """A film or sound that will most likely come under another name. Advice, since a name may come from deeper inside
    (`declared_outputs`)."""
    likely = likely_outputs(workflow.outputs, mapped)
    wrong = [part for part in MEDIA if part in mapped and part in likely]
    if not wrong or any(mapped.get(part) in workflow.outputs for part in MEDIA):
        return []
    zh = "；".join(f"{part} 写的是 {mapped[part]}，工作流声明的是 {likely[part]}" for part in wrong)
    en = "; ".join(f"{part} is {mapped[part]}, the workflow declares {likely[part]}" for part in wrong)
    return [
        CheckItem(
            Level.WARN,
            _OUTPUTS,
            Text(
                f"名字可能对不上，付费后会找不到成片的素材：{zh}。请检查 coze_config.outputs",
                f"names may not fit, and what a film needs would not be found once it is paid for: {en}. Check "
                "coze_config.outputs",
            ),
        )
    ]


def _with_kinds(kinds: Mapping[str, str]) -> Text:
    """Inputs, each with its type."""
    items = kinds.items()
    return Text("、".join(f"{name}（{kind}）" for name, kind in items), ", ".join(f"{n} ({kind})" for n, kind in items))
