"""Rows of a task file are read as a person sees them, or refused with row and column: each one costs an execution."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from cozebatch.files import FileSource
from cozebatch.files.rows import Reading
from cozebatch.files.source import read_tasks
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text

HEADER = ["仿写标题", "仿写文案", "关联账号", "数字人编号"]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


class Book:
    """A workbook of one sheet, written by openpyxl."""

    def __init__(self, path: Path, *rows: Sequence[Any], header: Sequence[Any] = HEADER) -> None:
        self.path = path / "t.xlsx"
        self._book = openpyxl.Workbook()
        self.sheet: Worksheet = self._book.worksheets[0]
        for row in (header, *rows):
            self.sheet.append(list(row))

    def saved(self) -> Path:
        self._book.save(self.path)
        return self.path

    def with_rows(self, old: str, new: str) -> Path:
        """Saved, with `old` in the sheet's XML replaced: for what openpyxl does not write."""
        with zipfile.ZipFile(self.saved()) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        sheet = parts["xl/worksheets/sheet1.xml"].decode()
        assert old in sheet
        parts["xl/worksheets/sheet1.xml"] = sheet.replace(old, new).encode()
        with zipfile.ZipFile(self.path, "w") as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        return self.path


def refused(path: Path, reading: Reading | None = None) -> list[str]:
    with pytest.raises(UsageError) as caught:
        read_tasks(path, reading)
    return [c.en[len(str(path)) + 2 :] for c in caught.value.complaints]


def test_a_merged_cell_gives_its_value_to_each_of_its_rows(tmp_path: Path) -> None:
    book = Book(tmp_path, ["一", "文案一", "小红书A", 1], ["二", "文案二"], ["三", "文案三"], ["四", "文案四", "抖音B"])
    book.sheet.merge_cells("C2:C4")
    book.sheet.merge_cells("D2:D4")
    assert [(t.account_id, t.digital_no) for t in read_tasks(book.saved())] == [
        *[("小红书A", "1")] * 3,
        ("抖音B", ""),
    ]


def test_a_merged_cell_gives_nothing_to_the_columns_beside_it(tmp_path: Path) -> None:
    book = Book(tmp_path, ["一", "文案一"], ["—— 第二批 ——"], ["二", "文案二", "A"], ["三", "文案三"])
    book.sheet.merge_cells("A3:D3")
    book.sheet.merge_cells("C4:D5")
    first, banner, second, third = read_tasks(book.saved())
    assert (banner.title, banner.content) == ("—— 第二批 ——", "")  # skipped, as a row without a script
    assert [(t.account_id, t.digital_no) for t in (first, second, third)] == [("", ""), ("A", ""), ("A", "")]


def test_a_script_merged_over_rows_that_differ_is_run_for_each(tmp_path: Path) -> None:
    book = Book(tmp_path, ["一", "同一文案", "A"], ["一", None, "B"], ["一", None, "C"])
    book.sheet.merge_cells("A2:A4")
    book.sheet.merge_cells("B2:B4")
    assert [(t.title, t.content, t.account_id) for t in read_tasks(book.saved())] == [
        ("一", "同一文案", account) for account in "ABC"
    ]


def test_a_script_merged_over_rows_that_differ_in_nothing_used_is_paid_for_once(tmp_path: Path) -> None:
    header = ["仿写标题", "仿写文案", "分镜"]
    book = Book(
        tmp_path, ["一", "文案一", "镜头 1"], [None, None, "镜头 2"], [None] * 3, ["二", "文案二"], header=header
    )
    for column in "AB":
        book.sheet.merge_cells(f"{column}2:{column}4")
    reading = Reading(frozenset({"content", "title"}))
    assert [(t.task_id, t.content) for t in read_tasks(book.saved(), reading)] == [
        ("row-1", "文案一"),
        ("row-3", "文案二"),
    ]
    assert (reading.repeated, reading.hidden) == (1, 0)
    assert "add nothing to it: 1." in reading.notes("t.xlsx")[0].en
    with_shots = Reading(frozenset({"content", "分镜"}))
    assert [t.extra["分镜"] for t in read_tasks(book.path, with_shots)][:2] == ["镜头 1", "镜头 2"]


ERRORS = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!"]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_cell_is_refused_with_row_and_column(tmp_path: Path, error: str) -> None:
    book = Book(tmp_path, ["一", "文案一", "A"], ["二", "文案二", error])
    (told,) = refused(book.saved())
    assert told.startswith(f"line 3: column 关联账号: {error} is an error value")


