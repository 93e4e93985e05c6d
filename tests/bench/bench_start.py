"""What it costs to start: `--help` over a bare Python, and the heaviest imports of a headless run."""

from __future__ import annotations

import sys

from measure import Runs, table, wall_of

RUNS = 9


def main() -> None:
    bare: list[float] = []
    help_: list[float] = []
    check: list[float] = []
    for _ in range(RUNS):  # in turn, so that the machine's moods strike all alike
        bare.append(wall_of([sys.executable, "-c", "pass"]))
        help_.append(wall_of([sys.executable, "-m", "cozebatch_tui.cli", "--help"]))
        check.append(wall_of([sys.executable, "-c", "import cozebatch_tui.headless.runner"]))
    base = Runs(bare)
    over = Runs([h - base.median for h in help_])
    imports = Runs([c - base.median for c in check])
    table(
        "Start",
        [
            ("bare Python, s", str(base), "-"),
            ("--help over bare Python, s", str(over), "<= 0.25"),
            ("a headless run's imports over bare Python, s", str(imports), "<= 0.45"),
        ],
    )


if __name__ == "__main__":
    main()
