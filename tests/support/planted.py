"""Plants faults into a copy of the library, one at a time: does the simulation, or the quick tier, notice each?

    python -m support.planted                      from `tests/`: all of them
    python -m support.planted --sample 3 --seed 7  some, drawn by the seed
    python -m support.planted --only "no limit"

Prints a table of faults and of what noticed them. Exit 1 when one was missed, 2 when one could not be planted.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from support.planted_fault import Planted
from support.planted_faults import FAULTS

TESTS = Path(__file__).parents[1]
LIBRARY = TESTS.parent / "core"
SCHEDULES = 700
"""Simulated schedules for each fault, at most."""

PATIENCE = 240.0
"""Seconds for either check, at least; a fault may make it hang, which is noticed too."""
SLOWER = 4.0
"""So much longer than without a fault either check may take: on a busy machine slow is not hung."""
FIRST_PATIENCE = 3600.0
"""Seconds for either check without a fault."""


class CannotPlant(ValueError):
    """The text that a fault is to take the place of is not there, or not once."""


def plant(fault: Planted, library: Path) -> None:
    """Change the copy of the library at `library`. Raises `CannotPlant`."""
    path = library / "cozebatch" / fault.file
    source = path.read_text(encoding="utf-8") if path.exists() else ""
    found = source.count(fault.old)
    if found != 1:
        raise CannotPlant(f"{fault.name}: its text is {found} times in {fault.file}")
    path.write_text(source.replace(fault.old, fault.new), encoding="utf-8")


def broken_without() -> tuple[list[int], float]:
    """Seeds that are broken although nothing is planted: they notice nothing. And the seconds that all took."""
    began = time.monotonic()
    _, out = _run(["-m", "support.simulation", "--count", str(SCHEDULES)], LIBRARY, FIRST_PATIENCE)
    seeds = [int(seed) for seed in re.findall(r"^seed (\d+): ", out, re.MULTILINE)]
    return seeds, time.monotonic() - began


def check(fault: Planted, skip: Sequence[int] = (), patience: float = PATIENCE) -> str | None:
    """What noticed the fault, the seeds to `skip` aside; None if nothing did. Raises `CannotPlant`. `patience`: seconds
    for either check."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "core"
        shutil.copytree(LIBRARY, library, ignore=shutil.ignore_patterns("__pycache__"))
        plant(fault, library)
        return _by_simulation(library, skip, patience) or _by_tests(library, patience)


def _by_simulation(library: Path, skip: Sequence[int], patience: float) -> str | None:
    command = ["-m", "support.simulation", "--count", str(SCHEDULES), "--until-broken"]
    command += ["--skip", *map(str, skip)] if skip else []
    code, out = _run(command, library, patience)
    if code == 0:
        return None
    seed = re.search(r"^seed (\d+): (.*)", out, re.MULTILINE)
    return f"simulation, seed {seed[1]}: {seed[2]}" if seed else f"simulation: {out.strip()[-200:]}"


def _by_tests(library: Path, patience: float) -> str | None:
    code, out = _run(["-m", "pytest", "-q", "-x", "-m", "quick", "-n", "0", "--no-header"], library, patience)
    if code == 0:
        return None
    failed = re.search(r"^FAILED (\S+)", out, re.MULTILINE)
    return f"quick tier: {failed[1] if failed else out.strip()[-200:]}"


def _run(arguments: Sequence[str], library: Path, patience: float) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(library)}
    try:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=TESTS,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=patience,
        )
    except subprocess.TimeoutExpired:
        return 1, f"no end after {patience:.0f} s"
    return done.returncode, done.stdout + done.stderr


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sample", type=int, help="so many of them")
    parser.add_argument("--seed", type=int, default=0, help="draws the sample")
    parser.add_argument("--only", nargs="*", default=(), help="names of faults")
    options = parser.parse_args(arguments)
    faults = [fault for fault in FAULTS if not options.only or fault.name in options.only]
    if options.sample is not None:
        faults = random.Random(options.seed).sample(faults, min(options.sample, len(faults)))
    began = time.monotonic()
    if (failing := _by_tests(LIBRARY, FIRST_PATIENCE)) is not None:
        print(f"the tests fail although nothing is planted: {failing}")
        return 2
    tests_took = time.monotonic() - began
    skip, simulation_took = broken_without()
    patience = max(PATIENCE, SLOWER * max(tests_took, simulation_took))
    if skip:
        print(f"broken although nothing is planted, and left out: seeds {skip}", flush=True)
    missed = rotten = 0
    for fault in faults:
        try:
            noticed = check(fault, skip, patience)
        except CannotPlant as error:
            rotten += 1
            print(f"CANNOT BE PLANTED  {error}", flush=True)
            continue
        missed += noticed is None
        print(
            f"{'MISSED ' if noticed is None else 'noticed'}  {fault.name}: {noticed or fault.breaks}"[:200], flush=True
        )
    print(f"{len(faults)} planted, {len(faults) - missed - rotten} noticed, {missed} missed, {rotten} not planted")
    return 2 if rotten else 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
