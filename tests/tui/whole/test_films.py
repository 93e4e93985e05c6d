"""Whole batches with real films: hostile titles, a folder named in Chinese, and a kill in the middle of making them.

These run on Windows too, with its own code page, as its users' machines do.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cozebatch.demo.coze_model import CozeOptions
from cozebatch.demo.coze_server import RunningCoze, serve_coze
from support.listing import inside
from support.program import BATCH, Finished, Program, kill, read_until

TITLES = (
    "CON",
    "..",
    "C:\\Windows\\..\\x",
    'a/b:c*d?e"f<g>h|i',
    "末尾有点. ",
    "🎬 烟花 ${HOME} %PATH% $(x) `y`",
    "{\\pos(1,1)}'; [out] 100%, ,:=\\",
    "很长" * 150,
)
NATIVE = {"PYTHONUTF8": "0"}
"""The text encoding of the system, which on Windows is its code page."""
SECONDS = 300.0 if sys.platform == "win32" else 60.0


@pytest.fixture(scope="module")
def coze() -> Iterator[RunningCoze]:
    with serve_coze(CozeOptions(duration=0.2)) as running:
        yield running


@pytest.fixture
def program(tmp_path: Path, coze: RunningCoze, request: pytest.FixtureRequest) -> Program:
    folder = tmp_path / "口播 & 成片 100% [1]"
    folder.mkdir()
    drafts = folder / "剪映草稿"
    drafts.mkdir()
    made = Program(folder, coze.url)
    made.configure(draft_folder_path=str(drafts), synthesis=synthesis("video"))
    return made


def synthesis(mode: str) -> dict[str, object]:
    return {"mode": mode, "width": 180, "height": 320}


def tasks(program: Program, titles: tuple[str, ...]) -> None:
    rows = [
        {"task_id": f"t{n}", "title": title, "content": f"{title} {program.folder.parent.name} {n}"}
        for n, title in enumerate(titles)
    ]
    (program.folder / "tasks.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")


def run(program: Program, *options: str) -> Finished:
    with program.start(*BATCH, *options, env=NATIVE) as process:
        out, err = process.communicate(timeout=SECONDS)
    return Finished(process.returncode, out, err)


def places(program: Program, key: str) -> list[Path]:
    tasks = program.results()["tasks"].values()
    return [Path(task[key]) for task in tasks]


def nothing_left(program: Program) -> None:
    scratch = inside(program.folder, ".cozebatch-scratch")
    assert scratch == [], "what was needed only while films were made is gone"


def paid(coze: RunningCoze, titles: tuple[str, ...]) -> list[int]:
    ledger = coze.ledger().tasks
    return [len(ledger[title]) for title in titles]


def test_hostile_titles_become_films_in_their_folder(program: Program, coze: RunningCoze) -> None:
    tasks(program, TITLES)
    done = run(program)
    assert done.code == 0, done.out + done.err
    films = places(program, "video_path")
    assert len({str(film).casefold() for film in films}) == len(TITLES)
    for film in films:
        assert film.is_relative_to(program.folder / "output")
        assert film.read_bytes()[4:8] == b"ftyp"
        assert len(str(film)) < 260
    nothing_left(program)


PLACEHOLDER = "##_draftpath_placeholder_0E685133-18CE-45ED-8CB8-2904A212EC80_##"
"""A draft's own folder, as the editor names it in paths."""


def test_hostile_titles_become_drafts_in_jianyings_folder(program: Program, coze: RunningCoze) -> None:
    program.configure(draft_folder_path=str(program.folder / "剪映草稿"), synthesis=synthesis("draft"))
    tasks(program, TITLES)
    done = run(program)
    assert done.code == 0, done.out + done.err
    for draft in places(program, "draft_path"):
        assert draft.parent == program.folder / "剪映草稿"
        content = json.loads((draft / "draft_content.json").read_text(encoding="utf-8"))
        media = [Path(str(item["path"]).replace(PLACEHOLDER, str(draft))) for item in content["materials"]["videos"]]
        assert media
        assert all(path.parent.parent == draft and path.is_file() for path in media)
    nothing_left(program)


def test_a_kill_while_films_are_made_costs_nothing_and_leaves_nothing(program: Program, coze: RunningCoze) -> None:
    titles = tuple(f"{program.folder.parent.name} 第{n}个" for n in range(3))
    tasks(program, titles)
    with program.start(*BATCH, "--json", env=NATIVE) as process:
        read_until(process, '"to": "synthesizing"')
        kill(process)
        process.communicate(timeout=SECONDS)
    done = run(program)
    assert done.code == 0, done.out + done.err
    assert paid(coze, titles) == [1, 1, 1]
    assert all(film.read_bytes()[4:8] == b"ftyp" for film in places(program, "video_path"))
    nothing_left(program)
