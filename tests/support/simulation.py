"""Whole lives of batches in virtual time, by seed: many schedules, or one told step by step (see `simulated`).

python -m support.simulation --count 10000        from `tests/`: many schedules, how many a second
python -m support.simulation --seed 4711          one schedule again, told step by step
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Sequence

from support.simulated.judge import Violation
from support.simulated.schedule import simulate
from support.simulated.swarm import Fault


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, help="one schedule, told step by step")
    parser.add_argument("--first", type=int, default=0, help="first seed of many")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--without", type=Fault, nargs="*", default=(), help="kinds of faults to leave out")
    parser.add_argument("--skip", type=int, nargs="*", default=(), help="seeds to leave out")
    parser.add_argument("--until-broken", action="store_true", help="stop at the first violation")
    options = parser.parse_args(arguments)
    if options.seed is not None:
        try:
            simulate(options.seed, talk=True, without=frozenset(options.without))
        except Violation as violation:
            print(f"VIOLATED: {violation}")
            return 1
        return 0
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)  # a schedule leaves little to collect
    began = time.perf_counter()
    broken = []
    executions = crashes = schedules = 0
    for seed in range(options.first, options.first + options.count):
        if seed in options.skip:
            continue
        schedules += 1
        try:
            done = simulate(seed, without=frozenset(options.without))
        except Exception as error:  # noqa: BLE001 - whatever it was, its seed is what matters
            broken.append(seed)
            print(f"seed {seed}: {error!r}"[:600], flush=True)
            if options.until_broken:
                break
        else:
            executions += len(done.judge.executions)
            crashes += done.crashes
    seconds = time.perf_counter() - began
    print(
        f"{schedules} schedules, {executions} executions, {crashes} crashes, {len(broken)} violations, "
        f"{schedules / seconds:.0f} schedules a second"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
