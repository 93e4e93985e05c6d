"""Task files from Excel, through python-calamine.

The reader holds a sheet as a full rectangle in memory, so a workbook is measured before it is handed over: a stray
cell in the last row and column would otherwise ask for more memory than any machine has.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from cozebatch.files.columns import Complaints, Row, field_of, named
from cozebatch.files.json_reader import plain_text

MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_CELLS = 20_000_000
EXACT_DIGITS = 10**15
"""Excel keeps 15 digits of a number: a longer id in a number cell is no longer the id."""

_REFERENCE = re.compile(rb'<(?:\w+:)?c\b[^<>]*?\br="([A-Z]{1,3})([0-9]{1,7})"')
_CHUNK = 4 * 1024 * 1024


def read_xlsx(path: Path, complaints: Complaints) -> tuple[list[str], Iterator[Row]]:
    """The columns, and the rows, of the first visible sheet that has a column of scripts (else the first).

    Raises `UsageError`, also while the rows are read.
    """
    _measure(path, complaints)
    sheets = _sheets(path, complaints)
    best: tuple[list[str], int, list[list[Any]]] | None = None
    for rows in sheets:
        for number, cells in enumerate(rows):
            header = [_cell_text(cell).strip() for cell in cells]
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
        texts = [_cell_text(cell) for cell in cells]
        surplus = [i for i, text in enumerate(texts) if text.strip() and (i >= len(header) or not header[i])]
        if surplus:
            complaints.add(line, str(surplus[0] + 1), "这一格没有列名", "this cell has no column name")
            continue
        yield Row(line, dict(named(header, texts)))


def _sheets(path: Path, complaints: Complaints) -> Iterator[list[list[Any]]]:
    from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum, SheetVisibleEnum

    try:
        with CalamineWorkbook.from_path(str(path)) as workbook:
            for sheet in workbook.sheets_metadata:
                if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet:
                    yield workbook.get_sheet_by_name(sheet.name).to_python(skip_empty_area=False)
        return
    except PasswordError:
        problem = ("表格有密码，请去掉密码后另存", "the workbook has a password: save it without one")
    except CalamineError:
        problem = (
            "无法读取，不像是完好的 .xlsx 文件，请用 Excel 重新另存",
            "is no intact .xlsx file: save it again in Excel",
        )
    raise complaints.fail(None, None, *problem)


def _measure(path: Path, complaints: Complaints) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(member.file_size for member in archive.infolist()) > MAX_UNPACKED_BYTES:
                raise complaints.fail(
                    None,
                    None,
                    f"展开后超过 {MAX_UNPACKED_BYTES // 2**20} MB，请拆成几个文件",
                    f"is larger than {MAX_UNPACKED_BYTES // 2**20} MB unpacked: split it",
                )
            for member in archive.infolist():
                if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                    _measure_sheet(archive, member, complaints)
        return
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
                columns = max(columns, _column_number(letters))
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


def _cell_text(cell: Any) -> str:
    match cell:
        case datetime():
            return cell.isoformat(sep=" ") if cell.time() != time() else cell.date().isoformat()
        case date() | time():
            return cell.isoformat()
        case timedelta():
            return str(cell)
    return plain_text(cell)
