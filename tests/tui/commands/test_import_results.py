"""`runs --import` for real: executions that the older tool began are finished, and nobody pays for them again."""

from __future__ import annotations

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from cozebatch.demo.coze_model import WORKFLOW_ID
from cozebatch.demo.coze_server import RunningCoze
from cozebatch.demo.environment import demo_configuration
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, READY
from cozebatch.demo.serving import serve
from support.older_tool import RESULT, ago, begin, entry, leave, take_over
from support.program import BATCH, Program, kill, read_until


def test_switching_over_pays_for_nothing_again(program: Program, coze: RunningCoze) -> None:
    alive = begin(coze, "标题1号", "文案1号")
    leave(
        program,
        entry("t1", "running", execute_id=alive, submit_time=ago(seconds=20)),
        entry("t2", "finished", execute_id="75002", submit_time=ago(minutes=9), complete_time=ago(minutes=4),
              coze_result=RESULT, video_path="D:/films/2.mp4"),
        entry("t3", "failed", submit_time=ago(minutes=9),
              error_message="Coze提交失败: HTTPSConnectionPool(host='x', port=443): Read timed out. (read timeout=30)"),
        entry("t4", "failed", execute_id="75004", submit_time=ago(minutes=9), coze_result=RESULT,
              error_message="视频合成失败: 模板不存在"),
        entry("t5", "failed", error_message="Coze提交失败: 429 Client Error: Too Many Requests for url: https://x"),
        entry("t6", "pending"),
    )  # fmt: skip
    told = take_over(program)
    assert told.code == 0, told.err
    for line in ("adopted 1", "to resume 1", "done 1", "held 1", "not started 2", "held t3", "--adopt"):
        assert line in told.out
    done = program.batch()
    assert done.code == 1, "one is held"
    assert program.statuses() == {
        "t1": "done", "t2": "skipped", "t3": "held", "t4": "done", "t5": "done", "t6": "done",
    }  # fmt: skip
    started = {title: len(executions) for title, executions in coze.ledger().tasks.items()}
    assert started == {"标题1号": 1, "标题5号": 1, "标题6号": 1}
    results = program.results()["tasks"]
    assert results["t1"]["execute_id"] == alive
    assert results["t4"]["output"] == RESULT
    assert "Imported results" in results["t2"]["note"]


def test_importing_twice_changes_nothing(program: Program, coze: RunningCoze) -> None:
    alive = begin(coze, "标题1号", "文案1号")
    leave(program, entry("t1", "running", execute_id=alive), entry("t2", "finished", video_path="a.mp4"))
    assert take_over(program).code == 0
    before = program.run("runs").out
    again = take_over(program)
    assert again.code == 0
    assert "Nothing new" in again.out
    assert "known already 2" in again.out
    assert program.run("runs").out == before
    assert program.batch("--include", "t1", "t2").code == 0
    assert "known already 2" in take_over(program).out
    assert len(coze.ledger().executions) == 1


def test_a_dry_run_says_the_same_and_writes_nothing(program: Program) -> None:
    leave(program, entry("t1", "running", execute_id="75001", submit_time=ago(days=8)), entry("t2", "finished"))
    told = take_over(program, "--dry-run")
    assert told.code == 0
    assert "adopted 1" in told.out
    assert "done 1" in told.out
    assert "older than 7 days t1" in told.out
    assert not (program.folder / ".cozebatch").exists()
    assert take_over(program).code == 0
    assert "known already 2" in take_over(program, "--dry-run").out


SAID = {"summary": "Coze's words, and no media to fetch"}
SAY_TEMPLATE = """
import json, pathlib, sys
job = json.load(sys.stdin)
pathlib.Path(job["output_dir"], job["task"]["task_id"] + ".txt").write_text(job["task"]["template"])
print("{}")
"""


def test_what_is_gone_on_with_is_made_as_the_source_says_now(program: Program, coze: RunningCoze) -> None:
    """The older file knows neither template nor account; of a script changed since, its result is no use."""
    program.tasks(2, template="TALL").configure(
        synthesis={"mode": "command", "command": [sys.executable, "-c", SAY_TEMPLATE]}
    )
    leave(
        program,
        entry("t1", "completed", execute_id="75001", submit_time=ago(minutes=9), coze_result=SAID),
        entry("t2", "completed", execute_id="75002", submit_time=ago(minutes=9), coze_result=SAID, content="旧文案"),
    )
    assert take_over(program).code == 0
    done = program.batch()
    assert done.code == 0, done.out
    assert program.statuses() == {"t1": "done", "t2": "done"}
    assert list(coze.ledger().tasks) == ["标题2号"], "only the changed script is paid for"
    assert (program.folder / "output" / "t1.txt").read_text() == "TALL"


