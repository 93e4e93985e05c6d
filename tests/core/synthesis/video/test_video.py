"""The MP4 renderer with real ffmpeg: everything asked for is in the film, and awkward sources come out right."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cozebatch.coze.output import pick
from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Media
from cozebatch.synthesis.analyse.probe import probe
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from cozebatch.synthesis.video.encoders import choose, works
from support.films import Progress, ffmpeg_path, job, make, options, speech, talking_head, tool

# A test may block its own event loop.
# ruff: noqa: ASYNC240

pytestmark = pytest.mark.anyio

PICTURES = Path(__file__).parents[3] / "fixtures" / "media"


@pytest.fixture
def anyio_backend() -> str:
    """One loop suffices here: what differs between them is tested with the processes."""
    return "asyncio"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[LocalSynthesizer]:
    synthesizer = LocalSynthesizer(options(tmp_path), pick=pick)
    yield synthesizer
    await synthesizer.aclose()


async def film(running: LocalSynthesizer, media: dict[str, Any], output: dict[str, Any] | None = None) -> Path:
    made = await running.synthesize(job(output), Media(media), Progress())
    assert made.video_path is not None
    return Path(made.video_path)


async def refused(running: LocalSynthesizer, media: dict[str, Any], output: dict[str, Any] | None = None) -> StepError:
    with pytest.raises(StepError) as caught:
        await film(running, media, output)
    return caught.value


def brightness(path: Path, frame: int, box: str = "iw:ih:0:0") -> tuple[float, float, float]:
    """The mean colour (0..255) of a part of one frame."""
    command = [
        ffmpeg_path(), "-v", "error", "-i", str(path), "-vf", f"select=eq(n\\,{frame}),crop={box},scale=1:1:flags=area",
        "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-",
    ]  # fmt: skip
    red, green, blue = subprocess.run(command, check=True, capture_output=True).stdout
    return red, green, blue


def lit(path: Path, frame: int, box: str) -> bool:
    """Whether something is drawn in a part of a black frame."""
    return brightness(path, frame, box) > (6, 6, 6)


def plain(target: Path, color: str = "gray", size: str = "180x320", seconds: float = 2.0, **more: str) -> Path:
    sound = more.get("sound", "sine=440")
    return make(
        target, "-f", "lavfi", "-i", f"color={color}:s={size}:r=25", "-f", "lavfi", "-i", sound, "-t", str(seconds),
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
    )  # fmt: skip


def side(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    return found


async def test_title_captions_and_cover_are_drawn_where_and_when_they_belong(
    running: LocalSynthesizer, tmp_path: Path
) -> None:
    source = plain(tmp_path / "v.mp4", "black", sound="sine=440")
    captions = [{"start": 0.5, "end": 1.0, "text": "口口口口口口"}]
    output = {"title": "口口口口口", "shortTitle": "封面封面", "captions": captions}
    made = await film(running, {"video": str(source)}, output)
    title, caption, cover = "180:60:0:25", "180:30:0:232", "180:50:0:100"
    assert lit(made, 1, cover)
    assert not lit(made, 1, title)
    assert not lit(made, 5, cover)
    assert lit(made, 5, title)
    assert [lit(made, frame, caption) for frame in (12, 13, 24, 25)] == [False, True, True, False]
    assert made.with_suffix(".jpg").read_bytes()[:3] == b"\xff\xd8\xff"
    assert side(made)["captions"] == 1


async def test_nothing_is_written_outside_the_output_folder(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home & [co]"
    home.mkdir()
    for name in ("HOME", "XDG_CACHE_HOME", "TMPDIR"):
        monkeypatch.setenv(name, str(home))
    running = LocalSynthesizer(options(home / "in", output_dir=home / "out"), pick=pick)
    await film(running, {"video": str(clip)}, {"title": "标题"})
    await running.aclose()
    assert [path.name for path in home.iterdir()] == ["out"]
    assert sorted(path.suffix for path in (home / "out").rglob("*") if path.is_file()) == [".jpg", ".json", ".mp4"]


async def test_images_are_shown_in_turn_over_the_audio(running: LocalSynthesizer, tmp_path: Path) -> None:
    pictures = tuple(
        str(make(tmp_path / f"{name}.png", "-f", "lavfi", "-i", f"color={name}:s=91x161", "-frames:v", "1"))
        for name in ("red", "blue", "red")
    )
    sound = make(tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=440", "-t", "1.5")
    made = await film(running, {"images": pictures, "audio": str(sound)})
    colours = [brightness(made, frame, "60:60:60:100") for frame in (5, 18, 32)]
    assert [max(range(3), key=colour.__getitem__) for colour in colours] == [0, 2, 0]
    assert side(made)["duration_seconds"] == pytest.approx(1.5, abs=0.1)


async def test_a_cover_picture_fills_the_first_frames_only(tmp_path: Path) -> None:
    cover = make(tmp_path / "c.png", "-f", "lavfi", "-i", "color=lime:s=400x100", "-frames:v", "1")
    running = LocalSynthesizer(options(tmp_path, template_config={"cover_background": str(cover)}), pick=pick)
    made = await film(running, {"video": str(plain(tmp_path / "v.mp4", "red"))}, {"shortTitle": "封"})
    assert brightness(made, 2, "180:40:0:0")[1] > 200
    assert brightness(made, 3, "180:20:0:0")[0] > 200
    await running.aclose()


async def test_a_cover_of_tiles_is_shown_whole(tmp_path: Path) -> None:
    cover = PICTURES / "tiled.heic"
    running = LocalSynthesizer(options(tmp_path, template_config={"cover_background": str(cover)}), pick=pick)
    made = await film(running, {"video": str(plain(tmp_path / "v.mp4", "red"))}, {"shortTitle": "封"})
    left, right = brightness(made, 1, "20:40:40:0"), brightness(made, 1, "20:40:120:0")
    assert left[1] > 200, "the middle of the picture is green and blue"
    assert right[2] > 200
    await running.aclose()


async def test_long_pauses_are_cut_out(tmp_path: Path) -> None:
    sound = speech(tmp_path / "s.wav", bursts=[(0.2, 1.0), (2.6, 3.4)], seconds=3.6)
    source = make(
        tmp_path / "v.mp4", "-f", "lavfi", "-i", "testsrc2=s=180x320:r=25", "-i", str(sound), "-t", "3.6",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
    )  # fmt: skip
    running = LocalSynthesizer(options(tmp_path, template_config={"pause_removal_enabled": True}), pick=pick)
    made = await film(running, {"video": str(source)})
    assert side(made)["cuts"] == 1
    assert side(made)["duration_seconds"] == pytest.approx(2.5, abs=0.15)
    await running.aclose()


async def test_music_is_heard_under_the_voice_and_the_voice_is_evened(tmp_path: Path) -> None:
    music = make(tmp_path / "m.mp3", "-f", "lavfi", "-i", "sine=220", "-t", "0.7")
    quiet = plain(tmp_path / "v.mp4", sound="sine=440,volume=-14dB,afade=t=out:st=0.8:d=0.2")
    running = LocalSynthesizer(
        options(tmp_path, background_music_path=str(music), background_music_volume=0.5), pick=pick
    )
    made = await film(running, {"video": str(quiet)})
    measured = side(made)
    assert measured["voice_gain_db"] > 10
    assert level_db(made, 1.2, 0.4) > -40
    await running.aclose()


async def test_awkward_pictures_come_out_whole(running: LocalSynthesizer, tmp_path: Path, clip: Path) -> None:
    x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    turned = make(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(clip), "-c", "copy")
    odd = make(
        tmp_path / "odd.mkv", "-f", "lavfi", "-i", "testsrc2=s=101x77:r=25", "-f", "lavfi", "-i", "sine", "-t", "0.4",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv444p",
    )  # fmt: skip
    uneven = make(
        tmp_path / "vfr.mp4", "-f", "lavfi", "-i", "testsrc2=s=180x320:r=50", "-f", "lavfi", "-i", "sine", "-t", "1",
        "-vf", "select='gt(random(0),0.5)'", "-fps_mode", "vfr", *x264,
    )  # fmt: skip
    late = make(
        tmp_path / "late.mp4", "-f", "lavfi", "-i", "testsrc2=s=180x320:r=25", "-itsoffset", "0.4", "-f", "lavfi",
        "-i", "sine", "-t", "1", *x264,
    )  # fmt: skip
    for source in (turned, odd, uneven, late):
        made = await film(running, {"video": str(source)})
        found = (await probe(tool(), made)).video
        assert found is not None
        assert (found.width, found.height, found.fps) == (180, 320, 25)


def level_db(path: Path, start: float, seconds: float) -> float:
    command = [ffmpeg_path(), "-ss", str(start), "-t", str(seconds), "-i", str(path), "-af", "volumedetect", "-vn"]
    said = subprocess.run([*command, "-f", "null", "-"], capture_output=True, text=True, check=True).stderr
    return float(said.split("mean_volume: ")[1].split(" ")[0])


@pytest.mark.parametrize("own_sound", [True, False])
async def test_the_last_picture_stands_while_speech_goes_on(
    running: LocalSynthesizer, tmp_path: Path, own_sound: bool
) -> None:
    picture = make(
        tmp_path / "p.mp4", "-f", "lavfi", "-i", "color=red:s=180x320:r=25:d=1.8", "-f", "lavfi", "-i",
        "color=blue:s=180x320:r=25:d=0.2", "-filter_complex", "[0][1]concat", "-c:v", "libx264", "-preset", "ultrafast",
    )  # fmt: skip
    sound = make(tmp_path / "s.m4a", "-f", "lavfi", "-i", "sine=d=2.36")
    media = {"video": str(picture), "audio": str(sound)}
    if own_sound:
        whole = make(tmp_path / "v.mp4", "-i", str(picture), "-i", str(sound), "-c", "copy")
        media = {"video": str(whole)}
    made = await film(running, media)
    assert side(made)["duration_seconds"] == pytest.approx(2.36, abs=0.06)
    assert side(made)["duration_seconds"] >= 2.36
    assert brightness(made, 20)[0] > 200
    assert brightness(made, 58)[2] > 200, "the last picture stands"
    assert level_db(made, 2.2, 0.14) > -30, "and the sound goes on"


@pytest.mark.parametrize(("seconds", "own_sound"), [(2.6, True), (2.6, False), (10.0, False)])
async def test_much_more_speech_than_picture_fails_with_the_numbers(
    running: LocalSynthesizer, tmp_path: Path, seconds: float, own_sound: bool
) -> None:
    picture = talking_head(tmp_path / "p.mp4", seconds=2.0, sound=None)
    sound = make(tmp_path / "s.mp3", "-f", "lavfi", "-i", "sine", "-t", str(seconds))
    media = {"video": str(picture), "audio": str(sound)}
    if own_sound:
        media = {"video": str(make(tmp_path / "v.mp4", "-i", str(picture), "-i", str(sound), "-c", "copy"))}
    error = await refused(running, media)
    assert error.info.category is Category.MEDIA
    assert f"the picture lasts 2.0 s, the speech {seconds:.1f} s" in error.info.message.en
    assert "2.0 秒" in error.info.message.zh


async def test_silence_after_the_picture_is_no_speech(running: LocalSynthesizer, tmp_path: Path) -> None:
    picture = talking_head(tmp_path / "p.mp4", seconds=2.0, sound=None)
    sound = speech(tmp_path / "s.wav", bursts=[(0.2, 1.6)], seconds=9)
    made = await film(running, {"video": str(picture), "audio": str(sound)})
    assert side(made)["duration_seconds"] == 2.0


async def test_speech_beside_a_video_whose_own_sound_is_silent_is_heard(
    running: LocalSynthesizer, tmp_path: Path
) -> None:
    mute = plain(tmp_path / "v.mp4", sound="anullsrc")
    sound = make(tmp_path / "s.mp3", "-f", "lavfi", "-i", "sine", "-t", "2")
    assert level_db(await film(running, {"video": str(mute), "audio": str(sound)}), 0.5, 1) > -30


async def test_speech_that_goes_on_beside_a_video_after_its_own_sound_is_not_cut(
    running: LocalSynthesizer, tmp_path: Path
) -> None:
    video = talking_head(tmp_path / "v.mp4", seconds=2.0)
    longer = make(tmp_path / "longer.m4a", "-f", "lavfi", "-i", "sine=d=2.36")
    made = await film(running, {"video": str(video), "audio": str(longer)})
    assert side(made)["duration_seconds"] >= 2.36
    assert level_db(made, 2.2, 0.14) > -30
    much = make(tmp_path / "much.mp3", "-f", "lavfi", "-i", "sine", "-t", "10")
    error = await refused(running, {"video": str(video), "audio": str(much)})
    assert "the picture lasts 2.0 s, the speech 10.0 s" in error.info.message.en
    padded = speech(tmp_path / "padded.wav", bursts=[(0.2, 1.6)], seconds=9)
    made = await film(running, {"video": str(video), "audio": str(padded)})
    assert side(made)["duration_seconds"] == 2.0, "silence at its end is no speech"


@pytest.mark.parametrize("transfer", ["arib-std-b67", "smpte2084"])
async def test_high_dynamic_range_is_brought_to_ordinary_colours(
    running: LocalSynthesizer, tmp_path: Path, transfer: str
) -> None:
    """Paper white of 203 cd/m² and its colours look as they do in an ordinary film."""
    to_hdr = (
        "format=gbrp,setparams=color_primaries=bt709:color_trc=bt709:colorspace=gbr:range=pc,zscale=t=linear:npl=203,"
        f"format=gbrpf32le,zscale=p=bt2020:t={transfer}:m=bt2020nc:r=tv:npl=203,format=yuv420p10le"
    )
    for color, wanted in (("0xBEBEBE", (190, 190, 190)), ("0x666666", (102, 102, 102)), ("0xAE1020", (174, 16, 32))):
        source = make(
            tmp_path / "v.mkv", "-f", "lavfi", "-i", f"color={color}:s=180x320:r=25", "-f", "lavfi", "-i", "sine",
            "-t", "0.6", "-vf", to_hdr, "-c:v", "ffv1",
        )  # fmt: skip
        assert brightness(source, 1) != pytest.approx(wanted, abs=7), "it is pale as it is"
        made = await film(running, {"video": str(source)})
        assert brightness(made, 10, "100:60:40:130") == pytest.approx(wanted, abs=14)


async def test_pictures_of_every_kind_are_shown(running: LocalSynthesizer, tmp_path: Path) -> None:
    names = ("one.heic", "tiled.heic", "plain.avif", "cmyk.jpg", "moving.webp")
    pictures = tuple(str(PICTURES / name) for name in names)
    sound = make(tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=440", "-t", "2")
    made = await film(running, {"images": pictures, "audio": str(sound)})
    for number in range(5):
        bars = [brightness(made, 5 + 10 * number, f"20:20:{12 + 45 * bar}:150") for bar in range(4)]
        for found, wanted in zip(bars, ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)), strict=True):
            assert found == pytest.approx(wanted, abs=30)


async def test_a_4k_source_is_scaled(running: LocalSynthesizer, tmp_path: Path) -> None:
    source = talking_head(tmp_path / "4k.mp4", size="2160x3840", seconds=0.2, fps="10")
    assert (await probe(tool(), await film(running, {"video": str(source)}))).video is not None


@pytest.mark.parametrize(
    "text",
    [
        "很" * 500,
        "emoji 😀👨‍👩‍👧 ❤️ 结束",
        "{\\pos(0,0)}{\\b1}\\N\\h反斜杠\\",
        "مرحبا بالعالم 阿拉伯",
        "a\u202eb\x1b[31mc\u0007",
        "%n'$(x):,;[in]",
    ],
)
async def test_any_text_is_drawn_or_refused_by_name(running: LocalSynthesizer, clip: Path, text: str) -> None:
    output = {"title": text, "captions": [{"start": 0.2, "end": 1.8, "text": text}], "shortTitle": text}
    made: StepError | Path
    try:
        made = await film(running, {"video": str(clip)}, output)
    except StepError as error:
        made = error
    if isinstance(made, StepError):
        # A machine without a font for the script says which characters.
        assert made.info.category is Category.SYNTHESIS
        assert "U+" in made.info.message.en


async def test_bad_sources_are_told_and_leave_nothing(running: LocalSynthesizer, clip: Path, tmp_path: Path) -> None:
    silent = plain(tmp_path / "silent.mp4", sound="anullsrc")
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(clip.read_bytes()[:-2000])
    page = tmp_path / "page.mp4"
    page.write_text("<!DOCTYPE html><html>expired</html>", encoding="utf-8")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    picture = make(tmp_path / "p.png", "-f", "lavfi", "-i", "color=red:s=64x48", "-frames:v", "1")
    for bad in (silent, cut, page, empty, picture):
        error = await refused(running, {"video": str(bad)})
        assert error.info.category is Category.MEDIA, bad.name
        assert error.info.hint
    assert not list((tmp_path / "output").rglob("*"))


async def test_a_film_of_ten_hours_is_refused_at_once(running: LocalSynthesizer, clip: Path, tmp_path: Path) -> None:
    endless = make(
        tmp_path / "long.mp4", "-f", "lavfi", "-i", "color=s=16x16:r=1/600", "-t", "36000",
        "-c:v", "libx264", "-preset", "ultrafast",
    )  # fmt: skip
    error = await refused(running, {"video": str(endless), "audio": str(clip)})
    assert error.info.category is Category.MEDIA
    assert "10.0 h" in error.info.message.en


async def test_a_black_film_is_not_proven(running: LocalSynthesizer, tmp_path: Path) -> None:
    template = {"cover_enabled": False}
    running = LocalSynthesizer(options(tmp_path, template_config=template), pick=pick)
    source = plain(tmp_path / "v.mp4", "black")
    with pytest.raises(StepError) as caught:
        await running.synthesize(job(title="", content=""), Media({"video": str(source)}), Progress())
    assert "black" in caught.value.info.message.en
    assert not list((tmp_path / "output").rglob("*"))
    await running.aclose()


async def test_missing_configured_files_are_named(tmp_path: Path, clip: Path) -> None:
    for changes in (
        {"background_music_path": str(tmp_path / "none.mp3")},
        {"template_config": {"cover_background": str(tmp_path / "none.png")}},
    ):
        running = LocalSynthesizer(options(tmp_path, **changes), pick=pick)
        error = await refused(running, {"video": str(clip)}, {"shortTitle": "x"})
        assert error.info.category is Category.SYNTHESIS
        assert "none." in error.info.message.en
        assert "configuration" in error.info.hint.en
        await running.aclose()


async def test_a_hardware_encoder_is_used_only_after_it_worked(tmp_path: Path, clip: Path) -> None:
    chosen = options(tmp_path, encoder="auto")
    assert await works(tool(), "libx264", chosen, tmp_path)
    assert not await works(tool(), "no_such_encoder", chosen, tmp_path)
    encoder = await choose(tool(), chosen, tmp_path)
    assert await works(tool(), encoder, replace(chosen, encoder=encoder), tmp_path)
