"""The synthesizer behind the engine's port: from URLs in Coze's output to a proven film in its place."""

# A test may block its own event loop.
# ruff: noqa: ASYNC240

from __future__ import annotations

import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from cozebatch.coze.output import pick
from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Media, Product
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from support.films import FileServer, Progress, codecs, job, make, options, talking_head

pytestmark = pytest.mark.anyio


@pytest.fixture
async def synthesizer(tmp_path: Path) -> AsyncIterator[LocalSynthesizer]:
    running = LocalSynthesizer(options(tmp_path), pick=pick)
    yield running
    await running.aclose()


def left_over(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*")) if folder.exists() else []


async def failing(synthesizer: LocalSynthesizer, media: Media, tmp_path: Path, **facts: Any) -> Category:
    with pytest.raises(StepError) as caught:
        await synthesizer.synthesize(job(**facts), media, Progress())
    assert left_over(tmp_path / "output") == []
    return caught.value.info.category


async def test_a_talking_head_becomes_a_film(
    synthesizer: LocalSynthesizer, server: FileServer, clip: Path, tmp_path: Path
) -> None:
    server.files["/v.mp4"] = clip.read_bytes()
    work = job({"videoUrl": server.url("/v.mp4")})
    fetching, making = Progress(), Progress()
    media = await synthesizer.fetch(work, fetching)
    film = await synthesizer.synthesize(work, media, making)
    assert fetching.heard[-1] == 1.0
    assert making.heard == sorted(making.heard)
    assert making.heard[-1] > 0.9
    assert film.video_path == str(tmp_path / "output" / "项目一" / "项目一.mp4")
    assert codecs(Path(film.video_path)) == ["h264", "aac"]
    side = json.loads((tmp_path / "output" / "项目一" / "项目一.json").read_text(encoding="utf-8"))
    assert side["made_for"]["task_id"] == "rec1"
    assert not list((tmp_path / "output").glob(".cozebatch*"))
    await synthesizer.discard("run-1", "rec1")
    assert left_over(tmp_path / "media") == []


async def test_a_repeated_try_gives_the_same_name_and_another_task_another(
    synthesizer: LocalSynthesizer, clip: Path
) -> None:
    media = Media({"video": str(clip)})

    async def film(**facts: Any) -> str:
        made = (await synthesizer.synthesize(job(**facts), media, Progress())).video_path
        assert made is not None
        return Path(made).name

    assert await film() == "项目一.mp4"
    assert await film() == "项目一.mp4"
    assert await film(task_id="rec2") == "项目一_2.mp4"
    assert await film(submitted_at=1.0) == "项目一_3.mp4"
    assert await film() == "项目一.mp4"


async def test_films_of_one_project_made_at_the_same_time_do_not_meet(
    synthesizer: LocalSynthesizer, clip: Path
) -> None:
    made: list[str | None] = []

    async def one(number: int) -> None:
        media = Media({"video": str(clip)})
        made.append((await synthesizer.synthesize(job(task_id=f"t{number}"), media, Progress())).video_path)

    async with anyio.create_task_group() as group:
        for number in range(3):
            group.start_soon(one, number)
    assert len(set(made)) == 3


async def test_a_project_name_cannot_lead_out_of_the_output_folder(
    synthesizer: LocalSynthesizer, clip: Path, tmp_path: Path
) -> None:
    work = job(project_name="../../etc/CON\0")
    film = await synthesizer.synthesize(work, Media({"video": str(clip)}), Progress())
    assert film.video_path is not None
    assert Path(film.video_path).is_relative_to(tmp_path / "output")


NOTHING_TO_SHOW: list[dict[str, Any]] = [
    {},
    {"videoUrl": ""},
    {"videoUrl": None},
    {"audioUrl": "http://x/a"},
    {"images": []},
    {"videoUrl": "[" * 100_000},
]


@pytest.mark.parametrize("output", NOTHING_TO_SHOW)
async def test_output_without_anything_to_show_is_bad_output(
    synthesizer: LocalSynthesizer, output: dict[str, Any]
) -> None:
    with pytest.raises(StepError) as caught:
        await synthesizer.fetch(job(output), Progress())
    assert caught.value.info.category is Category.BAD_OUTPUT


async def test_a_broken_download_is_thrown_away_so_that_a_retry_can_help(
    synthesizer: LocalSynthesizer, server: FileServer, clip: Path, tmp_path: Path
) -> None:
    server.files["/v.mp4"] = clip.read_bytes()[:-3000]
    work = job({"videoUrl": server.url("/v.mp4")})
    with pytest.raises(StepError) as caught:
        await synthesizer.fetch(work, Progress())
    assert caught.value.info.category is Category.DOWNLOAD, "the rest of it may come another time"
    assert "incomplete" in caught.value.info.message.en
    server.files["/v.mp4"] = b"\0\0\0\x20ftypisom" + b"x" * 5000
    with pytest.raises(StepError) as caught:
        await synthesizer.fetch(work, Progress())
    assert caught.value.info.category is Category.MEDIA
    server.files["/v.mp4"] = clip.read_bytes()
    assert "video" in (await synthesizer.fetch(work, Progress())).files


async def test_media_that_vanished_are_told(synthesizer: LocalSynthesizer, tmp_path: Path) -> None:
    assert await failing(synthesizer, Media({"video": str(tmp_path / "gone.mp4")}), tmp_path) is Category.DOWNLOAD


async def test_a_film_without_sound_is_told(synthesizer: LocalSynthesizer, tmp_path: Path) -> None:
    mute = talking_head(tmp_path / "mute.mp4", seconds=0.4, sound=None)
    assert await failing(synthesizer, Media({"video": str(mute)}), tmp_path) is Category.MEDIA


async def test_a_film_without_picture_is_told(synthesizer: LocalSynthesizer, tmp_path: Path) -> None:
    sound = make(tmp_path / "a.m4a", "-f", "lavfi", "-i", "sine=d=1")
    assert await failing(synthesizer, Media({"video": str(sound)}), tmp_path) is Category.MEDIA


async def test_a_full_disk_is_seen_before_the_work(
    synthesizer: LocalSynthesizer, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    assert await failing(synthesizer, Media({"video": str(clip)}), tmp_path) is Category.DISK_FULL


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="needs a folder that refuses its user")
async def test_an_output_folder_that_cannot_be_written_is_told(
    synthesizer: LocalSynthesizer, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "output").mkdir(mode=0o500)
    assert await failing(synthesizer, Media({"video": str(clip)}), tmp_path) is Category.SYNTHESIS


async def test_an_output_folder_that_is_a_file_is_told(clip: Path, tmp_path: Path) -> None:
    (tmp_path / "output").write_text("x", encoding="utf-8")
    running = LocalSynthesizer(options(tmp_path), pick=pick)
    with pytest.raises(StepError) as caught:
        await running.synthesize(job(), Media({"video": str(clip)}), Progress())
    assert caught.value.info.category is Category.SYNTHESIS
    await running.aclose()


async def test_a_render_out_of_time_is_killed(clip: Path, tmp_path: Path) -> None:
    running = LocalSynthesizer(options(tmp_path, timeout=0.01), pick=pick)
    assert await failing(running, Media({"video": str(clip)}), tmp_path) is Category.SYNTHESIS_TIMEOUT
    await running.aclose()


async def test_a_cancelled_render_leaves_nothing(synthesizer: LocalSynthesizer, tmp_path: Path) -> None:
    long = talking_head(tmp_path / "long.mp4", seconds=20)
    with anyio.CancelScope() as scope:

        def cancel(_: float) -> None:
            scope.cancel()

        await synthesizer.synthesize(job(), Media({"video": str(long)}), cancel)
    assert scope.cancelled_caught
    assert left_over(tmp_path / "output") == []


async def test_mode_none_makes_nothing(tmp_path: Path) -> None:
    running = LocalSynthesizer(options(tmp_path, mode="none"), pick=pick)
    assert await running.fetch(job(), Progress()) == Media({})
    assert await running.synthesize(job(), Media({}), Progress()) == Product()
    await running.aclose()


async def test_mode_command_gets_what_was_downloaded(server: FileServer, clip: Path, tmp_path: Path) -> None:
    server.files.update({"/v": clip.read_bytes(), "/1.png": b"\x89PNG\r\n\x1a\n1", "/2.png": b"\x89PNG\r\n\x1a\n2"})
    code = "import json,sys; print(json.dumps({'message': ' '.join(json.load(sys.stdin)['media']['images'])}))"
    running = LocalSynthesizer(options(tmp_path, mode="command", command=(sys.executable, "-c", code)), pick=pick)
    work = job({"videoUrl": server.url("/v"), "images": json.dumps([server.url("/1.png"), server.url("/2.png")])})
    media = await running.fetch(work, Progress())
    done = await running.synthesize(work, media, Progress())
    assert done.message is not None
    assert [Path(p).read_bytes()[-1:] for p in done.message.split(" ")] == [b"1", b"2"]
    await running.aclose()


@pytest.mark.parametrize("captions", ["no captions at all", [{"a": 1}], "[" * 500, {"start": 1e308}])
async def test_captions_that_cannot_be_read_cost_one_warning(
    synthesizer: LocalSynthesizer, clip: Path, captions: Any
) -> None:
    wanted = job({"videoUrl": "x", "captions": captions, "content": "一句话。"})
    product = await synthesizer.synthesize(wanted, Media({"video": str(clip)}), lambda _: None)
    assert product.video_path is not None
    assert [warning.en.partition(" (")[0] for warning in product.warnings] == ["Coze's captions cannot be read"]