def test_a_name_with_wildcards_means_all_such_files(program: Program) -> None:
    """Windows shells hand such a name over as it is."""
    leave(program, entry("t1", "finished"), name="feishu_async_results_20261101_010101.json")
    leave(program, entry("t2", "finished"), name="feishu_async_results_20261102_010101.json")
    told = take_over(program, name="feishu_async_results_*.json")
    assert told.code == 0, told.err
    assert "done 2" in told.out
    nothing = take_over(program, name="nothing_*.json")
    assert nothing.code == 2
    assert "nothing_*.json" in nothing.err


def test_a_script_that_was_changed_since_is_another_input(program: Program, coze: RunningCoze) -> None:
    leave(program, entry("t1", "finished"), entry("t2", "finished", content="旧文案"))
    assert take_over(program).code == 0
    assert program.batch("--include", "t1", "t2").code == 0
    assert program.statuses() == {"t1": "skipped", "t2": "done"}
    assert list(coze.ledger().tasks) == ["标题2号"]


def test_a_run_that_was_killed_learns_what_the_older_tool_did(program: Program, coze: RunningCoze) -> None:
    program.configure(max_coze_concurrent=1)
    with program.start(*BATCH, "--json") as process:
        read_until(process, '"to": "running"')
        kill(process)
        process.communicate(timeout=60)
    alive = begin(coze, "标题5号", "文案5号")
    leave(
        program,
        entry("t1", "failed", execute_id="75001", error_message="Coze执行失败: 1 - x"),
        entry("t5", "submitted", execute_id=alive),
        entry("t6", "finished", video_path="a.mp4"),
    )
    told = take_over(program)
    assert told.code == 0, told.err
    assert "known already 1" in told.out, "the journal knows t1 better"
    assert len(program.run("runs").out.splitlines()) == 1, "they join the run that goes on"
    assert program.batch().code == 0
    assert program.statuses() == {f"t{n}": "done" for n in range(1, 7)}
    started = {title: len(executions) for title, executions in coze.ledger().tasks.items()}
    assert started == {f"标题{n}号": 1 for n in (1, 2, 3, 4, 5)}


def test_what_the_older_tool_learned_of_durations_serves_pacing(program: Program, coze: RunningCoze) -> None:
    times = {"submit_time": ago(minutes=30), "complete_time": ago(minutes=25)}
    leave(program, entry("t1", "finished", execute_id="75001", coze_result=RESULT, **times))
    assert take_over(program).code == 0
    with closing(sqlite3.connect(program.folder / ".cozebatch" / "journal.sqlite3")) as db:
        ((seconds, workflow),) = db.execute("SELECT seconds, workflow_id FROM execution")
    assert round(seconds) == 300
    assert workflow == WORKFLOW_ID


def test_a_results_file_of_ours_brings_back_a_lost_state_directory(program: Program, coze: RunningCoze) -> None:
    assert program.batch("--limit", "3").code == 0
    (program.folder / ".cozebatch").rename(program.folder / "lost")
    (results,) = program.folder.glob("file_async_results_*.json")
    told = take_over(program, name=results.name)
    assert told.code == 0, told.err
    assert "done 3" in told.out
    assert program.batch().code == 0
    assert {title: len(started) for title, started in coze.ledger().tasks.items()} == {
        f"标题{n}号": 1 for n in range(1, 7)
    }


def test_an_execution_whose_record_the_table_no_longer_lists_is_finished_and_written_back(
    tmp_path: Path, coze: RunningCoze
) -> None:
    feishu = SimulatedFeishu()
    with serve(feishu) as url:
        config = demo_configuration(coze.url, url)
        config["workflow_config"]["synthesis"] = {"mode": "none"}
        config["workflow_config"]["poll_interval"] = 0.2
        program = Program(tmp_path, coze.url)
        (tmp_path / "c.json").write_text(json.dumps(config), encoding="utf-8")
        title = feishu.cell(CONTENT, "recdemo01", "仿写标题")
        content = feishu.cell(CONTENT, "recdemo01", "仿写文案")
        alive = begin(coze, title, content)
        feishu.edit(CONTENT, "recdemo01", {"状态": "处理中"})
        leave(
            program,
            entry("recdemo01", "submitted", execute_id=alive, title=title, content=content),
            entry("recdemo02", "finished", content=feishu.cell(CONTENT, "recdemo02", "仿写文案")),
        )
        asked = sum(feishu.counts.values())
        assert program.run("runs", "--import", "old.json", "--config", "c.json").code == 0
        assert sum(feishu.counts.values()) == asked, "the import asks nobody"
        done = program.run("--no-ui", "--config", "c.json", "--include", "recdemo01", "recdemo02", "recdemo03")
        assert done.code == 0, done.out + done.err
        assert program.statuses() == {"recdemo01": "done", "recdemo02": "skipped", "recdemo03": "done"}
        assert feishu.cell(CONTENT, "recdemo01", "状态") == DONE
        assert feishu.cell(CONTENT, "recdemo02", "状态") == READY
        assert len(coze.ledger().tasks[title]) == 1
        assert len(coze.ledger().executions) == 2
