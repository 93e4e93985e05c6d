"""`runs --import` of files that are cut, hostile or not there, and while a run goes on: said plainly, no harm done."""

from __future__ import annotations

import json

import pytest

from cozebatch.demo.coze_server import RunningCoze
from cozebatch.journal.lock import state_lock
from support.older_tool import IMPORT, entry, leave, take_over
from support.program import Program


def test_a_cut_file_is_named_and_nothing_is_written(program: Program) -> None:
    leave(program, entry("t1", "running", execute_id="75001"))
    whole = (program.folder / "old.json").read_bytes()
    (program.folder / "cut.json").write_bytes(whole[: len(whole) // 2])
    told = program.run("runs", "--import", "old.json", "cut.json", *IMPORT)
    assert told.code == 2
    assert "cut.json" in told.err
    assert "Traceback" not in told.err
    assert not (program.folder / ".cozebatch").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "--config"),
        (("--config", "missing.json"), "missing.json"),
        (("--config", "c.json", "--tasks", "missing.csv"), "missing.csv"),
        (("--config", "c.json"), "api_config"),
    ],
)
def test_what_is_missing_is_said(program: Program, options: tuple[str, ...], said: str) -> None:
    leave(program, entry("t1", "finished"))
    told = program.run("runs", "--import", "old.json", *options)
    assert told.code == 2
    assert said in told.err
    assert "Traceback" not in told.err


def test_a_running_process_keeps_its_state_to_itself(program: Program) -> None:
    leave(program, entry("t1", "finished"))
    with state_lock(program.folder / ".cozebatch"):
        told = take_over(program)
    assert told.code == 2
    assert "pid" in told.err


def test_hostile_text_does_no_harm(program: Program, coze: RunningCoze) -> None:
    evil = "\x1b]0;x\x07\x1b[31m[red]{command}{0}\u202e\ud800\r\n=cmd()"
    path = program.folder / "old.json"
    facts = {"title": evil, "content": evil, "project_name": "../../" + evil, "error_message": f"Coze提交失败: {evil}"}
    tasks = {
        evil: entry("x", "failed", **facts),
        "t1": entry(
            "t1",
            "completed",
            coze_result={"videoUrl": evil, evil: [evil]},
            execute_id="75001",
            **facts | {"content": "文案1号"},
        ),
        "t2": entry("t2", evil, **facts),
    }
    path.write_text(json.dumps({"tasks": tasks}), encoding="utf-8")
    told = take_over(program)
    assert told.code == 0, told.err
    assert "held 2" in told.out
    assert "\x1b" not in told.out
    assert "\u202e" not in told.out
    assert len(told.out.splitlines()) == 6
    done = program.batch("--include", "t1", "t2", "t3")
    assert done.code == 1, done.err
    assert program.statuses()["t1"] == "done"
    assert program.statuses()["t2"] == "held"
    assert len(coze.ledger().executions) == 1
    assert not list(program.folder.parent.glob("x*"))


def test_a_secret_in_the_old_file_gets_no_further(program: Program) -> None:
    secret = "pat_0123456789abcdefghij"
    program.token = secret
    program.configure()
    message = f"Coze提交失败: bad header 'Bearer {secret}'"
    leave(program, entry("t1", "failed", error_message=message), entry("t2", "completed", coze_result={"a": secret}))
    told = take_over(program)
    assert told.code == 0
    (program.folder / "old.json").unlink()
    assert secret not in told.out + told.err + program.all_text()
