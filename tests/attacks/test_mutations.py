"""A sample of the mutations (`python -m support.mutations` does many): nothing from outside is too strange."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from support.mutations.kinds import Kind, kinds
from support.mutations.run import judge, names
from support.wine import NO_AFD, is_wine

SAMPLE = {"journal": 25, "feishu": 25, "task files": 60}


@pytest.mark.parametrize("name", names())
def test_no_input_of_a_sample_breaks_anything(name: str, tmp_path: Path) -> None:
    if name == "feishu" and is_wine():
        pytest.skip(NO_AFD)
    folders = tmp_path / "samples", tmp_path / "reading"
    for folder in folders:
        folder.mkdir()
    verdict = judge(name, kinds(folders[0])[name], range(SAMPLE.get(name, 250)), folders[1])
    memory = [line for line in verdict.broken if line.startswith("used")]  # this process ran other tests before
    assert [line for line in verdict.broken if line not in memory] == []


def test_a_reader_that_lets_something_out_is_found(tmp_path: Path) -> None:
    def read(data: bytes, folder: Path, rng: Any) -> None:
        value = json.loads(data)
        if isinstance(value, dict) and "a" not in value:
            raise UsageError(Text("没有 a", "no a"))

    verdict = judge("planted", Kind([b'{"a": 1}'], read), range(200), tmp_path)
    assert verdict.refused > 0
    assert any("JSONDecodeError" in line for line in verdict.broken)


def test_a_reader_that_writes_elsewhere_is_found(tmp_path: Path) -> None:
    def read(data: bytes, folder: Path, rng: Any) -> None:
        if b"2" in data:
            (folder.parent / "stray").write_bytes(data)

    verdict = judge("planted", Kind([b"1 2 3"], read), range(50), tmp_path)
    assert any("wrote outside" in line for line in verdict.broken)


def test_a_reader_that_is_slow_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = iter(range(0, 10_000, 2))
    monkeypatch.setattr(time, "perf_counter", lambda: float(next(now)))
    verdict = judge("planted", Kind([b"1"], lambda data, folder, rng: None), range(3), tmp_path)
    assert len([line for line in verdict.broken if "took 2.0 s" in line]) == 3
