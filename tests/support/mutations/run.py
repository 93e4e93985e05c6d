"""Runs kinds of mutations and judges each input: exceptions, time, memory, and what was written where."""

from __future__ import annotations

import argparse
import faulthandler
import multiprocessing
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.mutations.kinds import ALLOWED, Kind, kinds
from support.mutations.mutate import mutated

SECONDS = 1.0
MEGABYTES = 300.0
_AT_ONCE = 2500
_HANGS = 60.0
"""Seconds after which an input that is still being read ends the process, with a traceback."""


@dataclass(slots=True)
class Verdict:
    """What came of a kind's inputs. `slowest` in seconds, `peak` in MB of memory."""

    inputs: int = 0
    refused: int = 0
    slowest: float = 0.0
    peak: float = 0.0
    broken: list[str] = field(default_factory=list)


def judge(name: str, kind: Kind, seeds: Sequence[int], folder: Path) -> Verdict:
    """Give each seed's input to the kind's reader. `folder` must be empty; all reading is done in `folder/own`."""
    verdict = Verdict()
    own = folder / "own"
    own.mkdir()
    (folder / "neighbour").write_bytes(b"not ours")
    for seed in seeds:
        rng = random.Random(f"{name} {seed}")
        data = mutated(rng, kind.samples)
        for left in own.iterdir():
            left.unlink()
        verdict.inputs += 1
        state = rng.getstate()
        took = _read(kind, data, own, rng, seed, verdict)
        if took > SECONDS:  # the machine may have been busy
            rng.setstate(state)
            took = min(took, _read(kind, data, own, rng, seed, Verdict()))
        verdict.slowest = max(verdict.slowest, took)
        if took > SECONDS:
            verdict.broken.append(f"seed {seed}: took {took:.1f} s")
        strays = sorted(path.name for path in folder.iterdir() if path.name not in ("own", "neighbour"))
        if strays or (folder / "neighbour").read_bytes() != b"not ours":
            verdict.broken.append(f"seed {seed}: wrote outside its folder: {strays}")
            break
    verdict.peak = _peak_megabytes()
    if verdict.peak > MEGABYTES:
        verdict.broken.append(f"used {verdict.peak:.0f} MB")
    return verdict


def _read(kind: Kind, data: bytes, own: Path, rng: random.Random, seed: int, verdict: Verdict) -> float:
    """Read it once. The seconds that it took."""
    faulthandler.dump_traceback_later(_HANGS, exit=True)
    began = time.perf_counter()
    try:
        kind.read(data, own, rng)
    except ALLOWED:
        verdict.refused += 1
    except Exception as error:  # noqa: BLE001 - whatever else comes out is what is looked for
        where = traceback.extract_tb(error.__traceback__)[-1]
        verdict.broken.append(f"seed {seed}: {type(error).__name__} in {where.name}: {str(error)[:100]}")
    faulthandler.cancel_dump_traceback_later()
    return time.perf_counter() - began


def _peak_megabytes() -> float:
    """The most memory this process, or one of its children, ever had; 0 where the system does not tell."""
    if sys.platform == "win32":
        return 0.0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(own, children) * unit / 1e6


def _alone(name: str, seeds: Sequence[int], answer: multiprocessing.SimpleQueue[Verdict]) -> None:
    with tempfile.TemporaryDirectory() as samples, tempfile.TemporaryDirectory() as folder:
        answer.put(judge(name, kinds(Path(samples))[name], seeds, Path(folder)))


def run_alone(name: str, seeds: Sequence[int]) -> Verdict:
    """Judge one kind in processes of its own, whose memory is their own: one for each few thousand inputs."""
    whole = Verdict()
    for start in range(0, len(seeds), _AT_ONCE):
        part = _run_some(name, seeds[start : start + _AT_ONCE])
        whole.inputs += part.inputs
        whole.refused += part.refused
        whole.slowest = max(whole.slowest, part.slowest)
        whole.peak = max(whole.peak, part.peak)
        whole.broken += part.broken
    return whole


def _run_some(name: str, seeds: Sequence[int]) -> Verdict:
    context = multiprocessing.get_context("spawn")
    answer: multiprocessing.SimpleQueue[Verdict] = context.SimpleQueue()
    process = context.Process(target=_alone, args=(name, seeds, answer))
    process.start()
    process.join()
    if process.exitcode != 0 or answer.empty():
        return Verdict(broken=[f"its process ended with {process.exitcode}"])
    return answer.get()


def names() -> Sequence[str]:
    with tempfile.TemporaryDirectory() as samples:
        return tuple(kinds(Path(samples)))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m support.mutations")
    parser.add_argument("--count", type=int, default=10_000, help="inputs of each kind")
    parser.add_argument("--first", type=int, default=0, help="first seed")
    parser.add_argument("--kind", action="append", choices=names(), help="only this kind; may be repeated")
    parser.add_argument("--seed", type=int, help="one input of --kind, printed")
    options = parser.parse_args(arguments)
    chosen = options.kind or names()
    if options.seed is not None:
        return _one(chosen[0], options.seed)
    verdicts: Mapping[str, Verdict] = {
        name: _told(name, run_alone(name, range(options.first, options.first + options.count))) for name in chosen
    }
    broken = sum(len(verdict.broken) for verdict in verdicts.values())
    print(f"{sum(v.inputs for v in verdicts.values())} inputs, {broken} violations")
    return 1 if broken else 0


def _told(name: str, verdict: Verdict) -> Verdict:
    print(
        f"{name:<14} {verdict.inputs:>6} inputs, {verdict.refused:>6} refused, slowest {verdict.slowest:.3f} s, "
        f"peak {verdict.peak:.0f} MB, {len(verdict.broken)} violations",
        flush=True,
    )
    for line in verdict.broken[:20]:
        print(f"  {line}")
    return verdict


def _one(name: str, seed: int) -> int:
    with tempfile.TemporaryDirectory() as samples, tempfile.TemporaryDirectory() as folder:
        kind = kinds(Path(samples))[name]
        rng = random.Random(f"{name} {seed}")
        data = mutated(rng, kind.samples)
        print(data[:2000])
        kind.read(data, Path(folder), rng)
    return 0
