"""Sentences on the screen, broken as Chinese is: between any two characters, and a mark stays with what it ends.

Textual breaks at blanks only, so a Chinese sentence with a number in it would leave half of its first line empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widgets import Static

from cozebatch_tui.headless.styled import fitted


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` is one line without control characters; `sign` stands before it, and what follows stands below the text.
    Styles may name theme variables."""

    text: str
    style: str = ""
    sign: str = ""
    sign_style: str = ""


class Prose(Static):
    """Sentences, each on lines of its own, in the width that there is."""

    DEFAULT_CSS = "Prose { height: auto; }"

    def __init__(self, sentences: Sequence[Sentence] = (), **more: Any) -> None:
        super().__init__("", markup=False, **more)
        self._sentences = tuple(sentences)

    def say(self, *sentences: Sentence) -> None:
        self._sentences = sentences
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        return sum(len(_lines(sentence, width)) for sentence in self._sentences)

    def render(self) -> Content:
        width = self.content_size.width
        return Content("\n").join(line for sentence in self._sentences for line in _styled(sentence, width))


def _lines(sentence: Sentence, width: int) -> list[str]:
    return fitted(sentence.sign + sentence.text, max(4, width), cell_len(sentence.sign))


def _styled(sentence: Sentence, width: int) -> list[Content]:
    first, *rest = _lines(sentence, width)
    sign = Content.styled(sentence.sign, sentence.sign_style or sentence.style)
    head = Content.styled(first[len(sentence.sign) :], sentence.style)
    return [sign + head, *(Content.styled(line, sentence.style) for line in rest)]
