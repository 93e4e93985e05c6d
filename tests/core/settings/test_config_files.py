"""The files in `configs/`: the template loads, shows every key and the real defaults; the schema is current."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from cozebatch.settings import Settings, jsonc, load_settings, parse_settings
from cozebatch.settings.schema import schema_text
from support.configurations import complaints, feishu

CONFIGS = Path(__file__).parents[3] / "configs"


def test_the_template_loads_once_its_variables_are_set() -> None:
    env = {"COZE_API_TOKEN": "pat_1", "FEISHU_APP_SECRET": "s"}
    raw = jsonc.load(CONFIGS / "config.template.jsonc")
    found = complaints(raw, env=env, need_feishu=True)
    # All that is left to fill in is what nobody else can know.
    assert {text.split(": ")[1] for text in found} == {
        "api_config.app_id", "api_config.app_token", "tables.content_table.table_id",
        "workflow_config.coze_config.workflow_id", "workflow_config.draft_folder_path",
    }  # fmt: skip


def test_the_template_shows_every_key_and_the_real_defaults() -> None:
    env = {"COZE_API_TOKEN": "pat_1", "FEISHU_APP_SECRET": "s"}
    raw = jsonc.load(CONFIGS / "config.template.jsonc")
    raw["api_config"] |= {"app_id": "cli_1", "app_token": "bas1"}
    raw["tables"]["content_table"]["table_id"] = "tbl1"
    raw["workflow_config"]["coze_config"]["workflow_id"] = "1"
    raw["workflow_config"]["draft_folder_path"] = "drafts"
    shown, warnings = parse_settings(raw, env=env, need_feishu=True)
    least = feishu({"app_secret": "s"})
    least["workflow_config"]["coze_config"] |= {"token": "pat_1", "workflow_id": "1"}
    default, _ = parse_settings(least, need_feishu=True)
    assert warnings == []
    assert shown.model_dump(exclude={"template_config"}) == default.model_dump(exclude={"template_config"})
    assert _keys(raw) >= _model_keys(Settings.model_json_schema())


def _keys(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_keys, value.values()))
    return set().union(*map(_keys, value)) if isinstance(value, list) else set()


def _model_keys(schema: dict[str, Any]) -> set[str]:
    optional = {"AccountTable", "VoiceTable", "DigitalHumanTable", "FilterGroup", "ClusterTls"}
    parts = [part for name, part in schema["$defs"].items() if name not in optional]
    keys = set().union(*(part.get("properties", {}) for part in [schema, *parts]))
    return keys - {"account_table", "voice_table", "digital_human_table", "children"}


def test_the_demo_configuration_loads_without_any_environment() -> None:
    settings, warnings = load_settings(CONFIGS / "demo.jsonc", env={}, need_feishu=True)
    assert warnings == []
    assert settings.coze.base_url == "http://127.0.0.1:8787"
    assert settings.api_config is not None
    assert settings.api_config.domain == "http://127.0.0.1:8788"
    assert settings.secrets() == ("pat_demo", "demo_secret")
    assert (settings.synthesis.mode, settings.synthesis.width, settings.synthesis.height) == ("video", 540, 960)


def test_the_schema_file_is_current() -> None:
    made = subprocess.run(
        [sys.executable, "-m", "cozebatch.settings", "--schema"], capture_output=True, check=True, timeout=60
    ).stdout.decode()
    assert made == schema_text()
    assert (CONFIGS / "config.schema.json").read_text(encoding="utf-8") == made
