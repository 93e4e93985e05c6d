"""The same script again: another row's paid result, used for free where a person chooses that."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from support.program import Program


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.2)) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path, coze: RunningCoze) -> Program:
    return Program(tmp_path, coze.url).configure()


def rows(program: Program, ids: Sequence[str], name: str = "tasks.json") -> None:
    """Rows of different ids that all say the same."""
    found = [{"task_id": task_id, "title": "one", "content": "the same script"} for task_id in ids]
    (program.folder / name).write_text(json.dumps(found), encoding="utf-8")


def paid(coze: RunningCoze) -> int:
    return len(coze.ledger().executions)


def test_a_row_with_equal_parameters_is_paid_for_unless_reuse_is_asked_for(program: Program, coze: RunningCoze) -> None:
    rows(program, ["a"])
    assert program.batch().code == 0
    rows(program, ["a", "b"])
    looked = program.batch("--dry-run")
    assert "1 task with parameters paid for as another task's within 7 days" in looked.out
    assert "--reuse uses those results (free)" in looked.out
    assert "1 new paid execution" in looked.out
    free = program.batch("--dry-run", "--reuse")
    assert "0 new paid executions" in free.out
    assert "1 reused" in free.out
    assert paid(coze) == 1
    done = program.batch("--reuse")
    assert done.code == 0, done.err
    assert paid(coze) == 1
    results = program.results()["tasks"]
    assert results["b"]["status"] == "done"
    assert results["b"]["attempts"] == 0
    (execution,) = coze.ledger().executions
    assert results["b"]["execute_id"] == execution
    assert results["b"]["output"]
    again = program.batch()
    assert again.code == 0
    assert paid(coze) == 1, "what was reused is done, and is not paid for by the next start"
    assert set(program.statuses().values()) == {"skipped"}


def test_without_reuse_it_is_paid_for(program: Program, coze: RunningCoze) -> None:
    rows(program, ["a"])
    assert program.batch().code == 0
    rows(program, ["a", "b"])
    assert program.batch().code == 0
    assert paid(coze) == 2
    rows(program, ["a", "b", "c", "d"])
    assert program.batch("--reuse").code == 0
    assert paid(coze) == 2, "one result may serve several"


def test_a_row_without_an_id_of_its_own_keeps_what_it_reused(program: Program, coze: RunningCoze) -> None:
    def write(count: int, name: str) -> None:
        found = [{"title": "one", "content": "the same script"}] * count
        (program.folder / name).write_text(json.dumps(found), encoding="utf-8")

    write(1, "tasks.json")
    assert program.batch().code == 0
    write(2, "tasks.json")
    assert program.batch("--reuse").code == 0
    assert paid(coze) == 1
    write(2, "renamed.json")
    done = program.run("--no-ui", "--config", "c.json", "--tasks", "renamed.json")
    assert done.code == 0
    assert paid(coze) == 1, "the entry on record serves the second row"


def test_reuse_pays_for_what_is_new_and_fresh_pays_for_all(program: Program, coze: RunningCoze) -> None:
    program.tasks(2)
    assert program.batch("--reuse").code == 0
    assert paid(coze) == 2
    assert program.batch("--reuse", "--fresh", "--yes").code == 0
    assert paid(coze) == 4


def test_a_rerun_pays_although_there_is_a_result(program: Program, coze: RunningCoze) -> None:
    rows(program, ["a", "b"])
    assert program.batch().code == 0
    assert paid(coze) == 2
    assert program.batch("--reuse", "--rerun", "b", "--yes").code == 0
    assert paid(coze) == 3


def test_each_row_gets_a_film_of_its_own(program: Program, coze: RunningCoze) -> None:
    made = "import json, sys; j = json.load(sys.stdin); print(json.dumps({'message': j['task']['task_id']}))"
    program.configure(synthesis={"mode": "command", "command": ["python3", "-c", made]})
    rows(program, ["a"])
    assert program.batch().code == 0
    rows(program, ["a", "b"])
    done = program.batch("--reuse")
    assert done.code == 0, done.err
    results = program.results()["tasks"]
    assert results["a"]["project_name"] != results["b"]["project_name"]
    assert results["b"]["status"] == "done"
    assert paid(coze) == 1
