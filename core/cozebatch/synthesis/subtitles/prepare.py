"""Prepares the texts of a timeline: chooses fonts that have all glyphs, and writes the ASS file beside them."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from xml.sax.saxutils import escape

from cozebatch.model.text import Text
from cozebatch.synthesis.compose.emoji import visible
from cozebatch.synthesis.compose.timeline import Run, TextClip, Timeline
from cozebatch.synthesis.subtitles import ass
from cozebatch.synthesis.subtitles.fonts import Choice, Fonts
from cozebatch.synthesis.subtitles.opentype import Face

ASS_NAME = "texts.ass"
FONTS_NAME = "fonts"
_CONF_NAME = "fonts.conf"
_CACHE_NAME = "cache"
_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class PreparedSubtitles:
    """The timeline as it will be drawn, without emoji that no font has, and warnings."""

    timeline: Timeline
    warnings: tuple[Text, ...]


def prepare_subtitles(timeline: Timeline, fonts: Fonts, folder: Path) -> PreparedSubtitles:
    """Write `texts.ass` and `fonts/` into `folder`, none for a timeline without texts.

    Raises `StepError` (`synthesis`) when a character has no glyph anywhere, before anything is rendered.
    """
    timeline, gone = _drawable(timeline, fonts)
    warnings: list[Text] = []
    if gone:
        shown = " ".join(visible(sign) for sign in gone[:_MOST_NAMED]) + (" …" if len(gone) > _MOST_NAMED else "")
        warnings.append(
            Text(
                f"成片里略去了本机字体画不出的表情（安装 Noto Emoji 等表情字体就能画）：{shown}",
                f"the film lacks emoji that no font here can draw (Noto Emoji, for one, can): {shown}",
            )
        )
    chosen: dict[TextClip, Choice] = {}
    for clip in timeline.texts:
        chosen[clip] = fonts.choose(clip.look.font, clip.text)
        warning = chosen[clip].warning
        if warning is not None and warning not in warnings:
            warnings.append(warning)
    if chosen:
        (folder / ASS_NAME).write_text(ass.write(timeline, chosen.__getitem__), encoding="utf-8")
        _lay_out(
            {face for choice in chosen.values() for face in (choice.face, *choice.substitutes)}, folder / FONTS_NAME
        )
    return PreparedSubtitles(timeline, tuple(warnings))


def fonts_environment(folder: Path) -> dict[str, str]:
    """What makes fontconfig see the fonts in `folder` alone: it is spared looking through the system's, draws the
    same everywhere, and writes its cache nowhere else."""
    return {"FONTCONFIG_FILE": str(folder.absolute() / _CONF_NAME)} if (folder / _CONF_NAME).exists() else {}


def _drawable(timeline: Timeline, fonts: Fonts) -> tuple[Timeline, list[str]]:
    """The timeline with texts that can be drawn, and the emoji that were left out, each once."""
    gone: dict[str, None] = {}
    kept: list[TextClip] = []
    for clip in timeline.texts:
        lines = []
        for line in clip.lines:
            runs: list[Run] = []
            for run in line:
                text, missing = fonts.drawable(run.text)
                gone |= dict.fromkeys(missing)
                if not runs and missing:
                    text = text.lstrip()
                if text:
                    runs.append(replace(run, text=text))
            if any(run.text.strip() for run in runs):
                lines.append(tuple(runs))
        if lines:
            kept.append(replace(clip, lines=tuple(lines)))
    return replace(timeline, texts=tuple(kept)), list(gone)


def _lay_out(used: set[Face], folder: Path) -> None:
    """Copy only the fonts that are used: libass reads every file in the folder."""
    folder.mkdir()
    (folder / _CACHE_NAME).mkdir()
    where, cache = escape(str(folder.absolute())), escape(str(folder.absolute() / _CACHE_NAME))
    conf = f'<?xml version="1.0"?><fontconfig><dir>{where}</dir><cachedir>{cache}</cachedir></fontconfig>\n'
    (folder.parent / _CONF_NAME).write_text(conf, encoding="utf-8")
    for number, path in enumerate(_unique(sorted(face.path for face in used))):
        place = folder / f"{number}{path.suffix}"
        try:
            place.symlink_to(path)
        except OSError:
            shutil.copyfile(path, place)


def _unique(paths: Sequence[Path]) -> list[Path]:
    return list(dict.fromkeys(paths))
