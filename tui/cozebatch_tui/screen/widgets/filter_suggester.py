"""Suggests how the last word of a filter may go on: the names of conditions, of states, of accounts and of causes."""

from __future__ import annotations

from collections.abc import Iterator

from textual.suggester import Suggester

from cozebatch.model.board import Board
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang
from cozebatch_tui.locale.names import CATEGORIES, STATES
from cozebatch_tui.screen.widgets.filter import FIGURES, KEYS


class FilterSuggester(Suggester):
    """Reads the board when it is asked, so that it offers only what there is."""

    def __init__(self, board: Board, lang: Lang) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._board = board
        self._lang: Lang = lang

    async def get_suggestion(self, value: str) -> str | None:
        before, blank, word = value.rpartition(" ")
        denied = "!" if word.startswith("!") else ""
        typed = word.removeprefix("!")
        if not typed:
            return None
        found = next((offer for offer in self._offers() if offer != typed and offer.startswith(typed)), None)
        return None if found is None else f"{before}{blank}{denied}{found}"

    def _offers(self) -> Iterator[str]:
        rows = self._board.rows.values()
        for state in {row.state: None for row in rows}:
            yield f"status:{STATES[state].zh if self._lang == 'zh' else state.value}"
        for category, _ in self._board.groups:
            yield f"error:{CATEGORIES[category].zh if self._lang == 'zh' else category.value}"
        for account in {row.account_id: None for row in rows}:
            if account and " " not in account:
                yield f"account:{clean(account, 60)}"
        yield from (f"{key}:" for key in KEYS)
        yield from (f"{figure}>" for figure in FIGURES)
