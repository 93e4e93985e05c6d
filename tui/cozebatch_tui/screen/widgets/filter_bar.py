"""Below the filter's text: what is wrong with it, and how many tasks are in each state, to be filtered by a click."""

from __future__ import annotations

from textual.content import Content

from cozebatch.model.board import Board
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.presentation.tones import TONE_OF, Tone
from cozebatch_tui.screen.widgets.figures import Figures, clickable
from cozebatch_tui.screen.widgets.filter import read_filter

_ORDER = (
    State.FAILED,
    State.HELD,
    State.SYNTHESIZING,
    State.DOWNLOADING,
    State.QUEUED,
    State.WRITING_BACK,
    State.RUNNING,
    State.SUBMITTING,
    State.PENDING,
    State.DONE,
    State.CANCELLED,
    State.SKIPPED,
)
"""What a person looks for first stands first; a narrow terminal shows the first ones."""


class FilterBar(Figures):
    """One line, seen while the filter is open."""

    DEFAULT_CSS = """
    FilterBar { display: none; height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    FilterBar.open { display: block; }
    """

    def show(self, board: Board, text: str) -> None:
        lang, glyphs = self.host.lang, self.host.look.glyphs
        complaints = read_filter(text).complaints
        parts = [Content.styled(f"{glyphs.bad} {complaint.in_(lang)}", f"${Tone.FAILED}") for complaint in complaints]
        chosen = text.strip().casefold()
        for state in _ORDER:
            if board.counts[state]:
                name = STATES[state].in_(lang)
                style = "bold reverse" if chosen == filter_for(state, lang).casefold() else ""
                chip = clickable(f"{name} {board.counts[state]}", f"screen.filter_by('{state.value}')", style)
                parts.append(Content.assemble((f"{glyphs.states[state]} ", f"${TONE_OF[state]}"), chip))
        self.draw(Content("  ").join(parts))


def filter_for(state: State, lang: Lang) -> str:
    """The filter that shows the tasks in this state."""
    return f"status:{STATES[state].in_(lang).replace(' ', '')}" if lang == "zh" else f"status:{state.value}"
