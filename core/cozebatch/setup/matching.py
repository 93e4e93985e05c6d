"""Proposes which column belongs to which workflow input, and which status value means what. Pure.

A proposal is a guess by name, type and sample values that a person looks at: what fits nothing well stays open.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

ATTACHMENT, RELATIONS = 17, frozenset({18, 21})
"""Feishu's numbers of column types (docs/feishu.md)."""
_NO_TEXT = frozenset({5, 7, 11, ATTACHMENT, 22, 23, 24, 1001, 1002, 1003, 1004, 3001})
"""Types whose cells hold no text for a workflow: dates, check boxes, people, files, places, buttons."""

Part = Literal["ready", "running", "done", "failed"]
PARTS: tuple[Part, ...] = ("ready", "running", "done", "failed")


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column of the table or file. `samples`: the texts of its first rows, one a row, empty ones too. `values`: the
    different short texts that a larger part of the table holds."""

    name: str
    kind: int = 1
    options: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """Something that wants a column: an input of the workflow, or (`own`) a field that the program itself uses."""

    name: str
    required: bool = False
    own: bool = False
    description: str = ""


SYNONYMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "content": (
            "content", "script", "copywriting", "transcript", "仿写文案", "口播文案", "文案", "正文", "内容", "脚本",
            "口播稿", "口播", "台词", "稿子", "讲稿", "稿件",
        ),
        "title": ("title", "headline", "仿写标题", "标题", "题目", "主题", "选题"),
        "digital_no": (
            "digitalno", "digitalhuman", "digitalid", "avatar", "avatarid", "数字人编号", "数字人", "形象",
        ),
        "voice_id": ("voiceid", "voice", "speaker", "timbre", "声音", "音色", "发音人", "配音"),
        "account_id": ("accountid", "account", "关联账号", "账号", "帐号", "账户"),
        "project_name": ("projectname", "project", "项目名称", "项目"),
        "template": ("templatename", "template", "模板名称", "模板", "样式"),
        "status": ("status", "state", "progress", "状态", "进度"),
        "result": ("result", "返回结果", "结果"),
    }
)  # fmt: skip
"""Task field (and the two that are written back) → what people call such a column or input, normalised."""
_ONLY_WHOLE = MappingProxyType({"text": "content", "copy": "content", "body": "content", "input": "content"})
"""Words that mean a field only where they are the whole name."""

_LEAST = 30
_SURE = 60
_LONG_TEXT = 20
"""Characters from which on a text is more likely a script than a title."""


def plain(name: str) -> str:
    """A name without case, width, spaces, and the tails `ID`, `编号`, `名称` that say nothing."""
    text = unicodedata.normalize("NFKC", name[:200]).casefold()
    return re.sub(r"[\W_]+", "", text)


def role_of(name: str) -> str | None:
    """The field that a column or an input of this name stands for; None if the name does not say. Of several words
    the last one counts: 文案标题 is a title."""
    text = plain(name)
    if text in _ONLY_WHOLE:
        return _ONLY_WHOLE[text]
    found: list[tuple[int, int, str]] = []
    for role, words in SYNONYMS.items():
        for word in words:
            if text == word:
                return role
            at = text.rfind(word)
            if at >= 0:
                found.append((at + len(word), len(word), role))
    return max(found)[2] if found else None


def propose_columns(needs: Sequence[Need], columns: Sequence[SourceColumn]) -> dict[str, str]:
    """Need → column, for the needs that a column fits. No column serves two needs, unless a required one would stay
    open for it."""
    scored = [
        (score, -number, -place, need, column)
        for number, need in enumerate(needs)
        for place, column in enumerate(columns)
        if (score := _score(need, column)) >= _LEAST
    ]
    scored.sort(key=lambda found: found[:3], reverse=True)
    proposed: dict[str, str] = {}
    used: set[str] = set()
    for _, _, _, need, column in scored:
        if need.name not in proposed and column.name not in used:
            proposed[need.name] = column.name
            used.add(column.name)
    for score, _, _, need, column in scored:
        if need.required and need.name not in proposed and score >= _SURE:
            proposed[need.name] = column.name
    return proposed


def may_hold(need: Need, column: SourceColumn) -> bool:
    """Whether a column of this type has a text that the input can be given."""
    if column.kind in _NO_TEXT:
        return False
    return column.kind not in RELATIONS or role_of(need.name) == "account_id"


def _score(need: Need, column: SourceColumn) -> float:
    if not may_hold(need, column):
        return 0.0
    wanted, name = plain(need.name), plain(column.name)
    role, other = role_of(need.name), role_of(column.name)
    if need.name == column.name:
        score = 100.0
    elif wanted == name and wanted:
        score = 95.0
    elif other in ("status", "result") and role != other:
        return 0.0  # written by the program
    elif role is not None and role == other:
        score = 80.0 if name in SYNONYMS[role] else 65.0
    elif role is not None and other is not None:
        return 0.0
    else:
        score = _likeness(wanted, name)
    if role == "content":
        score = max(score, 31.0 if other is None and _is_long(column) else 0.0) + (1.0 if _is_long(column) else 0.0)
    return score + (0.5 if any(column.samples) and score else 0.0)


def _likeness(wanted: str, name: str) -> float:
    if min(len(wanted), len(name)) >= 2 and (wanted in name or name in wanted):
        return 50.0
    ratio = difflib.SequenceMatcher(None, wanted, name).ratio() if wanted and name else 0.0
    return 40.0 if ratio >= 0.8 else 0.0


def _is_long(column: SourceColumn) -> bool:
    texts = [text for text in column.samples if text]
    return column.kind == 1 and bool(texts) and sum(map(len, texts)) / len(texts) >= _LONG_TEXT


def propose_status_column(columns: Sequence[SourceColumn]) -> str | None:
    """The column that says how far a row is: by its name, a single select before a text."""
    return _first(columns, "status", lambda column: column.kind == 3)


def propose_result_column(columns: Sequence[SourceColumn]) -> str | None:
    """The text column that takes what became of a row."""
    return _first([column for column in columns if column.kind == 1], "result", lambda _: True)


def _first(columns: Sequence[SourceColumn], role: str, better: Callable[[SourceColumn], bool]) -> str | None:
    named = [column for column in columns if column.kind in (1, 3) and role_of(column.name) == role]
    named.sort(key=lambda column: (not better(column), plain(column.name) not in SYNONYMS[role]))
    return named[0].name if named else None


_FAILED = re.compile(r"失败|出错|错误|异常|fail|error", re.IGNORECASE)
_NOT_YET = re.compile(
    r"未|待|等|没|需要|准备|就绪|ready|to ?do|pending|waiting|queued|not started|^new$", re.IGNORECASE
)
_DONE = re.compile(r"完成|成功|已|完毕|done|finish|complete|success", re.IGNORECASE)
_RUNNING = re.compile(
    r"(?:生成|处理|执行|运行|制作|合成|进行)中|正在|running|process|in progress|doing|working", re.IGNORECASE
)


def propose_status_values(options: Sequence[str]) -> dict[Part, str]:
    """What each of the options most likely means; no option means two things. Where no option says that a row is
    ready, it is one of which a longer one says that it is done (视频草稿生成, 视频草稿生成完成)."""
    found: dict[Part, str] = {}
    for option in options:
        meaning = _meaning(option)
        if meaning is not None and option.strip():
            found.setdefault(meaning, option)
    done = found.get("done", "")
    if "ready" not in found:
        begun = [o for o in options if o.strip() and o not in found.values() and done != o and done.startswith(o)]
        if begun:
            found["ready"] = max(begun, key=len)
    return found


def _meaning(option: str) -> Part | None:
    if _FAILED.search(option):
        return "failed"
    if _NOT_YET.search(option):
        return "ready"
    if _DONE.search(option):
        return "done"
    return "running" if _RUNNING.search(option) else None
