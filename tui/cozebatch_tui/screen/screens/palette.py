"""The command palette: everything that applies now, by group, found by typing, with its names and keys."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.fuzzy import Matcher
from textual.screen import ModalScreen
from textual.style import Style
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from cozebatch_tui.locale import palette as texts
from cozebatch_tui.locale.actions import GROUPS
from cozebatch_tui.screen.action_screen import PaletteEntry
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.widgets.figures import spread

WIDTH = 64
"""Of a line, in cells."""


class PaletteScreen(ModalScreen[str | None]):
    """Gives back Textual's name of the chosen action, or None."""

    DEFAULT_CSS = """
    PaletteScreen { align: center top; }
    PaletteScreen > Vertical {
        width: 70; max-width: 100%; height: auto; max-height: 90%; margin-top: 2;
        background: $surface; border: round $stage-coze; border-subtitle-color: $muted;
    }
    PaletteScreen Input { border: none; height: 1; padding: 0 1; background: $surface; }
    PaletteScreen OptionList {
        border: none; height: auto; max-height: 100%; padding: 0 1; background: $surface; scrollbar-size-vertical: 1;
    }
    PaletteScreen OptionList > .option-list--option-disabled { color: $muted; text-style: bold; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss(None)", show=False, priority=True),
        Binding("down", "move(1)", show=False),
        Binding("up", "move(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
    ]

    def __init__(self, entries: Sequence[PaletteEntry]) -> None:
        super().__init__()
        self._entries = entries

    def compose(self) -> ComposeResult:
        lang = host_of(self).lang
        with Vertical() as box:
            box.border_title = Content(texts.TITLE.in_(lang))
            box.border_subtitle = Content(texts.PALETTE_KEYS.in_(lang))
            field = Input(placeholder=texts.SEARCH.in_(lang), compact=True, select_on_focus=False)
            field.cursor_blink = False  # a picture of it is the same at any time
            yield field
            found = OptionList()
            found.can_focus = False
            yield found

    def on_mount(self) -> None:
        self.query_one(Input).focus()
        self._show("")

    async def recompose(self) -> None:
        """In another language: what was typed and chosen stays."""
        typed, place = self.query_one(Input).value, self.query_one(OptionList).highlighted
        await super().recompose()
        with self.prevent(Input.Changed):
            self.query_one(Input).value = typed
        self.query_one(Input).focus()
        self._show(typed)
        self.query_one(OptionList).highlighted = place

    @on(Input.Changed)
    @guarded
    def _typed(self, event: Input.Changed) -> None:
        self._show(event.value)

    @on(Input.Submitted)
    @guarded
    def _taken(self) -> None:
        self.query_one(OptionList).action_select()

    @on(OptionList.OptionSelected)
    @guarded
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        if event.option_id is not None:
            self.dismiss(self._entries[int(event.option_id)].action)

    @guarded
    def action_move(self, step: int) -> None:
        found = self.query_one(OptionList)
        (found.action_cursor_down if step > 0 else found.action_cursor_up)()

    @guarded
    def action_page(self, step: int) -> None:
        for _ in range(max(1, self.query_one(OptionList).size.height - 1)):
            self.action_move(step)

    def _show(self, typed: str) -> None:
        found = self.query_one(OptionList)
        found.clear_options()
        found.add_options(list(self._matching(typed.strip()) if typed.strip() else self._grouped()))
        if all(option.disabled for option in found.options):
            found.add_option(Option(Content(texts.NO_MATCH.in_(host_of(self).lang)), disabled=True))
        else:
            found.highlighted = next(place for place, option in enumerate(found.options) if not option.disabled)

    def _grouped(self) -> Iterator[Option]:
        lang = host_of(self).lang
        for group, title in GROUPS.items():
            of_group = [place for place, entry in enumerate(self._entries) if entry.group == group]
            if of_group:
                yield Option(Content(title.in_(lang)), disabled=True)
            for place in of_group:
                yield self._option(place, self._name_of(place))

    def _matching(self, typed: str) -> Iterator[Option]:
        """The best matches first."""
        matcher = Matcher(typed, match_style=Style(bold=True, underline=True))
        scored = [(matcher.match(self._name_of(place)), place) for place in range(len(self._entries))]
        for score, place in sorted(scored, key=lambda pair: -pair[0]):
            if score > 0:
                yield self._option(place, self._name_of(place), matcher)

    def _name_of(self, place: int) -> str:
        return self._entries[place].name(host_of(self).lang)

    def _option(self, place: int, name: str, matcher: Matcher | None = None) -> Option:
        shown = matcher.highlight(name) if matcher is not None else Content(name)
        keys = Content.styled(self._entries[place].keys, "$muted")
        width = min(WIDTH, self.app.size.width - 6)
        return Option(spread(Content.assemble("  ", shown), keys, width), id=str(place))
