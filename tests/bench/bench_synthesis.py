"""Films: how much dearer than a hand-written ffmpeg command, how well two workers share, how many drafts a minute.

    PYTHONPATH=tests python tests/bench/bench_synthesis.py [--runs N] [--seconds S]

Everything is generated on the spot and thrown away afterwards. Ratios come from the same run on the same machine.
"""

from __future__ import annotations

import argparse
import itertools
import os
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import anyio

from cozebatch.coze.output import pick
from cozebatch.ports import Job, Media
from cozebatch.synthesis.analyse.loudness import measure_loudness
from cozebatch.synthesis.compose import styles
from cozebatch.synthesis.compose.captions import from_script
from cozebatch.synthesis.compose.text_layout import sentences
from cozebatch.synthesis.compose.timeline import SECOND, Source
from cozebatch.synthesis.process.worker import _megabytes
from cozebatch.synthesis.subtitles import fonts
from cozebatch.synthesis.subtitles.prepare import prepare_subtitles
from cozebatch.synthesis.synthesizer import LocalSynthesizer
from cozebatch.synthesis.video import pipeline
from cozebatch.synthesis.video import render as video
from measure import Runs, table
from support.films import ffmpeg_path, job, make, options, speech, tool

SCRIPT = "今天讲三件重要的事。第一件是省钱，这条一定要记住。第二件是时间，别浪费。最后一件我放在评论区里说给你听。"


def clip(folder: Path, seconds: float, size: str) -> Path:
    """A moving picture over something like speech."""
    bursts = [(at + 0.2, min(at + 2.4, seconds)) for at in range(0, int(seconds), 3)]
    sound = speech(folder / f"{size}.wav", bursts=bursts, seconds=seconds)
    return make(
        folder / f"{size}.mp4", "-f", "lavfi", "-i", f"testsrc2=s={size}:r=30", "-i", str(sound), "-t", str(seconds),
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
    )  # fmt: skip


def show(title: str, rows: Sequence[tuple[str, Sequence[float], str]]) -> None:
    table(title, [(what, str(Runs(figures)), goal) for what, figures, goal in rows])


async def timed(work: Callable[[], Awaitable[object]]) -> float:
    begun = time.perf_counter()
    await work()
    return time.perf_counter() - begun


