"""The signs of the screen, in two sets: with Unicode's, and with ASCII's for terminals that cannot show those.

Every sign is one cell wide. States are told by sign and word as well as by colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cozebatch.model.task import State

WIDE_CODE_PAGES = frozenset({932, 936, 949, 950})
"""Code pages of Japanese, Chinese and Korean Windows: its old console draws signs like `●` two cells wide."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One set. `eighths` fill a cell from the left, `levels` from below; the last of each fills it."""

    states: Mapping[State, str]
    eighths: str
    levels: str
    line: str
    slot_used: str
    slot_free: str
    slot_taken: str
    cursor: str
    mark: str
    edited: str
    ticked: str
    unticked: str
    descending: str
    ascending: str
    live: str
    paused: str
    ended: str
    good: str
    bad: str
    arrow: str
    dot: str
    waits: str
    """On a timeline: before the submission."""
    queue: str
    """On a timeline: between Coze and synthesis."""
    at_coze: str
    film: str
    yuan: str
    unicode: bool


UNICODE = Glyphs(
    states={
        State.PENDING: "·",
        State.SUBMITTING: "›",
        State.RUNNING: "●",
        State.DOWNLOADING: "↓",
        State.QUEUED: "◌",
        State.SYNTHESIZING: "▶",
        State.WRITING_BACK: "↑",
        State.DONE: "✔",
        State.FAILED: "✖",
        State.HELD: "!",
        State.CANCELLED: "–",
        State.SKIPPED: "~",
    },
    eighths="▏▎▍▌▋▊▉█",
    levels="▁▂▃▄▅▆▇█",
    line="─",
    slot_used="▮",
    slot_free="▯",
    slot_taken="x",
    cursor="▌",
    mark="✓",
    edited="✎",
    ticked="☑",
    unticked="☐",
    descending="▾",
    ascending="▴",
    live="●",
    paused="‖",
    ended="■",
    good="✔",
    bad="✖",
    arrow="→",
    dot="·",
    waits="░",
    queue="━",
    at_coze="█",
    film="▓",
    yuan="¥",
    unicode=True,
)

ASCII = Glyphs(
    states={
        State.PENDING: ".",
        State.SUBMITTING: ">",
        State.RUNNING: "*",
        State.DOWNLOADING: "v",
        State.QUEUED: "=",
        State.SYNTHESIZING: "#",
        State.WRITING_BACK: "^",
        State.DONE: "+",
        State.FAILED: "x",
        State.HELD: "!",
        State.CANCELLED: "-",
        State.SKIPPED: "~",
    },
    eighths="#",
    levels="_.-=#",
    line="-",
    slot_used="#",
    slot_free=".",
    slot_taken="x",
    cursor=">",
    mark="*",
    edited="*",
    ticked="x",
    unticked=" ",
    descending="v",
    ascending="^",
    live="*",
    paused="=",
    ended="#",
    good="+",
    bad="x",
    arrow=">",
    dot="-",
    waits=".",
    queue="-",
    at_coze="#",
    film="%",
    yuan="CNY ",
    unicode=False,
)


def glyphs_for(environment: Mapping[str, str], encoding: str | None, *, simple: bool = False) -> Glyphs:
    """The set that a terminal with this encoding can show; `simple`: ASCII's in any case."""
    utf8 = (encoding or "").lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig", "cp65001")
    return ASCII if simple or not utf8 or environment.get("TERM") in ("linux", "dumb") else UNICODE


def wide_on_windows(environment: Mapping[str, str], code_page: int) -> bool:
    """Whether this is Windows' old console in a language whose fonts have wide signs, so that a line with `●` would
    shift. Windows Terminal and the terminals in editors draw them narrow, and say who they are."""
    modern = "WT_SESSION" in environment or "TERM_PROGRAM" in environment
    return not modern and code_page in WIDE_CODE_PAGES


def filled(fraction: float, width: int, glyphs: Glyphs) -> str:
    """The filled part of a bar of `width` cells, in steps of an eighth of a cell where the set has them."""
    steps = len(glyphs.eighths)
    whole, part = divmod(round(min(1.0, max(0.0, fraction)) * width * steps), steps)
    return glyphs.eighths[-1] * whole + (glyphs.eighths[part - 1] if part else "")


def sparkline(values: list[int], width: int, glyphs: Glyphs) -> str:
    """The last `width` values as bars, filled from the right; a value of 0 is a blank."""
    shown = values[-width:]
    most, steps = max(shown, default=0), len(glyphs.levels)
    if most <= 0:
        return " " * width
    return "".join(glyphs.levels[-(-steps * value // most) - 1] if value else " " for value in shown).rjust(width)
