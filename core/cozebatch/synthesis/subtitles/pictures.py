"""Turns emoji that a font holds as coloured pictures into shapes that libass can draw.

libass draws outlines only; Pillow draws the pictures of Noto Color Emoji and Apple Color Emoji. A picture becomes a few
layers of one colour each, every layer covering all that lies above it, so that no seam shows between them.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cozebatch.synthesis.compose.emoji import is_emoji, visible
from cozebatch.synthesis.subtitles.opentype import Face

GRID = 64
"""A picture's sides in units of its shapes."""
EMPTY = f"m 0 0 l 0 0 0 0 m {GRID} {GRID} l {GRID} {GRID} {GRID} {GRID}"
"""A shape without area that is as large as a picture."""
_COLOURS = 12
_SMILE = "\U0001f600"
_WIDEST = 1.3
"""How wide one sign is, in em: 1.25 in Noto Color Emoji, 1 in Apple Color Emoji."""
_SIZES = (109, 160, 136, 128, 96, 64)
"""Pixels: fonts of pictures have a few sizes only. Noto Color Emoji has 109, Apple Color Emoji 160 and 96."""


@dataclass(frozen=True, slots=True)
class Layer:
    """`color` is `#RRGGBB`, `shape` a drawing in ASS's words, on a square of `GRID` units."""

    color: str
    shape: str


def picture_face(sign: str, fonts: Sequence[Face]) -> Face | None:
    """The first of the fonts of pictures that has this emoji as one sign."""
    if not fonts or not is_emoji(sign):
        return None
    return next((face for face in fonts if face.covers(visible(sign)) and layers(face.path, face.index, sign)), None)


@functools.lru_cache(maxsize=512)
def layers(path: Path, index: int, sign: str) -> tuple[Layer, ...]:
    """The layers of an emoji from bottom to top; none if the font has no picture of it as one sign."""
    small = _picture(path, index, sign)
    if small is None:
        return ()
    from PIL import Image

    solid = [alpha >= 128 for alpha in small.getchannel("A").tobytes()]
    if not any(solid):
        return ()
    flat = Image.new("RGB", small.size, _mean(small, solid))
    flat.paste(small, mask=small.getchannel("A"))
    reduced = flat.quantize(_COLOURS)
    palette = reduced.getpalette() or []
    places = reduced.tobytes()
    used = [place for place, is_solid in zip(places, solid, strict=True) if is_solid]
    order = sorted(set(used), key=lambda colour: -used.count(colour))
    rank = {colour: number for number, colour in enumerate(order)}
    heights = [rank[place] if is_solid else -1 for place, is_solid in zip(places, solid, strict=True)]
    return tuple(
        Layer("#{:02X}{:02X}{:02X}".format(*palette[3 * colour : 3 * colour + 3]), _shape(heights, number))
        for number, colour in enumerate(order)
    )


def _picture(path: Path, index: int, sign: str) -> Any:
    """The emoji on a square of `GRID` pixels; None if it is not one sign, or the font is damaged."""
    font = _font(path, index)
    if font is None:
        return None
    from PIL import Image, ImageDraw

    try:
        side = round(font.getlength(sign))
        if not 0 < side <= _WIDEST * font.size:
            return None
        box = font.getbbox(sign)
        picture = Image.new("RGBA", (side, side))
        ImageDraw.Draw(picture).text((0, (side - box[3] - box[1]) / 2), sign, font=font, embedded_color=True)
    except (OSError, ValueError):
        return None
    return picture.resize((GRID, GRID), Image.Resampling.LANCZOS)


def _mean(picture: Any, solid: list[bool]) -> tuple[int, int, int]:
    """The colour that half-transparent edges are laid on."""
    data = picture.tobytes()
    chosen = [data[4 * at : 4 * at + 3] for at, is_solid in enumerate(solid) if is_solid]
    red, green, blue = (sum(pixel[channel] for pixel in chosen) // len(chosen) for channel in range(3))
    return red, green, blue


def _shape(heights: list[int], least: int) -> str:
    """Rectangles over all places at least so high, equal runs below one another joined; and two points without area
    in the corners, so that all layers are equally large."""
    found = [EMPTY]
    open_runs: dict[tuple[int, int], int] = {}
    for y in range(GRID + 1):
        row = [height >= least for height in heights[y * GRID : (y + 1) * GRID]]
        runs = set(_runs(row))
        for run in [run for run in open_runs if run not in runs]:
            top = open_runs.pop(run)
            found.append(f"m {run[0]} {top} l {run[1]} {top} {run[1]} {y} {run[0]} {y}")
        for run in runs:
            open_runs.setdefault(run, y)
    return " ".join(found)


def _runs(row: list[bool]) -> list[tuple[int, int]]:
    edges = [x for x in range(len(row)) if row[x] != (x > 0 and row[x - 1])]
    edges += [len(row)] if row and row[-1] else []
    return list(zip(edges[::2], edges[1::2], strict=True))


@functools.lru_cache(maxsize=16)
def _font(path: Path, index: int) -> Any:
    """The font as Pillow reads it, in the size in which it holds pictures; None where there is none."""
    try:
        from PIL import ImageFont
    except ImportError:
        return None
    for size in _SIZES:
        try:
            font = ImageFont.truetype(str(path), size, index)
            if _is_coloured(font):
                return font
        except (OSError, ValueError):
            continue
    return None


def _is_coloured(font: Any) -> bool:
    """Whether a smile has colours. In other sizes than its own, a font of pictures may show an empty outline."""
    from PIL import Image, ImageDraw

    side = round(2 * font.size)
    picture = Image.new("RGB", (side, side))
    ImageDraw.Draw(picture).text((0, 0), _SMILE, font=font, embedded_color=True)
    pixels = picture.tobytes()
    return any(pixels[at] != pixels[at + 2] for at in range(0, len(pixels), 3))
