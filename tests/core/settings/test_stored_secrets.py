"""Secrets in the system's keyring: asked last, each for its own site or app, and never in the way of anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import keyring
import pytest
from keyring.backends.fail import Keyring as NoKeyring

from cozebatch.model.errors import UsageError
from cozebatch.settings import load_settings, parse_settings
from cozebatch.settings.stored_secrets import has_keyring, name_in_keyring, store_secret, stored_secret
from support.configurations import TOKEN, config, feishu
from support.keyrings import InMemory, keyring_in_memory


@pytest.fixture
def ring() -> Iterator[InMemory]:
    with keyring_in_memory() as used:
        yield used


def without_token(**coze: str) -> dict[str, object]:
    document = config()
    document["workflow_config"]["coze_config"] = {"workflow_id": "740", **coze}
    return document


def test_the_keyring_is_asked_for_a_secret_that_is_nowhere_else(ring: InMemory, tmp_path: Path) -> None:
    store_secret(name_in_keyring("COZE_API_TOKEN", "https://api.coze.cn"), TOKEN)
    path = tmp_path / "c.json"
    path.write_text(json.dumps(without_token()), encoding="utf-8")
    settings, _ = load_settings(path, env={}, need_feishu=False, stored=stored_secret)
    assert settings.coze.token.get_secret_value() == TOKEN
    env = {"COZE_API_TOKEN": "pat_of_the_environment"}
    settings, _ = load_settings(path, env=env, need_feishu=False, stored=stored_secret)
    assert settings.coze.token.get_secret_value() == "pat_of_the_environment"
    settings, _ = parse_settings(config(), stored=stored_secret)
    assert settings.coze.token.get_secret_value() == TOKEN


def test_a_token_of_one_site_is_not_another_sites(ring: InMemory) -> None:
    store_secret(name_in_keyring("COZE_API_TOKEN", "https://api.coze.cn"), TOKEN)
    with pytest.raises(UsageError, match="token"):
        parse_settings(without_token(base_url="https://api.coze.com"), stored=stored_secret)
    with pytest.raises(UsageError, match="token"):
        parse_settings(without_token(), need_feishu=False)


def test_the_site_of_a_pasted_link_and_the_app_of_the_base_say_which_secret(ring: InMemory) -> None:
    store_secret(name_in_keyring("COZE_API_TOKEN", "https://api.coze.com"), TOKEN)
    store_secret(name_in_keyring("FEISHU_APP_SECRET", "cli_1"), "secret_in_the_ring")
    link = "https://www.coze.com/work_flow?workflow_id=7400000000000000001"
    settings, _ = parse_settings(without_token(workflow_id=link), stored=stored_secret)
    assert settings.coze.token.get_secret_value() == TOKEN
    document = feishu()
    del document["api_config"]["app_secret"]
    settings, _ = parse_settings(document, need_feishu=True, stored=stored_secret)
    assert settings.api_config is not None
    assert settings.api_config.app_secret.get_secret_value() == "secret_in_the_ring"


def test_a_secret_of_the_keyring_goes_to_no_unknown_host_unasked(ring: InMemory) -> None:
    store_secret(name_in_keyring("COZE_API_TOKEN", "https://coze.example.com"), TOKEN)
    settings, _ = parse_settings(without_token(base_url="https://coze.example.com"), stored=stored_secret)
    assert settings.hosts_to_ask_about() == ("coze.example.com",)


def test_a_locked_keyring_is_like_none_and_its_words_are_not_repeated(ring: InMemory) -> None:
    ring.locked = True
    assert stored_secret("COZE_API_TOKEN@x") is None
    with pytest.raises(UsageError) as caught:
        store_secret("COZE_API_TOKEN@x", TOKEN)
    assert TOKEN not in caught.value.complaints[0].en
    assert "KeyringLocked" in caught.value.complaints[0].en


def test_a_machine_without_a_keyring_has_none(ring: InMemory) -> None:
    assert has_keyring()
    keyring.set_keyring(NoKeyring())  # type: ignore[no-untyped-call]
    assert not has_keyring()
    assert stored_secret("COZE_API_TOKEN@x") is None
