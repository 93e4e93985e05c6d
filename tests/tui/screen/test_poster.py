"""A frame of the film beside the task: drawn in half blocks, only of films of ours, only where it can be shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from cozebatch.batch.request import Request
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID
from cozebatch.settings import parse_settings
from cozebatch.synthesis.process.frame import Frame
from cozebatch_tui.screen.posters import KEPT, Posters
from cozebatch_tui.screen.widgets.poster import half_blocks
from cozebatch_tui.session.session import Session
from support.films import talking_head

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def session_of(folder: Path) -> Session:
    synthesis = {"mode": "video", "output_dir": str(folder / "films")}
    known = {"token": TOKEN, "workflow_id": WORKFLOW_ID}
    settings, _ = parse_settings({"workflow_config": {"coze_config": known, "synthesis": synthesis}})
    return Session(settings, Request(tasks_file=folder / "tasks.json", state_dir=folder / "state"))


def test_a_cell_shows_two_pixels_one_above_the_other() -> None:
    frame = Frame(1, 3, bytes([255, 0, 0, 0, 255, 0, 0, 0, 255]))
    first, last = (next(iter(half_blocks(frame, y))) for y in (0, 1))
    assert first.style is not None
    assert first.style.color is not None
    assert first.style.bgcolor is not None
    assert first.style.color.triplet == (255, 0, 0)
    assert first.style.bgcolor.triplet == (0, 255, 0)
    assert last.style is not None
    assert last.style.bgcolor is None, "an odd line has nothing below"
    assert half_blocks(frame, 2).text == " "


def test_only_films_in_the_folder_of_films_are_opened(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    film = talking_head(tmp_path / "films" / "a.mp4", seconds=1)
    elsewhere = talking_head(tmp_path / "b.mp4", seconds=1)
    session = session_of(tmp_path)
    assert session.poster(str(film), 24, 42) is not None
    assert session.poster(str(elsewhere), 24, 42) is None
    assert session.poster(str(tmp_path / "films" / ".." / "b.mp4"), 24, 42) is None
    (tmp_path / "films" / "film.txt").write_bytes(film.read_bytes())
    assert session.poster(str(tmp_path / "films" / "film.txt"), 24, 42) is None


def test_a_link_in_the_folder_of_films_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    link = tmp_path / "films" / "link.mp4"
    try:
        link.symlink_to(talking_head(tmp_path / "b.mp4", seconds=1))
    except OSError:
        pytest.skip("this account may make no links")
    assert session_of(tmp_path).poster(str(link), 24, 42) is None


class Counting:
    """Counts the films that are opened."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def poster(self, film: str, width: int, height: int) -> Frame | None:
        self.opened.append(film)
        return Frame(1, 1, b"abc")


async def test_a_film_is_opened_once_until_it_is_made_anew_and_few_are_kept(tmp_path: Path) -> None:
    session, posters = Counting(), Posters(enabled=True)
    films = [tmp_path / f"{n}.mp4" for n in range(KEPT + 1)]
    for film in films:
        film.write_bytes(b"x")
        await posters.frame(session, str(film))  # type: ignore[arg-type]  # all that it is asked
    await posters.frame(session, str(films[-1]))  # type: ignore[arg-type]
    assert len(session.opened) == KEPT + 1
    films[-1].write_bytes(b"made anew")
    await posters.frame(session, str(films[-1]))  # type: ignore[arg-type]
    await posters.frame(session, str(films[0]))  # type: ignore[arg-type]
    assert len(session.opened) == KEPT + 3


async def test_without_posters_and_without_a_film_nothing_is_opened(tmp_path: Path) -> None:
    session = Counting()
    (tmp_path / "a.mp4").write_bytes(b"x")
    assert await Posters(enabled=False).frame(session, str(tmp_path / "a.mp4")) is None  # type: ignore[arg-type]
    assert await Posters(enabled=True).frame(session, str(tmp_path / "gone.mp4")) is None  # type: ignore[arg-type]
    assert session.opened == []
