"""One line in a fixed place that says what needs a person; at the end of the batch, what there is now to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from cozebatch.model.board import Board
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import attention as texts
from cozebatch_tui.locale.names import CATEGORIES
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.view_model import ViewModel
from cozebatch_tui.screen.widgets.figures import Figures, clickable

_CAUSES = 4
_BUTTON = "reverse"


class AttentionStrip(Figures):
    """Never more than one line; its parts act as their keys do."""

    DEFAULT_CSS = """
    AttentionStrip { height: 1; padding: 0 1; color: $muted; text-wrap: nowrap; text-overflow: ellipsis; }
    AttentionStrip.bad { background: $alert; color: $foreground; }
    AttentionStrip.good { background: $good; color: $foreground; }
    """

    def show(self, view_model: ViewModel, keys: Mapping[str, Sequence[str]], *, films: str | None = None) -> None:
        """`films`: the folder of what was made."""
        lang, board = self.host.lang, view_model.board
        ended = view_model.is_over
        bad = board.counts[State.FAILED] + board.counts[State.HELD]
        self.set_class(bool(bad) and not self.host.look.plain, "bad")
        self.set_class(ended and not bad and not self.host.look.plain, "good")
        if ended:
            self.draw(self._end(board, keys, lang, view_model.waiting, films))
        elif bad:
            parts = [
                *self._counts(board, lang),
                *self._causes(board, lang),
                self._way("errors", keys, texts.ATTEND, lang),
            ]
            self.draw(self._fitting(parts))
        else:
            self.draw(Content.styled(f"{self.host.look.glyphs.good} {texts.NOTHING.in_(lang)}", "$muted"))

    def _end(
        self, board: Board, keys: Mapping[str, Sequence[str]], lang: Lang, waiting: int, films: str | None
    ) -> Content:
        glyphs = self.host.look.glyphs
        done = board.counts[State.DONE]
        parts: list[Content] = []
        if waiting:
            parts.append(
                Content.styled(f"{glyphs.ended} {texts.TRIED.in_(lang).format(done=done, rest=waiting)}", "bold")
            )
            parts.append(self._way("continue", keys, texts.CONTINUE, lang, count=waiting))
        else:
            parts.append(Content.styled(f"{glyphs.ended} {texts.MADE.in_(lang).format(count=done)}", "bold"))
        if films is not None:
            parts.append(
                Content.assemble((clean(films, 60), "$muted"), "  ", self._way("folder", keys, texts.FOLDER, lang))
            )
        parts += self._counts(board, lang)
        if board.counts[State.FAILED] + board.counts[State.HELD]:
            parts.append(self._way("errors", keys, texts.ATTEND, lang))
        parts.append(self._way("report", keys, texts.REPORT, lang))
        parts.append(self._way("quit", keys, texts.QUIT, lang))
        return self._fitting(parts)

    def _counts(self, board: Board, lang: Lang) -> list[Content]:
        signs = self.host.look.glyphs.states
        return [
            Content.styled(f"{signs[state]} {board.counts[state]} {word.in_(lang)}", f"bold ${tone}")
            for state, word, tone in (
                (State.FAILED, texts.FAILED, Tone.FAILED),
                (State.HELD, texts.HELD, Tone.ATTENTION),
            )
            if board.counts[state]
        ]

    def _causes(self, board: Board, lang: Lang) -> list[Content]:
        groups = sorted(board.groups.values(), key=lambda group: -group.count)[:_CAUSES]
        found: list[Content] = []
        for group in groups:
            category, code = group.key
            name = f"{CATEGORIES[category].in_(lang)} {clean(code, 12)}" if code else CATEGORIES[category].in_(lang)
            found.append(Content(f"{name} x{group.count}"))
        return found

    def _way(self, action: str, keys: Mapping[str, Sequence[str]], text: object, lang: Lang, **values: int) -> Content:
        """A way on, named with its key; nothing if no key leads there."""
        typed = keys.get(action)
        if not typed:
            return Content("")
        name = getattr(text, lang).format(**values)
        return clickable(f" {typed[0]} {name} ", _ACTIONS.get(action, f"screen.{action}"), _BUTTON)

    def _fitting(self, parts: Sequence[Content]) -> Content:
        """As many parts as fit; the ways on are kept, what they stand beside gives way."""
        wanted = [part for part in parts if part.cell_length]
        while len(wanted) > 1 and Content("  ").join(wanted).cell_length > self.size.width:
            plain = [part for part in wanted[1:] if not any("reverse" in str(span.style) for span in part.spans)]
            wanted.remove(plain[-1] if plain else wanted[-1])
        return Content("  ").join(wanted)


_ACTIONS: Mapping[str, str] = {"quit": "app.leave"}
