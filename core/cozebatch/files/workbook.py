"""Reads the sheets of an `.xlsx` file as they look: each cell's text as shown, which rows are hidden, merged cells.

Read by a reader of our own (docs/decisions/12): python-calamine gives an error cell as an empty one and knows neither
formats nor hidden rows, and openpyxl refuses workbooks whose style sheet is as sparse as some programs write it.
The standard library's zip and XML readers do the work. Runs in the bounded child process (`xlsx_child`).
"""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from cozebatch.files.number_format import BUILT_IN, GENERAL
from cozebatch.files.sheet_parser import SheetParser, SheetRow, StringsParser, is_true, whole

_PIECE = 256 * 1024


class Unreadable(Exception):
    """The file is no workbook that can be read."""


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
        reader = SheetParser(self._strings, self._formats, self._since_1904, self._recalculate, merged)
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
                self._since_1904 = is_true(attributes.get("date1904"))
            elif name == "calcPr":
                self._recalculate = is_true(attributes.get("fullCalcOnLoad"))

        self._read(part, start)

    def _read_styles(self, part: str) -> None:
        """The format code of each cell style."""
        codes: dict[int, str] = dict(BUILT_IN)
        inside: list[str] = []

        def start(name: str, attributes: dict[str, str]) -> None:
            inside.append(name)
            if name == "numFmt" and "dxf" not in inside:
                codes[whole(attributes.get("numFmtId"))] = attributes.get("formatCode", GENERAL)
            elif name == "xf" and "cellXfs" in inside:
                self._formats.append(codes.get(whole(attributes.get("numFmtId")), GENERAL))

        self._read(part, start, lambda _: inside.pop())

    def _read_strings(self, part: str) -> None:
        reader = StringsParser(self._strings)
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
