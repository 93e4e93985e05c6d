"""The whole program on a simulated Feishu table: tasks in, status out, and killed where it hurts most."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.environment import demo_configuration
from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from cozebatch.demo.serving import serve
from support.program import Program, kill, read_until

BATCH = ("--no-ui", "--config", "c.json")


@dataclass
class Office:
    """A Coze, a Feishu, and the program between them."""

    coze: RunningCoze
    feishu: SimulatedFeishu
    program: Program
    config: dict[str, Any]

    def statuses(self) -> Counter[str]:
        return Counter(self.feishu.cell(CONTENT, f"recdemo{n:02}", "状态") for n in range(1, 21))

    def configure(self) -> None:
        (self.program.folder / "c.json").write_text(json.dumps(self.config), encoding="utf-8")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    feishu = SimulatedFeishu(latency=0.01)
    with serve_coze(CozeOptions(duration=0.4)) as coze, serve(feishu) as url:
        config = demo_configuration(coze.url, url)
        config["workflow_config"]["synthesis"] = {"mode": "none"}
        config["workflow_config"]["poll_interval"] = 0.2
        found = Office(coze, feishu, Program(tmp_path, coze.url), config)
        found.configure()
        yield found


def test_the_table_is_the_queue_and_the_report(office: Office) -> None:
    office.coze.set_faults(Fault(what="code", on="submit", match="早起的人", code=4105, message="sensitive"))
    assert office.statuses() == {READY: 20}
    assert office.program.run(*BATCH).code == 1
    assert office.statuses() == {DONE: 19, FAILED: 1}
    reason = office.feishu.cell(CONTENT, "recdemo01", "返回结果")
    assert "sensitive" in reason
    assert office.feishu.counts["batch_update"] + office.feishu.counts["update"] <= 4
    again = office.program.run(*BATCH)
    assert again.code == 0, "nothing is ready any more"
    assert len(office.coze.ledger().executions) == 19


def test_a_kill_between_done_and_the_write_back_is_made_good_at_the_next_start(office: Office) -> None:
    with office.program.start(*BATCH, "--json") as process:
        read_until(process, '"to": "writing_back"')
        kill(process)
        process.communicate(timeout=60)
    before = office.statuses()
    assert before[READY] > 0
    assert office.program.run(*BATCH).code in (0, 1)
    held = [t for t, status in office.program.statuses().items() if status == "held"]
    assert office.statuses() == {DONE: 20 - len(held)} | ({READY: len(held)} if held else {})
    assert set(Counter(len(started) for started in office.coze.ledger().tasks.values())) == {1}


def test_a_claimed_table_is_marked_before_anything_is_paid(office: Office) -> None:
    office.config["tables"]["content_table"]["status_values"] = {"running": "生成中"}
    office.configure()
    done = office.program.run(*BATCH, "--limit", "2")
    assert done.code == 0, done.out + done.err
    assert office.statuses() == {DONE: 2, READY: 18}


def test_a_wrong_secret_is_exit_2_and_pays_nothing(office: Office) -> None:
    office.config["api_config"]["app_secret"] = "wrong_secret_of_the_app"
    office.configure()
    done = office.program.run(*BATCH)
    assert done.code == 2
    assert "wrong_secret_of_the_app" not in done.out + done.err
    assert office.coze.ledger().executions == {}


def test_a_rerun_sends_what_the_record_says_now_though_its_filter_hides_it(office: Office) -> None:
    assert office.program.run(*BATCH, "--limit", "1").code == 0
    (first,) = office.coze.ledger().executions.values()
    office.feishu.edit(CONTENT, "recdemo01", {"仿写文案": "改好的文案"})
    assert office.feishu.cell(CONTENT, "recdemo01", "状态") == DONE
    done = office.program.run(*BATCH, "--rerun", "recdemo01", "--include", "recdemo01", "--yes")
    assert done.code == 0, done.out + done.err
    again = [e for e in office.coze.ledger().executions.values() if e.execute_id != first.execute_id]
    assert [execution.parameters["content"] for execution in again] == ["改好的文案"]
