"""Two machines on one table: each row is paid by one of them, whatever becomes of the writes in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_tables import CONTENT, DONE
from support.batches import Table, table_of
from support.program import Program, kill, read_until

ROWS = 4
LIMITED = ("--limit", str(ROWS))


@pytest.fixture
def claimed(coze: RunningCoze, tmp_path: Path) -> Iterator[Table]:
    first = tmp_path / "first"
    first.mkdir()
    with table_of(coze, first) as opened:
        opened.config["tables"]["content_table"]["status_values"] = {"running": "生成中"}
        yield opened


def paid(table: Table) -> Counter[int]:
    """How many rows were paid how often."""
    return Counter(len(executions) for executions in table.coze.ledger().tasks.values())


def rows(table: Table) -> list[str]:
    return [table.feishu.cell(CONTENT, f"recdemo{n:02}", "状态") for n in range(1, ROWS + 1)]


@pytest.mark.parametrize(
    "weather",
    [
        [FeishuFault(on="write", what="cut", times=4)],
        [FeishuFault(on="write", what="slow", seconds=4.0, times=3)],
    ],
    ids=["a lost write", "a late write"],
)
def test_two_machines_pay_for_each_row_once(claimed: Table, tmp_path: Path, weather: list[FeishuFault]) -> None:
    other = Program(tmp_path / "second", claimed.coze.url)
    other.folder.mkdir()
    claimed.configure()
    (other.folder / "c.json").write_bytes((claimed.program.folder / "c.json").read_bytes())
    claimed.feishu.strike(*weather)
    claimed.coze.set_faults(Fault(what="lasts", seconds=3.0))
    with claimed.start(*LIMITED) as first, other.start("--no-ui", "--config", "c.json", *LIMITED) as second:
        first.communicate(timeout=60)
        second.communicate(timeout=60)
    claimed.feishu.heal()
    claimed.coze.set_faults()
    wanted = ("--include", *(f"recdemo{n:02}" for n in range(1, ROWS + 1)))
    for program in (other, claimed.program):
        program.run("--no-ui", "--config", "c.json", *wanted)
    assert set(paid(claimed)) == {1}
    assert rows(claimed) == [DONE] * ROWS


def test_a_row_whose_claim_was_lost_is_taken_up_by_the_next_start(claimed: Table) -> None:
    assert claimed.run_refused_after("run_started", *LIMITED).code == 1, "trouble is told"
    assert claimed.executions == 0
    claimed.feishu.heal()
    assert claimed.run(*LIMITED).code == 0
    assert paid(claimed) == {1: ROWS}
    assert rows(claimed) == [DONE] * ROWS


def test_what_a_colleague_claimed_after_a_reset_is_not_run_by_us_too(claimed: Table) -> None:
    with claimed.start("--json", *LIMITED) as process:
        read_until(process, '"to": "running"', ROWS)
        kill(process)
        process.communicate(timeout=60)
    claimed.feishu.tables[CONTENT].write([("recdemo01", {"状态": "生成中", "返回结果": "another operator at work"})])
    claimed.run(*LIMITED)
    assert set(paid(claimed)) == {1}
    assert rows(claimed)[1:] == [DONE] * (ROWS - 1)
