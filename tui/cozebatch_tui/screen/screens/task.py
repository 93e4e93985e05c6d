"""One task in full: its input, what was sent, Coze's output, its submissions, stages and files."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import ClassVar

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from cozebatch.model.errors import CozebatchError
from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean, clean_lines
from cozebatch.model.task import State, Task
from cozebatch.planning.price import price
from cozebatch.ports import Execution
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.presentation.describe import error_line
from cozebatch_tui.presentation.formatting import duration
from cozebatch_tui.screen.action_registry import Situation, bindings_of
from cozebatch_tui.screen.action_screen import ActionScreen
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.widgets.action_footer import ActionFooter


class TaskScreen(ActionScreen[None]):
    """Redraws itself twice a second."""

    DEFAULT_CSS = """
    TaskScreen #name { height: 2; background: $panel; padding: 0 1; }
    TaskScreen #body { height: 1fr; padding: 0 1; }
    TaskScreen #body Static { height: auto; }
    """

    SCOPE = "task"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("task")

    def __init__(self, task_id: str) -> None:
        super().__init__()
        self._task_id = task_id
        self._shown: Row | None = None
        self._details: tuple[Task, dict[str, str], str | None, list[Execution]] | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="name", markup=False)
        with VerticalScroll(id="body"):
            yield Static("", id="text", markup=False)
        yield ActionFooter("task")

    def on_mount(self) -> None:
        self.query_one("#body").focus()
        self.set_interval(0.5, self._refresh)
        self._refresh()

    @property
    def row(self) -> Row:
        return self.host.view_model.board.rows[self._task_id]

    def situation(self) -> Situation:
        row = self.row
        return Situation(chosen=[row], current=row, unfinished=not row.state.is_end)

    @guarded
    def _refresh(self) -> None:
        row = self.row
        self._draw(row)
        if self._shown is None or self._shown.state is not row.state:
            self._shown = row
            self.query_one(ActionFooter).show()
            self.run_worker(self._load(row), exclusive=True, exit_on_error=False)

    async def _load(self, row: Row) -> None:
        """Read what the journal has of the task, in the engine's thread."""
        run_id, session = self.host.view_model.board.run_id or "", self.host.session
        try:
            task = await asyncio.wrap_future(session.task(run_id, row.task_id))
            sent = await asyncio.wrap_future(session.parameters(run_id, row.task_id))
            output = await asyncio.wrap_future(session.output(row.execute_id)) if row.execute_id else None
            executions = await asyncio.wrap_future(session.executions(run_id, row.task_id))
        except CozebatchError as error:
            self.host.say(str(error))
            return
        self._details = (task, sent, output, executions)
        self._draw(self.row)

    def _draw(self, row: Row) -> None:
        lang = self.host.lang
        name = RichText(no_wrap=True, overflow="ellipsis")
        name.append(clean(row.title, 200) or clean(row.task_id), style="bold")
        name.append(
            f"\n{self.host.look.glyphs.states[row.state]} {STATES[row.state].in_(lang)}   {clean(row.task_id, 60)}"
        )
        name.append(f"   {clean(row.execute_id or '', 60)}   {clean(row.account_id, 60)}")
        self.query_one("#name", Static).update(name)
        text = RichText()
        if row.error is not None:
            self._section(text, texts.TASK_PROBLEM.in_(lang), clean(error_line(row.error, lang)))
        if row.note is not None:
            self._section(text, texts.TASK_PROBLEM.in_(lang), clean(row.note.in_(lang)))
        if row.state is State.HELD:
            sent_at = _time(row.submitted_at) if row.submitted_at is not None else "?"
            text.append(self.text(texts.HELD_HELP, when=sent_at) + "\n\n", style="bold")
        found = price([row])
        if found.free or found.paid:
            text.append(self.text(texts.RETRY_IS_FREE if found.free else texts.RETRY_IS_PAID) + "\n\n", style="bold")
        self._section(text, texts.TASK_STAGES.in_(lang), self._stages(row))
        paths = [path for path in (row.video_path, row.draft_path, row.debug_url) if path]
        self._section(text, texts.TASK_PATHS.in_(lang), clean_lines("\n".join(paths)))
        if self._details is not None:
            task, sent, output, executions = self._details
            self._section(text, texts.TASK_ATTEMPTS.in_(lang), "\n".join(self._execution(e) for e in executions))
            self._section(text, texts.TASK_INPUT.in_(lang), _pretty(task.to_json()))
            self._section(text, texts.TASK_SENT.in_(lang), _pretty(sent))
            self._section(text, texts.TASK_OUTPUT.in_(lang), _pretty_text(output or ""))
        self.query_one("#text", Static).update(text)

    def _section(self, text: RichText, title: str, body: str) -> None:
        if body:
            text.append(f"{title}\n", style="bold underline")
            text.append(f"{body}\n\n")

    def _stages(self, row: Row) -> str:
        lang, now = self.host.lang, self.host.view_model.board.clock
        facts = [f"{texts.COLUMNS['attempts'].in_(lang)} {row.attempts}"]
        if row.submit_clock is not None:
            end = row.coze_end_clock if row.coze_end_clock is not None else now
            facts.append(f"Coze {duration(end - row.submit_clock)}")
        if row.synthesis_clock is not None:
            end = row.synthesis_end_clock if row.synthesis_end_clock is not None else now
            facts.append(f"{texts.COLUMNS['synthesis'].in_(lang)} {duration(end - row.synthesis_clock)}")
        if row.tokens:
            facts.append(f"tokens {row.tokens}")
        for name, at in ((texts.SUBMITTED.in_(lang), row.submitted_at), (texts.ENDED.in_(lang), row.finished_at)):
            if at is not None:
                facts.append(f"{name} {_time(at)}")
        return "   ".join(facts)

    def _execution(self, execution: Execution) -> str:
        parts = [f"{execution.number}.", execution.status, _time(execution.sent_at), execution.execute_id or ""]
        if execution.seconds is not None:
            parts.append(f"{execution.seconds:.0f} s")
        if execution.logid:
            parts.append(f"logid {execution.logid}")
        if execution.error is not None:
            parts.append(error_line(execution.error, self.host.lang))
        return clean("  ".join(part for part in parts if part))

    def action_link(self) -> None:
        self.task_actions.open_link(self.row)

    def action_copy(self) -> None:
        self.task_actions.copy(self.row)

    def action_retry(self) -> None:
        self.task_actions.retry([self._task_id])

    def action_rerun(self) -> None:
        self.task_actions.rerun([self._task_id])

    def action_cancel(self) -> None:
        self.task_actions.cancel([self._task_id])

    def action_adopt(self) -> None:
        if self.row.state.is_end:
            self.task_actions.adopt(self.row)

    def action_folder(self) -> None:
        self.task_actions.open_folder(self.row.video_path or self.row.draft_path, self.host.films_folder)

    def action_play(self) -> None:
        self.task_actions.play(self.row)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%m-%d %H:%M:%S")


def _pretty(value: object) -> str:
    return clean_lines(json.dumps(value, ensure_ascii=False, indent=2))


def _pretty_text(text: str) -> str:
    """Pretty-print JSON, also inside JSON; return other text as it is."""
    from cozebatch.coze.output import parse_output

    return _pretty(parse_output(text)) if text else ""
