"""The last step before the terminal: what is drawn is put into the signs and colours that the terminal has.

Widgets draw in Unicode and in theme colours. These filters see every line of every widget, Textual's own too.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import cell_len
from rich.color import Color as RichColor
from rich.color import ColorType
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

from cozebatch_tui.screen.look.palettes import indexed

_BOXES = {
    "-": "─━╌═▔▁▂⎺⎻⎼⎽–—",
    "|": "│┃║▏▎▕▐▊▌",
    "+": "╭╮╰╯┌┐└┘├┤┬┴┼┏┓┗┛╔╗╚╝▛▜▙▟",
    "#": "█▇▆▅▄▃▀▋▉▍",
    ">": "▶▸→",
    "<": "◀",
    "v": "▼↓",
    "^": "▲↑",
    "*": "•●",
    ".": "…·",
    "x": "✖✕×",
    '"': "“”",
    "'": "‘’",
}
ASCII_FOR = str.maketrans({sign: ascii_sign for ascii_sign, signs in _BOXES.items() for sign in signs})
"""Borders, scroll bars and marks that Textual draws, and punctuation that some terminals draw two cells wide, with one
ASCII sign for each. Letters of any script stay."""


class AsciiSigns(LineFilter):
    """For terminals that cannot show signs, or show them two cells wide."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if any("…" in segment.text for segment in segments):
            segments = _spelt_out(segments)
        return [
            segment if segment.text.isascii() else Segment(segment.text.translate(ASCII_FOR), segment.style, None)
            for segment in segments
        ]


def _spelt_out(segments: list[Segment]) -> list[Segment]:
    """A line with `...` for `…`, as wide as before: two cells come from the blanks behind its word or, where the line
    ends with it, from the text before. Where there is no room it stays."""
    line = "".join(segment.text for segment in segments)
    owner = [number for number, segment in enumerate(segments) for _ in segment.text]
    place = line.find("…")
    while place >= 0:
        first, more = place, "..."
        if room := _ROOM.match(line, place):
            blanks = room.end() - 2
            line, owner = line[:blanks] + line[blanks + 2 :], owner[:blanks] + owner[blanks + 2 :]
        elif line[place + 1 : place + 2] in ("", " "):
            while first and cell_len(line[first:place]) < 2:
                first -= 1
            more = " " * (cell_len(line[first:place]) - 2) + more
        if room or cell_len(line[first:place]) >= 2:
            line = line[:first] + more + line[place + 1 :]
            owner = owner[:first] + [owner[place]] * len(more) + owner[place + 1 :]
        place = line.find("…", place + 1)
    texts = [""] * len(segments)
    for number, sign in zip(owner, line, strict=True):
        texts[number] += sign
    return [
        segment if segment.text == text else Segment(text, segment.style, None)
        for segment, text in zip(segments, texts, strict=True)
    ]


_ROOM = re.compile(r"…\S*(?: {3,}| {2}$)")


class Indexed(LineFilter):
    """For 256 colours: each colour becomes the entry that it names, or the nearest."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.style is None else Segment(segment.text, _in_256(segment.style), None)
            for segment in segments
        ]


class Underlined(LineFilter):
    """Underlines what is drawn in one colour."""

    def __init__(self, colour: str) -> None:
        super().__init__()
        self._triplet = RichColor.parse(colour).triplet

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [self._underlined(segment) for segment in segments]

    def _underlined(self, segment: Segment) -> Segment:
        style = segment.style
        if style is None or style.color is None or style.color.triplet != self._triplet or not segment.text.strip():
            return segment
        return Segment(segment.text, style + _UNDERLINE, None)


_UNDERLINE = Style(underline=True)


@lru_cache(4096)
def _in_256(style: Style) -> Style:
    return style + Style.from_color(_nearest(style.color), _nearest(style.bgcolor))


@lru_cache(4096)
def _nearest(colour: RichColor | None) -> RichColor | None:
    if colour is None or colour.triplet is None:
        return colour
    red, green, blue = colour.triplet

    def distance(number: int) -> int:
        entry = indexed(number)
        of_entry = (int(entry[at : at + 2], 16) for at in (1, 3, 5))
        return sum((a - b) ** 2 for a, b in zip((red, green, blue), of_entry, strict=True))

    number = min(range(16, 256), key=distance)
    return RichColor(indexed(number), ColorType.EIGHT_BIT, number=number)
