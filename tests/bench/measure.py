"""What every bench needs: several runs, the median, the machine's noise, and a table that shows all three."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def with_bytecode() -> None:
    """Let the programs that are measured start as at their users' second start: compiled once and kept, also where the
    environment (PYTHONDONTWRITEBYTECODE) would have every start compile all modules anew."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    everything = "import cozebatch_tui.cli, cozebatch_tui.headless.runner, cozebatch_tui.screen.app, httpcore"
    subprocess.run([sys.executable, "-c", everything], cwd=ROOT, check=True)


@dataclass(frozen=True, slots=True)
class Runs:
    """Figures of several runs of one thing. `noise` is half the spread between the quartiles, over the median."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def noise(self) -> float:
        if len(self.values) < 3 or not self.median:
            return 0.0
        low, _, high = statistics.quantiles(self.values, n=4)
        return (high - low) / 2 / self.median

    def __str__(self) -> str:
        return f"{self.median:.4g} (+-{100 * self.noise:.0f} %, {len(self.values)} runs)"


def repeat(times: int, action: Callable[[], float]) -> Runs:
    return Runs([action() for _ in range(times)])


def wall_of(command: Sequence[str]) -> float:
    """Seconds a command takes, its output thrown away."""
    began = time.perf_counter()
    subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.perf_counter() - began


def child(code: str, *arguments: str) -> str:
    """Run Python code in a process of its own and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True, env=os.environ
    )
    return done.stdout


def table(title: str, rows: Sequence[tuple[str, str, str]]) -> None:
    """Print rows of what, figure, goal."""
    widths = [max(len(row[i]) for row in [("what", "measured", "goal"), *rows]) for i in range(3)]
    print(f"\n{title}")
    for row in [("what", "measured", "goal"), ("-" * widths[0], "-" * widths[1], "-" * widths[2]), *rows]:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
