"""Files that another program holds (Windows): waited for, for a bounded time, and for nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from cozebatch.disk.in_use import Patience, persist
from cozebatch.disk.removing import remove_file
from cozebatch.disk.writing import move_new, replace
from support.planting import ONLY_WINDOWS


class Clock:
    """Seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 100.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def patience(self) -> Patience:
        return Patience(clock=lambda: self.now, sleep=self.sleep)


class Held:
    """An act that fails `times` times as Windows does for a file in use."""

    def __init__(self, times: int, winerror: int | None = 32) -> None:
        self.left = times
        self.winerror = winerror

    def __call__(self) -> str:
        if self.left:
            self.left -= 1
            error = PermissionError(13, "in use")
            error.winerror = self.winerror  # type: ignore[attr-defined, assignment, unused-ignore]
            raise error
        return "done"


@pytest.mark.parametrize("winerror", [5, 32, 33])
def test_a_file_in_use_is_waited_for(winerror: int) -> None:
    clock = Clock()
    assert persist(Held(6, winerror), clock.patience()) == "done"
    assert clock.pauses == [0.01, 0.02, 0.04, 0.08, 0.16, 0.25]


def test_the_wait_is_bounded() -> None:
    clock = Clock()
    with pytest.raises(PermissionError, match="in use"):
        persist(Held(10_000), clock.patience())
    assert 2.0 <= sum(clock.pauses) <= 2.5


@pytest.mark.parametrize("winerror", [2, 39, 112, 206])
def test_every_other_error_is_raised_at_once(winerror: int) -> None:
    clock = Clock()
    with pytest.raises(PermissionError):
        persist(Held(1, winerror), clock.patience())
    assert clock.pauses == []


def test_a_denial_without_the_systems_number_is_waited_for_on_windows_alone() -> None:
    """As opening a file gives it there while another process replaces the file."""
    clock, held = Clock(), Held(1, None)
    if sys.platform == "win32":
        assert persist(held, clock.patience()) == "done"
        assert len(clock.pauses) == 1
    else:
        with pytest.raises(PermissionError):
            persist(held, clock.patience())
        assert clock.pauses == []


def test_moving_and_removing_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("replace", "unlink"):
        held, really = Held(3), getattr(os, name)

        def act(*args: object, held: Held = held, really: object = really, **more: object) -> None:
            held()
            really(*args, **more)  # type: ignore[operator]

        monkeypatch.setattr(os, name, act)
    clock = Clock()
    (tmp_path / "a").write_text("a", encoding="utf-8")
    replace(tmp_path / "a", tmp_path / "b", tmp_path, patience=clock.patience())
    assert (tmp_path / "b").read_text(encoding="utf-8") == "a"
    remove_file(tmp_path / "b", tmp_path, patience=clock.patience())
    assert not (tmp_path / "b").exists()
    assert len(clock.pauses) == 6


HOLD = "import sys; f = open(sys.argv[1], 'rb'); print('held', flush=True); sys.stdin.read()"


@ONLY_WINDOWS
def test_a_file_that_another_process_holds_is_moved_and_removed_when_it_lets_go(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    acts: list[Callable[[], object]] = [
        lambda: replace(source, target, tmp_path),
        lambda: move_new(target, tmp_path / "new", tmp_path),
        lambda: remove_file(tmp_path / "new", tmp_path),
    ]
    for act in acts:
        source.write_text("s", encoding="utf-8")
        held = next(path for path in (tmp_path / "new", target, source) if path.exists())
        with subprocess.Popen(
            [sys.executable, "-c", HOLD, str(held)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            process.stdout.readline()
            letting_go = threading.Timer(0.3, process.stdin.close)
            letting_go.start()
            act()
            letting_go.join()
