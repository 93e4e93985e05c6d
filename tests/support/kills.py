"""Real processes, really killed: the command itself on real SQLite against simulated services over sockets, by seed.

    python -m support.kills --count 200       from `tests/`: scenarios until so many kills were done
    python -m support.kills --seed 17         one scenario again, told start by start

A seed draws the scenario: tasks, limit, faults, and when which signal strikes. The machine's own timing decides the
rest, so a replay meets the same plan, not the same microsecond. What must hold is in `kill_checks`.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.kill_checks import Start, World, last_status, violations
from support.kill_plans import Plan, Strike, draw
from support.kill_screen import Terminal, terminal
from support.kill_world import world

HANGS = 90.0
"""Seconds after which a start that should have ended has hung."""

DOWN = "\x1b[B"


@dataclass
class Scenario:
    """One plan carried out."""

    plan: Plan
    talk: bool = False
    starts: list[Start] = field(default_factory=list)
    executions: int = 0
    tasks_file: str = "tasks.json"

    @property
    def kills(self) -> int:
        return sum(start.signalled is not None for start in self.starts)

    @property
    def kinds(self) -> Counter[str]:
        """How many kills of each kind."""
        struck = [s for s, start in zip(self.plan.strikes, self.starts, strict=False) if start.signalled is not None]
        return Counter(
            screen=sum(s.screen for s in struck),
            after_end=sum(s.after_end for s in struck),
            renamed=sum(s.rename and self.plan.source == "file" for s in struck),
        )

    def run(self, folder: Path) -> list[str]:
        """What was violated, a line each."""
        self._say(str(self.plan))
        with world(self.plan, folder) as place:
            for strike in (*self.plan.strikes, None):
                on_screen = strike is not None and strike.screen
                start = self._start_on_screen(place, strike) if strike and on_screen else self._start(place, strike)
                place.starts.append(start)
                self.starts.append(start)
                self._say(f"{strike or 'to its end'}: exit {start.code} after {start.ended - start.began:.1f} s")
                if start.hung or (last_status(folder) == "finished" and not on_screen):
                    break
                place.later += last_status(folder) == "finished"
                if strike is not None and strike.rename and self.plan.source == "file":
                    self._rename(place)
            self.executions = len(place.coze.ledger().executions)
            found = violations(place)
            if self.talk:
                print(f"  at the end: {dict(Counter(entry['status'] for entry in place.results().values()))}")
            return found

    def _start(self, place: World, strike: Strike | None) -> Start:
        options = ("--no-ui", *self._batch())
        start = Start(time.monotonic(), abrupt=strike is not None and strike.is_abrupt)
        with place.program.start(*options, "--json") as process:
            assert process.stdout is not None
            assert process.stderr is not None
            errors: list[str] = []
            reader = threading.Thread(target=lambda stream: errors.extend(stream), args=(process.stderr,))
            reader.start()
            guard = threading.Timer(HANGS, _give_up, (process, start))
            guard.start()
            timer = None
            if strike is not None and strike.after_lines is None:
                timer = threading.Timer(strike.delay, _send, (process, strike, start))
                timer.start()
            moves = 0
            for line in process.stdout:
                start.lines.append(line)
                moves += '"task_state"' in line
                if strike is not None and moves == strike.after_lines and timer is None:
                    timer = threading.Timer(strike.delay, _send, (process, strike, start))
                    timer.start()
            start.code = process.wait()
            start.ended = time.monotonic()
            for waiting in (timer, guard):
                if waiting is not None:
                    waiting.cancel()
                    waiting.join()
            reader.join()
            start.errors = "".join(errors)
        return start

    def _start_on_screen(self, place: World, strike: Strike) -> Start:
        start = Start(time.monotonic(), abrupt=strike.is_abrupt, screen=True)
        before = len(place.witness.submissions())
        with terminal(place.program.folder, (*self._batch(), "--yes")) as screen:
            if strike.after_end:
                if screen.until(lambda: _is_finished(place.program.folder), HANGS / 2):
                    self._run_one_again(place, screen, start)
            elif strike.after_lines is not None:
                wanted = before + strike.after_lines
                screen.until(lambda: len(place.witness.submissions()) >= wanted, 20.0)
            time.sleep(strike.delay)
            _send(screen.process, strike, start)
            try:
                start.code = screen.process.wait(HANGS / 2)
            except subprocess.TimeoutExpired:
                start.hung = True
            start.ended = time.monotonic()
            start.errors = screen.tail()
        return start

    def _run_one_again(self, place: World, screen: Terminal, start: Start) -> None:
        """Move to some task, ask for another execution of it, and say yes."""
        screen.press(DOWN * random.Random(self.plan.seed).randrange(4))
        if not screen.ask("x", "Each one is charged by Coze again"):
            return
        place.reruns, start.rerun = place.reruns + 1, time.monotonic()
        screen.press("y")

    def _batch(self) -> tuple[str, ...]:
        config = ("--config", "c.json")
        return config if self.plan.source != "file" else (*config, "--tasks", self.tasks_file)

    def _rename(self, place: World) -> None:
        name = f"renamed-{len(self.starts)}.json"
        (place.program.folder / self.tasks_file).rename(place.program.folder / name)
        self.tasks_file = name
        place.later += 1

    def _say(self, text: str) -> None:
        if self.talk:
            print(f"  {text}", flush=True)


def _is_finished(folder: Path) -> bool:
    """Whether the newest run has ended, as far as a journal tells that is being written."""
    try:
        return last_status(folder) == "finished"
    except (sqlite3.Error, OSError):
        return False


def _send(process: subprocess.Popen[str] | subprocess.Popen[bytes], strike: Strike, start: Start) -> None:
    for number in strike.numbers:
        if process.poll() is not None:
            return
        if start.signalled is None:
            start.number, start.ready = number, _catches(process.pid, signal.SIGTERM)
            start.signalled = time.monotonic()
        process.send_signal(number)
        if len(strike.numbers) > 1:
            time.sleep(strike.gap)


def _catches(pid: int, number: int) -> bool:
    """Whether the process has a handler of its own for this signal by now."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    mask = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(mask.split()[1], 16) & (1 << (number - 1)))


