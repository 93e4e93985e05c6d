"""JianYing drafts: complete, proven, at the paths of the machine that opens them, never over another."""

from __future__ import annotations

import errno
import json
import re
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cozebatch.coze.output import pick
from cozebatch.disk.writing import move_new
from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Job, Media
from cozebatch.synthesis.compose.timeline import Timeline
from cozebatch.synthesis.draft import render
from cozebatch.synthesis.draft.verify import verify_draft
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from support.films import Progress, ffmpeg_path, job, make, options, talking_head

# A test may block its own event loop.
# ruff: noqa: ASYNC240

pytestmark = pytest.mark.anyio

PLACEHOLDER = re.compile(r"^##_draftpath_placeholder_[0-9A-F-]{36}_##(?=/)")
PICTURES = Path(__file__).parents[3] / "fixtures" / "media"

OUTPUT = {
    "title": "买房😀到底怎么买",
    "content": "今天讲三件事。第一件是省钱。",
    "shortTitle": "封面{\\b1}",
    "wrapTitle": "副标题",
    "captions": [{"start": 0.2, "end": 1.0, "text": "第一句省钱"}, {"start": 1.0, "end": 1.9, "text": "第二句"}],
}


@pytest.fixture
def anyio_backend() -> str:
    """One loop suffices here: what differs between them is tested with the workers and the processes."""
    return "asyncio"


@pytest.fixture
def configured(tmp_path: Path) -> SynthesisOptions:
    (tmp_path / "drafts").mkdir()
    music = make(tmp_path / "m.mp3", "-f", "lavfi", "-i", "sine=220", "-t", "0.8")
    template = {"subtitle_highlight_words": "省钱", "title_font": "思源黑体", "subtitle_font": "没有这种字体"}
    return options(
        tmp_path, mode="draft", draft_folder_path=str(tmp_path / "drafts"), background_music_path=str(music),
        template_config=template,
    )  # fmt: skip


@pytest.fixture
async def running(configured: SynthesisOptions) -> AsyncIterator[LocalSynthesizer]:
    synthesizer = LocalSynthesizer(configured, pick=pick)
    yield synthesizer
    await synthesizer.aclose()


async def draft_of(running: LocalSynthesizer, clip: Path, work: Job | None = None) -> Path:
    made = await running.synthesize(work or job(OUTPUT), Media({"video": str(clip)}), Progress())
    assert made.draft_path is not None
    return Path(made.draft_path)


