"""A batch in the background whose screens come and go at random must end as the same batch without any.

    python -m support.attached_chaos --rows 500 --seed 7       from `tests/`

The batch is begun by `--detach` against a simulated Coze. Screens are real `attach` commands in terminals of their own,
several at once. By seed each is looked at, given keys (none that pays or stops), and then left, killed, stopped and
continued, or its window is closed. The machine's own timing decides the rest, so that a replay meets the same plan,
not the same microsecond. What must hold is in `violations`.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

import psutil

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch_tui.attach.place import FILE_NAME, read_place
from support.kill_screen import Terminal, terminal
from support.program import BATCH, Program

SCREENS = 3
"""At once."""
SECONDS = (0.5, 2.0)
"""Of an execution."""
PAINTED = 30.0
"""Seconds within which a screen must show rows; three of them start at once on a busy machine."""
AFTERWARDS = 60.0
"""Seconds that the batch has to end in, once its rows are done."""

End = Literal["left", "killed", "closed", "ended"]
"""How a visit ends: by `q`, SIGKILL, the window's closing, SIGTERM."""

_DETACH = "Detach"
_DOWN, _UP, _PAGE_DOWN, _ESCAPE = "\x1b[B", "\x1b[A", "\x1b[6~", "\x1b"
_KEYS: Sequence[Sequence[str]] = (
    (_DOWN, _DOWN, " "),
    (_PAGE_DOWN, _UP),
    ("/", "标题1", "\r", _ESCAPE),
    ("t", "t"),
    ("\r", _DOWN, _ESCAPE),
    ("l", _ESCAPE),
    ("?", _ESCAPE),
    ("+", "-"),
    ("3", "1"),
    ("a",),
    ("e",),
)
"""What is typed, key by key. Nothing here pays for anything or stops anything."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One screen, as the seed wants it."""

    waits: bool
    """Whether it is looked at, and given keys, before it ends; else it ends while it starts."""
    after: float
    """Seconds until it ends."""
    keys: tuple[Sequence[str], ...]
    stopped: float
    """Seconds for which it is stopped (SIGSTOP) before its end; 0: it is not."""
    end: End


def draw(rng: random.Random) -> Visit:
    return Visit(
        waits=rng.random() < 0.75,
        after=rng.uniform(0.0, 1.5),
        keys=tuple(rng.choices(_KEYS, k=rng.randrange(4))),
        stopped=rng.uniform(0.2, 2.5) if rng.random() < 0.3 else 0.0,
        end=rng.choice(get_args(End)),
    )


@dataclass
class Chaos:
    """One batch of `rows` rows, and the screens of one seed."""

    rows: int
    seed: int
    at_once: int = 16
    """Executions in flight."""
    visits: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    """What was violated, a line each."""
    painted: int = 0
    seconds: float = 0.0

    def run(self, folder: Path) -> list[str]:
        """Carry it out in an empty folder; returns what was violated."""
        alone, watched = folder / "alone", folder / "watched"
        for place in (alone, watched):
            place.mkdir()
        expected = self._without_screens(alone)
        with serve_coze(CozeOptions(duration=SECONDS, seed=self.seed)) as coze:
            program = self._program(watched, coze)
            try:
                self._watch(program, coze)
                self.found += violations(program, coze, self.rows, expected)
            finally:
                _end_all(watched)
        return self.found

    def _without_screens(self, folder: Path) -> dict[str, Any]:
        with serve_coze(CozeOptions(duration=0.1, seed=self.seed)) as coze:
            program = self._program(folder, coze)
            done = program.run(*BATCH)
            assert done.code == 0, done.err
            return lasting(program.results())

    def _program(self, folder: Path, coze: RunningCoze) -> Program:
        return Program(folder, coze.url).configure(max_coze_concurrent=self.at_once).tasks(self.rows)

    def _watch(self, program: Program, coze: RunningCoze) -> None:
        begun = time.monotonic()
        done = program.run("--detach", "--config", "c.json", "--tasks", "tasks.json")
        assert done.code == 0, done.err

        def is_over() -> bool:
            return bool(list(program.folder.glob("*_async_results_*.json")))

        lanes = [
            threading.Thread(target=self._lane, args=(program.folder, number, is_over)) for number in range(SCREENS)
        ]
        for lane in lanes:
            lane.start()
        for lane in lanes:
            lane.join()
        _until(is_over, "results", AFTERWARDS, self.found)
        self.seconds = time.monotonic() - begun
        self._last_look(program.folder)
        _until(lambda: not _processes_in(program.folder), "the end of every process", AFTERWARDS, self.found)

    def _lane(self, folder: Path, number: int, is_over: Callable[[], bool]) -> None:
        """One screen after the other, until the batch is over."""
        rng = random.Random(f"{self.seed}-{number}")
        while not is_over():
            visit = draw(rng)
            try:
                with terminal(folder, ("attach",)) as screen:
                    self._visit(screen, visit, is_over)
            except (AssertionError, OSError) as error:
                self.found.append(f"{visit}: {type(error).__name__}: {error}")

    def _visit(self, screen: Terminal, visit: Visit, is_over: Callable[[], bool]) -> None:
        has_painted = visit.waits and screen.until(lambda: "标题" in screen.text(), PAINTED)
        if visit.waits and not has_painted and not is_over():
            self.found.append(f"{visit}: nothing was painted, exit {screen.process.poll()}: {screen.text()[-500:]}")
        self.painted += has_painted
        if has_painted:
            for keys in visit.keys:
                for key in keys:
                    screen.press(key)
                    screen.until(lambda: False, 0.15)  # an escape before another key would be one key with it
        screen.until(lambda: False, visit.after)
        if visit.stopped:
            self.visits["stopped"] += 1
            self._signal(screen, "SIGSTOP")
            time.sleep(visit.stopped)
            self._signal(screen, "SIGCONT")
        self.visits[visit.end] += 1
        self._end(screen, visit, has_painted, is_over)

    def _end(self, screen: Terminal, visit: Visit, has_painted: bool, is_over: Callable[[], bool]) -> None:
        allowed = {0}
        match visit.end:
            case "left" if has_painted:
                leave(screen)
            case "closed":
                screen.close()
                # Before it has its handlers; or before it has begun, where the tests' own process ignores the signal.
                allowed |= {-signal.Signals["SIGHUP"], 130}
            case "ended":
                self._signal(screen, "SIGTERM")
                allowed |= {-signal.Signals["SIGTERM"]}
            case _:
                self._signal(screen, "SIGKILL")
                allowed |= {-signal.Signals["SIGKILL"]}
        try:
            code = screen.process.wait(PAINTED)
        except Exception as error:  # noqa: BLE001 - `TimeoutExpired`: told as what it is
            self.found.append(f"{visit}: the screen does not end: {type(error).__name__}: {screen.text()[-500:]}")
            return
        if code not in allowed and not (code == 2 and is_over()):  # the batch had ended before it came
            self.found.append(f"{visit}: exit {code}: {screen.text()[-500:]}")

    def _signal(self, screen: Terminal, name: str) -> None:
        with suppress(ProcessLookupError):
            screen.process.send_signal(signal.Signals[name])

    def _last_look(self, folder: Path) -> None:
        """A screen that comes at the end sees all of it. The batch waits for those that were killed; by `q`, the last
        one lets it end."""
        if read_place(folder / ".cozebatch") is None:
            return
        with terminal(folder, ("attach",)) as screen:
            whole = f"{self.rows}/{self.rows}"
            if screen.until(lambda: whole in screen.text(), PAINTED):
                screen.press("q")
            elif (folder / ".cozebatch" / FILE_NAME).exists():
                self.found.append(f"the last screen never showed {whole}: {screen.text()[-500:]}")
            code = screen.process.wait(PAINTED)
            if code not in (0, 2):
                self.found.append(f"the last screen: exit {code}")


