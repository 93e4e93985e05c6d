"""The theme picker: the screen below shows the theme under the cursor at once; escape brings the former back."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from cozebatch_tui.locale import palette as texts
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.host import host_of


class ThemeScreen(ModalScreen[str | None]):
    """Gives back the name of the chosen theme, or None with the former theme in use again."""

    DEFAULT_CSS = """
    ThemeScreen { align: right middle; background: transparent; }
    ThemeScreen OptionList, ThemeScreen OptionList:focus {
        width: 48; max-width: 100%; height: auto; max-height: 80%; padding: 0 1; scrollbar-size-vertical: 1;
        background: $surface; border: round $stage-coze; border-subtitle-color: $muted;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "undo", show=False)]

    def __init__(self, before: str) -> None:
        """`before`: the theme in use."""
        super().__init__()
        self._before = before

    def compose(self) -> ComposeResult:
        names = self._names()
        yield OptionList(*(Option(Content(self._label(name)), id=name) for name in names))

    def on_mount(self) -> None:
        self._begin()

    async def recompose(self) -> None:
        """In another language; the theme under the cursor is the one in use."""
        await super().recompose()
        self._begin()

    @on(OptionList.OptionHighlighted)
    @guarded
    def _preview(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is not None:
            self.app.theme = event.option_id

    @on(OptionList.OptionSelected)
    @guarded
    def _take(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_undo(self) -> None:
        self.app.theme = self._before
        self.dismiss(None)

    def _begin(self) -> None:
        lang, found = host_of(self).lang, self.query_one(OptionList)
        found.border_title = Content(texts.THEME_TITLE.in_(lang))
        found.border_subtitle = Content(texts.THEME_KEYS.in_(lang))
        found.highlighted = self._names().index(self.app.theme)
        found.focus()

    def _names(self) -> list[str]:
        """Ours first."""
        return [*texts.THEMES, *(name for name in sorted(self.app.available_themes) if name not in texts.THEMES)]

    def _label(self, name: str) -> str:
        known = texts.THEMES.get(name)
        return known.in_(host_of(self).lang) if known is not None else name
