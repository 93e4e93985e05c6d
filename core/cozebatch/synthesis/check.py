"""The part of `check` about synthesis: folders, free space, tools, fonts, templates and the files they name."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread

from cozebatch.disk.places import is_link
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.errors import StepError, UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.text import Text
from cozebatch.synthesis.analyse.probe import probe
from cozebatch.synthesis.compose import styles
from cozebatch.synthesis.draft.folder import Source, own_draft_folder
from cozebatch.synthesis.failures import existing_parent
from cozebatch.synthesis.options import SynthesisOptions
from cozebatch.synthesis.process import ffmpeg as ffmpeg_
from cozebatch.synthesis.subtitles import fonts

LITTLE_SPACE = 5_000_000_000
NO_SPACE = 200_000_000

_DRAFTS = Text("剪映草稿文件夹", "JianYing draft folder")
_OUTPUT = Text("输出文件夹", "output folder")
_MEDIA = Text("素材缓存文件夹", "folder for downloads")
_FFMPEG = Text("ffmpeg", "ffmpeg")
_FONT = Text("中文字体", "Chinese font")
_STYLES = Text("template_config", "template_config")
_MUSIC = Text("背景音乐", "background music")
_COMMAND = Text("synthesis.command", "synthesis.command")
_LIBRARY = Text("pyJianYingDraft", "pyJianYingDraft")
_KNOWN_TO_OPEN = Text("5.9、10.8（Windows）和 11.2、11.4（macOS）", "5.9, 10.8 (Windows) and 11.2, 11.4 (macOS)")
"""docs/drafts.md §1."""
_SOURCES: Mapping[Source, Text] = {
    "registry": Text("剪映在注册表中的设置", "JianYing's entry in the registry"),
    "settings": Text("剪映的设置文件", "JianYing's settings file"),
    "usual": Text("剪映的默认位置", "JianYing's usual place"),
}


async def check_synthesis(options: SynthesisOptions) -> list[CheckItem]:
    """Check everything the mode needs, without making anything. Findings are items, not exceptions."""
    if options.mode == "none":
        return []
    items = [await anyio.to_thread.run_sync(_folder, _MEDIA, options.media_dir, True)]
    if options.mode != "draft":
        items.append(await anyio.to_thread.run_sync(_folder, _OUTPUT, options.output_dir, True))
    if options.mode in ("draft", "both"):
        items.append(await anyio.to_thread.run_sync(_draft_folder, options))
        items.append(await anyio.to_thread.run_sync(_library))
    if options.mode == "command":
        return [*items, _command(options)]
    items.append(await _tool(options))
    if options.mode in ("video", "both"):
        items.append(await anyio.to_thread.run_sync(_font))
    items += await _templates(options)
    if options.background_music_path and options.background_music_volume > 0:
        items.append(await _file(_MUSIC, options, options.background_music_path))
    return items


def _folder(subject: Text, folder: Path, may_be_made: bool) -> CheckItem:
    here = existing_parent(folder.absolute()) if may_be_made else folder
    if subject is _MEDIA and is_link(folder):
        return _fail(subject, f"是链接，不会写入：{folder}", f"is a link, which is not written through: {folder}")
    if here.exists() and not here.is_dir():
        return _fail(subject, f"是文件，不是文件夹：{here}", f"is a file, not a folder: {here}")
    if not here.is_dir():
        return _fail(subject, f"不存在：{folder}", f"does not exist: {folder}")
    try:
        with tempfile.TemporaryFile(dir=here):
            pass
    except OSError as error:
        why = os_reason(error)
        return _fail(subject, f"不可写：{here}（{why.zh}）", f"cannot be written: {here} ({why.en})")
    free = shutil.disk_usage(here).free
    zh, en = f"{folder}，剩余 {free / 1e9:.1f} GB", f"{folder}, {free / 1e9:.1f} GB free"
    if free < NO_SPACE:
        return _fail(subject, f"磁盘已满：{zh}。请腾出空间", f"the disk is full: {en}. Make room there")
    if free < LITTLE_SPACE:
        return CheckItem(Level.WARN, subject, Text(f"空间不多：{zh}", f"little space: {en}"))
    return CheckItem(Level.OK, subject, Text(zh, en))


def _draft_folder(options: SynthesisOptions) -> CheckItem:
    if not options.draft_folder_path:
        return _fail(
            _DRAFTS,
            "没有配置 draft_folder_path：填剪映“草稿位置”的文件夹，或把 synthesis.mode 设为 video",
            'draft_folder_path is not configured: give JianYing\'s draft folder, or set synthesis.mode to "video"',
        )
    folder = Path(options.draft_folder_path)
    item = _folder(_DRAFTS, folder, False)
    own = own_draft_folder()
    if options.draft_media_root is not None or own is None:  # the drafts are for another machine
        return item
    source = _SOURCES[own.source]
    if _same(folder, own.path):
        return replace(item, text=Text(f"{item.text.zh}（{source.zh}）", f"{item.text.en} ({source.en})"))
    if not own.path.is_dir() or own.source == "usual":
        return item
    level = Level.WARN if item.level is Level.OK else item.level
    return replace(
        item,
        level=level,
        text=Text(
            f"{item.text.zh}。剪映自己用的是 {own.path}（{source.zh}）：在别处的草稿，剪映不会列出来",
            f"{item.text.en}. JianYing itself uses {own.path} ({source.en}): it does not list drafts elsewhere",
        ),
    )


def _same(one: Path, other: Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except OSError:
        return os.path.normcase(os.path.abspath(one)) == os.path.normcase(os.path.abspath(other))


def _library() -> CheckItem:
    import importlib.metadata

    try:
        version = importlib.metadata.version("pyjianyingdraft")
    except importlib.metadata.PackageNotFoundError:
        return _fail(_LIBRARY, "没有安装：pip install pyjianyingdraft", "is not installed: pip install pyjianyingdraft")
    return CheckItem(
        Level.OK,
        _LIBRARY,
        Text(
            f"{version}，草稿能用剪映 {_KNOWN_TO_OPEN.zh}打开。"
            "新草稿要在剪映里打开别的草稿再退回，或重启剪映，才会列出",
            f"{version}, drafts are known to open in JianYing {_KNOWN_TO_OPEN.en}. "
            "It lists a new one after another was opened and closed, or after a restart",
        ),
    )


def _command(options: SynthesisOptions) -> CheckItem:
    if not options.command:
        return _fail(_COMMAND, "mode 为 command 时必须填写", "must be given when mode is command")
    program = options.command[0]
    if not (shutil.which(program) or (os.path.dirname(program) and os.access(program, os.X_OK))):
        return _fail(_COMMAND, f"找不到程序 {program}", f"the program {program} was not found")
    return CheckItem(Level.OK, _COMMAND, Text.same(program))


async def _tool(options: SynthesisOptions) -> CheckItem:
    try:
        tool = await ffmpeg_.find(options.ffmpeg, options.child_environment())
        listed: list[str] = []
        done = await tool.ask(["-filters"], cwd=Path.home(), on_line=listed.append)
    except StepError as error:
        return CheckItem(Level.FAIL, _FFMPEG, error.info.message)
    except OSError as error:
        why = os_reason(error)
        return _fail(_FFMPEG, f"无法运行：{why.zh}", f"cannot be run: {why.en}")
    if done.returncode != 0:
        return _fail(_FFMPEG, f"无法运行：{tool.path}", f"cannot be run: {tool.path}")
    if not any(line.split()[1:2] == ["ass"] for line in listed):
        return _fail(_FFMPEG, "这个 ffmpeg 不带 libass，无法绘制字幕", "this ffmpeg lacks libass: no captions")
    return CheckItem(Level.OK, _FFMPEG, Text.same(Path(tool.path).name))


def _font() -> CheckItem:
    face = fonts.installed().chinese
    if face is None:
        info = fonts.no_chinese_font().info
        return _fail(_FONT, f"{info.message.zh}。{info.hint.zh}", f"{info.message.en}. {info.hint.en}")
    return CheckItem(Level.OK, _FONT, Text.same(face.family))


async def _templates(options: SynthesisOptions) -> Sequence[CheckItem]:
    try:
        read = styles.parse(options.template_config)
    except UsageError as error:
        return [CheckItem(Level.FAIL, _STYLES, complaint) for complaint in error.complaints]
    items = [CheckItem(Level.WARN, _STYLES, warning) for warning in read.warnings]
    known = await anyio.to_thread.run_sync(fonts.installed) if options.mode in ("video", "both") else None
    for style in read.by_key.values():
        if style.cover_background and style.cover_enabled:
            subject = Text(f"封面底图（{style.name}）", f"cover ({style.name})")
            items.append(await _file(subject, options, style.cover_background))
        if known is not None and known.chinese is not None:
            looks = (style.title, style.subtitle, style.english, style.cover_title, style.cover_subtitle)
            items += await anyio.to_thread.run_sync(_missing_fonts, known, [look.font for look in looks])
    return list(dict.fromkeys(items))


def _missing_fonts(known: fonts.Fonts, wanted: Sequence[str]) -> list[CheckItem]:
    warnings = [known.choose(name, "字").warning for name in wanted]
    return [CheckItem(Level.WARN, _STYLES, warning) for warning in warnings if warning is not None]


async def _file(subject: Text, options: SynthesisOptions, path: str) -> CheckItem:
    if not await anyio.Path(path).is_file():
        return _fail(subject, f"文件不存在：{path}", f"the file does not exist: {path}")
    try:
        tool = await ffmpeg_.find(options.ffmpeg, options.child_environment())
        await probe(tool, Path(await anyio.Path(path).absolute()))
    except StepError as error:
        return CheckItem(Level.FAIL, subject, error.info.message)
    return CheckItem(Level.OK, subject, Text.same(path))


def _fail(subject: Text, zh: str, en: str) -> CheckItem:
    return CheckItem(Level.FAIL, subject, Text(zh, en))
