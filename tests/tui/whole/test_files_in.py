"""Files as inputs: uploaded once for each content, before anything is paid; a bad one ends its row alone."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_account import PERMISSIONS
from cozebatch.demo.coze_model import INPUTS, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from support.program import Program

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 40
ONE = {"image": {"type": "image"}}
SEVERAL = {"image": {"type": "array", "items": {"type": "image"}}}


def options(kinds: dict[str, Any], **more: Any) -> CozeOptions:
    return CozeOptions(duration=0.2, inputs={**INPUTS, "image": False}, kinds=kinds, **more)


@pytest.fixture
def coze() -> Iterator[RunningCoze]:
    with serve_coze(options(ONE)) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path, coze: RunningCoze) -> Program:
    return configured(tmp_path, coze)


def configured(folder: Path, coze: RunningCoze) -> Program:
    parameters = {"content": "content", "title": "title", "image": "pic"}
    return Program(folder, coze.url).configure(max_retries=1, coze_config={"parameters": parameters})


def rows(program: Program, **pictures: str) -> None:
    found = [{"task_id": t, "title": t, "content": f"script {t}", "pic": value} for t, value in pictures.items()]
    (program.folder / "tasks.json").write_text(json.dumps(found), encoding="utf-8")


def uploads(coze: RunningCoze) -> int:
    return coze.ledger().requests.get("upload", 0)


def sent(coze: RunningCoze) -> dict[str, Any]:
    return {str(e.parameters["title"]): e.parameters.get("image") for e in coze.ledger().executions.values()}


def test_a_file_is_uploaded_once_for_each_content_and_sent_by_its_id(program: Program, coze: RunningCoze) -> None:
    (program.folder / "a.png").write_bytes(PNG)
    (program.folder / "same.png").write_bytes(PNG)
    rows(program, a="a.png", b="same.png", c="https://example.invalid/c.png")
    done = program.batch()
    assert done.code == 0, done.err
    assert uploads(coze) == 1
    (file,) = coze.service._model.account.files.values()
    assert file.content == PNG
    given = sent(coze)
    assert json.loads(given["a"]) == json.loads(given["b"]) == {"file_id": file.file_id}
    assert given["c"] == "https://example.invalid/c.png"


def test_the_same_content_under_another_name_is_recognized_as_paid(program: Program, coze: RunningCoze) -> None:
    (program.folder / "a.png").write_bytes(PNG)
    rows(program, a="a.png")
    assert program.batch().code == 0
    (program.folder / "pictures").mkdir()
    (program.folder / "a.png").rename(program.folder / "pictures" / "a.png")
    rows(program, a="pictures/a.png")
    assert program.batch().code == 0
    assert program.statuses() == {"a": "skipped"}
    (program.folder / "pictures" / "a.png").write_bytes(PNG + b"another")
    assert program.batch().code == 0
    assert len(coze.ledger().executions) == 2
    assert uploads(coze) == 2


def test_an_upload_on_record_is_used_by_the_next_start(program: Program, coze: RunningCoze) -> None:
    (program.folder / "a.png").write_bytes(PNG)
    rows(program, a="a.png")
    assert program.batch().code == 0
    rows(program, a="a.png", b="a.png")
    assert program.batch().code == 0
    assert uploads(coze) == 1
    assert len(coze.ledger().executions) == 2


def test_a_file_that_coze_does_not_have_any_more_is_uploaded_once_more(program: Program, coze: RunningCoze) -> None:
    """The refusal names the file: nothing was started, and nothing is paid twice."""
    (program.folder / "a.png").write_bytes(PNG)
    (program.folder / "b.png").write_bytes(PNG + b"b")
    rows(program, a="a.png", b="b.png")
    assert program.batch().code == 0
    coze.service._model.account.drop_files()
    rows(program, a="a.png", b="b.png", c="a.png", d="a.png", e="b.png")
    done = program.batch()
    assert done.code == 0, done.out
    assert "uploaded again" in done.out
    assert uploads(coze) == 4
    assert sorted(e.parameters["title"] for e in coze.ledger().executions.values()) == ["a", "b", "c", "d", "e"]
    new = {json.loads(image)["file_id"] for title, image in sent(coze).items() if title in "cde"}
    assert new == set(coze.service._model.account.files)
    rows(program, a="a.png", b="b.png", c="a.png", d="a.png", e="b.png", f="a.png")
    assert program.batch().code == 0
    assert uploads(coze) == 4, "the new id is on record"


def test_a_file_that_coze_refuses_as_soon_as_it_has_it_is_not_uploaded_again(
    program: Program, coze: RunningCoze
) -> None:
    (program.folder / "a.png").write_bytes(PNG)
    rows(program, a="a.png")
    coze.set_faults(Fault(what="code", on="submit", code=4000, message="no such file"))
    done = program.batch()
    assert done.code == 1, done.out
    assert uploads(coze) == 1
    assert coze.ledger().executions == {}
    assert program.results()["tasks"]["a"]["error"]["code"] == "4000"


@pytest.mark.parametrize(
    ("code", "message"),
    [(4000, "Request parameter error"), (4105, "the file holds sensitive words"), (4000, "no such profile")],
)
def test_a_refusal_that_is_not_about_a_file_uploads_nothing_again(
    program: Program, coze: RunningCoze, code: int, message: str
) -> None:
    (program.folder / "a.png").write_bytes(PNG)
    rows(program, a="a.png")
    assert program.batch().code == 0
    rows(program, a="a.png", b="a.png")
    coze.set_faults(Fault(what="code", on="submit", code=code, message=message))
    assert program.batch().code == 1
    assert uploads(coze) == 1


def test_a_bad_file_ends_its_row_alone_and_nothing_is_paid_for_it(program: Program, coze: RunningCoze) -> None:
    folder = program.folder
    (folder / "good.png").write_bytes(PNG)
    (folder / "empty.png").write_bytes(b"")
    (folder / "film.mp4").write_bytes(PNG)
    (folder / "page.png").write_bytes(b"<html>not found</html>")
    (folder / "folder.png").mkdir()
    with (folder / "large.png").open("wb") as file:
        file.truncate(513 * 1024 * 1024)
    (folder.parent / "outside.png").write_bytes(PNG)
    pictures = {
        "good": "good.png",
        "gone": "gone.png",
        "empty": "empty.png",
        "film": "film.mp4",
        "page": "page.png",
        "folder": "folder.png",
        "large": "large.png",
        "outside": "../outside.png",
    }
    if sys.platform != "win32":
        os.mkfifo(folder / "pipe.png")
        os.symlink(folder.parent / "outside.png", folder / "link.png")
        pictures |= {"pipe": "pipe.png", "link": "link.png"}
    rows(program, **pictures)
    done = program.batch()
    assert done.code == 1
    assert list(sent(coze)) == ["good"]
    tasks = program.results()["tasks"]
    assert tasks["good"]["status"] == "done"
    for task_id in pictures.keys() - {"good"}:
        assert tasks[task_id]["status"] == "failed", task_id
        assert tasks[task_id]["error"]["category"] == "source", task_id
        assert tasks[task_id]["attempts"] == 0
        assert "Not charged" in tasks[task_id]["error"]["message"]


def test_a_list_of_files_is_sent_as_a_list(tmp_path: Path) -> None:
    with serve_coze(options(SEVERAL)) as coze:
        program = configured(tmp_path, coze)
        (tmp_path / "a.png").write_bytes(PNG)
        (tmp_path / "b.png").write_bytes(PNG + b"b")
        rows(program, a=json.dumps(["a.png", "b.png", "https://example.invalid/c.png"]))
        done = program.batch()
        assert done.code == 0, done.err
        first, second, third = sent(coze)["a"]
        assert json.loads(first)["file_id"] != json.loads(second)["file_id"]
        assert third == "https://example.invalid/c.png"
        assert uploads(coze) == 2


@pytest.mark.parametrize("what", ["cut_after", "status", "html", "code"])
def test_an_upload_that_fails_is_tried_again_and_pays_for_nothing(
    program: Program, coze: RunningCoze, what: str
) -> None:
    (program.folder / "a.png").write_bytes(PNG)
    rows(program, a="a.png")
    coze.set_faults(Fault(what=what, on="upload", last=1, status=503 if what == "status" else None, code=5000))
    done = program.batch()
    assert done.code == 0, done.err
    assert uploads(coze) == 2
    assert len(coze.ledger().executions) == 1


def test_a_token_without_the_right_to_upload_stops_the_batch_unpaid(tmp_path: Path) -> None:
    with serve_coze(options(ONE, permissions=PERMISSIONS - {"uploadFile"})) as coze:
        program = configured(tmp_path, coze)
        (tmp_path / "a.png").write_bytes(PNG)
        rows(program, a="a.png")
        refused = program.batch()
        assert refused.code == 2, "nothing was submitted"
        assert "uploadFile" in refused.out + refused.err
        assert coze.ledger().executions == {}


def test_without_the_declaration_rows_that_name_files_are_not_submitted(tmp_path: Path) -> None:
    with serve_coze(options(ONE, permissions=PERMISSIONS - {"getMetaData"})) as coze:
        program = configured(tmp_path, coze)
        (tmp_path / "a.png").write_bytes(PNG)
        rows(program, a="a.png")
        done = program.batch()
        assert done.code == 2
        assert "getMetaData" in done.err
        assert coze.ledger().executions == {}


def test_check_says_which_inputs_take_files(program: Program, coze: RunningCoze) -> None:
    rows(program, a="a.png")
    done = program.run("check", "--config", "c.json", "--tasks", "tasks.json")
    assert "these inputs take files: image (image)" in done.out
