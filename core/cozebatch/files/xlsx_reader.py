"""Task files from Excel, through python-calamine in a bounded child process (`xlsx_child`).

The library holds a sheet as a full rectangle in memory, so a workbook is measured before it is handed over: a stray
cell in the last row and column would otherwise ask for more memory than any machine has. The measuring names the cell;
what it does not understand, because a reference is spelt in an odd way, the child's bounds stop.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cozebatch.bounds.json_values import read_json
from cozebatch.files import xlsx_child
from cozebatch.files.columns import Complaints, Row, field_of, named
from cozebatch.files.json_reader import plain_text

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_CELLS = 5_000_000
"""Cells of a sheet's whole rectangle; the library needs about 32 bytes for each."""
MAX_TEXT_BYTES = 256 * 1024 * 1024
"""Of all cells together, as for the other kinds of task files: a text that is stored once may stand in every cell."""
EXACT_DIGITS = 10**15
"""Excel keeps 15 digits of a number: a longer id in a number cell is no longer the id."""

_MEMORY, _MEMORY_A_BYTE, _MOST_MEMORY = 280 * 1024**2, 6, 1536 * 1024**2
"""What the child may have: enough for Python and the largest rectangle, and for what stands in the file. A small file
that asks for more is built to do so."""

_REFERENCE = re.compile(rb"""<(?:\w+:)?c\b[^<>]*?\br\s*=\s*["']\s*([A-Za-z]{1,3})([0-9]{1,7})""")
_CHUNK = 4 * 1024 * 1024
_SECONDS = xlsx_child.SECONDS + 30.0
_KEPT_VARIABLES = ("PATH", "SYSTEMROOT", "TEMP", "TMP", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME")
"""The child's environment: what Python needs to start, and no secret."""

_BROKEN = ("无法读取，不像是完好的 .xlsx 文件，请用 Excel 重新另存", "is no intact .xlsx file: save it again in Excel")
_PASSWORD = ("表格有密码，请去掉密码后另存", "the workbook has a password: save it without one")
_TOO_MUCH = (
    "读取时需要的内存或时间太多：请删掉远处的空白单元格，只留任务表，再另存",
    "needs too much memory or time to be read: delete stray cells far out, keep the sheet with the tasks only, and "
    "save it again",
)


def read_xlsx(path: Path, complaints: Complaints) -> tuple[list[str], Iterator[Row]]:
    """The columns, and the rows, of the first visible sheet that has a column of scripts (else the first).

    Raises `UsageError`, also while the rows are read.
    """
    memory = min(_MEMORY + _MEMORY_A_BYTE * _measure(path, complaints), _MOST_MEMORY)
    best: tuple[list[str], int, list[list[Any]]] | None = None
    for rows in _sheets(path, memory, complaints):
        for number, cells in enumerate(rows):
            header = [plain_text(cell).strip() for cell in cells]
            if not any(header):
                continue
            if any(field_of(column) == "content" for column in header):
                return [c for c in header if c], _rows(header, rows, number + 1, complaints)
            best = best or (header, number + 1, rows)
            break
    if best is None:
        raise complaints.fail(None, None, "表格是空的", "the workbook is empty")
    header, start, rows = best
    return [column for column in header if column], _rows(header, rows, start, complaints)


def _rows(header: list[str], rows: list[list[Any]], start: int, complaints: Complaints) -> Iterator[Row]:
    for index in range(start, len(rows)):
        cells = rows[index]
        line = index + 1
        for column, cell in zip(header, cells, strict=False):
            number = isinstance(cell, int | float) and not isinstance(cell, bool)
            if number and abs(cell) >= EXACT_DIGITS and field_of(column) is not None:
                complaints.add(
                    line,
                    column,
                    "Excel 的数字只保留 15 位，这个编号已不准确：请把这一列设为“文本”后重新输入",
                    "Excel keeps 15 digits of a number, so this id is no longer exact: format the column as text and "
                    "enter it again",
                )
        texts = [plain_text(cell) for cell in cells]
        surplus = [i for i, text in enumerate(texts) if text.strip() and (i >= len(header) or not header[i])]
        if surplus:
            complaints.add(line, str(surplus[0] + 1), "这一格没有列名", "this cell has no column name")
            continue
        yield Row(line, dict(named(header, texts)))


def _sheets(path: Path, memory: int, complaints: Complaints) -> Iterator[list[list[Any]]]:
    """The rows of one visible sheet after the other, as the child reads them."""
    rows: list[list[Any]] | None = None
    with _child(path, memory) as lines:
        for value in _values(lines, complaints):
            if isinstance(value, list) and rows is not None:
                rows.append(value)
                continue
            if rows is not None:
                yield rows
            match value:
                case {"sheet": _}:
                    rows = []
                case {"end": ""}:
                    return
                case {"end": "password"}:
                    raise complaints.fail(None, None, *_PASSWORD)
                case _:
                    raise complaints.fail(None, None, *_BROKEN)
    raise complaints.fail(None, None, *_TOO_MUCH)


def _values(lines: Iterator[bytes], complaints: Complaints) -> Iterator[Any]:
    left, cells = MAX_TEXT_BYTES, MAX_CELLS
    for line in lines:
        left -= len(line)
        try:
            value = read_json(line)
        except ValueError:  # the last line of a child that died
            return
        cells -= len(value) if isinstance(value, list) else 0
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


def _measure(path: Path, complaints: Complaints) -> int:
    """The bytes of the unpacked workbook, pictures left out. Raises `UsageError` if it is too large to be read."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [member for member in archive.infolist() if not member.filename.startswith("xl/media/")]
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise complaints.fail(
                    None,
                    None,
                    f"展开后超过 {MAX_UNPACKED_BYTES // 2**20} MB，请拆成几个文件",
                    f"is larger than {MAX_UNPACKED_BYTES // 2**20} MB unpacked: split it",
                )
            for member in members:  # a sheet may lie anywhere in the archive, under any name
                _measure_sheet(archive, member, complaints)
            return sum(member.file_size for member in members)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error):
        pass
    raise complaints.fail(
        None,
        None,
        "不是 .xlsx 文件（旧的 .xls 请用 Excel 另存为 .xlsx）",
        "is no .xlsx file (save an old .xls as .xlsx)",
    )


def _measure_sheet(archive: zipfile.ZipFile, member: zipfile.ZipInfo, complaints: Complaints) -> None:
    columns = rows = 0
    with archive.open(member) as file:
        rest = b""
        while chunk := file.read(_CHUNK):
            chunk = rest + chunk
            for letters, digits in _REFERENCE.findall(chunk):
                rows = max(rows, int(digits))
                columns = max(columns, _column_number(letters.upper()))
            # A reference may be cut in two by the end of a chunk.
            rest = chunk[-400:]
    if rows * columns > MAX_CELLS:
        raise complaints.fail(
            None,
            None,
            f"表格范围到了第 {rows} 行第 {columns} 列，请删掉远处的空白单元格后另存",
            f"the sheet reaches to row {rows}, column {columns}: delete the stray cells far out and save it again",
        )


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
