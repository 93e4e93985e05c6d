"""The lines of waiting tasks: each task in one place, in the order in which it may go on."""

from __future__ import annotations

import anyio
import pytest

from cozebatch.engine.admission_queue import AdmissionQueue

pytestmark = pytest.mark.anyio


def queue() -> AdmissionQueue:
    return AdmissionQueue(notify=lambda: None)


async def test_tasks_that_need_no_new_execution_have_a_line_of_their_own() -> None:
    line = queue()
    line.add("new", "submit")
    line.add("adopted", "watch")
    line.add("fetched", "finish")
    assert [line.next_ready(), line.next_ready(), line.next_ready()] == [
        ("adopted", "watch"),
        ("fetched", "finish"),
        None,
    ]
    assert [line.next_for_slot(), line.next_for_slot()] == ["new", None]


async def test_a_delayed_task_comes_back_in_front_when_its_delay_is_over() -> None:
    line = queue()
    line.add("first", "submit")
    line.add_later("delayed", "submit", 5.0)
    line.take_due()
    assert line.next_due == anyio.current_time() + 5.0
    await anyio.sleep(5.0)
    line.take_due()
    assert [line.next_for_slot(), line.next_for_slot()] == ["delayed", "first"]


async def test_suspended_tasks_wait_for_the_pause_to_end_and_do_not_count_as_waiting() -> None:
    line = queue()
    line.suspend("t1", "finish")
    assert line.is_empty
    line.release_suspended()
    assert line.next_ready() == ("t1", "finish")
    line.release_suspended()
    assert line.is_empty, "nobody goes on twice"


@pytest.mark.parametrize("place", ["slot", "ready", "delayed", "suspended"])
async def test_a_withdrawn_task_is_in_no_line_any_more(place: str) -> None:
    line = queue()
    for task_id in ("t1", "t2"):
        match place:
            case "slot":
                line.add(task_id, "submit")
            case "ready":
                line.add(task_id, "watch")
            case "delayed":
                line.add_later(task_id, "watch", 1.0)
            case _:
                line.suspend(task_id, "watch")
    assert line.withdraw("t1") == ("submit" if place == "slot" else "watch")
    assert line.withdraw("t1") is None
    await anyio.sleep(1.0)
    line.take_due()
    line.release_suspended()
    left = line.next_for_slot() if place == "slot" else line.next_ready()
    assert left == ("t2" if place == "slot" else ("t2", "watch"))
    assert line.is_empty
