"""The questions about the status field of a table: which value says that a record is to be run, and what is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from cozebatch.feishu.column_check import KINDS
from cozebatch.model.text import Text
from cozebatch.settings.feishu_model import StatusValues
from cozebatch.setup.column_questions import AGREE, AGREED, NONE, OTHER_KIND, samples
from cozebatch.setup.matching import (
    PARTS,
    SourceColumn,
    propose_result_column,
    propose_status_column,
    propose_status_values,
    role_of,
)
from cozebatch.setup.question import NEEDED, Option, Question, WrongAnswer
from cozebatch.setup.state import State, World
from cozebatch.setup.table_questions import count_ready

_LABELS: Mapping[str, Text] = {
    "column": Text("状态字段", "status field"),
    "ready": Text("要生成", "to be run"),
    "running": Text("开始时写", "written when it starts"),
    "done": Text("完成时写", "written when it is done"),
    "failed": Text("失败时写", "written when it failed"),
    "result": Text("结果写到", "result goes to"),
}
_SINGLE_SELECT = 3
_POSSIBLE = (1, _SINGLE_SELECT)
_USUAL = {"done": str(StatusValues().done), "failed": str(StatusValues().failed)}


def status_now(state: State) -> dict[str, str]:
    """The parts as they stand: what was chosen, else what is proposed. Empty for none."""
    columns, chosen = state.known.columns, state.answers.status
    there = {column.name for column in columns}
    name = chosen.get("column")
    if name is None or (name and name not in there):
        name, chosen = propose_status_column(columns) or "", {k: v for k, v in chosen.items() if k == "result"}
    result = chosen.get("result")
    if result is None or (result and result not in there):
        result = propose_result_column(columns) or ""
    column = _column(state, name)
    if column is not None and column.kind == _SINGLE_SELECT and chosen.get("ready") not in column.options:
        chosen = {part: value for part, value in chosen.items() if part != "ready"}
    found = propose_status_values(values_of(column)) if column is not None else {}
    proposed = {part: found.get(part, _USUAL.get(part, "")) if name else "" for part in PARTS}
    return {"column": name, **{part: chosen.get(part, proposed[part]) for part in PARTS}, "result": result}


def values_of(column: SourceColumn) -> tuple[str, ...]:
    """The options of a single select; of a text column the values that it holds."""
    return column.options if column.kind == _SINGLE_SELECT else column.values


def status(state: State, world: World) -> Question:
    now = status_now(state)
    options = [Option(AGREED, AGREE)]
    for part, label in _LABELS.items():
        if part in PARTS and not now["column"]:
            continue
        options.append(_line(state, part, label, now[part]))
    return Question(
        "status",
        "status",
        Text("状态字段的哪个值要生成，做完写什么", "Which status is run, and what is written"),
        notes=() if now["column"] else _unusable(state),
        options=options,
        default=AGREED,
    )


def _unusable(state: State) -> tuple[Text, ...]:
    """Fields that are called like a status and cannot be one."""
    notes = []
    for column in state.known.columns:
        if role_of(column.name) == "status" and column.kind not in _POSSIBLE:
            kind = KINDS.get(column.kind, OTHER_KIND)
            notes.append(
                Text(
                    "字段“{name}”的类型是{kind}，不能表示状态；要用它，先在飞书改成单选。",
                    'The field "{name}" is of the type {kind} and can be no status; make it a single select first.',
                ).filled(name=column.name, kind=kind)
            )
    return tuple(notes)


def _line(state: State, part: str, label: Text, value: str) -> Option:
    if value:
        new = value in new_options(state)
        detail = Text("新选项", "a new option") if new else Text("", "")
        return Option(part, Text(f"{label.zh}：{value}", f"{label.en}: {value}"), detail, True)
    if part == "ready":
        return Option(part, Text(f"{label.zh}：？", f"{label.en}: ?"), Text("还没有选", "not chosen yet"), False)
    if part == "column":
        paid = Text("没有的话，每条记录都会跑，都会付费", "without one every record is run and paid for")
        return Option(part, Text(f"{label.zh}：没有", f"{label.en}: none"), paid, False)
    return Option(part, Text(f"{label.zh}：不写", f"{label.en}: nothing"))


def new_options(state: State) -> list[str]:
    """Values that will be written and are no options of the single select yet: the first writing makes them."""
    now = status_now(state)
    column = _column(state, now["column"])
    if column is None or column.kind != _SINGLE_SELECT:
        return []
    written = (now[part] for part in ("running", "done", "failed"))
    return [value for value in dict.fromkeys(written) if value and value not in column.options]


async def take_status(state: State, world: World, answer: str) -> State:
    if answer != AGREED:
        return replace(state, editing=answer)
    now = status_now(state)
    if now["column"]:
        if not now["ready"]:
            raise WrongAnswer(
                Text(
                    "还没选哪个值表示要生成。选“要生成”那一行，再选一个值。",
                    "No value says yet that a record is to be run. Choose that line, then a value.",
                )
            )
        if any(now[part] == now["ready"] for part in ("running", "done", "failed")):
            raise WrongAnswer(
                Text(
                    "写入的值不能和“要生成”的值相同，否则做完的记录又会再跑。",
                    "It must differ from the value that says to run: finished records would run again.",
                )
            )
        number = await count_ready(state, world, now["column"], now["ready"])
        state = state.note(
            Text(f"“{now['ready']}”的记录现在有 {number} 条。", f'Records with "{now["ready"]}" now: {number}.')
        )
    else:
        state = state.note(
            Text(
                "没有状态字段：现有的 {rows} 条记录都会跑，每条付费 1 次。",
                "No status field: {rows} record(s) now, each of them run for 1 paid execution.",
            ).filled(rows=state.known.rows or 0)
        )
    return replace(state.answer(status=now), editing="")


def status_part(state: State, world: World) -> Question:
    part, now = state.editing, status_now(state)
    columns = state.known.columns
    if part == "column":
        fitting = [column for column in columns if column.kind in _POSSIBLE]
        none = Text("没有状态字段：每条记录都跑，都付费", "there is none: every record is run and paid for")
    elif part == "result":
        fitting = [column for column in columns if column.kind == 1 and column.name not in _read_columns(state)]
        none = Text("不写结果", "write no result")
    else:
        return _value_question(state, part, now)
    return Question(
        "status_part",
        "status",
        _LABELS[part],
        options=[*(Option(c.name, Text.same(c.name), samples(c, state)) for c in fitting), Option(NONE, none)],
        default=now[part] or NONE,
    )


def _value_question(state: State, part: str, now: Mapping[str, str]) -> Question:
    column = _column(state, now["column"])
    values = values_of(column) if column is not None else ()
    options = [Option(value, Text.same(value)) for value in values]
    if part != "ready":
        options.append(Option(NONE, Text("不写", "write nothing")))
    select = column is not None and column.kind == _SINGLE_SELECT
    takes_text = part != "ready" or not select
    hint = Text("", "")
    if takes_text:
        hint = (
            Text("也可以输入一个新的值，新选项会先问你。", "A new value can be typed; you are asked before it is made.")
            if select
            else Text("也可以输入一个新的值。", "A new value can be typed.")
        )
    default = now[part] or (NONE if part != "ready" else (options[0].value if options else ""))
    return Question(
        "status_part", "status", _LABELS[part], hint=hint, options=options, default=default, takes_text=takes_text
    )


async def take_status_part(state: State, world: World, answer: str) -> State:
    part, now = state.editing, status_now(state)
    chosen = "" if answer == NONE else answer.strip()
    if part == "ready" and not chosen:
        raise WrongAnswer(NEEDED)
    if part == "column" and chosen != now["column"]:
        kept = {"column": chosen, "result": now["result"]}
        return replace(state.answer(status=kept), editing="")
    return replace(state.answer(status={**now, part: chosen}), editing="")


def asks_new_options(state: State) -> bool:
    return bool(new_options(state))


def new_option(state: State, world: World) -> Question:
    new, column = new_options(state), status_now(state)["column"]
    zh, en = "、".join(f"“{value}”" for value in new), ", ".join(f'"{value}"' for value in new)
    return Question(
        "new_option",
        "status",
        Text(f"字段“{column}”里还没有{zh}，要新建吗", f'The field "{column}" has no {en}: add it?'),
        hint=Text("第一次写回时新建，别的选项不变。", "It is added at the first write-back; other options stay."),
        options=(
            Option("yes", Text("新建", "add it")),
            Option("no", Text("不新建，回去改", "do not, go back and change it")),
        ),
        default="yes",
    )


async def take_new_option(state: State, world: World, answer: str) -> State:
    return state


def _column(state: State, name: str) -> SourceColumn | None:
    return next((column for column in state.known.columns if column.name == name), None)


def _read_columns(state: State) -> set[str]:
    return {column for column in state.answers.columns.values() if column} | {status_now(state)["column"]}
