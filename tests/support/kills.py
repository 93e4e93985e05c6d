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
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import SimulatedCoze
from cozebatch.demo.environment import demo_configuration
from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT
from cozebatch.demo.serving import serve
from support.feishu_support import big_table
from support.kill_checks import RUNNING, Start, World, last_status, violations
from support.program import BATCH, Program
from support.witness import witnessed

HANGS = 90.0
"""Seconds after which a start that should have ended has hung."""

REQUEST_TIMEOUT = 3.0

FILM = """\
import json, sys, time, zlib
job = json.load(sys.stdin)
number = zlib.crc32(job["task"]["task_id"].encode())
time.sleep(number % 8 / 10)
if number % 9 == 0:
    sys.exit("no film of this one")
with open("film.txt", "w") as film:
    film.write(job["output"]["videoUrl"])
print(json.dumps({"video_path": "film.txt"}))
"""


@dataclass(frozen=True, slots=True)
class Strike:
    """Signals sent to one start: `after_lines` moves of tasks, or `delay` seconds after the start."""

    numbers: tuple[int, ...]
    delay: float
    after_lines: int | None = None
    gap: float = 0.0
    """Seconds between two signals."""

    @property
    def is_abrupt(self) -> bool:
        return signal.SIGKILL in self.numbers or len(self.numbers) > 1

    def __str__(self) -> str:
        names = "+".join(signal.Signals(number).name for number in self.numbers)
        return f"{names} {f'after {self.after_lines} moves' if self.after_lines else f'after {self.delay:.2f} s'}"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a seed draws."""

    seed: int
    tasks: int
    limit: int
    max_retries: int
    duration: tuple[float, float]
    concurrency: int | None
    faults: tuple[Fault, ...]
    source: Literal["file", "table", "claimed table"]
    films: bool
    strikes: tuple[Strike, ...]

    def __str__(self) -> str:
        faults = ", ".join(f"{f.what} {f.on} {f.share:.2f} {f.seconds or ''}".rstrip() for f in self.faults)
        return (
            f"{self.tasks} tasks of a {self.source}, limit {self.limit}, max_retries {self.max_retries}, "
            f"executions of {self.duration[0]:.1f}-{self.duration[1]:.1f} s, {'films' if self.films else 'no films'}, "
            f"account allows {self.concurrency or 'any'}; faults: {faults or 'none'}"
        )


def draw(seed: int) -> Plan:
    rng = random.Random(seed)
    source: Literal["file", "table", "claimed table"] = "file"
    if rng.random() < 1 / 3:
        source = "claimed table" if rng.random() < 0.3 else "table"
    tasks, limit = rng.randint(6, 16), rng.randint(1, 6)
    if source == "claimed table":  # each claim waits for other operators, 3 s long
        tasks, limit = 6, 6
    slowest = rng.uniform(0.3, 1.2)
    return Plan(
        seed=seed,
        tasks=tasks,
        limit=limit,
        max_retries=rng.randint(0, 2),
        duration=(0.1, slowest),
        concurrency=rng.choice([None, None, max(1, limit - 1)]),
        faults=_faults(rng),
        source=source,
        films=rng.random() < 0.3,
        strikes=tuple(_strike(rng, tasks) for _ in range(rng.randint(2, 7))),
    )


def _faults(rng: random.Random) -> tuple[Fault, ...]:
    possible = (
        Fault(what="cut_after", on="submit", share=rng.uniform(0.03, 0.2)),
        Fault(what="cut_before", on="submit", share=rng.uniform(0.03, 0.1)),
        Fault(what="short", on="submit", share=0.05),
        Fault(what="late", on="submit", seconds=rng.choice([0.3, 1.0, 2.5]), share=rng.uniform(0.1, 0.5)),
        Fault(what="late", on="submit", seconds=REQUEST_TIMEOUT + 1, share=0.05),
        Fault(what="status", on="submit", status=503, share=0.05),
        Fault(what="status", on="submit", status=429, code=4020, retry_after=0.3, share=0.1),
        Fault(what="cut_before", on="look", share=0.1),
        Fault(what="fail", code=5000, message="node failed", share=rng.uniform(0.05, 0.3)),
    )
    return tuple(fault for fault in possible if rng.random() < 0.35)


def _strike(rng: random.Random, tasks: int) -> Strike:
    numbers = rng.choices(
        [(signal.SIGKILL,), (signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGINT,), (signal.SIGINT, signal.SIGINT)],
        weights=[12, 2, 2, 2, 2],
    )[0]
    gap = rng.uniform(0.02, 0.5)  # two of the same at the same time would arrive as one
    if rng.random() < 0.6:
        return Strike(numbers, rng.choice([0.0, rng.uniform(0.0, 0.3)]), rng.randint(1, tasks + 4), gap)
    return Strike(numbers, rng.uniform(0.0, 2.0), None, gap)


@contextmanager
def world(plan: Plan, folder: Path) -> Iterator[World]:
    """The services and the program's folder for one scenario."""
    options = CozeOptions(duration=plan.duration, concurrency=plan.concurrency, retry_after=0.2, seed=plan.seed)
    coze = SimulatedCoze(options, plan.faults)
    with ExitStack() as stack:
        url, witness = stack.enter_context(witnessed(coze))
        program = Program(folder, url)
        feishu: SimulatedFeishu | None = None
        workflow: dict[str, object] = {
            "max_coze_concurrent": plan.limit,
            "max_retries": plan.max_retries,
            "coze_config": {"request_timeout": REQUEST_TIMEOUT},
        }
        if plan.films:
            (folder / "film.py").write_text(FILM, encoding="utf-8")
            outputs = {"audio": None}
            workflow["coze_config"] = {"request_timeout": REQUEST_TIMEOUT, "outputs": outputs}
            workflow["synthesis"] = {"mode": "command", "command": [sys.executable, str(folder / "film.py")]}
        if plan.source == "file":
            program.tasks(plan.tasks)
            titles = {f"t{n}": f"标题{n}号" for n in range(1, plan.tasks + 1)}
        else:
            feishu = SimulatedFeishu([big_table(plan.tasks)], latency=0.01, seed=plan.seed)
            feishu.strike(FeishuFault(on="write", code=1254291, times=None, share=0.2))
            content = {"table_id": CONTENT}
            if plan.source == "claimed table":
                content["status_values"] = {"running": RUNNING}  # type: ignore[assignment]
            api = demo_configuration(url, stack.enter_context(serve(feishu)))["api_config"]
            program.settings = {"api_config": api, "tables": {"content_table": content}}
            titles = {f"rec{n:05d}": f"标题{n}" for n in range(plan.tasks)}
        program.configure(**workflow)
        yield World(coze, witness, feishu, program, titles, plan.limit, plan.max_retries, REQUEST_TIMEOUT)


