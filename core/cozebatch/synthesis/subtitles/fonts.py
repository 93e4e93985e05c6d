"""Chooses the font of a text: the wanted one, else the nearest, never one that lacks its characters.

Fonts are looked for in the system's folders and in the open `noto-cjk-sans-otc` package. Renderers get files and
family names, so that the film does not depend on how the system matches fonts.
"""

from __future__ import annotations

import difflib
import functools
import os
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cozebatch.model.errors import Category, StepError
from cozebatch.model.text import Text
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.subtitles.opentype import Face, faces

CHINESE_SAMPLE = "的一是不了人我在有他这为之大来，。！？：“”一二三四五六七八九十这说买贵东"
_PREFERRED = (
    "Source Han Sans SC",
    "Source Han Sans CN",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "Hiragino Sans GB",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "SimHei",
    "Heiti SC",
    "STHeiti",
)
"""Chinese fonts by how well they read on a phone; a heavier one is made by the renderer's own bold."""

_ALIASES = {
    "思源黑体": "Source Han Sans SC",
    "思源宋体": "Source Han Serif SC",
    "微软雅黑": "Microsoft YaHei",
    "苹方": "PingFang SC",
    "黑体": "SimHei",
    "宋体": "SimSun",
    "楷体": "KaiTi",
    "仿宋": "FangSong",
}
_SAME_DESIGN = (("Source Han Sans SC", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans CN"),)


@dataclass(frozen=True, slots=True)
class Choice:
    """The face for a text, faces for the characters it lacks, and a warning."""

    face: Face
    substitutes: tuple[Face, ...]
    warning: Text | None = None

    def face_of(self, char: str) -> Face:
        return next((face for face in (self.face, *self.substitutes) if face.covers(char)), self.face)


class Fonts:
    """The fonts found on this machine. Looking through them takes a while once; call it from a worker thread."""

    def __init__(self, found: Sequence[Face]) -> None:
        self._faces = found
        self._chinese = [face for face in found if face.covers(CHINESE_SAMPLE)] if found else []

    @property
    def chinese(self) -> Face | None:
        """The best Chinese font there is, None without any."""
        for family in _PREFERRED:
            for face in self._chinese:
                if family in face.names and not face.bold:
                    return face
        return self._chinese[0] if self._chinese else None

    def choose(self, wanted: str, text: str) -> Choice:
        """A font for `text`, `wanted` where it is installed. Raises `StepError` (`synthesis`) naming the characters
        for which this machine has no glyph at all, or when it has no Chinese font."""
        face = self._named(wanted)
        warning = None
        if face is None or not face.covers(drawn(text)[:1]):
            near = self._nearest(wanted)
            if near is None:
                raise no_chinese_font()
            if face is None and wanted:
                warning = Text(
                    f"本机没有字体“{wanted}”，改用“{near.family}”",
                    f'font "{wanted}" is not installed, "{near.family}" is used',
                )
            face = near
        missing = face.missing(drawn(text))
        substitutes: list[Face] = []
        while missing:
            other = max(self._faces, key=lambda f: len(missing) - len(f.missing(missing)), default=None)
            left = missing if other is None else other.missing(missing)
            if other is None or left == missing:
                raise _no_glyph(missing)
            substitutes.append(other)
            missing = left
        return Choice(face, tuple(substitutes), warning)

    def without_unknown_emoji(self, text: str) -> tuple[str, str]:
        """`text` without the emoji no font here can draw, and what was left out. Words are never left out."""
        gone = {c for c in text if is_emoji(c) and not any(face.covers(c) for face in self._faces)}
        if not gone:
            return text, ""
        kept = "".join(c for c in text if c not in gone and unicodedata.category(c) not in ("Cf", "Mn"))
        return " ".join(kept.split(" ")).strip(), "".join(sorted(gone))

    def _named(self, wanted: str) -> Face | None:
        for name in (wanted, _ALIASES.get(wanted, "")):
            alike = next((group for group in _SAME_DESIGN if name in group), (name,))
            for candidate in dict.fromkeys((name, *alike)):
                for face in self._faces:
                    if candidate and candidate.casefold() in (known.casefold() for known in face.names):
                        return face
        return None

    def _nearest(self, wanted: str) -> Face | None:
        by_name = {name: face for face in self._chinese for name in face.names}
        near = difflib.get_close_matches(wanted, by_name, 1, 0.75)
        return by_name[near[0]] if near else self.chinese


def drawn(text: str) -> str:
    """The characters of `text` that need a glyph."""
    return "".join(c for c in text if unicodedata.category(c)[0] not in "CZ" and unicodedata.category(c) != "Mn")


def is_emoji(char: str) -> bool:
    code = ord(char)
    return 0x1F000 <= code <= 0x1FAFF or 0x2600 <= code <= 0x27BF or 0x2B00 <= code <= 0x2BFF or code == 0xFE0F


def no_chinese_font() -> StepError:
    return failure(
        Category.SYNTHESIS,
        "本机没有中文字体，无法绘制字幕",
        "this machine has no font with Chinese characters, captions cannot be drawn",
        hint=Text(
            "安装任一中文字体（如思源黑体），或 pip install noto-cjk-sans-otc，再重试（免费）。",
            "Install a Chinese font (for example Noto Sans CJK), or pip install noto-cjk-sans-otc, then retry (free).",
        ),
    )


def _no_glyph(missing: str) -> StepError:
    shown = " ".join(f"{c} (U+{ord(c):04X})" for c in missing[:8])
    return failure(
        Category.SYNTHESIS,
        f"没有字体能显示这些字符：{shown}",
        f"no font here has these characters: {shown}",
        hint=Text(
            "安装包含这些字符的字体，或修改文案，再重试（免费）。",
            "Install a font that has them, or change the text, then retry (free).",
        ),
    )


@functools.cache
def installed() -> Fonts:
    """The fonts of this machine, looked through once per process."""
    return Fonts([face for path in _files(_folders()) for face in faces(path)])


def _files(folders: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for folder in folders:
        for base, _, names in os.walk(folder):
            found += [Path(base, name) for name in names if name.lower().endswith((".ttf", ".otf", ".ttc", ".otc"))]
    return sorted(found)


def _folders() -> list[Path]:
    home = Path.home()
    folders: list[Path] = []
    if sys.platform == "win32":
        folders.append(Path(os.environ.get("WINDIR", r"C:\Windows"), "Fonts"))
        if local := os.environ.get("LOCALAPPDATA"):
            folders.append(Path(local, "Microsoft", "Windows", "Fonts"))
    elif sys.platform == "darwin":
        folders += [Path("/System/Library/Fonts"), Path("/Library/Fonts"), home / "Library/Fonts"]
    else:
        folders += [Path("/usr/share/fonts"), Path("/usr/local/share/fonts")]
        folders += [home / ".local/share/fonts", home / ".fonts"]
    packaged = _packaged()
    return [folder for folder in (*folders, *packaged) if folder.is_dir()]


def _packaged() -> list[Path]:
    try:
        import noto_cjk_sans_otc
    except ImportError:
        return []
    return [Path(str(noto_cjk_sans_otc.FONT_PATH)).parent]
