"""The last line of a screen: its most important keys that work now, what they do and what they cost.

Built on Textual's own footer; every entry can be clicked. Help and leaving stand apart at the right edge, so that no
width cuts them off.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from cozebatch_tui.screen.action_keys import FooterEntry, footer_entries
from cozebatch_tui.screen.action_registry import AT_THE_EDGE, Scope
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.situation import NOTHING


class ActionFooter(Footer):
    """Composes itself anew if a binding, the focus, the width or what is chosen changes."""

    DEFAULT_CSS = """
    ActionFooter { padding: 0 1; }
    ActionFooter FooterKey, ActionFooter FooterKey.-compact { margin-right: 2; }
    ActionFooter #edge FooterKey { margin: 0 0 0 2; }
    ActionFooter #edge { dock: right; width: auto; height: 1; background: $footer-background; }
    """

    def __init__(self, scope: Scope) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._scope = scope
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        if not self._bindings_ready:
            return
        entries, edge = self._entries()
        self._drawn = (*entries, *edge)
        yield from map(_key, entries)
        with Horizontal(id="edge"):
            yield from map(_key, edge)

    @guarded
    def on_resize(self) -> None:
        self.show()

    async def recompose(self) -> None:
        """Nothing while the program ends: what Textual mounts then it never removes, and a second time it is there."""
        if self.app.is_running:
            await super().recompose()

    def show(self) -> None:
        """Draw it as keys, width and prices are now."""
        if not self.is_attached:
            return
        entries, edge = self._entries()
        if (*entries, *edge) != self._drawn:
            self.call_after_refresh(self.recompose)

    def _entries(self) -> tuple[list[FooterEntry], list[FooterEntry]]:
        screen, situation = self.screen, NOTHING
        if isinstance(screen, ActionScreen):
            situation = screen.situation()
        every = footer_entries(self._scope, screen, host_of(self).lang, situation)
        edge = [entry for entry in every if entry.action_id in AT_THE_EDGE]
        room = max(20, screen.size.width - 2) - sum(map(_cells, edge)) - 1
        return list(_fitting([entry for entry in every if entry not in edge], room)), edge


def _fitting(entries: list[FooterEntry], room: int) -> Iterator[FooterEntry]:
    for entry in entries:
        room -= _cells(entry)
        if room < 0:
            return
        yield entry


def _cells(entry: FooterEntry) -> int:
    return cell_len(entry.key_display) + 1 + cell_len(entry.name) + 2


def _key(entry: FooterEntry) -> FooterKey:
    return FooterKey(entry.key, entry.key_display, entry.name, entry.action, classes="-compact")