def _give_up(process: subprocess.Popen[str], start: Start) -> None:
    start.hung = True
    process.kill()


@contextmanager
def signals_as_usual() -> Iterator[None]:
    """For children: whoever runs this in the background may have had signals ignored, which they would inherit."""
    if sys.platform == "win32":
        raise NotImplementedError
    before = {
        number: signal.signal(number, signal.SIG_DFL) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def scenario(seed: int, *, talk: bool = False) -> tuple[Scenario, list[str]]:
    """Carry out one seed in a folder of its own, which is kept when something was violated. From the main thread."""
    folder = Path(tempfile.mkdtemp(prefix=f"kills-{seed}-"))
    done = Scenario(draw(seed), talk)
    with signals_as_usual():
        found = done.run(folder)
    if found:
        found.append(f"everything is in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return done, found


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="kills to be done")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--seed", type=int, help="one scenario, told start by start")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    kills = executions = scenarios = 0
    broken: list[int] = []
    kinds: Counter[str] = Counter()
    seed = options.first if options.seed is None else options.seed
    while True:
        done, found = scenario(seed, talk=options.seed is not None)
        kills, executions, scenarios = kills + done.kills, executions + done.executions, scenarios + 1
        kinds += done.kinds
        if found:
            broken.append(seed)
            print(f"seed {seed}: replay with: python -m support.kills --seed {seed}")
            print("\n".join(f"  {line}" for line in found))
        if options.seed is not None or kills >= options.count:
            break
        print(f"{kills} of {options.count} kills, seed {seed}", file=sys.stderr, flush=True)
        seed += 1
    minutes = (time.monotonic() - began) / 60
    print(
        f"{kills} kills ({kinds['screen']} with the screen open, {kinds['after_end']} of them after the end, "
        f"{kinds['renamed']} before a renaming) in {scenarios} scenarios, {executions} executions, "
        f"{len(broken)} violations{f' (seeds {broken})' if broken else ''}, {kills / minutes:.0f} kills a minute"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    os.environ.pop("COZE_API_TOKEN", None)
    os.environ.pop("FEISHU_APP_SECRET", None)
    sys.exit(main())
