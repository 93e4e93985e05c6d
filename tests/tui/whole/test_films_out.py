"""The whole program writes films into their rows: in parts, killed in the middle, and never paid for or sent twice."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.environment import demo_configuration
from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import ATTACHMENT, TEXT, SimColumn
from cozebatch.demo.feishu_server import SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, DONE, READY
from cozebatch.demo.serving import serve
from support.program import Program, kill

BATCH = ("--no-ui", "--config", "c.json", "--limit", "2")
OWN = """
import json, pathlib, shutil, sys
asked = json.load(sys.stdin)
path = pathlib.Path(asked["output_dir"]) / (asked["task"]["task_id"] + ".mp4")
path.parent.mkdir(parents=True, exist_ok=True)
shutil.copy(asked["media"]["video"], path)
with path.open("ab") as file:
    file.write(b"\\0" * (9 << 20))
print(json.dumps({"video_path": str(path)}))
"""
"""A film of more than two parts, with a picture in it."""


@dataclass
class Office:
    coze: RunningCoze
    feishu: SimulatedFeishu
    program: Program

    def row(self, number: int) -> dict[str, Any]:
        return self.feishu.tables[CONTENT].records[f"recdemo{number:02}"]


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    feishu = SimulatedFeishu()
    columns = [SimColumn("封面", ATTACHMENT), SimColumn("成片", ATTACHMENT), SimColumn("位置", TEXT)]
    feishu.tables[CONTENT].columns += columns
    with serve_coze(CozeOptions(duration=0.2)) as coze, serve(feishu) as url:
        config = demo_configuration(coze.url, url)
        mapped = {"cover": "封面", "film": "成片", "film_link": "位置"}
        config["tables"]["content_table"]["field_mapping"] = mapped
        own = {"mode": "command", "command": [sys.executable, "-c", OWN], "output_dir": str(tmp_path / "films")}
        config["workflow_config"] |= {"synthesis": own, "poll_interval": 0.2}
        (tmp_path / "c.json").write_text(json.dumps(config), encoding="utf-8")
        yield Office(coze, feishu, Program(tmp_path, coze.url))


def test_a_batch_shows_its_films_in_their_rows(office: Office) -> None:
    done = office.program.run(*BATCH)
    assert done.code == 0, done.out + done.err
    for number in (1, 2):
        row = office.row(number)
        film = Path(row["位置"][0]["text"])
        media = office.feishu.media.files
        assert row["状态"] == DONE
        assert media[row["成片"][0]["file_token"]].content == film.read_bytes()
        assert media[row["封面"][0]["file_token"]].content.startswith(b"\xff\xd8\xff")
    assert office.feishu.media.parts_received == 6
    assert office.feishu.media.uploads == 2 + len({office.row(n)["封面"][0]["file_token"] for n in (1, 2)})


def test_a_kill_in_the_middle_of_an_upload_costs_neither_money_nor_what_was_uploaded(office: Office) -> None:
    office.feishu.strike(FeishuFault(on="upload_finish", code=1255001, status=503, times=None))
    with office.program.start(*BATCH) as process:
        office.feishu.wait_until(lambda: office.feishu.counts["upload_finish"] >= 2, timeout=60.0)
        kill(process)
    assert [office.row(n)["状态"] for n in (1, 2)] == [READY, READY]
    sent = office.feishu.media.parts_received
    assert sent == 6
    office.feishu.heal()
    done = office.program.run(*BATCH)
    assert done.code == 0, done.out + done.err
    assert [office.row(n)["状态"] for n in (1, 2)] == [DONE, DONE]
    assert office.feishu.media.parts_received == sent, "what was uploaded is not sent again"
    assert len(office.coze.ledger().executions) == 2
    assert all(office.row(n)["成片"][0]["size"] > 9 << 20 for n in (1, 2))


def test_a_column_that_takes_no_film_ends_the_batch_before_anything_is_paid_for(office: Office) -> None:
    office.feishu.tables[CONTENT].column("成片").kind = TEXT  # type: ignore[union-attr]
    refused = office.program.run(*BATCH)
    assert refused.code == 2
    assert "make it attachments" in refused.out + refused.err
    assert office.coze.ledger().executions == {}


def test_check_names_the_columns_and_the_right(office: Office) -> None:
    office.feishu.media.allowed = False
    done = office.program.run("check", "--config", "c.json")
    assert done.code == 2
    assert "upload drive media" in done.out
    office.feishu.media.allowed = True
    assert "may upload" in office.program.run("check", "--config", "c.json").out
