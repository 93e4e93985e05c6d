"""Turns the elements of a workbook's sheets and shared strings into rows of texts as they are shown."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from cozebatch.files.number_format import GENERAL, is_whole_and_long, shown_number, shown_text

MAX_CELLS = 5_000_000
"""Of the rectangle around a sheet's values. A stray value far out is more likely an accident than a task."""
MAX_MERGED = 200_000

Fault = Literal["error", "formula", "digits", "format", "picture"]
"""Why a cell has no value that could be sent: an error such as #N/A; a formula that nothing has computed; a number of
more digits than Excel keeps; a format that is not understood, or shows nothing; a picture."""

_REFERENCE = re.compile(r"([A-Za-z]{1,9})([0-9]{1,12})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PICTURE = re.compile(r"=\s*(?:_xlfn\.)?(?:DISPIMG|IMAGE)\(", re.IGNORECASE)
_LONGEST_FORMULA = 200
_MAX_COLUMN, _MAX_ROW = 16_384, 1_048_576


class TooFar(Exception):
    """A value stands far outside; the arguments are its row and column."""


@dataclass(slots=True)
class SheetRow:
    """`texts` by column (from 0), as shown. `faults`: the columns whose text is no value."""

    number: int
    hidden: bool
    texts: dict[int, str] = field(default_factory=dict)
    faults: dict[int, Fault] = field(default_factory=dict)


class StringsParser:
    """Shared strings: the text of each, without the readings above Chinese and Japanese characters."""

    def __init__(self, found: list[str]) -> None:
        self._found = found
        self._pieces: list[str] = []
        self._in_text = False
        self._readings = 0

    def start(self, name: str, _: dict[str, str]) -> None:
        if name == "t":
            self._in_text = self._readings == 0
        elif name == "rPh":
            self._readings += 1
        elif name == "si":
            self._pieces.clear()

    def end(self, name: str) -> None:
        if name == "t":
            self._in_text = False
        elif name == "rPh":
            self._readings -= 1
        elif name == "si":
            self._found.append(_unescaped("".join(self._pieces)))

    def text(self, text: str) -> None:
        if self._in_text:
            self._pieces.append(text)


class SheetParser:
    """Turns the elements of a sheet into rows. `done`: those that are complete."""

    def __init__(
        self,
        strings: list[str],
        formats: list[str],
        since_1904: bool,
        recalculate: bool,
        merged: list[tuple[int, int, int, int]],
    ) -> None:
        self.done: list[SheetRow] = []
        self._strings, self._formats, self._since_1904 = strings, formats, since_1904
        self._recalculate, self._merged = recalculate, merged
        self._row = SheetRow(0, False)
        self._column = -1
        self._widest = 0
        self._hidden_by_default = False
        self._kind, self._format = "n", GENERAL
        self._formula: str | None = None
        self._pieces: list[str] = []
        self._wanted = False
        self._readings = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name in ("v", "t", "f"):
            self._wanted = self._readings == 0
            if name == "f":
                self._formula = ""
                self._pieces.clear()
        elif name == "c":
            self._begin_cell(attributes)
        elif name == "row":
            number = attributes.get("r", "").strip()
            self._row = SheetRow(whole(number) if number else self._row.number + 1, self._is_hidden(attributes))
            self._column = -1
        elif name == "rPh":
            self._readings += 1
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif name == "sheetFormatPr":
            self._hidden_by_default = is_true(attributes.get("zeroHeight"))

    def end(self, name: str) -> None:
        if name == "f":
            self._formula = "".join(self._pieces)
            self._pieces.clear()
            self._wanted = False
        elif name in ("v", "t"):
            self._wanted = False
        elif name == "c":
            self._end_cell()
        elif name == "row":
            if self._row.texts or self._row.faults:
                self.done.append(self._row)
        elif name == "rPh":
            self._readings -= 1

    def text(self, text: str) -> None:
        if self._wanted:
            self._pieces.append(text)

    def _is_hidden(self, attributes: dict[str, str]) -> bool:
        hidden = attributes.get("hidden")
        return is_true(hidden) or attributes.get("ht") == "0" or (hidden is None and self._hidden_by_default)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        reference = _REFERENCE.fullmatch(attributes.get("r", "").strip())
        self._column = self._column + 1 if reference is None else _column(reference[1])
        if reference is not None and int(reference[2]) > _MAX_ROW:
            raise TooFar(int(reference[2]), self._column + 1)
        self._kind = attributes.get("t", "n")
        style = whole(attributes.get("s"))
        self._format = self._formats[style] if 0 <= style < len(self._formats) else GENERAL
        self._formula = None
        self._pieces.clear()

    def _end_cell(self) -> None:
        raw = "".join(self._pieces)
        self._pieces.clear()
        text, fault = self._shown(raw)
        if not text and fault is None:
            return
        row, column = self._row, self._column
        self._widest = max(self._widest, column + 1)
        if row.number > _MAX_ROW or column >= _MAX_COLUMN or row.number * self._widest > MAX_CELLS:
            raise TooFar(row.number, column + 1)
        row.texts[column] = text
        if fault is not None:
            row.faults[column] = fault

    def _shown(self, raw: str) -> tuple[str, Fault | None]:
        """A cell's text as shown, and why it is no value."""
        if self._formula is not None and self._kind != "e":
            formula = "=" + self._formula.lstrip("=")[:_LONGEST_FORMULA]
            if _PICTURE.match(formula):
                return formula, "picture"
            # Programs that compute nothing write no result, or 0 with the order to compute all when it is opened.
            if self._kind != "str" and (not raw.strip() or (self._recalculate and raw.strip() == "0")):
                return formula, "formula"
        match self._kind:
            case "s":
                text = self._strings[index] if 0 <= (index := whole(raw)) < len(self._strings) else ""
                return self._as_text(text)
            case "inlineStr" | "str":
                return self._as_text(_unescaped(raw))
            case "b":
                return ("TRUE" if is_true(raw.strip()) else "FALSE"), None
            case "e":
                return raw.strip() or "#N/A", "error"
            case "d":
                return raw.strip(), None
        return self._as_number(raw.strip())

    def _as_text(self, text: str) -> tuple[str, Fault | None]:
        return (text, "picture") if _PICTURE.match(text) else (shown_text(text, self._format), None)

    def _as_number(self, raw: str) -> tuple[str, Fault | None]:
        if not raw:
            return "", None
        shown = shown_number(raw, self._format, since_1904=self._since_1904)
        if is_whole_and_long(raw):
            return shown or raw, "digits"
        if shown is None:
            return raw, "format"
        if not shown and float(raw) != 0:
            return raw, "format"
        return shown, None

    def _merge(self, reference: str) -> None:
        first, _, last = reference.partition(":")
        begin, end = _REFERENCE.fullmatch(first.strip()), _REFERENCE.fullmatch(last.strip())
        if begin is not None and end is not None and len(self._merged) < MAX_MERGED:
            self._merged.append((int(begin[2]), _column(begin[1]), int(end[2]), _column(end[1])))


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def whole(text: str | None) -> int:
    """A whole number in an attribute: 0 where there is none, -1 for what is none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1 if text else 0


def is_true(text: str | None) -> bool:
    """Whether an attribute says yes."""
    return (text or "").strip().lower() in ("1", "true", "on")


def _unescaped(text: str) -> str:
    """`_x000D_` is a character that XML cannot hold; line ends are those of everyone else."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return text.replace("\r\n", "\n") if "\r" in text else text