@dataclass
class Scenario:
    """One plan carried out."""

    plan: Plan
    talk: bool = False
    starts: list[Start] = field(default_factory=list)
    executions: int = 0

    @property
    def kills(self) -> int:
        return sum(start.signalled is not None for start in self.starts)

    def run(self, folder: Path) -> list[str]:
        """What was violated, a line each."""
        self._say(str(self.plan))
        with world(self.plan, folder) as place:
            for strike in (*self.plan.strikes, None):
                start = self._start(place, strike)
                place.starts.append(start)
                self.starts.append(start)
                self._say(f"{strike or 'to its end'}: exit {start.code} after {start.ended - start.began:.1f} s")
                if start.hung or last_status(folder) == "finished":
                    break
            self.executions = len(place.coze.ledger().executions)
            found = violations(place)
            if self.talk:
                print(f"  at the end: {dict(Counter(entry['status'] for entry in place.results().values()))}")
            return found

    def _start(self, place: World, strike: Strike | None) -> Start:
        options = BATCH if self.plan.source == "file" else BATCH[:3]
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

    def _say(self, text: str) -> None:
        if self.talk:
            print(f"  {text}", flush=True)


def _send(process: subprocess.Popen[str], strike: Strike, start: Start) -> None:
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
    seed = options.first if options.seed is None else options.seed
    while True:
        done, found = scenario(seed, talk=options.seed is not None)
        kills, executions, scenarios = kills + done.kills, executions + done.executions, scenarios + 1
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
        f"{kills} kills in {scenarios} scenarios, {executions} executions, {len(broken)} violations"
        f"{f' (seeds {broken})' if broken else ''}, {kills / minutes:.0f} kills a minute"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    os.environ.pop("COZE_API_TOKEN", None)
    os.environ.pop("FEISHU_APP_SECRET", None)
    sys.exit(main())