def content(draft: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((draft / "draft_content.json").read_text(encoding="utf-8"))
    return found


def file_of(draft: Path, material: dict[str, Any]) -> Path:
    """Where a medium lies, as the editor finds it."""
    return Path(PLACEHOLDER.sub(lambda _: str(draft), material["path"]))


def pixels(path: Path, *before: str) -> bytes:
    command = [ffmpeg_path(), "-v", "error", *before, "-i", str(path), "-frames:v", "1", "-f", "rawvideo"]
    return subprocess.run([*command, "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout


async def test_a_draft_is_complete(running: LocalSynthesizer, clip: Path, tmp_path: Path) -> None:
    draft = await draft_of(running, clip)
    assert draft == tmp_path / "drafts" / "项目一"
    tracks = {track["name"]: track["segments"] for track in content(draft)["tracks"]}
    assert {name: len(segments) for name, segments in tracks.items()} == {
        "main": 1, "music": 3, "caption": 2, "title": 1, "cover_title": 1, "cover_subtitle": 1,
    }  # fmt: skip
    for material in [*content(draft)["materials"]["videos"], *content(draft)["materials"]["audios"]]:
        assert material["path"].startswith("##_draftpath_placeholder_")
        assert file_of(draft, material).is_file()
    meta = json.loads((draft / "draft_meta_info.json").read_text(encoding="utf-8"))
    assert meta["draft_name"] == "项目一"
    assert meta["draft_fold_path"] == str(draft)
    assert meta["tm_duration"] == 2_000_000
    assert (draft / "draft_cover.jpg").stat().st_size > 0
    assert [p.name for p in (tmp_path / "drafts").iterdir()] == ["项目一"]


async def test_highlights_are_ranges_in_utf16_units(running: LocalSynthesizer, clip: Path) -> None:
    texts = [json.loads(text["content"]) for text in content(await draft_of(running, clip))["materials"]["texts"]]
    [caption] = [text for text in texts if text["text"] == "第一句省钱"]
    assert [style["range"] for style in caption["styles"]] == [[0, 3], [3, 5]]
    [title] = [text for text in texts if "买房" in text["text"]]
    assert title["styles"][-1]["range"][1] == len(title["text"].encode("utf-16-le")) // 2


async def test_ids_differ_between_drafts_and_stay_between_tries(running: LocalSynthesizer, clip: Path) -> None:
    first = await draft_of(running, clip)
    again = await draft_of(running, clip)
    other = await draft_of(running, clip, job(OUTPUT, task_id="rec2"))
    assert again == first
    assert other.name == "项目一_2"
    assert content(first)["id"] != content(other)["id"]


async def test_an_existing_draft_is_never_touched(running: LocalSynthesizer, clip: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "drafts" / "项目一"
    theirs.mkdir()
    (theirs / "draft_content.json").write_text("encrypted", encoding="utf-8")
    assert (await draft_of(running, clip)).name == "项目一_2"
    assert [p.name for p in theirs.iterdir()] == ["draft_content.json"]


async def test_paths_are_those_of_the_machine_that_opens_it(configured: SynthesisOptions, clip: Path) -> None:
    shown = "D:\\JianyingPro Drafts\\com.lveditor.draft"
    running = LocalSynthesizer(replace(configured, draft_media_root=shown), pick=pick)
    draft = await draft_of(running, clip)
    assert content(draft)["materials"]["videos"][0]["path"] == f"{shown}\\项目一\\materials\\video.mp4"
    assert (draft / "materials" / "video.mp4").read_bytes() == clip.read_bytes()
    await running.aclose()


async def test_a_draft_is_built_outside_the_editors_folder(
    configured: SynthesisOptions, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JianYing sees the finished folder alone, as one that appears from one moment to the next."""
    seen: set[str] = set()
    place = render._place

    def look_and_place(folder: Path, final: Path) -> bool:
        seen.update(path.name for path in (tmp_path / "drafts").iterdir())
        assert not folder.is_relative_to(tmp_path / "drafts")
        return place(folder, final)

    monkeypatch.setattr(render, "_place", look_and_place)
    (tmp_path / "state" / "media").mkdir(parents=True)
    running = LocalSynthesizer(replace(configured, media_dir=tmp_path / "state" / "media"), pick=pick)
    await draft_of(running, clip)
    await running.aclose()
    assert seen == set()
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["media"]


async def test_on_another_volume_a_draft_is_built_inside(
    configured: SynthesisOptions, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[Path] = []
    move = move_new

    def move_on_one_volume(source: Path, target: Path, below: Path, **more: Any) -> None:
        moved.append(source)
        if not source.is_relative_to(below):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        move(source, target, below, **more)

    monkeypatch.setattr(render, "move_new", move_on_one_volume)
    running = LocalSynthesizer(configured, pick=pick)
    draft = await draft_of(running, clip)
    await running.aclose()
    assert [path.is_relative_to(tmp_path / "drafts") for path in moved] == [False, True]
    assert [path.name for path in (tmp_path / "drafts").iterdir()] == [draft.name]


async def test_a_draft_folder_that_is_held_costs_a_try_and_not_the_draft(
    configured: SynthesisOptions, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = [True]
    move = move_new

    def move_unless_held(source: Path, target: Path, below: Path, **more: Any) -> None:
        if held:
            error = OSError(errno.EACCES, "Access is denied")
            error.winerror = 32  # type: ignore[attr-defined, unused-ignore]
            raise error
        move(source, target, below, **more)

    monkeypatch.setattr(render, "move_new", move_unless_held)
    running = LocalSynthesizer(configured, pick=pick)
    with pytest.raises(StepError) as caught:
        await draft_of(running, clip)
    assert caught.value.info.category is Category.SYNTHESIS, "it is tried again by itself"
    held.clear()
    assert (await draft_of(running, clip)).is_dir()
    await running.aclose()


async def test_a_draft_can_be_moved(running: LocalSynthesizer, clip: Path, tmp_path: Path) -> None:
    draft = await draft_of(running, clip)
    moved = draft.rename(tmp_path / "elsewhere")
    for material in [*content(moved)["materials"]["videos"], *content(moved)["materials"]["audios"]]:
        assert file_of(moved, material).is_file()


async def test_own_files_can_stay_where_they_are(configured: SynthesisOptions, clip: Path) -> None:
    running = LocalSynthesizer(replace(configured, draft_media="in_place"), pick=pick)
    draft = await draft_of(running, clip)
    materials = content(draft)["materials"]
    assert {Path(audio["path"]) for audio in materials["audios"]} == {Path(str(configured.background_music_path))}
    assert not list((draft / "materials").glob("music*"))
    assert Path(materials["videos"][0]["path"]).is_absolute()
    await running.aclose()


async def test_a_draft_has_the_editors_own_form(configured: SynthesisOptions, clip: Path, tmp_path: Path) -> None:
    cover = make(tmp_path / "c.png", "-f", "lavfi", "-i", "color=lime:s=64x48", "-frames:v", "1")
    template = {**configured.template_config, "cover_background": str(cover)}
    running = LocalSynthesizer(replace(configured, template_config=template), pick=pick)
    draft = await draft_of(running, clip)
    await running.aclose()
    found = content(draft)
    assert (draft / "draft_info.json").read_bytes() == (draft / "draft_content.json").read_bytes()
    ids = {item["id"]: item for items in found["materials"].values() if isinstance(items, list) for item in items}
    tracks = {track["name"]: track for track in found["tracks"]}
    for track in found["tracks"]:
        for segment in track["segments"]:
            assert all(reference in ids for reference in segment["extra_material_refs"])
            if track["type"] == "text":
                assert [ids[ref]["type"] for ref in segment["extra_material_refs"]] == ["sticker_animation"]
    assert {name: track["flag"] for name, track in tracks.items()} == {
        "main": 0, "cover": 2, "music": 0, "caption": 1, "title": 0, "cover_title": 0, "cover_subtitle": 0,
    }  # fmt: skip
    assert {name: [segment["render_index"] for segment in track["segments"]] for name, track in tracks.items()} == {
        "main": [0], "cover": [1], "music": [0, 0, 0], "caption": [14000, 14001],
        "title": [14400], "cover_title": [14401], "cover_subtitle": [14402],
    }  # fmt: skip
    for place, track in enumerate(found["tracks"]):
        assert {segment["track_render_index"] for segment in track["segments"]} == {place}
    captions = [ids[segment["material_id"]] for segment in tracks["caption"]["segments"]]
    assert {(caption["type"], caption["recognize_type"], caption["add_type"]) for caption in captions} == {
        ("subtitle", 0, 2)
    }
    assert len({caption["group_id"] for caption in captions}) == 1
    assert [caption["is_rich_text"] for caption in captions] == [True, False]
    assert ids[tracks["title"]["segments"][0]["material_id"]]["type"] == "text"


async def test_the_drafts_media_are_listed_for_the_editor(running: LocalSynthesizer, clip: Path) -> None:
    draft = await draft_of(running, clip)
    meta = json.loads((draft / "draft_meta_info.json").read_text(encoding="utf-8"))
    listed = {item["id"]: item for group in meta["draft_materials"] for item in group["value"]}
    materials = content(draft)["materials"]
    assert {item["metetype"] for item in listed.values()} == {"video", "music"}
    for material in [*materials["videos"], *materials["audios"]]:
        item = listed[material["local_material_id"]]
        assert Path(item["file_Path"]).is_file()
        assert item["duration"] == material["duration"]


@pytest.mark.parametrize(
    ("suffix", "arguments"),
    [("mp3", ["-write_xing", "0", "-q:a", "5"]), ("aac", []), ("opus", []), ("flac", []), ("wma", [])],
)
async def test_every_kind_of_sound_is_taken(
    running: LocalSynthesizer, tmp_path: Path, suffix: str, arguments: list[str]
) -> None:
    """Raw AAC and MP3 without a header name no length; it is measured."""
    picture = talking_head(tmp_path / "p.mp4", seconds=2.0, sound=None)
    sound = make(tmp_path / f"s.{suffix}", "-f", "lavfi", "-i", "sine", "-t", "1.9", *arguments)
    made = await running.synthesize(job(OUTPUT), Media({"video": str(picture), "audio": str(sound)}), Progress())
    assert made.draft_path is not None
    [voice] = [t for t in content(Path(made.draft_path))["tracks"] if t["name"] == "voice"]
    assert voice["segments"][0]["target_timerange"]["duration"] == pytest.approx(1_900_000, abs=80_000)


async def test_a_sound_with_a_picture_is_taken_out_of_its_file(
    running: LocalSynthesizer, clip: Path, tmp_path: Path
) -> None:
    mute = talking_head(tmp_path / "mute.mp4", seconds=2.0, sound=None)
    made = await running.synthesize(job(OUTPUT), Media({"video": str(mute), "audio": str(clip)}), Progress())
    assert made.draft_path is not None
    names = {material["name"] for material in content(Path(made.draft_path))["materials"]["audios"]}
    assert "audio.m4a" in names


async def test_images_over_audio_become_a_draft(running: LocalSynthesizer, tmp_path: Path) -> None:
    pictures = tuple(
        str(make(tmp_path / f"{name}.png", "-f", "lavfi", "-i", f"color={name}:s=64x48", "-frames:v", "1"))
        for name in ("red", "green")
    )
    sound = make(tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=440", "-t", "2")
    made = await running.synthesize(job(OUTPUT), Media({"images": pictures, "audio": str(sound)}), Progress())
    assert made.draft_path is not None
    tracks = {track["name"]: len(track["segments"]) for track in content(Path(made.draft_path))["tracks"]}
    assert tracks["main"] == 2
    assert tracks["voice"] == 1


async def test_pictures_of_every_kind_become_photos(running: LocalSynthesizer, tmp_path: Path) -> None:
    gif = make(tmp_path / "moving.gif", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=5:d=1")
    pictures = (*(str(path) for path in sorted(PICTURES.iterdir())), str(gif))
    sound = make(tmp_path / "a.mp3", "-f", "lavfi", "-i", "sine=440", "-t", "3")
    made = await running.synthesize(job(OUTPUT), Media({"images": pictures, "audio": str(sound)}), Progress())
    assert made.draft_path is not None
    materials = content(Path(made.draft_path))["materials"]["videos"]
    assert len(materials) == len(pictures)
    for material in materials:
        assert material["type"] == "photo"
        head = file_of(Path(made.draft_path), material).read_bytes()[:3]
        assert head in (b"\x89PN", b"\xff\xd8\xff")
    assert sorted((m["width"], m["height"]) for m in materials)[:2] == [(64, 48), (160, 320)]


@pytest.mark.parametrize("own_sound", [True, False])
async def test_the_last_picture_stands_while_speech_goes_on(
    running: LocalSynthesizer, tmp_path: Path, own_sound: bool
) -> None:
    picture = talking_head(tmp_path / "p.mp4", seconds=2.0, sound=None)
    sound = make(tmp_path / "s.m4a", "-f", "lavfi", "-i", "sine=d=2.36")
    media = Media({"video": str(picture), "audio": str(sound)})
    if own_sound:
        media = Media({"video": str(make(tmp_path / "v.mp4", "-i", str(picture), "-i", str(sound), "-c", "copy"))})
    made = await running.synthesize(job(OUTPUT), media, Progress())
    assert made.draft_path is not None
    found = content(Path(made.draft_path))
    tracks = {track["name"]: track["segments"] for track in found["tracks"]}
    ends = [
        segment["target_timerange"]["start"] + segment["target_timerange"]["duration"] for segment in tracks["main"]
    ]
    assert ends == [2_000_000, found["duration"]]
    assert found["duration"] >= 2_360_000
    materials = {m["id"]: m for m in found["materials"]["videos"]}
    last = materials[tracks["main"][1]["material_id"]]
    assert (last["type"], last["width"], last["height"]) == ("photo", 180, 320)
    [voice] = tracks["voice"]
    assert voice["target_timerange"]["duration"] >= 2_350_000
    assert tracks["main"][0]["volume"] == 0, "the sound is heard once"
    assert pixels(file_of(Path(made.draft_path), last)) == pixels(picture, "-ss", "1.95"), "it is the last one"


async def test_a_clip_of_a_phone_has_the_size_it_is_shown_in(
    running: LocalSynthesizer, clip: Path, tmp_path: Path
) -> None:
    turned = make(tmp_path / "turned.mov", "-display_rotation", "-90", "-i", str(clip), "-c", "copy")
    [material] = content(await draft_of(running, turned))["materials"]["videos"]
    assert (material["width"], material["height"]) == (320, 180)


async def test_an_unknown_font_is_named_in_a_warning(running: LocalSynthesizer, clip: Path) -> None:
    made = await running.synthesize(job(OUTPUT), Media({"video": str(clip)}), Progress())
    assert made.message is not None
    assert "没有这种字体" in made.message


@pytest.mark.parametrize("where", ["missing", None])
async def test_a_draft_folder_that_is_not_there_is_told(
    configured: SynthesisOptions, clip: Path, tmp_path: Path, where: str | None
) -> None:
    path = None if where is None else str(tmp_path / where)
    running = LocalSynthesizer(replace(configured, draft_folder_path=path), pick=pick)
    with pytest.raises(StepError) as caught:
        await running.synthesize(job(OUTPUT), Media({"video": str(clip)}), Progress())
    assert caught.value.info.category is Category.DRAFT_FOLDER
    await running.aclose()


async def test_the_check_finds_what_is_wrong(running: LocalSynthesizer, clip: Path) -> None:
    draft = await draft_of(running, clip)
    timeline = Timeline(180, 320, 25, 50, (), ())
    prefix = content(draft)["materials"]["videos"][0]["path"].removesuffix("video.mp4")

    def write(changed: Any) -> None:
        for name in ("draft_content.json", "draft_info.json"):
            (draft / name).write_text(json.dumps(changed), encoding="utf-8")

    def faults() -> str:
        return " ".join(verify_draft(draft, timeline, media_prefix=prefix).faults)

    assert "not as planned" in faults()
    (draft / "materials" / "video.mp4").unlink()
    assert "video.mp4 does not exist" in faults()
    changed = content(draft)
    changed["tracks"][0]["segments"][0]["source_timerange"]["start"] = 10_000
    write(changed)
    assert "leaves its source" in faults()
    changed["tracks"][0]["segments"][0]["extra_material_refs"].append("NOBODY")
    write(changed)
    assert "NOBODY does not exist" in faults()
    (draft / "draft_info.json").write_text("{}", encoding="utf-8")
    assert "differ" in faults()
    (draft / "draft_content.json").write_text("encrypted", encoding="utf-8")
    assert "cannot be read" in faults()
