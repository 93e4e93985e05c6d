from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from cozebatch.demo.feishu_faults import FeishuFault
from cozebatch.demo.feishu_model import FORMULA, LOOKUP, RELATION, SimColumn, SimTable
from cozebatch.demo.feishu_server import APP_TOKEN, SimulatedFeishu
from cozebatch.demo.feishu_tables import ACCOUNTS, CONTENT, DONE, HUMANS, READY, VOICES, demo_tables
from cozebatch.feishu.layout import Columns, Layout, Relation
from cozebatch.feishu.source import FeishuSource
from cozebatch.model.errors import UsageError
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import TaskSource
from support.feishu_support import COLUMNS, FILTER, LAYOUT, Served, big_table, served

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 24, 8, 5, 9)
ALONE = Layout(CONTENT, COLUMNS, filter=FILTER)


@pytest.fixture
def service() -> Iterator[Served]:
    with served() as service:
        yield service


async def load(service: Served, layout: Layout = LAYOUT, patience: float = 5.0) -> tuple[list[Task], list[Text]]:
    notes: list[Text] = []
    async with service.connect() as (_, base):
        source: TaskSource = FeishuSource(base, layout, on_note=notes.append, now=lambda: NOW, patience=patience)
        return list(await source.load()), notes


async def complaints(service: Served, layout: Layout = LAYOUT) -> list[str]:
    with pytest.raises(UsageError) as caught:
        await load(service, layout, patience=0.1)
    assert all(c.zh and c.zh != c.en for c in caught.value.complaints)
    return [c.en for c in caught.value.complaints]


async def test_the_rows_of_the_table_become_tasks(service: Served) -> None:
    tasks, notes = await load(service)
    assert len(tasks) == 20
    assert notes == []
    first = tasks[0]
    assert first.task_id == first.record_id == "recdemo01"
    assert first.title == "早起的人，运气都不会太差"
    assert first.content.startswith("你有没有试过早起半小时？")
    assert first.account_id == "早安小满"
    assert first.voice_id == "zh_female_wanwan"
    assert first.digital_no in ("DH-1001", "DH-1002")
    assert first.project_name == "早安小满_早起的人，运气都不会太差_20261124_080509"
    assert service.feishu.counts == {"token": 1, "search": 4}


async def test_twelve_hundred_records_take_three_requests() -> None:
    with served(SimulatedFeishu([big_table(1200)])) as service:
        tasks, _ = await load(service, ALONE)
        assert [t.title for t in tasks] == [f"标题{n}" for n in range(1200)]
        assert service.feishu.counts == {"token": 1, "search": 3}


async def test_only_rows_that_feishus_filter_lets_through_are_tasks(service: Served) -> None:
    for number in range(1, 19):
        service.feishu.edit(CONTENT, f"recdemo{number:02d}", {"状态": "处理失败"})
    tasks, _ = await load(service)
    assert [t.task_id for t in tasks] == ["recdemo19", "recdemo20"]


async def test_a_filter_that_feishu_refuses_stops_the_run_and_never_reads_the_whole_table(service: Served) -> None:
    odd = {"conjunction": "and", "conditions": [{"field_name": "状态", "operator": "is", "value": [READY]}]}
    service.feishu.strike(FeishuFault("search", code=1254018, times=None))
    (text,) = await complaints(service, replace(ALONE, filter=odd))
    assert "filter_condition" in text
    service.feishu.heal()
    misspelt = {"conjunction": "and", "conditions": [{"field_name": "状 态", "operator": "is", "value": [READY]}]}
    (text,) = await complaints(service, replace(ALONE, filter=misspelt))
    assert "no field '状 态' (filter_condition): the nearest is '状态'" in text


async def test_a_nested_filter_reaches_feishu_whole(service: Served) -> None:
    service.feishu.edit(CONTENT, "recdemo07", {"模板名称": "甲"})
    nested = {
        **FILTER,
        "children": [
            {"conjunction": "or", "conditions": [{"field_name": "模板名称", "operator": "is", "value": ["甲"]}]}
        ],
    }
    tasks, _ = await load(service, replace(ALONE, filter=nested))
    assert [t.task_id for t in tasks] == ["recdemo07"]


