"""Tells texts that are no values: error values, formulas, and numbers that a spreadsheet has damaged.

A cell that shows one of them is refused where its column is used: sent to Coze, it would cost an execution for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from cozebatch.files.sheet_parser import Fault
from cozebatch.model.text import Text

_ERROR = re.compile(
    r"#(?:N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|UNKNOWN!|CONNECT!|BUSY!|PYTHON!|EXTERNAL!"
    r"|TIMEOUT!|GETTING_DATA|ERROR!|N/A N/A)|#{3,}|Err:5\d\d",
    re.IGNORECASE,
)
"""Excel's, WPS's, Google Sheets' (`#ERROR!`) and LibreOffice's (`Err:502`), and a column too narrow for its number."""
_FORMULA = re.compile(r"=\s*[A-Za-z_][A-Za-z0-9_.]*\(.*\)\s*", re.DOTALL)
_PICTURE = re.compile(r"=\s*(?:DISPIMG|IMAGE)\(", re.IGNORECASE)
_POWER = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE]\+\d{2,3}")
_ROUNDED = re.compile(r"\d{15}0{3,}")
"""A whole number of 18 digits or more with zeros from the sixteenth on, as Excel writes a longer one."""
_LONGEST = 500

_SAID: Mapping[Fault, Text] = MappingProxyType(
    {
        "error": Text(
            "是错误值，没有可用的内容：请改好公式，或直接填上内容",
            "is an error value: correct the formula, or enter the value itself",
        ),
        "formula": Text(
            "是没有算出结果的公式：请用 Excel 或 WPS 打开文件，保存后再跑一次",
            "is a formula without a computed result: open the file in Excel or WPS, save it, and try again",
        ),
        "digits": Text(
            "Excel 的数字只保留 15 位，这个编号已不准确：请把这一列设为“文本”后重新输入",
            "Excel keeps 15 digits of a number, so this id is no longer exact: format the column as text and enter it "
            "again",
        ),
        "format": Text(
            "数字的格式特殊，无法确定显示的内容：请把这一列设为“文本”后重新输入",
            "the number's format is a special one, so what the cell shows is not known: format the column as text and "
            "enter it again",
        ),
        "picture": Text("是图片，这里要文字", "is a picture, and a text is wanted"),
    }
)


def fault_of(text: str) -> Fault | None:
    """Why `text` is no value; None if it may be one."""
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if text[0] in "#Ee" and _ERROR.fullmatch(text):
        return "error"
    if text[0] == "=" and _FORMULA.fullmatch(text):
        return "picture" if _PICTURE.match(text) else "formula"
    if text[0] in "+-0123456789" and (_POWER.fullmatch(text) or _ROUNDED.fullmatch(text)):
        return "digits"
    return None


def said(fault: Fault, text: str) -> Text:
    """What a person is told about a cell; `text` is what it shows."""
    told = _SAID[fault]
    if fault in ("error", "formula", "picture"):
        shown = "".join(c if c.isprintable() else "?" for c in text.strip()[:40])
        return (
            Text(f"{shown} {told.zh}", f"{shown} {told.en}")
            if shown
            else Text(f"这一格{told.zh}", f"the cell {told.en}")
        )
    return told


def without_text_mark(cell: str) -> str | None:
    """A cell of a CSV file that is marked as text (`="00123"`, `'00123`, or a tab in front), without the mark; None for
    any other cell. Such marks keep a spreadsheet from taking an id for a number, and are no part of the value."""
    if cell[:1] == "=":
        marked = _AS_FORMULA.fullmatch(cell.strip())
        return marked[1].replace('""', '"') if marked else None
    if cell[:1] == "'":
        return cell[1:] if _AFTER_APOSTROPHE.fullmatch(cell) else None
    if cell[:1] == "\t":
        return cell.strip("\t")
    return None


_AS_FORMULA = re.compile(r'=\s*"((?:[^"]|"")*)"')
_AFTER_APOSTROPHE = re.compile(
    r"'(?:[+-]?[0-9][0-9.,:/%()+ -]*(?:[eE]\+?[0-9]+)?|[=+@-][^']*|TRUE|FALSE)", re.IGNORECASE
)
