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
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from cozebatch.model.errors import Category, StepError
from cozebatch.model.text import Text
from cozebatch.synthesis.compose.emoji import SIGN, asks_for_picture, is_emoji, visible
from cozebatch.synthesis.failures import failure
from cozebatch.synthesis.subtitles.drawable import Drawable
from cozebatch.synthesis.subtitles.opentype import Face, faces
from cozebatch.synthesis.subtitles.pictures import picture_face

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
NO_GLYPH = "font"
"""Code of the error for characters that no font of a machine has; another machine may have one."""
_SAME_DESIGN = (("Source Han Sans SC", "Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans CN"),)


@dataclass(frozen=True, slots=True)
class Choice:
    """The face for a text, faces for the characters it lacks, and a warning."""

    face: Face
    substitutes: tuple[Face, ...]
    warning: Text | None = None
    pictures: tuple[Face, ...] = ()
    """Fonts of coloured emoji, for those that no other face here is to draw."""

    def pieces(self, text: str) -> Iterator[tuple[Face, str]]:
        """`text` cut where its face changes; an emoji of several characters stays whole. What is invisible and not in
        the face is left out: libass would look for it elsewhere."""
        for face, signs in groupby(SIGN.findall(text), self._face_of):
            yield face, "".join(c for sign in signs for c in sign if c in visible(sign) or face.covers(c))

    def _face_of(self, sign: str) -> Face:
        outlines = by_taste(sign, (self.face, *self.substitutes))
        picture = picture_face(sign, self.pictures)
        if picture is not None and (asks_for_picture(sign) or not any(face.covers(drawn(sign)) for face in outlines)):
            return picture
        return next((face for face in outlines if face.covers(visible(sign))), self.face)


class Fonts:
    """The fonts found on this machine. Looking through them takes a while once; call it from a worker thread."""

    def __init__(self, found: Sequence[Face]) -> None:
        self._pictures = tuple(face for face in found if face.pictures)
        found = [face for face in found if not face.pictures]
        self._faces = sorted(found, key=lambda face: face.bold)
        self._drawable = Drawable(self._faces, self._pictures)
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
        signs = [sign for sign in SIGN.findall(text) if drawn(sign)]
        first = next((sign for sign in signs if not is_emoji(sign)), "字")
        if face is None or not face.covers(drawn(first)):
            near = self._nearest(wanted)
            if near is None:
                raise no_chinese_font()
            if face is None and wanted:
                warning = Text(
                    f"本机没有字体“{wanted}”，改用“{near.family}”",
                    f'font "{wanted}" is not installed, "{near.family}" is used',
                )
            face = near
        substitutes: list[Face] = []
        lacking: list[str] = []
        for sign in dict.fromkeys(signs):
            ordered = by_taste(sign, (face, *substitutes, *self._chinese, *self._faces))
            found = next((other for other in ordered if other.covers(drawn(sign))), None)
            if found is None and picture_face(sign, self._pictures) is None:
                lacking.append(sign)
            elif found is None:
                continue
            elif found is not face and found not in substitutes:
                substitutes.append(found)
        if lacking:
            raise _no_glyph("".join(lacking))
        return Choice(face, tuple(substitutes), warning, self._pictures)

    def drawable(self, text: str) -> tuple[str, list[str]]:
        """See `Drawable.of`."""
        return self._drawable.of(text)

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


def by_taste(sign: str, faces: Sequence[Face]) -> Sequence[Face]:
    """The faces in the order in which they are asked for a sign: emoji fonts first where it is to be a picture, and
    last for all others."""
    picture = is_emoji(sign) and asks_for_picture(sign)
    return sorted(faces, key=lambda face: face.is_emoji is not picture)


def drawn(sign: str) -> str:
    """The characters of a sign that need a glyph."""
    if is_emoji(sign):
        return visible(sign)
    return "".join(c for c in sign if unicodedata.category(c)[0] not in "CZ" and unicodedata.category(c) != "Mn")


def no_chinese_font() -> StepError:
    return failure(
        Category.SYNTHESIS,
        "本机没有中文字体，无法绘制字幕",
        "this machine has no font with Chinese characters, captions cannot be drawn",
        hint=Text(
            "安装中文字体（如思源黑体），或 pip install noto-cjk-sans-otc，再免费重试。",
            "Install a Chinese font, such as Noto Sans CJK; or pip install noto-cjk-sans-otc. Then retry for free.",
        ),
    )


def _no_glyph(missing: str) -> StepError:
    shown = " ".join(f"{c} (U+{ord(c):04X})" for c in missing[:8])
    return failure(
        Category.SYNTHESIS,
        f"没有字体能显示这些字符：{shown}",
        f"no font here has these characters: {shown}",
        hint=Text(
            "安装包含这些字符的字体，或修改文案，再免费重试。",
            "Install a font that has them, or change the text, then retry for free.",
        ),
        code=NO_GLYPH,
    )


@functools.cache
def installed() -> Fonts:
    """The fonts of this machine, looked through once per process."""
    return Fonts([face for path in _files(_folders()) for face in faces(path)])


def look_again_if_lacking() -> None:
    """Forget that no Chinese font was found: one may have been installed meanwhile."""
    if installed().chinese is None:
        installed.cache_clear()


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
