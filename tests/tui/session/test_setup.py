"""How a set-up begins and ends on this machine: what is proposed, where secrets go, what is written."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cozebatch.demo.coze_account import TEAM
from cozebatch.demo.coze_model import TOKEN
from cozebatch.demo.feishu_server import APP_ID, APP_SECRET
from cozebatch.demo.feishu_tables import CONTENT
from cozebatch.model.errors import UsageError
from cozebatch.settings import load_settings
from cozebatch.settings.stored_secrets import stored_secret
from cozebatch.setup.state import State, World
from cozebatch_tui.session.setup import begin, finish, keep
from support.keyrings import keyring_in_memory
from support.setup_flow import services, walk

pytestmark = pytest.mark.anyio
CONFIG = Path("c.json")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


async def answered(kept_in: str) -> State:
    """A set-up at its end."""
    with services() as found:
        way = walk(found, Path(), has_keyring=True)
        answers = {"workspace": TEAM, "table": CONTENT, "mode": "none", "keep": kept_in}
        await way.to_the_end({**found.answers(), **answers})
    return way.state


async def test_secrets_in_the_keyring_are_found_by_the_next_start() -> None:
    state = await answered("keyring")
    with keyring_in_memory() as ring:
        finish(state, World(env={}, config=CONFIG))
        assert set(ring.kept.values()) == {TOKEN, APP_SECRET}
        assert f"FEISHU_APP_SECRET@{APP_ID}" in {name for _, name in ring.kept}
        settings, _ = load_settings(CONFIG, env={}, need_feishu=True, stored=stored_secret)
    assert TOKEN in settings.secrets()
    assert APP_SECRET in settings.secrets()
    assert TOKEN not in CONFIG.read_text(encoding="utf-8")  # noqa: ASYNC240 - a small file of this test


async def test_a_keyring_that_takes_nothing_leaves_everything_as_it_was() -> None:
    state = await answered("keyring")
    keep(state, World(config=CONFIG))
    with keyring_in_memory() as ring:
        ring.locked = True
        with pytest.raises(UsageError, match="keep it somewhere else"):
            finish(state, World(env={}, config=CONFIG))
    assert os.listdir() == [".cozebatch"]
    assert os.listdir(".cozebatch") == ["setup.json"]


async def test_variables_that_are_counted_on_are_there_for_this_process_and_told_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = await answered("environment")
    for name in ("COZE_API_TOKEN", "FEISHU_APP_SECRET"):
        monkeypatch.setenv(name, "")
    written = finish(state, World(env={}, config=CONFIG))
    assert os.environ["COZE_API_TOKEN"] == TOKEN
    (note,) = written.notes
    assert "COZE_API_TOKEN" in note.zh
    assert TOKEN not in note.zh
    settings, _ = load_settings(CONFIG, env=os.environ, need_feishu=True)
    assert APP_SECRET in settings.secrets()


async def test_kept_answers_come_before_those_of_the_configuration_but_its_secrets_stay_proposed() -> None:
    state = await answered("file")
    finish(state, World(env={}, config=CONFIG))
    again, _ = begin(CONFIG, "en", {})
    assert again.answers.token == TOKEN
    assert again.answers.columns["content"] == "仿写文案"
    keep(replace(again.answer(mode="video"), at="keep"), World(config=CONFIG))
    resumed, _ = begin(CONFIG, "zh", {"source": "file", "tasks_file": "t.csv"})
    assert resumed.resumed
    assert (resumed.answers.mode, resumed.answers.token, resumed.answers.lang) == ("video", TOKEN, "zh")
    assert (resumed.answers.source, resumed.answers.tasks_file) == ("file", "t.csv")


@pytest.mark.parametrize("text", ['{"workflow_config": {', "", "[1]", "api_config:"])
def test_a_configuration_that_cannot_be_read_is_not_said_to_be_filled_in(text: str) -> None:
    CONFIG.write_text(text, encoding="utf-8")
    state, _ = begin(CONFIG, "zh", {})
    assert "读不了，里面的设置都没有采用" in state.notes[0].zh
    assert not [note for note in state.notes if "填好" in note.zh or "改过才能读" in note.zh]


def test_one_that_was_mended_is_said_to_be_filled_in() -> None:
    CONFIG.write_text('{"workflow_config"：{"max_coze_concurrent": 3}}', encoding="utf-8")
    state, _ = begin(CONFIG, "zh", {})
    assert ["填好" in note.zh for note in state.notes] == [True, False, False]
    assert "改过才能读" in state.notes[1].zh
