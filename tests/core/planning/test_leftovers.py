"""What earlier runs left is listed with what happens to it, and nothing of that costs anything."""

from __future__ import annotations

import anyio
import pytest

from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.planning.leftovers import DEFAULTS, Left, leftovers
from cozebatch.planning.planned import OperatorOverrides
from cozebatch.planning.recovery import plan
from cozebatch.ports import Delivery, Past
from support.fakes import World, tasks

DAY = 86400.0


def test_everything_an_earlier_run_left_is_listed_by_kind() -> None:
    work = tasks(7)
    ids = [task.task_id for task in work]
    facts: dict[str, dict[str, object]] = {
        ids[0]: {"state": State.RUNNING, "execute_id": "e0", "submitted_at": 99 * DAY},
        ids[1]: {"state": State.RUNNING, "execute_id": "e1", "submitted_at": 90 * DAY},
        ids[2]: {"state": State.SYNTHESIZING, "execute_id": "e2", "has_output": True},
        ids[3]: {"state": State.HELD, "unanswered": True},
        ids[4]: {"state": State.SUBMITTING},
        ids[5]: {"state": State.WRITING_BACK, "execute_id": "e5", "has_output": True},
    }
    past = {
        task_id: Past("run1", Row(task_id, 0, fingerprint="x", **known), owed=task_id == ids[5])  # type: ignore[arg-type]
        for task_id, known in facts.items()
    }
    planned = plan(work, past, OperatorOverrides(), continuing="run1", source_is_authoritative=True)
    owed = [Delivery(1, ids[5], "r5", "done", "path"), Delivery(2, "gone", "r9", "failed", "why")]
    found = [(left.kind, left.task_id) for left in leftovers(planned, owed, 100 * DAY)]
    assert found == [
        (Left.ADOPT, ids[0]),
        (Left.GO_ON, ids[2]),
        (Left.OWED, ids[5]),
        (Left.OWED, "gone"),
        (Left.HELD, ids[3]),
        (Left.HELD, ids[4]),
        (Left.EXPIRED, ids[1]),
    ]


def test_every_kind_says_what_happens_by_default_in_both_languages() -> None:
    for kind in Left:
        assert DEFAULTS[kind].zh
        assert DEFAULTS[kind].en


@pytest.mark.anyio
@pytest.mark.parametrize("kept", [True, False])
async def test_an_expired_execution_is_looked_at_once_more_and_never_paid_for_again(kept: bool) -> None:
    world = World(synthesizer=None)
    await world.crash_after(60.0, tasks(1))
    await anyio.sleep(8 * DAY)
    if not kept:
        world.coze.forgotten.add("e1")
    outcome = await world.run(tasks(1))
    assert world.coze.started("t1") == 1
    assert world.coze.polls == 1 + 1, "one before the crash, one now"
    assert world.engine is not None
    row = world.engine.board.rows["t1"]
    if kept:
        assert outcome.statistics.to_json()["done"] == 1
    else:
        assert row.state is State.FAILED
        assert row.error is not None
        assert "7 days" in row.error.message.en
        assert row.execute_id == "e1"
