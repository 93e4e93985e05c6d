"""The questions about language, source and token."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from cozebatch.coze.account import CozeAccount, Lacking, token_site
from cozebatch.coze.workflow_link import interface_of
from cozebatch.model.errors import Category, ErrorInfo, StepError, UsageError
from cozebatch.model.text import NOTHING, Text
from cozebatch.setup.coze_words import host_of, said, site_name
from cozebatch.setup.pasted import secret_in
from cozebatch.setup.question import NEEDED, Option, Question, WrongAnswer, masked
from cozebatch.setup.rules import complaint_about
from cozebatch.setup.secrets import may_send, plain_secret, reference, variable_of
from cozebatch.setup.state import TOKEN_VARIABLE, State, World

_HOST = re.compile(r"[\w.-]*\bcoze\.(cn|com)(/.*)?", re.IGNORECASE)
"""An address of Coze's as people write it, without its scheme."""
_PERMISSIONS = "run、listRunHistory、getMetaData、listWorkspace、listWorkflow"
_TOKEN_HINT = Text(
    f"扣子“API 管理 → 授权 → 个人访问令牌”，点“添加”。权限选 {_PERMISSIONS}。",
    f"Make one on Coze's personal access token page, with the permissions {_PERMISSIONS.replace('、', ', ')}.",
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
    where = site_name(answers.base_url)
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
    given = secret_in(answer)
    if not given:
        raise WrongAnswer(NEEDED)
    if _HOST.fullmatch(given):
        given = f"https://{given}"
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
    sites = [own] if own and interface_of(host_of(own)) is None else [*_own_first(own, world.sites)]
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
        raise WrongAnswer(said(error.info)) from None
    good = Text(
        f"令牌有效（{masked(secret)}，站点 {site_name(site.base_url)}）。",
        f"Coze takes the token ({masked(secret)}, at {site_name(site.base_url)}).",
    )
    return state.note(good)


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
    away = {site_name(url): error for url, error in errors.items() if error.category is Category.NETWORK}
    refusing = {site_name(url): error for url, error in errors.items() if error.category is not Category.NETWORK}
    if not refusing:
        return said(next(iter(away.values())))
    first = next(iter(refusing.values()))
    example = "pat_x5Qb…"
    zh = (
        f"{'、'.join(refusing)} 不接受这个令牌。{first.message.zh}。"
        f"检查有没有复制全（例如 {example}）、有没有过期（最长 30 天）。"
    )
    en = (
        f"{' and '.join(refusing)} did not take this token. {first.message.en}. Check that it was copied whole "
        f"(such as {example}) and has not expired (30 days at most)."
    )
    for name, error in away.items():
        zh += f"{name} 的令牌还没试成：{error.message.zh}。"
        en += f" It could not be tried at {name}: {error.message.en}."
    return Text(zh, en)
