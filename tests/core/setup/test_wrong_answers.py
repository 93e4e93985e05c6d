"""Wrong answers are told with their reason and an example, and change nothing; secrets stay where they belong."""

from __future__ import annotations

from pathlib import Path

import pytest

from cozebatch.demo.coze_account import PERMISSIONS
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import SINGLE_SELECT, SimColumn, SimTable
from cozebatch.demo.feishu_server import APP_SECRET, SimulatedFeishu
from cozebatch.settings import parse_settings
from cozebatch.setup.column_questions import AGREED
from cozebatch.setup.draft import configuration_of
from cozebatch.setup.state import State
from support.setup_flow import chosen, services, walk, wrong

pytestmark = pytest.mark.anyio


async def test_a_missing_permission_leads_to_pasting_and_is_named(tmp_path: Path) -> None:
    options = CozeOptions(permissions=PERMISSIONS - {"listWorkspace", "listWorkflow"})
    with services(options) as found:
        way = walk(found, tmp_path)
        await way.until("workflow", chosen(found))
        question = way.question()
        assert question.options == ()
        assert any("listWorkspace" in note.en for note in question.notes)
        assert "such as 7400" in await wrong(way, "my workflow")
        await way.answer(f"https://www.coze.cn/work_flow?space_id=7&workflow_id={WORKFLOW_ID}")
        assert way.state.answers.workflow_id == WORKFLOW_ID


@pytest.mark.parametrize(
    ("missing", "at"), [("listWorkflow", "workflow"), ("getMetaData", "base")], ids=["list", "inputs"]
)
async def test_each_permission_alone_is_named(tmp_path: Path, missing: str, at: str) -> None:
    with services(CozeOptions(permissions=PERMISSIONS - {missing})) as found:
        way = walk(found, tmp_path)
        await way.until(at, {**chosen(found), "workflow": WORKFLOW_ID})
        assert any(missing in note.en for note in way.question().notes)


async def test_a_token_that_no_site_takes_is_told_without_showing_it(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("token", {})
        told = await wrong(way, "pat_0123456789abcdefgh")
        assert "4100" in told
        assert "cdefgh" not in told
        assert "needed" in await wrong(way, "")
        assert "copy it again" in await wrong(way, "pat 0123")


@pytest.mark.parametrize(
    ("link", "what"),
    [
        ("https://acme.feishu.cn/docx/AbcDef", "a document"),
        ("https://acme.feishu.cn/drive/folder/AbcDef", "a drive folder"),
        ("https://acme.feishu.cn/sheets/AbcDef", "a spreadsheet"),
        ("https://acme.feishu.cn/base/AbcDef?table=blk12345", "a dashboard"),
        ("nothing at all", "app_token"),
    ],
)
async def test_a_link_that_is_no_base_is_told_for_what_it_is(tmp_path: Path, link: str, what: str) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("base", chosen(found))
        told = await wrong(way, link)
        assert what in told


async def test_a_workflow_of_the_other_site_is_told(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("workflow", chosen(found))
        way.state = way.state.answer(base_url="https://api.coze.cn")
        assert "coze.com" in await wrong(way, f"https://www.coze.com/work_flow?workflow_id={WORKFLOW_ID}")


async def test_wrong_credentials_of_the_app_are_told_with_what_right_ones_look_like(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("app_secret", chosen(found))
        told = await wrong(way, "not_the_secret")
        assert "(logid 2026demo10014) An App ID" in told
        assert "cli_a1b2c3d4e5" in told
        assert "not_the_secret" not in told
        found.feishu.strike(FeishuFault("tables", code=91403))
        assert "Add document app" in await wrong(way, APP_SECRET)


async def test_a_file_without_a_column_of_scripts_asks_for_one(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("标题,甲\n一,二\n", encoding="utf-8")
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("columns", {**chosen(found), "source": "file", "tasks": str(path)})
        assert "No column yet for: content" in await wrong(way, AGREED)
        await way.answer("content")
        await way.answer("甲")
        await way.answer(AGREED)
    assert configuration_of(way.state)["task_file"]["columns"] == {"content": "甲", "title": "标题"}


async def test_a_file_with_nothing_in_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text("\n\n", encoding="utf-8")
    (tmp_path / "empty.json").write_text("[]", encoding="utf-8")
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("tasks", {**chosen(found), "source": "file"})
        assert "empty" in await wrong(way, str(tmp_path / "empty.csv"))
        assert "no columns" in await wrong(way, str(tmp_path / "empty.json"))


async def test_a_token_from_the_environment_goes_to_no_unknown_host(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path, env={"COZE_API_TOKEN": TOKEN})
        await way.until("token", {})
        assert way.question().default == "${COZE_API_TOKEN}"
        assert TOKEN[-4:] not in way.question().shown_default().zh
        way.state = way.state.answer(base_url="https://coze.example.com")
        assert way.question().default == ""
        assert "not sent" in await wrong(way, "${COZE_API_TOKEN}")
        way.state = way.state.answer(base_url=found.coze.url)
        await way.answer()
        await way.to_the_end(chosen(found))
        assert configuration_of(way.state)["workflow_config"]["coze_config"]["token"] == "${COZE_API_TOKEN}"


async def test_names_from_outside_are_only_text(tmp_path: Path) -> None:
    """A hostile table, field and workflow: no escape sequence comes through, and nothing of it is a path or markup."""
    hostile = "\x1b[31m[bold]../../x\u202e=1+1\n"
    table = SimTable("tblown", [SimColumn(hostile), SimColumn("文案"), SimColumn("状态", SINGLE_SELECT, ["待生成"])])
    table.name = hostile
    table.add("rec1", {hostile: hostile * 50, "文案": hostile, "状态": "待生成"})
    with services(
        CozeOptions(workflow_name=hostile, inputs={"content": True, "x": False}), SimulatedFeishu([table])
    ) as found:
        way = walk(found, tmp_path)
        await way.until("columns", chosen(found))
        way.asked.append(way.question())
        shown = [note.zh for question in way.asked for note in question.notes]
        shown += [o.detail.zh for q in way.asked for o in q.options]
        assert not any("\x1b" in text or "\u202e" in text or "\n" in text for text in shown)
        await way.answer("x")
        await way.answer(hostile)
        await way.to_the_end(chosen(found))
        settings, _ = parse_settings(configuration_of(way.state), need_feishu=True)
    assert settings.coze.parameters["x"] == hostile


async def test_a_site_that_is_not_reached_is_named_beside_one_that_refuses(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path, State(), sites=(found.coze.url, "http://127.0.0.1:9"))
        await way.until("token", {})
        told = await wrong(way, "pat_0123456789abcdefgh")
        assert "4100" in told
        assert "could not be tried at http://127.0.0.1:9" in told
