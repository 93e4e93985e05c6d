"""Task files on their way through the program: Coze gets what a person sees in the sheet, or nothing is paid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from cozebatch.demo.coze_server import RunningCoze
from support.program import Program


@pytest.fixture
def program(tmp_path: Path, coze: RunningCoze) -> Program:
    return Program(tmp_path, coze.url).configure()


def write(folder: Path, *rows: list[Any], hidden: tuple[int, ...] = ()) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append(["仿写标题", "仿写文案", "关联账号", "备注", "模板名称"])
    for row in rows:
        sheet.append(row)
    for number in hidden:
        sheet.row_dimensions[number].hidden = True
    sheet["C2"].number_format = "00000"
    book.save(folder / "t.xlsx")


def test_what_is_shown_is_what_is_sent_and_what_is_hidden_is_not(program: Program, coze: RunningCoze) -> None:
    write(program.folder, ["一", "文案一", 123, "#N/A", "#REF!"], ["二", "做过的文案", "A", None], hidden=(3,))
    listed = program.run("--no-ui", "--config", "c.json", "--tasks", "t.xlsx", "--dry-run")
    done = program.run("--no-ui", "--config", "c.json", "--tasks", "t.xlsx")
    assert (listed.code, done.code) == (0, 0)
    said = "t.xlsx: rows that are filtered out or hidden, and will not run: 1."
    assert said in listed.err
    assert said in done.err
    assert any(said in log.read_text("utf-8") for log in (program.folder / "workflow_logs").iterdir())
    assert program.statuses() == {"row-1": "done"}
    [execution] = coze.ledger().executions.values()
    assert execution.parameters["accountId"] == "00123"
    checked = program.run("check", "--config", "c.json", "--tasks", "t.xlsx")
    assert "warn  task file: " + said in checked.out


def test_a_value_that_is_none_is_told_before_anything_is_paid(program: Program, coze: RunningCoze) -> None:
    write(program.folder, ["一", "文案一", "#REF!", None], ["二", "文案二", 7345678901234567890, None])
    refused = program.run("--no-ui", "--config", "c.json", "--tasks", "t.xlsx")
    assert refused.code == 2
    assert "t.xlsx: line 2: column 关联账号: #REF! is an error value" in refused.err
    assert "t.xlsx: line 3: column 关联账号: Excel keeps 15 digits" in refused.err
    assert not coze.ledger().executions
    program.configure(coze_config={"parameters": {"content": "content", "title": "title"}})
    assert program.run("--no-ui", "--config", "c.json", "--tasks", "t.xlsx").code == 0
    assert len(coze.ledger().executions) == 2
