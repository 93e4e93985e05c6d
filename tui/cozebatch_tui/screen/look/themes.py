"""This program's own themes. One scale of colours means the same everywhere (`tones`), on dark and on light ground.

Every text has a contrast of at least 4.5 : 1 on every ground it stands on, every mark 3 : 1; a test computes it from
what the screens draw. Themes of Textual's lend the stages their usual colours, so that the screen can be drawn in them,
too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.theme import Theme

from cozebatch_tui.screen.look.palettes import PALETTES, Depth, Palette

DARK, LIGHT = "cozebatch-dark", "cozebatch-light"
"""The themes of a first start."""

UNDERLINED = frozenset({"colour-blind-dark", "colour-blind-light"})
"""Themes in which what failed is underlined, since no colour alone tells it."""

LENT: Mapping[str, str] = {
    "stage-done": "success",
    "stage-film": "accent",
    "stage-coze": "primary",
    "stage-waiting": "foreground",
    "stage-failed": "error",
    "stage-attention": "warning",
    "muted": "foreground",
    "line": "panel",
    "bar-rest": "panel",
    "cursor": "panel",
    "cursor-blurred": "surface",
    "hover": "surface",
    "alert": "surface",
    "good": "surface",
    "raised": "surface",
}
"""Our variables, and from which of a theme's own a theme of Textual's lends them."""


def our_themes(depth: Depth) -> Sequence[Theme]:
    """All of ours, in colours that a terminal of this depth has."""
    return [_theme(name, palettes[depth]) for name, palettes in PALETTES.items()]


def _theme(name: str, colours: Palette) -> Theme:
    return Theme(
        name=name,
        primary=colours.coze,
        secondary=colours.film,
        accent=colours.film,
        warning=colours.attention,
        error=colours.failed,
        success=colours.done,
        foreground=colours.text,
        background=colours.ground,
        surface=colours.raised,
        panel=colours.raised,
        dark=not name.endswith("light"),
        variables=_variables(colours),
    )


def _variables(colours: Palette) -> dict[str, str]:
    return {
        "stage-done": colours.done,
        "stage-film": colours.film,
        "stage-coze": colours.coze,
        "stage-waiting": colours.waiting,
        "stage-failed": colours.failed,
        "stage-attention": colours.attention,
        "muted": colours.muted,
        "line": colours.line,
        "bar-rest": colours.rest,
        "cursor": colours.cursor,
        "cursor-blurred": colours.blurred,
        "hover": colours.hover,
        "alert": colours.alert,
        "good": colours.good,
        "raised": colours.raised,
        "text": colours.text,
        "text-muted": colours.muted,
        "text-disabled": colours.muted,
        "text-primary": colours.coze,
        "text-secondary": colours.film,
        "text-accent": colours.film,
        "text-success": colours.done,
        "text-warning": colours.attention,
        "text-error": colours.failed,
        **_buttons(colours),
        "footer-background": colours.raised,
        "footer-foreground": colours.text,
        "footer-key-foreground": colours.coze,
        "footer-description-foreground": colours.muted,
        "footer-item-background": colours.raised,
        "footer-key-background": colours.raised,
        "footer-description-background": colours.raised,
        "block-hover-background": colours.hover,
        "block-cursor-background": colours.cursor,
        "block-cursor-foreground": colours.text,
        "block-cursor-blurred-background": colours.cursor,
        "block-cursor-blurred-foreground": colours.text,
        "input-cursor-background": colours.text,
        "input-cursor-foreground": colours.ground,
        "input-selection-background": colours.cursor,
        "border": colours.coze,
        "border-blurred": colours.line,
        "scrollbar": colours.line,
        "scrollbar-hover": colours.muted,
        "scrollbar-active": colours.coze,
        "scrollbar-background": colours.ground,
        "scrollbar-background-hover": colours.ground,
        "scrollbar-background-active": colours.ground,
        "scrollbar-corner-color": colours.ground,
    }


def _buttons(colours: Palette) -> dict[str, str]:
    """Buttons are flat, their text has the colour of the ground: white on amber cannot be read."""
    grounds = {
        "primary": colours.coze,
        "success": colours.done,
        "warning": colours.attention,
        "error": colours.failed,
        "surface": colours.raised,
    }
    edges = {
        f"{name}-{shade}-{step}": ground
        for name, ground in grounds.items()
        for shade in ("lighten", "darken")
        for step in (1, 2, 3)
    }
    return {"button-foreground": colours.text, "button-color-foreground": colours.ground, **edges}
