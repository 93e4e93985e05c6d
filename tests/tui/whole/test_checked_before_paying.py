"""What a look that costs nothing can find is not found out by paying: exit 2, and the table stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import trustme

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.demo.feishu_model import ATTACHMENT, MULTI_SELECT
from cozebatch.demo.feishu_tables import CONTENT, READY
from support.batches import MAKES, Files, Table
from support.program import BATCH, Program
from support.tunnels import proxy, tls_front

Spoil = Callable[[Table, Path], None]
LIMITED = ("--limit", "2")


def synthesis(table: Table, **keys: Any) -> None:
    table.config["workflow_config"]["synthesis"] = {"mode": "video", **keys}


def no_draft_folder(table: Table, folder: Path) -> None:
    synthesis(table, mode="draft")
    table.config["workflow_config"]["draft_folder_path"] = str(folder / "missing")


def no_music(table: Table, folder: Path) -> None:
    synthesis(table, background_music_path=str(folder / "missing.mp3"))


def music_that_is_none(table: Table, folder: Path) -> None:
    (folder / "song.mp3").write_bytes(b"no song")
    synthesis(table, background_music_path=str(folder / "song.mp3"))


def output_is_a_file(table: Table, folder: Path) -> None:
    (folder / "films").write_bytes(b"")
    synthesis(table, output_dir=str(folder / "films"))


def no_program(table: Table, folder: Path) -> None:
    synthesis(table, mode="command", command=[str(folder / "missing")])


def no_such_template(table: Table, folder: Path) -> None:
    synthesis(table)
    table.config["template_config"] = {"main": {"title_color": "#ffffff"}}
    table.feishu.edit(CONTENT, "recdemo01", {"模板名称": "mian"})


def no_right_to_write(table: Table, folder: Path) -> None:
    table.feishu.tables[CONTENT].read_only = True


def result_column_takes_no_text(table: Table, folder: Path) -> None:
    column = table.feishu.tables[CONTENT].column("返回结果")
    assert column is not None
    column.kind = MULTI_SELECT


def status_column_of_many_values(table: Table, folder: Path) -> None:
    column = table.feishu.tables[CONTENT].column("状态")
    assert column is not None
    column.kind = MULTI_SELECT


def script_column_of_files(table: Table, folder: Path) -> None:
    column = table.feishu.tables[CONTENT].column("仿写文案")
    assert column is not None
    column.kind = ATTACHMENT


def filter_value_that_is_no_option(table: Table, folder: Path) -> None:
    condition = {"field_name": "状态", "operator": "is", "value": ["视频草搞生成"]}
    filter_ = {"conjunction": "and", "conditions": [condition]}
    table.config["tables"]["content_table"]["filter_condition"] = filter_


def an_input_that_is_not_sent(table: Table, folder: Path) -> None:
    table.config["workflow_config"]["coze_config"]["parameters"] = {"title": "title"}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (no_draft_folder, "JianYing draft folder: does not exist"),
        (no_music, "background music: the file does not exist"),
        (music_that_is_none, "background music"),
        (output_is_a_file, "output folder: is a file"),
        (no_program, "was not found"),
        (no_such_template, "names the template 'mian', which does not exist. There are: main"),
        (no_right_to_write, "permission to write"),
        (result_column_takes_no_text, "field '返回结果'"),
        (status_column_of_many_values, "field '状态'"),
        (script_column_of_files, "field '仿写文案': holds no script (its type is attachment)"),
        (filter_value_that_is_no_option, "'视频草搞生成' in filter_condition is no option of the field '状态'"),
        (an_input_that_is_not_sent, "the workflow requires inputs that are not sent: content"),
    ],
)
def test_what_a_free_look_finds_is_not_paid_for(table: Table, tmp_path: Path, spoil: Spoil, said: str) -> None:
    spoil(table, tmp_path)
    writes = len(table.feishu.writes)
    done = table.run(*LIMITED)
    assert done.code == 2, done.out + done.err
    assert said in done.err
    assert table.executions == 0
    assert len(table.feishu.writes) == writes
    assert table.feishu.cell(CONTENT, "recdemo01", "状态") == READY


def test_a_companys_certificate_ends_the_start_at_once_and_its_root_cures_it(coze: RunningCoze, tmp_path: Path) -> None:
    authority, root = trustme.CA(), tmp_path / "root.pem"
    authority.cert_pem.write_to_path(str(root))
    program = Program(tmp_path, "https://coze.test").configure().tasks(1)
    with tls_front(coze.url, authority, "coze.test") as port, proxy("http", port) as running:
        through = {"HTTPS_PROXY": running.url, "NO_PROXY": "", "SSL_CERT_FILE": ""}
        refused = program.run(*BATCH, env=through)  # a program that waits for 60 s counts as hung
        assert refused.code == 2
        assert "SSL_CERT_FILE" in refused.err
        assert f"through the proxy {running.url}" in refused.err
        assert program.run(*BATCH, env={**through, "SSL_CERT_FILE": str(root)}).code == 0
    assert len(coze.ledger().executions) == 1


def test_check_tells_what_the_rows_name_and_lack(table: Table) -> None:
    table.config["template_config"] = {"main": {"title_font": "x"}}
    table.feishu.edit(CONTENT, "recdemo02", {"模板名称": "mian"})
    for number in range(1, 21):
        table.feishu.edit(CONTENT, f"recdemo{number:02d}", {"仿写标题": ""})
    table.config["workflow_config"]["synthesis"] = {"mode": "video"}
    table.configure()
    done = table.program.run("check", "--config", "c.json")
    assert done.code == 2
    assert (
        "fail  templates: task recdemo02 names the template 'mian', which does not exist. There are: main" in done.out
    )
    assert "warn  records to run: The field '仿写标题' is empty in every record to run (20)" in done.out
    for number in range(1, 21):
        table.feishu.edit(CONTENT, f"recdemo{number:02d}", {"仿写文案": "", "模板名称": ""})
    done = table.program.run("check", "--config", "c.json")
    assert done.code == 2
    assert "fail  records to run: The field '仿写文案' is empty in every record to run (20)" in done.out
    assert table.executions == 0


def test_check_tells_a_template_that_a_task_file_names(files: Files) -> None:
    files.program.settings["template_config"] = {"main": {"title_font": "x"}}
    files.program.configure(synthesis={"mode": "video"})
    files.write(["a"], template="mian")
    done = files.program.run("check", "--config", "c.json", "--tasks", "tasks.csv")
    assert done.code == 2
    assert "names the template 'mian', which does not exist. There are: main" in done.out


@pytest.mark.parametrize("command", [("check", "--config", "c.json"), BATCH])
def test_a_workflow_of_an_app_is_told_with_the_id_to_fill_in(tmp_path: Path, command: Sequence[str]) -> None:
    with serve_coze(CozeOptions(duration=0, app_id="7411")) as coze:
        program = Program(tmp_path, coze.url).configure().tasks(2)
        done = program.run(*command)
        assert done.code == 2
        assert "set coze_config.app_id to 7411" in done.out + done.err
        assert "submit" not in coze.ledger().requests
        program.configure(coze_config={"app_id": "7411"})
        assert program.run(*command).code == 0


@pytest.mark.parametrize("command", [("check", "--config", "c.json"), BATCH])
def test_a_missing_right_is_told_in_cozes_words_before_anything_is_paid(
    coze: RunningCoze, tmp_path: Path, command: Sequence[str]
) -> None:
    program = Program(tmp_path, coze.url).configure().tasks(2)
    coze.set_faults(Fault(what="code", on="workflow", code=4101, message="no access to this workspace"))
    done = program.run(*command)
    assert done.code == 2
    assert "no access to this workspace" in done.out + done.err
    assert "logid" in done.out + done.err
    assert "submit" not in coze.ledger().requests
    coze.set_faults(Fault(what="code", on="workflow", code=4101, message="the permission getMetaData is missing"))
    assert program.run(*command).code == 0


def test_a_results_folder_that_cannot_be_written_is_found_before_the_start(files: Files) -> None:
    files.write(["a"])
    (files.program.folder / "results").write_bytes(b"a file")
    done = files.run("tasks.csv", "--results-dir", "results/in")
    assert done.code == 2
    assert "results folder: cannot be written" in done.err
    assert files.executions == 0


def test_a_batch_with_nothing_to_do_is_not_stopped_by_what_it_does_not_need(files: Files) -> None:
    files.program.configure(synthesis=MAKES)
    files.write(["a"])
    assert files.run().code == 0
    files.program.configure(synthesis={"mode": "command", "command": ["/missing"]})
    assert files.run().code == 0


def test_a_feishu_that_stumbles_for_a_moment_does_not_stop_the_batch(table: Table) -> None:
    from cozebatch.demo.feishu_faults import FeishuFault

    table.feishu.strike(FeishuFault("fields", "html", status=502, times=2))
    assert table.run(*LIMITED).code == 0