@pytest.mark.parametrize(
    "error", [*ERRORS, "#SPILL!", "#CALC!", "#ERROR!", "Err:502", "########", "=VLOOKUP(A1,B:C,2,0)"]
)
def test_so_is_one_in_a_csv_file_and_in_json(tmp_path: Path, error: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f'仿写文案,关联账号\n文案,"{error}"\n', encoding="utf-8")
    assert refused(path)[0].startswith("line 2: column 关联账号: ")
    path = tmp_path / "t.jsonl"
    path.write_text(f'{{"content": "{error}"}}\n', encoding="utf-8")
    assert refused(path)[0].startswith("line 1: column content: ")


def test_an_error_does_no_harm_where_nothing_of_it_is_used(tmp_path: Path) -> None:
    book = Book(
        tmp_path,
        ["一", "文案一", "A", 1, "#N/A"],
        ["二", None, "#N/A", "#REF!", None],
        ["三", "文案三", "B", "#REF!", None],
        header=[*HEADER, "备注"],
    )
    path = book.saved()
    assert refused(path) == [
        "line 4: column 数字人编号: #REF! is an error value: correct the formula, or enter the value itself."
    ]
    unused = Reading(frozenset({"content", "title", "account_id"}))
    assert [t.digital_no for t in read_tasks(path, unused)] == ["1", "", ""]
    left_out = Reading(wanted=lambda task_id: task_id != "row-3")
    assert [t.task_id for t in read_tasks(path, left_out)] == ["row-1", "row-2", "row-3"]
    used = Reading(frozenset({"content", "备注"}))
    assert refused(path, used)[0].startswith("line 2: column 备注: #N/A")


def test_a_formula_that_nothing_has_computed_is_refused(tmp_path: Path) -> None:
    book = Book(tmp_path, ["一", "文案一", '="A"&1'])
    (told,) = refused(book.saved())
    assert told.startswith('line 2: column 关联账号: ="A"&1 is a formula without a computed result')
    cell = '<c r="C2"><f>"A"&amp;1</f><v /></c>'
    path = book.with_rows(cell, '<c r="C2" t="str"><f>"A"&amp;1</f><v>A1</v></c>')
    assert read_tasks(path)[0].account_id == "A1"
    path = book.with_rows(cell, '<c r="C2" t="str"><f>IF(1,"","")</f><v></v></c>')  # a text that is empty
    assert read_tasks(path)[0].account_id == ""
    path = book.with_rows(cell, '<c r="C2"><f>1-1</f><v>0</v></c>')  # openpyxl asks for all to be computed
    assert "without a computed result" in refused(path)[0]
    path = book.with_rows(cell, '<c r="C2" t="str"><f>_xlfn.DISPIMG("ID_1",1)</f><v>=DISPIMG("ID_1",1)</v></c>')
    assert "is a picture" in refused(path)[0]


def test_numbers_are_read_as_they_are_shown(tmp_path: Path) -> None:
    book = Book(tmp_path, [1.0, "文案", 123, 12.0, 0.5, True, 1234567], header=[*HEADER, "比例", "开", "千分位"])
    for cell, code in (("C2", "00000"), ("E2", "0%"), ("G2", "#,##0")):
        book.sheet[cell].number_format = code
    (task,) = read_tasks(book.saved())
    assert (task.title, task.account_id, task.digital_no) == ("1", "00123", "12")
    assert dict(task.extra) == {"比例": "50%", "开": "TRUE", "千分位": "1,234,567"}


def test_a_number_whose_look_is_not_known_is_refused_where_it_is_used(tmp_path: Path) -> None:
    book = Book(tmp_path, ["一", "文案", 0.25])
    book.sheet["C2"].number_format = "# ?/?"
    assert refused(book.saved())[0].startswith("line 2: column 关联账号: the number's format is a special one")
    book.sheet["C2"].number_format = ";;;"
    assert "special" in refused(book.saved())[0]


@pytest.mark.parametrize("value", [7345678901234567890, 1234567890123456, 7.3e18])
def test_a_number_of_more_digits_than_excel_keeps_is_refused(tmp_path: Path, value: float) -> None:
    assert refused(Book(tmp_path, ["一", "文案", value]).saved())[0].startswith(
        "line 2: column 关联账号: Excel keeps 15"
    )


