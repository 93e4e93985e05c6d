"""A task that is settled at first sight is decided as the whole plan would have decided it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.rows import Row
from cozebatch.model.task import Outcome, State, Task
from cozebatch.planning.planned import Action, OperatorOverrides, Planned
from cozebatch.planning.recovery import plan
from cozebatch.planning.settled import finished_before, moved_to, not_begun
from cozebatch.ports import Past, StoredInput

TASK = Task("t1", title="标题", content="文案", project_name="new", record_id="r1")
OTHERS = [replace(TASK, content="another"), replace(TASK, template="another"), replace(TASK, own_id=False)]
SHOWN: list[Outcome | None] = [None, "running", "done", "failed"]

rows = st.builds(
    Row,
    st.just("t1"),
    st.integers(0, 3),
    title=st.just(TASK.title),
    project_name=st.sampled_from(["old", "new"]),
    record_id=st.just("r1"),
    fingerprint=st.sampled_from([TASK.fingerprint(), TASK.fingerprint(), TASK.content_fingerprint(), ""]),
    state=st.sampled_from([State.DONE, State.DONE, *State]),
    attempts=st.integers(0, 2),
    submissions=st.integers(0, 2),
    execute_id=st.sampled_from([None, "e1"]),
    debug_url=st.sampled_from([None, "u"]),
    has_output=st.booleans(),
    unanswered=st.booleans(),
    claimed=st.booleans(),
    claim=st.sampled_from(["", "c1"]),
    given_up=st.booleans(),
    end_clock=st.sampled_from([None, 3.0]),
    draft_path=st.sampled_from([None, "d"]),
    video_path=st.sampled_from([None, "v"]),
    submitted_at=st.sampled_from([None, 5.0]),
)
overrides = st.builds(
    OperatorOverrides,
    rerun=st.sampled_from([frozenset[str](), frozenset({"t1"})]),
    adopt=st.sampled_from([dict[str, str](), {"t1": "e9"}]),
)


def decided(task: Task, past: Past, asked: OperatorOverrides, continuing: str | None, says: bool) -> Planned:
    pasts = {"t1": past}
    return plan(
        [task], pasts, asked, continuing=continuing, source_is_authoritative=says, positions=[past.row.position]
    )[0]


@given(
    st.sampled_from([TASK, TASK, *OTHERS]),
    st.sampled_from(SHOWN),
    rows,
    overrides,
    st.sampled_from([None, "run1", "run2"]),
    st.booleans(),
    st.booleans(),
)
def test_what_is_settled_at_first_sight_is_what_the_plan_says(
    task: Task,
    shown: Outcome | None,
    row: Row,
    asked: OperatorOverrides,
    continuing: str | None,
    owed: bool,
    says: bool,
) -> None:
    task, past = replace(task, shown=shown), Past("run1", row, owed)
    for settled in (
        finished_before(task, past, asked, continuing=continuing, source_is_authoritative=says),
        not_begun(task, past, asked, continuing=continuing),
    ):
        if settled is not None:
            whole = decided(task, past, asked, continuing, says)
            assert settled.action is whole.action
            assert settled.note == whole.note
            # The input is the stored one, so that its project name stays too.
            assert replace(settled.row, project_name="") == replace(whole.row, project_name="")


def test_most_of_a_second_start_is_settled_at_first_sight() -> None:
    done = Row("t1", 4, state=State.DONE, execute_id="e1", fingerprint=TASK.fingerprint(), project_name="old")
    none = OperatorOverrides()
    kept = finished_before(TASK, Past("run1", done, False), none, continuing="run1", source_is_authoritative=False)
    assert kept == Planned(StoredInput("run1"), done, Action.KEEP, on_disk=True)
    assert not moved_to(kept, 3).on_disk
    skipped = finished_before(TASK, Past("run1", done, False), none, continuing=None, source_is_authoritative=False)
    assert skipped is not None
    assert (skipped.action, skipped.row.project_name) == (Action.SKIP, "old")
    waiting = Row("t1", 4, title=TASK.title, record_id="r1", fingerprint=TASK.fingerprint(), project_name="old")
    untouched = not_begun(TASK, Past("run1", waiting, False), none, continuing="run1")
    assert untouched is not None
    assert (untouched.action, untouched.row.project_name, untouched.on_disk) == (Action.SUBMIT, "new", False)


@pytest.mark.parametrize(
    ("before", "now", "default", "kept"),
    [
        ("a_标题_20260101_120000", "a_标题_20260102_093000_2", True, True),
        ("given", "given", False, True),
        ("a_标题_20260101_120000", "a_标题_20260102_093000", False, False),
        ("given", "a_标题_20260102_093000", True, False),
    ],
)
def test_an_untouched_task_keeps_the_default_name_that_it_was_taken_with(
    before: str, now: str, default: bool, kept: bool
) -> None:
    task = TASK.with_project_name(now, default=default)
    waiting = Row("t1", 4, title=TASK.title, record_id="r1", fingerprint=TASK.fingerprint(), project_name=before)
    untouched = not_begun(task, Past("run1", waiting, False), OperatorOverrides(), continuing="run1")
    assert untouched is not None
    assert untouched.on_disk is kept
    assert (untouched.row == waiting) is kept
    assert untouched.row.project_name == (before if kept else now)
    assert not moved_to(untouched, 3).on_disk
