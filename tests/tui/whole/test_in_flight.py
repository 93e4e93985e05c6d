"""One limit over all that may be in flight: earlier runs, other files, left-out, cancelled and unseen executions."""

from __future__ import annotations

import pytest

from cozebatch.demo.faults import Fault
from support.batches import LONG, Files


def in_flight_at_most(files: Files) -> int:
    return files.coze.ledger().max_in_flight


def test_a_killed_run_of_another_file_counts(two: Files) -> None:
    two.run_until_running(2)
    two.coze.set_faults()
    two.write(["d", "e"], name="another.csv")
    assert two.run("another.csv").code == 0
    assert in_flight_at_most(two) == 2
    assert two.run().code == 0
    assert two.executions == 5


def test_what_is_left_out_counts_and_is_found_when_it_is_wanted_again(two: Files) -> None:
    two.run_until_running(2)
    two.coze.set_faults()
    assert two.run("tasks.csv", "--exclude", "row-1").code == 0
    assert in_flight_at_most(two) == 2
    assert two.run().code == 0
    assert two.executions == 3
    assert in_flight_at_most(two) == 2


def test_a_cancelled_execution_is_an_end_and_is_not_paid_for_again(two: Files) -> None:
    two.coze.set_faults(Fault(what="word", text="Cancel"), LONG)
    assert two.run().code == 1
    assert two.executions == 3
    assert set(two.program.statuses().values()) == {"failed"}


def test_what_is_edited_while_it_runs_counts(two: Files) -> None:
    two.run_until_running(2)
    two.coze.set_faults()
    two.write(["x", "y", "c"])
    assert two.run().code == 0
    assert in_flight_at_most(two) == 2
    assert two.executions <= 5


@pytest.mark.parametrize(
    "blind",
    [
        Fault(what="code", on="look", code=4314, message="record not found", last=6),
        Fault(what="html", on="look", last=4),
        Fault(what="status", on="look", status=500, last=6),
        Fault(what="body", on="look", text='{"code": 0, "msg": "", "data": []}', last=6),
    ],
    ids=["not found", "a web page", "broken", "no data"],
)
def test_an_execution_that_cannot_be_seen_for_a_while_keeps_its_place(two: Files, blind: Fault) -> None:
    two.coze.set_faults(blind, Fault(what="lasts", seconds=1.0))
    two.run()
    two.coze.set_faults()
    assert two.run().code == 0
    assert in_flight_at_most(two) == 2
    assert two.executions == 3
