"""The header: counts, time and money, then the gauges of the limits and the throughput."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text as RichText
from textual.widgets import Static

from cozebatch.model.rows import Stage
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.locale.names import PAUSES
from cozebatch_tui.presentation.formatting import count, duration, spark
from cozebatch_tui.screen.view_model import ViewModel


class Figures(Static):
    """A text that redraws only if it has changed."""

    def __init__(self) -> None:
        super().__init__("", markup=False)
        self._drawn: RichText | None = None

    def _draw(self, line: RichText) -> None:
        if line != self._drawn:
            self._drawn = line
            self.update(line)


class Header(Figures):
    """Two lines: progress and costs."""

    DEFAULT_CSS = """
    Header { height: 2; background: $panel; color: $foreground; padding: 0 1; }
    Header.paused { background: $warning-muted; }
    """

    def __init__(self, title: str, lang: Lang) -> None:
        super().__init__()
        self._title = title
        self.lang: Lang = lang

    def show(self, view_model: ViewModel) -> None:
        board, lang = view_model.board, self.lang
        counts = board.counts
        self.set_class(bool(board.paused), "paused")
        running = sum(n for state, n in counts.items() if not state.is_end and state is not State.PENDING)
        parts = [
            (f"cozebatch {self._title}", True),
            (f"{texts.DONE.in_(lang)} {counts[State.DONE]}/{len(board.rows)}", True),
            (f"{texts.RUNNING.in_(lang)} {running}", False),
            (f"{texts.FAILED.in_(lang)} {counts[State.FAILED]}", counts[State.FAILED] > 0),
            (f"{texts.HELD.in_(lang)} {counts[State.HELD]}", counts[State.HELD] > 0),
            (f"{texts.ELAPSED.in_(lang)} {duration(board.clock)}", False),
            (self._remaining(view_model), False),
            (f"{texts.WAITING.in_(lang)} {counts[State.PENDING]}", False),
        ]
        if counts[State.SKIPPED]:
            parts.append((f"{texts.SKIPPED.in_(lang)} {counts[State.SKIPPED]}", False))
        line = self._line(parts)
        line.append("\n")
        line.append_text(self._line([(part, False) for part in self._money(view_model)]))
        self._draw(line)

    def _line(self, parts: list[tuple[str, bool]]) -> RichText:
        """Join as many parts, in order, as fit. Each part is a text and whether it is bold."""
        line, room = RichText(no_wrap=True), max(20, self.size.width - 2)
        for text, bold in parts:
            if text and line.cell_len + cell_len(text) + 2 <= room:
                line.append(text + "  ", style="bold" if bold else "")
        return line

    def _remaining(self, view_model: ViewModel) -> str:
        lang = self.lang
        if view_model.board.paused:
            return "  ".join(PAUSES[reason].in_(lang) for reason in view_model.board.paused if reason in PAUSES)
        if view_model.board.rows and not view_model.board.unfinished:
            return texts.FINISHED.in_(lang)
        left = view_model.left
        if left is None:
            return ""
        remaining = texts.REMAINING.in_(lang).format(time=duration(left.seconds))
        return f"{remaining} ({texts.BOTTLENECK[left.bottleneck].in_(lang)})"

    def _money(self, view_model: ViewModel) -> list[str]:
        board, lang = view_model.board, self.lang
        in_flight = sum(n for state, n in board.counts.items() if state.in_flight)
        owed = board.gauges.owed if board.gauges else 0
        parts = [
            f"{texts.PAID.in_(lang)} {view_model.paid}",
            f"{texts.IN_FLIGHT.in_(lang)} {in_flight}",
            f"{texts.HELD.in_(lang)} {board.counts[State.HELD]}",
            f"{texts.REUSED.in_(lang)} {view_model.reused}",
            f"tokens {count(view_model.tokens)}",
        ]
        if owed:
            parts.append(f"{texts.OWED.in_(lang)} {owed}")
        return parts


class Gauges(Figures):
    """One line: Coze slots, synthesis workers, request rate and throughput."""

    DEFAULT_CSS = "Gauges { height: 1; padding: 0 1; }"

    def __init__(self, lang: Lang) -> None:
        super().__init__()
        self.lang: Lang = lang

    def show(self, view_model: ViewModel) -> None:
        board, lang, gauges = view_model.board, self.lang, view_model.board.gauges
        coze, synthesis = board.limits[Stage.COZE], board.limits[Stage.SYNTHESIS]
        in_flight = sum(n for state, n in board.counts.items() if state.in_flight)
        line = RichText(no_wrap=True, overflow="ellipsis")
        self._bar(line, texts.GAUGE_COZE.in_(lang), in_flight, coze.in_force)
        if coze.in_force < coze.user:
            line.append(f"({texts.SET_TO.in_(lang).format(limit=coze.user)})  ", style="bold")
        self._bar(line, texts.GAUGE_SYNTHESIS.in_(lang), board.counts[State.SYNTHESIZING], synthesis.in_force)
        rate = gauges.requests_per_second if gauges else 0.0
        line.append(f"{texts.GAUGE_REQUESTS.in_(lang)} {rate:.1f}  ")
        if self.size.width >= 100:
            line.append(f"{texts.GAUGE_THROUGHPUT.in_(lang)} ")
            line.append(spark(view_model.throughput(), min(24, max(4, self.size.width - 96))), style="bold")
        self._draw(line)

    def _bar(self, line: RichText, name: str, used: int, limit: int) -> None:
        width = 10 if self.size.width >= 100 else 6
        filled = min(width, round(width * used / limit)) if limit else 0
        line.append(f"{name} ")
        line.append(" " * filled, style="reverse")
        line.append("_" * (width - filled), style="dim")
        line.append(f" {used}/{limit}  ", style="bold")
