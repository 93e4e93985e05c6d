"""What ffmpeg makes of a file is read right, in every version, and nothing else than media is opened."""

# A test may block its own event loop.

from __future__ import annotations

from pathlib import Path

import pytest

from cozebatch.model.errors import Category, StepError
from cozebatch.synthesis.analyse.packets import PacketLog
from cozebatch.synthesis.analyse.probe import length_in, measure, probe, transfer_in
from support.films import make, talking_head, tool

pytestmark = pytest.mark.anyio

SAID = Path(__file__).parents[3] / "fixtures" / "ffmpeg"
VERSIONS = ["4.2.2", "7.0.2", "9.0.2"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_talking_head_is_read(clip: Path) -> None:
    found = await probe(tool(), clip)
    assert found.video is not None
    assert (found.video.width, found.video.height, found.video.fps) == (180, 320, 25)
    assert found.audio is not None
    assert found.audio.sample_rate == 44100
    measured = await measure(tool(), clip)
    assert measured.video_us == 2_000_000
    assert measured.pictures == 50
    assert list(measured.audio_us) == [pytest.approx(2_000_000, abs=60_000)]
    assert measured.header_us == pytest.approx(2_000_000, abs=60_000)
    assert not measured.still


async def test_rotation_and_pixel_shape_count(tmp_path: Path, clip: Path) -> None:
    for degrees, size in (("90", (320, 180)), ("-90", (320, 180)), ("180", (180, 320))):
        turned = make(tmp_path / "turned.mov", "-display_rotation", degrees, "-i", str(clip), "-c", "copy")
        found = (await probe(tool(), turned)).video
        assert found is not None
        assert (found.width, found.height) == size
    wide = make(tmp_path / "wide.mp4", "-i", str(clip), "-vf", "setsar=2", "-t", "0.2", "-preset", "ultrafast")
    found = (await probe(tool(), wide)).video
    assert found is not None
    assert (found.width, found.height) == (360, 320)


@pytest.mark.parametrize("suffix", ["mp4", "mov"])
async def test_a_time_code_beside_the_picture_does_not_hide_it(tmp_path: Path, clip: Path, suffix: str) -> None:
    """ffmpeg 7 and later list such streams under a stream group."""
    path = make(tmp_path / f"a.{suffix}", "-i", str(clip), "-timecode", "01:00:00:00", "-c", "copy")
    found = await probe(tool(), path)
    assert found.video is not None
    assert found.audio is not None
    assert (await measure(tool(), path)).pictures == 50


async def test_a_cover_beside_the_film_is_not_the_film(tmp_path: Path, clip: Path) -> None:
    cover = make(tmp_path / "c.png", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1")
    path = make(
        tmp_path / "a.mp4", "-i", str(cover), "-i", str(clip), "-map", "0", "-map", "1", "-c", "copy",
        "-disposition:v:0", "attached_pic",
    )  # fmt: skip
    found = await probe(tool(), path)
    assert found.video is not None
    assert (found.video.width, found.video.height) == (180, 320)


async def test_texts_and_further_sound_tracks_are_no_trouble(tmp_path: Path, clip: Path) -> None:
    (tmp_path / "s.srt").write_text("1\n00:00:00,000 --> 00:00:05,000\nhi\n", encoding="utf-8")
    path = make(
        tmp_path / "a.mp4", "-i", str(clip), "-i", str(tmp_path / "s.srt"), "-f", "lavfi", "-i", "sine=220:d=1",
        "-map", "2", "-map", "1", "-map", "0", "-c:v", "copy", "-c:s", "mov_text",
    )  # fmt: skip
    found = await probe(tool(), path)
    assert found.video is not None
    assert found.audio is not None
    measured = await measure(tool(), path)
    assert measured.video_us == 2_000_000
    assert [round(length / 1e6) for length in measured.audio_us] == [1, 2]
    assert measured.end_us == 5_000_000


async def test_sound_that_cannot_be_decoded_is_passed_over(tmp_path: Path, clip: Path) -> None:
    """A phone's spatial sound stands beside ordinary sound, and may come first."""
    path = make(
        tmp_path / "a.mov", "-i", str(clip), "-f", "lavfi", "-i", "sine", "-map", "1:a", "-map", "0", "-c:v", "copy",
        "-c:a:0", "pcm_s16le", "-t", "2",
    )  # fmt: skip
    content = path.read_bytes()
    assert content.count(b"sowt") == 1
    path.write_bytes(content.replace(b"sowt", b"zzzz"))
    found = await probe(tool(), path)
    assert found.video is not None
    assert found.audio is not None
    assert found.audio.index == 1


async def test_a_picture_with_b_frames_is_measured_to_its_end(tmp_path: Path) -> None:
    path = make(
        tmp_path / "b.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=30:d=1", "-c:v", "libx264", "-bf", "3",
        "-pix_fmt", "yuv420p",
    )  # fmt: skip
    assert (await measure(tool(), path)).video_us == 1_000_000


@pytest.mark.parametrize(("transfer", "hdr"), [("arib-std-b67", "hlg"), ("smpte2084", "pq"), ("bt709", "")])
async def test_high_dynamic_range_is_seen(tmp_path: Path, transfer: str, hdr: str) -> None:
    path = make(
        tmp_path / "a.mp4", "-f", "lavfi", "-i", f"testsrc2=s=64x64:d=0.2,setparams=color_trc={transfer}", *X264,
        "-metadata", "title=[Parsed_showinfo_0 @ 0x1] color_trc:smpte2084",
    )  # fmt: skip
    found = (await probe(tool(), path)).video
    assert found is not None
    assert found.hdr == hdr


async def test_a_picture_is_still_and_a_cover_in_a_song_is_no_video(tmp_path: Path) -> None:
    png = make(tmp_path / "a.png", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1")
    jpg = make(tmp_path / "a.jpg", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1")
    webp = make(tmp_path / "a.webp", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1")
    for picture in (png, jpg, webp):
        assert (await measure(tool(), picture)).still
        found = await probe(tool(), picture)
        assert found.video is not None
        assert found.audio is None
    gif = make(tmp_path / "a.gif", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=5:d=1")
    assert not (await measure(tool(), gif)).still
    song = make(
        tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=d=1", "-i", str(png), "-map", "0", "-map", "1",
        "-disposition:v", "attached_pic",
    )  # fmt: skip
    found = await probe(tool(), song)
    assert found.video is None
    assert found.audio is not None
    assert (await measure(tool(), song)).pictures == 0


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_writes_the_same(version: str) -> None:
    def said(what: str) -> str:
        return (SAID / f"{version}-{what}.txt").read_text(encoding="utf-8")

    log = PacketLog()
    for line in said("packets").splitlines():
        log.line(line)
    assert [(s.kind, s.codec, s.packets > 0) for _, s in sorted(log.streams.items())] == [
        ("video", "h264", True), ("audio", "aac", True), ("data", "none", True),
    ]  # fmt: skip
    [picture] = log.of_kind("video")
    assert (picture.width, picture.height, picture.sar) == (640, 360, (1, 1))
    assert picture.end_us == pytest.approx(200_000, abs=40_000)
    assert length_in(said("header")) == (4_000_000, 0)
    assert length_in(said("guessed")) == (0, 0)
    assert transfer_in(said("showinfo")) == "hlg"
    assert transfer_in(said("header")) == ""


@pytest.mark.parametrize("content", [b"", b"<html>", b"\0" * 5000, b"\0\0\0\x20ftypisom" + b"x" * 5000])
async def test_what_is_no_media_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mp4").write_bytes(content)
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
