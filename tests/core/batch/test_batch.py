"""One batch put together as fronts get it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from cozebatch.batch.request import Request
from cozebatch.batch.wiring import open_batch
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.engine.event_bus import Bus
from cozebatch.journal.opening import open_to_write
from cozebatch.journal.sqlite import FILE_NAME, SqliteJournal
from cozebatch.model.errors import JournalError
from cozebatch.model.events import Noted
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
