"""State directories of earlier versions open under this one: nothing is lost, and what is decided about them stays.

`tests/fixtures/state/vN` holds a state directory as the version with schema N wrote it; see `make_vN.py` beside it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cozebatch.batch.plan import Planner, RunPlan
from cozebatch.journal.opening import open_to_read
from cozebatch.journal.schema import MIGRATIONS, present_source_key
from cozebatch.journal.sqlite import SqliteJournal, open_journal, read_journal
from cozebatch.model.task import Outcome, Task, parameters_digest
from cozebatch.planning.planned import Action, OperatorOverrides
from cozebatch.planning.selection import Selection
from cozebatch.ports import Recorded

pytestmark = pytest.mark.anyio

STATES = Path(__file__).parents[2] / "fixtures" / "state"
VERSIONS = sorted(STATES.glob("v*"))
AT = 1_795_010_000.0
"""When the new version starts: hours after the old one stopped."""
DECIDED_OTHERWISE = {("v1", "rectold"): "skip"}
"""Failed, and the table was not told yet: never paid for again before it was."""


class Listing:
    """A source that lists these tasks."""

    kind = "file"

    def __init__(self, key: str, tasks: Sequence[Task]) -> None:
        self.key = key
        self._tasks = tasks

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        return self._tasks

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        return {}


async def planned(journal: SqliteJournal, source_key: str, said: dict[str, Any]) -> RunPlan:
    tasks = [Task.from_json(task) for task in said["tasks"]]
    planner = Planner(
        Listing(present_source_key(source_key), tasks),  # type: ignore[arg-type]
        present_source_key(source_key),
        journal,
        OperatorOverrides(),
        Selection(),
        "7500000000000000001",
        lambda task: parameters_digest({"content": task.content, "title": task.title}),
        source_is_authoritative=said["authoritative"],
        with_table=said["authoritative"],
        execution_timeout=86400.0,
        wall=lambda: AT,
    )
    return await planner.plan()


def decisions(version: Path) -> dict[str, Any]:
    said: dict[str, Any] = json.loads((version / "decisions.json").read_text(encoding="utf-8"))
    return said


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(params=VERSIONS, ids=lambda path: path.name)
def version(request: pytest.FixtureRequest) -> Path:
    assert isinstance(request.param, Path)
    return request.param


def test_every_schema_has_its_state_directory() -> None:
    assert [path.name for path in VERSIONS] == [f"v{number}" for number in range(1, len(MIGRATIONS) + 1)]
    for path in VERSIONS:
        with closing(sqlite3.connect(path / "journal.sqlite3")) as db:
            assert f"v{db.execute('PRAGMA user_version').fetchone()[0]}" == path.name


async def test_nothing_is_lost(version: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(version / "journal.sqlite3", tmp_path))
    with closing(sqlite3.connect(version / "journal.sqlite3")) as db:
        tables = ("run", "task", "input", "output", "delivery")
        before = {table: db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables}
        executions = {r[0] for r in db.execute("SELECT execute_id FROM execution WHERE execute_id IS NOT NULL")}
        submissions = db.execute("SELECT count(*) FROM execution").fetchone()[0]
    async with open_journal(path) as journal:
        record = await journal.record()
        for run in await journal.runs():
            assert len(await journal.rows(run.run_id)) > 0
    with closing(sqlite3.connect(path)) as db:
        assert {table: db.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables} == before
    assert {r.execute_id for r in record if r.execute_id} == executions
    assert len(record) == submissions
    assert len({r.key for r in record}) == submissions


async def test_the_same_is_decided(version: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(version / "journal.sqlite3", tmp_path))
    async with open_journal(path) as journal:
        for source_key, said in decisions(version).items():
            plan = await planned(journal, source_key, said)
            wanted = {t: DECIDED_OTHERWISE.get((version.name, t), action) for t, action in said["decided"].items()}
            assert {p.task_id: p.action.value for p in plan.planned} == wanted, source_key
            assert len(plan.owed) == said["owed"]
            in_flight = {r.execute_id for r in await journal.record() if r.status in ("running", "lost")}
            watched = {p.row.execute_id for p in plan.planned if p.action is Action.WATCH}
            assert in_flight == watched | {r.execute_id for r in plan.orphans}, "each holds a slot"


async def test_a_renamed_source_finds_what_the_older_version_paid_for(tmp_path: Path) -> None:
    path = Path(shutil.copy(STATES / "v1" / "journal.sqlite3", tmp_path))
    async with open_journal(path) as journal:
        said = decisions(STATES / "v1")["file:/data/second.csv"]
        plan = await planned(journal, "file:/data/renamed.csv", said)
        actions = {p.task_id: p.action for p in plan.planned}
        paid = {t for t, action in actions.items() if action is Action.SUBMIT}
        assert paid == {"waiting", "told", "failed"}, "what was never started, and what Coze failed"
        assert actions["flying"] is Action.WATCH
        assert actions["done"] is Action.SKIP
        digests: dict[str, Recorded] = {r.key: r for r in await journal.record()}
        assert set(plan.handover.digests) <= set(digests)
        assert all(r.digest is None for r in digests.values()), "put on record when the run begins, not before"


async def test_a_look_leaves_the_file_as_it_is_and_says_so(version: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(version / "journal.sqlite3", tmp_path))
    before = digest(path)
    async with read_journal(path) as journal:
        assert (journal.note is not None) == (version.name != f"v{len(MIGRATIONS)}")
        for source_key, said in decisions(version).items():
            assert (await planned(journal, source_key, said)).planned
    assert digest(path) == before


def test_a_look_at_the_present_schema_makes_no_copy(tmp_path: Path) -> None:
    path = Path(shutil.copy(VERSIONS[-1] / "journal.sqlite3", tmp_path))
    with closing(open_to_read(path)) as db:
        assert db.execute("SELECT file FROM pragma_database_list").fetchone()[0]
