"""The table as Excel's own file: texts stay texts."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import openpyxl
import pytest

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch_tui.cli import main
from cozebatch_tui.presentation.csv_report import COLUMNS
from cozebatch_tui.presentation.workbook_report import workbook
from support.program import BATCH, Program


@pytest.mark.parametrize(
    "title", ["=1+1", "+1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "7566412345678901234", "#N/A"]
)
def test_every_text_stays_one_and_numbers_are_numbers(title: str) -> None:
    row = Row("00123", 1, title=title, state=State.DONE, coze_seconds=12.34, attempts=2)
    sheet = openpyxl.load_workbook(io.BytesIO(workbook([row], "zh"))).active
    assert sheet is not None
    heads, found = list(sheet.iter_rows())
    assert [cell.value for cell in heads] == [column.zh for column in COLUMNS]
    by_name = {head.value: cell for head, cell in zip(heads, found, strict=True)}
    assert (by_name["标题"].value, by_name["标题"].data_type) == (title, "s")
    assert by_name["任务"].value == "00123"
    assert (by_name["扣子秒"].value, by_name["付费次数"].value) == (12.3, 2)


def test_the_command_writes_either_kind_by_the_name_and_says_what_is_missing(
    tmp_path: Path, coze: RunningCoze, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    program = Program(tmp_path, coze.url).configure().tasks(1)
    assert program.run(*BATCH).code == 0
    assert program.run("report", "--csv", "r.XLSX").code == 0
    assert (tmp_path / "r.XLSX").read_bytes().startswith(b"PK")
    assert program.run("report", "--csv", "r.csv").code == 0
    assert (tmp_path / "r.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert main(["report", "--csv", "s.xlsx", "--lang", "zh"]) == 2
    assert "写 .xlsx 要先安装 openpyxl" in capsys.readouterr().err
    assert not (tmp_path / "s.xlsx").exists()
