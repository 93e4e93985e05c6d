"""Reads the sheets of an `.xlsx` file as they look: each cell's text as shown, which rows are hidden, merged cells.

Read by a reader of our own (docs/decisions/12): python-calamine gives an error cell as an empty one and knows neither
formats nor hidden rows, and openpyxl refuses workbooks whose style sheet is as sparse as some programs write it.
The standard library's zip and XML readers do the work. Runs in the bounded child process (`xlsx_child`).
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal
from xml.parsers import expat

from cozebatch.files.number_format import BUILT_IN, GENERAL, is_whole_and_long, shown_number, shown_text

MAX_CELLS = 5_000_000
"""Of the rectangle around a sheet's values. A stray value far out is more likely an accident than a task."""
MAX_MERGED = 200_000

Fault = Literal["error", "formula", "digits", "format", "picture"]
"""Why a cell has no value that could be sent: an error such as #N/A; a formula that nothing has computed; a number of
more digits than Excel keeps; a format that is not understood, or shows nothing; a picture."""

_REFERENCE = re.compile(r"([A-Za-z]{1,9})([0-9]{1,12})")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PICTURE = re.compile(r"=\s*(?:_xlfn\.)?(?:DISPIMG|IMAGE)\(", re.IGNORECASE)
_PIECE = 256 * 1024
_LONGEST_FORMULA = 200
_MAX_COLUMN, _MAX_ROW = 16_384, 1_048_576


class Unreadable(Exception):
    """The file is no workbook that can be read."""


class TooFar(Exception):
    """A value stands far outside; the arguments are its row and column."""


@dataclass(slots=True)
class SheetRow:
    """`texts` by column (from 0), as shown. `faults`: the columns whose text is no value."""

    number: int
    hidden: bool
    texts: dict[int, str] = field(default_factory=dict)
    faults: dict[int, Fault] = field(default_factory=dict)


@dataclass(slots=True)
class Sheet:
    """`merged`, filled when all rows were read: first row, first column, last row, last column; rows from 1, columns
    from 0."""

    name: str
    rows: Iterator[SheetRow]
    merged: list[tuple[int, int, int, int]]


def sheets(path: str) -> Iterator[Sheet]:
    """The visible worksheets in their order; read the rows of one before taking the next.

    Raises `Unreadable`, and `TooFar` while rows are read.
    """
    with _unreadable(), zipfile.ZipFile(path) as archive:
        yield from _Workbook(archive).sheets()


