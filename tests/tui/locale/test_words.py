"""The words of the glossary and the rules of writing, held over every text in the source: what the screen, the command
line, the log, the hints and the reports say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from rich.cells import cell_len

import cozebatch
import cozebatch_tui

ROOMS = tuple(Path(package.__path__[0]) for package in (cozebatch, cozebatch_tui))
CHINESE = "\u4e00-\u9fff"
MARKS = "，。：；！？（）“”、…"

NEVER = {
    "Coze": "扣子",
    "Coze 后台": "扣子",
    "登录凭证": "令牌",
    "上线": "发布",
    "积分": "资源点",
    "执行编号": "执行 ID",
    "调试链接": "调试页",
    "交互节点": "问答节点",
    "作业": "任务",
    "发起": "提交",
    "计费": "扣费",
    "在途": "执行中",
    "待处理": "待确认, 要生成的记录",
    "等人": "要你确认",
    "重跑": "付费重做",
    "接管": "认领",
    "沿用": "复用",
    "欠写回": "待写回",
    "飞书表格": "飞书多维表格",
    "过滤": "筛选",
    "媒体": "素材",
    "影片": "成片, 成品",
    "标题图": "封面",
    "您": "你",
    "运行结束": "批次结束",
    "无界面": "没有画面",
}
"""What is never said, and what is said instead."""
LEFT_ALONE = ("扣子（Coze）", "Coze Studio")
OTHERS_WORDS = frozenset(
    {"legacy_format.py", "field_names.py", "column_check.py", "names.py", "log_reader.py", "matching.py"}
)
"""Files that read what earlier versions and other programs have written."""


COUNTABLE = (
    "tasks|rows|records|fields|columns|lines|films|executions|reruns|retries|submissions|checks|write-backs|results|"
    "outcomes|inputs|files|days|tokens|characters|requests|machines|screens|tabs"
)
MANY = "most|least|[A-Z_]+"
"""Values that are never 1: bounds of the program."""


class Found(NamedTuple):
    place: str
    zh: str
    en: str


def _text(node: ast.expr) -> str | None:
    """A literal's text; what is filled in stands as `{NAME}`."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(
                str(v.value) if isinstance(v, ast.Constant) else f"{{{ast.unparse(v).strip('{}')}}}" for v in values
            )
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = (_text(left), _text(right))
            return None if None in parts else "".join(part or "" for part in parts)
    return None


def texts() -> Iterator[Found]:
    """Every Chinese text that stands beside an English one, as `Text(zh, en)` and the like."""
    for place, tree in modules().items():
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            said = [text for argument in node.args if (text := _text(argument)) is not None]
            if len(said) >= 2 and re.search(f"[{CHINESE}]", said[-2]):
                yield Found(f"{place}:{node.lineno}", *said[-2:])


@cache
def modules() -> Mapping[str, ast.Module]:
    return {
        str(path.relative_to(room.parent)): ast.parse(path.read_text(encoding="utf-8"))
        for room in ROOMS
        for path in sorted(room.rglob("*.py"))
        if "demo" not in path.parts and path.name not in OTHERS_WORDS
    }


@cache
def all_texts() -> tuple[Found, ...]:
    return tuple(texts())


def bare(zh: str) -> str:
    """Without what is filled in, and without names that stay."""
    for name in LEFT_ALONE:
        zh = zh.replace(name, "")
    return re.sub(r"\{[^}]*\}", "", zh)


def test_the_texts_are_found() -> None:
    assert len(all_texts()) > 1000
    assert any("付费重做" in found.zh for found in all_texts())


@pytest.mark.parametrize("word", NEVER)
def test_a_word_that_is_never_said_is_not_said(word: str) -> None:
    wrong = [found for found in all_texts() if word in bare(found.zh)]
    assert not wrong, f"say {NEVER[word]}"


def test_marks_in_chinese_are_full_width() -> None:
    half = re.compile(rf"[{CHINESE}][,;!?()](?!\w*=)|[,;!?()][{CHINESE}]|[{CHINESE}]: |\.\.\.")
    wrong = [found for found in all_texts() if half.search(re.sub(r"!词|!条件", "", found.zh))]
    assert not wrong


def test_english_has_one_sign_for_what_is_left_out() -> None:
    assert not [found for found in all_texts() if "..." in found.en]


def test_chinese_and_latin_stand_apart_and_full_width_marks_alone() -> None:
    close = re.compile(rf"[{CHINESE}][A-Za-z0-9]|[A-Za-z0-9][{CHINESE}]| [，。；、！？）”]|[（“] ")
    wrong = [found for found in all_texts() if close.search(re.sub(r"任务(ID)?=\S+", "", found.zh))]
    assert not wrong


def test_no_text_shouts_or_writes_python() -> None:
    wrong = [found for found in all_texts() if "！" in found.zh or re.search(r"'\{[^}]*\}'", found.zh)]
    assert not wrong


def test_english_says_one_task_not_one_tasks() -> None:
    plural = re.compile(rf"\{{(?!(?:{MANY})\b)[^{{}}]+\}} (?:(?:new|paid|selected|more)[ ,]+)*(?:{COUNTABLE})\b")
    assert plural.search("{total} tasks: {parts}")
    assert plural.search("{count} new, paid executions")
    wrong = [found for found in all_texts() if plural.search(found.en)]
    assert not wrong, "write `{count} task(s)`, and fill it with `Text.filled`"


def test_what_counts_is_filled_where_it_is_counted() -> None:
    """`text.in_(lang).format(…)` would show the `(s)`."""
    counting = {
        (Path(place).stem, target.id)
        for place, tree in modules().items()
        for node in tree.body
        if isinstance(node, ast.Assign) and re.search(r"\}[^{}]*\(s\)", ast.unparse(node.value))
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    assert {("farewell", "COUNTS"), ("headless", "PLAN"), ("screen", "CONFIRM_CANCEL")} <= counting
    wrong = []
    for place, tree in modules().items():
        called = {
            alias.asname or alias.name: alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and (node.module or "").endswith(".locale")
            for alias in node.names
        }
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Attribute(value=ast.Name(id=room), attr=name), attr="in_" | "zh" | "en"):
                    if (called.get(room), name) in counting:
                        wrong.append(f"{place}:{node.lineno}")
    assert not wrong


def test_what_the_system_says_is_said_in_both_languages() -> None:
    """`os_reason` alone takes the system's words, which are English: a Chinese sentence would end in them."""
    apart = {"os_reason.py", "supervisor.py"}  # that one runs by itself, in the standard library
    wrong = [
        f"{place}:{node.lineno}"
        for place, tree in modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "strerror" and isinstance(node.ctx, ast.Load)
        if Path(place).name not in apart and ast.unparse(node.value) != "os"
    ]
    assert not wrong


TYPICAL = {"path": 24, "folder": 24, "command": 24, "url": 24, "run_id": 15, "execute_id": 19}
FIGURE = 4
WIDTH = 80


def sentences(text: str) -> Iterator[str]:
    """The parts between which a line may be broken without harm."""
    text = re.sub(r"\{(\w*)[^{}]*\}", lambda found: "8" * TYPICAL.get(found[1], FIGURE), text)
    yield from (part for part in re.split(r"\n|(?<=[。？：；])|(?<=[.?:;])[ \"]+(?=\S)", text) if part)


def test_no_sentence_is_wider_than_a_terminal() -> None:
    wrong = [
        (found.place, cell_len(part), part)
        for found in all_texts()
        for text in (found.zh, found.en)
        for part in sentences(text)
        if cell_len(part) > WIDTH
    ]
    assert not wrong
