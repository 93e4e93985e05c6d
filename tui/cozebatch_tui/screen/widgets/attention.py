"""One line in a fixed place that says what needs a person; at the end of the batch, what there is now to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.content import Content

from cozebatch.model.board import Board
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import attention as texts
from cozebatch_tui.locale import question as question_texts
from cozebatch_tui.locale.names import CATEGORIES
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.view_model import ViewModel
from cozebatch_tui.screen.widgets.figures import Figures, clickable

_CAUSES = 4
_BUTTON = "reverse"
_KEPT = 9
"""The weight of what stands there at any width."""


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
            counts = [(_KEPT, part) for part in self._counts(board, lang)]
            causes = [(0, part) for part in self._causes(board, lang)]
            self.draw(self._fitting([*counts, *causes, (_KEPT, self._way("errors", keys, texts.ATTEND, lang))]))
        else:
            self.draw(Content.styled(f"{self.host.look.glyphs.good} {texts.NOTHING.in_(lang)}", "$muted"))

    def _end(
        self, board: Board, keys: Mapping[str, Sequence[str]], lang: Lang, waiting: int, films: str | None
    ) -> Content:
        glyphs = self.host.look.glyphs
        done = board.counts[State.DONE]
        parts: list[tuple[int, Content]] = []
        if waiting:
            tried = texts.TRIED.in_(lang).format(done=done, rest=waiting)
            parts.append((_KEPT, Content.styled(f"{glyphs.ended} {tried}", "bold")))
            parts.append((_KEPT, self._way("continue", keys, texts.CONTINUE, lang, count=waiting)))
        else:
            parts.append((_KEPT, Content.styled(f"{glyphs.ended} {texts.MADE.in_(lang).format(count=done)}", "bold")))
        counts = self._counts(board, lang)
        parts += [(_KEPT, part) for part in counts]
        if counts:
            parts += [(0, part) for part in self._causes(board, lang)]
            parts.append((_KEPT, self._way("errors", keys, texts.ATTEND, lang)))
        if films is not None and done:
            parts.append((5, self._way("play", keys, texts.PLAY, lang)))
            parts.append((1, Content.styled(clean(films, 60), "$muted")))
            parts.append((4, self._way("folder", keys, texts.FOLDER, lang)))
        parts.append((3, self._way("report", keys, texts.REPORT, lang)))
        parts.append((2, self._way("quit", keys, texts.QUIT, lang)))
        return self._fitting(parts)

    def _counts(self, board: Board, lang: Lang) -> list[Content]:
        signs = self.host.look.glyphs.states
        asks = len(board.questions)
        questions = question_texts.QUESTIONS.in_(lang).format(count=asks)
        found = [Content.styled(f"{signs[State.HELD]} {questions}", f"bold ${Tone.ATTENTION}")] if asks else []
        held = board.counts[State.HELD] - asks
        counts = {State.FAILED: board.counts[State.FAILED], State.HELD: held}
        return found + [
            Content.styled(f"{signs[state]} {counts[state]} {word.in_(lang)}", f"bold ${tone}")
            for state, word, tone in (
                (State.FAILED, texts.FAILED, Tone.FAILED),
                (State.HELD, texts.HELD, Tone.ATTENTION),
            )
            if counts[state] > 0
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

    def _fitting(self, parts: Sequence[tuple[int, Content]]) -> Content:
        """As many parts as fit; the one with the least weight gives way first, of several the last."""
        wanted = [part for part in parts if part[1].cell_length]
        while len(wanted) > 1 and _joined(wanted).cell_length > self.size.width:
            least = min(weight for weight, _ in wanted)
            wanted.pop(max(place for place, (weight, _) in enumerate(wanted) if weight == least))
        return _joined(wanted)


def _joined(parts: Sequence[tuple[int, Content]]) -> Content:
    return Content("  ").join(part for _, part in parts)


_ACTIONS: Mapping[str, str] = {"quit": "app.leave"}
