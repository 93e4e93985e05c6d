"""What this terminal can show: which signs, and whether grounds and shades carry meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cozebatch_tui.presentation.glyphs import UNICODE, Glyphs, glyphs_for
from cozebatch_tui.screen.look.palettes import Depth


@dataclass(frozen=True, slots=True)
class Look:
    """`plain`: 16 colours at most, or none; then sign, word and reversal carry the meaning, never a ground."""

    glyphs: Glyphs = UNICODE
    plain: bool = False
    depth: Depth = "true"


def look_of(
    environment: Mapping[str, str],
    encoding: str | None,
    *,
    colours: str | None,
    ascii_only: bool,
    wide_signs: bool = False,
) -> Look:
    """`colours` is Rich's name of the terminal's colour system; None for none. `ascii_only`: the operator's setting.
    `wide_signs`: the terminal draws `●` two cells wide, so that every line with such a sign would shift."""
    glyphs = glyphs_for(environment, encoding, simple=ascii_only or wide_signs)
    few = colours in (None, "standard", "windows")
    depth: Depth = "256" if colours == "256" else "16" if few and colours is not None else "true"
    return Look(glyphs, plain=few, depth=depth)
