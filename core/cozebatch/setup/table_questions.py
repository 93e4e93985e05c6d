"""The questions about where the tasks are in Feishu: the base, its application, table, view, and tables by account."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any

from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.codes import Kind
from cozebatch.feishu.links import BaseLink, LinkError, parse_base
from cozebatch.feishu.sdk import FeishuClient, FeishuError
from cozebatch.model.errors import UsageError
from cozebatch.model.text import NOTHING, Text
from cozebatch.settings.feishu_model import DEFAULT_FEISHU_DOMAIN
from cozebatch.setup.pasted import address_in, secret_in
from cozebatch.setup.question import NEEDED, Option, Question, WrongAnswer, masked
from cozebatch.setup.rules import complaint_about
from cozebatch.setup.secrets import may_send, plain_secret, reference, variable_of
from cozebatch.setup.state import SECRET_VARIABLE, State, World
from cozebatch.setup.tables import columns_of, opened, relations_of, tables_of, views_of

ALL_VIEWS = "all"
_SHORTEST_TOKEN = 20
"""Characters; a base's own token has 27. A shorter word is no base, whatever it is."""
_BASE_EXAMPLE = Text(
    "例如 https://example.feishu.cn/base/…?table=tbl…，知识库里的（/wiki/…）也可以。",
    "Such as https://example.feishu.cn/base/…?table=tbl…; one of a wiki (/wiki/…) will do, too.",
)
_APP_HINT = Text(
    "飞书开发者后台 → 你的应用 → 凭证与基础信息。应用要开通多维表格权限，并在表格里“添加文档应用”。",
    "Developer console, your app, Credentials & Basic Info. The app needs the permissions of Base; add it to the "
    "base (Add document app).",
)


def base(state: State, world: World) -> Question:
    return Question(
        "base",
        "table",
        Text("粘贴多维表格的链接", "Paste the address of the Base"),
        hint=Text(
            f"打开任务所在的数据表，复制地址栏。{_BASE_EXAMPLE.zh}",
            f"Open the table and copy its address. {_BASE_EXAMPLE.en}",
        ),
        default=state.answers.base,
    )


async def take_base(state: State, world: World, answer: str) -> State:
    """See what it leads to: a base may be asked for more; a document or a folder is told at once."""
    if not answer:
        raise WrongAnswer(Text(f"{NEEDED.zh}{_BASE_EXAMPLE.zh}", f"{NEEDED.en} {_BASE_EXAMPLE.en}"))
    same = answer == state.answers.base
    answer = answer if same else address_in(answer)
    try:
        link = parse_base(answer)
        if link.token == answer and len(answer) < _SHORTEST_TOKEN and not same:
            raise LinkError(Text(f"“{answer}”不是链接", f'"{answer}" is no address'))
    except LinkError as error:
        raise WrongAnswer(
            Text(f"{error.text.zh}。{_BASE_EXAMPLE.zh}", f"{error.text.en}. {_BASE_EXAMPLE.en}")
        ) from None
    if link.opens is not None:
        raise WrongAnswer(
            Text(
                f"这个链接打开的是{link.opens.zh}，不是数据表。请打开任务所在的数据表，再复制链接。",
                f"This address opens {link.opens.en}, not a table. Open the table of the tasks and copy its address.",
            )
        )
    domain = link.domain or (state.answers.domain if same else "") or DEFAULT_FEISHU_DOMAIN
    if not same:
        state = state.answer(columns={}, status={}, view_id="", table_id="", relations="").learn(
            tables=(), views=(), columns=()
        )
    table_id = link.table_id or state.answers.table_id
    view_id = link.view_id or state.answers.view_id
    return state.answer(base=answer, domain=domain, table_id=table_id, view_id=view_id)


def app_id(state: State, world: World) -> Question:
    return Question(
        "app_id",
        "table",
        Text("飞书应用的 App ID", "App ID of your Feishu app"),
        hint=_APP_HINT,
        default=state.answers.feishu_app_id,
    )


