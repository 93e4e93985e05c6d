"""The questions about language, source, token, workspace and workflow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cozebatch.coze.account import CozeAccount, Lacking, WorkflowEntry, lacks, token_site
from cozebatch.coze.client import CozeService, Declaration
from cozebatch.coze.workflow_link import interface_of, parse_workflow_link
from cozebatch.model.errors import Category, ErrorInfo, StepError, UsageError
from cozebatch.model.text import NOTHING, Text
from cozebatch.model.urls import split_url
from cozebatch.setup.question import NEEDED, Option, Question, WrongAnswer, masked
from cozebatch.setup.rules import complaint_about
from cozebatch.setup.secrets import may_send, plain_secret, reference, variable_of, without_wrapping
from cozebatch.setup.state import TOKEN_VARIABLE, State, World

_PERMISSIONS = "run、listRunHistory、getMetaData、listWorkspace、listWorkflow"
_TOKEN_HINT = Text(
    f"扣子“API 管理 → 授权 → 个人访问令牌”，点“添加”。权限选 {_PERMISSIONS}。",
    f"Make one on Coze's personal access token page, with the permissions {_PERMISSIONS.replace('、', ', ')}.",
)
_PASTE = Text(
    "在扣子打开工作流，复制地址栏里的链接，例如 https://www.coze.cn/work_flow?space_id=…&workflow_id=…",
    "Open the workflow in Coze and copy its address, such as https://www.coze.cn/work_flow?space_id=…&workflow_id=…",
)


def language(state: State, world: World) -> Question:
    return Question(
        "language",
        "language",
        Text("界面语言", "Language of all texts"),
        options=(Option("zh", Text.same("中文")), Option("en", Text.same("English"))),
        default=state.answers.lang,
    )


async def take_language(state: State, world: World, answer: str) -> State:
    return state.answer(lang=answer)


def source(state: State, world: World) -> Question:
    return Question(
        "source",
        "source",
        Text("任务在哪里", "The tasks are in"),
        options=(
            Option("feishu", Text("飞书多维表格", "a Feishu Base")),
            Option("file", Text("本地文件（.xlsx .csv .json .jsonl）", "a local file (.xlsx .csv .json .jsonl)")),
        ),
        default=state.answers.source or "feishu",
    )


async def take_source(state: State, world: World, answer: str) -> State:
    if answer != state.answers.source and state.answers.source:
        state = state.answer(columns={}, status={}).learn(columns=(), rows=None)
    return state.answer(source=answer)


def token(state: State, world: World) -> Question:
    answers = state.answers
    default, label = answers.token, NOTHING
    if not default and world.env.get(TOKEN_VARIABLE, "").strip():
        default = reference(TOKEN_VARIABLE)
    variable = variable_of(default)
    if variable is not None and answers.base_url and not may_send(variable, answers.base_url, world.trusted):
        default, variable = "", None
    if default:
        label = (
            Text(f"环境变量 {variable}", f"environment variable {variable}") if variable else Text.same(masked(default))
        )
    where = _site_name(answers.base_url)
    to = Text(f"令牌只会发往 {where}。", f"The token is sent to {where} only.") if where else NOTHING
    return Question(
        "token",
        "token",
        Text("粘贴扣子（Coze）个人访问令牌", "Paste your Coze personal access token"),
        hint=Text(f"{_TOKEN_HINT.zh}{to.zh}", f"{_TOKEN_HINT.en} {to.en}".strip()),
        default=default,
        default_label=label,
        secret=True,
    )


async def take_token(state: State, world: World, answer: str) -> State:
    """Check it at once, at whichever site takes it. An address that is typed instead is that of the interface."""
    given = without_wrapping(answer)
    if not given:
        raise WrongAnswer(NEEDED)
    if given.lower().startswith(("http://", "https://")):
        return _take_interface(state, given)
    variable = variable_of(given)
    secret = plain_secret(given, world.env)
    if (wrong := complaint_about(("workflow_config", "coze_config", "token"), secret)) is not None:
        raise WrongAnswer(wrong)
    own = state.answers.base_url
    if own and not may_send(variable, own, world.trusted):
        raise WrongAnswer(
            Text(
                f"环境变量里的令牌不会发往 {own}。要用就直接粘贴令牌。",
                f"A token from the environment is not sent to {own}. Paste the token itself if you mean it.",
            )
        )
    sites = [own] if own and interface_of(_host(own)) is None else [*_own_first(own, world.sites)]
    try:
        site = await token_site(secret, sites)
    except UsageError as error:
        raise WrongAnswer(error.complaints[0]) from None
    if site.base_url is None:
        raise WrongAnswer(_refused(site.errors))
    state = state.answer(token=given, base_url=site.base_url)
    if own and site.base_url != own:
        state = state.answer(workspace_id="", workflow_id="", workflow_name="", app_id="")
    try:
        async with CozeAccount(secret, site.base_url, request_timeout=world.timeout) as account:
            workspaces = await account.workspaces()
            state = state.learn(workspaces=workspaces, workflows=())
            if not isinstance(workspaces, Lacking) and len(workspaces) == 1:
                state = state.answer(workspace_id=workspaces[0].id)
                state = state.learn(workflows=await account.workflows(workspaces[0].id))
    except StepError as error:
        raise WrongAnswer(_said(error.info)) from None
    good = Text(
        f"令牌有效（{masked(secret)}，站点 {_site_name(site.base_url)}）。",
        f"Coze takes the token ({masked(secret)}, at {_site_name(site.base_url)}).",
    )
    return state.note(good)


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
        raise WrongAnswer(_said(error.info)) from None
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
        if link.base_url is not None and interface_of(_host(mine)) is not None and link.base_url != mine:
            raise WrongAnswer(
                Text(
                    f"这个链接是 {_site_name(link.base_url)} 的，令牌是 {_site_name(mine)} 的，两边不通用。"
                    "请粘贴同一站点的链接，或返回换令牌。",
                    f"This address is of {_site_name(link.base_url)}, and the token of {_site_name(mine)}: neither "
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
            raise WrongAnswer(_said(error.info)) from None
        declaration = Lacking("getMetaData")
    listed = state.known.workflows
    entries = () if isinstance(listed, Lacking) else listed
    name = next((entry.name for entry in entries if entry.id == workflow_id), "")
    changed = workflow_id != answers.workflow_id and bool(answers.columns)
    if changed:
        state = state.answer(columns={})
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
            f'Workflow "{name}", {len(inputs)} inputs: {", ".join(inputs)}',
        )
    state = state.learn(declaration=declaration)
    return state.answer(workflow_id=workflow_id, workflow_name=name, app_id=app_id or "").note(note)


def _take_interface(state: State, url: str) -> State:
    if (wrong := complaint_about(("workflow_config", "coze_config", "base_url"), url)) is not None:
        raise WrongAnswer(wrong)
    bare = url.rstrip("/")
    note = Text(f"接口地址：{bare}。现在粘贴令牌。", f"Interface: {bare}. Now paste the token.")
    return state.answer(base_url=bare, token="").note(note)


def _own_first(own: str, sites: Sequence[str]) -> Sequence[str]:
    return sorted(sites, key=lambda site: site != own)


def _refused(errors: Mapping[str, ErrorInfo]) -> Text:
    """What the sites that answered said; a site that was not reached may be the right one, so it is named, too."""
    away = {_site_name(url): error for url, error in errors.items() if error.category is Category.NETWORK}
    said = {_site_name(url): error for url, error in errors.items() if error.category is not Category.NETWORK}
    if not said:
        return _said(next(iter(away.values())))
    first = next(iter(said.values()))
    example = "pat_x5Qb…"
    zh = (
        f"{'、'.join(said)} 不接受这个令牌。{first.message.zh}。"
        f"检查有没有复制全（例如 {example}）、有没有过期（最长 30 天）。"
    )
    en = (
        f"{' and '.join(said)} did not take this token. {first.message.en}. Check that it was copied whole (such as "
        f"{example}) and has not expired (30 days at most)."
    )
    for name, error in away.items():
        zh += f"{name} 的令牌还没试成：{error.message.zh}。"
        en += f" It could not be tried at {name}: {error.message.en}."
    return Text(zh, en)


def _said(error: ErrorInfo) -> Text:
    logid = f" logid {error.logid}" if error.logid else ""
    return Text(f"{error.message.zh}。{error.hint.zh}{logid}", f"{error.message.en}. {error.hint.en}{logid}")


def _host(url: str) -> str:
    address = split_url(url)
    return (address.hostname or "") if address is not None else ""


def _site_name(url: str) -> str:
    """`coze.cn` for the interface of that site; the address of any other one."""
    host = _host(url)
    return host.removeprefix("api.") if interface_of(host) is not None else url
