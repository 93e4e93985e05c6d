"""The header's bars: the batch by its stages, and the slots of both limits."""

from __future__ import annotations

from textual.content import Content

from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch_tui.locale import header as texts
from cozebatch_tui.presentation.tones import TONE_OF, Tone
from cozebatch_tui.screen.view_model import ViewModel
from cozebatch_tui.screen.widgets.figures import Figures, Part

_BAR_ORDER = (Tone.DONE, Tone.FILM, Tone.COZE, Tone.ATTENTION, Tone.FAILED)
"""The segments of the batch's bar, from the left."""


def batch_bar(figures: Figures, view_model: ViewModel, width: int, *, percent: bool = True) -> Content:
    """The batch as one bar, a segment for each stage, and how many tasks are done."""
    board, glyphs = view_model.board, figures.host.look.glyphs
    counts = board.counts
    total = len(board.rows) - counts[State.SKIPPED] - counts[State.CANCELLED]
    done = counts[State.DONE]
    label = f" {done}/{total}"
    share = f" {100 * done // total if total else 0}%" if percent else ""
    room = max(4, width - len(label) - len(share))
    parts: list[Part] = []
    taken = 0
    reached = 0
    for tone in _BAR_ORDER:
        number = sum(counts[state] for state, of in TONE_OF.items() if of is tone)
        reached += number
        cells = round(room * reached / total) - taken if total else 0
        parts.append((_segment(figures, tone) * cells, f"${tone}"))
        taken += cells
    parts.append((glyphs.line * (room - taken), "$muted"))
    return Content.assemble(*parts, (share, "bold"), (label, "$muted" if percent else "bold"))


def _segment(figures: Figures, tone: Tone) -> str:
    """The sign that fills a segment of the batch's bar; where colours do not tell segments apart, each its own."""
    look = figures.host.look
    glyphs = look.glyphs
    own = {
        Tone.FILM: glyphs.film,
        Tone.COZE: glyphs.states[State.RUNNING],
        Tone.ATTENTION: glyphs.states[State.HELD],
        Tone.FAILED: glyphs.states[State.FAILED],
    }
    return own.get(tone, glyphs.eighths[-1]) if look.plain else glyphs.eighths[-1]


def coze_slots(figures: Figures, view_model: ViewModel, most: int) -> Content:
    """One cell a slot, or the share of them: used, free, and taken away by throttling."""
    board, lang = view_model.board, figures.host.lang
    limit = board.limits[Stage.COZE]
    used = sum(number for state, number in board.counts.items() if state.in_flight)
    cells = _slots(figures, used, limit.in_force, limit.user, most, Tone.COZE)
    throttled = limit.in_force < limit.user and not view_model.is_over
    word = (f" {texts.THROTTLED.in_(lang)}", f"${Tone.ATTENTION}") if throttled else ""
    return Content.assemble(cells, (f" {used}/{limit.in_force}", "bold"), word)


def synthesis_slots(figures: Figures, view_model: ViewModel, most: int) -> Content:
    board = view_model.board
    limit, used = board.limits[Stage.SYNTHESIS], board.counts[State.SYNTHESIZING]
    cells = _slots(figures, used, limit.in_force, limit.user, most, Tone.FILM)
    return Content.assemble(cells, (f" {used}/{limit.in_force}", "bold"))


def _slots(figures: Figures, used: int, in_force: int, wanted: int, most: int, tone: Tone) -> Content:
    glyphs = figures.host.look.glyphs
    slots = max(wanted, in_force, used, 1)
    cells = min(slots, most)
    full = round(cells * used / slots)
    taken = round(cells * max(0, wanted - max(in_force, used)) / slots)
    return Content.assemble(
        (glyphs.slot_used * full, f"${tone}"),
        (glyphs.slot_free * (cells - full - taken), "$muted"),
        (glyphs.slot_taken * taken, f"${Tone.ATTENTION}"),
    )
