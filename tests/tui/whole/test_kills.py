"""A sample of the real kills (`python -m support.kills` does many), and the moments that once were not borne."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.environment import demo_configuration
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE
from cozebatch.demo.serving import serve
from support.feishu_support import big_table
from support.kill_checks import RUNNING
from support.kill_plans import draw
from support.kills import scenario
from support.program import BATCH, SIGNALS, Program, kill

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")

SAMPLE = (5, 8)
"""Seeds of the suite's sample, eight kills: a file with films, a table without."""

HASTY = """\
import concurrent.futures, os
result = concurrent.futures.Future.result
def hasty(self, timeout=None):
    concurrent.futures.Future.result = result
    os.kill(os.getpid(), {number})
    return result(self, timeout)
concurrent.futures.Future.result = hasty
"""
"""A `sitecustomize` with which the process is interrupted the first time it waits for its engine's thread."""


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.3)) as served:
        yield served


@pytest.mark.parametrize("seed", SAMPLE)
def test_real_kills_pay_for_nothing_twice_lose_nothing_and_lie_about_nothing(seed: int) -> None:
    done, violated = scenario(seed)
    assert violated == [], f"replay with: python -m support.kills --seed {seed}"
    assert done.kills >= 1


def test_a_seed_draws_the_same_plan_again() -> None:
    assert draw(11) == draw(11)
    assert draw(11) != draw(12)


@pytest.mark.parametrize("number", SIGNALS)
def test_an_interrupt_while_the_program_opens_is_exit_130_and_submits_nothing(
    coze: RunningCoze, tmp_path: Path, number: int
) -> None:
    program = Program(tmp_path, coze.url).configure().tasks(2)
    (tmp_path / "sitecustomize.py").write_text(HASTY.format(number=int(number)), encoding="utf-8")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    with program.start(*BATCH, "--json", env={"PYTHONPATH": path}) as process:
        process.communicate(timeout=60)
    assert process.returncode == 130
    assert coze.ledger().executions == {}


def test_a_kill_between_claim_and_submission_loses_no_row(coze: RunningCoze, tmp_path: Path) -> None:
    feishu = SimulatedFeishu([big_table(4)])
    with serve(feishu) as url:
        program = Program(tmp_path, coze.url)
        content = {"table_id": CONTENT, "status_values": {"running": RUNNING}}
        program.settings = {
            "api_config": demo_configuration(coze.url, url)["api_config"],
            "tables": {"content_table": content},
        }
        program.configure()
        with program.start(*BATCH[:3], "--json") as process:
            feishu.wait_until(lambda: feishu.counts["batch_update"] > 0)
            kill(process)
            process.communicate(timeout=60)
        assert coze.ledger().executions == {}
        again = program.run(*BATCH[:3], "--json")
        assert again.code == 0, again.err
        cells = {record: feishu.cell(CONTENT, record, "状态") for record in feishu.tables[CONTENT].records}
        assert set(cells.values()) == {DONE}, json.dumps(cells, ensure_ascii=False)
        assert len(coze.ledger().executions) == 4