async def test_of_a_views_rows_those_run_that_the_filter_lets_through_in_its_order(service: Served) -> None:
    """Feishu itself ignores the view once there is a filter."""
    table = service.feishu.tables[CONTENT]
    table.shown["vewOne"] = ["recdemo05", "recdemo02", "recdemo09", "recgone"]
    service.feishu.edit(CONTENT, "recdemo09", {"状态": DONE})
    tasks, notes = await load(service, replace(ALONE, view_id="vewOne"))
    assert [task.task_id for task in tasks] == ["recdemo05", "recdemo02"]
    (note,) = notes
    assert "19 records" in note.en
    assert "the view vewOne has 2" in note.en
    (text,) = await complaints(service, replace(ALONE, view_id="vewTwo"))
    assert "tables.content_table.view_id" in text


async def test_a_view_that_shows_all_ready_rows_needs_no_word(service: Served) -> None:
    service.feishu.tables[CONTENT].views = ("vewAll",)
    tasks, notes = await load(service, replace(ALONE, view_id="vewAll"))
    assert (len(tasks), notes) == (20, [])


async def test_a_bare_token_of_a_wiki_node_leads_to_its_base_or_is_told_what_it_is() -> None:
    feishu = SimulatedFeishu(wiki={"Node1": APP_TOKEN, "Node2": "some document"})
    with served(feishu) as service:
        async with service.connect(app_token="Node1") as (_, base):
            assert len(await FeishuSource(base, ALONE, now=lambda: NOW).load()) == 20
        async with service.connect(app_token="Node2") as (_, base):
            with pytest.raises(UsageError, match="This node of a wiki is a document, not a base"):
                await FeishuSource(base, ALONE, patience=0.1).load()
        async with service.connect(app_token="Nowhere") as (_, base):
            with pytest.raises(UsageError, match=r"There is no such base .*api_config\.app_token"):
                await FeishuSource(base, ALONE, patience=0.1).load()


async def test_a_filter_that_no_record_can_pass_is_a_configuration_error(service: Served) -> None:
    odd = {"conjunction": "and", "conditions": [{"field_name": "状态", "operator": "is", "value": ["视频草搞生成"]}]}
    (text,) = await complaints(service, replace(ALONE, filter=odd))
    assert "'视频草搞生成' in filter_condition is no option of the field '状态'" in text
    assert READY in text


async def test_a_field_that_is_sent_and_empty_in_all_rows_is_told(service: Served) -> None:
    service.feishu.tables[CONTENT].columns.append(SimColumn("语气"))
    sent = frozenset({"title", "voice_id", "account_id"})
    for layout in (replace(LAYOUT, sent=sent, extra=("语气",)), replace(ALONE, sent=sent, extra=("语气",))):
        _, notes = await load(service, layout)
        told = [note.en for note in notes]
        told_of = [text for text in told if "'语气' is empty" in text]
        assert told_of
        assert told_of[0].endswith("check workflow_config.coze_config.parameters.")
        # With the tables of accounts and voices, the column of the content table may be empty.
        assert any("'声音ID' is empty" in text for text in told) == (layout.voices is None)
        assert len(told) == 1 + (layout.voices is None)
    service.feishu.edit(CONTENT, "recdemo07", {"语气": "轻快"})
    assert (await load(service, replace(LAYOUT, extra=("语气",))))[1] == []


async def test_looked_up_texts_stay_apart_and_a_formulas_pieces_together(service: Served) -> None:
    table = service.feishu.tables[CONTENT]
    cell = {"type": 1, "value": [{"text": "先说一。", "type": "text"}, {"text": "再说二。", "type": "text"}]}
    for column, kind in (("仿写文案", LOOKUP), ("语气", FORMULA)):
        found = table.column(column)
        if found is None:
            table.columns.append(SimColumn(column, kind))
        else:
            found.kind = kind
        table.records["recdemo01"][column] = cell
    tasks, _ = await load(service, replace(ALONE, extra=("语气",)))
    assert tasks[0].content == "先说一。\n再说二。"
    assert tasks[0].extra == {"语气": "先说一。再说二。"}
    assert service.feishu.counts["fields"] == 1


