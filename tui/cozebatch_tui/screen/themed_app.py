"""The application's looks: themes in the colours that this terminal has, and what is done to each line before it is
written."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from textual.filter import LineFilter, Monochrome, NoColor

from cozebatch_tui.screen.look import themes
from cozebatch_tui.screen.look.filters import AsciiSigns, Indexed, Underlined
from cozebatch_tui.screen.look.questions import Answers, LateAnswer
from cozebatch_tui.screen.look.terminal import Look, look_of
from cozebatch_tui.screen.typed_ahead import TypedAheadGuard
from cozebatch_tui.session.preferences import load_user_settings


class ThemedApp(TypedAheadGuard):
    """Knows what this terminal can show."""

    _look: Look | None = None
    """Known once the driver is there; Textual asks for theme variables before."""
    _line_filters: list[LineFilter] | None = None
    """Those of this terminal and theme, until another theme is chosen."""

    def __init__(self, answers: Answers) -> None:
        """`answers`: what the terminal said of itself."""
        super().__init__()
        self.settings = load_user_settings()
        self.late_answer = LateAnswer(answers.may_come_late)
        self._answers = answers

    @property
    def look(self) -> Look:
        if self._look is None:
            drawn = self.is_headless  # not for a terminal
            colours = "truecolor" if drawn else None if self.no_color else self.console.color_system
            self._look = look_of(
                os.environ,
                "utf-8" if drawn else getattr(sys.__stdout__, "encoding", None),
                colours=colours,
                ascii_only=self.settings.get("ascii") is True,
                wide_signs=self._answers.wide_signs is True,
            )
        return self._look

    def take_themes(self) -> None:
        """Register our themes and use the operator's; the first time, one that suits the terminal's background."""
        for theme in themes.our_themes(self.look.depth):
            self.register_theme(theme)
        chosen = self.settings.get("theme")
        first = themes.LIGHT if self._answers.light else themes.DARK
        self.theme = chosen if chosen in self.available_themes else first

    def get_css_variables(self) -> dict[str, str]:
        """Our variables too, in any theme."""
        variables = super().get_css_variables()
        lent = {name: variables[source] for name, source in themes.LENT.items() if name not in variables}
        plain = {"block-cursor-text-style": "bold reverse", "block-cursor-blurred-text-style": "bold reverse"}
        self.theme_variables = variables | lent | (plain if self._look is not None and self._look.plain else {})
        self._line_filters = None
        return self.theme_variables

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and those that this terminal and theme need."""
        if self._line_filters is None:
            found: list[LineFilter] = [f for f in super().get_line_filters() if not isinstance(f, Monochrome)]
            if self.theme in themes.UNDERLINED:
                found.append(Underlined(self.theme_variables["stage-failed"]))
            if self.no_color:
                found.append(NoColor())
            if self.look.depth == "256":
                found.append(Indexed())
            if not self.look.glyphs.unicode:
                found.append(AsciiSigns())
            self._line_filters = found
        return self._line_filters
