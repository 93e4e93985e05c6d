"""What is wrong with the configuration or the account stops the batch before a row is marked failed."""

from __future__ import annotations

import pytest

from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_tables import CONTENT, DONE, READY
from support.batches import Table

CAUSES = [
    (4100, "authentication is invalid", 401),
    (4101, "the token does not have the permission", 200),
    (4200, "Requested resource workflow not found", 200),
    (4012, "the plan has ended", 200),
    (4015, "the workflow is not published", 200),
    (4008, "monthly quota exceeded", 200),
    (4011, "insufficient balance", 200),
    (720702004, "the workflow is not published as API", 200),
    (720702011, "the workflow has an error", 200),
]


@pytest.mark.parametrize(("code", "message", "status"), CAUSES, ids=[str(code) for code, _, _ in CAUSES])
def test_a_refused_account_leaves_the_rows_ready_and_the_same_command_runs_them(
    table: Table, code: int, message: str, status: int
) -> None:
    limited = ("--limit", "3")
    table.coze.set_faults(Fault(what="code", on="submit", code=code, message=message, status=status))
    stopped = table.run(*limited)
    assert stopped.code in (2, 3), stopped.out + stopped.err
    assert table.executions == 0
    rows = [f"recdemo{n:02}" for n in range(1, 4)]
    assert [table.feishu.cell(CONTENT, row, "状态") for row in rows] == [READY] * 3
    table.coze.set_faults()
    assert table.run(*limited).code == 0
    assert table.executions == 3
    assert [table.feishu.cell(CONTENT, row, "状态") for row in rows] == [DONE] * 3
