"""The words of the glossary and the rules of writing, held over every Chinese text in the source: what the screen, the
command line, the log, the hints and the reports say."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

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


class Found(NamedTuple):
    place: str
    zh: str


def _text(node: ast.expr) -> str | None:
    """A literal's text; what is filled in stands as `{}`."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.JoinedStr(values=values):
            return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            parts = (_text(left), _text(right))
            return None if None in parts else "".join(part or "" for part in parts)
    return None


def texts() -> Iterator[Found]:
    """Every Chinese text that stands beside an English one, as `Text(zh, en)` and the like."""
    for room in ROOMS:
        for path in sorted(room.rglob("*.py")):
            if "demo" in path.parts or path.name in OTHERS_WORDS:
                continue
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                said = [text for argument in node.args if (text := _text(argument)) is not None]
                if len(said) >= 2 and re.search(f"[{CHINESE}]", said[-2]):
                    yield Found(f"{path.relative_to(room.parent)}:{node.lineno}", said[-2])


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


def test_chinese_and_latin_stand_apart_and_full_width_marks_alone() -> None:
    close = re.compile(rf"[{CHINESE}][A-Za-z0-9]|[A-Za-z0-9][{CHINESE}]| [，。；、！？）”]|[（“] ")
    wrong = [found for found in all_texts() if close.search(re.sub(r"任务(ID)?=\S+", "", found.zh))]
    assert not wrong


def test_no_text_shouts_or_writes_python() -> None:
    wrong = [found for found in all_texts() if "！" in found.zh or re.search(r"'\{[^}]*\}'", found.zh)]
    assert not wrong
