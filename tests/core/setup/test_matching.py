"""Which column a workflow input gets, and what a status value means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.setup.matching import (
    ATTACHMENT,
    PARTS,
    Need,
    SourceColumn,
    may_hold,
    propose_columns,
    propose_result_column,
    propose_status_column,
    propose_status_values,
    role_of,
)


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("content", "content"), ("Content ", "content"), ("文案", "content"), ("口播文案", "content"),
        ("脚本", "content"), ("仿写文案", "content"), ("口播稿", "content"), ("视频脚本内容", "content"),
        ("text", "content"),
        ("台词", "content"),
        ("title", "title"), ("标题", "title"), ("视频标题", "title"), ("文案标题", "title"), ("videoTitle", "title"),
        ("digitalNo", "digital_no"), ("digital_no", "digital_no"), ("数字人", "digital_no"),
        ("数字人编号", "digital_no"),
        ("数字人ID", "digital_no"), ("avatar_id", "digital_no"), ("形象", "digital_no"),
        ("voiceId", "voice_id"), ("voice-id", "voice_id"), ("声音ID", "voice_id"), ("音色", "voice_id"),
        ("音色ＩＤ", "voice_id"), ("speaker", "voice_id"), ("发音人", "voice_id"),
        ("accountId", "account_id"), ("账号", "account_id"), ("关联账号", "account_id"), ("帐号", "account_id"),
        ("状态", "status"), ("视频状态", "status"), ("进度", "status"), ("返回结果", "result"),
        ("项目名称", "project_name"),
        ("模板名称", "template"), ("备注", None), ("日期", None), ("context", None), ("封面图", None), ("", None),
    ],
)  # fmt: skip
def test_what_people_call_a_field(name: str, role: str | None) -> None:
    assert role_of(name) == role


def inputs(*names: str) -> list[Need]:
    return [Need(name, required=name == "content") for name in names]


USUAL = inputs("content", "title", "digitalNo", "voiceId", "accountId")


@pytest.mark.parametrize(
    ("columns", "proposed"),
    [
        (
            ["仿写标题", "仿写文案", "数字人编号", "声音ID", "项目名称", "关联账号", "模板名称", "状态", "返回结果"],
            ["仿写文案", "仿写标题", "数字人编号", "声音ID", "关联账号"],
        ),
        (["序号", "标题", "口播稿", "音色", "形象", "账号", "备注"], ["口播稿", "标题", "形象", "音色", "账号"]),
        (["Title", "Script", "Voice ID", "Avatar", "Account"], ["Script", "Title", "Avatar", "Voice ID", "Account"]),
        (["文案标题", "文案内容", "发布账号", "发布状态"], ["文案内容", "文案标题", None, None, "发布账号"]),
        (["日期", "负责人", "链接"], [None, None, None, None, None]),
        (["content", "文案", "title"], ["content", "title", None, None, None]),
        (["生成状态", "运行结果", "脚本"], ["脚本", None, None, None, None]),
    ],
)
def test_columns_as_people_call_them(columns: list[str], proposed: list[str | None]) -> None:
    found = propose_columns(USUAL, [SourceColumn(name) for name in columns])
    assert [found.get(need.name) for need in USUAL] == proposed


def test_a_script_is_found_by_its_texts_where_no_name_says_it() -> None:
    columns = [
        SourceColumn("编号", samples=("1", "2", "3")),
        SourceColumn("第一步", samples=("泡茶总是苦，多半是水温错了，绿茶八十度的水就够了。",) * 3),
    ]
    assert propose_columns(inputs("content"), columns) == {"content": "第一步"}


def test_an_attachment_is_not_the_script_whatever_it_is_called() -> None:
    columns = [SourceColumn("文案", ATTACHMENT), SourceColumn("口播")]
    assert propose_columns(inputs("content"), columns) == {"content": "口播"}
    assert propose_columns(inputs("content"), columns[:1]) == {}


def test_a_relation_fits_an_account_only() -> None:
    columns = [SourceColumn("关联账号", 18), SourceColumn("文案", 18)]
    assert propose_columns(inputs("content", "accountId"), columns) == {"accountId": "关联账号"}


def test_two_inputs_share_a_column_only_where_a_required_one_would_stay_open() -> None:
    columns = [SourceColumn("文案")]
    assert propose_columns([Need("content", True), Need("script")], columns) == {"content": "文案"}
    both = propose_columns([Need("content", True), Need("script", True)], columns)
    assert both == {"content": "文案", "script": "文案"}


NAMES = st.one_of(
    st.sampled_from(["文案", "标题", "音色ID", "账号", "状态", "content", "title", "voiceId", "备注", ""]),
    st.text(max_size=8),
)
COLUMNS = st.lists(
    st.builds(
        SourceColumn,
        NAMES,
        st.sampled_from([1, 2, 3, 5, 17, 18, 3001]),
        samples=st.lists(st.text(max_size=30), max_size=3).map(tuple),
    ),
    unique_by=lambda column: column.name,
    max_size=8,
)
NEEDS = st.lists(st.builds(Need, NAMES, st.booleans()), unique_by=lambda need: need.name, max_size=6)


@given(NEEDS, COLUMNS)
def test_a_proposal_names_only_what_is_there_and_fits(needs: list[Need], columns: list[SourceColumn]) -> None:
    found = propose_columns(needs, columns)
    by_name = {column.name: column for column in columns}
    assert set(found) <= {need.name for need in needs}
    for need in needs:
        if need.name in found:
            assert may_hold(need, by_name[found[need.name]])
    optional = [found[need.name] for need in needs if need.name in found and not need.required]
    assert len(set(optional)) == len(optional)
    assert found == propose_columns(needs, columns)


@given(NEEDS, COLUMNS)
def test_a_column_called_like_an_input_is_its_column(needs: list[Need], columns: list[SourceColumn]) -> None:
    found = propose_columns(needs, columns)
    for need in needs:
        column = next((column for column in columns if column.name == need.name), None)
        if column is not None and may_hold(need, column) and need.name:
            assert found[need.name] == need.name


@pytest.mark.parametrize(
    ("options", "meant"),
    [
        (["视频草稿生成", "视频草稿生成完成", "处理失败"], ["视频草稿生成", None, "视频草稿生成完成", "处理失败"]),
        (["待生成", "生成中", "已生成", "生成失败"], ["待生成", "生成中", "已生成", "生成失败"]),
        (["未开始", "进行中", "已完成", "异常"], ["未开始", "进行中", "已完成", "异常"]),
        (["To do", "In progress", "Done", "Error"], ["To do", "In progress", "Done", "Error"]),
        (["pending", "running", "finished", "failed"], ["pending", "running", "finished", "failed"]),
        (["未完成", "完成"], ["未完成", None, "完成", None]),
        (["审核中", "草稿"], [None, None, None, None]),
        (["等待处理", "处理中", "处理成功", "处理出错"], ["等待处理", "处理中", "处理成功", "处理出错"]),
        (["A", "B"], [None, None, None, None]),
    ],
)
def test_status_values_as_people_call_them(options: list[str], meant: list[str | None]) -> None:
    found = propose_status_values(options)
    assert [found.get(part) for part in PARTS] == meant


@given(
    st.lists(
        st.one_of(st.text(max_size=6), st.sampled_from(["待生成", "生成中", "完成", "失败", "已完成"])), unique=True
    )
)
def test_no_status_value_means_two_things(options: list[str]) -> None:
    found = propose_status_values(options)
    assert len(set(found.values())) == len(found)
    assert set(found.values()) <= set(options)


def test_the_columns_that_are_written() -> None:
    columns = [SourceColumn("状态说明"), SourceColumn("状态", 3), SourceColumn("结果", 17), SourceColumn("返回结果")]
    assert propose_status_column(columns) == "状态"
    assert propose_result_column(columns) == "返回结果"
    assert propose_status_column([SourceColumn("备注")]) is None
