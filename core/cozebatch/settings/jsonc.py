"""JSON with `//` and `/* */` comments and trailing commas, read without a library.

Comments and trailing commas are blanked out to spaces, so that every error position of the standard parser is the
position in the file. The document may hold secrets: it is never part of an error, nor of an error's context.
"""

from __future__ import annotations

import errno
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cozebatch.bounds.json_values import MOST_LEVELS, finite, is_deeper_than, whole
from cozebatch.disk.neighbours import names_beside
from cozebatch.model.errors import UsageError
from cozebatch.model.nearest import nearest
from cozebatch.model.os_reason import NO_REGULAR_FILE, os_reason
from cozebatch.model.text import Text

MAX_BYTES = 16 * 1024 * 1024
"""A configuration larger than this is a mistaken file, not a configuration."""

_STRING = r'"[^"\\\r\n]*+(?:\\.[^"\\\r\n]*+)*+"?'
_COMMENT = re.compile(rf"{_STRING}|//[^\r\n]*|/\*[\s\S]*?(?:\*/|\Z)")
_TRAILING_COMMA = re.compile(rf"{_STRING}|,(?=[ \t\r\n]*[}}\]])")
_VISIBLE = re.compile(r"[^\r\n]")

_WORDINGS: tuple[tuple[str, str, str], ...] = (
    ("Expecting ',' delimiter", "这里应有逗号或结束括号", "a comma or a closing bracket is missing here"),
    ("Expecting property name", "这里应是带双引号的键名", "a key in double quotes should stand here"),
    ("Expecting ':' delimiter", "键名后面缺少冒号", "a colon is missing after the key"),
    ("Expecting value", "这里缺少值，或值没有加双引号", "a value is missing here, or lacks its double quotes"),
    ("Unterminated string", "文字没有结束的双引号", "the text lacks its closing double quote"),
    (
        "Invalid \\",
        "反斜杠写法不对：Windows 路径里的 \\ 要写成 \\\\，或改用 /",
        r"a backslash is not doubled: write \\ for each \ of a Windows path, or use /",
    ),
    (
        "Invalid control character",
        "文字里有换行或制表符，或缺少结束的双引号",
        "the text holds a line break or tab, or lacks its closing double quote",
    ),
    ("Extra data", "文件末尾多出内容", "there is something after the end of the document"),
)


def blank(text: str) -> str:
    """The same document with comments and trailing commas turned into spaces; nothing moves.

    Raises `ValueError` with the offset of a comment that never ends.
    """
    text = _COMMENT.sub(_blank_comment, text)
    return _TRAILING_COMMA.sub(lambda m: " " if m[0] == "," else m[0], text)


def loads(text: str, *, place: str, on_duplicate: Callable[[str], None] | None = None) -> Any:
    """Parse a document. `place` names it in errors; `on_duplicate` is called with every key that an object holds twice.

    Raises `UsageError` with line and column, without any part of the document.
    """

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in pairs:
            if key in found and on_duplicate is not None:
                on_duplicate(key)
            found[key] = value
        return found

    if not text.strip():
        raise UsageError(Text(f"{place}：文件是空的。", f"{place}: the file is empty."))
    # The complaint is raised outside the handlers: an exception's context would hold the whole document.
    try:
        value = json.loads(
            blank(text), object_pairs_hook=unique, parse_constant=_no_constant, parse_int=_whole, parse_float=_finite
        )
        if is_deeper_than(MOST_LEVELS, value):
            raise RecursionError
        return value
    except json.JSONDecodeError as error:
        complaint = _complaint(place, text, error.pos, *(_full_width(text, error.pos) or _wording(error.msg)))
    except _Endless as error:
        complaint = _complaint(place, text, error.offset, "注释 /* 没有结束的 */", "a comment /* lacks its closing */")
    except _NotJson as error:
        complaint = Text(
            f"{place}：{error} 不是 JSON 里的数，请写普通数字。",
            f"{place}: {error} is no number in JSON, write a plain number.",
        )
    except RecursionError:
        complaint = Text(f"{place}：括号嵌套太深。", f"{place}: brackets are nested too deeply.")
    except ValueError:
        complaint = Text(f"{place}：有一个数字太长或太大。", f"{place}: a number in it is too long or too large.")
    raise UsageError(complaint)


