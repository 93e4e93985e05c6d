"""What this terminal can show: which signs, and whether grounds and shades carry meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cozebatch_tui.presentation.glyphs import ASCII, UNICODE, Glyphs
from cozebatch_tui.screen.look.palettes import Depth

WIDE_CODE_PAGES = frozenset({932, 936, 949, 950})
"""Code pages of Japanese, Chinese and Korean Windows: its old console draws signs like `●` two cells wide."""


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
    utf8 = (encoding or "").lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig", "cp65001")
    simple = ascii_only or wide_signs or not utf8 or environment.get("TERM") in ("linux", "dumb")
    few = colours in (None, "standard", "windows")
    depth: Depth = "256" if colours == "256" else "16" if few and colours is not None else "true"
    return Look(ASCII if simple else UNICODE, plain=few, depth=depth)


def wide_on_windows(environment: Mapping[str, str], code_page: int) -> bool:
    """Whether this is Windows' old console in a language whose fonts have wide signs. Windows Terminal and the
    terminals in editors draw them narrow, and say who they are."""
    modern = "WT_SESSION" in environment or "TERM_PROGRAM" in environment
    return not modern and code_page in WIDE_CODE_PAGES
