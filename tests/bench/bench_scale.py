"""What binds at 1, 10 and 100 accounts: the figures of docs/scale.md, in virtual time, and the size of the journal.

Executions last 300 +- 25 s, as in the guide's example, and their durations are known; films take 60 s. Figures are rows
a day at the pace of the whole run.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import anyio
import trio.testing

from cozebatch.engine.options import Options
from cozebatch.journal.sqlite import FILE_NAME, open_journal
from cozebatch.model.rows import Row
from cozebatch.model.task import State, Task
from cozebatch.policy.polling import HistoryPacing
from cozebatch.ports import Execution, PutExecution, PutOutput, PutRow, PutRun, RunRecord
from measure import table
from scale_world import CountingCoze, Table, Writer, steady
from support.fakes import FakeSynthesizer, World, tasks

DAY = 86400.0
COZE, SPREAD, FILM = 300.0, 25.0, 60.0
MANY = 10**6
"""More than ever bind."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One or more batches side by side. `seconds`: until the last of them ended."""

    seconds: float
    rows: int
    coze: Sequence[CountingCoze]
    table: Table
    lost_claims: int = 0

    @property
    def a_day(self) -> float:
        return self.rows / self.seconds * DAY

    @property
    def requests_a_row(self) -> float:
        return sum(sum(coze.requests.values()) for coze in self.coze) / self.rows


def durations(seed: int, mean: float = COZE, spread: float = SPREAD) -> Callable[[str], float]:
    rng = random.Random(seed)
    known = [max(1.0, rng.gauss(mean, spread)) for _ in range(20_000)]
    return lambda task_id: known[int(task_id[1:])]


def side_by_side(
    parts: Sequence[Sequence[Task]],
    options: Options,
    *,
    mean: float = COZE,
    spread: float = SPREAD,
    film: float | None = None,
    claiming: bool = False,
) -> Ran:
    """Run a batch for each part, all on one table, each with an account and a state folder of its own."""
    shared = Table()
    services = [CountingCoze(duration=durations(n, mean, spread)) for n in range(len(parts))]
    writers = [Writer(table=shared, claiming=claiming) for _ in parts]
    rng = random.Random(1)
    history = [max(1.0, rng.gauss(mean, spread)) for _ in range(200)]
    worlds = [
        World(
            coze=coze,
            synthesizer=None if film is None else FakeSynthesizer(film),
            table=writer,
            options=replace(options, seed=n, gauge_interval=10.0),
            pacing=HistoryPacing(30, history),
        )
        for n, (coze, writer) in enumerate(zip(services, writers, strict=True))
    ]
    done: list[int] = []

    async def main() -> float:
        async def one(world: World, part: Sequence[Task]) -> None:
            done.append((await world.run(part)).statistics.done)

        began = anyio.current_time()
        async with anyio.create_task_group() as group:
            for world, part in zip(worlds, parts, strict=True):
                group.start_soon(one, world, part)
        return anyio.current_time() - began

    clock = trio.testing.MockClock(autojump_threshold=0)
    seconds = anyio.run(main, backend="trio", backend_options={"clock": clock})
    paid = [e.task_id for coze in services for e in coze.executions.values()]
    wanted = {task.task_id for part in parts for task in part}
    assert sorted(paid) == sorted(wanted), "a row was paid for twice, or not at all"
    assert sum(done) == len(wanted)
    return Ran(seconds, len(wanted), services, shared, sum(writer.lost for writer in writers))


def one_account() -> None:
    rows = []
    for slots, count in ((16, 96), (200, 800)):
        ran = side_by_side([tasks(count)], Options(max_coze=slots, max_synthesis=MANY))
        best = slots * DAY / COZE
        rows.append(
            (
                f"{slots} executions at once, no films",
                f"{ran.a_day:,.0f} rows a day  ({ran.a_day / best:.2f} of {best:,.0f})",
                "executions at once",
            )
        )
        rows.append(
            (
                "  requests",
                f"{ran.requests_a_row:.1f} a row, {steady(ran.coze[0].requests):.1f} a second, "
                f"{max(ran.coze[0].requests.values())} in the busiest",
                "",
            )
        )
        rows.append(
            ("  write-backs", f"{ran.table.records / ran.table.calls:.1f} records a call, {ran.table.calls} calls", "")
        )
    for slots, count, workers in ((200, 400, 4), (200, 400, 40)):
        ran = side_by_side([tasks(count)], Options(max_coze=slots, max_synthesis=workers), film=FILM)
        executions, films = slots * DAY / COZE, workers * DAY / FILM
        rows.append(
            (
                f"{slots} executions at once, {workers} films at once",
                f"{ran.a_day:,.0f} rows a day  (executions {executions:,.0f}, films {films:,.0f})",
                "executions at once" if executions < films else "films",
            )
        )
    table(
        "One account, executions of 300 +- 25 s, films of 60 s", [(what, got, f"binds: {b}") for what, got, b in rows]
    )


