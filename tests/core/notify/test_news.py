"""What is news of a batch, each piece once."""

from __future__ import annotations

from cozebatch.model import events
from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.notify.news import NewsWatch


def board(*states: State) -> Board:
    made = Board()
    rows = tuple(Row(f"t{n}", n, state=state) for n, state in enumerate(states))
    made.apply(events.Loaded(wall=0, clock=0, rows=rows))
    return made


def test_news_come_once() -> None:
    watch = NewsWatch()
    assert watch.look(board(State.RUNNING), is_over=False) is None
    assert watch.look(board(State.RUNNING, State.HELD), is_over=False) == "held"
    assert watch.look(board(State.RUNNING, State.HELD, State.HELD), is_over=False) is None
    assert watch.look(board(State.DONE, State.HELD), is_over=True) == "ended"
    assert watch.look(board(State.DONE, State.HELD), is_over=True) is None
    assert watch.look(board(State.RUNNING, State.HELD), is_over=False) is None
    assert watch.look(board(State.DONE, State.HELD), is_over=True) == "ended", "after what was retried"


def test_a_batch_that_stops_itself_is_news_and_one_that_stops_as_it_was_told_is_none() -> None:
    watch = NewsWatch()
    stopped = board(State.PENDING)
    stopped.apply(events.Paused(wall=0, clock=1, reason="operator"))
    assert watch.look(stopped, is_over=False) is None
    stopped.apply(events.Paused(wall=0, clock=1, reason="max_executions"))
    stopped.apply(events.Paused(wall=0, clock=1, reason="until"))
    assert watch.look(stopped, is_over=False) is None, "as it was told to"
    stopped.apply(events.Paused(wall=0, clock=2, reason="quota"))
    assert watch.look(stopped, is_over=False) == "stopped"
    assert watch.look(stopped, is_over=True) is None, "one piece of news: that it stopped itself"