async def test_the_view_serves_where_there_is_no_filter(service: Served) -> None:
    service.feishu.tables[CONTENT].views = ("vewOne",)
    tasks, _ = await load(service, replace(ALONE, filter=None, view_id="vewOne"))
    assert len(tasks) == 20
    (text,) = await complaints(service, replace(ALONE, filter=None, view_id="vewTwo"))
    assert "tables.content_table.view_id" in text


async def test_extra_columns_are_kept_under_their_own_name() -> None:
    table = big_table(2, extra=["城市", "热度"])
    table.add("recextra", {"仿写标题": "x", "仿写文案": "y", "状态": READY, "城市": "上海"})
    table.columns[-1].kind = FORMULA
    table.records["recextra"]["热度"] = {"type": 2, "value": [7.0]}
    with served(SimulatedFeishu([table])) as service:
        tasks, _ = await load(service, replace(ALONE, extra=("城市", "热度")))
        assert dict(tasks[-1].extra) == {"城市": "上海", "热度": "7"}
        assert dict(tasks[0].extra) == {"城市": "", "热度": ""}


async def test_a_column_that_only_the_defaults_name_may_be_missing() -> None:
    table = big_table(3)
    table.columns = [c for c in table.columns if c.name not in ("模板名称", "声音ID")]
    with served(SimulatedFeishu([table])) as service:
        tasks, (note,) = await load(service, ALONE)
        assert len(tasks) == 3
        assert "声音ID, 模板名称" in note.en


async def test_every_other_missing_column_is_named_with_the_nearest() -> None:
    table = big_table(3)
    for known in table.columns:
        known.name = {"仿写文案": "仿写 文案", "返回结果": "结果"}.get(known.name, known.name)
    for cells in table.records.values():
        cells["仿写 文案"] = cells.pop("仿写文案")
    explicit = replace(COLUMNS, title="标题名", optional=frozenset())
    with served(SimulatedFeishu([table])) as service:
        found = await complaints(service, replace(ALONE, columns=explicit, extra=("城市",)))
    assert len(found) == 4
    for column, key, near in (
        ("标题名", "field_mapping.title", "仿写标题"),
        ("仿写文案", "field_mapping.content", "仿写 文案"),
        ("返回结果", "field_mapping.result", "结果"),
        ("城市", "workflow_config.coze_config.parameters", ""),
    ):
        assert any(f"'{column}' ({key})" in text and near in text for text in found), column


async def test_a_script_column_that_is_missing_is_named_where_the_search_takes_it_for_empty() -> None:
    class Forgiving(SimTable):
        def search(self, body: Mapping[str, Any]) -> list[str]:
            return super().search({**body, "field_names": None})

    strict = big_table(3)
    table = Forgiving(strict.table_id, strict.columns, strict.records)
    with served(SimulatedFeishu([table])) as service:
        (found,) = await complaints(service, replace(ALONE, columns=replace(COLUMNS, content="仿写文按")))
    assert "'仿写文按' (field_mapping.content)" in found
    assert "仿写文案" in found


async def test_where_records_cannot_be_read_by_id_the_table_is_searched(service: Served) -> None:
    service.feishu.strike(FeishuFault("batch_get", "html", status=404, times=None))
    async with service.connect() as (_, base):
        source = FeishuSource(base, ALONE, patience=0.1)
        assert set(await source.look_up(["recdemo02", "recgone"])) == {"recdemo02"}
        service.feishu.edit(CONTENT, "recdemo03", {"状态": DONE})
        tasks = await source.load(["recdemo03"])
    assert (len(tasks), tasks[-1].task_id) == (20, "recdemo03")


