"""The Feishu part of the configuration: links, tables, columns and the filter."""

from __future__ import annotations

import pytest

from cozebatch.settings import parse_settings
from support.configurations import complaints, config, feishu, only_complaint


def test_feishu_defaults_are_those_of_the_contract() -> None:
    settings, _ = parse_settings(feishu(), need_feishu=True)
    assert settings.api_config is not None
    assert settings.tables is not None
    assert settings.api_config.domain == "https://open.feishu.cn"
    content = settings.tables.content_table
    assert content.field_mapping.model_dump() == {
        "title": "仿写标题", "content": "仿写文案", "digital_no": "数字人编号", "voice_id": "声音ID",
        "project_name": "项目名称", "account": "关联账号", "template": "模板名称", "status": "状态",
        "result": "返回结果", "cover": None, "film": None, "film_link": None,
    }  # fmt: skip
    assert content.ready_values() == ("视频草稿生成",)
    assert content.status_values.model_dump() == {"running": None, "done": "视频草稿生成完成", "failed": "处理失败"}
    assert settings.tables.voice_table is None


def test_without_feishu_its_sections_may_be_missing_unset_or_wrong() -> None:
    raw = config(api_config={"app_secret": "${FEISHU_APP_SECRET}", "app_id": 3.5}, tables={"content_table": 7})
    settings, warnings = parse_settings(raw, need_feishu=False)
    assert settings.api_config is None
    assert settings.tables is None
    assert len(warnings) == 3
    assert all("not needed for this run" in w.en for w in warnings)


def test_feishu_may_be_needed_just_where_the_file_mentions_it() -> None:
    settings, _ = parse_settings(config(), need_feishu=None)
    assert settings.api_config is None
    settings, _ = parse_settings(feishu(), need_feishu=None)
    assert settings.api_config is not None
    assert len(complaints(config(api_config={}), need_feishu=None)) == 4


def test_with_feishu_everything_that_is_missing_is_told() -> None:
    found = complaints(config(), need_feishu=True)
    assert [text.split(": ")[1] for text in found] == ["api_config", "tables.content_table.table_id"]
    assert "--tasks" in found[0]
    [told] = complaints(config(task_file={"columns": {"content": "文案"}}), need_feishu=True)
    assert told.endswith("the tasks of this configuration are in a local file: start with --tasks FILE.")
    raw = config(api_config={"app_id": "cli_…"})
    found = complaints(raw, need_feishu=True)
    assert {text.split(": ")[1] for text in found} == {
        "api_config.app_id", "api_config.app_secret", "api_config.app_token", "tables.content_table.table_id",
    }  # fmt: skip


def test_a_pasted_link_tells_base_table_view_and_platform() -> None:
    link = "https://acme.larksuite.com/base/AppTok1?table=tblOne&view=vewOne&x=1"
    raw = config(api_config={"app_id": "cli_1", "app_secret": "s", "app_token": link})
    settings, _ = parse_settings(raw, need_feishu=True)
    assert settings.api_config is not None
    assert settings.tables is not None
    assert settings.api_config.base.token == "AppTok1"
    assert settings.api_config.domain == "https://open.larksuite.com"
    assert settings.tables.content_table.table_id == "tblOne"
    assert settings.tables.content_table.view_id == "vewOne"


def test_what_the_file_says_itself_beats_the_link() -> None:
    link = "https://acme.feishu.cn/wiki/WikTok?table=tblOne&view=vewOne"
    settings, _ = parse_settings(feishu({"app_token": link, "domain": "http://127.0.0.1:1"}), need_feishu=True)
    assert settings.api_config is not None
    assert settings.tables is not None
    assert settings.api_config.base.needs_resolving
    assert settings.api_config.domain == "http://127.0.0.1:1"
    assert settings.tables.content_table.table_id == "tbl1"
    assert settings.tables.content_table.view_id is None


@pytest.mark.parametrize("written", [{}, {"view_id": None}, {"view_id": ""}])
def test_a_pasted_view_of_the_same_table_counts_where_the_file_names_none(written: dict[str, str | None]) -> None:
    link = "https://acme.feishu.cn/base/AppTok1?table=tbl1&view=vewOne"
    raw = feishu({"app_token": link})
    raw["tables"]["content_table"] |= written
    settings, _ = parse_settings(raw, need_feishu=True)
    assert settings.tables is not None
    assert settings.tables.content_table.view_id == "vewOne"
    raw["tables"]["content_table"]["view_id"] = "vewTwo"
    settings, _ = parse_settings(raw, need_feishu=True)
    assert settings.tables is not None
    assert settings.tables.content_table.view_id == "vewTwo"


def test_a_link_to_a_dashboard_is_told_unless_the_table_is_named() -> None:
    raw = feishu({"app_token": "https://acme.feishu.cn/base/AppTok1?table=blkOne&view=vewOne"})
    settings, _ = parse_settings(raw, need_feishu=True)
    assert settings.tables is not None
    assert (settings.tables.content_table.table_id, settings.tables.content_table.view_id) == ("tbl1", None)
    del raw["tables"]["content_table"]["table_id"]
    text = only_complaint(raw, need_feishu=True)
    assert "api_config.app_token: this address opens a dashboard, not a table" in text


@pytest.mark.parametrize(
    ("domain", "right"),
    [
        ("https://acme.feishu.cn", "https://open.feishu.cn"),
        ("https://www.feishu.cn/", "https://open.feishu.cn"),
        ("https://open.feishu.cn/open-apis", "https://open.feishu.cn"),
        ("https://acme.larksuite.com", "https://open.larksuite.com"),
    ],
)
def test_a_domain_of_feishus_pages_is_refused_with_the_right_one(domain: str, right: str) -> None:
    text = only_complaint(feishu({"domain": domain}), need_feishu=True)
    assert text.endswith(f"write {right}.")


def test_a_link_to_something_else_is_told() -> None:
    text = only_complaint(feishu({"app_token": "https://acme.feishu.cn/sheets/shtTok"}), need_feishu=True)
    assert "a spreadsheet" in text


def test_the_default_filter_follows_the_status_column() -> None:
    settings, _ = parse_settings(feishu(content={"field_mapping": {"status": "进度"}}), need_feishu=True)
    assert settings.tables is not None
    condition = settings.tables.content_table.filter_condition
    assert condition is not None
    assert condition.conditions[0].field_name == "进度"
    assert settings.tables.content_table.ready_values() == ("视频草稿生成",)


def test_a_filter_that_would_be_understood_in_part_only_is_refused() -> None:
    # Ignoring a part would run, and pay for, more rows than were meant.
    raw = feishu(content={"filter_condition": {"conjuction": "or", "conditions": []}})
    assert "did you mean conjunction?" in only_complaint(raw, need_feishu=True)
    raw = feishu(
        content={"filter_condition": {"conditions": [{"field_name": "状态", "operator": "IS", "value": ["x"]}]}}
    )
    assert "filter_condition.conditions[0].operator" in only_complaint(raw, need_feishu=True)
    assert "did you mean is?" in only_complaint(raw, need_feishu=True)


def test_the_running_value_must_not_be_the_ready_one() -> None:
    text = only_complaint(feishu(content={"status_values": {"running": "视频草稿生成"}}), need_feishu=True)
    assert "status_values.running: must differ from the status in the filter" in text


def test_no_filter_at_all_is_allowed_and_said() -> None:
    settings, warnings = parse_settings(feishu(content={"filter_condition": None}), need_feishu=True)
    assert settings.tables is not None
    assert settings.tables.content_table.filter_condition is None
    assert any("every record" in w.en for w in warnings)
