"""What a seed of the real kills draws: tasks, limit, faults, and when which signal strikes."""

from __future__ import annotations

import random
import signal
import sys
from dataclasses import dataclass
from typing import Literal

from cozebatch.demo.faults import Fault

REQUEST_TIMEOUT = 3.0


@dataclass(frozen=True, slots=True)
class Strike:
    """Signals sent to one start: `after_lines` moves of tasks, or `delay` seconds after the start."""

    numbers: tuple[int, ...]
    delay: float
    after_lines: int | None = None
    gap: float = 0.0
    """Seconds between two signals."""
    screen: bool = False
    """The start has its screen, in a terminal of its own."""
    after_end: bool = False
    """The batch has ended on the screen, and a task was run again, `delay` seconds before the signal."""
    rename: bool = False
    """The task file gets another name before the next start."""

    @property
    def is_abrupt(self) -> bool:
        if sys.platform == "win32":
            raise NotImplementedError
        return signal.SIGKILL in self.numbers or len(self.numbers) > 1

    def __str__(self) -> str:
        names = "+".join(signal.Signals(number).name for number in self.numbers)
        when = f"after {self.after_lines} moves" if self.after_lines else f"after {self.delay:.2f} s"
        where = f"{' on the screen' * self.screen}{' after its end' * self.after_end}{', renamed' * self.rename}"
        return f"{names} {when}{where}"


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
    if sys.platform == "win32":
        raise NotImplementedError
    screen = rng.random() < 0.4
    numbers = rng.choices(
        [(signal.SIGKILL,), (signal.SIGTERM,), (signal.SIGHUP,), (signal.SIGINT,), (signal.SIGINT, signal.SIGINT)],
        weights=[12, 2, 2, 0, 0] if screen else [12, 2, 2, 2, 2],
    )[0]
    after_end = screen and rng.random() < 0.4
    gap = rng.uniform(0.02, 0.5)  # two of the same at the same time would arrive as one
    delay, after_lines = rng.uniform(0.0, 2.0), None
    if after_end:
        delay = rng.uniform(0.0, 1.2)
    elif rng.random() < 0.6:
        delay, after_lines = rng.choice([0.0, rng.uniform(0.0, 0.3)]), rng.randint(1, tasks + 4)
    return Strike(numbers, delay, after_lines, gap, screen, after_end, rename=rng.random() < 0.2)