async def take_app_id(state: State, world: World, answer: str) -> State:
    example = Text("例如 cli_a1b2c3d4e5。", "Such as cli_a1b2c3d4e5.")
    answer = secret_in(answer)
    wrong = NEEDED if not answer else complaint_about(("api_config", "app_id"), answer)
    if wrong is not None:
        raise WrongAnswer(Text(f"{wrong.zh}{example.zh}", f"{wrong.en} {example.en}"))
    if answer != state.answers.feishu_app_id and variable_of(state.answers.app_secret) is None:
        state = state.answer(app_secret="")
    return state.answer(feishu_app_id=answer)


def app_secret(state: State, world: World) -> Question:
    default, label = state.answers.app_secret, NOTHING
    if not default and world.env.get(SECRET_VARIABLE, "").strip():
        default = reference(SECRET_VARIABLE)
    variable = variable_of(default)
    if not may_send(variable, state.answers.domain, world.trusted):
        default = ""
    if default:
        label = (
            Text(f"环境变量 {variable}", f"environment variable {variable}") if variable else Text.same(masked(default))
        )
    return Question(
        "app_secret",
        "table",
        Text("飞书应用的 App Secret", "App Secret of your Feishu app"),
        hint=Text("和 App ID 在同一页。", "On the same page as the App ID."),
        default=default,
        default_label=label,
        secret=True,
    )


async def take_app_secret(state: State, world: World, answer: str) -> State:
    """Check both at once, and list the tables of the base."""
    given = secret_in(answer)
    if not given:
        raise WrongAnswer(NEEDED)
    secret = plain_secret(given, world.env)
    if (wrong := complaint_about(("api_config", "app_secret"), secret)) is not None:
        raise WrongAnswer(wrong)
    if not may_send(variable_of(given), state.answers.domain, world.trusted):
        domain = state.answers.domain
        raise WrongAnswer(
            Text(
                f"环境变量里的 App Secret 不会发往 {domain}。要用就直接粘贴。",
                f"A secret from the environment is not sent to {domain}. Paste it if you mean it.",
            )
        )
    state = state.answer(app_secret=given)
    try:
        async with _opened(state, world) as (_, found):
            tables = await tables_of(found)
    except FeishuError as error:
        raise WrongAnswer(_refused(error)) from None
    except UsageError as error:
        raise WrongAnswer(error.complaints[0]) from None
    if not tables:
        raise WrongAnswer(
            Text(
                "这个多维表格里看不到数据表：请给应用“可编辑”的权限，再试一次。",
                "No table can be seen in this base: give the app edit permission and try again.",
            )
        )
    ids = [table.id for table in tables]
    state = state.learn(tables=tables)
    if (wanted := state.answers.table_id) and wanted not in ids:
        gone = Text(
            f"链接里的数据表 {wanted} 不在这个多维表格里。", f"The table {wanted} of the link is not in this base."
        )
        state = state.answer(table_id="", view_id="").note(gone)
    only = state.answers.table_id or (ids[0] if len(ids) == 1 else "")
    if only and (_named_by_link(state) or len(ids) == 1):
        return await take_table(state, world, only)
    return state


def asks_table(state: State) -> bool:
    """Not if the link names the table, and not if there is only one."""
    return len(state.known.tables) > 1 and not _named_by_link(state)


def table(state: State, world: World) -> Question:
    ids = [found.id for found in state.known.tables]
    return Question(
        "table",
        "table",
        Text("任务在哪个数据表", "Table of the tasks"),
        options=tuple(Option(found.id, Text.same(found.name)) for found in state.known.tables),
        default=state.answers.table_id if state.answers.table_id in ids else ids[0],
    )


async def take_table(state: State, world: World, answer: str) -> State:
    """Read its views, its columns, and three of its rows."""
    try:
        async with _opened(state, world) as (_, found):
            columns, rows = await columns_of(found, answer)
            views = await views_of(found, answer)
            relations = await relations_of(found, answer, columns, state.known.tables)
    except FeishuError as error:
        raise WrongAnswer(_refused(error)) from None
    if answer != state.answers.table_id:
        state = state.answer(columns={}, status={}, view_id="", relations="")
    name = next((t.name for t in state.known.tables if t.id == answer), answer)
    note = Text(
        "数据表“{name}”：{columns} 个字段，{rows} 条记录。", 'Table "{name}": {columns} field(s), {rows} record(s).'
    ).filled(name=name, columns=len(columns), rows=rows)
    state = state.answer(table_id=answer).learn(columns=tuple(columns), rows=rows, views=tuple(views)).note(note)
    state = state.learn(relations=relations)
    if not rows:
        state = state.note(
            Text(
                "看不到记录。其实有的话，是“高级权限”挡住了应用：给它一个有权限的角色。",
                "No records are visible. If there are some, advanced permissions hide them: give the app a role.",
            )
        )
    if state.answers.view_id and state.answers.view_id not in [view.id for view in views]:
        state = state.answer(view_id="")
    return state


