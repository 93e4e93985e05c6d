"""What ffmpeg says about a file is read right, and nothing else than media is opened."""

# A test may block its own event loop.
# ruff: noqa: ASYNC240

from __future__ import annotations

from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.analyse.probe import length_us, probe
from support.films import make, talking_head, tool

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_talking_head_is_read(clip: Path) -> None:
    found = await probe(tool(), clip)
    assert found.video is not None
    assert (found.video.width, found.video.height, found.video.fps) == (180, 320, 25)
    assert found.audio is not None
    assert found.audio.codec == "aac"
    assert found.duration_us == pytest.approx(2_000_000, abs=60_000)
    assert not found.still
    assert await length_us(tool(), clip, "video") == 2_000_000


async def test_rotation_and_pixel_shape_count(tmp_path: Path, clip: Path) -> None:
    turned = make(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(clip), "-c", "copy")
    found = (await probe(tool(), turned)).video
    assert found is not None
    assert (found.width, found.height, found.rotation % 180) == (320, 180, 90)
    wide = make(tmp_path / "wide.mp4", "-i", str(clip), "-vf", "setsar=2", "-t", "0.2", "-preset", "ultrafast")
    found = (await probe(tool(), wide)).video
    assert found is not None
    assert (found.width, found.height) == (360, 320)


async def test_a_picture_is_still_and_a_cover_in_a_song_is_no_video(tmp_path: Path) -> None:
    png = make(tmp_path / "a.png", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1")
    jpg = make(tmp_path / "a.jpg", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1")
    for picture in (png, jpg):
        found = await probe(tool(), picture)
        assert found.still
        assert found.video is not None
        assert found.audio is None
    song = make(
        tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=d=1", "-i", str(png), "-map", "0", "-map", "1",
        "-disposition:v", "attached_pic",
    )  # fmt: skip
    found = await probe(tool(), song)
    assert found.video is None
    assert found.audio is not None


@pytest.mark.parametrize("content", [b"", b"<html>", b"\0" * 5000, b"\0\0\0\x20ftypisom" + b"x" * 5000])
async def test_what_is_no_media_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    with pytest.raises(StepError) as caught:
        await probe(tool(), tmp_path / "a.mp4")
    assert caught.value.info.category is Category.MEDIA


async def test_a_file_cut_off_before_its_index_is_told(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(clip.read_bytes()[:-3000])
    with pytest.raises(StepError) as caught:
        await probe(tool(), tmp_path / "a.mp4")
    assert caught.value.info.category is Category.MEDIA


async def test_a_playlist_in_disguise_opens_nothing(tmp_path: Path) -> None:
    talking_head(tmp_path / "private.ts", seconds=0.2)
    listed = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nprivate.ts\n#EXT-X-ENDLIST\n"
    (tmp_path / "a.mp4").write_text(listed, encoding="utf-8")
    (tmp_path / "b.mp4").write_text("ffconcat version 1.0\nfile private.ts\n", encoding="utf-8")
    for name in ("a.mp4", "b.mp4"):
        with pytest.raises(StepError) as caught:
            await probe(tool(), tmp_path / name)
        assert caught.value.info.category is Category.MEDIA
