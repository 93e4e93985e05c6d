"""What this terminal can show: which signs, and whether grounds and shades carry meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cozebatch_tui.presentation.glyphs import ASCII, UNICODE, Glyphs


@dataclass(frozen=True, slots=True)
class Look:
    """`plain`: 16 colours at most, or none; then sign, word and reversal carry the meaning, never a ground."""

    glyphs: Glyphs = UNICODE
    plain: bool = False


def look_of(environment: Mapping[str, str], encoding: str | None, *, colours: str | None, ascii_only: bool) -> Look:
    """`colours` is Rich's name of the terminal's colour system; None for none. `ascii_only`: the operator's setting."""
    utf8 = (encoding or "").lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig", "cp65001")
    simple = ascii_only or not utf8 or environment.get("TERM") in ("linux", "dumb")
    few = colours in (None, "standard", "windows") or bool(environment.get("NO_COLOR"))
    return Look(ASCII if simple else UNICODE, plain=few)
