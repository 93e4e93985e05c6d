"""Paid results that nobody fetched are warned of before Coze drops them."""

from __future__ import annotations

from typing import Any

import pytest

from cozebatch.batch.preview import Preview, preview_of
from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.notify.card import About, card_of
from cozebatch.planning.planned import OperatorOverrides
from cozebatch.planning.recovery import plan
from cozebatch.ports import Past, RunRecord
from support.fakes import tasks

DAY = 86400.0
NOW = 100 * DAY


def preview(age: float, **facts: Any) -> Preview:
    (task,) = work = tasks(1)
    row = Row(task.task_id, 0, fingerprint="x", submitted_at=NOW - age, **facts)
    past = {task.task_id: Past("r", row, owed=False)}
    planned = plan(work, past, OperatorOverrides(), continuing="r", source_is_authoritative=True)
    run = RunRecord("r", "s", "file", "w", 1.0)
    return preview_of(run, planned, [], now=NOW, continuing=True, partial=False, origin="", journal_incomplete=False)


@pytest.mark.parametrize(
    ("age", "word"),
    [(4.9 * DAY, None), (5.1 * DAY, "within 2 days"), (6.5 * DAY, "today"), (7.1 * DAY, None)],
)
def test_from_the_fifth_day_on_until_it_is_too_late(age: float, word: str | None) -> None:
    found = preview(age, state=State.RUNNING, execute_id="e")
    assert (found.expiring is not None) is (word is not None)
    if word is not None:
        assert found.expiring is not None
        assert word in found.expiring.en


def test_one_that_is_held_counts_and_one_that_is_on_disk_does_not() -> None:
    assert preview(6 * DAY, state=State.HELD, unanswered=True).expiring is not None
    assert preview(6 * DAY, state=State.SYNTHESIZING, execute_id="e", has_output=True).expiring is None


@pytest.mark.parametrize(
    ("age", "facts", "warned"),
    [
        (6.5 * DAY, {"state": State.HELD, "unanswered": True}, True),
        (5.1 * DAY, {"state": State.RUNNING, "execute_id": "e"}, True),
        (4.9 * DAY, {"state": State.HELD, "unanswered": True}, False),
        (7.1 * DAY, {"state": State.HELD, "unanswered": True}, False),
        (6.5 * DAY, {"state": State.DONE, "execute_id": "e", "has_output": True}, False),
        (6.5 * DAY, {"state": State.HELD, "execute_id": "e", "has_output": True}, False),
    ],
)
def test_the_card_warns_as_the_start_screen_does(age: float, facts: dict[str, Any], warned: bool) -> None:
    board = Board()
    board.rows["t1"] = Row("t1", 0, submitted_at=NOW - age, **facts)
    for lang, words in (("zh", "还没取回"), ("en", "not fetched yet")):
        card = card_of("ended", board, About("tasks.csv"), lang, now=NOW)  # type: ignore[arg-type]
        assert (words in str(card)) is warned