@contextmanager
def _unreadable() -> Iterator[None]:
    """Turn what damaged parts raise into `Unreadable`."""
    try:
        yield
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, EOFError, OSError) as error:
        raise Unreadable(str(error)) from error
    except (expat.ExpatError, ValueError, LookupError, RuntimeError) as error:
        raise Unreadable(str(error)) from error


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.replace("\\", "/").lower().lstrip("/"): name for name in archive.namelist()}
        self._since_1904 = False
        self._recalculate = False
        self._listed: list[tuple[str, str]] = []
        self._strings: list[str] = []
        self._formats: list[str] = []

    def sheets(self) -> Iterator[Sheet]:
        main = next((t for kind, t in self._links("", "_rels/.rels").values() if kind == "officeDocument"), None)
        main = main or "xl/workbook.xml"
        self._read_workbook(main)
        links = self._links(posixpath.dirname(main), self._links_of(main))
        by_kind = dict(links.values())
        if "styles" in by_kind:
            self._read_styles(by_kind["styles"])
        if "sharedStrings" in by_kind:
            self._read_strings(by_kind["sharedStrings"])
        for name, link in self._listed:
            kind, target = links.get(link, ("", ""))
            if kind == "worksheet":
                merged: list[tuple[int, int, int, int]] = []
                yield Sheet(name, self._rows(target, merged), merged)

    def _rows(self, part: str, merged: list[tuple[int, int, int, int]]) -> Iterator[SheetRow]:
        reader = _SheetReader(self._strings, self._formats, self._since_1904, self._recalculate, merged)
        with _unreadable():
            for _ in self._parse(part, reader.start, reader.end, reader.text):
                yield from reader.done
                reader.done.clear()

    def _read_workbook(self, part: str) -> None:
        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "sheet" and attributes.get("state", "visible") == "visible":
                link = next((v for k, v in attributes.items() if k.rpartition("}")[2] == "id" and "}" in k), "")
                self._listed.append((attributes.get("name", ""), link))
            elif name == "workbookPr":
                self._since_1904 = _true(attributes.get("date1904"))
            elif name == "calcPr":
                self._recalculate = _true(attributes.get("fullCalcOnLoad"))

        self._read(part, start)

    def _read_styles(self, part: str) -> None:
        """The format code of each cell style."""
        codes: dict[int, str] = dict(BUILT_IN)
        inside: list[str] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            inside.append(name)
            if name == "numFmt" and "dxf" not in inside:
                codes[_whole(attributes.get("numFmtId"))] = attributes.get("formatCode", GENERAL)
            elif name == "xf" and "cellXfs" in inside:
                self._formats.append(codes.get(_whole(attributes.get("numFmtId")), GENERAL))

        self._read(part, start, lambda _: inside.pop())

    def _read_strings(self, part: str) -> None:
        reader = _StringsReader(self._strings)
        self._read(part, reader.start, reader.end, reader.text)

    def _links_of(self, part: str) -> str:
        folder, name = posixpath.split(part)
        return posixpath.join(folder, "_rels", f"{name}.rels")

    def _links(self, folder: str, part: str) -> dict[str, tuple[str, str]]:
        """The parts that a part names: id → kind and path."""
        found: dict[str, tuple[str, str]] = {}

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship" and attributes.get("TargetMode") != "External":
                target = attributes.get("Target", "").replace("\\", "/")
                whole = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
                kind = attributes.get("Type", "").rpartition("/")[2]
                found[attributes.get("Id", "")] = (kind, posixpath.normpath(whole))

        if part.lower() in self._names:
            self._read(part, start)
        return found

    def _read(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], object],
        end: Callable[[str], object] = lambda _: None,
        text: Callable[[str], object] = lambda _: None,
    ) -> None:
        for _ in self._parse(part, start, end, text):
            pass

    def _parse(
        self,
        part: str,
        start: Callable[[str, dict[str, str]], object],
        end: Callable[[str], object],
        text: Callable[[str], object],
    ) -> Iterator[None]:
        """Read a part piece by piece; names come without their namespaces. A document type, which could hold entities
        without end, is refused."""
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        local: dict[str, str] = {}

        def local_name(name: str) -> str:
            if name not in local:
                local[name] = name.rpartition("}")[2]
            return local[name]

        def refuse(*_: Any) -> None:
            raise Unreadable("a document type")

        parser.StartElementHandler = lambda name, attributes: start(local_name(name), attributes)
        parser.EndElementHandler = lambda name: end(local_name(name))
        parser.CharacterDataHandler = text
        parser.StartDoctypeDeclHandler = refuse
        with self._archive.open(self._names[part.lower()]) as file:
            while piece := file.read(_PIECE):
                parser.Parse(piece, False)
                yield
        parser.Parse(b"", True)
        yield


class _StringsReader:
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


class _SheetReader:
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
            self._row = SheetRow(_whole(number) if number else self._row.number + 1, self._is_hidden(attributes))
            self._column = -1
        elif name == "rPh":
            self._readings += 1
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))
        elif name == "sheetFormatPr":
            self._hidden_by_default = _true(attributes.get("zeroHeight"))

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
        return _true(hidden) or attributes.get("ht") == "0" or (hidden is None and self._hidden_by_default)

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        reference = _REFERENCE.fullmatch(attributes.get("r", "").strip())
        self._column = self._column + 1 if reference is None else _column(reference[1])
        if reference is not None and int(reference[2]) > _MAX_ROW:
            raise TooFar(int(reference[2]), self._column + 1)
        self._kind = attributes.get("t", "n")
        style = _whole(attributes.get("s"))
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
                text = self._strings[index] if 0 <= (index := _whole(raw)) < len(self._strings) else ""
                return self._as_text(text)
            case "inlineStr" | "str":
                return self._as_text(_unescaped(raw))
            case "b":
                return ("TRUE" if _true(raw.strip()) else "FALSE"), None
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


def _whole(text: str | None) -> int:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else -1 if text else 0


def _true(text: str | None) -> bool:
    return (text or "").strip().lower() in ("1", "true", "on")


def _unescaped(text: str) -> str:
    """`_x000D_` is a character that XML cannot hold; line ends are those of everyone else."""
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)
    return text.replace("\r\n", "\n") if "\r" in text else text
