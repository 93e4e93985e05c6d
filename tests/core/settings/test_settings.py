"""How a configuration is read: defaults, complaints with their cure, variables, overrides, secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from cozebatch.model.errors import UsageError
from cozebatch.settings import load_settings, parse_settings
from support.configurations import TOKEN, complaints, config, coze, feishu, only_complaint

GUIDE = """{
  "workflow_config": {
    "coze_config": {
      "token": "pat_0123456789abcdef",
      "workflow_id": "7400000000000000001"
    },
    "max_coze_concurrent": 16,     // Coze最大并发数
    "max_synthesis_workers": 4,    // 视频合成最大并发数
    "poll_interval": 30            // 轮询间隔(秒)
  }
}"""


def test_the_configuration_of_the_guide_runs_tasks_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(GUIDE, encoding="utf-8")
    settings, warnings = load_settings(path, env={}, need_feishu=False)
    assert settings.coze.token.get_secret_value() == TOKEN
    assert settings.workflow_config.max_coze_concurrent == 16
    # Without a draft folder there is nowhere to put drafts: films are made, and it is said.
    assert settings.synthesis.mode == "video"
    (warning,) = warnings
    assert "draft_folder_path" in warning.en
    assert "MP4" in warning.en


def test_defaults_are_those_of_the_contract() -> None:
    settings, warnings = parse_settings(config(), need_feishu=False)
    workflow = settings.workflow_config
    assert warnings == []
    assert settings.synthesis.mode == "draft"
    assert (workflow.max_coze_concurrent, workflow.max_synthesis_workers, workflow.poll_interval) == (16, 4, 30)
    assert (workflow.max_retries, workflow.execution_timeout, workflow.on_unknown_submit) == (3, 86400, "hold")
    assert settings.coze.base_url == "https://api.coze.cn"
    assert settings.coze.request_timeout == 30
    assert settings.coze.parameters["digitalNo"] == "digital_no"
    assert settings.coze.outputs.named()["cover_title"] == "shortTitle"
    assert settings.synthesis.model_dump() == {
        "mode": "draft", "output_dir": "output", "max_media_mb": 2048, "width": 1080, "height": 1920, "fps": 30,
        "timeout": 1800, "background_music_path": None, "background_music_volume": 0.3, "draft_media_root": None,
        "draft_media": "in_draft", "command": None, "cluster": None, "cluster_share": None, "cluster_tls": None,
        "cluster_insecure": False,
    }  # fmt: skip
    assert settings.log_retention_days == 30


def test_all_errors_come_at_once_with_file_key_and_cure() -> None:
    raw = config(
        {
            "coze_config": coze(base_url="http://api.coze.cn", bot_id="1", app_id="2"),
            "max_coze_concurrent": 0,
            "max_retries": "3",
            "poll_interval": True,
            "on_unknown_submit": "Resubmit",
            "synthesis": {"mode": "drafts", "width": 1081},
        },
        log_retention_days=None,
    )
    found = complaints(raw)
    for key, right in {
        "workflow_config.coze_config.base_url": "https://",
        "workflow_config.coze_config.bot_id": "exclude each other",
        "workflow_config.max_coze_concurrent": "is 0, should be a whole number from 1 to",
        "workflow_config.max_retries": "without quotes",
        "workflow_config.poll_interval": "is true, should be a number above 0",
        "workflow_config.on_unknown_submit": "did you mean resubmit?",
        "workflow_config.synthesis.mode": "is drafts, should be one of draft | video | both | none | command; did",
        "workflow_config.synthesis.width": "even number",
        "log_retention_days": "is null",
    }.items():
        assert any(text.startswith(f"c.json: {key}: ") and right in text for text in found), key
    assert len(found) == 9


def test_a_wrong_value_is_never_repeated_for_it_may_be_a_secret() -> None:
    raw = config(
        {"coze_config": coze(workflow_id=f"{TOKEN} x", outputs=TOKEN), "max_retries": TOKEN, "synthesis": TOKEN}
    )
    assert TOKEN not in "".join(complaints(raw))


def test_secrets_show_neither_in_repr_nor_in_errors_of_the_models() -> None:
    settings, _ = parse_settings(feishu(), need_feishu=True)
    assert TOKEN not in repr(settings)
    assert "s3cret" not in repr(settings)
    assert settings.secrets() == (TOKEN, "s3cret")
    with pytest.raises(ValidationError):
        settings.log_retention_days = 3


def test_an_unknown_key_is_a_warning_with_the_nearest_name_or_its_place() -> None:
    raw = config({"max_coze_concurent": 3, "token": "x", "zzz": 1}, **{"Workflow-Config": {}})
    _, warnings = parse_settings(raw, place="c.json")
    texts = [w.en for w in warnings]
    assert any("max_coze_concurent" in t and "did you mean max_coze_concurrent?" in t for t in texts)
    assert any("workflow_config.token" in t and "workflow_config.coze_config.token" in t for t in texts)
    assert any("zzz" in t and "known here" in t for t in texts)
    assert any("Workflow-Config" in t and "did you mean workflow_config?" in t for t in texts)


def test_spaces_around_keys_are_ignored() -> None:
    raw = {" workflow_config ": {"coze_config": {"token\t": TOKEN, " workflow_id": "7"}, "draft_folder_path": "d"}}
    settings, warnings = parse_settings(raw)
    assert settings.coze.workflow_id == "7"
    assert warnings == []
    raw = config({" max_retries": 1, "max_retries": 2})
    assert "max_retries: stands twice" in only_complaint(raw)


def test_a_key_written_twice_is_told(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    text = GUIDE.replace('"max_coze_concurrent": 16', '"poll_interval": 1, "max_coze_concurrent": 2')
    path.write_text(text, encoding="utf-8")
    settings, warnings = load_settings(path, env={}, need_feishu=False)
    assert settings.workflow_config.poll_interval == 30
    assert any("poll_interval" in w.en and "twice" in w.en for w in warnings)


def test_variables_are_replaced_anywhere() -> None:
    raw = config(
        {
            "coze_config": coze(token="${T}"),
            "max_retries": "${N}",
            "poll_interval": "${P}",
            "draft_folder_path": "/x/${D}/y",
        }
    )
    settings, _ = parse_settings(raw, env={"T": " pat_x\n", "N": "7", "P": "0.5", "D": "d"})
    assert settings.coze.token.get_secret_value() == "pat_x"
    assert settings.workflow_config.max_retries == 7
    assert settings.workflow_config.poll_interval == 0.5
    assert settings.workflow_config.draft_folder_path == "/x/d/y"


def test_an_unset_variable_is_one_complaint_with_key_and_name() -> None:
    text = only_complaint(config({"coze_config": coze(token="${MY_TOKEN}"), "max_retries": "${N}"}), env={"N": "1"})
    assert "workflow_config.coze_config.token" in text
    assert "MY_TOKEN" in text
    raw = config({"max_retries": "${N}"})
    assert "variable N is not set" in only_complaint(raw)
    assert "max_retries: is a text, should be" in only_complaint(raw, env={"N": "many"})


def test_the_environment_fills_a_secret_the_file_does_not_have() -> None:
    env = {"COZE_API_TOKEN": "pat_env", "FEISHU_APP_SECRET": "env_secret"}
    for absent in ({}, {"token": ""}, {"token": None}, {"token": "你的Coze API Token"}):
        raw = feishu()
        raw["workflow_config"]["coze_config"] = {"workflow_id": "1", **absent}
        del raw["api_config"]["app_secret"]
        settings, _ = parse_settings(raw, env=env, need_feishu=True)
        assert settings.secrets() == ("pat_env", "env_secret")
    settings, _ = parse_settings(feishu(), env=env, need_feishu=True)
    assert settings.secrets() == (TOKEN, "s3cret")


def test_options_beat_the_file_and_are_checked_like_it() -> None:
    raw = config({"max_coze_concurrent": 2, "poll_interval": 5})
    settings, _ = parse_settings(
        raw, overrides={"max_coze_concurrent": 8, "poll_interval": 0.25, "max_synthesis_workers": None}
    )
    assert settings.workflow_config.max_coze_concurrent == 8
    assert settings.workflow_config.poll_interval == 0.25
    assert settings.workflow_config.max_synthesis_workers == 4
    with pytest.raises(UsageError, match="max_synthesis_workers: is 0"):
        parse_settings(raw, overrides={"max_synthesis_workers": 0})


@pytest.mark.parametrize(
    ("token", "cure"),
    [
        ("你的Coze API Token", "sample text"),
        ("<token>", "sample text"),
        ("pat_…", "sample text"),
        ("YOUR_TOKEN", "sample text"),
        ("Bearer pat_1", "leave out the leading 'Bearer"),
        ('"pat_1"', "in quotes of its own"),
        ("“pat_1”", "in quotes of its own"),
        ("pat_1 2", "character 6 is a space"),
        ("pat_１", "character 5 is no plain ASCII"),
        ("pat_\n1", "character 5 is a space or line break"),
        ("", "COZE_API_TOKEN"),
        (None, "COZE_API_TOKEN"),
        (5, "text in double quotes"),
    ],
)
def test_a_token_that_cannot_be_one_is_told_with_the_cure(token: object, cure: str) -> None:
    text = only_complaint(config({"coze_config": {"token": token, "workflow_id": "1"}}))
    assert "workflow_config.coze_config.token" in text
    assert cure in text


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://api.coze.com/", True),
        ("http://127.0.0.1:8787", True),
        ("http://localhost:1", True),
        ("http://[::1]:8080", True),
        ("http://127.0.0.1.evil.com", False),
        ("http://10.0.0.1", False),
        ("https://user:pw@api.coze.cn", False),
        ("https://api.coze.cn?x=1", False),
        ("ftp://api.coze.cn", False),
        ("api.coze.cn", False),
        ("https://", False),
        ("https://[::1", False),
        ("https://a:99999", False),
        ("http://127.0.0.1:8787/", True),
        ("http://127.0.0.1:8787/coze", False),
        ("https://gateway.example.com", True),
    ],
)
def test_addresses_are_https_and_plain_http_stays_on_this_machine(url: str, good: bool) -> None:
    raw = config({"coze_config": coze(base_url=url)})
    if good:
        settings, _ = parse_settings(raw)
        assert settings.coze.base_url == url.rstrip("/")
    else:
        assert "base_url" in only_complaint(raw)


def test_a_workflow_id_may_be_a_number_or_the_pasted_address() -> None:
    for given in (
        7400000000000000001,
        " 7400000000000000001 ",
        "https://www.coze.cn/work_flow?space_id=12&workflow_id=7400000000000000001",
    ):
        settings, _ = parse_settings(config({"coze_config": coze(workflow_id=given)}))
        assert settings.coze.workflow_id == "7400000000000000001"
    for wrong in ("../x", "7?y=1", "https://www.coze.cn/space/1", "你的Coze工作流ID", True, ""):
        assert "workflow_id" in only_complaint(config({"coze_config": coze(workflow_id=wrong)}))


@pytest.mark.parametrize(
    ("url", "right"),
    [
        ("https://api.coze.cn/v1", "https://api.coze.cn"),
        ("https://api.coze.com/v1/workflow/run/", "https://api.coze.com"),
        ("https://www.coze.cn", "https://api.coze.cn"),
        ("https://www.coze.com/", "https://api.coze.com"),
        ("https://coze.cn", "https://api.coze.cn"),
        ("https://CODE.coze.cn/work_flow", "https://api.coze.cn"),
        ("https://www.api.coze.com", "https://api.coze.com"),
        ("https://gateway.example.com/coze", "https://gateway.example.com"),
    ],
)
def test_a_base_url_with_a_path_or_of_cozes_pages_is_refused_with_the_right_one(url: str, right: str) -> None:
    text = only_complaint(config({"coze_config": coze(base_url=url)}))
    assert "workflow_config.coze_config.base_url" in text
    assert text.endswith(f"write {right}.")


@pytest.mark.parametrize(
    ("link", "base_url", "app_id"),
    [
        ("https://www.coze.cn/work_flow?space_id=12&workflow_id=7422", "https://api.coze.cn", None),
        ("https://www.coze.com/work_flow?workflow_id=7422&space_id=1", "https://api.coze.com", None),
        ("https://code.coze.cn/work_flow?workflow_id=7422", "https://api.coze.cn", None),
        ("https://www.coze.com/space/73/project-ide/7411/workflow/7422", "https://api.coze.com", "7411"),
        ("https://coze.example.org/work_flow?workflow_id=7422", "https://api.coze.cn", None),
        ("https://coze.com.evil.example/work_flow?workflow_id=7422", "https://api.coze.cn", None),
    ],
)
def test_a_pasted_workflow_address_tells_site_and_app(link: str, base_url: str, app_id: str | None) -> None:
    settings, _ = parse_settings(config({"coze_config": coze(workflow_id=link)}))
    assert (settings.coze.workflow_id, settings.coze.base_url, settings.coze.app_id) == ("7422", base_url, app_id)


def test_a_workflow_address_of_the_other_site_is_refused_with_the_right_base_url() -> None:
    link = "https://www.coze.com/work_flow?workflow_id=7422"
    text = only_complaint(config({"coze_config": coze(workflow_id=link, base_url="https://api.coze.cn")}))
    assert "base_url" in text
    assert "https://api.coze.com" in text
    for base_url in ("https://api.coze.com/", "http://127.0.0.1:8787", "https://gateway.example.com"):
        parse_settings(config({"coze_config": coze(workflow_id=link, base_url=base_url)}))


def test_draft_modes_need_the_draft_folder_and_command_a_program() -> None:
    for mode in ("draft", "both"):
        raw = {"workflow_config": {"coze_config": coze(), "synthesis": {"mode": mode}}}
        assert "draft_folder_path" in only_complaint(raw)
    assert "synthesis.command" in only_complaint(config({"synthesis": {"mode": "command"}}))
    for wrong in ("python make.py", [], ["  "], ["a", 1]):
        text = only_complaint(config({"synthesis": {"mode": "command", "command": wrong}}))
        assert '["python", "make.py"]' in text
    settings, _ = parse_settings(config({"synthesis": {"mode": "command", "command": ["a", ""]}}))
    assert settings.synthesis.command == ("a", "")


@pytest.mark.parametrize(
    "raw", [None, [], "x", 5, {}, {"workflow_config": []}, {"workflow_config": {"coze_config": 1}}]
)
def test_anything_else_than_a_configuration_is_a_complaint(raw: object) -> None:
    assert complaints(raw)


def test_parsing_does_not_change_what_it_is_given() -> None:
    raw = feishu()
    before = json.dumps(raw)
    parse_settings(raw, env={"COZE_API_TOKEN": "x"}, overrides={"poll_interval": 1}, need_feishu=True)
    assert json.dumps(raw) == before
