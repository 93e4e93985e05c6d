"""What was paid is found by what was sent, whatever the source is called and however it is sorted."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.task import Task, parameters_digest
from cozebatch.planning.recognition import Paid, Recognition
from cozebatch.ports import ExecutionStatus, Recorded

HERE, THERE = "file:/a.csv", "file:/b.csv"


def digest_of(task: Task) -> str:
    return parameters_digest({"content": task.content})


def paid(
    number: int, content: str, *, source: str = HERE, task_id: str = "", status: ExecutionStatus = "succeeded"
) -> Recorded:
    return Recorded(
        f"k{number}",
        source,
        "run1",
        task_id or f"row-{number}",
        1,
        status,
        float(number),
        "w",
        parameters_digest({"content": content}),
        f"e{number}",
        has_output=status == "succeeded",
        has_film=status == "succeeded",
    )


def row(number: int, content: str) -> Task:
    return Task(f"row-{number}", content=content, own_id=False)


def recognize(listed: list[Task], record: list[Recorded], hidden: tuple[str, ...] = ()) -> dict[str, Paid]:
    return Recognition(record, HERE, "w", digest_of).recognize(listed, hidden)


def keys(found: dict[str, Paid]) -> dict[str, list[str]]:
    return {task_id: [r.key for r in p.executions] for task_id, p in found.items()}


def test_a_row_inserted_at_the_top_moves_what_was_paid_with_its_rows() -> None:
    found = recognize([row(1, "new"), row(2, "a"), row(3, "b")], [paid(1, "a"), paid(2, "b")])
    assert keys(found) == {"row-2": ["k1"], "row-3": ["k2"]}
    assert all(p.by_content for p in found.values())


def test_the_same_rows_at_the_same_place_are_not_told_as_recognized() -> None:
    found = recognize([row(1, "a"), row(2, "b")], [paid(1, "a"), paid(2, "b")])
    assert not any(p.by_content for p in found.values())


@pytest.mark.parametrize("status", ["sent", "unanswered"])
def test_a_rerun_that_went_unanswered_is_what_became_of_the_row(status: ExecutionStatus) -> None:
    record = [paid(1, "a", task_id="row-1"), paid(2, "a", task_id="row-1", status=status)]
    assert recognize([row(1, "a")], record)["row-1"].best.key == "k2"
    record.append(paid(3, "a", task_id="row-1"))
    assert recognize([row(1, "a")], record)["row-1"].best.key == "k3"


@pytest.mark.parametrize("status", ["sent", "unanswered"])
@pytest.mark.parametrize("later", ["failed", "lost"])
def test_an_unanswered_one_is_decided_about_once_another_was_started(
    status: ExecutionStatus, later: ExecutionStatus
) -> None:
    """What came of the later one counts, also where it failed for good: else it would be paid for once more."""
    record = [paid(1, "a", task_id="row-1", status=status), paid(2, "a", task_id="row-1", status=later)]
    assert recognize([row(1, "a")], record)["row-1"].best.key == "k2"


def test_an_id_of_its_own_counts_more_than_the_content() -> None:
    listed = [Task("x", content="b"), Task("y", content="a")]
    record = [paid(1, "a", task_id="x"), paid(2, "b", task_id="y")]
    assert keys(recognize(listed, record)) == {"x": ["k1"], "y": ["k2"]}


def test_another_id_in_the_same_source_takes_only_what_its_row_does_not_need_any_more() -> None:
    record = [paid(1, "a", task_id="x")]
    assert keys(recognize([Task("x", content="changed"), Task("z", content="a")], record)) == {"x": ["k1"]}
    assert recognize([Task("z", content="a")], record, hidden=("x",)) == {}
    assert keys(recognize([Task("z", content="a")], record)) == {"z": ["k1"]}
    recognition = Recognition(record, HERE, "w", digest_of)
    assert recognition.unlisted([Task("z", content="a")]) == ["x"], "the source is asked about it"
    assert recognition.unlisted([Task("z", content="other")]) == []


def test_a_changed_row_takes_what_was_paid_for_it_as_it_is_now_under_another_name_of_its_file() -> None:
    old, elsewhere = paid(1, "old", task_id="x"), paid(2, "new", source=THERE, task_id="x", status="running")
    found = recognize([Task("x", content="new")], [old, elsewhere])
    assert keys(found) == {"x": ["k2"]}
    assert found["x"].by_content
    assert keys(recognize([Task("x", content="old")], [old, elsewhere])) == {"x": ["k1"]}, "it was not changed"
    assert keys(recognize([Task("x", content="third")], [old, elsewhere])) == {"x": ["k1"]}
    in_flight = replace(old, status="running")
    assert keys(recognize([Task("x", content="new")], [in_flight, elsewhere])) == {"x": ["k1"]}, "it is watched first"
    nothing = replace(elsewhere, status="failed", has_output=False, has_film=False)
    assert keys(recognize([Task("x", content="new")], [old, nothing])) == {"x": ["k1"]}


def test_what_failed_under_another_name_of_the_file_counts_for_the_row_with_the_same_id() -> None:
    failed = [paid(1, "a", source=THERE, task_id="t1", status="failed")]
    assert keys(recognize([Task("t1", content="a")], failed)) == {"t1": ["k1"]}
    assert recognize([Task("t2", content="a")], failed) == {}


def test_a_new_id_is_not_taken_for_failed_because_another_row_with_its_parameters_was() -> None:
    failed = paid(1, "a", task_id="gone", status="failed")
    assert recognize([Task("copy", content="a")], [failed]) == {}
    assert keys(recognize([row(2, "a")], [failed])) == {"row-2": ["k1"]}, "without an id it is the same row"


def test_a_copy_of_the_file_pays_nothing_and_takes_the_furthest_first() -> None:
    record = [paid(1, "a", status="failed"), paid(2, "a", source=THERE), paid(3, "a", source=THERE, status="running")]
    assert keys(recognize([row(7, "a")], record)) == {"row-7": ["k3"]}
    assert keys(recognize([row(7, "a"), row(8, "a")], record)) == {"row-7": ["k3"], "row-8": ["k2"]}


def test_another_workflow_of_another_source_or_an_unknown_digest_is_no_match() -> None:
    record = [replace(paid(1, "a", source=THERE), workflow_id="v"), replace(paid(2, "a"), digest=None)]
    assert recognize([row(9, "a")], record) == {}


def test_a_row_keeps_what_another_workflow_has_in_flight_for_it() -> None:
    record = [replace(paid(1, "a", status="running"), workflow_id="v")]
    assert keys(recognize([row(2, "a")], record)) == {"row-2": ["k1"]}


CONTENTS = st.sampled_from("abc")
STATUSES = st.sampled_from(["running", "succeeded", "failed", "unanswered", "lost"])


@given(
    listed=st.lists(st.tuples(CONTENTS, st.booleans()), max_size=8),
    record=st.lists(st.tuples(CONTENTS, STATUSES, st.sampled_from([HERE, THERE]), st.integers(1, 8)), max_size=10),
    seed=st.integers(0, 1000),
)
def test_each_execution_serves_one_row_and_order_and_names_change_nothing(
    listed: list[tuple[str, bool]], record: list[tuple[str, ExecutionStatus, str, int]], seed: int
) -> None:
    tasks = [row(n, content) for n, (content, _) in enumerate(listed, start=1)]
    executions = [
        paid(n, content, source=source, task_id=f"row-{at}", status=status)
        for n, (content, status, source, at) in enumerate(record)
    ]
    found = recognize(tasks, executions)
    used = [r.key for p in found.values() for r in p.executions]
    assert len(used) == len(set(used))
    by_id = {task.task_id: task for task in tasks}
    for task_id, p in found.items():
        assert all(r.digest == digest_of(by_id[task_id]) for r in p.executions)
    for content in "abc":
        rows = sum(task.content == content for task in tasks)
        groups = {(r.source_key, r.task_id) for r in executions if r.digest == parameters_digest({"content": content})}
        served = sum(by_id[task_id].content == content for task_id in found)
        assert served == min(rows, len(groups)), "equal rows get as many executions as there are"
    shuffled = [t.content for t in tasks]
    random.Random(seed).shuffle(shuffled)
    renamed = [row(100 + n, content) for n, content in enumerate(shuffled)]
    elsewhere = Recognition(executions, "file:/renamed.csv", "w", digest_of).recognize(renamed)

    def states(of: dict[str, Paid], listing: list[Task]) -> list[tuple[str, str]]:
        contents = {task.task_id: task.content for task in listing}
        return sorted((contents[task_id], p.best.status) for task_id, p in of.items())

    assert states(found, tasks) == states(elsewhere, renamed), "so the same is paid for"


@given(contents=st.lists(CONTENTS, min_size=1, max_size=6), extra=st.integers(0, 3))
def test_rows_paid_for_once_are_never_paid_for_again(contents: list[str], extra: int) -> None:
    tasks = [row(n, content) for n, content in enumerate(contents, start=1)]
    executions = [paid(n, content) for n, content in enumerate(contents, start=1)]
    more = [row(len(contents) + n + 1, "a") for n in range(extra)]
    assert len(recognize([*tasks, *more], executions)) == len(contents)
