"""The timeline: now at the right edge, only what is in the window, zoom, lanes, and every look."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from cozebatch.model import events
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch_tui.presentation.glyphs import ASCII
from cozebatch_tui.presentation.usage import LONGEST, UsageHistory, Used
from cozebatch_tui.screen.look.terminal import Look
from cozebatch_tui.screen.themed_app import ThemedApp
from cozebatch_tui.screen.widgets.timeline import WINDOWS, Timeline, parts
from scenes import main_screen
from scripted_batch import NOW, WALL
from support.ui import shown, until


def row(state: State = State.DONE, **clocks: float) -> Row:
    return Row("t", 0, state=state, **clocks)  # type: ignore[arg-type]


def test_a_line_shows_each_stage_where_it_was_on_the_axis() -> None:
    done = row(submit_clock=20.0, coze_end_clock=60.0, synthesis_clock=70.0, synthesis_end_clock=90.0, end_clock=90.0)
    assert parts(done, 0.0, 100.0, 100.0, 10) == ["waits"] * 2 + ["coze"] * 4 + ["queue"] + ["film"] * 2 + [""]
    assert parts(done, 50.0, 50.0, 100.0, 5) == ["coze", "queue", "film", "film", ""], "the window begins later"
    running = row(State.RUNNING, submit_clock=50.0)
    assert parts(running, 0.0, 100.0, 100.0, 4) == ["waits", "waits", "coze", "coze"], "now is at the right edge"
    assert parts(row(State.FAILED, submit_clock=0.0, end_clock=100.0), 0.0, 100.0, 100.0, 4)[-1] == "end"
    assert parts(done, 95.0, 5.0, 100.0, 4) == [""] * 4, "all of it was before"


@given(
    st.lists(st.tuples(st.floats(0, 5), st.integers(0, 16), st.integers(1, 16)), min_size=1, max_size=300),
    st.floats(0, 500),
    st.floats(0, 100),
)
def test_the_history_tells_the_most_that_was_used_in_a_time(
    steps: list[tuple[float, int, int]], start: float, length: float
) -> None:
    history, clock, told = UsageHistory(), 0.0, []
    for pause, used, limit in steps:
        clock += pause
        history.record(clock, Used(used, limit, 16))
        told.append((clock, used))
    found = history.between(start, start + length)
    inside = [used for at, used in told if start <= at <= start + length]
    if inside:
        assert found is not None
        assert found.coze >= max(inside), "nothing is left out"
    if found is None:
        assert start + length < told[0][0]


def test_the_history_is_bounded_and_still_tells_all_of_the_time() -> None:
    history = UsageHistory()
    for second in range(10 * LONGEST):
        history.record(float(2 * second), Used(second % 17, 16, 16))
    assert len(history._starts) <= LONGEST
    assert history.between(0.0, 200.0) == Used(16, 16, 16)
    assert history.between(20.0 * LONGEST - 1000, 20.0 * LONGEST) == Used(16, 16, 16)


def timeline(pilot: Pilot[Any]) -> Timeline:
    return pilot.app.screen.query_one(Timeline)


def later(pilot: Pilot[Any], seconds: float) -> None:
    """Time passes in the batch."""
    view_model = pilot.app.view_model  # type: ignore[attr-defined]
    clock = NOW + seconds
    view_model._subscription.push(events.Resumed(wall=WALL + clock, clock=clock))
    pilot.app.main.apply(view_model.pump())  # type: ignore[attr-defined]


@pytest.mark.anyio
async def test_only_tasks_inside_the_window_are_listed_and_zoom_changes_it() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        later(pilot, WINDOWS[1] + 1)
        await pilot.press("t")
        await until(pilot, lambda: "the last 15 min" in shown(pilot.app))
        rows = pilot.app.view_model.board.rows  # type: ignore[attr-defined]
        start = timeline(pilot).start
        assert start == NOW + 1
        inside = {task_id for task_id, of in rows.items() if not of.state.is_end}
        assert set(timeline(pilot).order) == inside
        assert len(inside) < len(rows)
        await pilot.press("0")
        await until(pilot, lambda: "from the start" in shown(pilot.app) and "30 of 30 tasks" in shown(pilot.app))
        assert timeline(pilot).start == 0
        await pilot.press(*["less_than_sign"] * 6)
        await until(pilot, lambda: "the last 5 min" in shown(pilot.app))
        await pilot.press("less_than_sign", "greater_than_sign")
        await until(pilot, lambda: "the last 15 min" in shown(pilot.app))


@pytest.mark.anyio
async def test_now_is_at_the_right_edge_of_a_batch_that_has_just_begun() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        await pilot.press("t")
        board = pilot.app.view_model.board  # type: ignore[attr-defined]
        board.clock = 3.0
        assert timeline(pilot).start + timeline(pilot).span == 3.0
        running = row(State.RUNNING, submit_clock=1.0)
        cells = parts(running, timeline(pilot).start, timeline(pilot).span, 3.0, 60)
        assert cells == [""] * 57 + ["waits"] + ["coze"] * 2


@pytest.mark.anyio
async def test_the_axis_has_clock_times_and_the_lanes_say_what_is_used() -> None:
    async with main_screen("zh", (120, 40)) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "时间线" in shown(pilot.app))
        axis, coze, synthesis = [line for line in shown(pilot.app).splitlines() if line.startswith("│")][3:6]
        assert axis.strip("│▁▂▃▄▅▆▇█ ").endswith("现在")
        assert axis.count(":") >= 5
        assert "扣子 14/14" in coze
        assert "合成 4/4" in synthesis
        assert "█" in coze
        assert "< > 缩放" in shown(pilot.app)


@pytest.mark.anyio
async def test_window_and_cursor_stay_when_the_language_changes() -> None:
    async with main_screen("en", (120, 40)) as pilot:
        await pilot.press("t", "less_than_sign", "down", "down")
        await until(pilot, lambda: "the last 5 min" in shown(pilot.app))
        cursor = timeline(pilot).cursor_id
        await pilot.press("f2")
        await until(pilot, lambda: "最近 5 分钟" in shown(pilot.app))
        assert timeline(pilot).cursor_id == cursor


@pytest.mark.anyio
@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_it_is_drawn_on_a_small_and_plain_terminal(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ThemedApp, "_look", Look(ASCII, plain=True, depth="16"))
    async with main_screen("en", size) as pilot:
        await pilot.press("t")
        await until(pilot, lambda: "Timeline" in shown(pilot.app))
        assert "###" in shown(pilot.app)
        assert "now" in shown(pilot.app)
        assert "%" in shown(pilot.app)
        assert "**" in shown(pilot.app), "each stage has its own sign in the batch's bar"
