"""The base of virtual lists that are drawn line by line: styles of theme variables, kept until the theme changes."""

from __future__ import annotations

from rich.style import Style
from textual.color import Color
from textual.scroll_view import ScrollView

from cozebatch_tui.screen.host import host_of


class LineGrid(ScrollView, can_focus=True):
    """Where shades carry no meaning, all stands on the theme's one ground."""

    def __init__(self, **more: str) -> None:
        super().__init__(**more)  # type: ignore[arg-type]
        self._styles: dict[str, Style] = {}

    @property
    def emphasis(self) -> Style:
        """How the cursor's line differs beside its ground: reversed where there are no grounds."""
        return Style(bold=True, reverse=host_of(self).look.plain and self.has_focus)

    def ground(self, variable: str) -> Style:
        """Text on the ground of a theme variable; where shades carry no meaning, on the screen's."""
        shown = "background" if host_of(self).look.plain else variable
        return self.colour("foreground") + self.background(shown)

    def colour(self, variable: str) -> Style:
        """The style of a theme variable as a foreground."""
        return self._style(variable, background=False)

    def background(self, variable: str) -> Style:
        return self._style(variable, background=True)

    def _style(self, variable: str, *, background: bool) -> Style:
        key = f"{variable}/{background}"
        style = self._styles.get(key)
        if style is None:
            value = self.app.theme_variables.get(variable, "")
            try:
                rich = Color.parse(value.split()[0] if value else "white").rich_color
            except Exception:  # noqa: BLE001 - a theme with `auto` colours: the terminal's own
                rich = None
            style = Style(bgcolor=rich) if background else Style(color=rich)
            self._styles[key] = style
        return style

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles.clear()
