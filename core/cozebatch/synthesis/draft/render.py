"""The draft renderer: builds a complete JianYing draft in a scratch folder and moves it into place by one rename.

JianYing watches its folder while it is open: it lists, holds and renames what it finds there, half-made drafts too.
So a draft is built outside of it where a folder of ours lies on the same volume, and a folder that is held for a moment
is waited for. An existing draft is never touched. A repeated try that finds its own finished draft of the same recipe
takes it.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Any

import anyio.to_thread

from cozebatch.bounds.json_values import read_json
from cozebatch.disk.in_use import Patience, is_in_use, persist
from cozebatch.disk.places import is_link
from cozebatch.disk.removing import remove_within
from cozebatch.disk.writing import move_new, read_own
from cozebatch.model.errors import Category, StepError
from cozebatch.model.text import Text
from cozebatch.ports import Job
from cozebatch.synthesis.analyse.hdr import tone_map
from cozebatch.synthesis.compose.timeline import Timeline
from cozebatch.synthesis.draft.build import MEDIA_FOLDER, PLACEHOLDER, Order, build
from cozebatch.synthesis.draft.media import bring_media
from cozebatch.synthesis.draft.verify import DraftReport, verify_draft
from cozebatch.synthesis.failures import failure, from_os_error
from cozebatch.synthesis.names import fitting_name, is_of_the_same_execution, owner_of
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.process.ffmpeg import SAFE_INPUT, Ffmpeg
from cozebatch.synthesis.process.workers import Workers
from cozebatch.synthesis.scratch import scratch

OWNER_NAME = "cozebatch.json"
_HELD = Patience(seconds=15.0, longest=0.5)
"""How long a folder that another program holds is waited for; then the try counts as failed, and is repeated."""
_MOST_NAMES = 10_000
_INSIDE = 80
"""Characters for what JianYing puts below a draft's folder, and for a number at the end of its name."""
_MOST_BYTES = 4_000_000
"""Of the owner file in a draft that is read."""


@dataclass(frozen=True, slots=True)
class Draft:
    path: Path
    report: DraftReport
    warnings: tuple[Text, ...]


async def make_draft(
    ffmpeg: Ffmpeg,
    options: SynthesisOptions,
    workers: Workers,
    job: Job,
    timeline: Timeline,
    recipe: Mapping[str, Any],
) -> Draft:
    """Build, verify and place one draft. Raises `StepError`: `draft_folder`, `disk_full`, `media`, `synthesis`,
    `worker_crashed`, `synthesis_timeout`."""
    root = await anyio.to_thread.run_sync(draft_root, options)
    for under in await anyio.to_thread.run_sync(workshops, options, root):
        try:
            return await _make_under(under, root, ffmpeg, options, workers, job, timeline, recipe)
        except _OtherVolumeError:
            continue  # the system says so only when the draft is moved: it is built again inside
    raise failure(Category.DRAFT_FOLDER, f"无法移入草稿文件夹：{root}", f"nothing can be moved into {root}")


class _OtherVolumeError(Exception):
    """The finished draft lies on another volume than the draft folder: it cannot be moved in one step."""


async def _make_under(
    under: Path,
    root: Path,
    ffmpeg: Ffmpeg,
    options: SynthesisOptions,
    workers: Workers,
    job: Job,
    timeline: Timeline,
    recipe: Mapping[str, Any],
) -> Draft:
    """Build the draft below `under` and move it into `root`. Raises `_OtherVolumeError`."""
    owner = {"made_for": owner_of(job), "recipe": json.loads(json.dumps(recipe))}
    async with scratch(under, options.owner, Category.DRAFT_FOLDER) as home:
        media = await bring_media(
            ffmpeg, timeline, home / "media", media_dir=options.media_dir.absolute(),
            in_place=options.draft_media == "in_place", timeout=options.timeout,
        )  # fmt: skip
        has_cover = await _cover_picture(ffmpeg, timeline, home)
        shown_root, separator = shown(options, root)
        on_windows = os.name == "nt" or separator == "\\"
        title = job.task.project_name or job.task.task_id
        project = fitting_name(title, str(root), shown_root, room=_INSIDE, on_windows=on_windows)
        for number in range(1, _MOST_NAMES):
            name = project if number == 1 else f"{project}_{number}"
            shown_folder = f"{shown_root}{separator}{name}"
            order = Order(
                media.timeline, str(home / "draft"), name, shown_root, shown_folder, separator,
                _media_prefix(options, shown_folder, separator), media.files,
                json.dumps(owner["made_for"], sort_keys=True), job.submitted_at, has_cover,
            )  # fmt: skip
            final = root / name
            if await anyio.to_thread.run_sync(os.path.lexists, final):
                kept = await anyio.to_thread.run_sync(_ours, final, owner, order)
                if kept is not None:
                    return Draft(final, kept, ())
                continue
            await anyio.to_thread.run_sync(_lay_out, home, order, owner)
            built = await workers.call(build, order, timeout=options.timeout)
            report = await anyio.to_thread.run_sync(_verified, order)
            if await anyio.to_thread.run_sync(_place, Path(order.folder), final):
                warnings = tuple(
                    Text(
                        f"剪映没有字体“{wanted}”，草稿改用“{taken}”",
                        f'JianYing has no font "{wanted}", "{taken}" is used',
                    )
                    for wanted, taken in built.fonts.items()
                )
                return Draft(final, report, warnings)
            await anyio.to_thread.run_sync(_take_back, home, order)
    raise failure(Category.DRAFT_FOLDER, "草稿文件夹中同名草稿过多", "the draft folder is full of drafts of that name")


