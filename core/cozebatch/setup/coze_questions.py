"""The questions about workspace and workflow."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cozebatch.coze.account import CozeAccount, Lacking, WorkflowEntry, lacks
from cozebatch.coze.client import CozeService, Declaration
from cozebatch.coze.workflow_link import interface_of, parse_workflow_link
from cozebatch.model.errors import StepError
from cozebatch.model.text import NOTHING, Text
from cozebatch.setup.coze_words import host_of, said, site_name
from cozebatch.setup.pasted import address_in
from cozebatch.setup.question import NEEDED, Option, Question, WrongAnswer
from cozebatch.setup.secrets import plain_secret
from cozebatch.setup.state import State, World

_PASTE = Text(
    "在扣子打开工作流，复制地址栏里的链接（…?space_id=…&workflow_id=…）",
    "Open the workflow in Coze and copy its address (…?space_id=…&workflow_id=…)",
)


def workspace(state: State, world: World) -> Question:
    spaces = state.known.workspaces
    assert not isinstance(spaces, Lacking)
    ids = [space.id for space in spaces]
    return Question(
        "workspace",
        "workflow",
        Text("工作流在哪个工作空间", "Workspace of the workflow"),
        options=tuple(Option(space.id, Text.same(space.name)) for space in spaces),
        default=state.answers.workspace_id if state.answers.workspace_id in ids else (ids[0] if ids else ""),
    )


def asks_workspace(state: State) -> bool:
    return not isinstance(state.known.workspaces, Lacking) and len(state.known.workspaces) > 1


async def take_workspace(state: State, world: World, answer: str) -> State:
    answers = state.answers
    secret = plain_secret(answers.token, world.env)
    try:
        async with CozeAccount(secret, answers.base_url, request_timeout=world.timeout) as account:
            workflows = await account.workflows(answer)
    except StepError as error:
        raise WrongAnswer(said(error.info)) from None
    if not isinstance(workflows, Lacking) and not workflows:
        state = state.note(
            Text(
                "这个工作空间里没有工作流。可以返回换一个，或粘贴链接。",
                "This workspace has no workflows. Go back and choose another one, or paste an address.",
            ),
        )
    return state.answer(workspace_id=answer).learn(workflows=workflows)


def workflow(state: State, world: World) -> Question:
    listed, answers = state.known.workflows, state.answers
    spaces = state.known.workspaces
    missing = next((part.permission for part in (spaces, listed) if isinstance(part, Lacking)), None)
    entries: Sequence[WorkflowEntry] = () if isinstance(listed, Lacking) else listed
    ids = [entry.id for entry in entries]
    notes: tuple[Text, ...] = ()
    if missing is not None:
        notes = (
            Text(
                f"令牌没有 {missing} 权限，列不出来，请粘贴链接。加上这个权限就能直接选。",
                f"The token lacks the permission {missing}, so nothing can be listed: paste the address. "
                "With that permission you could choose.",
            ),
        )
    known = answers.workflow_id
    default = known if known or not ids else ids[0]
    label = Text.same(answers.workflow_name or known) if known and known not in ids else NOTHING
    return Question(
        "workflow",
        "workflow",
        Text("选工作流，或粘贴它的链接", "Choose the workflow, or paste its address")
        if entries
        else Text("粘贴工作流的链接或 ID", "Paste the address or id of the workflow"),
        hint=_PASTE,
        notes=notes,
        options=tuple(Option(entry.id, Text.same(entry.name)) for entry in entries),
        default=default,
        default_label=label,
        takes_text=True,
    )


async def take_workflow(state: State, world: World, answer: str) -> State:
    """Read what the workflow declares. An address of the other site is told as that."""
    if not answer:
        raise WrongAnswer(Text(f"{NEEDED.zh}{_PASTE.zh}", f"{NEEDED.en} {_PASTE.en}"))
    answer = address_in(answer)
    workflow_id, app_id = answer, None
    listed = state.known.workflows
    if not isinstance(listed, Lacking):
        app_id = next((entry.app_id for entry in listed if entry.id == answer), None)
    if "://" in answer:
        link = parse_workflow_link(answer)
        if link is None:
            raise WrongAnswer(
                Text(f"这个链接里没有工作流。{_PASTE.zh}", f"This address is not that of a workflow. {_PASTE.en}")
            )
        mine = state.answers.base_url
        if link.base_url is not None and interface_of(host_of(mine)) is not None and link.base_url != mine:
            raise WrongAnswer(
                Text(
                    f"这个链接是 {site_name(link.base_url)} 的，令牌是 {site_name(mine)} 的，两边不通用。"
                    "请粘贴同一站点的链接，或返回换令牌。",
                    f"This address is of {site_name(link.base_url)}, and the token of {site_name(mine)}: neither "
                    "takes the other's. Paste an address of the same site, or go back and change the token.",
                )
            )
        workflow_id, app_id = link.workflow_id, link.app_id
    if not re.fullmatch(r"\d{4,32}", workflow_id):
        raise WrongAnswer(
            Text(
                "工作流 ID 是一串数字，例如 7400000000000000001。也可以粘贴整个链接。",
                "A workflow's id is a row of digits, such as 7400000000000000001. Its whole address will do, too.",
            )
        )
    return await _look_at(state, world, workflow_id, app_id)


async def _look_at(state: State, world: World, workflow_id: str, app_id: str | None) -> State:
    answers = state.answers
    secret = plain_secret(answers.token, world.env)
    declaration: Declaration | Lacking
    try:
        async with CozeService(
            token=secret, workflow_id=workflow_id, base_url=answers.base_url, request_timeout=world.timeout
        ) as service:
            declaration = await service.declaration()
    except StepError as error:
        if not lacks(error.info, "getMetaData"):
            raise WrongAnswer(said(error.info)) from None
        declaration = Lacking("getMetaData")
    listed = state.known.workflows
    entries = () if isinstance(listed, Lacking) else listed
    name = next((entry.name for entry in entries if entry.id == workflow_id), "")
    if workflow_id != answers.workflow_id:
        state = state.answer(columns={}, outputs={})
    if isinstance(declaration, Lacking):
        note = Text(
            "令牌没有 getMetaData 权限，读不到输入，先按常用的五个输入设置。",
            "The token lacks the permission getMetaData: the usual five inputs are taken.",
        )
    else:
        name, app_id = declaration.name or name, declaration.app_id or app_id
        inputs = list(declaration.inputs)
        names = "、".join(inputs)
        note = Text(
            f"工作流“{name}”，{len(inputs)} 个输入：{names}",
            f'Workflow "{name}", inputs ({len(inputs)}): {", ".join(inputs)}',
        )
    state = state.learn(declaration=declaration)
    return state.answer(workflow_id=workflow_id, workflow_name=name, app_id=app_id or "").note(note)