def asks_view(state: State) -> bool:
    return len(state.known.views) > 1


def view(state: State, world: World) -> Question:
    everything = Option(
        ALL_VIEWS, Text("不限视图", "every view"), Text("只看后面要选的状态", "only the status decides, chosen below")
    )
    return Question(
        "view",
        "table",
        Text("只跑哪个视图里的记录", "Run the records of which view"),
        options=(everything, *(Option(found.id, Text.same(found.name)) for found in state.known.views)),
        default=state.answers.view_id or ALL_VIEWS,
    )


async def take_view(state: State, world: World, answer: str) -> State:
    return state.answer(view_id="" if answer == ALL_VIEWS else answer)


def asks_relations(state: State) -> bool:
    """Not where the existing configuration has such tables."""
    return bool(state.known.relations) and not state.known.relations.keys() & kept_tables(state).keys()


def kept_tables(state: State) -> dict[str, Any]:
    """The tables of the existing configuration beside that of the tasks, without those that this base does not have."""
    tables, there = state.document.get("tables"), {table.id for table in state.known.tables}
    if not isinstance(tables, dict):
        return {}
    others = {key: table for key, table in tables.items() if key != "content_table"}
    gone = [key for key, table in others.items() if isinstance(table, dict) and table.get("table_id") not in there]
    return others if not there else {key: table for key, table in others.items() if key not in gone}


def relations(state: State, world: World) -> Question:
    names = {table.id: table.name for table in state.known.tables}
    found = [names.get(relation["table_id"], "") for relation in state.known.relations.values()]
    return Question(
        "relations",
        "columns",
        Text("同一个多维表格里有按账号查的数据表，要用吗", "The base has tables that go by account: use them"),
        hint=Text(
            "账号的名称、音色和数字人从那里取；查不到就用任务表自己的字段。",
            "Names, voices and avatars of accounts come from there; else from the fields of the task table.",
        ),
        options=(
            Option("yes", Text(f"用：{'、'.join(found)}", f"use them: {', '.join(found)}")),
            Option("no", Text("不用", "do not")),
        ),
        default=state.answers.relations or "yes",
    )


async def take_relations(state: State, world: World, answer: str) -> State:
    return state.answer(relations=answer)


def _opened(state: State, world: World) -> AbstractAsyncContextManager[tuple[FeishuClient, FeishuBase]]:
    answers = state.answers
    return opened(
        _link(state),
        app_id=answers.feishu_app_id,
        app_secret=plain_secret(answers.app_secret, world.env),
        domain=answers.domain,
        timeout=world.timeout,
    )


async def count_ready(state: State, world: World, column: str, value: str) -> int:
    """How many records of the table have this status. Raises `WrongAnswer`."""
    condition = {"field_name": column, "operator": "is", "value": [value]}
    try:
        async with _opened(state, world) as (_, found):
            page = await found.search(
                state.answers.table_id, filter={"conjunction": "and", "conditions": [condition]}, page_size=1
            )
    except FeishuError as error:
        raise WrongAnswer(_refused(error)) from None
    return max(page.total, len(page.records))


def _link(state: State) -> BaseLink:
    return parse_base(state.answers.base)


def _named_by_link(state: State) -> bool:
    """Whether the address that was pasted names the table that is meant, and it is there."""
    wanted = _link(state).table_id
    there = [table.id for table in state.known.tables]
    return wanted is not None and wanted == state.answers.table_id and wanted in there


def _refused(error: FeishuError) -> Text:
    """What Feishu said and what to do; for wrong credentials what right ones look like."""
    if error.kind is Kind.CREDENTIALS:
        example = Text("App ID 像 cli_a1b2c3d4e5。", "An App ID looks like cli_a1b2c3d4e5.")
        return Text(f"{error.complaint.zh}{example.zh}", f"{error.complaint.en} {example.en}")
    return error.complaint