def test_fifteen_digits_are_exact(tmp_path: Path) -> None:
    assert read_tasks(Book(tmp_path, ["一", "文案", 123456789012345]).saved())[0].account_id == "123456789012345"


@pytest.mark.parametrize("damaged", ["7.34568E+18", "7.3E+18", "7e+18", "1.23457E+14", "7345678901234560000"])
def test_an_id_that_excel_has_damaged_is_refused(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(f"仿写标题,仿写文案,关联账号\r\n一,文案,{damaged}\r\n".encode("utf-8-sig"))
    assert refused(path)[0].startswith("line 2: column 关联账号: Excel keeps 15 digits")
    (told,) = refused(Book(tmp_path, ["一", "文案", damaged]).saved())
    assert told.startswith("line 2: column 关联账号: Excel keeps 15")


def test_json_may_hold_long_whole_numbers_but_no_rounded_ones(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"content": "a", "voice_id": 7345678901234567890}', encoding="utf-8")
    assert read_tasks(path)[0].voice_id == "7345678901234567890"
    path.write_text('{"content": "a", "voice_id": 7.34e18}', encoding="utf-8")
    assert refused(path)[0].startswith("line 1: column voice_id: Excel keeps 15")


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ('="00123"', "00123"),
        ('"=""00123"""', "00123"),
        ("'00123", "00123"),
        ("\t00123", "00123"),
        ("'7345678901234560000", "7345678901234560000"),
        ('="7.3E+18"', "7.3E+18"),
        ("'+86 138", "+86 138"),
        ("'90s kids", "'90s kids"),
        ("'quoted'", "'quoted'"),
        ('"=a"', "=a"),
    ],
)
def test_marks_that_keep_an_id_a_text_are_no_part_of_it(tmp_path: Path, cell: str, meant: str) -> None:
    path = tmp_path / "t.csv"
    path.write_text(f"仿写文案,关联账号,别的\r\n文案,{cell},{cell}\r\n", encoding="utf-8")
    (task,) = read_tasks(path)
    assert (task.account_id, task.extra["别的"]) == (meant, meant)


@pytest.mark.parametrize("hidden", ['hidden="1"', 'hidden="true"', 'ht="0" customHeight="1"'])
def test_hidden_rows_are_not_run_and_that_is_said(tmp_path: Path, hidden: str) -> None:
    book = Book(tmp_path, ["一", "已做过的文案"], ["二", "要做的文案"], ["三", None])
    book.sheet.auto_filter.ref = "A1:D4"
    path = book.with_rows('<row r="2"', f'<row {hidden} r="2"')
    told: list[Text] = []
    source = FileSource(path, on_note=told.append)
    reading = Reading()
    assert [(t.task_id, t.title) for t in read_tasks(path, reading)] == [("row-2", "二"), ("row-3", "三")]
    assert reading.hidden == 1
    assert [t.title for t in source.load_now()] == ["二", "三"]
    assert source.notes == reading.notes("t.xlsx")
    assert source.notes[0].zh.startswith("t.xlsx：1 行被筛选或隐藏，不会执行。")


@pytest.mark.anyio
async def test_what_is_left_out_is_said_once(tmp_path: Path) -> None:
    path = Book(tmp_path, ["一", "文案一"]).with_rows('<row r="2"', '<row hidden="1" r="2"')
    told: list[Text] = []
    source = FileSource(path, on_note=told.append)
    for _ in range(2):
        assert await source.load() == []
    assert len(told) == 1


def test_a_fault_in_a_hidden_row_does_no_harm(tmp_path: Path) -> None:
    path = Book(tmp_path, ["一", "#N/A"], ["二", "文案二"]).with_rows('<row r="2"', '<row hidden="1" r="2"')
    assert [t.title for t in read_tasks(path)] == ["二"]


def test_a_title_above_the_header_is_no_header(tmp_path: Path) -> None:
    book = Book(tmp_path, [], [], HEADER, ["一", "文案一", "A"], header=["11月选题表"])
    book.sheet.merge_cells("A1:D1")
    (task,) = read_tasks(book.saved())
    assert (task.task_id, task.title, task.account_id) == ("row-1", "一", "A")
    path = tmp_path / "t.csv"
    for mark in ",;\t":
        path.write_text(
            f"11月选题表\n说明：一行一条{mark}{mark}\n\n标题{mark}仿写文案\n一{mark}文案\n", encoding="gb18030"
        )
        assert read_tasks(path)[0].content == "文案"


