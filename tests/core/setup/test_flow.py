"""The way from nothing to a configuration that loads, against the simulated services over real sockets."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from cozebatch.batch.adapters import field_names, used_columns
from cozebatch.demo.coze_account import TEAM
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.feishu_model import ATTACHMENT, SINGLE_SELECT, SimColumn, SimTable
from cozebatch.demo.feishu_server import APP_SECRET, APP_TOKEN, SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, READY, demo_tables
from cozebatch.files.rows import Reading
from cozebatch.files.source import read_tasks
from cozebatch.settings import parse_settings
from cozebatch.setup.draft import configuration_of
from cozebatch.setup.existing import answers_of
from cozebatch.setup.flow import END, GROUPS, back, back_to, group_of, groups_of, title_of
from cozebatch.setup.keeping import keep_answers, kept_answers
from cozebatch.setup.question import WrongAnswer
from cozebatch.setup.state import State
from support.setup_flow import chosen, services, walk, wrong

pytestmark = pytest.mark.anyio

CONFIG = Path("c.json")


async def test_what_is_proposed_is_a_configuration_that_finds_the_rows(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.to_the_end(chosen(found))
        config = configuration_of(way.state)
        settings, warnings = parse_settings(config, env={}, need_feishu=True)
        assert found.coze.ledger().executions == {}
        assert found.feishu.writes == []
    assert warnings == []
    assert settings.coze.workflow_id == WORKFLOW_ID
    assert settings.tables is not None
    content = settings.tables.content_table
    assert content.field_mapping.content == "仿写文案"
    assert content.ready_values() == (READY,)
    assert content.status_values.model_dump() == {"running": None, "done": "视频草稿生成完成", "failed": "处理失败"}
    assert dict(settings.coze.parameters) == {
        "content": "content",
        "title": "title",
        "digitalNo": "digital_no",
        "voiceId": "voice_id",
        "accountId": "account_id",
    }
    assert config["workflow_config"]["coze_config"]["token"] == TOKEN, "in the file, as proposed without a keyring"
    assert [question.group for question in way.asked] == sorted(
        (question.group for question in way.asked), key=list(GROUPS).index
    )


async def test_the_columns_are_shown_with_three_rows_of_the_table(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("columns", chosen(found))
        question = way.question()
        script = next(option for option in question.options if option.value == "content")
        assert script.label.zh == "content ← 仿写文案"
        assert script.detail.zh.count("｜") == 2
        assert script.detail.zh.startswith("你有没有试过早起半…")
        await way.answer("title")
        assert way.state.at == "column"
        await way.answer("项目名称")
        assert way.state.at == "columns"
        await way.to_the_end(chosen(found))
    tables = configuration_of(way.state)["tables"]["content_table"]
    assert tables["field_mapping"]["title"] == "项目名称"
    assert tables["field_mapping"]["project_name"] is None, "one column is not two fields"


async def test_a_token_is_tried_at_one_site_after_the_other(tmp_path: Path) -> None:
    with serve_coze(CozeOptions(token="pat_of_the_other_one")) as other, services() as found:
        way = walk(found, tmp_path, State(), sites=(other.url, found.coze.url))
        await way.until("token", {})
        await way.answer(f'"{TOKEN}"')
        assert way.state.answers.base_url == found.coze.url
        assert other.ledger().requests["unauthorized"] == 1


async def test_a_wiki_link_leads_to_its_base_and_one_to_a_document_is_told(tmp_path: Path) -> None:
    feishu = SimulatedFeishu(wiki={"NodeBase": APP_TOKEN, "NodeDoc": "doxcn1"})
    with services(feishu=feishu) as found:
        answers = {**chosen(found), "base": f"{found.feishu_url}/wiki/NodeBase?table={CONTENT}"}
        way = walk(found, tmp_path)
        await way.to_the_end(answers)
        assert way.state.answers.table_id == CONTENT
        assert "table" not in [question.id for question in way.asked], "the link names it"
        assert configuration_of(way.state)["api_config"]["app_token"].endswith("/wiki/NodeBase")
        way = walk(found, tmp_path)
        await way.until("app_secret", {**answers, "base": f"{found.feishu_url}/wiki/NodeDoc"})
        assert "a document" in await wrong(way, APP_SECRET)


async def test_views_are_chosen_and_a_view_of_the_link_is_not_forced_on_whoever_wants_none(tmp_path: Path) -> None:
    tables = demo_tables()
    tables[0].views, tables[0].view_names = ("vewA", "vewB"), {"vewA": "全部", "vewB": "今天"}
    with services(feishu=SimulatedFeishu(tables)) as found:
        link = f"{found.base}?table={CONTENT}&view=vewB"
        way = walk(found, tmp_path)
        await way.until("view", {**chosen(found), "base": link})
        assert [option.label.zh for option in way.question().options] == ["不限视图", "全部", "今天"]
        assert way.question().default == "vewB"
        await way.answer("all")
        await way.to_the_end(chosen(found))
        settings, _ = parse_settings(configuration_of(way.state), need_feishu=True)
        assert settings.tables is not None
        assert settings.tables.content_table.view_id is None


def own_table() -> SimTable:
    table = SimTable(
        "tblown",
        [
            SimColumn("口播"),
            SimColumn("标题"),
            SimColumn("视频", ATTACHMENT),
            SimColumn("进度", SINGLE_SELECT, ["待生成", "生成中", "已生成"]),
        ],
        name="自己的表",
    )
    table.add("rec1", {"口播": "泡茶水温错了，难怪总是苦。绿茶八十度就够。", "标题": "泡茶", "进度": "待生成"})
    return table


async def test_a_new_option_is_asked_about_and_back_leads_to_the_values(tmp_path: Path) -> None:
    with services(feishu=SimulatedFeishu([own_table()])) as found:
        way = walk(found, tmp_path)
        await way.until("status", chosen(found))
        await way.answer()
        assert way.state.at == "new_option"
        assert "处理失败" in way.question().title.zh
        await way.answer("no")
        assert way.state.at == "status"
        await way.answer("failed")
        await way.answer("\0none")
        await way.to_the_end(chosen(found))
        assert found.feishu.writes == []
        config = configuration_of(way.state)
        parse_settings(config, need_feishu=True)
    content = config["tables"]["content_table"]
    assert content["status_values"] == {"running": "生成中", "done": "已生成", "failed": None}
    assert content["filter_condition"]["conditions"][0]["value"] == ["待生成"]
    assert content["field_mapping"]["content"] == "口播"
    assert content["field_mapping"]["result"] is None
    assert config["workflow_config"]["coze_config"]["parameters"] == {"content": "content", "title": "title"}


async def test_an_attachment_is_never_offered_for_a_text_and_a_required_input_must_have_a_column(
    tmp_path: Path,
) -> None:
    options = CozeOptions(inputs={"content": True, "music": True})
    with services(options, SimulatedFeishu([own_table()])) as found:
        way = walk(found, tmp_path)
        await way.until("columns", chosen(found))
        assert "music" in await wrong(way, "")
        await way.answer("music")
        offered = [option.value for option in way.question().options]
        assert "视频" not in offered
        assert "标题" in offered
        assert any("视频" in note.zh for note in way.question().notes)


async def test_back_and_a_step_by_its_name_keep_the_answers(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("columns", chosen(found))
        assert groups_of(way.state) == list(GROUPS)
        state = back(way.state)
        assert state.at == "table"
        assert state.answers == way.state.answers
        state = back_to(way.state, "token")
        assert (state.at, group_of(state)) == ("token", "token")
        assert back_to(way.state, "films") is way.state
        way.state = state
        await way.to_the_end({"workspace": TEAM, "mode": "none"})
        assert way.state.at == END


async def test_kept_answers_hold_no_secret_and_are_proposed_again(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("mode", chosen(found))
        assert keep_answers(tmp_path / "state", way.state.answers, way.world.config)
        written = (tmp_path / "state" / "setup.json").read_text(encoding="utf-8")
        assert TOKEN not in written
        assert APP_SECRET not in written
        kept = kept_answers(tmp_path / "state", way.world.config)
        assert kept_answers(tmp_path / "state", tmp_path / "another.json") is None
        assert kept == replace(way.state.answers, token="", app_secret="")
        again = walk(found, tmp_path, State(kept))
        await again.to_the_end({"token": TOKEN, "app_secret": APP_SECRET, "mode": "none"})
    assert again.state.answers == replace(way.state.answers, mode="none", keep="file", detach="no")


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1}', '{"version": 2, "answers": {"lang": "zh"}}', "\x00"])
def test_kept_answers_that_are_none_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "setup.json").write_text(text, encoding="utf-8")
    assert kept_answers(tmp_path, CONFIG) is None


def test_kept_answers_of_a_strange_kind_are_not_taken(tmp_path: Path) -> None:
    text = '{"version": 1, "answers": {"lang": "fr", "source": 7, "columns": {"a": 1}, "token": "x", "base": "b"}}'
    (tmp_path / "setup.json").write_text(text, encoding="utf-8")
    kept = kept_answers(tmp_path, CONFIG)
    assert kept is not None
    assert (kept.lang, kept.source, dict(kept.columns), kept.token, kept.base) == ("zh", "", {}, "", "b")


async def test_tasks_from_a_file_are_mapped_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("仿写标题,仿写文案,音色ID\n标题一,文案一,v1\n标题二,文案二,v2\n", encoding="utf-8")
    with services() as found:
        way = walk(found, tmp_path)
        answers = {**chosen(found), "source": "file", "tasks": str(path)}
        await way.until("tasks", answers)
        assert "There is no file" in await wrong(way, "nothing.csv")
        assert "tasks.xlsx" in await wrong(way, "tasks.docx")
        await way.to_the_end(answers)
        config = configuration_of(way.state)
    assert config["workflow_config"]["coze_config"]["parameters"] == {
        "content": "content",
        "title": "title",
        "voiceId": "voice_id",
    }
    assert config["task_file"] == {"columns": {"voice_id": "音色ID"}}
    assert "api_config" not in config


async def test_a_file_may_call_its_columns_as_it_likes(tmp_path: Path) -> None:
    """The script is found by its name's likeness and by its length; the way on is the same as for a table."""
    path = tmp_path / "tasks.csv"
    script = "今天说说露营要带的十样东西，第一样就是帐篷和地垫"
    path.write_text(f"稿件清单,,\n编号,选题,口播稿\n7,露营,{script}\n", encoding="utf-8")
    with services() as found:
        way = walk(found, tmp_path)
        answers = {**chosen(found), "source": "file", "tasks": str(path)}
        await way.until("columns", answers)
        assert [samples for samples in way.question().options if "今天说说" in samples.detail.zh]
        await way.answer("title")
        await way.answer("选题")
        await way.to_the_end(answers)
        config = configuration_of(way.state)
    assert config["task_file"] == {"columns": {"content": "口播稿", "title": "选题"}}
    assert dict(answers_of(config, "en").columns) == {"content": "口播稿", "title": "选题"}, "proposed again"
    settings, _ = parse_settings(config)
    [task] = read_tasks(path, Reading(used_columns(settings), names=field_names(settings)))
    assert (task.title, task.content, task.value("编号")) == ("露营", script, "7")


