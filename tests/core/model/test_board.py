"""No sequence of events can make counts disagree with rows, or a state move against the contract."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model import events
from cozebatch.model.board import Board, replay
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.rows import IllegalMove, Row, moved
from cozebatch.model.statistics import compute, estimate_remaining
from cozebatch.model.task import MOVES, State
from cozebatch.model.text import Text

ERRORS = [ErrorInfo(category, Text.same("x"), code=code) for category in Category for code in (None, "4000")]


def task_state(row: Row, after: State, clock: float, error: ErrorInfo | None = None) -> events.TaskState:
    new = moved(row, after, wall=1e9 + clock, clock=clock, error=error)
    return events.TaskState(
        wall=1e9 + clock,
        clock=clock,
        task_id=row.task_id,
        before=row.state,
        after=after,
        attempt=1,
        row=new,
        error=error,
    )


@st.composite
def histories(draw: st.DrawFn) -> list[events.Event]:
    """Any history of legal moves of a few tasks, with progress and retries in between."""
    rows = {f"t{n}": Row(f"t{n}", n, record_id=f"r{n}") for n in range(draw(st.integers(1, 4)))}
    history: list[events.Event] = [
        events.RunStarted(wall=1e9, clock=0, run_id="r", total=len(rows), max_coze=4, max_synthesis=2),
        events.Loaded(wall=1e9, clock=0, rows=tuple(rows.values())),
    ]
    clock = 0.0
    for _ in range(draw(st.integers(0, 40))):
        clock += draw(st.floats(0, 100, allow_nan=False))
        task_id = draw(st.sampled_from(sorted(rows)))
        row = rows[task_id]
        if draw(st.integers(0, 4)) == 0:
            history.append(
                events.TaskProgress(wall=1e9 + clock, clock=clock, task_id=task_id, stage="synthesis", fraction=0.5)
            )
            continue
        after = draw(st.sampled_from(sorted(MOVES[row.state])))
        error = draw(st.none() | st.sampled_from(ERRORS))
        event = task_state(row, after, clock, error)
        rows[task_id] = event.row
        history.append(event)
    return history


@given(histories())
def test_counts_always_agree_with_rows(history: list[events.Event]) -> None:
    board = replay(history)
    assert {s: n for s, n in board.counts.items() if n} == Counter(row.state for row in board.rows.values())
    assert board.unfinished == sum(not row.state.is_end for row in board.rows.values())


@given(histories())
def test_error_groups_hold_exactly_the_ended_rows_with_an_error(history: list[events.Event]) -> None:
    board = replay(history)
    grouped = {task_id for group in board.groups.values() for task_id in group.task_ids}
    assert grouped == {row.task_id for row in board.rows.values() if row.state.is_end and row.error is not None}
    assert all(group.count > 0 for group in board.groups.values())


@given(histories())
def test_figures_are_sane_for_every_history(history: list[events.Event]) -> None:
    board = replay(history)
    s = compute(board, elapsed=board.clock, max_coze=4, max_synthesis=2)
    assert s.done + s.failed + s.held + s.cancelled + s.skipped + s.pending == s.total_tasks
    assert 0 <= s.success_rate <= 100
    assert 0 <= s.coze_utilization <= 1
    assert 0 <= s.synthesis_utilization <= 1
    assert s.average_task_seconds >= 0
    assert s.p50_task_seconds <= s.p95_task_seconds
    remaining = estimate_remaining(board, coze_limit=4, synthesis_limit=2)
    assert remaining is None or remaining.seconds >= 0


@given(histories())
def test_dirty_rows_are_those_that_changed(history: list[events.Event]) -> None:
    board = Board()
    for event in history:
        board.apply(event)
        dirty = board.take_dirty()
        match event:
            case events.TaskState():
                assert dirty == {event.task_id}
            case events.Loaded():
                assert dirty == {row.task_id for row in event.rows}
            case _:
                assert dirty <= set(board.rows)


@given(st.sampled_from(list(State)), st.sampled_from(list(State)))
def test_a_move_the_contract_does_not_have_is_refused_everywhere(before: State, after: State) -> None:
    row = Row("t", 0, state=before)
    if after in MOVES[before]:
        assert moved(row, after, wall=0, clock=0).state is after
    else:
        with pytest.raises(IllegalMove):
            moved(row, after, wall=0, clock=0)


def test_a_board_refuses_a_move_from_a_state_the_task_is_not_in() -> None:
    row = Row("t", 0)
    board = replay([events.Loaded(wall=0, clock=0, rows=(row,))])
    event = task_state(Row("t", 0, state=State.RUNNING), State.DOWNLOADING, 1.0)
    with pytest.raises(IllegalMove):
        board.apply(event)


def test_slot_seconds_and_worker_seconds_add_up_over_attempts() -> None:
    row = Row("t", 0)
    for after, clock in [
        (State.SUBMITTING, 10), (State.RUNNING, 11), (State.PENDING, 30), (State.SUBMITTING, 40),
        (State.RUNNING, 41), (State.DOWNLOADING, 60), (State.QUEUED, 61), (State.SYNTHESIZING, 70),
        (State.QUEUED, 75), (State.SYNTHESIZING, 80), (State.DONE, 90),
    ]:  # fmt: skip
        row = moved(row, after, wall=1e9 + clock, clock=clock)
    assert row.coze_slot_seconds == 20 + 20
    assert row.worker_seconds == 5 + 10
    assert row.first_submit_clock == 10
    assert row.end_clock == 90
    board = replay([events.Loaded(wall=0, clock=90, rows=(row,))])
    s = compute(board, elapsed=90, max_coze=2, max_synthesis=1)
    assert s.average_task_seconds == 80
    assert s.coze_utilization == pytest.approx(40 / (2 * 50))
    assert s.synthesis_utilization == pytest.approx(15 / 20)


@given(
    st.builds(
        Row, task_id=st.text(), position=st.integers(0), title=st.text(), error=st.none() | st.sampled_from(ERRORS)
    )
)
def test_a_row_comes_back_from_json_as_it_was(row: Row) -> None:
    import json

    assert Row.from_json(json.loads(json.dumps(row.to_json()))) == row


def test_remaining_time_follows_the_slower_resource() -> None:
    rows = [
        Row(
            f"d{n}",
            n,
            state=State.DONE,
            coze_seconds=300,
            coze_end_clock=300,
            synthesis_seconds=60,
            synthesis_end_clock=400,
        )
        for n in range(4)
    ]
    rows += [Row(f"p{n}", 10 + n) for n in range(16)]
    board = replay([events.Loaded(wall=0, clock=400, rows=tuple(rows))])
    waiting = estimate_remaining(board, coze_limit=4, synthesis_limit=4)
    assert waiting is not None
    assert waiting.bottleneck == "coze"
    assert waiting.seconds == 4 * 300 + 60
    crowded = estimate_remaining(board, coze_limit=16, synthesis_limit=1)
    assert crowded is not None
    assert crowded.bottleneck == "synthesis"
    assert crowded.seconds == 16 * 60


def test_a_slot_that_is_held_now_counts_as_used() -> None:
    row = moved(Row("t1", 0), State.SUBMITTING, wall=1e9, clock=0.0)
    board = replay([events.Loaded(rows=(row,), wall=1e9, clock=0.0)])
    board.clock = 50.0
    assert compute(board, elapsed=50.0, max_coze=2, max_synthesis=1).coze_utilization == pytest.approx(0.5)
