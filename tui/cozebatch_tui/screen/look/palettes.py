"""The colours of this program's own themes, for each kind of terminal: any colour, 256 of them, or 16.

The 256 are named by hand. A terminal that picks the nearest one itself turns dark grounds into navy and light greys
into darker ones. Of 16 colours only the first eight and their bright forms exist, and each terminal has its own idea of
them: there sign, word, bold and reversal carry the meaning, and a colour only helps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

Depth = Literal["true", "256", "16"]
"""How many colours a terminal shows."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours as `#rrggbb`. The grounds are `ground` to `good`, the stages `coze` to `attention`."""

    ground: str
    raised: str
    cursor: str
    blurred: str
    hover: str
    alert: str
    good: str
    text: str
    muted: str
    line: str
    rest: str
    """The part of a bar that is not filled."""
    coze: str
    film: str
    done: str
    waiting: str
    failed: str
    attention: str


def indexed(number: int) -> str:
    """Entry 16 to 255 of the 256 colours: a cube of six steps a side, then 24 greys. The first 16 differ from terminal
    to terminal."""
    if number >= 232:
        grey = 8 + 10 * (number - 232)
        return f"#{grey:02x}{grey:02x}{grey:02x}"
    steps = (0, 95, 135, 175, 215, 255)
    place = number - 16
    red, green, blue = steps[place // 36], steps[place // 6 % 6], steps[place % 6]
    return f"#{red:02x}{green:02x}{blue:02x}"


def _of_256(**numbers: int) -> Palette:
    return Palette(**{field.name: indexed(numbers[field.name]) for field in fields(Palette)})


DARK = Palette(
    ground="#14171c",
    raised="#1d222a",
    cursor="#22324a",
    blurred="#242a33",
    hover="#1b2028",
    alert="#3a2126",
    good="#17301f",
    text="#e6e9ee",
    muted="#98a2b1",
    line="#687485",
    rest="#262c35",
    coze="#5ab2ff",
    film="#c792ea",
    done="#5fcf80",
    waiting="#98a2b1",
    failed="#ff8080",
    attention="#ffb454",
)
LIGHT = Palette(
    ground="#f6f7f9",
    raised="#e9ecf0",
    cursor="#d3e4fa",
    blurred="#e2e6eb",
    hover="#eef1f4",
    alert="#fae3e0",
    good="#dcf1e2",
    text="#1b1f24",
    muted="#525b65",
    line="#7d868f",
    rest="#dde1e6",
    coze="#0a56a3",
    film="#7438a8",
    done="#17602e",
    waiting="#525b65",
    failed="#ad2018",
    attention="#7d4a00",
)
HIGH_CONTRAST = Palette(
    ground="#000000",
    raised="#000000",
    cursor="#003a80",
    blurred="#303030",
    hover="#202020",
    alert="#500000",
    good="#003000",
    text="#ffffff",
    muted="#d0d0d0",
    line="#ffffff",
    rest="#303030",
    coze="#5fd7ff",
    film="#ff9fff",
    done="#00ff5f",
    waiting="#d0d0d0",
    failed="#ff9090",
    attention="#ffff00",
)
COLOUR_BLIND_DARK = Palette(
    ground="#14171c",
    raised="#1d222a",
    cursor="#22324a",
    blurred="#242a33",
    hover="#1b2028",
    alert="#3d2a14",
    good="#16293d",
    text="#e6e9ee",
    muted="#98a2b1",
    line="#687485",
    rest="#262c35",
    coze="#c8ccd2",
    film="#f0e442",
    done="#56b4e9",
    waiting="#98a2b1",
    failed="#f58a3c",
    attention="#ffd28a",
)
COLOUR_BLIND_LIGHT = Palette(
    ground="#f6f7f9",
    raised="#e9ecf0",
    cursor="#d3e4fa",
    blurred="#e2e6eb",
    hover="#eef1f4",
    alert="#fbe8d3",
    good="#dbeaf7",
    text="#1b1f24",
    muted="#525b65",
    line="#7d868f",
    rest="#dde1e6",
    coze="#3d444d",
    film="#6b5b00",
    done="#005a94",
    waiting="#525b65",
    failed="#9a3d00",
    attention="#7a4b00",
)

_DARK_256 = _of_256(
    ground=233,
    raised=235,
    cursor=237,
    blurred=236,
    hover=234,
    alert=52,
    good=235,
    text=254,
    muted=248,
    line=243,
    rest=236,
    coze=75,
    film=177,
    done=78,
    waiting=248,
    failed=210,
    attention=215,
)
_LIGHT_256 = _of_256(
    ground=231,
    raised=254,
    cursor=195,
    blurred=254,
    hover=255,
    alert=224,
    good=194,
    text=234,
    muted=240,
    line=243,
    rest=253,
    coze=25,
    film=91,
    done=22,
    waiting=240,
    failed=124,
    attention=58,
)
_HIGH_CONTRAST_256 = _of_256(
    ground=16,
    raised=16,
    cursor=18,
    blurred=236,
    hover=234,
    alert=52,
    good=22,
    text=231,
    muted=252,
    line=231,
    rest=236,
    coze=81,
    film=219,
    done=47,
    waiting=252,
    failed=217,
    attention=226,
)
_COLOUR_BLIND_DARK_256 = _of_256(
    ground=233,
    raised=235,
    cursor=237,
    blurred=236,
    hover=234,
    alert=52,
    good=235,
    text=254,
    muted=248,
    line=243,
    rest=236,
    coze=252,
    film=227,
    done=74,
    waiting=248,
    failed=209,
    attention=223,
)
_COLOUR_BLIND_LIGHT_256 = _of_256(
    ground=231,
    raised=254,
    cursor=195,
    blurred=254,
    hover=255,
    alert=230,
    good=195,
    text=234,
    muted=240,
    line=243,
    rest=253,
    coze=238,
    film=58,
    done=24,
    waiting=240,
    failed=88,
    attention=94,
)

_DARK_16 = Palette(
    ground="#000000",
    raised="#000000",
    cursor="#000000",
    blurred="#000000",
    hover="#000000",
    alert="#000000",
    good="#000000",
    text="#ffffff",
    muted="#aaaaaa",
    line="#aaaaaa",
    rest="#000000",
    coze="#55ffff",
    film="#ff55ff",
    done="#55ff55",
    waiting="#aaaaaa",
    failed="#ff5555",
    attention="#ffff55",
)
_LIGHT_16 = Palette(
    ground="#ffffff",
    raised="#ffffff",
    cursor="#ffffff",
    blurred="#ffffff",
    hover="#ffffff",
    alert="#ffffff",
    good="#ffffff",
    text="#000000",
    muted="#555555",
    line="#555555",
    rest="#ffffff",
    coze="#0000aa",
    film="#aa00aa",
    done="#000000",
    waiting="#555555",
    failed="#aa0000",
    attention="#aa0000",
)

PALETTES: Mapping[str, Mapping[Depth, Palette]] = {
    "cozebatch-dark": {"true": DARK, "256": _DARK_256, "16": _DARK_16},
    "cozebatch-light": {"true": LIGHT, "256": _LIGHT_256, "16": _LIGHT_16},
    "high-contrast": {"true": HIGH_CONTRAST, "256": _HIGH_CONTRAST_256, "16": _DARK_16},
    "colour-blind-dark": {"true": COLOUR_BLIND_DARK, "256": _COLOUR_BLIND_DARK_256, "16": _DARK_16},
    "colour-blind-light": {"true": COLOUR_BLIND_LIGHT, "256": _COLOUR_BLIND_LIGHT_256, "16": _LIGHT_16},
}
"""For each theme of ours its palettes."""
