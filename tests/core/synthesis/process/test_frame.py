"""A small frame of a film, made and read by the real ffmpeg."""

from __future__ import annotations

import os
from pathlib import Path

from cozebatch.synthesis.process.frame import frame_of
from support.films import make, talking_head


def test_a_frame_keeps_the_shape_of_its_film_and_is_no_larger_than_asked_for(tmp_path: Path) -> None:
    film = talking_head(tmp_path / "film.mp4", seconds=2, size="180x320")
    frame = frame_of(film, 24, 42, environment=os.environ)
    assert frame is not None
    assert (frame.width, frame.height) == (24, 42)
    wide = make(tmp_path / "wide.mp4", "-f", "lavfi", "-i", "color=c=red:s=320x180:r=25", "-t", "0.5")
    frame = frame_of(wide, 24, 42, environment=os.environ)
    assert frame is not None, "shorter than a second"
    assert (frame.width, frame.height) == (24, 14)
    red, green, blue = frame.at(12, 7)
    assert red > 200
    assert max(green, blue) < 60


def test_what_is_no_film_has_no_frame(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"not a film")
    assert frame_of(broken, 24, 42, environment=os.environ) is None
    assert frame_of(tmp_path / "missing.mp4", 24, 42, environment=os.environ) is None


def test_a_playlist_by_the_name_of_a_film_reads_no_other_file(tmp_path: Path) -> None:
    film = talking_head(tmp_path / "secret.mp4", seconds=1)
    playlist = tmp_path / "playlist.mp4"
    playlist.write_text(f"ffconcat version 1.0\nfile {film.name}\n")
    assert frame_of(playlist, 24, 42, environment=os.environ) is None
