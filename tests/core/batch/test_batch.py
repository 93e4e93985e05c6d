"""One batch put together as fronts get it."""

from __future__ import annotations

import gc
import json
import sqlite3
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path

import pytest

from cozebatch.batch.batch import Batch
from cozebatch.batch.request import Request
from cozebatch.batch.wiring import open_batch
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.engine.event_bus import Bus
from cozebatch.journal.opening import open_to_write
from cozebatch.journal.sqlite import FILE_NAME, SqliteJournal
from cozebatch.model.errors import JournalError
from cozebatch.model.events import Noted, TaskState
from cozebatch.model.task import State, Task
from cozebatch.model.text import Text
from cozebatch.settings import parse_settings

pytestmark = pytest.mark.anyio


async def test_a_finished_batch_is_finished_even_if_the_end_of_a_doubt_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(self: SqliteJournal, source_key: str, now: float) -> None:
        raise JournalError(Text.same("the disk is full"))

    monkeypatch.setattr(SqliteJournal, "confirm_complete", refuse)
    state = tmp_path / "state"
    with closing(open_to_write(state / FILE_NAME)) as db:
        assert isinstance(db, sqlite3.Connection)
        db.execute("INSERT INTO doubt (source_key, raised) VALUES ('*', 1)")
        db.commit()
    (tmp_path / "tasks.json").write_text(json.dumps([{"task_id": "t1", "content": "文案"}]), encoding="utf-8")
    with serve_coze(CozeOptions(duration=0.1)) as coze:
        known = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": coze.url}
        settings, _ = parse_settings({"workflow_config": {"coze_config": known, "synthesis": {"mode": "none"}}})
        request = Request(tasks_file=tmp_path / "tasks.json", state_dir=state, results_dir=tmp_path)
        bus = Bus()
        told = bus.subscribe()
        async with open_batch(settings, request, bus) as batch:
            preview = await batch.prepare()
            assert preview.journal_incomplete
            outcome = await batch.run(preview)
        assert outcome.status == "finished"
        assert outcome.statistics.held == 1, "what the journal does not know may have been paid for"
        assert coze.ledger().executions == {}
    notes = [event for event in told.take() if isinstance(event, Noted) and event.level == "error"]
    assert [note.text.en for note in notes] == ["the disk is full"]


def batch_of(tmp_path: Path, count: int, coze_url: str) -> AbstractAsyncContextManager[Batch]:
    rows = [{"task_id": f"t{n}", "title": tmp_path.name, "content": f"文案{n}"} for n in range(1, count + 1)]
    (tmp_path / "tasks.json").write_text(json.dumps(rows), encoding="utf-8")
    known = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": coze_url}
    workflow = {"coze_config": known, "synthesis": {"mode": "none"}, "poll_interval": 0.2}
    settings, _ = parse_settings({"workflow_config": workflow})
    request = Request(tasks_file=tmp_path / "tasks.json", state_dir=tmp_path / "state", results_dir=tmp_path)
    return open_batch(settings, request)


async def test_the_texts_of_a_batch_are_not_kept_in_memory_while_it_runs(tmp_path: Path) -> None:
    kept: list[int] = []

    def in_memory() -> int:
        return sum(isinstance(thing, Task) and thing.title == tmp_path.name for thing in gc.get_objects())

    with serve_coze(CozeOptions(duration=0.1)) as coze:
        async with batch_of(tmp_path, 200, coze.url) as batch:
            preview = await batch.prepare()

            def count() -> None:
                if any(isinstance(event, TaskState) and event.after is State.DONE for event in reader.take()):
                    kept.append(in_memory())
                    batch.stop()

            reader = batch.subscribe(count)
            assert in_memory() >= 200, "the plan holds them until then"
            await batch.run(preview)
    assert kept
    assert max(kept) <= 50, "only those on their way"
    assert len(preview.tasks) == 200, "the preview still shows what it showed"


async def test_a_preview_is_run_once(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=0.1)) as coze:
        async with batch_of(tmp_path, 2, coze.url) as batch:
            preview = await batch.prepare()
            with pytest.raises(RuntimeError):
                _ = batch.commands
            assert (await batch.run(preview)).status == "finished"
            with pytest.raises(RuntimeError, match="prepare first"):
                await batch.run(preview)
        assert len(coze.ledger().executions) == 2


async def test_a_canary_starts_no_more_executions_than_asked_for(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=0.1)) as coze:
        async with batch_of(tmp_path, 5, coze.url) as batch:
            canary = (await batch.prepare()).canary(2)
            assert canary.new_executions == 2
            await batch.run(canary)
            assert len(coze.ledger().executions) == 2
            again = await batch.prepare()
            assert (again.continuing, again.new_executions) == (True, 3)


async def test_a_batch_stopped_before_it_runs_pays_for_nothing(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=0.1)) as coze:
        async with batch_of(tmp_path, 3, coze.url) as batch:
            preview = await batch.prepare()
            batch.stop()
            outcome = await batch.run(preview)
        assert (outcome.status, outcome.statistics.pending) == ("interrupted", 3)
        assert not coze.ledger().executions
