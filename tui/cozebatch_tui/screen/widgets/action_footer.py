"""The last line of a screen: its most important keys that work now, and what they do."""

from __future__ import annotations

from rich.cells import cell_len
from textual.widgets import Static

from cozebatch_tui.screen.action_registry import NOTHING, Scope, footer_text, live_keys
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.host import host_of


class ActionFooter(Static):
    """Redraws itself if a binding, the focus or the width changes."""

    DEFAULT_CSS = "ActionFooter { height: 1; background: $panel; padding: 0 1; dock: bottom; }"

    def __init__(self, scope: Scope) -> None:
        super().__init__("", markup=False)
        self._scope = scope

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.show())
        self.show()

    @guarded
    def on_resize(self) -> None:
        self.show()

    def show(self) -> None:
        """Draw it as keys, width and prices are now."""
        width = max(20, self.screen.size.width - 2)
        keys = live_keys(self.screen)
        screen, situation = self.screen, NOTHING
        if self._scope == "task" and isinstance(screen, ActionScreen):  # the only footer that tells costs
            situation = screen.situation()
        lang = host_of(self).lang
        self.update(footer_text(self._scope, keys, lang, lambda line: cell_len(line) <= width, situation))
