"""Names are safe on every system, and finished work takes its place in one step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.synthesis.names import safe_name
from cozebatch.synthesis.video.publish import publish
from support.films import job

FORBIDDEN = set('<>:"/\\|?*\0\n')


@given(st.text(max_size=300))
def test_any_text_becomes_one_safe_path_component(text: str) -> None:
    name = safe_name(text)
    assert name
    assert name not in (".", "..")
    assert not FORBIDDEN & set(name)
    assert name == name.strip(" .")
    assert len(name.encode()) <= 120
    assert safe_name(name) == name


@pytest.mark.parametrize("text", ["CON", "nul.txt", "com1", "LPT9 .x", "aux"])
def test_names_windows_keeps_for_itself_are_avoided(text: str) -> None:
    assert safe_name(text).startswith("_")


def test_texts_that_differ_beyond_the_limit_stay_apart() -> None:
    assert safe_name("很" * 100 + "一") != safe_name("很" * 100 + "二")


def finished(folder: Path, name: str, content: str) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(content, encoding="utf-8")
    return {".mp4": folder / name}


def test_a_film_somebody_else_put_there_is_passed_over(tmp_path: Path) -> None:
    theirs = tmp_path / "out" / "项目一" / "项目一.mp4"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("theirs", encoding="utf-8")
    placed = publish(job(), tmp_path / "out", finished(tmp_path / "a", "f", "ours"), {})
    assert placed[".mp4"].name == "项目一_2.mp4"
    assert theirs.read_text(encoding="utf-8") == "theirs"
    again = publish(job(), tmp_path / "out", finished(tmp_path / "a", "f", "ours again"), {"x": 1})
    assert again == placed
    assert json.loads(placed[".mp4"].with_suffix(".json").read_text(encoding="utf-8"))["x"] == 1


def test_a_film_that_cannot_be_moved_leaves_no_claim(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="gone"):
        publish(job(), tmp_path / "out", {".mp4": tmp_path / "gone"}, {})
    assert not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