async def busy(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """Seconds taken, and how many processors the children kept busy meanwhile."""
    before = os.times()
    wall = await timed(work)
    after = os.times()
    spent = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, spent / wall


async def films(folder: Path, seconds: float, runs: int) -> None:
    """Synthesis from media to proven film, against ffmpeg alone with the same filters."""
    source = clip(folder, seconds, "1080x1920")
    chosen = options(
        folder, width=1080, height=1920, fps=30, preset="veryfast", crf=21, workers=1, timeout=600,
        template_config={"subtitle_bg_enabled": True},
    )  # fmt: skip
    running = LocalSynthesizer(chosen, pick=pick)
    output = {"title": "买房子到底该怎么买", "content": SCRIPT, "shortTitle": "避坑指南"}
    work = job(output)
    media = Media({"video": str(source)})
    bare_home = folder / "bare"
    bare_home.mkdir()
    plan = await pipeline.plan(tool(), chosen, styles.parse(chosen.template_config), pick, work, media)
    subtitles = prepare_subtitles(plan.timeline, fonts.installed(), bare_home)
    command = [ffmpeg_path(), "-v", "error", "-nostdin", *video.arguments(subtitles.timeline, chosen, "libx264")]
    ours, bare = [], []
    for number in range(runs):
        new = _new_job(output, number)
        bare.append(await timed(lambda: anyio.run_process(command, cwd=bare_home)))
        ours.append(await timed(partial(running.synthesize, new, media, lambda _: None)))
    await running.aclose()
    ratios = sorted(mine / theirs for mine, theirs in zip(ours, bare, strict=True))
    show(
        f"one film of {seconds:g} s, 1080x1920@30, veryfast",
        [
            ("bare ffmpeg, s", bare, ""),
            ("synthesis with reading, verification and poster, s", ours, ""),
            ("ratio", ratios, "≤ 1.15"),
        ],
    )


def _new_job(output: dict[str, str], number: int) -> Job:
    """A task of its own: a film that is finished is not made again."""
    return job(output, task_id=f"film{number}", project_name=f"film {number}")


async def two_workers(folder: Path, runs: int) -> None:
    source = clip(folder, 6, "540x960")
    chosen = options(folder, width=540, height=960, fps=30, preset="veryfast", workers=2)
    media = Media({"video": str(source)})
    plan = await pipeline.plan(tool(), chosen, styles.parse({}), pick, job({"content": SCRIPT}), media)

    serial = itertools.count()

    async def one(number: int) -> None:
        # One encoder thread each: a single render that takes all processors leaves no room to gain.
        new = _new_job({}, 100 * number + next(serial))
        await pipeline.make_video(tool(), chosen, new, plan, lambda _: None, threads=1)

    async def together() -> None:
        async with anyio.create_task_group() as group:
            for number in range(2):
                group.start_soon(one, number)

    async def in_turn() -> None:
        for number in range(2):
            await one(number)

    gains, used_alone, used_together = [], [], []
    for _ in range(runs):
        alone, used = await busy(in_turn)
        used_alone.append(used)
        both, used = await busy(together)
        used_together.append(used)
        gains.append(alone / both)
    show(
        f"two films on {os.cpu_count()} processors, one encoder thread each",
        [
            ("one after the other ÷ two at once", gains, "≥ 1.7 where room is left"),
            ("processors busy with one at a time", used_alone, ""),
            ("processors busy with two at once", used_together, f"about {os.cpu_count()}"),
        ],
    )


async def drafts(folder: Path, count: int) -> None:
    source = clip(folder, 15, "270x480")
    (folder / "drafts").mkdir()
    chosen = options(folder, mode="draft", draft_folder_path=str(folder / "drafts"), workers=2)
    running = LocalSynthesizer(chosen, pick=pick)
    media = Media({"video": str(source)})

    async def one(number: int) -> None:
        await running.synthesize(job({"content": SCRIPT}, task_id=f"t{number}"), media, lambda _: None)

    await one(-1)
    first = await running._worker_pool().call(_megabytes, timeout=60)

    async def all_of_them() -> None:
        for number in range(count):
            await one(number)

    taken = await timed(all_of_them)
    last = await running._worker_pool().call(_megabytes, timeout=60)
    await running.aclose()
    left = len(list(folder.rglob(".cozebatch-scratch")))  # noqa: ASYNC240 - nothing else runs
    show(
        f"{count} drafts of 15 s, one after the other",
        [
            ("drafts a minute", [60 * count / taken], "≥ 50"),
            ("worker's memory after one draft, MB", [float(first)], ""),
            (f"worker's memory after {count + 1}, MB", [float(last)], "about the same"),
            ("scratch folders left", [float(left)], "0"),
        ],
    )


async def captions(folder: Path) -> None:
    """How far the script's sentences begin from where they are spoken, at speaking rates that vary by ±20 %."""
    for title, pauses in (("a pause after each sentence", (0.5, 0.3, 0.7, 0.4)), ("no pauses at all", (0.0,) * 4)):
        bursts, at = [], 0.4
        for number, sentence in enumerate(sentences(SCRIPT)):
            length = len(sentence) / 5 * (0.8, 1.2, 1.0, 0.9)[number % 4]
            bursts.append((at, at + length))
            at += length + pauses[number % 4]
        path = speech(folder / "spoken.wav", bursts=bursts, seconds=at)
        loudness = await measure_loudness(tool(), Source("audio", str(path), "audio", round(at * SECOND)), timeout=60)
        texts = from_script(SCRIPT, loudness.speech, 60)
        off = [abs(c.start / SECOND - begun) for c, (begun, _) in zip(texts, bursts, strict=True)]
        show(f"captions from the script, {title}", [("start off by, s", off, ""), ("worst, s", [max(off)], "")])


async def main(runs: int, seconds: float) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        await films(folder, seconds, runs)
        await two_workers(folder, runs)
        await drafts(folder, 20)
        await captions(folder)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=15.0)
    given = parser.parse_args()
    version = subprocess.run([ffmpeg_path(), "-version"], capture_output=True, text=True, check=True).stdout
    print(version.partition("\n")[0])
    anyio.run(main, given.runs, given.seconds)
