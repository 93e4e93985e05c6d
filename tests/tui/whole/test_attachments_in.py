"""Attachments of a Feishu table as inputs: brought here only for rows that are paid for, uploaded once a content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_account import PERMISSIONS
from cozebatch.demo.coze_model import INPUTS, CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.environment import demo_configuration
from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import ATTACHMENT, SimColumn
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, FAILED, READY
from cozebatch.demo.serving import serve
from support.program import Program

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 40
ONE = {"image": {"type": "image"}}
SEVERAL = {"image": {"type": "array", "items": {"type": "image"}}}
BATCH = ("--no-ui", "--config", "c.json", "--limit", "3")
FIRST, SECOND, THIRD = (f"recdemo{n:02}" for n in (1, 2, 3))


@dataclass
class Office:
    coze: RunningCoze
    feishu: SimulatedFeishu
    program: Program

    def attach(self, record: str, **files: bytes) -> None:
        self.feishu.attach(CONTENT, record, "素材", **files)

    def text(self, record: str, text: str) -> None:
        self.feishu.tables[CONTENT].records[record]["素材"] = [{"text": text, "type": "text"}]

    def statuses(self) -> list[str]:
        return [self.feishu.cell(CONTENT, record, "状态") for record in (FIRST, SECOND, THIRD)]

    def sent(self) -> list[Any]:
        return [e.parameters.get("image") for e in self.coze.ledger().executions.values()]

    @property
    def uploads(self) -> int:
        return self.coze.ledger().requests.get("upload", 0)


@pytest.fixture
def kinds() -> dict[str, Any]:
    return ONE


@pytest.fixture
def permissions() -> frozenset[str]:
    return PERMISSIONS


@pytest.fixture
def office(tmp_path: Path, kinds: dict[str, Any], permissions: frozenset[str]) -> Iterator[Office]:
    feishu = SimulatedFeishu()
    feishu.tables[CONTENT].columns.append(SimColumn("素材", ATTACHMENT))
    options = CozeOptions(duration=0.2, inputs={**INPUTS, "image": False}, kinds=kinds, permissions=permissions)
    with serve_coze(options) as coze, serve(feishu) as url:
        config = demo_configuration(coze.url, url)
        workflow = config["workflow_config"]
        workflow |= {"synthesis": {"mode": "none"}, "poll_interval": 0.2, "max_retries": 1}
        workflow["coze_config"]["parameters"] = {"content": "content", "title": "title", "image": "素材"}
        (tmp_path / "c.json").write_text(json.dumps(config), encoding="utf-8")
        yield Office(coze, feishu, Program(tmp_path, coze.url))


def test_attachments_are_brought_for_rows_that_are_paid_for_and_uploaded_once_a_content(office: Office) -> None:
    for record in (FIRST, SECOND, "recdemo09"):
        office.attach(record, a_png=PNG)
    done = office.program.run(*BATCH)
    assert done.code == 0, done.out + done.err
    assert office.statuses() == [DONE, DONE, DONE]
    assert office.uploads == 1, "the same content twice"
    assert office.feishu.counts["download"] == 2, "the row that is not run stays where it is"
    (file,) = office.coze.service._model.account.files.values()
    assert file.content == PNG
    assert sorted(map(str, office.sent())) == sorted([json.dumps({"file_id": file.file_id})] * 2 + ["None"])
    assert not list((office.program.folder / ".cozebatch").glob("tmp*")), "nothing of them stays here"


def test_a_row_is_not_paid_again_when_its_attachment_gets_another_name(office: Office) -> None:
    office.attach(FIRST, a_png=PNG)
    assert office.program.run(*BATCH[:-1], "1").code == 0
    office.feishu.tables[CONTENT].records[FIRST]["素材"][0]["name"] = "renamed.png"
    office.feishu.tables[CONTENT].records["recdemo99"] = dict(office.feishu.tables[CONTENT].records[FIRST])
    office.feishu.edit(CONTENT, "recdemo99", {"状态": READY})
    done = office.program.run("--no-ui", "--config", "c.json", "--include", "recdemo99", "--reuse")
    assert done.code == 0, done.out + done.err
    assert len(office.sent()) == 1, "a copy of the row has the result"
    assert office.feishu.counts["download"] == 1


@pytest.mark.parametrize("kinds", [SEVERAL])
def test_several_attachments_feed_a_list(office: Office) -> None:
    office.attach(FIRST, a_png=PNG, b_png=PNG + b"b")
    office.text(SECOND, "https://example.invalid/c.png")
    done = office.program.run(*BATCH)
    assert done.code == 0, done.out + done.err
    sent = {len(value or ()): value for value in office.sent()}
    assert sorted(sent) == [0, 1, 2]
    assert sent[1] == ["https://example.invalid/c.png"], "an address alone is a list, too"
    assert office.uploads == 2


@pytest.mark.parametrize("kinds", [SEVERAL])
def test_addresses_alone_are_sent_as_a_list(office: Office) -> None:
    office.text(FIRST, "https://example.invalid/a.png\nhttps://example.invalid/b.png")
    assert office.program.run(*BATCH[:-1], "1").code == 0
    assert office.sent() == [["https://example.invalid/a.png", "https://example.invalid/b.png"]]


BAD = {
    "empty": {"a_png": b""},
    "page": {"a_png": b"<html>sign in</html>"},
    "type": {"film_mp4": PNG},
}


@pytest.mark.parametrize("what", [*BAD, "gone", "large", "lies", "words"])
def test_a_bad_attachment_ends_its_row_alone_unpaid(office: Office, what: str) -> None:
    office.attach(FIRST, good_png=PNG)
    if what == "words":
        office.text(SECOND, "file:feishu:boxcn00000000:9:a.png")
    else:
        office.attach(SECOND, **BAD.get(what, {"a_png": PNG}))
    cells = office.feishu.tables[CONTENT].records[SECOND]["素材"]
    if what == "gone":
        office.feishu.media.delete(cells[0]["file_token"])
    elif what == "large":
        cells[0]["size"] = 600 * 1024 * 1024
    elif what == "lies":
        office.feishu.media.files.clear()
        office.attach(SECOND, a_png=b"")
        office.feishu.tables[CONTENT].records[SECOND]["素材"][0]["size"] = 77
        office.attach(FIRST, good_png=PNG)
    done = office.program.run(*BATCH)
    assert done.code == 1, done.out + done.err
    assert office.statuses() == [DONE, FAILED, DONE]
    assert len(office.sent()) == 2
    assert "没有扣费" in office.feishu.cell(CONTENT, SECOND, "返回结果") or "Not charged" in office.feishu.cell(
        CONTENT, SECOND, "返回结果"
    )


@pytest.mark.parametrize("what", ["cut", "html", "code"])
def test_a_download_that_fails_is_tried_again_and_pays_for_nothing(office: Office, what: Any) -> None:
    office.attach(FIRST, a_png=PNG)
    office.feishu.strike(FeishuFault(on="download", what=what, code=1255001, status=503))
    done = office.program.run(*BATCH[:-1], "1")
    assert done.code == 0, done.out + done.err
    assert office.feishu.counts["download"] == 2
    assert len(office.sent()) == 1


def test_an_expired_token_is_renewed_for_a_download(office: Office) -> None:
    office.attach(FIRST, a_png=PNG)
    office.feishu.strike(FeishuFault(on="download", code=99991663, status=400))
    assert office.program.run(*BATCH[:-1], "1").code == 0
    assert len(office.sent()) == 1


def test_without_the_right_to_download_the_batch_stops_unpaid_and_marks_no_row(office: Office) -> None:
    office.attach(FIRST, a_png=PNG)
    office.feishu.media.allowed = False
    done = office.program.run(*BATCH[:-1], "1")
    assert done.code == 2, done.out + done.err
    assert office.sent() == []
    assert office.statuses()[0] == READY
    assert "drive media" in done.out + done.err or "云文档素材" in done.out + done.err
    office.feishu.media.allowed = True
    assert office.program.run(*BATCH[:-1], "1").code == 0
    assert len(office.sent()) == 1


def test_a_base_with_advanced_permissions_is_told_what_its_cell_says(office: Office) -> None:
    office.feishu.media.extra = '{"bitablePerm":{"tableId":"tbl1","rev":5}}'
    office.attach(FIRST, a_png=PNG)
    assert office.program.run(*BATCH[:-1], "1").code == 0
    assert len(office.sent()) == 1


@pytest.mark.parametrize("permissions", [PERMISSIONS - {"getMetaData"}])
def test_without_the_declaration_rows_with_attachments_are_not_submitted(office: Office) -> None:
    office.attach(FIRST, a_png=PNG)
    done = office.program.run(*BATCH[:-1], "1")
    assert done.code == 2
    assert "getMetaData" in done.err
    assert office.sent() == []


def test_check_says_which_inputs_are_files_and_which_column_feeds_them(office: Office) -> None:
    done = office.program.run("check", "--config", "c.json")
    assert "image (image)" in done.out
    assert "attachments, uploaded to Coze when they are needed" in done.out
