"""The keys of actions as they work on a screen now, made from the registry: bindings, footers, help, texts that name
keys. So all of them follow the operator's own keymap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual.binding import Binding, BindingType
from textual.keys import format_key
from textual.screen import Screen

from cozebatch.model.text import Lang, Text
from cozebatch_tui.locale import actions as texts
from cozebatch_tui.screen.action_registry import (
    FOOTERS,
    ONLY_WHERE_IT_APPLIES,
    OPENS_FILES,
    SPECS,
    Group,
    Scope,
    specs_of,
)
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.situation import NOTHING, Situation

_WORDS = {"enter": Text("回车", "enter"), "escape": Text.same("Esc"), "space": Text("空格", "space")}
"""Keys by their names: not every terminal's font has Textual's signs for them."""


def bindings_of(scope: Scope) -> list[BindingType]:
    """Textual's bindings for a scope. Nothing of them is shown by Textual itself."""
    return [
        Binding(spec.keys, spec.action, spec.id, show=False, id=spec.id, priority=spec.priority)
        for spec in SPECS[scope]
        if spec.keys
    ]


def live_keys(screen: Screen[Any]) -> dict[str, list[str]]:
    """The keys of each action id as they work on this screen now, as an operator reads them."""
    lang = host_of(screen).lang
    return {action_id: [shown_key(key, lang) for key in keys] for action_id, keys in _live(screen).items()}


def _live(screen: Screen[Any]) -> dict[str, list[str]]:
    """The same by Textual's names."""
    keys: dict[str, list[str]] = {}
    focused = screen.focused
    for key, active in screen.active_bindings.items():
        shown = shown_key(key)
        typed = shown if len(shown) == 1 else None
        if active.binding.id is None or (focused is not None and focused.check_consume_key(key, typed)):
            continue  # a text field takes the key before any binding sees it
        if active.binding.id in OPENS_FILES and screen.app.is_web:
            continue  # it would open on the batch's machine
        keys.setdefault(active.binding.id, []).append(key)
    return keys


def shown_key(key: str, lang: Lang = "en") -> str:
    """A key as it is typed: `/` for `slash`, `ctrl+p`, `space`."""
    *modifiers, name = key.split("+") if key != "+" else [key]
    return "+".join([*modifiers, _WORDS[name].in_(lang) if name in _WORDS else format_key(name)])


@dataclass(frozen=True, slots=True)
class FooterEntry:
    """One entry of a footer. `key` is Textual's name; `key_display` is as it is typed."""

    action_id: str
    key: str
    key_display: str
    name: str
    action: str


def footer_entries(scope: Scope, screen: Screen[Any], lang: Lang, situation: Situation = NOTHING) -> list[FooterEntry]:
    """The entries of a footer whose keys work now, in their order."""
    specs = {spec.id: spec for spec in reversed(specs_of(scope))}
    keys = _live(screen)
    return [
        FooterEntry(
            action_id,
            keys[action_id][0],
            shown_key(keys[action_id][0], lang),
            specs[action_id].short_name(lang, situation),
            specs[action_id].action,
        )
        for action_id in FOOTERS[scope]
        if action_id in keys and (action_id not in ONLY_WHERE_IT_APPLIES or specs[action_id].applies(situation))
    ]


def help_lines(scope: Scope, keys: Mapping[str, Sequence[str]], lang: Lang) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each group its title and its lines: keys, and what they do."""
    lines: dict[Group, dict[str, list[str]]] = {"tasks": {}, "batch": {}, "view": {}, "program": {}}
    for spec in specs_of(scope):
        if not keys.get(spec.id):
            continue
        lines[spec.group].setdefault(spec.help_name(lang), []).extend(keys.get(spec.id, ()))
    return [
        (texts.GROUPS[group].in_(lang), [(_range(typed), name) for name, typed in of_group.items()])
        for group, of_group in lines.items()
        if of_group
    ]


def _range(keys: Sequence[str]) -> str:
    return f"{keys[0]}-{keys[-1]}" if len(keys) > 4 else " ".join(keys)


def text_with_keys(text: Text, lang: Lang, keys: Mapping[str, Sequence[str]], **values: object) -> str:
    """A text whose `{key_NAME}` stand for the key of an action; `-` if no key leads there."""
    named = {f"key_{spec.id}": "-" for specs in SPECS.values() for spec in specs}
    named |= {f"key_{action_id}": typed[0] for action_id, typed in keys.items()}
    return text.in_(lang).format(**named, **values)
