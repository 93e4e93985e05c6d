"""Names are safe on every system, and finished work takes its place in one step."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cozebatch.synthesis.names import WINDOWS_PATH, fitting_name, safe_name
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


@given(st.text(max_size=200), st.integers(3, 150), st.sampled_from([1, 2]))
def test_a_path_below_a_long_folder_fits_windows_and_stays_the_same(text: str, depth: int, copies: int) -> None:
    folder = "C:\\" + "夹" * depth
    name = fitting_name(text, folder, room=60, copies=copies, on_windows=True)
    if depth <= 150 - 20 * copies:
        path = "\\".join([folder, *[name] * copies]) + "x" * 60
        assert len(path.encode("utf-16-le")) // 2 <= WINDOWS_PATH
    assert safe_name(name) == name
    assert fitting_name(name, folder, room=60, copies=copies, on_windows=True) == name
    assert fitting_name(text, folder, room=60, copies=copies, on_windows=False) == safe_name(text)


def test_names_that_are_shortened_stay_apart() -> None:
    folder = "C:\\" + "夹" * 140
    names = {fitting_name("很长" * 20 + end, folder, room=80, on_windows=True) for end in "一二三"}
    assert len(names) == 3
    assert all(len(name) < 45 for name in names)


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
