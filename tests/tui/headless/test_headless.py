"""The whole program without a screen, over real sockets, in processes that are really interrupted and killed."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from support.program import BATCH, Program, kill, read_until


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.3)) as served:
        yield served


@pytest.fixture
def program(coze: RunningCoze, tmp_path: Path) -> Program:
    return Program(tmp_path, coze.url).configure(max_coze_concurrent=4).tasks(6)


def started(coze: RunningCoze) -> dict[str, int]:
    return {title: len(executions) for title, executions in coze.ledger().tasks.items()}


def test_a_batch_runs_to_its_end_and_says_so_everywhere(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="lasts", on="submit", seconds=2, last=4))  # long enough to be met by one another
    done = program.batch()
    assert done.code == 0, done.err
    results = program.results()
    assert results["status"] == "finished"
    assert results["statistics"]["done"] == 6
    assert results["statistics"]["submissions"] == 6
    assert coze.ledger().max_in_flight == 4
    task = results["tasks"]["t3"]
    assert task["status"] == "done"
    assert task["attempts"] == 1
    assert task["execute_id"]
    assert task["output"]["videoUrl"]
    assert task["tokens"] > 0
    log = next((program.folder / "workflow_logs").glob("workflow_*.log")).read_text(encoding="utf-8")
    assert task["execute_id"] in log
    assert "Success rate: 100.0%" in done.out


def test_json_lines_are_the_contracts_events_and_nothing_else(program: Program) -> None:
    done = program.batch("--json")
    events = done.events
    assert [e["seq"] for e in events] == list(range(1, len(events) + 1))
    assert events[0]["event"] == "run_started"
    assert events[0]["total"] == 6
    assert events[-1]["event"] == "run_finished"
    assert Path(events[-1]["results_path"]).exists()
    moves = [(e["from"], e["to"]) for e in events if e["event"] == "task_state" and e["task_id"] == "t1"]
    assert moves == [("pending", "submitting"), ("submitting", "running"), ("running", "done")]


def test_include_exclude_and_limit_choose_tasks(program: Program, coze: RunningCoze) -> None:
    assert program.batch("--include", "t2", "t3", "t4", "--exclude", "t3", "--limit", "1").code == 0
    assert started(coze) == {"标题2号": 1}


def test_an_unknown_id_to_include_is_exit_2_and_nothing_is_submitted(program: Program, coze: RunningCoze) -> None:
    done = program.batch("--include", "t1", "nobody")
    assert done.code == 2
    assert "nobody" in done.err
    assert started(coze) == {}


def test_a_dry_run_submits_nothing_and_leaves_no_state(program: Program, coze: RunningCoze) -> None:
    done = program.batch("--dry-run")
    assert done.code == 0
    assert "6 new paid executions" in done.out
    assert started(coze) == {}
    assert not (program.folder / ".cozebatch" / "journal.sqlite3").exists()


def test_a_refused_token_is_exit_2_before_anything_is_submitted(program: Program, coze: RunningCoze) -> None:
    program.token = "pat_wrong_and_long_enough"
    done = program.configure().batch()
    assert done.code == 2
    assert started(coze) == {}
    assert program.token not in done.err + done.out + program.all_text()


def test_a_token_refused_in_the_middle_stops_the_batch_with_exit_3(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="status", on="submit", status=401, code=4100, first=3))
    done = program.configure(max_coze_concurrent=1).batch()
    assert done.code == 3
    results = program.results()
    assert results["status"] == "stopped"
    assert (results["statistics"]["done"], results["statistics"]["pending"]) == (2, 4)
    coze.set_faults()
    assert program.batch().code == 0
    assert set(started(coze).values()) == {1}


@pytest.mark.parametrize(("code", "exit_code"), [(4100, 3), (4011, 3), (4200, 2), (4000, 2)])
def test_a_batch_that_coze_refuses_whole_says_whether_account_or_configuration_is_wrong(
    program: Program, coze: RunningCoze, code: int, exit_code: int
) -> None:
    coze.set_faults(Fault(what="code", on="submit", code=code))
    assert program.batch().code == exit_code
    results = program.results()
    assert results["status"] == "stopped"
    assert set(program.statuses().values()) == {"pending"}
    assert results["statistics"]["retries"] == 0
    assert list(results["statistics"]["errors"].values()) == [results["statistics"]["submissions"]]
    assert started(coze) == {}


def test_rejected_content_fails_one_task_and_no_other(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="code", on="submit", match="文案2号", code=4105, message="sensitive content"))
    assert program.batch().code == 1
    task = program.results()["tasks"]["t2"]
    assert task["status"] == "failed"
    assert task["error"]["category"] == "content_rejected"
    assert task["error"]["hint"]
    assert program.results()["statistics"]["done"] == 5


def test_a_request_that_is_wrong_before_any_was_accepted_is_counted_once(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="code", on="submit", match="文案1号", code=4000))
    assert program.configure(max_coze_concurrent=1).batch().code == 1
    assert program.statuses()["t1"] == "failed"
    figures = program.results()["statistics"]
    assert (figures["submissions"], figures["retries"], figures["errors"]) == (6, 0, {"invalid_request": 1})


def test_an_execution_that_failed_for_a_limit_is_a_failure_like_others(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="fail", match="文案1号", code=4009))
    assert program.configure(max_retries=1).batch().code == 1
    figures = program.results()["statistics"]
    assert (figures["submissions"], figures["retries"], figures["errors"]) == (7, 1, {"throttled": 2})


def test_a_lost_answer_is_held_at_every_start_until_a_person_decides(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="cut_after", on="submit", match="标题1号"))
    assert program.batch().code == 1
    assert program.statuses()["t1"] == "held"
    coze.set_faults()
    assert program.batch().code == 1
    assert program.statuses()["t1"] == "held"
    assert started(coze)["标题1号"] == 1
    execute_id = coze.ledger().tasks["标题1号"][0].execute_id
    done = program.batch("--adopt", f"t1={execute_id}", "--json")
    assert done.code == 0
    adopted = [e for e in done.events if e.get("adopted")]
    assert [(e["task_id"], e["to"]) for e in adopted] == [("t1", "running")]
    assert started(coze)["标题1号"] == 1


def test_what_an_earlier_run_left_is_listed_with_what_happens_to_it(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(Fault(what="cut_after", on="submit", match="标题1号"))
    program.batch()
    coze.set_faults()
    looked = program.batch("--dry-run")
    assert "Left by earlier batches, handled automatically: 1 held" in looked.out
    assert "--adopt" in looked.out
    program.batch()
    logs = sorted((program.folder / "workflow_logs").glob("workflow_*.log"), key=lambda path: path.stat().st_mtime_ns)
    lines = [line for line in logs[-1].read_text(encoding="utf-8").splitlines() if "left by an earlier batch" in line]
    assert len(lines) == 1
    assert " t1 " in lines[0]


def test_rerun_pays_again_only_when_confirmed(program: Program, coze: RunningCoze) -> None:
    assert program.batch().code == 0
    refused = program.batch("--rerun", "t1")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert started(coze)["标题1号"] == 1
    assert program.batch("--rerun", "t1", "--yes").code == 0
    assert started(coze)["标题1号"] == 2
    assert program.results()["tasks"]["t1"]["attempts"] == 2


def test_finished_tasks_are_skipped_by_the_next_start_and_paid_again_by_fresh(
    program: Program, coze: RunningCoze
) -> None:
    assert program.batch().code == 0
    assert program.batch().code == 0
    assert set(program.statuses().values()) == {"skipped"}
    assert program.batch("--fresh", "--yes", "--limit", "2").code == 0
    assert sorted(started(coze).values()) == [1, 1, 1, 1, 2, 2]


def test_a_clock_that_was_put_back_between_two_runs_makes_nobody_pay_twice(tmp_path: Path) -> None:
    """The first run finished while the clock was a year ahead; the second one, killed, is still the later one."""
    with serve_coze(CozeOptions(duration=1.5)) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(3)
        assert program.batch().code == 0
        with closing(sqlite3.connect(tmp_path / ".cozebatch" / "journal.sqlite3")) as db:
            db.execute("UPDATE run SET started_at = started_at + 3e7, place = place + 3e7")
            db.commit()
        changed = json.loads((tmp_path / "tasks.json").read_text(encoding="utf-8"))
        for task in changed:
            task["content"] += "，改过"
        (tmp_path / "tasks.json").write_text(json.dumps(changed, ensure_ascii=False), encoding="utf-8")
        with program.start(*BATCH, "--json") as process:
            read_until(process, '"to": "running"', 3)
            kill(process)
            process.communicate(timeout=60)
        assert program.batch().code == 0
        assert {len(executions) for executions in coze.ledger().tasks.values()} == {2}
        assert set(program.statuses().values()) == {"done"}


@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_reader_that_goes_away_does_not_end_the_batch(program: Program, options: tuple[str, ...]) -> None:
    read, write = os.pipe()
    with program.start(*BATCH, *options, stdout=write) as process:
        os.close(write)
        os.read(read, 10)
        os.close(read)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    assert program.results()["statistics"]["done"] == 6


def test_no_secret_is_in_anything_the_program_leaves(program: Program, coze: RunningCoze) -> None:
    program.token = "pat_demo"
    coze.set_faults(Fault(what="output", match="标题1号", text='{"Output": "{\\"note\\": \\"pat_demo\\"}"}'))
    done = program.configure().batch("--json", "-v")
    assert done.code == 0
    assert program.token not in done.out + done.err + program.all_text()


def test_logs_older_than_the_retention_are_deleted_and_nothing_else(program: Program) -> None:
    logs = program.folder / "workflow_logs"
    logs.mkdir()
    old, young, foreign = logs / "workflow_20200101_000000.log", logs / "workflow_20990101_000000.log", logs / "my.log"
    for path in (old, young, foreign):
        path.write_text("x", encoding="utf-8")
    for path in (old, foreign):
        os.utime(path, (1e9, 1e9))
    assert program.batch("--limit", "1").code == 0
    assert not old.exists()
    assert young.exists()
    assert foreign.exists()


def test_a_task_file_in_the_encoding_of_excel_in_china_runs(program: Program, coze: RunningCoze) -> None:
    (program.folder / "t.csv").write_bytes("仿写标题,仿写文案\r\n早安,你好世界\r\n".encode("gb18030"))
    done = program.run("--no-ui", "--config", "c.json", "--tasks", "t.csv")
    assert done.code == 0, done.err
    assert started(coze) == {"早安": 1}


def test_mode_command_runs_the_operators_own_program(program: Program) -> None:
    script = (
        "import json, sys\njob = json.load(sys.stdin)\n"
        "print('thinking')\nprint(json.dumps({'video_path': job['media']['video'], 'message': job['task']['title']}))"
    )
    (program.folder / "own.py").write_text(script, encoding="utf-8")
    own = [sys.executable, str(program.folder / "own.py")]
    program.configure(synthesis={"mode": "command", "command": own}).tasks(2)
    done = program.batch()
    assert done.code == 0, done.out + done.err
    assert program.results()["tasks"]["t1"]["video_path"]


@pytest.mark.skipif(sys.platform == "win32", reason="kills a process group")
def test_the_demo_in_a_process_of_its_own_ends_with_films(tmp_path: Path) -> None:
    program = Program(tmp_path, "")
    done = program.run("--demo", "--no-ui", "--json", "--limit", "3")
    assert done.code in (0, 1), done.err
    assert done.events[-1]["statistics"]["done"] >= 2
    assert len(list((tmp_path / "output").rglob("*.mp4"))) >= 2
    assert "A demo: nothing was charged." in done.err
    assert "go on" not in done.err
    assert done.err.rstrip().endswith(" init")
    listed = program.run("runs", "--lang", "en").out
    assert listed.rstrip().endswith("demo")
    shown = program.run("report", "--lang", "en").out
    assert "3 done" in shown
    assert "recdemo01" in shown
    program.run("report", "--html", "page.html", "--lang", "zh")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "视频任务 · 工作流 口播视频 ·" in page, "people know them by their names"