def leave(screen: Terminal) -> None:
    """Out of whatever the keys have opened, and `q`. A batch that is over asks nothing."""
    for _ in range(3):
        screen.press(_ESCAPE)
        screen.until(lambda: False, 0.2)
    for _ in range(3):
        if screen.ask("q", _DETACH, 5.0):
            screen.press("d")
            return
        if screen.process.poll() is not None:
            return


def violations(program: Program, coze: RunningCoze, rows: int, expected: dict[str, Any]) -> list[str]:
    """What is not as it would be without screens."""
    executions = coze.ledger().executions
    found = []
    if len(executions) != rows:
        found.append(f"{len(executions)} executions for {rows} rows")
    results = program.results()
    for task_id, entry in results["tasks"].items():
        execution = executions.get(entry["execute_id"])
        if execution is None or execution.task != entry["title"] or entry["execute_id"] not in entry["debug_url"]:
            found.append(f"{task_id} has the execution {entry['execute_id']}, which is not its own")
    told = lasting(results)
    for name in expected:
        if told[name] != expected[name]:
            different = [key for key in expected[name] if told[name].get(key) != expected[name][key]]
            found.append(f"{name} is not as without screens: {different[:5]} of {len(different)}")
    if (program.folder / ".cozebatch" / FILE_NAME).exists():
        found.append(f"{FILE_NAME} is left")
    return found


_COUNTED = (
    *("total_tasks", "done", "failed", "held", "cancelled", "skipped", "pending"),
    *("success_rate", "submissions", "retries", "throttled", "tokens", "errors"),
)
_KEPT = ("record_id", "title", "status", "attempts", "tokens", "draft_path", "video_path", "error")


def lasting(results: dict[str, Any]) -> dict[str, Any]:
    """Of a results file, what neither times, ids, ports nor the order of executions change."""
    return {
        "batch": {"schema_version": results["schema_version"], "status": results["status"]},
        "statistics": {name: results["statistics"][name] for name in _COUNTED},
        "tasks": {
            task_id: {name: entry[name] for name in _KEPT}
            | {
                "project_name": entry["project_name"].partition("_")[0],
                "titles": [entry["output"][name] for name in ("shortTitle", "wrapTitle")],
                "captions": [caption["text"] for caption in entry["output"]["captions"]],
                "fields": sorted(entry),
                "outputs": sorted(entry["output"]),
            }
            for task_id, entry in results["tasks"].items()
        },
    }


def _processes_in(folder: Path) -> list[psutil.Process]:
    """Processes that work in this folder, wherever their parents have gone."""
    return [
        process
        for process in psutil.process_iter(["cwd", "status"])
        if process.info["cwd"] == str(folder) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def _end_all(folder: Path) -> None:
    for process in _processes_in(folder):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _until(happened: Callable[[], bool], what: str, seconds: float, found: list[str]) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > deadline:
            found.append(f"never came: {what}")
            return
        time.sleep(0.05)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    chaos = Chaos(options.rows, options.seed)
    folder = Path(tempfile.mkdtemp(prefix=f"attached-{options.seed}-"))
    found = chaos.run(folder)
    for line in found:
        print(line)
    ends = ", ".join(f"{count} {name}" for name, count in sorted(chaos.visits.items()))
    print(
        f"{options.rows} rows, seed {options.seed}: {chaos.seconds:.0f} s; screens: {chaos.painted} looked at, {ends}; "
        f"{len(found)} violations{f' (everything is in {folder})' if found else ''}"
    )
    return 1 if found else 0


if __name__ == "__main__":
    os.environ.pop("COZE_API_TOKEN", None)
    sys.exit(main())
