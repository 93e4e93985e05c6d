"""An existing configuration, ours or the older tool's, as the proposal for a new one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.model.default_paths import shipped
from cozebatch.settings import parse_settings
from cozebatch.setup.draft import configuration_of
from cozebatch.setup.existing import answers_of, begin_with, half_width, read_document
from cozebatch.setup.matching import SourceColumn
from cozebatch.setup.state import State

OLDER = """
{
  // the older tool's
  "api_config": {"app_id": "cli_a1", "app_secret": "secret_1234567890", "app_token": "bascnApp1", },
  "tables": {"content_table": {
    "table_id": "tblOne",
    "field_mapping": {"title": "标题", "content": "口播文案", "status": "进度", "result": "备注"},
    "filter_condition": {"conjunction": "and", "conditions": [
      {"field_name": "进度", "operator": "is", "value": ["待生成"]},
      {"field_name": "负责人", "operator": "isNotEmpty", "value": []}]},
    "status_values": {"running": "生成中", "done": "已生成", "failed": "失败"}
  }},
  "workflow_config": {
    "coze_config": {"token": "Bearer pat_0123456789abcdef", "workflow_id": 7400000000000000001,
                    "base_url": "https://www.coze.cn"},
    "max_coze_concurrent": 16, "max_synthesis_workers": "four", "poll_interval": 30, "old_key": 1,
    "draft_folder_path": "D:/drafts"
  },
  "template_config": {"title_font": "a.ttf"}
}
"""


def test_an_older_configuration_is_proposed_and_what_was_mended_is_named() -> None:
    document, mended = read_document(OLDER, {})
    answers = answers_of(document, "zh")
    assert (answers.source, answers.token, answers.keep) == ("feishu", "pat_0123456789abcdef", "file")
    assert (answers.workflow_id, answers.base_url) == ("7400000000000000001", "https://api.coze.cn")
    assert answers.columns["content"] == "口播文案"
    assert answers.status == {
        "column": "进度",
        "ready": "待生成",
        "running": "生成中",
        "done": "已生成",
        "failed": "失败",
        "result": "备注",
    }
    assert (answers.mode, answers.draft_folder) == ("draft", "D:/drafts")
    named = "\n".join(text.en for text in mended)
    for word in ("token", "base_url", "max_synthesis_workers", "old_key"):
        assert word in named
    assert "pat_0123" not in named
    assert document["workflow_config"]["max_coze_concurrent"] == 16
    assert len(mended) == 4


def test_what_nobody_asked_about_stays() -> None:
    document, _ = read_document(OLDER, {})
    columns = tuple(SourceColumn(name) for name in ("标题", "口播文案", "进度", "备注", "负责人"))
    state = State(answers_of(document, "zh"), document=document).learn(columns=columns)
    config = configuration_of(state)
    settings, warnings = parse_settings(config, need_feishu=True)
    assert warnings == []
    assert settings.template_config == {"title_font": "a.ttf"}
    assert settings.tables is not None
    content = settings.tables.content_table
    assert [c.field_name for c in content.filter_condition.conditions] == ["进度", "负责人"]  # type: ignore[union-attr]
    assert content.ready_values() == ("待生成",)
    assert content.status_values.running == "生成中"
    assert config["workflow_config"]["poll_interval"] == 30


def test_full_width_signs_are_read_and_named_with_their_line() -> None:
    coze = '{“token”: "pat_0123456789abcdef"，\n "workflow_id": "7400000000000000001"}'
    text = '{\n“workflow_config”：{"coze_config": ' + coze + "}}"
    document, mended = read_document(text, {})
    assert document["workflow_config"]["coze_config"]["token"] == "pat_0123456789abcdef"
    assert '第 2 行：全角的 “ 改成了 "' in [note.zh for note in mended]


def test_what_is_in_quotes_is_left_alone() -> None:
    text = '{"a": "他说：“好，走。”", // 注释：“x”\n"b"：1}'
    changed, mended = half_width(text)
    assert json.loads(changed.replace("// 注释：“x”", ""))["a"] == "他说：“好，走。”"
    assert len(mended) == 1


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner, max_size=3)))
def test_json_itself_is_not_changed(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    assert half_width(text) == (text, [])


@given(st.text(alphabet='{}[]"“”：，:,\\/* \nabc1', max_size=60))
def test_any_text_is_read_without_an_error(text: str) -> None:
    document, _ = read_document(text, {})
    answers_of(document, "en")


KEYS = [
    "api_config",
    "tables",
    "content_table",
    "field_mapping",
    "workflow_config",
    "coze_config",
    "synthesis",
    "mode",
    "token",
    "workflow_id",
    "parameters",
    "filter_condition",
    "conditions",
    "status_values",
    "notify",
    "template_config",
]
DOCUMENTS = st.recursive(
    st.none() | st.integers(-5, 5) | st.sampled_from(["", "${X}", "cli_a", "状态", "draft"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_any_document_gives_answers_and_what_is_left_is_valid(value: object) -> None:
    document, _ = read_document(json.dumps(value), {})
    answers_of(document, "en")


def test_the_template_itself_proposes_no_sample_text() -> None:
    template = shipped("config.template.jsonc")
    assert template is not None
    document, mended = read_document(template.read_text(encoding="utf-8"), {})
    answers = answers_of(document, "zh")
    assert (answers.workflow_id, answers.feishu_app_id, answers.base, answers.draft_folder) == ("", "", "", "")
    assert answers.token == "${COZE_API_TOKEN}"
    assert mended == []


@pytest.mark.parametrize(("text", "count"), [("not json at all", 1), ("[1]", 1), ("", 1), ("{", 1)])
def test_a_file_of_which_nothing_can_be_made_is_told(tmp_path: Path, text: str, count: int) -> None:
    path = tmp_path / "c.json"
    path.write_text(text, encoding="utf-8")
    state = begin_with(path, "zh", {})
    assert len(state.mended) == count
    assert state.answers.workflow_id == ""
    assert begin_with(tmp_path / "none.json", "zh", {}).document == {}
