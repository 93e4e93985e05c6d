"""The set-up in the pictures: scripted answers and accounts, so that no service is asked."""

from __future__ import annotations

from pathlib import Path

from cozebatch.coze.account import WorkflowEntry, Workspace
from cozebatch.coze.client import Declaration, Input
from cozebatch.demo.feishu_tables import demo_tables
from cozebatch.feishu.base import Named
from cozebatch.feishu.cells import cell_text
from cozebatch.model.text import Lang, Text
from cozebatch.setup.matching import SourceColumn
from cozebatch.setup.state import Answers, Known, State, World

PLACES = ("token", "workflow", "columns", "status")
"""The questions that have a picture."""

_WORKFLOWS = (
    "口播视频 v3",
    "口播视频 v2",
    "好物种草",
    "图文改写",
    "探店日记",
    "直播切片",
    "每日早安",
    "知识卡片",
    "门店日报",
    "新品开箱",
)
_INPUTS = {"content": True, "title": False, "digitalNo": False, "voiceId": False, "accountId": False}
_TOKEN = "pat_scripted_for_the_pictures_3f9a"


def scripted(place: str, lang: Lang) -> tuple[State, World]:
    """The set-up at this question, with everything before it answered."""
    state = State(Answers(lang=lang), at=place, past=_PAST[place])
    if place != "token":
        note = Text("令牌有效（••••3f9a，站点 coze.cn）。", "Coze takes the token (••••3f9a, at coze.cn).")
        state = State(_ANSWERS[lang], _known(), place, _PAST[place], notes=(note,) if place == "workflow" else ())
    if place == "columns":
        state = state.note(Text("数据表“视频任务”：9 个字段，20 条记录。", 'Table "视频任务": 9 fields, 20 records.'))
    return state, World(env={}, config=Path("configs/config.json"))


def _known() -> Known:
    table = demo_tables()[0]
    rows = list(table.records.values())
    columns = [
        SourceColumn(
            column.name,
            column.kind,
            tuple(column.options),
            tuple(cell_text(row.get(column.name)) for row in rows[:3]),
        )
        for column in table.columns
    ]
    return Known(
        workspaces=(Workspace("1", "个人空间"), Workspace("2", "短视频团队")),
        workflows=tuple(WorkflowEntry(str(7400 + n), name) for n, name in enumerate(_WORKFLOWS)),
        declaration=Declaration("口播视频 v3", {n: Input("string", r, False) for n, r in _INPUTS.items()}),
        tables=(Named("tbl1", "视频任务"), Named("tbl2", "账号")),
        columns=tuple(columns),
        rows=len(rows),
    )


_ANSWERS: dict[Lang, Answers] = {
    lang: Answers(
        lang=lang,
        source="feishu",
        token=_TOKEN,
        base_url="https://api.coze.cn",
        workspace_id="2",
        base="https://example.feishu.cn/base/App",
        feishu_app_id="cli_a1",
        app_secret=_TOKEN,
        domain="https://open.feishu.cn",
        table_id="tbl1",
    )
    for lang in ("zh", "en")
}
_ORDER = (
    "language",
    "source",
    "token",
    "workspace",
    "workflow",
    "base",
    "app_id",
    "app_secret",
    "table",
    "columns",
    "status",
)
_PAST = {place: _ORDER[: _ORDER.index(place)] for place in PLACES}
