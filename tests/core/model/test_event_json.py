"""Events and boards come through JSON as they were; what a reader does not know is left out."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cozebatch.model import events
from cozebatch.model.allowance import Allowance
from cozebatch.model.board import Board
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.event_json import board_from_json, board_to_json, event_from_json, event_to_json
from cozebatch.model.rows import Counters, Row, Stage
from cozebatch.model.task import State
from cozebatch.model.text import Text

words = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=32)
texts = st.builds(Text, words, words)
errors = st.builds(
    ErrorInfo,
    category=st.sampled_from(Category),
    message=texts,
    code=st.none() | words,
    logid=st.none() | words,
    hint=texts,
    scope=st.sampled_from(("task", "batch")),
)
counters = st.builds(Counters, *[st.integers(0, 9)] * 4, st.dictionaries(st.sampled_from(list(Category)), st.just(1)))
allowances = st.builds(Allowance, st.none() | st.integers(0, 9), st.none() | numbers, st.integers(0, 9))
rows = st.builds(
    Row,
    task_id=words,
    position=st.integers(0, 9),
    title=words,
    state=st.sampled_from(State),
    attempts=st.integers(0, 9),
    fraction=st.none() | numbers,
    video_path=st.none() | words,
    note=st.none() | texts,
    error=st.none() | errors,
)
times = {"wall": numbers, "clock": numbers}
strategies: dict[type, st.SearchStrategy[events.Event]] = {
    events.RunStarted: st.builds(
        events.RunStarted,
        **times,
        run_id=words,
        total=st.integers(0, 9),
        max_coze=st.integers(0, 9),
        max_synthesis=st.integers(0, 9),
    ),
    events.Loaded: st.builds(events.Loaded, **times, rows=st.lists(rows, max_size=3).map(tuple)),
    events.TaskState: st.builds(
        events.TaskState,
        **times,
        task_id=words,
        before=st.sampled_from(State),
        after=st.sampled_from(State),
        attempt=st.integers(0, 9),
        row=rows,
        execute_id=st.none() | words,
        error=st.none() | errors,
        adopted=st.booleans(),
    ),
    events.TaskProgress: st.builds(events.TaskProgress, **times, task_id=words, stage=words, fraction=numbers),
    events.Retrying: st.builds(events.Retrying, **times, task_id=words, step=words, error=errors, delay=numbers),
    events.LimitChanged: st.builds(
        events.LimitChanged,
        **times,
        stage=st.sampled_from(Stage),
        limit=st.integers(0, 9),
        user_limit=st.integers(0, 9),
        reason=words,
    ),
    events.Throttled: st.builds(events.Throttled, **times, retry_in=numbers),
    events.Paused: st.builds(events.Paused, **times, reason=words, error=st.none() | errors),
    events.Resumed: st.builds(events.Resumed, **times),
    events.Gauges: st.builds(
        events.Gauges,
        **times,
        coze_in_flight=st.integers(0, 9),
        coze_limit=st.integers(0, 9),
        coze_user_limit=st.integers(0, 9),
        synthesis_busy=st.integers(0, 9),
        synthesis_limit=st.integers(0, 9),
        requests_per_second=numbers,
        request_budget=numbers,
        owed=st.integers(0, 9),
        counters=counters,
        allowance=allowances,
    ),
    events.Allowed: st.builds(events.Allowed, **times, allowance=allowances),
    events.Noted: st.builds(events.Noted, **times, level=words, text=texts, task_id=st.none() | words),
    events.RunFinished: st.builds(
        events.RunFinished,
        **times,
        status=st.sampled_from(("finished", "interrupted", "stopped")),
        statistics=st.dictionaries(words, st.integers() | st.none(), max_size=3),
        results_path=st.none() | words,
    ),
}
all_events = st.one_of(*strategies.values())


def through(value: Any) -> Any:
    """As it comes out of a line of JSON."""
    return json.loads(json.dumps(value, ensure_ascii=False))


@given(all_events)
@settings(max_examples=300)
def test_every_event_comes_back_as_it_was(event: events.Event) -> None:
    assert event_from_json(through(event_to_json(event))) == event


def test_no_event_is_missing_here() -> None:
    assert set(strategies) == set(get_args(events.Event))


@given(all_events)
@settings(max_examples=50)
def test_unknown_tags_and_fields_are_left_out(event: events.Event) -> None:
    value = event_to_json(event) | {"later": 1}
    assert event_from_json(value) == event
    assert event_from_json(value | {"tag": "later"}) is None


def test_a_value_that_is_no_event_is_refused() -> None:
    with pytest.raises(ValueError, match="no event"):
        event_from_json({"tag": "task_state", "wall": 1.0, "clock": 1.0, "row": {"position": 1}})


@given(st.lists(rows, max_size=6, unique_by=lambda row: row.task_id), st.lists(all_events, max_size=8))
@settings(max_examples=150)
def test_a_board_comes_back_as_it_was(loaded: list[Row], told: list[events.Event]) -> None:
    board = Board()
    board.apply(events.Loaded(wall=1.0, clock=1.0, rows=tuple(loaded)))
    for event in told:
        if isinstance(event, events.Paused | events.Resumed | events.LimitChanged | events.Gauges | events.Allowed):
            board.apply(event)
    back = board_from_json(through(board_to_json(board)), [Row.from_json(through(r.to_json())) for r in loaded])
    seen, expected = vars(back), vars(board)
    assert {name: seen[name] for name in seen if name != "_dirty"} == {
        name: expected[name] for name in expected if name != "_dirty"
    }


def test_a_board_that_takes_another_over_shows_all_its_rows() -> None:
    first, second = Board(), Board()
    first.apply(events.Loaded(wall=1.0, clock=1.0, rows=(Row("a", 0), Row("b", 1))))
    first.take_dirty()
    second.apply(events.Loaded(wall=2.0, clock=2.0, rows=(Row("b", 1, state=State.DONE), Row("c", 2))))
    first.take_over(second)
    assert first.take_dirty() == {"b", "c"}
    assert (first.counts[State.DONE], first.counts[State.PENDING], first.clock) == (1, 1, 2.0)
