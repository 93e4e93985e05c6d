"""An answer that changes takes along what hung on it: nothing of another workflow, app, base or table stays behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cozebatch.demo.coze_model import WORKFLOW_ID, CozeOptions
from cozebatch.demo.feishu_model import MULTI_SELECT, SINGLE_SELECT, SimColumn, SimTable
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET, SimulatedFeishu
from cozebatch.demo.feishu_tables import CONTENT, READY
from cozebatch.settings import parse_settings
from cozebatch.setup.column_questions import AGREED
from cozebatch.setup.draft import configuration_of
from cozebatch.setup.existing import answers_of
from cozebatch.setup.state import State
from support.setup_flow import Services, Walk, chosen, services, walk, wrong

pytestmark = pytest.mark.anyio

OTHER_WORKFLOW = "7400000000000000999"


async def configured(found: Services, folder: Path) -> dict[str, Any]:
    """The configuration of a whole set-up."""
    way = walk(found, folder)
    await way.to_the_end(chosen(found))
    return configuration_of(way.state)


def again(found: Services, folder: Path, document: dict[str, Any]) -> Walk:
    return walk(found, folder, State(answers_of(document, "en"), document=document))


async def test_another_workflow_leaves_the_names_and_the_version_of_the_former_one_behind(tmp_path: Path) -> None:
    with services() as found:
        document = await configured(found, tmp_path)
        coze = document["workflow_config"]["coze_config"]
        coze |= {"workflow_id": OTHER_WORKFLOW, "workflow_version": "v0.0.7", "outputs": {"video": "their_film"}}
        way = again(found, tmp_path, document)
        await way.to_the_end({"workflow": WORKFLOW_ID, "mode": "none"})
        config = configuration_of(way.state)
        same = again(
            found, tmp_path, {**document, "workflow_config": {"coze_config": {**coze, "workflow_id": WORKFLOW_ID}}}
        )
        await same.to_the_end({"mode": "none"})
        kept = configuration_of(same.state)["workflow_config"]["coze_config"]
    written = config["workflow_config"]["coze_config"]
    assert written["workflow_id"] == WORKFLOW_ID
    assert "workflow_version" not in written
    assert "outputs" not in written
    assert (kept["workflow_version"], kept["outputs"]) == ("v0.0.7", {"video": "their_film"})


async def test_the_outputs_that_were_chosen_go_with_their_workflow(tmp_path: Path) -> None:
    with services(CozeOptions(outputs={"videoUrl": "video_link", "audioUrl": "sound_of_it"})) as found:
        way = walk(found, tmp_path)
        await way.until("output_dir", {**chosen(found), "mode": "video"})
        assert way.state.answers.outputs["video"] == "video_link"
        way.state = way.state.answer(workflow_id=OTHER_WORKFLOW)
        way.state = State(way.state.answers, known=way.state.known, at="workflow")
        await way.answer(WORKFLOW_ID)
        assert way.state.answers.outputs == {}


async def test_another_app_is_not_given_the_secret_of_the_former_one(tmp_path: Path) -> None:
    with services() as found:
        document = await configured(found, tmp_path)
        way = again(found, tmp_path, document)
        await way.until("app_id", {})
        same = way.state
        await way.answer("cli_another")
        assert way.question().default == ""
        assert "needed" in await wrong(way, "")
        way.state = same
        await way.answer(APP_ID)
        assert way.question().default == APP_SECRET


def base_of_their_own() -> SimulatedFeishu:
    """A table without a status, and none by account."""
    table = SimTable("tblown", [SimColumn("文案"), SimColumn("标题"), SimColumn("负责人")], name="自己的表")
    table.add("rec1", {"文案": "泡茶水温错了，难怪总是苦。绿茶八十度就够。", "标题": "泡茶", "负责人": "甲"})
    return SimulatedFeishu([table])


async def test_tables_and_conditions_of_another_base_are_left_behind(tmp_path: Path) -> None:
    with services() as found:
        document = await configured(found, tmp_path)
    assert "voice_table" in document["tables"]
    content = document["tables"]["content_table"]
    content["filter_condition"]["conditions"] += [
        {"field_name": "负责人", "operator": "isNotEmpty", "value": []},
        {"field_name": "部门", "operator": "isNotEmpty", "value": []},
    ]
    with services(feishu=base_of_their_own()) as other:
        coze = document["workflow_config"]["coze_config"]
        coze["base_url"] = other.coze.url
        way = again(other, tmp_path, document)
        await way.to_the_end(chosen(other))
        config = configuration_of(way.state)
        parse_settings(config, need_feishu=True)
    assert list(config["tables"]) == ["content_table"]
    conditions = config["tables"]["content_table"]["filter_condition"]["conditions"]
    assert [condition["field_name"] for condition in conditions] == ["负责人"], "the others are no fields of this table"


async def test_a_condition_of_the_same_table_on_a_field_that_is_gone_stays_and_selects_no_more(tmp_path: Path) -> None:
    with services() as found:
        document = await configured(found, tmp_path)
        content = document["tables"]["content_table"]
        gone = {"field_name": "部门", "operator": "isNotEmpty", "value": []}
        content["filter_condition"]["conditions"].append(gone)
        way = again(found, tmp_path, document)
        await way.to_the_end(chosen(found))
    kept = configuration_of(way.state)["tables"]["content_table"]["filter_condition"]["conditions"]
    assert gone in kept, "without it more records would be paid for"


async def test_tables_of_the_same_base_stay_and_are_not_asked_about(tmp_path: Path) -> None:
    with services() as found:
        document = await configured(found, tmp_path)
        document["tables"]["voice_table"]["voice_id_field"] = "自己选的"
        way = again(found, tmp_path, document)
        await way.to_the_end({"mode": "none"})
    assert "relations" not in [question.id for question in way.asked]
    assert configuration_of(way.state)["tables"]["voice_table"]["voice_id_field"] == "自己选的"


async def test_a_value_that_is_no_option_any_more_is_not_proposed(tmp_path: Path) -> None:
    with services() as found:
        document = await configured(found, tmp_path)
        document["tables"]["content_table"]["filter_condition"]["conditions"][0]["value"] = ["早就删掉的"]
        way = again(found, tmp_path, document)
        await way.until("status", {})
        assert way.state.answers.status["ready"] == "早就删掉的"
        await way.to_the_end({"mode": "none"})
    conditions = configuration_of(way.state)["tables"]["content_table"]["filter_condition"]["conditions"]
    assert [condition["value"] for condition in conditions] == [[READY]]


async def test_without_a_status_it_is_said_how_many_records_are_paid_for(tmp_path: Path) -> None:
    with services(feishu=base_of_their_own()) as found:
        way = walk(found, tmp_path)
        await way.until("status", chosen(found))
        await way.answer(AGREED)
        assert "No status field: 1 record now, each of them run for 1 paid execution" in way.question().notes[0].en


async def test_a_status_of_several_values_is_named_as_the_reason(tmp_path: Path) -> None:
    feishu = base_of_their_own()
    feishu.tables["tblown"].columns.append(SimColumn("状态", MULTI_SELECT, ["待生成"]))
    with services(feishu=feishu) as found:
        way = walk(found, tmp_path)
        await way.until("status", chosen(found))
        [note] = way.question().notes
        assert "“状态”的类型是多选" in note.zh
        feishu.tables["tblown"].columns[-1] = SimColumn("状态", SINGLE_SELECT, ["待生成"])
        way = walk(found, tmp_path)
        await way.until("status", chosen(found))
        assert way.question().notes == ()


async def test_another_table_of_the_same_base_is_asked_for_its_own_fields(tmp_path: Path) -> None:
    with services() as found:
        way = walk(found, tmp_path)
        await way.until("mode", {**chosen(found), "base": f"{found.base}?table={CONTENT}"})
        assert way.state.answers.columns
        assert way.state.answers.relations
        way.state = State(way.state.answers, known=way.state.known, at="base")
        await way.answer(f"{found.base}?table=tbldemovoice")
        answers = way.state.answers
        assert (answers.columns, answers.status, answers.relations) == ({}, {}, "")
