"""A night of 500 rows in virtual time ends by `--until` with one card; nothing is paid twice, nothing is lost."""

from __future__ import annotations

import pytest

from cozebatch.model.task import State
from support.night import live
from support.night_report import share
from support.night_world import ASKED, ROWS, SLEEPS, UNTIL


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_night_goes_by_and_nobody_has_to_look(seed: int) -> None:
    night = live(seed)
    assert night.wrongs() == []
    assert night.end_cards_by_morning == 1
    assert night.answered == [ASKED]
    assert night.coze.resumed[0][1] == "the second one"
    assert night.disk.refused > 0, "the disk was full"
    assert 0 < night.left_at_dawn < ROWS, "--until left something for the morning"
    assert max(at for at in night.submitted if at < UNTIL + 60) > UNTIL - 900
    assert night.coze.peak <= night.coze.capacity + 1, "an answered execution goes on at Coze's own word"
    rows = night.final_rows()
    assert rows[ASKED].state is State.DONE
    assert rows[ASKED].attempts == 1
    held = [row for row in rows.values() if row.state is State.HELD]
    assert all(row.unanswered for row in held), "only what may have been charged waits for a person"
    assert sum(row.state is State.DONE for row in rows.values()) > 0.9 * ROWS
    assert night.outcomes[0].status == "stopped"
    assert night.outcomes[-1].status == "finished"
    assert any("the machine wakes" in line for line in night.lines)
    assert SLEEPS > 3600


def test_cards_and_uploads_cost_less_than_a_hundredth_of_the_time() -> None:
    seeds = (1, 2, 3)
    lived, silent = [live(seed) for seed in seeds], [live(seed, tells=False) for seed in seeds]
    assert all(night.cards and night.table.films for night in lived)
    assert not any(night.cards or night.table.films or night.wrongs() for night in silent)
    assert share(lived, silent) < 0.01
