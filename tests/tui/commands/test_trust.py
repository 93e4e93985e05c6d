"""A secret from the environment goes to the services' own hosts, to this machine, or where the user agreed to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text
from cozebatch.settings import Settings, parse_settings
from cozebatch_tui.commands.trust import require_trusted_hosts
from cozebatch_tui.session.preferences import settings_path, trusted_hosts

ENVIRONMENT = {"COZE_API_TOKEN": "pat_of_the_environment", "FEISHU_APP_SECRET": "secret_of_the_app", "MINE": "pat_mine"}


def settings(base_url: str, *, token: str | None = None, domain: str | None = None) -> Settings:
    coze: dict[str, Any] = {"workflow_id": "7400000000000000001", "base_url": base_url}
    raw: dict[str, Any] = {"workflow_config": {"coze_config": coze, "synthesis": {"mode": "none"}}}
    if token is not None:
        coze["token"] = token
    if domain is not None:
        raw["api_config"] = {"app_id": "cli_1", "app_token": "appToken1", "domain": domain}
        raw["tables"] = {"content_table": {"table_id": "tblContent1"}}
    return parse_settings(raw, env=ENVIRONMENT, need_feishu=None)[0]


@pytest.mark.parametrize(
    ("base_url", "token", "asked"),
    [
        ("https://api.coze.cn", None, ()),
        ("https://api.coze.com", None, ()),
        ("http://127.0.0.1:8000", None, ()),
        ("https://coze.attacker.example", None, ("coze.attacker.example",)),
        ("https://api.coze.cn.attacker.example", None, ("api.coze.cn.attacker.example",)),
        ("https://api.coze.cn:8443", None, ("api.coze.cn:8443",)),
        ("https://gateway.example", "${MINE}", ("gateway.example",)),
        ("https://gateway.example", "pat_written_into_the_file", ()),
    ],
)
def test_which_hosts_are_asked_about(base_url: str, token: str | None, asked: tuple[str, ...]) -> None:
    assert settings(base_url, token=token).hosts_to_ask_about() == asked


def test_the_secret_of_feishu_is_guarded_too() -> None:
    found = settings("https://api.coze.cn", domain="https://feishu.attacker.example")
    assert found.hosts_to_ask_about() == ("feishu.attacker.example",)


def test_a_no_is_an_error_and_a_yes_is_remembered_on_this_machine(tmp_path: Path) -> None:
    wanted = settings("https://gateway.example")
    with pytest.raises(UsageError, match=r"gateway\.example"):
        require_trusted_hosts(wanted, yes=False, ask=lambda _: False)
    assert trusted_hosts() == frozenset()
    asked: list[str] = []

    def agree(question: Text) -> bool:
        asked.append(question.en)
        return True

    for _ in range(2):
        require_trusted_hosts(wanted, yes=False, ask=agree)
    assert len(asked) == 1
    assert json.loads(settings_path().read_text(encoding="utf-8"))["trusted_hosts"] == ["gateway.example"]
    with pytest.raises(UsageError):
        require_trusted_hosts(settings("https://other.example"), yes=False, ask=lambda _: False)
