"""The task under the cursor, beside the table, where the terminal is wide enough for both."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content

from cozebatch.model.board import Board
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean, clean_lines
from cozebatch.model.task import State
from cozebatch.planning.price import price
from cozebatch_tui.locale import detail as texts
from cozebatch_tui.locale import question as question_texts
from cozebatch_tui.locale.names import CATEGORIES, STATES
from cozebatch_tui.presentation.formatting import duration
from cozebatch_tui.presentation.tones import TONE_OF, Tone
from cozebatch_tui.screen.action_keys import live_keys
from cozebatch_tui.screen.widgets.columns import coze_seconds, synthesis_seconds
from cozebatch_tui.screen.widgets.figures import Figures, clickable
from cozebatch_tui.screen.widgets.poster import Poster

_LINE = 14
"""Cells of a stage's line."""


class DetailPanel(VerticalScroll, can_focus=False):
    """Follows the cursor of the table."""

    SCOPED_CSS = False  # the rules name classes of the screen

    DEFAULT_CSS = """
    DetailPanel {
        width: 46; display: none; border: round $line; padding: 0 1; border-title-color: $muted;
        scrollbar-size-vertical: 1;
    }
    .-wide DetailPanel { display: block; }
    DetailPanel Figures { height: auto; }
    DetailPanel Poster { margin: 1 0 0 0; }
    """

    def compose(self) -> ComposeResult:
        yield DetailText()
        yield Poster()

    def show(self, board: Board, task_id: str | None) -> None:
        if self.display:
            detail = self.query_one(DetailText)
            self.border_title = Content(texts.CHOSEN.in_(detail.host.lang))
            row = board.rows.get(task_id or "")
            detail.show(board, row)
            self.query_one(Poster).show(row.video_path if row is not None else None)


class DetailText(Figures):
    """What is known of one task, and the ways on with their prices."""

    def show(self, board: Board, row: Row | None) -> None:
        if row is None:
            self.draw(Content(""))
            return
        parts = [self._title(row), self._stages(board, row)]
        if row.error is not None or row.note is not None:
            parts.append(self._problem(row))
        parts += [self._ways(row), self._files(row)]
        self.draw(Content("\n\n").join(part for part in parts if part.cell_length))

    def _title(self, row: Row) -> Content:
        lang, glyphs = self.host.lang, self.host.look.glyphs
        state = f"{glyphs.states[row.state]} {STATES[row.state].in_(lang)}"
        aside = f"  {clean(row.account_id, 40)}  {clean(row.task_id, 40)}"
        title = clean(row.title, 200) or clean(row.task_id, 80)
        return Content.assemble((title, "bold"), "\n", (state, f"bold ${TONE_OF[row.state]}"), (aside, "$muted"))

    def _stages(self, board: Board, row: Row) -> Content:
        lang, glyphs, now = self.host.lang, self.host.look.glyphs, board.clock
        lines: list[Content] = []
        for name, seconds, tone in (
            (texts.COZE, coze_seconds(row, now), Tone.COZE),
            (texts.SYNTHESIS, synthesis_seconds(row, now), Tone.FILM),
        ):
            label = name.in_(lang)
            if seconds <= 0:
                lines.append(Content.assemble((f"{label} {glyphs.line} {texts.NOT_BEGUN.in_(lang)}", "$muted")))
                continue
            most = max(coze_seconds(row, now), synthesis_seconds(row, now), 1.0)
            line = glyphs.queue * max(1, round(_LINE * seconds / most))
            lines.append(Content.assemble(f"{label} ", (line, f"${tone}"), f" {duration(seconds)}"))
        if row.attempts > 1:
            lines.append(Content.styled(texts.ATTEMPTS.filled(count=row.attempts).in_(lang), "$muted"))
        return Content("\n").join(lines)

    def _problem(self, row: Row) -> Content:
        lang = self.host.lang
        if row.error is None:
            assert row.note is not None
            return Content.styled(clean(row.note.in_(lang), 400), "$muted")
        if row.waits and row.question is not None:
            head = question_texts.ASKS.in_(lang) + (": " if lang == "en" else "：")
            fields = [f"  {clean(f.name, 60)}  {clean(f.kind, 20)}" for f in row.question.fields[:8]]
            options = [f"  {clean(option, 60)}" for option in row.question.options[:8]]
            text = clean_lines(row.question.text, 400) or question_texts.NOT_SHOWN.in_(lang)
            return Content.assemble(
                (head, f"bold ${TONE_OF[row.state]}"),
                "\n".join([text, *options, *fields]),
                "\n",
                (question_texts.WAITING.in_(lang), "$muted"),
            )
        name = CATEGORIES[row.error.category].in_(lang) + (f" {clean(row.error.code, 20)}" if row.error.code else "")
        return Content.assemble(
            (f"{name}: " if lang == "en" else f"{name}：", f"bold ${TONE_OF[row.state]}"),
            clean(row.error.message.in_(lang), 400),
            "\n",
            (clean(row.error.hint.in_(lang), 400), "$muted"),
        )

    def _ways(self, row: Row) -> Content:
        lang, keys = self.host.lang, live_keys(self.screen)
        found = price([row])
        lines: list[Content] = []
        if row.waits and "open" in keys:
            label = f" {keys['open'][0]} {question_texts.ANSWER_FREE.in_(lang)} "
            lines.append(clickable(label, "screen.open", f"reverse ${Tone.DONE}"))
        if found.free and "retry" in keys:
            retry = question_texts.LOOK_AGAIN if row.waits else texts.RETRY_FREE
            label = f" {keys['retry'][0]} {retry.in_(lang)} "
            lines.append(clickable(label, "screen.retry", f"reverse ${Tone.DONE}"))
        if row.state.is_end and row.state is not State.SKIPPED and "rerun" in keys:
            label = f" {keys['rerun'][0]} {texts.RERUN_PAID.in_(lang)} "
            lines.append(clickable(label, "screen.rerun", f"reverse ${Tone.ATTENTION}"))
        return Content("\n\n").join(lines)

    def _files(self, row: Row) -> Content:
        paths = [clean(path, 300) for path in (row.video_path, row.draft_path) if path]
        return Content.styled("\n".join(paths), "$muted") if paths else Content("")
