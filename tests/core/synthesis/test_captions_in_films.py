"""Captions on their way through the synthesizer: what Coze gave is in the draft and on the film, in every mode."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cozebatch.coze.output import pick
from cozebatch.ports import Media, Product
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from support.films import Progress, ffmpeg_path, job, make, options

pytestmark = pytest.mark.anyio

Timed = tuple[float, float, str]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of grey with a tone: on it, every bright pixel is a caption's."""
    arguments = ["-f", "lavfi", "-i", "color=0x404040:s=180x320:r=25", "-f", "lavfi", "-i", "sine=440", "-t", "4.2"]
    return make(tmp_path_factory.mktemp("grey") / "v.mp4", *arguments, "-c:v", "libx264", "-pix_fmt", "yuv420p")


async def made(tmp_path: Path, clip: Path, mode: str, captions: Any, **facts: Any) -> Product:
    drafts = tmp_path / "drafts"
    drafts.mkdir(exist_ok=True)
    chosen = options(tmp_path, mode=mode, draft_folder_path=str(drafts), template_config={"cover_enabled": False})
    running = LocalSynthesizer(chosen, pick=pick)
    try:
        work = job({"captions": captions, "title": " "}, title="", **facts)
        return await running.synthesize(work, Media({"video": str(clip)}), Progress())
    finally:
        await running.aclose()


def in_draft(product: Product, role: str) -> list[Timed]:
    assert product.draft_path is not None
    draft = json.loads(Path(product.draft_path, "draft_content.json").read_text(encoding="utf-8"))
    texts = {t["id"]: json.loads(t["content"])["text"] for t in draft["materials"]["texts"]}
    segments = [s for track in draft["tracks"] if track["name"] == role for s in track["segments"]]
    times = [(s["target_timerange"]["start"], s["target_timerange"]["duration"], s["material_id"]) for s in segments]
    return [(start / 1e6, (start + length) / 1e6, texts[of]) for start, length, of in times]


def bright_spans(product: Product) -> list[tuple[float, float]]:
    """When something bright stands in the lower half of the film, in seconds."""
    assert product.video_path is not None
    command = [ffmpeg_path(), "-v", "error", "-i", product.video_path, "-vf", "crop=iw:ih/2:0:ih/2", "-f", "rawvideo"]
    frames = subprocess.run([*command, "-pix_fmt", "gray", "-"], check=True, capture_output=True).stdout
    size = 180 * 160
    lit = [max(frames[at : at + size]) > 180 for at in range(0, len(frames), size)]
    edges = [n for n in range(len(lit)) if lit[n] != (lit[n - 1] if n else False)] + ([len(lit)] if lit[-1] else [])
    return [(a / 25, b / 25) for a, b in zip(edges[::2], edges[1::2], strict=True)]


TEAMS = """WEBVTT

NOTE duration:"00:00:10.0000000"

7c1e0f2a-0
00:00:00.520 --> 00:00:02.000
大家好

NOTE Confidence: 0.91

7c1e0f2a-1
00:00:02.520 --> 00:00:04.000
今天讲收纳
"""
INLINE = """WEBVTT
Kind: captions

00:00:00.000 --> 00:00:02.000 align:start position:0%
\x20
今天<00:00:00.500><c>我们</c><00:00:01.000><c>来讲</c>

00:00:02.000 --> 00:00:03.000 align:start position:0%
A &amp; B &lt;3&gt; &nbsp;对比
"""
TWO_LANGUAGES = """1
00:00:00,000 --> 00:00:02,000
大家好

2
00:00:00,000 --> 00:00:02,000
Hello everyone

3
00:00:02,000 --> 00:00:04,000
今天讲收纳

4
00:00:02,000 --> 00:00:04,000
Today: storage
"""
WHISPER = {
    "text": "大家好今天讲收纳",
    "segments": [
        {"id": 0, "start": 0.0, "end": 2.0, "text": "大家好"},
        {"id": 1, "start": 2.0, "end": 4.0, "text": "今天讲收纳"},
    ],
}
UTTERANCES = {
    "result": {
        "utterances": [
            {"start_time": 120, "end_time": 2000, "text": "大家好", "words": []},
            {"start_time": -1, "end_time": -1, "text": " "},
        ]
    }
}
FENCED = "```srt\n1\n00:00:00,120 --> 00:00:02,000\n大家好\n```"
TWO: list[Timed] = [(0.0, 2.0, "大家好"), (2.0, 4.0, "今天讲收纳")]
CASES: dict[str, tuple[Any, list[Timed], list[Timed]]] = {
    "Teams": (TEAMS, [(0.52, 2.0, "大家好"), (2.52, 4.0, "今天讲收纳")], []),
    "inline times": (INLINE, [(0.0, 2.0, "今天我们来讲"), (2.0, 3.0, "A & B <3> 对比")], []),
    "two languages": (TWO_LANGUAGES, TWO, [(0.0, 2.0, "Hello everyone"), (2.0, 4.0, "Today: storage")]),
    "whisper": (WHISPER, TWO, []),
    "a speech service": (json.dumps(UTTERANCES), [(0.12, 2.0, "大家好")], []),
    "a fence": (FENCED, [(0.12, 2.0, "大家好")], []),
    "lyrics": (
        "[00:00.52]大家好\n[00:02.00]今天讲收纳\n[00:03.00]\n",
        [(0.52, 2.0, "大家好"), (2.0, 3.0, "今天讲收纳")],
        [],
    ),
}


@pytest.mark.parametrize("name", CASES)
async def test_captions_are_in_the_draft_and_on_the_film(tmp_path: Path, grey: Path, name: str) -> None:
    captions, chinese, english = CASES[name]
    product = await made(tmp_path, grey, "both", captions)
    assert not [warning for warning in product.warnings if "captions" in warning.en]
    assert in_draft(product, "caption") == chinese
    assert in_draft(product, "english") == english
    wanted: list[tuple[float, float]] = []
    for start, end, _ in chinese:
        if wanted and wanted[-1][1] == start:
            wanted[-1] = (wanted[-1][0], end)
        else:
            wanted.append((start, end))
    assert bright_spans(product) == wanted


@pytest.mark.parametrize("mode", ["draft", "video", "both"])
@pytest.mark.parametrize(
    "captions", ["看不懂的字幕", {"subs": [{"from_frame": 3, "line": "x"}]}], ids=["text", "object"]
)
async def test_captions_that_cannot_be_read_cost_one_warning_and_the_script_is_laid(
    tmp_path: Path, grey: Path, mode: str, captions: Any
) -> None:
    product = await made(tmp_path, grey, mode, captions, content="早起的人。运气好。")
    [warning] = [warning for warning in product.warnings if "captions" in warning.en]
    assert "cannot be read" in warning.en
    if mode != "video":
        assert [text for _, _, text in in_draft(product, "caption")] == ["早起的人", "运气好"]
    if mode != "draft":
        [(start, end)] = bright_spans(product)
        assert start < 0.2
        assert end > 3.9
