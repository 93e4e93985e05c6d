from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cozebatch.files.source import read_tasks
from cozebatch.model.errors import UsageError

Sheets = dict[str, Sequence[Sequence[Any]]]
Write = Callable[[Sheets], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def workbook(sheets: Sheets) -> Path:
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for name, rows in sheets.items():
            sheet = book.create_sheet(name)
            for row in rows:
                sheet.append(list(row))
        path = tmp_path / "t.xlsx"
        book.save(path)
        return path

    return workbook


def only_complaint(path: Path) -> str:
    with pytest.raises(UsageError) as caught:
        read_tasks(path)
    (only,) = caught.value.complaints
    return only.en[len(str(path)) :].lstrip(": ")


def test_a_sheet_is_read_as_it_looks(write: Write) -> None:
    header = ["task_id", "仿写标题", "仿写文案", "数字人编号", "日期", "时刻", "比例", "好"]
    row = [7, "标题", "一行\n二行", 7.0, date(2026, 11, 24), datetime(2026, 11, 24, 8, 5), 0.25, True]
    (task,) = read_tasks(write({"任务": [header, row, [None] * 8]}))
    assert (task.task_id, task.title, task.content, task.digital_no) == ("7", "标题", "一行\n二行", "7")
    assert dict(task.extra) == {"日期": "2026-11-24", "时刻": "2026-11-24 8:05:00", "比例": "0.25", "好": "TRUE"}


def test_lines_are_the_rows_of_the_sheet(write: Write) -> None:
    path = write({"s": [[], [None, "content", "task_id"], [None, "a", 1], [], [None, "b", 1]]})
    assert only_complaint(path) == "line 5: task_id 1 stands on line 3 already."


def test_the_first_sheet_with_scripts_is_taken(write: Write) -> None:
    (task,) = read_tasks(write({"说明": [["怎样填"]], "任务": [["content"], ["a"]], "旧": [["content"], ["b"]]}))
    assert task.content == "a"
    assert "found: 怎样填" in only_complaint(write({"说明": [["怎样填"]]}))
    assert "found: 甲, 乙" in only_complaint(write({"说明": [["怎样填"]], "任务": [["甲", "乙"], ["a", "b"]]}))
    assert only_complaint(write({"empty": []})) == "the workbook is empty."


def test_an_id_that_excel_has_rounded_is_not_used(write: Write) -> None:
    text = only_complaint(write({"s": [["content", "声音ID"], ["a", 7468512265134932019]]}))
    assert text.startswith("line 2: column 声音ID: Excel keeps 15 digits")
    (task,) = read_tasks(write({"s": [["content", "声音ID"], ["a", "7468512265134932019"]]}))
    assert task.voice_id == "7468512265134932019"


def test_a_value_without_a_column_is_a_complaint(write: Write) -> None:
    text = only_complaint(write({"s": [["content", None, "x"], ["a", "lost", "b"]]}))
    assert text == "line 2: column 2: this cell has no column name."


def test_a_stray_cell_far_out_does_not_fill_the_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.worksheets[0]["A1"] = "content"
    book.worksheets[0]["XFD1048576"] = "stray"
    path = tmp_path / "t.xlsx"
    book.save(path)
    assert only_complaint(path).startswith("the sheet reaches to row 1048576, column 16384")


def test_a_workbook_that_unpacks_to_a_mountain_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        zeros = b"\0" * 2**26
        for number in range(9):
            archive.writestr(f"xl/media/{number}", zeros)
    assert "larger than 512 MB unpacked" in only_complaint(path)


@pytest.mark.parametrize("data", [b"", b"not a workbook", b"PK\x03\x04 cut off", b"\xd0\xcf\x11\xe0 an old xls"])
def test_another_file_is_a_complaint_with_the_cure(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(data)
    assert only_complaint(path).startswith("is no .xlsx file")


def test_a_workbook_with_its_parts_missing_or_damaged_is_a_complaint(write: Write, tmp_path: Path) -> None:
    whole = write({"s": [["content"], ["a"]]})
    with zipfile.ZipFile(whole) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name in parts:
        for damaged in (None, b"", b"<broken", parts[name][: len(parts[name]) // 2]):
            path = tmp_path / "damaged.xlsx"
            with zipfile.ZipFile(path, "w") as archive:
                for other, data in parts.items():
                    if other != name:
                        archive.writestr(other, data)
                    elif damaged is not None:
                        archive.writestr(other, damaged)
            try:
                tasks = read_tasks(path)
            except UsageError:
                continue
            assert [t.content for t in tasks] in ([], ["a"]), name