def _media_prefix(options: SynthesisOptions, shown_folder: str, separator: str) -> str:
    """What stands before a medium's name: the placeholder, which goes along when the draft's folder is moved, or the
    folder on the machine that was named."""
    if options.draft_media == "in_draft" and not options.draft_media_root:
        return f"{PLACEHOLDER}/{MEDIA_FOLDER}/"
    return separator.join((shown_folder, MEDIA_FOLDER, ""))


def draft_root(options: SynthesisOptions) -> Path:
    """The draft folder. It must exist: JianYing would never look into a folder made at a wrong path."""
    if not options.draft_folder_path:
        raise failure(Category.DRAFT_FOLDER, "没有配置 draft_folder_path", "draft_folder_path is not configured")
    root = Path(options.draft_folder_path).absolute()
    if not root.is_dir():
        raise failure(Category.DRAFT_FOLDER, f"草稿文件夹不存在：{root}", f"the draft folder does not exist: {root}")
    if not os.access(root, os.W_OK):
        raise failure(Category.DRAFT_FOLDER, f"草稿文件夹不可写：{root}", f"the draft folder cannot be written: {root}")
    return root


def workshops(options: SynthesisOptions, root: Path) -> list[Path]:
    """The folders in which a draft for `root` may be built, the better ones first: ours on the same volume, then `root`
    itself. Blocks."""
    volume = root.stat().st_dev
    ours = (options.media_dir.absolute().parent, options.output_dir.absolute())
    return [*(folder for folder in ours if folder.is_dir() and folder.stat().st_dev == volume), root]


def shown(options: SynthesisOptions, root: Path) -> tuple[str, str]:
    """The draft folder's path on the machine that will open the draft, and that machine's separator."""
    named = options.draft_media_root
    if not named:
        return str(root), os.sep
    windows = bool(PureWindowsPath(named).drive) or ("\\" in named and "/" not in named)
    trimmed = named.rstrip("\\/") or named
    return trimmed, "\\" if windows else "/"


async def _cover_picture(ffmpeg: Ffmpeg, timeline: Timeline, home: Path) -> bool:
    """Make the small picture for JianYing's list of drafts; a draft works without one."""
    source = timeline.cover.source if timeline.cover is not None else timeline.picture[0].source
    done = await ffmpeg.ask(
        ["-y", *SAFE_INPUT, "-i", source.path, "-frames:v", "1", "-update", "1",
         "-vf", ",".join(["scale=-2:640", *tone_map(source.hdr)]), "draft_cover.jpg"],
        cwd=home,
    )  # fmt: skip
    return done.returncode == 0


def _lay_out(home: Path, order: Order, owner: Mapping[str, Any]) -> None:
    folder = Path(order.folder)
    try:
        folder.mkdir()
        _move(home / "media", folder / MEDIA_FOLDER)
        if order.has_cover:
            _move(home / "draft_cover.jpg", folder / "draft_cover.jpg")
        text = json.dumps(owner, ensure_ascii=False, indent=2)
        (folder / OWNER_NAME).write_text(text, encoding="utf-8")
    except OSError as error:
        raise from_os_error(error, Category.DRAFT_FOLDER, folder.parent) from error


def _take_back(home: Path, order: Order) -> None:
    """Take the media back for the next attempt, since the name has been taken meanwhile."""
    folder = Path(order.folder)
    _move(folder / MEDIA_FOLDER, home / "media")
    if order.has_cover:
        _move(folder / "draft_cover.jpg", home / "draft_cover.jpg")
    remove_within(folder, home)


def _move(source: Path, target: Path) -> None:
    """Within our scratch folder."""
    persist(lambda: source.rename(target))


def _place(folder: Path, final: Path) -> bool:
    """One rename; False when the name has been taken meanwhile."""
    try:
        move_new(folder, final, final.parent, patience=_HELD)
    except FileExistsError:
        return False
    except OSError as error:
        if os.path.lexists(final):
            return False
        if error.errno == errno.EXDEV:
            raise _OtherVolumeError from error
        if is_in_use(error):
            raise failure(
                Category.SYNTHESIS,
                f"剪映或别的程序正占用草稿文件夹，草稿暂时放不进去：{final}",
                f"JianYing or another program holds the draft folder; the draft cannot be moved in: {final}",
            ) from error
        raise from_os_error(error, Category.DRAFT_FOLDER, final) from error
    return True


def _verified(order: Order) -> DraftReport:
    report = verify_draft(Path(order.folder), order.timeline, media_prefix=order.media_prefix)
    if report.faults:
        shown = "; ".join(report.faults[:3])
        raise failure(Category.SYNTHESIS, f"草稿校验未通过：{shown}", f"the draft is faulty: {shown}")
    return report


def _ours(final: Path, owner: Mapping[str, Any], order: Order) -> DraftReport | None:
    """The report on a finished draft that an earlier try of this very job left; None for anything else."""
    if is_link(final):
        return None
    try:
        found = read_json(read_own(final / OWNER_NAME, final, _MOST_BYTES))
        if found["recipe"] != owner["recipe"] or not is_of_the_same_execution(found["made_for"], owner["made_for"]):
            return None
        report = _verified(replace(order, folder=str(final)))
    except (OSError, ValueError, KeyError, TypeError, StepError):
        return None  # not ours, or changed since: it is left alone
    return report
