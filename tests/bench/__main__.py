"""All benches with one command: `uv run python tests/bench`; or those named behind it, as `start schedule`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import bench_journal  # noqa: E402
import bench_recovery  # noqa: E402
import bench_schedule  # noqa: E402
import bench_screen  # noqa: E402
import bench_start  # noqa: E402
import bench_throughput  # noqa: E402

BENCHES = {
    "start": bench_start.main,
    "schedule": bench_schedule.main,
    "throughput": bench_throughput.main,
    "screen": bench_screen.main,
    "recovery": bench_recovery.main,
    "journal": bench_journal.main,
}


def synthesis() -> None:
    import anyio

    import bench_synthesis

    anyio.run(bench_synthesis.main, 3, 15.0)


if __name__ == "__main__":
    wanted = sys.argv[1:] or [*BENCHES, "synthesis"]
    for name in wanted:
        (synthesis if name == "synthesis" else BENCHES[name])()
