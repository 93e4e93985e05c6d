"""All benches with one command: `uv run python tests/bench`; or those named behind it, as `start schedule`.

Each in a process of its own: on Linux a child's peak memory begins with its parent's, so a bench that follows another
would measure that one too.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

from measure import with_bytecode

HERE = Path(__file__).resolve().parent
BENCHES = (
    "start",
    "schedule",
    "throughput",
    "screen",
    "recovery",
    "record",
    "journal",
    "scale",
    "synthesis",
    "cluster",
)


def run(name: str) -> None:
    """Run one bench here."""
    with_bytecode()
    main = importlib.import_module(f"bench_{name}").main
    if name == "synthesis":
        import anyio

        anyio.run(main, 3, 15.0)
    else:
        main()


if __name__ == "__main__":
    sys.path[:0] = [str(HERE), str(HERE.parent)]
    wanted = sys.argv[1:] or BENCHES
    for bench in wanted:
        if bench not in BENCHES:
            sys.exit(f"{bench}: one of {' '.join(BENCHES)}")
    if len(wanted) == 1:
        run(wanted[0])
        sys.exit()
    failed = [bench for bench in wanted if subprocess.run([sys.executable, os.fspath(HERE), bench]).returncode]
    if failed:
        sys.exit(f"failed: {' '.join(failed)}")