def test_a_title_may_be_called_like_the_column_of_the_scripts(tmp_path: Path) -> None:
    (task,) = read_tasks(Book(tmp_path, HEADER, ["一", "文案一"], header=["仿写文案"]).saved())
    assert (task.title, task.content) == ("一", "文案一")
    path = tmp_path / "t.csv"
    path.write_text("content\ncontent\n", encoding="utf-8")  # a file of one column
    assert [t.content for t in read_tasks(path)] == ["content"]


def test_a_header_of_two_rows_is_read_as_one(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["仿写标题", "仿写文案", "账号信息", None],
        [None, None, "关联账号", "数字人编号"],
        ["一", "文案一", "A", 7],
    ]
    book = Book(tmp_path, *rows, header=["选题表"])
    for cells in ("A1:D1", "A2:A3", "B2:B3", "C2:D2"):
        book.sheet.merge_cells(cells)
    (task,) = read_tasks(book.saved())
    assert (task.title, task.content, task.account_id, task.digital_no) == ("一", "文案一", "A", "7")


def test_a_file_whose_scripts_are_not_found_names_the_fullest_row(tmp_path: Path) -> None:
    assert "found: 标题, 文案2" in refused(Book(tmp_path, ["标题", "文案2"], header=["选题表"]).saved())[0]


def sparse(path: Path, sheet: str, *, strings: str = "", styles: str = "", prefix: str = "") -> Path:
    """A workbook with as little as some programs write: no content types, a part with a prefix, bare style elements."""
    x = f"{prefix}:" if prefix else ""
    space = f'xmlns{":" if prefix else ""}{prefix}="{MAIN}"'
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "xl/workbook.xml",
            f'<{x}workbook {space} xmlns:r="{relation}"><{x}sheets><{x}sheet name="s" r:id="r1"/></{x}sheets>'
            f"</{x}workbook>",
        )
        kinds = {"r1": "worksheet", "r2": "sharedStrings", "r3": "styles"}
        targets = {"r1": "/xl/worksheets/Sheet1.xml", "r2": "sharedStrings.xml", "r3": "styles.xml"}
        links = "".join(f'<Relationship Id="{k}" Type="{relation}/{kinds[k]}" Target="{targets[k]}"/>' for k in kinds)
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{links}</Relationships>')
        archive.writestr("xl/worksheets/sheet1.xml", f"<{x}worksheet {space}>{sheet}</{x}worksheet>")
        archive.writestr("xl/sharedStrings.xml", f"<{x}sst {space}>{strings}</{x}sst>")
        archive.writestr("xl/styles.xml", f"<{x}styleSheet {space}>{styles}</{x}styleSheet>")
    return path


def test_sparse_workbooks_are_read(tmp_path: Path) -> None:
    rows = (
        '<x:sheetData><x:row><x:c t="s"><x:v>0</x:v></x:c><x:c t="s"><x:v>1</x:v></x:c></x:row><x:row>'
        '<x:c t="inlineStr"><x:is><x:r><x:t>一_x000D_</x:t></x:r><x:r><x:t>\n二</x:t></x:r></x:is></x:c>'
        '<x:c s="0"><x:v>7</x:v></x:c></x:row></x:sheetData>'
    )
    strings = (
        "<x:si><x:t>仿写文案</x:t></x:si><x:si><x:r><x:t>关联</x:t></x:r><x:r><x:t>账号</x:t></x:r>"
        "<x:rPh><x:t>かな</x:t></x:rPh></x:si>"
    )
    styles = (
        '<x:numFmts><x:numFmt numFmtId="164" formatCode="000"/></x:numFmts><x:fills><x:fill/></x:fills>'
        '<x:cellStyleXfs><x:xf/></x:cellStyleXfs><x:cellXfs><x:xf numFmtId="164"/></x:cellXfs>'
    )
    (task,) = read_tasks(sparse(tmp_path / "t.xlsx", rows, strings=strings, styles=styles, prefix="x"))
    assert (task.content, task.account_id) == ("一\n二", "007")


def test_a_workbook_with_a_password_is_told_as_that(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le"))
    assert refused(path) == ["the workbook has a password: save it without one."]


def test_a_sheet_that_breaks_off_is_told_as_damaged(tmp_path: Path) -> None:
    rows = '<sheetData><row><c t="inlineStr"><is><t>content</t></is></c></row><row><c></row></sheetData>'
    assert refused(sparse(tmp_path / "t.xlsx", rows)) == ["is no intact .xlsx file: save it again in Excel."]
