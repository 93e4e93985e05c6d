"""What the journal on disk is asked: every question of the port `Journal`. It changes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from cozebatch.journal.decoding import asked_of, edit_of, execution_of, facts_of, recorded_of, row_of, run_of, task_of
from cozebatch.journal.opening import journal_error
from cozebatch.journal.records import EDIT_COLUMNS, EXECUTION_COLUMNS, MEDIUM_COLUMNS, QUESTION_COLUMNS, RUN_COLUMNS
from cozebatch.model.rows import Row
from cozebatch.model.task import CONTENT_ONLY, Task
from cozebatch.ports import (
    NOT_ENDED,
    Asked,
    Delivery,
    Edit,
    Execution,
    LearnedLimit,
    Medium,
    Past,
    Recorded,
    RunRecord,
    Upload,
)

T = TypeVar("T")


class JournalReader:
    """See `ports.Journal`. All SQL runs in a worker thread, one call at a time."""

    def __init__(self, connection: sqlite3.Connection, limiter: anyio.CapacityLimiter) -> None:
        self._db = connection
        self._limiter = limiter

    async def last_run(self, source_key: str) -> RunRecord | None:
        sql = (
            f"SELECT {RUN_COLUMNS} FROM run WHERE source_key = ? AND status != 'abandoned' "
            "ORDER BY place DESC, run_id DESC LIMIT 1"
        )
        found = await self._select(sql, source_key)
        return run_of(found[0]) if found else None

    async def runs(self) -> Sequence[RunRecord]:
        return [run_of(r) for r in await self._select(f"SELECT {RUN_COLUMNS} FROM run ORDER BY place DESC, run_id")]

    async def rows(self, run_id: str, besides: Collection[str] = ()) -> Sequence[Row]:
        sql = "SELECT task_id, row FROM task WHERE run_id = ? ORDER BY position"

        def run() -> list[Row]:
            with closing(self._db.execute(sql, (run_id,))) as cursor:
                return [row_of(row) for task_id, row in cursor if task_id not in besides]

        return await self._call(run)

    async def order(self, run_id: str) -> Sequence[str]:
        return [t for (t,) in await self._select("SELECT task_id FROM task WHERE run_id = ? ORDER BY position", run_id)]

    async def task(self, run_id: str, task_id: str) -> Task:
        found = await self._select("SELECT input FROM input WHERE run_id = ? AND task_id = ?", run_id, task_id)
        return task_of(found[0][0])

    async def tasks(self, run_id: str, task_ids: Sequence[str]) -> Mapping[str, Task]:
        found: dict[str, Task] = {}
        for chunk in _chunks(task_ids, 500):
            sql = f"SELECT task_id, input FROM input WHERE run_id = ? AND task_id IN ({','.join('?' * len(chunk))})"
            for task_id, stored in await self._select(sql, run_id, *chunk):
                found[task_id] = task_of(stored)
        return found

    async def past(self, source_key: str, task_ids: Sequence[str]) -> dict[str, Past]:
        found: dict[str, Past] = {}
        owed = {delivery.task_id for delivery in await self.owed(source_key)}
        for chunk in _chunks(task_ids, 500):
            marks = ",".join("?" * len(chunk))
            sql = (
                "SELECT task.task_id, task.run_id, task.row FROM task JOIN run USING (run_id) "
                f"WHERE run.source_key = ? AND run.status != 'abandoned' AND task.task_id IN ({marks}) "
                """AND instr(row, '"state":"skipped"') = 0 ORDER BY run.place, run.run_id"""
            )
            for task_id, run_id, stored in await self._select(sql, source_key, *chunk):
                found[task_id] = Past(run_id, row_of(stored), task_id in owed)
        return found

    async def claimed(self, source_key: str) -> Sequence[str]:
        # A row stores only what differs from a new one, so neither `pending` nor a count of 0 is stored.
        sql = (
            "SELECT task_id FROM task JOIN run USING (run_id) WHERE source_key = ? "
            """AND row LIKE '%"claimed":true%' AND (row NOT LIKE '%"state":%' OR """
            """(row LIKE '%"state":"failed"%' AND """
            """(row LIKE '%"given_up":true%' OR row NOT LIKE '%"submissions":%'))) """
            "AND NOT EXISTS (SELECT 1 FROM task AS t JOIN run AS r USING (run_id) WHERE t.task_id = task.task_id "
            "AND r.source_key = run.source_key AND (r.place, r.run_id) > (run.place, run.run_id))"
        )
        return [str(task_id) for (task_id,) in await self._select(sql, source_key)]

    async def claim_names(self, source_key: str, task_ids: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for chunk in _chunks(task_ids, 500):
            sql = (
                "SELECT task_id, row FROM task JOIN run USING (run_id) WHERE source_key = ? "
                f"AND task_id IN ({','.join('?' * len(chunk))}) ORDER BY run.place, run.run_id"
            )
            for task_id, stored in await self._select(sql, source_key, *chunk):
                if name := facts_of(stored).get("claim"):
                    found[task_id] = name
        return found

    async def output(self, execute_id: str) -> str | None:
        found = await self._select("SELECT output FROM output WHERE execute_id = ?", execute_id)
        return str(found[0][0]) if found else None

    async def outputs(self, execute_ids: Sequence[str]) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for chunk in _chunks(execute_ids, 500):
            sql = f"SELECT execute_id, output FROM output WHERE execute_id IN ({','.join('?' * len(chunk))})"
            found |= dict(await self._select(sql, *chunk))
        return found

    async def executions(self, run_id: str, task_id: str) -> Sequence[Execution]:
        sql = f"SELECT {EXECUTION_COLUMNS} FROM execution WHERE run_id = ? AND task_id = ? ORDER BY number, sent_at"
        return [execution_of(r) for r in await self._select(sql, run_id, task_id)]

    async def record(self, source_key: str = "", settled: Collection[str] = ()) -> Sequence[Recorded]:
        sql = (
            "SELECT key, e.source_key, e.run_id, task_id, number, e.status, sent_at, e.workflow_id, digest, "
            "e.execute_id, output.execute_id IS NOT NULL, film IS NOT NULL, resumed_at "
            "FROM execution AS e LEFT JOIN output USING (execute_id) LEFT JOIN run ON run.run_id = e.run_id {where}"
            "ORDER BY coalesce(run.place, sent_at), number, sent_at, e.rowid"
        )

        def run() -> list[Recorded]:
            if not settled:
                with closing(self._db.execute(sql.format(where=""))) as cursor:
                    return [recorded_of(r) for r in cursor]
            # Of 100,000 executions most are ended ones of settled tasks: they are not joined, sorted and read.
            at_first = "SELECT rowid, source_key, task_id, status FROM execution"
            with closing(self._db.execute(at_first)) as cursor:
                wanted = [n for n, at, t, is_ in cursor if t not in settled or at != source_key or is_ in NOT_ENDED]
            where = "WHERE e.rowid IN (SELECT value FROM json_each(?)) "
            with closing(self._db.execute(sql.format(where=where), (json.dumps(wanted),))) as cursor:
                return [recorded_of(r) for r in cursor]

        return await self._call(run)

    async def results_of(self, workflow_id: str, digests: Collection[str], since: float) -> Sequence[Recorded]:
        found: list[Recorded] = []
        for chunk in _chunks(list(digests), 500):
            sql = (
                "SELECT key, source_key, run_id, task_id, number, status, sent_at, workflow_id, digest, execute_id, "
                "1, film IS NOT NULL, resumed_at FROM execution JOIN output USING (execute_id) "
                f"WHERE digest IN ({','.join('?' * len(chunk))}) AND status = 'succeeded' AND workflow_id = ? "
                "AND sent_at > ?"
            )
            found += [recorded_of(r) for r in await self._select(sql, *chunk, workflow_id, since)]
        return sorted(found, key=lambda r: -r.sent_at)

    async def bound_elsewhere(self, source_key: str) -> Collection[str]:
        sql = "SELECT execute_id FROM execution WHERE source_key != ? AND execute_id IS NOT NULL AND status != 'reused'"
        return {execute_id for (execute_id,) in await self._select(sql, source_key)}

    async def digests(self, source_key: str, execute_ids: Sequence[str]) -> Mapping[tuple[str, str], str]:
        found: dict[tuple[str, str], str] = {}
        for chunk in _chunks(execute_ids, 500):
            sql = (
                f"SELECT task_id, execute_id, digest FROM execution WHERE execute_id IN ({','.join('?' * len(chunk))}) "
                "AND source_key = ? AND status = 'succeeded' AND digest IS NOT NULL"
            )
            for task_id, execute_id, digest in await self._select(sql, *chunk, source_key):
                found[task_id, execute_id] = digest
        return found

    async def started_again(self, source_key: str) -> Collection[str]:
        sql = "SELECT task_id FROM execution WHERE source_key = ? GROUP BY task_id HAVING count(*) > 1"
        return {task_id for (task_id,) in await self._select(sql, source_key)}

    async def missing_digests(self, digest_of: Callable[[Task], str]) -> Mapping[str, str]:
        sql = (
            "SELECT key, row, input FROM execution JOIN task USING (run_id, task_id) "
            "JOIN input USING (run_id, task_id) WHERE digest IS NULL"
        )

        def run() -> dict[str, str]:
            found: dict[str, str] = {}
            with closing(self._db.execute(sql)) as cursor:
                for key, row, stored in cursor:
                    fingerprint = facts_of(row).get("fingerprint", "")
                    if fingerprint and not fingerprint.startswith(CONTENT_ONLY):
                        found[key] = digest_of(task_of(stored))
            return found

        return await self._call(run)

    async def owed(self, source_key: str) -> Sequence[Delivery]:
        sql = (
            "SELECT serial, task_id, record_id, outcome, result FROM delivery "
            "WHERE source_key = ? AND settled = 0 ORDER BY serial"
        )
        return [Delivery(*r) for r in await self._select(sql, source_key)]

    async def edits(self) -> Sequence[Edit]:
        return [edit_of(r) for r in await self._select(f"SELECT {EDIT_COLUMNS} FROM edit ORDER BY at DESC, key")]

    async def questions(self, keys: Sequence[str]) -> Sequence[Asked]:
        found: list[Asked] = []
        for chunk in _chunks(keys, 500):
            sql = f"SELECT {QUESTION_COLUMNS} FROM question WHERE key IN ({','.join('?' * len(chunk))})"
            found += [asked_of(r) for r in await self._select(f"{sql} ORDER BY asked_at, rowid", *chunk)]
        return found

    async def asked_as(self, execute_id: str) -> str | None:
        found = await self._select("SELECT key FROM question WHERE execute_id = ? LIMIT 1", execute_id)
        return str(found[0][0]) if found else None

    async def upload(self, sha256: str) -> Upload | None:
        found = await self._select("SELECT sha256, file_id, size, at FROM upload WHERE sha256 = ?", sha256)
        return Upload(*found[0]) if found else None

    async def learned_limit(self, account: str) -> LearnedLimit | None:
        sql = "SELECT account, executions, at FROM learned_limit WHERE account = ?"
        found = await self._select(sql, account)
        return LearnedLimit(*found[0]) if found else None

    async def medium(self, sha256: str, place: str) -> Medium | None:
        found = await self._select(f"SELECT {MEDIUM_COLUMNS} FROM medium WHERE sha256 = ? AND place = ?", sha256, place)
        return Medium(*found[0]) if found else None

    async def last_serial(self) -> int:
        return int((await self._select("SELECT coalesce(max(serial), 0) FROM delivery"))[0][0])

    async def durations(self, workflow_id: str) -> Sequence[float]:
        sql = (
            "SELECT seconds FROM execution WHERE workflow_id = ? "
            "AND status = 'succeeded' AND seconds IS NOT NULL ORDER BY ended_at DESC LIMIT 500"
        )
        return [float(seconds) for (seconds,) in reversed(await self._select(sql, workflow_id))]

    async def is_incomplete(self, source_key: str) -> bool:
        sql = (
            "SELECT coalesce(max(raised), 0) > coalesce((SELECT settled FROM doubt WHERE source_key = ?), 0) "
            "FROM doubt WHERE source_key = '*'"
        )
        return bool((await self._select(sql, source_key))[0][0])

    async def has_old_runs(self, before: float) -> bool:
        """True if runs that ended before `before` (Unix seconds) are still to prune."""
        sql = (
            "SELECT 1 FROM run WHERE pruned = 0 AND status IN ('finished', 'abandoned') "
            "AND coalesce(finished_at, started_at) < ? LIMIT 1"
        )
        return bool(await self._select(sql, before))

    async def _select(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        def run() -> list[tuple[Any, ...]]:
            with closing(self._db.execute(sql, values)) as cursor:
                return cursor.fetchall()

        return await self._call(run)

    async def _call(self, function: Callable[[], T]) -> T:
        try:
            return await anyio.to_thread.run_sync(function, limiter=self._limiter)
        except sqlite3.Error as error:
            raise journal_error(error) from error


def _chunks(values: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (values[start : start + size] for start in range(0, len(values), size))
