"""Text with colours for a plain terminal, broken into lines by words.

Colours are the terminal's own sixteen: its owner has chosen them to be readable on its ground, which is not known here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from rich.cells import cell_len, chop_cells

from cozebatch_tui.presentation.tones import Tone

Style = Tone | Literal["bold"] | None
Span = tuple[str, Style]
"""A text without control characters, and how it is painted."""

_CODES: Mapping[Tone | Literal["bold"], str] = {
    Tone.DONE: "32",
    Tone.FILM: "35",
    Tone.COZE: "36",
    Tone.WAITING: "2",
    Tone.FAILED: "31",
    Tone.ATTENTION: "33",
    "bold": "1",
}
_WIDE = "\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_OPENING = "（《“‘「『【〔"
_CLOSING = "，。、；：？！）》”’」』】〕…"
_WORD = re.compile(
    rf" +|[{_OPENING}]*(?:[{_WIDE}]|[^ {_WIDE}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|[{_OPENING}{_CLOSING}]+"
)
"""A run of blanks, a word of letters, or one Chinese character; punctuation stays with what it belongs to."""


def painted(spans: Iterable[Span], *, colour: bool) -> str:
    """The spans as a terminal takes them."""
    if not colour:
        return "".join(text for text, _ in spans)
    return "".join(
        f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style is not None and text else text for text, style in spans
    )


def cells(spans: Iterable[Span]) -> int:
    """How many cells of a terminal the spans take."""
    return sum(cell_len(text) for text, _ in spans)


def wrapped(spans: Sequence[Span], width: int, indent: int) -> list[list[Span]]:
    """Lines of at most `width` cells; those after the first begin with `indent` blanks. Breaks between words, and in a
    word only if no line could hold it."""
    indent = min(indent, width // 2)
    lines: list[list[Span]] = [[]]
    taken = 0
    for text, style in _words(spans, max(2, width - indent)):
        size = cell_len(text)
        if taken + size > width:
            lines.append([(" " * indent, None)])
            taken = indent
        if text.isspace() and len(lines) > 1 and taken == indent:
            continue  # no line begins with the blanks it was broken at
        lines[-1].append((text, style))
        taken += size
    return [_joined(line) for line in lines]


def fitted(line: str, width: int, indent: int) -> list[str]:
    """The same for a line without colours."""
    return [painted(part, colour=False) for part in wrapped([(line, None)], width, indent)]


def _words(spans: Sequence[Span], most: int) -> Iterable[Span]:
    for text, style in spans:
        for word in _WORD.findall(text):
            if cell_len(word) <= most:
                yield word, style
            else:
                for part in chop_cells(word, most):
                    yield part, style


def _joined(line: Sequence[Span]) -> list[Span]:
    """The same with neighbours of one style as one span, without blanks at the end."""
    found: list[Span] = []
    for text, style in line:
        if found and found[-1][1] == style:
            found[-1] = (found[-1][0] + text, style)
        else:
            found.append((text, style))
    while found and not found[-1][0].strip() and len(found) > 1:
        found.pop()
    if found:
        found[-1] = (found[-1][0].rstrip(), found[-1][1])
    return found