def request_budget() -> None:
    rows = []
    for rate in (20.0, 50.0, 100.0, 200.0, 500.0):
        options = Options(max_coze=200, max_synthesis=MANY, request_rate=rate)
        ran = side_by_side([tasks(600)], options, mean=20.0, spread=2.0)
        most = max(ran.coze[0].requests.values())
        rows.append(
            (
                f"{rate:.0f} requests a second",
                f"{ran.a_day / DAY:.1f} rows a second, {ran.requests_a_row:.1f} requests a row, {most} in the busiest "
                f"second, {ran.coze[0].at_once} executions at once",
                f"{rate * 1.2:.0f} at most",
            )
        )
    table("Short executions (20 +- 2 s), 200 at once: the budget of requests", rows)


def accounts() -> None:
    """Each account has a batch of its own, over its own part of one table."""
    rows = []
    for number, slots, each in ((1, 16, 96), (10, 16, 48), (100, 16, 32)):
        all_tasks = tasks(number * each)
        parts = [all_tasks[n * each : (n + 1) * each] for n in range(number)]
        ran = side_by_side(parts, Options(max_coze=slots, max_synthesis=MANY))
        t = ran.table
        rows.append(
            (
                f"{number} x {slots} executions at once",
                f"{ran.a_day:,.0f} rows a day; table busy {100 * t.busy / ran.seconds:.1f} %, "
                f"{t.records / (t.calls - t.conflicts):.1f} records a call, {t.conflicts} of {t.calls} refused",
                f"{number * slots * DAY / COZE:,.0f}",
            )
        )
    table("Accounts side by side, a part of one table each; one writer a table", rows)


def claims() -> None:
    """All batches see all rows, and claim each before it is paid for."""
    rows = []
    for number in (1, 2, 4, 8):
        ran = side_by_side([tasks(192)] * number, Options(max_coze=16, max_synthesis=MANY), claiming=True)
        best = number * 16 * DAY / COZE
        rows.append(
            (
                f"{number} batches of 16 on the same 192 rows",
                f"{ran.a_day:,.0f} rows a day  ({ran.a_day / best:.2f} of {best:,.0f}); {ran.lost_claims} claims lost, "
                "none paid twice",
                "-",
            )
        )
    table("Several state folders on one table, with claims", rows)


def journal(count: int = 2000) -> None:
    """The journal on disk, of rows with a script of 600 characters and an output of 1,500."""
    output = json.dumps({"Output": json.dumps({"videoUrl": "https://example.invalid/" + "a" * 1400})})
    all_tasks = [replace(task, content="文" * 600) for task in tasks(count)]
    run = RunRecord("run1", "key", "file", "w", started_at=100.0)

    async def write(path: Path) -> None:
        async with open_journal(path) as kept:
            entries = [(task, Row(task.task_id, n, title=task.title)) for n, task in enumerate(all_tasks)]
            await kept.begin(run, entries)
            for task, row in entries:
                sent = {"content": task.content, "title": task.title}
                execution = Execution(task.task_id, 1, "sent", 1.0, parameters=sent, digest="0" * 64)
                done = replace(execution, status="succeeded", execute_id=f"{int(task.task_id[1:]):019d}", seconds=300.0)
                ended = replace(row, state=State.DONE, execute_id=done.execute_id, has_output=True, attempts=1)
                await kept.write(PutRow(row), PutExecution(execution), PutRun(run))
                assert done.execute_id is not None
                await kept.write(PutRow(ended), PutExecution(done), PutOutput(done.execute_id, output), PutRun(run))

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / FILE_NAME
        anyio.run(write, path)
        size = sum(file.stat().st_size for file in Path(name).iterdir())
    table(
        "The journal",
        [
            ("a row, KB", f"{size / count / 1000:.1f}", "-"),
            ("1,000,000 rows a day, GB a day", f"{size / count * 1e6 / 1e9:.1f}", "-"),
        ],
    )


def a_million() -> None:
    rows = 1e6
    table(
        "A million rows a day (arithmetic)",
        [
            ("rows a second", f"{rows / DAY:.1f}", "-"),
            ("executions of 300 s at once", f"{rows * COZE / DAY:,.0f}", "-"),
            (
                "  accounts of 16, 35, 200 at once",
                ", ".join(f"{rows * COZE / DAY / n:,.0f}" for n in (16, 35, 200)),
                "-",
            ),
            ("films of 60 s at once", f"{rows * FILM / DAY:,.0f}", "-"),
            ("calls a second to one table, 200 records each", f"{rows / DAY / 200:.2f}", "<= 50"),
        ],
    )


def main() -> None:
    one_account()
    request_budget()
    accounts()
    claims()
    journal()
    a_million()


if __name__ == "__main__":
    main()
