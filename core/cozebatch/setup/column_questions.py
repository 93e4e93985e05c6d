"""The questions about columns: one for each input of the workflow, and what a field of the table is used for.

An overview shows all that is proposed, with sample values; whoever agrees goes on, else one entry after the other is
changed and leads back to the overview.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import replace

from cozebatch.coze.client import Declaration
from cozebatch.coze.defaults import DEFAULT_PARAMETERS
from cozebatch.feishu.column_check import KINDS
from cozebatch.model.text import NOTHING, Text
from cozebatch.setup.matching import RELATIONS, Need, SourceColumn, may_hold, propose_columns, role_of
from cozebatch.setup.question import Option, Question, WrongAnswer
from cozebatch.setup.state import State, World

AGREED = "\0agreed"
NONE = "\0none"
"""Answers that no column can be called like."""
AGREE = Text("没问题，下一步", "all right, go on")
OTHER_KIND = Text("其他类型", "another type")
_SAMPLE = 20
"""Columns of the screen that are shown of each sample; a Chinese character takes two."""


def needs_of(state: State) -> list[Need]:
    """What wants a column: the workflow's inputs, and the script and the title if no input takes them."""
    declared = state.known.declaration
    if isinstance(declared, Declaration):
        needs = [
            Need(name, required=i.required and not i.has_default, description=i.description)
            for name, i in declared.inputs.items()
        ]
    else:
        needs = [Need(name, required=name == "content") for name in DEFAULT_PARAMETERS]
    roles = [role_of(need.name) for need in needs]
    if "content" in roles:  # a row without a script is not run
        place = roles.index("content")
        needs[place] = replace(needs[place], required=True)
    return needs + [
        Need(role, required=role == "content", own=True) for role in ("content", "title") if role not in roles
    ]


def columns_now(state: State) -> dict[str, str]:
    """Need → column as it stands: what was chosen, else what is proposed. Empty for a need that gets none."""
    needs = needs_of(state)
    there = {column.name for column in state.known.columns}
    chosen = {n: c for n, c in state.answers.columns.items() if not c or c in there}
    open_needs = [need for need in needs if need.name not in chosen]
    free = [column for column in state.known.columns if column.name not in chosen.values()]
    proposed = propose_columns(open_needs, free if chosen else state.known.columns)
    return {need.name: chosen.get(need.name, proposed.get(need.name, "")) for need in needs}


def columns(state: State, world: World) -> Question:
    now, by_name = columns_now(state), {column.name: column for column in state.known.columns}
    called = _called(state)
    options = [Option(AGREED, AGREE)]
    for need in needs_of(state):
        column = by_name.get(now[need.name])
        name = label_of(need)
        if column is not None:
            options.append(
                Option(
                    need.name,
                    Text(f"{name.zh} ← {column.name}", f"{name.en} <- {column.name}"),
                    samples(column, state),
                    True,
                )
            )
        elif need.required:
            missing = Text(f"必填，还没有对应的{called.zh}", f"required, and no {called.en} fits")
            options.append(Option(need.name, Text(f"{name.zh} ← ？", f"{name.en} <- ?"), missing, False))
        else:
            empty = Text("不是必填，先空着", "not required, left empty")
            options.append(Option(need.name, Text(f"{name.zh} ← 空", f"{name.en} <- nothing"), empty))
    return Question(
        "columns",
        "columns",
        Text("每个输入用哪个字段（下面是前三条记录）", "Which field each input gets (with the first three records)")
        if state.answers.from_feishu
        else Text("每个输入用哪一列（下面是前三行）", "Which column each input gets (with the first three rows)"),
        options=options,
        default=AGREED,
    )


async def take_columns(state: State, world: World, answer: str) -> State:
    now = columns_now(state)
    if answer != AGREED:
        return replace(state, editing=answer)
    still_open = [need for need in needs_of(state) if need.required and not now[need.name]]
    if still_open:
        called = _called(state)
        names_zh, names_en = (
            "、".join(label_of(n).zh for n in still_open),
            ", ".join(label_of(n).en for n in still_open),
        )
        raise WrongAnswer(
            Text(
                f"还没有对应的{called.zh}：{names_zh}。选中它，再选一个{called.zh}。没有就先加上，再返回上一步重新读取。",
                f"No {called.en} yet for: {names_en}. Choose it, then a {called.en}. If there is none, add one, "
                "then go back a step and read it again.",
            )
        )
    return replace(state.answer(columns=now), editing="")


def column(state: State, world: World) -> Question:
    need = next(need for need in needs_of(state) if need.name == state.editing)
    fitting = [column for column in state.known.columns if may_hold(need, column)]
    called = _called(state)
    left_out = [column.name for column in state.known.columns if not may_hold(need, column)]
    notes = []
    if need.description:
        notes.append(Text.same(need.description))
    if left_out:
        listed = left_out[:8]
        notes.append(
            Text(
                f"类型不合适，没有列出：{'、'.join(listed)}",
                f"Not listed, since their type does not fit: {', '.join(listed)}",
            )
        )
    options = [Option(column.name, _named(column, state), samples(column, state)) for column in fitting]
    if not need.required:
        options.append(Option(NONE, Text("空着", "leave it empty")))
    now = columns_now(state)[need.name]
    return Question(
        "column",
        "columns",
        Text(f"{label_of(need).zh} 用哪个{called.zh}", f"The {called.en} for {label_of(need).en}"),
        notes=tuple(notes),
        options=options,
        default=now or (options[0].value if options else ""),
    )


async def take_column(state: State, world: World, answer: str) -> State:
    chosen = "" if answer == NONE else answer
    # What was proposed for the others stays as it was shown.
    return replace(state.answer(columns={**columns_now(state), state.editing: chosen}), editing="")


def label_of(need: Need) -> Text:
    """An input is called as the workflow calls it; our own fields have words."""
    own: Mapping[str, Text] = {"content": Text("文案", "script"), "title": Text("标题", "title")}
    return own.get(need.name, Text.same(need.name)) if need.own else Text.same(need.name)


def _called(state: State) -> Text:
    """A column, as it is called where the tasks are."""
    return Text("字段", "field") if state.answers.from_feishu else Text("列", "column")


def samples(column: SourceColumn, state: State) -> Text:
    """The first three rows of a column, each cut; nothing for an empty one is said as that."""
    if not any(column.samples):
        empty = Text("这几条是空的", "empty in these records")
        if not state.answers.from_feishu:
            empty = Text("这几行是空的", "empty in these rows")
        return empty if column.samples else NOTHING
    if column.kind in RELATIONS:
        return Text("关联到另一张数据表的记录", "records of another table")
    cut = [_cut(text) for text in column.samples]
    return Text(" ｜ ".join(text or "（空）" for text in cut), " | ".join(text or "(empty)" for text in cut))


def _cut(text: str) -> str:
    room = _SAMPLE
    for place, character in enumerate(text):
        room -= 2 if unicodedata.east_asian_width(character) in "FW" else 1
        if room < 0:
            return text[: max(0, place - 1)] + "…"
    return text


def _named(column: SourceColumn, state: State) -> Text:
    if not state.answers.from_feishu:
        return Text.same(column.name)
    kind = KINDS.get(column.kind, OTHER_KIND)
    return Text(f"{column.name}（{kind.zh}）", f"{column.name} ({kind.en})")