async def test_rows_without_anything_are_no_tasks_and_rows_without_a_script_are() -> None:
    table = big_table(1)
    table.add("recempty", {})
    table.add("rectitle", {"仿写标题": "只有标题"})
    with served(SimulatedFeishu([table])) as service:
        columns = replace(COLUMNS, status=None)
        tasks, _ = await load(service, replace(ALONE, columns=columns, filter=None))
        assert [(t.task_id, t.content) for t in tasks] == [("rec00000", "文案0"), ("rectitle", "")]


@pytest.mark.parametrize("relation_in", ["content", "voices", "both", "neither"])
async def test_accounts_meet_whether_tables_name_them_by_relation_or_by_text(relation_in: str) -> None:
    by_id, by_text = {"link_record_ids": ["recacc1"]}, "小满"
    content, voices, humans, accounts = _account_tables()
    content.column("关联账号").kind = RELATION if relation_in in ("content", "both") else 1  # type: ignore[union-attr]
    voices.column("关联账号").kind = RELATION if relation_in in ("voices", "both") else 1  # type: ignore[union-attr]
    accounts.add("recacc1", {"账号": "小满", "名称": "小满聊生活"})
    content.add(
        "rec1", {"仿写文案": "x", "声音ID": "own", "关联账号": by_id if relation_in in ("content", "both") else by_text}
    )
    voices.add("recv1", {"音色ID": "zh_1", "关联账号": by_id if relation_in in ("voices", "both") else by_text})
    voices.add("recv2", {"音色ID": "zh_2", "关联账号": by_id if relation_in in ("voices", "both") else by_text})
    humans.add("rech1", {"数字人编号": "7", "关联账号": "小满聊生活"})
    with served(SimulatedFeishu([content, voices, humans, accounts])) as service:
        (task,), _ = await load(service, replace(LAYOUT, filter=None))
        assert (task.account_id, task.voice_id, task.digital_no) == ("小满", "zh_1", "7")


async def test_without_a_row_for_the_account_the_tasks_own_columns_are_used() -> None:
    content, voices, humans, accounts = _account_tables()
    content.add("rec1", {"仿写文案": "x", "声音ID": "own_voice", "数字人编号": "own_human", "关联账号": "无人"})
    content.add("rec2", {"仿写文案": "y", "声音ID": "own_voice"})
    voices.add("recv1", {"音色ID": "zh_1", "关联账号": "别人"})
    voices.add("recv2", {"音色ID": "zh_2"})
    with served(SimulatedFeishu([content, voices, humans, accounts])) as service:
        (first, second), _ = await load(service, replace(LAYOUT, filter=None))
        assert (first.account_id, first.voice_id, first.digital_no) == ("无人", "own_voice", "own_human")
        assert (second.account_id, second.voice_id) == ("", "own_voice")


async def test_a_relation_without_the_account_table_still_finds_its_voice() -> None:
    content, voices, humans, _ = _account_tables()
    for table in (content, voices):
        table.column("关联账号").kind = RELATION  # type: ignore[union-attr]
    content.add("rec1", {"仿写文案": "x", "关联账号": {"link_record_ids": ["recacc9"]}})
    voices.add("recv1", {"音色ID": "zh_1", "关联账号": {"link_record_ids": ["recacc9"]}})
    with served(SimulatedFeishu([content, voices, humans])) as service:
        (task,), _ = await load(service, replace(LAYOUT, filter=None, accounts=None))
        assert (task.account_id, task.voice_id) == ("recacc9", "zh_1")


async def test_the_choice_of_a_digital_human_is_stable_and_spread() -> None:
    def tables() -> list[SimTable]:
        content, voices, humans, accounts = _account_tables()
        for number in range(60):
            content.add(f"rec{number}", {"仿写文案": "x", "关联账号": "小满"})
        return [content, voices, humans, accounts]

    choices = []
    for order in ("123", "321"):
        made = tables()
        for human in order:
            made[2].add(f"rech{human}", {"数字人编号": human, "关联账号": "小满"})
        with served(SimulatedFeishu(made)) as service:
            tasks, _ = await load(service, replace(LAYOUT, filter=None))
            choices.append([t.digital_no for t in tasks])
    assert choices[0] == choices[1]
    assert {choice: choices[0].count(choice) > 8 for choice in "123"} == dict.fromkeys("123", True)


