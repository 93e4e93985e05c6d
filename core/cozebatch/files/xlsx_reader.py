"""Task files from Excel: rows of a sheet as they look, read by a bounded child process (`xlsx_child`).

A merged cell gives its value to each of its rows, in its first column: beside it there is nothing. Rows that a filter
or a person has hidden come marked as hidden. Titles and explanations may stand above the header.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import zipfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cozebatch.bounds.json_values import read_json
from cozebatch.files import xlsx_child
from cozebatch.files.columns import Complaints
from cozebatch.files.field_names import HEADER_WITHIN, USUAL, FieldNames
from cozebatch.files.rows import Row
from cozebatch.files.sheet_parser import MAX_CELLS, Fault

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_TEXT_BYTES = 256 * 1024 * 1024
"""Of all cells together, as for the other kinds of task files: a text that is stored once may stand in every cell."""

_MEMORY, _MEMORY_A_BYTE, _MOST_MEMORY = 280 * 1024**2, 6, 1536 * 1024**2
"""What the child may have: enough for Python, and for what stands in the file. A small file that asks for more is built
to do so."""

_SECONDS = xlsx_child.SECONDS + 30.0
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME")
"""The child's environment: what Python needs to start, and no secret."""
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

_BROKEN = ("无法读取，不像是完好的 .xlsx 文件，请用 Excel 重新另存", "is no intact .xlsx file: save it again in Excel")
_PASSWORD = ("表格有密码，请去掉密码后另存", "the workbook has a password: save it without one")
_TOO_MUCH = (
    "读取时需要的内存或时间太多：请删掉远处的空白单元格，只留任务表，再另存",
    "needs too much memory or time to be read: delete stray cells far out, keep the sheet with the tasks only, and "
    "save it again",
)


@dataclass(slots=True)
class _Line:
    """A row of the sheet that has values. `merged`: columns whose value comes from a merged cell of a row above."""

    number: int
    hidden: bool
    texts: dict[int, str]
    faults: Mapping[int, Fault]
    merged: set[int] = field(default_factory=set)


def read_xlsx(path: Path, complaints: Complaints, names: FieldNames = USUAL) -> tuple[list[str], Iterator[Row]]:
    """The columns, and the rows, of the first visible sheet that has a column of scripts; where none has one, the
    columns of the sheet whose header seems to have the most.

    Raises `UsageError`, also while the rows are read.
    """
    memory = min(_MEMORY + _MEMORY_A_BYTE * _unpacked(path, complaints), _MOST_MEMORY)
    best: _Line | None = None
    for lines, merged in _sheets(path, memory, complaints):
        _fill(lines, merged, complaints)
        at = names.header_among([list(line.texts.values()) for line in lines[:HEADER_WITHIN]])
        if at is not None:
            header, start = _header(lines, at, names)
            return list(header.values()), _rows(header, lines, start, complaints)
        if lines:
            likely = max(lines[:HEADER_WITHIN], key=_own_texts)
            best = likely if best is None else max(best, likely, key=_own_texts)
    if best is None:
        raise complaints.fail(None, None, "表格是空的", "the workbook is empty")
    header = {column: text.strip() for column, text in best.texts.items() if text.strip()}
    return list(header.values()), iter(())


def _own_texts(line: _Line) -> int:
    return len(line.texts) - len(line.merged)


def _header(lines: Sequence[_Line], at: int, fields: FieldNames) -> tuple[dict[int, str], int]:
    """The names of the columns, and where the rows below them begin. A header may be several rows high: names that
    are merged downwards stand beside groups of names, of which the lower row counts."""
    column = next(column for column, text in lines[at].texts.items() if fields.field_of(text) == "content")
    last = at
    while last + 1 < len(lines) and column in lines[last + 1].merged:
        last += 1
    names: dict[int, str] = {}
    for line in lines[at : last + 1]:
        names |= {place: text.strip() for place, text in line.texts.items() if text.strip()}
    return dict(sorted(names.items())), last + 1


def _rows(header: Mapping[int, str], lines: Sequence[_Line], start: int, complaints: Complaints) -> Iterator[Row]:
    for line in lines[start:]:
        surplus = [place for place in line.texts if place not in header and line.texts[place].strip()]
        if surplus and not line.hidden:
            complaints.add(line.number, str(min(surplus) + 1), "这一格没有列名", "this cell has no column name")
            continue
        yield Row(
            line.number,
            {name: line.texts.get(place, "") for place, name in header.items()},
            {header[place]: fault for place, fault in line.faults.items() if place in header},
            merged={header[place] for place in line.merged if place in header} if line.merged else (),
            hidden=line.hidden,
        )


