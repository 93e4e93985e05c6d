"""Emoji in titles, captions and covers, on their way through the synthesizer."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cozebatch.coze.output import pick
from cozebatch.ports import Media, Product
from cozebatch.synthesis.subtitles import fonts
from cozebatch.synthesis.subtitles.opentype import Face, faces
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from support.emoji_fonts import Kind, emoji_font
from support.films import Progress, ffmpeg_path, job, make, options

pytestmark = pytest.mark.anyio

TITLE, COVER, CAPTION, ENGLISH = "1️⃣买房😀👨‍👩‍👧🇨🇳", "封面🎉", "时间⏰⏳☎️❤️", "Time 👩🏽‍💻"
OUTPUT: dict[str, Any] = {
    "title": TITLE,
    "shortTitle": COVER,
    "wrapTitle": "副标题✨",
    "captions": [
        {"start": 0.4, "end": 1.4, "text": CAPTION, "english": ENGLISH},
        {"start": 1.4, "end": 1.9, "text": "🙏"},
    ],
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def noto() -> tuple[Face, ...]:
    package = pytest.importorskip("noto_cjk_sans_otc")
    return faces(Path(str(package.FONT_PATH)))


async def made(tmp_path: Path, clip: Path, mode: str) -> Product:
    (tmp_path / "drafts").mkdir()
    running = LocalSynthesizer(options(tmp_path, mode=mode, draft_folder_path=str(tmp_path / "drafts")), pick=pick)
    try:
        return await running.synthesize(job(OUTPUT), Media({"video": str(clip)}), Progress())
    finally:
        await running.aclose()


def texts_in(draft: Path) -> set[str]:
    content = json.loads((draft / "draft_content.json").read_text(encoding="utf-8"))
    return {json.loads(text["content"])["text"].replace("\n", "") for text in content["materials"]["texts"]}


def pixels_of(film: str) -> list[tuple[int, int, int, int]]:
    """x, y, red and blue of each pixel of a frame."""
    command = [ffmpeg_path(), "-v", "error", "-ss", "0.4", "-i", film, "-frames:v", "1", "-f", "rawvideo"]
    frame = subprocess.run([*command, "-pix_fmt", "rgb24", "-"], check=True, capture_output=True).stdout
    return [(at % 180, at // 180, frame[3 * at], frame[3 * at + 2]) for at in range(180 * 320)]


def with_fonts(monkeypatch: pytest.MonkeyPatch, *found: Face) -> None:
    monkeypatch.setattr(fonts, "installed", lambda: fonts.Fonts(found))


def about_emoji(product: Product) -> list[str]:
    return [warning.en for warning in product.warnings if "emoji" in warning.en]


@pytest.mark.parametrize("kind", [None, "damaged pictures", "empty colours"])
async def test_emoji_that_cannot_be_drawn_cost_one_warning(
    tmp_path: Path, clip: Path, noto: tuple[Face, ...], monkeypatch: pytest.MonkeyPatch, kind: Kind | None
) -> None:
    more = () if kind is None else emoji_font(tmp_path / "e.ttf", kind)
    with_fonts(monkeypatch, *noto, *more)
    product = await made(tmp_path, clip, "both")
    assert product.video_path is not None
    [warning] = about_emoji(product)
    assert all(sign in warning for sign in "🎉✨😀🇨⏰⏳❤🙏")
    assert product.draft_path is not None
    assert {TITLE, COVER, "副标题✨", CAPTION, ENGLISH, "🙏"} <= texts_in(Path(product.draft_path))


async def test_an_emoji_font_is_used(
    tmp_path: Path, clip: Path, noto: tuple[Face, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_fonts(monkeypatch, *noto, *emoji_font(tmp_path / "e.ttf", "outlines"))
    product = await made(tmp_path, clip, "video")
    [warning] = about_emoji(product)
    assert sorted(warning.rpartition(": ")[2].split()) == ["⏳", "✨", "🙏"]


async def test_coloured_emoji_stand_in_their_places(
    tmp_path: Path, noto: tuple[Face, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_fonts(monkeypatch, *noto, *emoji_font(tmp_path / "e.ttf", "pictures"))
    arguments = ["-f", "lavfi", "-i", "color=gray:s=180x320:r=25", "-f", "lavfi", "-i", "sine=440", "-t", "1"]
    grey = make(tmp_path / "v.mp4", *arguments, "-c:v", "libx264", "-pix_fmt", "yuv420p")
    chosen = options(tmp_path, template_config={"cover_enabled": False, "title_font_size": 20})
    running = LocalSynthesizer(chosen, pick=pick)
    try:
        work = job({"title": "字😀字", "captions": [{"start": 0, "end": 1, "text": "字"}]})
        product = await running.synthesize(work, Media({"video": str(grey)}), Progress())
    finally:
        await running.aclose()
    assert about_emoji(product) == []
    assert product.video_path is not None
    pixels = pixels_of(product.video_path)
    red = [(x, y) for x, y, r, b in pixels if r > 180 and b < 90]
    blue = [(x, y) for x, y, r, b in pixels if b > 180 and r < 90]
    size = 20 * 180 / 150
    for part in (red, blue):
        left, right = min(x for x, _ in part), max(x for x, _ in part)
        assert abs((left + right) / 2 - 90) <= 2  # between two characters of one width
        assert abs(right - left + 1 - size) <= 3
    assert max(y for _, y in red) <= min(y for _, y in blue) + 2
    assert abs(len(red) + len(blue) - size**2) < 0.25 * size**2


async def test_a_draft_keeps_its_emoji_and_says_nothing(tmp_path: Path, clip: Path) -> None:
    product = await made(tmp_path, clip, "draft")
    assert about_emoji(product) == []
