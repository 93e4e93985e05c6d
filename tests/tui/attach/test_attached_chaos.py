"""Screens that come and go at random change nothing about a batch."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.attached_chaos import Chaos

ROWS = 60


@pytest.mark.skipif(sys.platform == "win32", reason="pseudo-terminals and these signals are POSIX's")
@pytest.mark.parametrize("seed", [3, 17])
def test_a_batch_whose_screens_come_and_go_ends_as_without_any(seed: int, tmp_path: Path) -> None:
    chaos = Chaos(ROWS, seed, at_once=12)
    assert chaos.run(tmp_path) == []
    assert chaos.painted > 0, "some of them were looked at"
    assert len(chaos.visits) > 2, "they ended in several ways"
