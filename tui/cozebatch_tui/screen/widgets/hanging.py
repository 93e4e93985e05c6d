"""Lines of a short word and what it means, whose later lines begin below the first word of the meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual

LEAST = 8
"""Cells that a meaning needs at least beside its word; with less room it is broken as any other text."""


@dataclass(frozen=True, slots=True)
class Hanging:
    """`short`, filled up to `indent` cells, and `long` beside it."""

    short: Content
    long: Content
    indent: int

    def in_width(self, width: int) -> Content:
        if width < self.indent + LEAST:
            return self.short + self.long
        lines = self.long.wrap(width - self.indent)
        return self.short + Content("\n" + " " * self.indent).join(lines)


class Lines(Visual):
    """Lines below one another, each broken to the width there is."""

    def __init__(self, lines: Sequence[Content | Hanging]) -> None:
        self._lines = lines

    def _drawn(self, width: int) -> Content:
        return Content("\n").join([line.in_width(width) if isinstance(line, Hanging) else line for line in self._lines])

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        return self._drawn(width).render_strips(width, height, style, options)

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        return self._drawn(container_width).get_optimal_width(rules, container_width)

    def get_height(self, rules: RulesMap, width: int) -> int:
        return self._drawn(width).get_height(rules, width)
