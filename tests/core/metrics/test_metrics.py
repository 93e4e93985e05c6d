"""The metrics file: right by the run, readable by Prometheus' rules, and never a trouble to the batch."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cozebatch.batch.request import Request
from cozebatch.batch.wiring import open_batch
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.metrics.exposition import Observed, exposition
from cozebatch.metrics.histogram import Histogram
from cozebatch.model.board import Board
from cozebatch.model.text import Text
from cozebatch.settings import parse_settings

pytestmark = pytest.mark.anyio

SAMPLE = re.compile(r'([a-z_]+)(\{[a-z_]+="[^"\n]*"(?:,[a-z_]+="[^"\n]*")*\})? (-?[0-9.]+(?:e[+-]?\d+)?)')
HOSTILE = 'x"} 1\ncozebatch_evil 1'


def samples(text: str) -> dict[str, float]:
    """Each sample by its name and labels. Every line must be one, or a comment that announces one."""
    found: dict[str, float] = {}
    announced: set[str] = set()
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            announced.add(line.split()[2])
        elif not line.startswith("# HELP "):
            sample = SAMPLE.fullmatch(line)
            assert sample is not None, line
            assert sample[1] in announced or re.sub("_(bucket|sum|count)$", "", sample[1]) in announced, line
            found[sample[1] + (sample[2] or "")] = float(sample[3])
    assert text.endswith("\n")
    return found


async def test_the_file_tells_the_run_as_it_ended(tmp_path: Path) -> None:
    rows = [
        {"task_id": HOSTILE.replace("\n", " ") if n == 1 else f"t{n}", "title": HOSTILE, "content": f"文案{n}"}
        for n in range(1, 5)
    ]
    (tmp_path / "tasks.json").write_text(json.dumps(rows), encoding="utf-8")
    with serve_coze(CozeOptions(duration=0.1)) as coze:
        coze.set_faults(Fault(what="fail", last=1))
        known = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": coze.url}
        workflow = {"coze_config": known, "synthesis": {"mode": "none"}, "poll_interval": 0.2, "max_retries": 1}
        settings, _ = parse_settings({"workflow_config": workflow})
        request = Request(
            tasks_file=tmp_path / "tasks.json",
            state_dir=tmp_path / "state",
            results_dir=tmp_path,
            metrics=tmp_path / "cozebatch.prom",
        )
        async with open_batch(settings, request) as batch:
            await batch.run(await batch.prepare())
    text = (tmp_path / "cozebatch.prom").read_text(encoding="utf-8")
    found = samples(text)
    assert found['cozebatch_tasks{state="done"}'] == 4
    assert found["cozebatch_executions_paid_total"] == 5
    assert found["cozebatch_batch_running"] == 0
    assert found['cozebatch_limit{stage="coze",kind="set"}'] == 16
    assert found['cozebatch_errors_total{category="workflow_failed"}'] == 1
    assert found["cozebatch_execution_seconds_count"] == 5
    assert found['cozebatch_execution_seconds_bucket{le="15"}'] == 5
    assert found['cozebatch_execution_seconds_bucket{le="+Inf"}'] == 5
    assert found['cozebatch_paused{reason="quota"}'] == 0
    assert "evil" not in text
    assert "文案" not in text


async def test_a_file_that_cannot_be_written_is_a_line_in_the_log_and_no_more(tmp_path: Path) -> None:
    (tmp_path / "tasks.json").write_text(json.dumps([{"content": "文案"}]), encoding="utf-8")
    with serve_coze(CozeOptions(duration=0.1)) as coze:
        known = {"token": TOKEN, "workflow_id": WORKFLOW_ID, "base_url": coze.url}
        workflow = {"coze_config": known, "synthesis": {"mode": "none"}, "poll_interval": 0.2}
        settings, _ = parse_settings({"workflow_config": workflow})
        request = Request(
            tasks_file=tmp_path / "tasks.json",
            state_dir=tmp_path / "state",
            results_dir=tmp_path,
            metrics=tmp_path / "missing" / "cozebatch.prom",
        )
        async with open_batch(settings, request) as batch:
            told = batch.subscribe()
            outcome = await batch.run(await batch.prepare())
        notes = [event.text for event in told.take() if event.tag == "noted"]
    assert outcome.status == "finished"
    assert not outcome.flawed
    assert [note for note in notes if "metrics file" in note.en] == [
        Text("指标文件无法写入：不存在", "The metrics file was not written: No such file or directory")
    ]


def test_buckets_add_up() -> None:
    histogram = Histogram((1.0, 10.0))
    for seconds in (0.5, 1.0, 5.0, 100.0):
        histogram.observe(seconds)
    assert list(histogram.buckets()) == [("1", 2), ("10", 3), ("+Inf", 4)]
    assert (histogram.count, histogram.total) == (4, 106.5)


def test_a_board_of_nothing_is_a_whole_file() -> None:
    found = samples(exposition(Board(), Observed(), started_at=1.5, now=2.0, running=True))
    assert found["cozebatch_batch_running"] == 1
    assert found["cozebatch_batch_start_time_seconds"] == 1.5
    assert found['cozebatch_tasks{state="held"}'] == 0
