"""What a person pastes to adopt an execution: its id, or the link of Coze's debug page."""

from __future__ import annotations

import pytest

from cozebatch.coze.debug_link import execute_id_of


@pytest.mark.parametrize(
    ("typed", "execute_id"),
    [
        ("7500000000000000001", "7500000000000000001"),
        ("  75001 ", "75001"),
        ("https://www.coze.cn/work_flow?execute_id=75001&space_id=1&workflow_id=2", "75001"),
        ("https://www.coze.cn/work_flow?space_id=1&workflow_id=2&execute_id=75001", "75001"),
        ("", ""),
    ],
)
def test_an_execution_may_be_named_by_its_id_or_its_debug_link(typed: str, execute_id: str) -> None:
    assert execute_id_of(typed) == execute_id
