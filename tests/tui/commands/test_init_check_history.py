"""`init`, `check`, `runs` and `report`, in real processes."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.settings import load_settings
from support.program import Program


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.2)) as served:
        yield served


def answer(folder: Path, *lines: str, options: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cozebatch_tui.cli", "init", "--lang", "en", "--config", "c.json", *options]
    typed = "".join(f"{line}\n" for line in lines)
    return subprocess.run(command, cwd=folder, input=typed, capture_output=True, text=True, timeout=30, check=False)


def test_init_asks_and_writes_a_configuration_that_loads(tmp_path: Path) -> None:
    done = answer(tmp_path, "pat_0123456789abcdef", "7400000000000000001", "2", "2")
    assert done.returncode == 0, done.stderr
    settings, _ = load_settings(tmp_path / "c.json", env={}, need_feishu=False)
    assert settings.coze.workflow_id == "7400000000000000001"
    assert settings.synthesis.mode == "video"
    assert "check" in done.stdout
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "c.json").stat().st_mode) == 0o600


def test_init_explains_a_wrong_answer_and_asks_again(tmp_path: Path) -> None:
    done = answer(tmp_path, "a token with spaces", "", "", "7400000000000000001", "9", "4", "2")
    assert done.returncode == 0, done.stderr
    config = json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))
    assert config["workflow_config"]["coze_config"]["token"] == "${COZE_API_TOKEN}"
    assert config["workflow_config"]["synthesis"]["mode"] == "none"


def test_init_takes_site_and_app_from_a_pasted_workflow_link(tmp_path: Path) -> None:
    link = "https://www.coze.com/space/73/project-ide/7411/workflow/7422?tab=1"
    assert answer(tmp_path, "pat_0123456789abcdef", link, "4", "2").returncode == 0
    settings, _ = load_settings(tmp_path / "c.json", env={}, need_feishu=False)
    coze = settings.coze
    assert (coze.workflow_id, coze.app_id, coze.base_url) == ("7422", "7411", "https://api.coze.com")


def test_init_reads_the_table_from_a_pasted_link(tmp_path: Path) -> None:
    link = "https://example.feishu.cn/base/AppTokenOfTheBase?table=tblContent&view=vewMain"
    done = answer(tmp_path, "", "7400000000000000001", "2", "1", "cli_a", "", link)
    assert done.returncode == 0, done.stderr
    env = {"COZE_API_TOKEN": "pat_0123456789abcdef", "FEISHU_APP_SECRET": "secret_of_the_app"}
    settings, _ = load_settings(tmp_path / "c.json", env=env, need_feishu=True)
    assert settings.tables is not None
    assert settings.tables.content_table.table_id == "tblContent"


def test_answers_that_end_too_soon_leave_nothing_behind(tmp_path: Path) -> None:
    done = answer(tmp_path, "pat_0123456789abcdef")
    assert done.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_init_does_not_replace_a_configuration_unasked(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("mine", encoding="utf-8")
    assert answer(tmp_path).returncode == 2
    assert (tmp_path / "c.json").read_text(encoding="utf-8") == "mine"


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