async def test_a_table_hidden_by_advanced_permissions_is_told_from_one_without_matching_rows(service: Served) -> None:
    for number in range(1, 21):
        service.feishu.edit(CONTENT, f"recdemo{number:02d}", {"状态": "处理失败"})
    tasks, (note,) = await load(service)
    assert tasks == []
    assert "20 records, but none that the filter lets through" in note.en
    service.feishu.tables[CONTENT].hidden = True
    _, (note,) = await load(service)
    assert "advanced permissions" in note.en


@pytest.mark.parametrize(
    ("fault", "cure"),
    [
        (FeishuFault("token", code=10014), "app_id and app_secret"),
        (FeishuFault("search", code=1254040), "api_config.app_token"),
        (FeishuFault("search", code=91403, status=403), "Add document app"),
        (FeishuFault("any", "html", status=503, times=None), "passing fault"),
        (FeishuFault("any", "cut", times=None), "cannot be reached"),
    ],
)
async def test_what_cannot_be_read_is_a_complaint_with_the_cure(service: Served, fault: FeishuFault, cure: str) -> None:
    service.feishu.strike(fault)
    (text,) = await complaints(service, ALONE)
    assert cure in text


async def test_a_missing_relation_table_is_named(service: Served) -> None:
    layout = replace(LAYOUT, voices=Relation("tblother", "关联账号", "音色ID"))
    (text,) = await complaints(service, layout)
    assert text.startswith("tables.voice_table: ")


async def test_faults_that_pass_do_not_stop_the_loading() -> None:
    with served(SimulatedFeishu([big_table(1200)])) as service:
        service.feishu.strike(FeishuFault("search", code=1254290), FeishuFault("search", "cut"))
        tasks, _ = await load(service, ALONE)
        assert len(tasks) == 1200


async def test_a_row_that_moves_while_pages_are_turned_is_one_task() -> None:
    table = big_table(600)
    with served(SimulatedFeishu([table])) as service:
        async with service.connect() as (_, base):
            page = await base.search(CONTENT, columns=["仿写标题"])
            assert page.next_page is not None
            table.records = {"recnew": {}, **table.records}
            second = await base.search(CONTENT, page_token=page.next_page)
            assert second.records[0] == replace(page.records[-1], cells=second.records[0].cells)
            records = await base.search_all(CONTENT)
            assert len({r.record_id for r in records}) == len(records) == 601


def test_the_key_names_the_table() -> None:
    class Base:
        domain = "https://open.feishu.cn"

    source = FeishuSource(Base(), ALONE)  # type: ignore[arg-type]
    assert source.key == f"feishu:https://open.feishu.cn/{CONTENT}"
    assert source.kind == "feishu"


def test_the_demo_tables_are_what_the_defaults_of_the_configuration_expect() -> None:
    content = demo_tables()[0]
    assert {c.name for c in content.columns} == set(COLUMNS.named().values())


def test_a_mapping_knows_what_it_needs() -> None:
    columns = Columns(content="文案", status="状态", result="结果", optional=frozenset({"content", "title"}))
    assert columns.may_miss("title")
    assert not columns.may_miss("content")


def _account_tables() -> tuple[SimTable, SimTable, SimTable, SimTable]:
    content = SimTable(CONTENT, [SimColumn(name) for name in COLUMNS.named().values()])
    voices = SimTable(VOICES, [SimColumn("音色ID"), SimColumn("关联账号")])
    humans = SimTable(HUMANS, [SimColumn("数字人编号"), SimColumn("关联账号")])
    accounts = SimTable(ACCOUNTS, [SimColumn("账号"), SimColumn("名称")])
    return content, voices, humans, accounts