def load(path: Path, *, on_duplicate: Callable[[str], None] | None = None) -> Any:
    """Parse a file in UTF-8, with or without byte order mark.

    Raises `UsageError` when it cannot be read, is in another encoding or is not such a document.
    """
    return loads(read_text(path), place=str(path), on_duplicate=on_duplicate)


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, its byte order mark left out. Raises `UsageError`."""
    data = _read(path)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
    raise UsageError(
        Text(
            f"{path}：第 {line} 行不是 UTF-8 编码（像是 {_looks_like(data).zh}）。请用编辑器“另存为 UTF-8”后再运行。",
            f"{path}: line {line} is not UTF-8 (it looks like {_looks_like(data).en}). Save the file as UTF-8 and run "
            "again.",
        )
    )


def _read(path: Path) -> bytes:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # a named pipe would be waited for
            raise OSError(errno.EINVAL, NO_REGULAR_FILE.en)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        problem = _not_there(path)
    except OSError as error:
        if path.is_dir():  # Windows says "Permission denied" of a folder
            problem = Text(f"{path} 是文件夹，这里要一个文件。", f"{path} is a folder, a file is wanted.")
        else:
            unread = Text("无法读取 {path}：{why}。", "{path} cannot be read: {why}.")
            problem = unread.filled(path=path, why=os_reason(error))
    else:
        if len(data) <= MAX_BYTES:
            return data
        problem = Text(
            f"{path} 超过 {MAX_BYTES // 2**20} MB，不像是配置文件。",
            f"{path} is larger than {MAX_BYTES // 2**20} MB, that is no configuration.",
        )
    raise UsageError(problem)


def _not_there(path: Path) -> Text:
    near = nearest(path.name, names_beside(path, (".json", ".jsonc")))
    if near is None:
        return Text(f"找不到文件 {path}。", f"There is no file {path}.")
    found = path.with_name(near)
    return Text(f"找不到文件 {path}，是不是 {found}？", f"There is no file {path}; did you mean {found}?")


def _looks_like(data: bytes) -> Text:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in data[:200]:
        return Text.same("UTF-16")
    try:
        data.decode("gb18030")
    except UnicodeDecodeError:
        return Text("二进制文件", "binary data")
    return Text.same("GBK")


class _Endless(ValueError):
    def __init__(self, offset: int) -> None:
        super().__init__("a comment never ends")
        self.offset = offset


class _NotJson(ValueError):
    pass


def _no_constant(name: str) -> Any:
    raise _NotJson(name)


def _whole(text: str) -> int:
    number = whole(text)
    if number is None:
        raise ValueError("too long")
    return number


def _finite(text: str) -> float:
    number = finite(text)
    if number is None:
        raise ValueError("too large")
    return number


def _blank_comment(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] == '"':
        return found
    if found[1] == "*" and (len(found) < 4 or not found.endswith("*/")):
        raise _Endless(match.start())
    return _VISIBLE.sub(" ", found)


_HALF_WIDTH = {"“": '"', "”": '"', "＂": '"', "‘": '"', "’": '"', "：": ":", "，": ",", "｛": "{", "｝": "}", "［": "["}
_HALF_WIDTH |= {"］": "]", "、": ",", "；": ","}


def _full_width(text: str, offset: int) -> tuple[str, str] | None:
    """The wording for a sign of a Chinese input method that stands where one of JSON's should."""
    sign = text[offset : offset + 1]
    if sign not in _HALF_WIDTH:
        return None
    right = _HALF_WIDTH[sign]
    return f"这里是全角的 {sign}，要改成半角的 {right}", f"{sign} is a full-width sign, write {right}"


def _wording(message: str) -> tuple[str, str]:
    for start, zh, en in _WORDINGS:
        if message.startswith(start):
            return zh, en
    return "JSON 格式不对", "this is not valid JSON"


def _complaint(place: str, text: str, offset: int, zh: str, en: str) -> Text:
    line = text.count("\n", 0, offset) + 1
    column = offset - text.rfind("\n", 0, offset)
    return Text(
        f"{place}：第 {line} 行第 {column} 列：{zh}。",
        f"{place}: line {line}, column {column}: {en}.",
    )
