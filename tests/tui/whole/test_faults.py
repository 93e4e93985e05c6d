"""Every fault at once in one batch: each task ends as the contract says, and no other task suffers."""

from __future__ import annotations

from pathlib import Path

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.faults import Fault
from support.program import Program

ENDS: dict[str, tuple[Fault, str, str | None]] = {
    "html-submit": (Fault(what="html", on="submit"), "held", "unknown_submit"),
    "truncated-submit": (Fault(what="truncated", on="submit"), "held", "unknown_submit"),
    "empty-submit": (Fault(what="empty", on="submit"), "held", "unknown_submit"),
    "endless-submit": (Fault(what="endless", on="submit", seconds=20), "held", "unknown_submit"),
    "late-submit": (Fault(what="late", on="submit", seconds=3), "held", "unknown_submit"),
    "cut-after": (Fault(what="cut_after", on="submit"), "held", "unknown_submit"),
    "cut-before": (Fault(what="cut_before", on="submit"), "held", "unknown_submit"),
    "gateway-504": (Fault(what="status", on="submit", status=504), "held", "unknown_submit"),
    "no-id": (Fault(what="no_execute_id", on="submit"), "held", "unknown_submit"),
    "server-500": (Fault(what="status", on="submit", status=500), "failed", "server"),
    "server-once": (Fault(what="status", on="submit", status=503, last=1), "done", None),
    "throttled-once": (Fault(what="status", on="submit", status=429, last=1, retry_after=1), "done", None),
    "busy-once": (Fault(what="code", on="submit", code=4009, last=1), "done", None),
    "rejected": (Fault(what="code", on="submit", code=4105), "failed", "content_rejected"),
    "fails": (Fault(what="fail", code=123456, message="node broke"), "failed", "workflow_failed"),
    "fails-once": (Fault(what="fail", code="", message="", last=1), "done", None),
    "refuses": (Fault(what="fail", code=4014, message="cannot answer"), "failed", "content_rejected"),
    "waits": (Fault(what="interrupt", text="which one?"), "held", "workflow_interrupted"),
    "strange-word": (Fault(what="word", text="Pondering"), "done", None),
    "plain-output": (Fault(what="output", text="just words"), "done", None),
    "html-look": (Fault(what="html", on="look", last=2), "done", None),
    "truncated-look": (Fault(what="truncated", on="look", last=2), "done", None),
    "endless-look": (Fault(what="endless", on="look", last=1, seconds=20), "done", None),
    "cut-look": (Fault(what="cut_after", on="look", last=2), "done", None),
    "throttled-look": (Fault(what="status", on="look", status=429, last=2), "done", None),
    "healthy": (Fault(what="late", on="look", match="nobody"), "done", None),
}


def test_each_fault_ends_in_its_category_and_leaves_the_others_alone(tmp_path: Path) -> None:
    from dataclasses import replace

    faults = [replace(fault, match=fault.match or f"<{name}>") for name, (fault, _, _) in ENDS.items()]
    with serve_coze(CozeOptions(duration=0.3, retry_after=1), faults) as coze:
        program = Program(tmp_path, coze.url)
        program.configure(max_retries=1, max_coze_concurrent=30, coze_config={"request_timeout": 1.0})
        rows = [f'{{"task_id": "{name}", "title": "<{name}>", "content": "x"}}' for name in ENDS]
        (tmp_path / "tasks.json").write_text(f"[{', '.join(rows)}]", encoding="utf-8")
        done = program.batch()
        assert done.code == 1, done.err
        found = {
            task_id: (task["status"], task["error"] and task["error"]["category"])
            for task_id, task in program.results()["tasks"].items()
        }
        assert found == {name: (status, category) for name, (_, status, category) in ENDS.items()}
        started = {title: len(executions) for title, executions in coze.ledger().tasks.items()}
    for name, (_, status, _) in ENDS.items():
        at_most = 2 if name.startswith("fails") else 1
        assert started.get(f"<{name}>", 0) <= at_most, name
        if status == "done":
            assert started[f"<{name}>"] >= 1
    for task in program.results()["tasks"].values():
        if task["error"] is not None:
            assert task["error"]["message"]
            assert task["error"]["hint"]