def _fill(lines: Sequence[_Line], merged: Sequence[Sequence[int]], complaints: Complaints) -> None:
    """Give the value of each merged cell to its further rows, as far as they have values at all."""
    numbers = [line.number for line in lines]
    filled = 0
    for first, column, last, _ in merged:
        top = bisect_left(numbers, first)
        if last <= first or top == len(lines) or numbers[top] != first or column not in lines[top].texts:
            continue
        below = lines[top + 1 : bisect_right(numbers, last)]
        filled += len(below)
        if filled > MAX_CELLS:
            raise complaints.fail(None, None, *_TOO_MUCH)
        for line in below:
            line.texts[column] = lines[top].texts[column]
            line.merged.add(column)
            if column in lines[top].faults:
                line.faults = {**line.faults, column: lines[top].faults[column]}


def _sheets(path: Path, memory: int, complaints: Complaints) -> Iterator[tuple[list[_Line], Sequence[Sequence[int]]]]:
    """The rows of one visible sheet after the other, in order, with its merged cells, as the child reads them."""
    rows: list[_Line] = []
    with _child(path, memory) as lines:
        for value in _values(lines, complaints):
            match value:
                case [int(number), bool(hidden), list(flat), dict(faults)]:
                    texts = dict(zip(flat[::2], flat[1::2], strict=True))
                    rows.append(_Line(number, hidden, texts, {int(place): fault for place, fault in faults.items()}))
                case {"sheet": _}:
                    rows = []
                case {"merged": [*merged]}:
                    rows.sort(key=lambda line: line.number)
                    yield rows, merged
                case {"end": ""}:
                    return
                case {"end": [row, column]}:
                    raise complaints.fail(
                        None,
                        None,
                        f"表格范围到了第 {row} 行第 {column} 列，请删掉远处的单元格后另存",
                        f"the sheet reaches to row {row}, column {column}: delete the stray cells far out and save it "
                        "again",
                    )
                case _:
                    raise complaints.fail(None, None, *_BROKEN)
    raise complaints.fail(None, None, *_TOO_MUCH)


def _values(lines: Iterator[bytes], complaints: Complaints) -> Iterator[Any]:
    left, cells = MAX_TEXT_BYTES, 2 * MAX_CELLS
    for line in lines:
        left -= len(line)
        try:
            value = read_json(line)
        except ValueError:  # the last line of a child that died
            return
        cells -= len(value[2]) if isinstance(value, list) else 0
        if left < 0 or cells < 0:
            raise complaints.fail(None, None, *_TOO_MUCH)
        yield value


@contextmanager
def _child(path: Path, memory: int) -> Iterator[Iterator[bytes]]:
    """The lines that the child writes; it is ended with the block, and after a bounded time."""
    command = [sys.executable, "-P", str(Path(xlsx_child.__file__)), str(path.absolute()), str(memory)]
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )
    late = threading.Timer(_SECONDS, child.kill)
    late.daemon = True
    late.start()
    assert child.stdout is not None
    try:
        yield _lines(child.stdout.readline)
    finally:
        late.cancel()
        child.kill()
        child.stdout.close()
        child.wait()


def _lines(readline: Any) -> Iterator[bytes]:
    while line := readline(MAX_TEXT_BYTES):
        yield line


def _unpacked(path: Path, complaints: Complaints) -> int:
    """The bytes of the unpacked workbook, pictures left out. Raises `UsageError` if it is too large to be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        if sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
            raise complaints.fail(
                None,
                None,
                f"展开后超过 {MAX_UNPACKED_BYTES // 2**20} MB，请拆成几个文件",
                f"is larger than {MAX_UNPACKED_BYTES // 2**20} MB unpacked: split it",
            )
        return sum(member.file_size for member in members if not member.filename.startswith("xl/media/"))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error):
        pass
    if _has_password(path):
        raise complaints.fail(None, None, *_PASSWORD)
    raise complaints.fail(
        None,
        None,
        "不是 .xlsx 文件（旧的 .xls 请用 Excel 另存为 .xlsx）",
        "is no .xlsx file (save an old .xls as .xlsx)",
    )


def _has_password(path: Path) -> bool:
    """An encrypted workbook is an OLE file with a stream of that name ([MS-OFFCRYPTO] 2.3.4.4)."""
    with open(path, "rb") as file:
        data = file.read(len(_OLE))
        return data == _OLE and _ENCRYPTED in file.read(4 * 1024 * 1024)