async def test_the_sheet_with_the_most_columns_is_the_one_of_the_tasks(tmp_path: Path) -> None:
    """A cover stands before it, and no name is the usual one."""
    script = "今天说说露营要带的十样东西，第一样就是帐篷和地垫"
    book = openpyxl.Workbook()
    book.worksheets[0].append(["说明：任务在第二张"])
    sheet = book.create_sheet("任务")
    sheet.append(["选题", "口播稿"])
    sheet.append(["露营", script])
    book.save(tmp_path / "tasks.xlsx")
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("columns", {**chosen(found), "source": "file", "tasks": str(tmp_path / "tasks.xlsx")})
        shown = {option.value: option.label.zh for option in way.question().options}
    assert shown["content"] == "content ← 口播稿"
    assert way.state.known.rows == 1


async def test_a_file_has_columns_and_rows_and_is_called_a_file(tmp_path: Path) -> None:
    path = tmp_path / "tasks.csv"
    path.write_text("标题,文案,备注\n", encoding="utf-8")
    with services(CozeOptions(inputs={"content": True, "music": True})) as found:
        way = walk(found, tmp_path)
        await way.until("columns", {**chosen(found), "source": "file", "tasks": str(path)})
        assert "还没有任务" in way.question().notes[-1].zh
        assert title_of("table", way.state).zh == "文件"
        said = [way.question()]
        with pytest.raises(WrongAnswer) as caught:
            await way.answer()
        await way.answer("music")
        said.append(way.question())
    words = "".join(
        text.zh
        for question in said
        for text in (
            question.title, question.hint, caught.value.text,
            *question.notes, *(o.label for o in question.options), *(o.detail for o in question.options),
        )
    )  # fmt: skip
    assert "字段" not in words
    assert "记录" not in words


