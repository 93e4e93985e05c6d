"""The requests a second that the account's plan allows: the budget of a batch, and never a reason to wait."""

from __future__ import annotations

import math
from pathlib import Path

import anyio
import pytest

from cozebatch.batch.account_limits import HIGHEST, LOWEST, PATIENCE, asked_rate
from cozebatch.coze.account import requests_a_second
from cozebatch.demo.coze_account import PERMISSIONS
from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.model.errors import Category, StepError
from support.fakes import error
from support.program import Program


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    from trio.testing import MockClock

    return ("trio", {"clock": MockClock(autojump_threshold=0)})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("said", "rate"), [(50.0, 45.0), (500.0, 450.0), (0.5, LOWEST), (1e9, HIGHEST), (0.0, None), (math.nan, None)]
)
async def test_the_budget_keeps_a_margin_and_sane_bounds(said: float, rate: float | None) -> None:
    async def ask() -> float | None:
        return said

    assert (await asked_rate(ask))[0] == rate


@pytest.mark.anyio
async def test_an_account_that_does_not_answer_keeps_nobody_waiting() -> None:
    started = anyio.current_time()
    rate, line = await asked_rate(lambda: anyio.sleep_forever())
    assert rate is None
    assert anyio.current_time() - started == PATIENCE
    assert "500" in line.en


@pytest.mark.anyio
async def test_a_refusal_is_told_and_leaves_the_default() -> None:
    async def ask() -> float | None:
        raise StepError(error(Category.AUTH))

    rate, line = await asked_rate(ask)
    assert rate is None
    assert "500" in line.zh


@pytest.mark.parametrize(
    "said",
    [None, [], {"benefit_info": None}, {"benefit_info": [1, {"effective": {"item_info": {"total": "many"}}}]}],
)
def test_an_answer_of_another_shape_says_nothing(said: object) -> None:
    assert requests_a_second(said) is None


def log_of(folder: Path) -> str:
    (log,) = (folder / "workflow_logs").glob("*.log")
    return log.read_text(encoding="utf-8")


def test_a_batch_uses_what_the_account_allows(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=0.1, rate=100.0)) as coze:
        done = Program(tmp_path, coze.url).configure().tasks(2).batch()
        assert done.code == 0, done.err
        assert coze.ledger().requests["benefit"] == 1
        assert "allows 100 requests a second; this batch uses 90 at most" in log_of(tmp_path)


def test_without_the_permission_a_batch_runs_as_ever_and_only_the_log_says_so(tmp_path: Path) -> None:
    options = CozeOptions(duration=0.1, permissions=PERMISSIONS - {"getBenefit"})
    with serve_coze(options) as coze:
        done = Program(tmp_path, coze.url).configure().tasks(2).batch()
        assert done.code == 0, done.err
        assert "500 a second are used" in log_of(tmp_path)


@pytest.mark.parametrize("what", ["html", "cut_after", "empty", "stall"])
def test_an_account_that_answers_nonsense_disturbs_nothing(tmp_path: Path, what: str) -> None:
    with serve_coze(CozeOptions(duration=0.1), [Fault(what=what, on="benefit")]) as coze:
        done = Program(tmp_path, coze.url).configure().tasks(1).batch()
        assert done.code == 0, done.err


def test_a_limit_that_a_batch_learned_is_where_the_next_one_begins(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=0.5, concurrency=2, retry_after=0.2)) as coze:
        program = Program(tmp_path, coze.url).configure(max_coze_concurrent=8).tasks(8)
        assert program.batch().code == 0
        assert program.tasks(12).batch().code == 0
        text = "\n".join(log.read_text(encoding="utf-8") for log in (tmp_path / "workflow_logs").glob("*.log"))
        assert text.count("executions at once when it last limited the rate") == 1
        assert coze.ledger().max_in_flight == 2
