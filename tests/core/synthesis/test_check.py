"""`check` finds what would stop a synthesis, before anything is paid for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cozebatch.model.check_item import Level
from cozebatch.synthesis.check import check_synthesis
from support.films import make, options

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def failed(tmp_path: Path, **changes: Any) -> list[str]:
    items = await check_synthesis(options(tmp_path, **changes))
    return [f"{item.subject.en}: {item.text.en}" for item in items if item.level is Level.FAIL]


async def test_a_machine_that_can_make_films_passes(tmp_path: Path) -> None:
    (tmp_path / "drafts").mkdir()
    music = make(tmp_path / "m.mp3", "-f", "lavfi", "-i", "sine", "-t", "0.3")
    changes = {"mode": "both", "draft_folder_path": str(tmp_path / "drafts"), "background_music_path": str(music)}
    items = await check_synthesis(options(tmp_path, **changes))
    subjects = [item.subject.en for item in items if item.level is not Level.FAIL]
    assert {"output folder", "JianYing draft folder", "ffmpeg", "Chinese font", "background music"} <= set(subjects)
    assert len(subjects) == len(items)
    assert not list((tmp_path / "drafts").iterdir())
    assert not (tmp_path / "output").exists()


async def test_nothing_is_looked_at_for_mode_none(tmp_path: Path) -> None:
    assert await check_synthesis(options(tmp_path, mode="none")) == []


async def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert "is not configured" in (await failed(tmp_path, mode="draft"))[0]
    assert "does not exist" in (await failed(tmp_path, mode="draft", draft_folder_path=str(tmp_path / "none")))[0]
    (tmp_path / "file").touch()
    assert "is a file" in (await failed(tmp_path, mode="draft", draft_folder_path=str(tmp_path / "file")))[0]
    assert "none.mp3" in (await failed(tmp_path, background_music_path=str(tmp_path / "none.mp3")))[0]
    assert "no-such" in (await failed(tmp_path, mode="command", command=("no-such",)))[0]
    assert "ffmpeg" in (await failed(tmp_path, ffmpeg=str(tmp_path / "none")))[0]
    wrong = await failed(tmp_path, template_config={"title_color": "x", "subtitle_color": "y"})
    assert len(wrong) == 2


async def test_a_font_a_template_names_and_this_machine_lacks_is_a_warning(tmp_path: Path) -> None:
    items = await check_synthesis(options(tmp_path, template_config={"title_font": "没有的字体"}))
    assert any(item.level is Level.WARN and "没有的字体" in item.text.en for item in items)
