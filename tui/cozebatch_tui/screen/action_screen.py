"""The base of screens with actions of their own: what these can act on, their live keys, the way to the application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from textual.screen import Screen

from cozebatch.model.text import Lang, Text
from cozebatch_tui.screen.action_keys import live_keys, text_with_keys
from cozebatch_tui.screen.action_registry import ActionSpec, Group, Scope, specs_of
from cozebatch_tui.screen.host import Host, host_of
from cozebatch_tui.screen.situation import Situation

if TYPE_CHECKING:
    from cozebatch_tui.screen.actions import Actions


Result = TypeVar("Result")


class ActionScreen(Screen[Result], Generic[Result]):
    """`SCOPE` names its part of the action registry."""

    SCOPE: ClassVar[Scope]

    @property
    def host(self) -> Host:
        return host_of(self)

    @property
    def task_actions(self) -> Actions:
        from cozebatch_tui.screen.actions import Actions

        return Actions(self.host)

    def situation(self) -> Situation:
        """What actions could act on now; the command palette offers what applies."""
        return Situation()

    def text(self, text: Text, **values: object) -> str:
        """A text in the operator's language, with the live keys of the actions that it names."""
        return text_with_keys(text, self.host.lang, live_keys(self), **values)


@dataclass(frozen=True, slots=True)
class PaletteEntry:
    """One command. `keys` are as they are typed; `action` is Textual's name."""

    spec: ActionSpec
    situation: Situation
    keys: str

    @property
    def group(self) -> Group:
        return self.spec.group

    @property
    def action(self) -> str:
        return self.spec.action

    def name(self, lang: Lang) -> str:
        return self.spec.name(lang, self.situation)


def palette_entries(screen: Screen[Any]) -> list[PaletteEntry]:
    """Everything that applies on `screen` now."""
    situation: Situation = Situation()
    scope: Scope = "app"
    if isinstance(screen, ActionScreen):
        situation, scope = screen.situation(), screen.SCOPE
    keys = live_keys(screen)
    return [
        PaletteEntry(spec, situation, " ".join(keys.get(spec.id, ())))
        for spec in specs_of(scope)
        if spec.in_palette and spec.applies(situation)
    ]
