"""The batch in a thread of its own, as fronts use it."""

from __future__ import annotations

import json
from pathlib import Path

from cozebatch.batch.request import Request
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.demo.coze_server import serve_coze
from cozebatch.settings import parse_settings
from cozebatch_tui.session.session import Session


def test_a_stop_asked_for_before_the_run_begins_is_not_forgotten(tmp_path: Path) -> None:
    tasks = [{"task_id": f"t{n}", "content": f"文案{n}"} for n in range(3)]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks), encoding="utf-8")
    with serve_coze() as coze:
        known = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": coze.url}
        settings, _ = parse_settings({"workflow_config": {"coze_config": known, "synthesis": {"mode": "none"}}})
        request = Request(tasks_file=tmp_path / "tasks.json", state_dir=tmp_path / "state", results_dir=tmp_path)
        with Session(settings, request) as session:
            session.open()
            preview = session.prepare().result(timeout=20)
            session.stop()
            outcome = session.run(preview).result(timeout=20)
        assert outcome.status == "interrupted"
        assert coze.ledger().executions == {}
