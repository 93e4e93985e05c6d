"""`check`, `runs` and `report`, in real processes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from support.program import Program


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.2)) as served:
        yield served


def test_check_tells_item_by_item_and_submits_nothing(tmp_path: Path, coze: RunningCoze) -> None:
    program = Program(tmp_path, coze.url).configure().tasks(2)
    done = program.run("check", "--config", "c.json", "--tasks", "tasks.json")
    assert done.code == 0, done.out
    assert all(line.split()[0] in ("ok", "warn", "fail") for line in done.out.splitlines())
    assert coze.ledger().executions == {}
    program.token = "pat_wrong_and_long_enough"
    refused = program.configure().run("check", "--config", "c.json")
    assert refused.code == 2
    assert "fail" in refused.out
    assert program.token not in refused.out + refused.err


def test_check_says_what_is_wrong_with_a_configuration(tmp_path: Path) -> None:
    program = Program(tmp_path, "https://example.com").configure(max_retries="many")
    done = program.run("check", "--config", "c.json")
    assert done.code == 2
    assert "max_retries" in done.out


def test_runs_and_report_show_what_was(tmp_path: Path, coze: RunningCoze) -> None:
    program = Program(tmp_path, coze.url).configure().tasks(3)
    assert "No batches" in program.run("runs").out
    coze.set_faults(Fault(what="code", on="submit", match="标题2号", code=4105, message="<b>&sensitive</b>"))
    program.batch()
    listed = program.run("runs").out
    run_id = listed.split()[0]
    assert "2 done" in listed
    shown = program.run("report", run_id).out
    assert "Success rate: 66.7%" in shown
    assert "content_rejected" in shown
    assert program.run("report", "last", "--html", "r.html").code == 0
    assert program.run("report", "--csv", "r.csv").code == 0
    written = (tmp_path / "r.csv").read_bytes()
    assert written.startswith(b"\xef\xbb\xbf")
    assert written.count(b"\r\n") == written.count(b"\n") == 4
    html = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<b>&sensitive" not in html
    assert "&lt;b&gt;&amp;sensitive" in html
    assert "http://" not in html.replace(coze.url, "")
    unknown = program.run("report", "nothing")
    assert unknown.code == 2
    assert run_id in unknown.err


@pytest.mark.parametrize(("lang", "told"), [("zh", "费用约：¥7.50"), ("en", "Cost, about: ¥7.50")])
def test_a_report_says_what_the_run_cost(tmp_path: Path, coze: RunningCoze, lang: str, told: str) -> None:
    """Three executions at 2.50, as the end of the run said it; no token is asked for."""
    program = Program(tmp_path, coze.url).configure(price_per_execution=2.5).tasks(3)
    assert "Cost, about: ¥7.50" in program.batch().out
    shown = program.run("report", "--config", "c.json", "--lang", lang)
    assert told in shown.out, shown.err
    assert program.run("report", "--config", "c.json", "--html", "r.html").code == 0
    assert "¥7.50" in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "¥" not in program.run("report").out
    program.token = "${NOT_SET_ANYWHERE}"
    assert told in program.configure(price_per_execution=2.5).run("report", "--config", "c.json", "--lang", lang).out


def test_a_wrong_price_is_told_and_spoils_no_report(tmp_path: Path, coze: RunningCoze) -> None:
    program = Program(tmp_path, coze.url).configure().tasks(1)
    program.batch()
    program.configure(price_per_execution="cheap")
    named = program.run("report", "--config", "c.json")
    assert named.code == 2
    assert "price_per_execution" in named.err
    (tmp_path / "configs").mkdir()
    (tmp_path / "c.json").rename(tmp_path / "configs" / "config.json")
    usual = program.run("report")
    assert usual.code == 0
    assert "Success rate: 100.0%" in usual.out
    assert "price_per_execution" in usual.err
