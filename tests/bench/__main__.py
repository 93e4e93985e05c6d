"""All benches with one command: `uv run python tests/bench`, or those named: `uv run python tests/bench start schedule`."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import bench_schedule  # noqa: E402
import bench_screen  # noqa: E402
import bench_start  # noqa: E402
import bench_throughput  # noqa: E402

BENCHES = {
    "start": bench_start.main,
    "schedule": bench_schedule.main,
    "throughput": bench_throughput.main,
    "screen": bench_screen.main,
}


def synthesis() -> None:
    import bench_synthesis

    bench_synthesis.main([])


if __name__ == "__main__":
    wanted = sys.argv[1:] or [*BENCHES, "synthesis"]
    for name in wanted:
        (synthesis if name == "synthesis" else BENCHES[name])()