@pytest.mark.parametrize(("keep", "token"), [("file", TOKEN), ("environment", "${COZE_API_TOKEN}"), ("keyring", None)])
async def test_a_secret_is_kept_where_it_was_said(tmp_path: Path, keep: str, token: str | None) -> None:
    with services() as found:
        way = walk(found, tmp_path, has_keyring=True)
        await way.to_the_end({**chosen(found), "keep": keep})
        config = configuration_of(way.state)
        assert config["workflow_config"]["coze_config"].get("token") == token
        assert configuration_of(way.state, to_look=True)["workflow_config"]["coze_config"]["token"] == TOKEN


async def test_outputs_of_other_names_are_proposed_and_can_be_changed(tmp_path: Path) -> None:
    options = CozeOptions(outputs={"videoUrl": "video_link", "audioUrl": "sound_of_it", "shortTitle": "封面标题"})
    with services(options) as found:
        way = walk(found, tmp_path)
        answers = {**chosen(found), "mode": "video"}
        await way.until("outputs", answers)
        shown = {option.value: option.label.en for option in way.question().options}
        assert shown["video"] == "film <- video_link"
        assert shown["audio"] == "sound <- audioUrl", "nothing says that this is the sound"
        await way.answer("audio")
        await way.answer("sound_of_it")
        await way.answer("captions")
        await way.answer("\0none")
        await way.to_the_end(answers)
        config = configuration_of(way.state)
        again = configuration_of(replace(way.state, document=config))
    wanted = {"video": "video_link", "audio": "sound_of_it", "cover_title": "封面标题", "captions": None}
    assert config["workflow_config"]["coze_config"]["outputs"] == wanted
    assert again == config
    settings, _ = parse_settings(config)
    assert settings.coze.outputs.named()["video"] == "video_link"
    assert dict(answers_of(config, "en").outputs) == {**wanted, "captions": ""}


async def test_outputs_of_the_usual_names_are_not_asked_for(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.to_the_end({**chosen(found), "mode": "video"})
    assert "outputs" not in [question.id for question in way.asked]
    assert "outputs" not in configuration_of(way.state)["workflow_config"]["coze_config"]
