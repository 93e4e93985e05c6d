"""Workflows that ask a person, with the real program over real sockets. Executions are counted at Coze."""

from __future__ import annotations

import getpass
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from support.program import Program, kill, read_until

ASKS = Fault(what="interrupt", text="用哪种风格？")
FIELDS = Fault(
    what="interrupt",
    text="请补充",
    code=5,
    message=json.dumps({"style": {"type": "string", "required": True}, "count": {"type": "integer"}}),
)


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.3)) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path, coze: RunningCoze) -> Program:
    return Program(tmp_path, coze.url).configure().tasks(2)


def questions(program: Program) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(program.folder / ".cozebatch" / "journal.sqlite3")) as db:
        db.row_factory = sqlite3.Row
        return [dict(row) for row in db.execute("SELECT * FROM question ORDER BY asked_at")]


def answers(coze: RunningCoze) -> list[list[str]]:
    return [list(execution.answers) for execution in coze.ledger().executions.values()]


def test_a_question_holds_the_task_and_an_answer_finishes_it_unpaid(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(ASKS)
    asked = program.batch()
    assert asked.code == 1
    assert "用哪种风格？" in asked.out
    assert "--answer t1=TEXT (free" in asked.out
    held = program.results()["tasks"]["t1"]
    assert (held["status"], held["attempts"]) == ("held", 1)
    again = program.batch("--answer", "t1=写实", "t2=动画")
    assert again.code == 0, again.err
    assert answers(coze) == [["写实"], ["动画"]] or answers(coze) == [["动画"], ["写实"]]
    results = program.results()["tasks"]
    assert {t: (r["status"], r["attempts"]) for t, r in results.items()} == {"t1": ("done", 1), "t2": ("done", 1)}
    assert coze.ledger().requests["submit"] == 2
    for asked_one in questions(program):
        assert asked_one["status"] == "taken"
        assert asked_one["answered_by"] == getpass.getuser()
        assert asked_one["answered_at"] > asked_one["asked_at"]


def test_the_execution_may_go_on_under_another_id(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(duration=0.3, new_id_on_resume=True), [ASKS, ASKS]) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(1)
        assert program.batch().code == 1
        first = program.results()["tasks"]["t1"]["execute_id"]
        assert program.batch("--answer", "t1=a").code == 1, "it asks once more"
        second = program.results()["tasks"]["t1"]["execute_id"]
        refused = program.batch("--adopt", f"t1={first}")
        assert refused.code == 2
        assert second in refused.err
        assert program.batch("--answer", "t1=b").code == 0
        assert answers(coze) == [["a", "b"]]
        done = program.results()["tasks"]["t1"]
        assert done["attempts"] == 1
        assert len({first, second, done["execute_id"]}) == 3


def test_fields_are_given_as_an_object_and_checked_before_anything_is_sent(program: Program, coze: RunningCoze) -> None:
    coze.set_faults(FIELDS)
    program.tasks(1)
    assert program.batch().code == 1
    seen = dict(coze.ledger().requests)
    for answer in ("one text", '{"style": "x", "count": "many"}', '{"style": "x", "colour": "red"}', '{"count": 3}'):
        refused = program.batch("--answer", f"t1={answer}")
        assert refused.code == 2, answer
        assert "--answer t1" in refused.err
    assert coze.ledger().requests.get("resume") is None
    assert coze.ledger().requests["submit"] == seen["submit"]
    assert program.batch("--answer", 't1={"style": "写实", "count": "3"}').code == 0
    assert [json.loads(a) for a in answers(coze)[0]] == [{"style": "写实", "count": 3}]


def test_an_answer_is_refused_where_nothing_is_asked(program: Program, coze: RunningCoze) -> None:
    refused = program.batch("--answer", "t1=a")
    assert refused.code == 2
    assert "Task t1 waits for no answer" in refused.err
    unknown = program.batch("--answer", "t9=a")
    assert unknown.code == 2
    assert "t9" in unknown.err
    assert coze.ledger().requests.get("submit") is None
    assert program.batch("--answer", "t1").code == 2


@pytest.mark.parametrize("what", ["cut_after", "cut_before", "empty", "late"])
def test_an_answer_without_a_response_is_looked_at_before_it_is_sent_again(
    program: Program, coze: RunningCoze, what: str
) -> None:
    program.configure(coze_config={"request_timeout": 1.0}).tasks(1)
    coze.set_faults(ASKS)
    assert program.batch().code == 1
    coze.set_faults(ASKS, Fault(what=what, on="resume", last=1, seconds=3.0))
    assert program.batch("--answer", "t1=a").code == 0
    assert answers(coze) == [["a"]]
    assert coze.ledger().requests["submit"] == 1
    assert coze.ledger().requests["resume"] == (2 if what == "cut_before" else 1)
    assert [q["status"] for q in questions(program)] == ["taken"]


def test_a_refused_answer_leaves_the_task_held_with_cozes_words(program: Program, coze: RunningCoze) -> None:
    program.tasks(1)
    coze.set_faults(ASKS)
    assert program.batch().code == 1
    coze.set_faults(ASKS, Fault(what="code", on="resume", code=4000, message="bad answer"))
    assert program.batch("--answer", "t1=a").code == 1
    error = program.results()["tasks"]["t1"]["error"]
    assert error["category"] == "workflow_interrupted"
    assert "bad answer" in error["message"]
    coze.set_faults()
    assert program.batch("--answer", "t1=b").code == 0
    assert answers(coze) == [["b"]]
    assert coze.ledger().requests["submit"] == 1


def test_what_was_answered_in_coze_itself_goes_on_at_the_next_start(program: Program, coze: RunningCoze) -> None:
    program.tasks(1)
    coze.set_faults(ASKS)
    assert program.batch().code == 1
    assert program.batch().code == 1, "still held, and not paid for again"
    (execution,) = coze.ledger().executions.values()
    execution.answers.append("in the browser")
    assert program.batch().code == 0
    assert coze.ledger().requests["submit"] == 1
    assert coze.ledger().requests.get("resume") is None
    assert [q["status"] for q in questions(program)] == ["elsewhere"]


def test_a_kill_while_the_answer_is_on_the_wire_pays_for_nothing(program: Program, coze: RunningCoze) -> None:
    program.tasks(1)
    coze.set_faults(ASKS)
    assert program.batch().code == 1
    coze.set_faults(ASKS, Fault(what="late", on="resume", seconds=20.0))
    options = ("--no-ui", "--json", "--config", "c.json", "--tasks", "tasks.json", "--answer", "t1=a")
    with program.start(*options) as process:
        read_until(process, '"held"')
        while not coze.ledger().requests.get("resume"):
            pass
        kill(process)
    coze.set_faults()
    assert program.batch().code == 0
    assert answers(coze) == [["a"]]
    assert coze.ledger().requests["submit"] == 1


@pytest.mark.parametrize(
    "text",
    ["\x1b[31mred\x1b[0m [bold]x[/]", "x" * 100_000, '{"content": "{\\"question\\": \\"deep?\\"}"}', "", "‮evil"],
)
def test_whatever_is_asked_is_shown_harmless(program: Program, coze: RunningCoze, text: str) -> None:
    program.tasks(1)
    coze.set_faults(Fault(what="interrupt", text=text, message='{"\\u202e": {}, "a": 3, "b": {"type": "nowhere"}}'))
    asked = program.batch()
    assert asked.code == 1
    assert "\x1b[31m" not in asked.out
    assert "‮" not in asked.out
    assert len(asked.out) < 20_000
    assert program.batch("--answer", 't1={"a": "1", "b": "2"}').code == 0


def test_a_file_that_is_asked_for_is_uploaded_or_refused_with_a_reason(program: Program, coze: RunningCoze) -> None:
    program.tasks(1)
    image = {"img": {"type": "image", "required": True}}
    coze.set_faults(Fault(what="interrupt", text="哪张图？", code=5, message=json.dumps(image)))
    assert program.batch().code == 1
    program.tasks(2)  # a new row, for which nothing may begin either
    folder = program.folder
    (folder / "empty.png").write_bytes(b"")
    (folder / "film.mp4").write_bytes(b"x" * 50)
    (folder / "page.png").write_bytes(b"<html>not found</html>")
    with (folder / "large.png").open("wb") as file:
        file.truncate(513 * 1024 * 1024)
    (folder / "folder.png").mkdir()
    words = {
        "empty.png": "empty",
        "gone.png": "no such file",
        "film.mp4": "type",
        "page.png": "page.png",
        "large.png": "512 MB",
        "folder.png": "folder.png",
        '{"img": "gone.png"}': "no such file",
    }
    for name, said in words.items():
        refused = program.batch("--answer", f"t1={name}")
        assert refused.code == 2, (name, refused.out, refused.err)
        assert "--answer t1" in refused.err, name
        assert said in refused.err, (name, refused.err)
        assert "submitting" not in refused.out
    assert answers(coze) == [[]]
    assert coze.ledger().requests.get("resume") is None
    assert coze.ledger().requests.get("upload") is None
    assert coze.ledger().requests["submit"] == 1
    program.tasks(1)
    (program.folder / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"x" * 50)
    assert program.batch("--answer", "t1=a.png").code == 0
    ((answer,),) = answers(coze)
    (file_id,) = coze.service._model.account.files
    assert json.loads(json.loads(answer)["img"]) == {"file_id": file_id}
    assert coze.ledger().requests["submit"] == 1
