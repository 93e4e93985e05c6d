"""Finds the media that Coze's output names, and downloads them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from cozebatch.bounds.json_values import read_json
from cozebatch.disk.removing import remove_file
from cozebatch.model.errors import Category, StepError
from cozebatch.ports import Job, Media, Progress
from cozebatch.synthesis.analyse.completeness import judge
from cozebatch.synthesis.analyse.probe import Measured, measure, probe
from cozebatch.synthesis.download.downloader import Downloader
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.options import Pick, SynthesisOptions
from cozebatch.synthesis.process.ffmpeg import Ffmpeg

MEDIA_NAMES = ("video", "audio", "images")
MAX_IMAGES = 200
_DEEPEST = 6
_MARKDOWN_LINK = re.compile(r"\]\(\s*<?(https?://(?:[^\s()<>]|\([^\s()]*\))+)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://(?:(?!,\s*https?://)[^\s<>\"`，。；、！？（）《》【】“”|])+", re.IGNORECASE)
_SEPARATED = re.compile(r"[\s<>`|]|[,，;；、]\s*https?://|\]\(", re.IGNORECASE)
_AROUND = "`<>\"'*_ \t\r\n"


def addresses_of(options: SynthesisOptions, pick: Pick, job: Job) -> dict[str, tuple[str, ...]]:
    """Map each media name to its URLs in the output. Raises `StepError` (`bad_output`) if they make no film."""
    found: dict[str, tuple[str, ...]] = {}
    for name in MEDIA_NAMES:
        key = options.outputs.get(name)
        urls = _urls(pick(job.output, key)) if key else ()
        if urls:
            found[name] = urls[:MAX_IMAGES] if name == "images" else urls[:1]
    if options.mode != "command" and "video" not in found and not ("images" in found and "audio" in found):
        raise failure(
            Category.BAD_OUTPUT,
            f"工作流输出里没有视频（{options.outputs.get('video')}），也没有图片加音频",
            f"the workflow's output has no video ({options.outputs.get('video')}), nor images with audio",
        )
    return found


def _urls(value: Any, depth: int = 0) -> tuple[str, ...]:
    """URLs out of a string, a list, an object with a `url`, or any of these as a JSON string; else none."""
    if depth > _DEEPEST:
        return ()
    if isinstance(value, str):
        text = value.strip()
        if text[:1] in ("[", "{", '"'):
            try:
                return _urls(read_json(text), depth + 1)
            except ValueError:
                pass  # a Markdown link, for one
        return _in_words(text)
    if isinstance(value, Mapping):
        found = (_urls(value.get(key), depth + 1) for key in ("url", "link", "src"))
        return next((urls for urls in found if urls), ())
    if isinstance(value, list | tuple):
        return tuple(url for item in value for url in _urls(item, depth + 1))
    return ()


def _in_words(text: str) -> tuple[str, ...]:
    """The addresses in a text, without what model nodes put around them: words, Markdown links, backticks, angle
    brackets, `&amp;`. A text that is one address is taken as it stands."""
    text = text.strip(_AROUND)
    if text.lower().startswith(("http://", "https://")) and not _SEPARATED.search(text):
        return (html.unescape(text),)
    linked = _MARKDOWN_LINK.findall(text)
    return tuple(html.unescape(_trimmed(url)) for url in linked or _ADDRESS.findall(text))


def _trimmed(url: str) -> str:
    """Without the punctuation of the sentence around it; a bracket that was opened in the address belongs to it."""
    while url and (url[-1] in _AROUND + ".,;:!?]" or (url[-1] == ")" and url.count(")") > url.count("("))):
        url = url[:-1]
    return url


async def fetch_assets(
    downloader: Downloader,
    ffmpeg: Ffmpeg | None,
    addresses: Mapping[str, tuple[str, ...]],
    folder: Path,
    progress: Progress,
    *,
    below: Path,
) -> Media:
    """Download everything into `folder`, a few files at a time; `below`: see `Downloader.fetch`.

    With `ffmpeg` each file is read as well; one that is no media (`media`) or was cut off (`download`) is deleted, so
    that a later try downloads it again.
    """
    jobs = [(name, number, url) for name, urls in addresses.items() for number, url in enumerate(urls)]
    paths: dict[tuple[str, int], Path] = {}
    fractions = [0.0] * len(jobs)
    gate = anyio.CapacityLimiter(3)
    failures: list[StepError] = []

    async def one(index: int, name: str, number: int, url: str, cancel: Callable[[], None]) -> None:
        def on_progress(have: int, total: int | None) -> None:
            fractions[index] = have / total if total else 0.5
            progress(min(1.0, sum(fractions) / len(fractions)))

        try:
            async with gate:
                path = await downloader.fetch(url, folder, f"{name}-{number}", on_progress, below=below)
                if ffmpeg is not None:
                    await _verified(ffmpeg, path, below, still=name == "images")
        except StepError as error:
            failures.append(error)
            cancel()
            return
        paths[name, number] = path
        fractions[index] = 1.0

    async with anyio.create_task_group() as group:
        for index, (name, number, url) in enumerate(jobs):
            group.start_soon(one, index, name, number, url, group.cancel_scope.cancel)
    if failures:
        raise failures[0]
    progress(1.0)
    files: dict[str, str | tuple[str, ...]] = {}
    for name, urls in addresses.items():
        here = tuple(str(paths[name, number]) for number in range(len(urls)))
        files[name] = here if name == "images" else here[0]
    return Media(files)


async def _verified(ffmpeg: Ffmpeg, path: Path, below: Path, *, still: bool) -> None:
    """Raise `media` for what is no media and `download` for what was cut off; both are deleted. A still picture has no
    length to be measured."""
    trouble: StepError | None = None
    try:
        await probe(ffmpeg, path)
    except StepError as error:
        if error.info.category is not Category.MEDIA:
            raise
        trouble = error
    trouble = await judge(path, Measured() if still else await measure(ffmpeg, path)) or trouble
    if trouble is not None:
        await anyio.to_thread.run_sync(remove_file, path, below)
        raise trouble
