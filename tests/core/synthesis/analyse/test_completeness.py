"""A file that ends before it says is found out; a whole one never is."""

# A test may block its own event loop.

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.analyse.completeness import judge
from cozebatch.synthesis.analyse.probe import Measured, measure
from support.films import ffmpeg_path, make, tool

pytestmark = pytest.mark.anyio

PICTURES = Path(__file__).parents[3] / "fixtures" / "media"
COPIED = ["-c", "copy"]
KINDS = {
    "mp4": COPIED, "mov": COPIED, "mkv": COPIED, "flv": COPIED, "avi": COPIED,
    "wav": ["-vn"], "flac": ["-vn"], "mp3": ["-vn"],
    "webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"],
}  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def cut_off(path: Path) -> StepError | None:
    return await judge(path, await measure(tool(), path))


def made(clip: Path, folder: Path, suffix: str) -> Path:
    early = ["-movflags", "+faststart"] if suffix in ("mp4", "mov") else []
    return make(folder / f"a.{suffix}", "-i", str(clip), *KINDS[suffix], *early)


@pytest.mark.parametrize("suffix", [*KINDS])
async def test_half_a_file_is_a_download_to_be_tried_again(tmp_path: Path, clip: Path, suffix: str) -> None:
    path = made(clip, tmp_path, suffix)
    assert await cut_off(path) is None
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    error = await cut_off(path)
    assert error is not None
    assert error.info.category is Category.DOWNLOAD
    assert "不完整" in error.info.message.zh


async def test_a_film_that_lacks_its_last_tenth_is_found_out(tmp_path: Path, clip: Path) -> None:
    path = made(clip, tmp_path, "mp4")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 9 // 10])
    error = await cut_off(path)
    assert error is not None
    assert "its header says 2.0 s" in error.info.message.en


async def test_a_film_whose_sound_lies_behind_its_picture_is_found_out(tmp_path: Path, clip: Path) -> None:
    """Not in turn, as one fragment of the whole film has it: the picture is whole."""
    whole = ["-movflags", "empty_moov", "-frag_duration", "100000000", "-frag_interleave", "0"]
    path = make(tmp_path / "a.mp4", "-i", str(clip), *COPIED, *whole)
    assert await cut_off(path) is None
    path.write_bytes(path.read_bytes()[: -path.stat().st_size // 20])
    assert (await measure(tool(), path)).video_us == pytest.approx(2_000_000, abs=50_000)
    assert await cut_off(path) is not None


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts"])
async def test_a_film_that_begins_late_is_whole(tmp_path: Path, clip: Path, suffix: str) -> None:
    path = make(tmp_path / f"a.{suffix}", "-itsoffset", "3", "-i", str(clip), *COPIED)
    assert await cut_off(path) is None


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_keyframe+separate_moof", "faststart"])
async def test_a_film_in_fragments_is_whole(tmp_path: Path, clip: Path, flags: str) -> None:
    path = make(tmp_path / "a.mp4", "-i", str(clip), *COPIED, "-movflags", flags)
    assert await cut_off(path) is None


async def test_a_film_that_lacks_its_index_is_found_out(tmp_path: Path, clip: Path) -> None:
    path = make(tmp_path / "a.mp4", "-i", str(clip), *COPIED)
    path.write_bytes(path.read_bytes()[:-6000])
    assert await cut_off(path) is not None


async def test_a_box_too_long_at_the_end_does_no_harm(tmp_path: Path, clip: Path) -> None:
    path = made(clip, tmp_path, "mp4")
    path.write_bytes(path.read_bytes() + b"\0\1\0\0free")
    assert await cut_off(path) is None


@pytest.mark.parametrize("suffix", ["wav", "mkv", "flv"])
async def test_a_recorded_stream_names_no_length(tmp_path: Path, clip: Path, suffix: str) -> None:
    kind = {"mkv": "matroska"}.get(suffix, suffix)
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(piped(clip, *KINDS[suffix], "-f", kind))
    assert await cut_off(path) is None


def piped(clip: Path, *arguments: str) -> bytes:
    """Written to a pipe, where a header cannot be filled in afterwards."""
    command = [ffmpeg_path(), "-v", "error", "-i", str(clip), *arguments, "-"]
    return subprocess.run(command, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout


@pytest.mark.parametrize("name", ["moving.webp", "tiled.heic", "plain.avif"])
async def test_half_a_picture_is_found_out(tmp_path: Path, name: str) -> None:
    content = (PICTURES / name).read_bytes()
    (tmp_path / name).write_bytes(content)
    assert await judge(tmp_path / name, Measured()) is None
    (tmp_path / name).write_bytes(content[: len(content) * 3 // 4])
    assert await judge(tmp_path / name, Measured()) is not None


@pytest.mark.parametrize("content", [b"", b"RIFF", b"\x1aE\xdf\xa3", b"\0\0\0\1ftyp", b"\0\0\0\x08ftyp" * 9, b"x" * 99])
async def test_what_is_no_media_was_not_cut_off(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
    assert await cut_off(tmp_path / "a.mp4") is None
