"""The tasks of a plan, before anything is paid: what will be done to each and what it costs. Paid ones can be
unticked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.strip import Strip

from cozebatch.batch.preview import PlannedTask
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch.planning.planned import Action
from cozebatch_tui.locale import start as texts
from cozebatch_tui.locale.names import STATES
from cozebatch_tui.presentation.cells import fit
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.host import host_of
from cozebatch_tui.screen.widgets.task_list import TaskList

TONES: Mapping[Action, Tone] = {
    Action.SUBMIT: Tone.ATTENTION,
    Action.WATCH: Tone.COZE,
    Action.FINISH: Tone.FILM,
    Action.DELIVER: Tone.FILM,
    Action.HOLD: Tone.ATTENTION,
    Action.SKIP: Tone.WAITING,
    Action.KEEP: Tone.DONE,
}
_TICK, _WHAT, _COST, _ACCOUNT, _ID = 4, 24, 6, 14, 16
_WITH_ACCOUNT, _WITH_ID = 90, 110
"""Widths of the list from which on these columns are shown."""


class PlanList(TaskList):
    """All tasks, however many, the paid ones first; `unticked` are the paid ones that the operator leaves out."""

    DEFAULT_CSS = "PlanList { height: 1fr; min-height: 4; }"

    def __init__(self, tasks: Sequence[PlannedTask], lang: Lang) -> None:
        super().__init__()
        self.lang: Lang = lang
        self.tasks = _sorted(tasks)
        self.unticked: set[str] = set()
        self._needle = ""

    def put(self, tasks: Sequence[PlannedTask]) -> None:
        """The same tasks, with something else done to some of them. What was unticked stays so."""
        self.tasks = _sorted(tasks)
        self.show_all()

    def show_all(self) -> None:
        needle = self._needle
        self.show_tasks([task_id for task_id, task in self.tasks.items() if not needle or needle in _text_of(task)])
        self.border_title = Content(f"{texts.TASKS.in_(self.lang)} {len(self.tasks)}")
        self.show_place()

    def show_place(self) -> None:
        ticked = sum(
            1 for task in self.tasks.values() if task.action is Action.SUBMIT and task.task_id not in self.unticked
        )
        dot = host_of(self).look.glyphs.dot
        self.border_subtitle = Content(f"{len(self.order)} {dot} {texts.TICKED.in_(self.lang).format(count=ticked)}")

    def filter(self, text: str) -> None:
        self._needle = text.strip().casefold()
        self.show_all()

    def tick(self) -> None:
        """Leave a paid task out, or take it in again; the others cost nothing and are done in any case."""
        task = self.tasks.get(self.cursor_id or "")
        if task is not None and task.action is Action.SUBMIT:
            self.unticked ^= {task.task_id}
            self.refresh_tasks([task.task_id])
            self.show_place()
        self.action_cursor(1)
        self.post_message(self.Moved())

    def heading(self, width: int, number: int = 0) -> Strip:
        style = self.ground("background") + self.colour("muted")
        parts = [Segment("  ", style)]
        for name, cells in _columns(width):
            parts += [Segment(fit(texts.COLUMNS[name].in_(self.lang), cells), style), Segment(" ", style)]
        return Strip(parts).adjust_cell_length(width, style)

    def line(self, task_id: str, width: int, style: Style) -> Strip:
        task, look = self.tasks[task_id], host_of(self).look
        left_out = task_id in self.unticked and task.action is Action.SUBMIT
        tone = style + self.colour("muted" if left_out else TONES[task.action])
        quiet = style + self.colour("muted")
        parts = [
            Segment(f"{look.glyphs.cursor if task_id == self.cursor_id else ' '} ", style + self.colour(Tone.COZE))
        ]
        for name, cells in _columns(width):
            match name:
                case "tick":
                    sign = look.glyphs.unticked if left_out else look.glyphs.ticked
                    box = f" {sign}" if look.glyphs.unicode else f"[{sign}]"
                    text, paint = box if task.action is Action.SUBMIT else f" {look.glyphs.dot}", tone
                case "id":
                    text, paint = task.task_id, quiet
                case "title":
                    text, paint = task.title or task.task_id, quiet if left_out else style
                case "account":
                    text, paint = task.account_id, quiet
                case "what":
                    what = texts.LEFT_OUT if left_out else _what(task)
                    reason = f" {clean(task.reason.in_(self.lang), 120)}" if task.reason is not None else ""
                    text, paint = what.in_(self.lang) + reason, tone
                case _:
                    paid = task.action is Action.SUBMIT and not left_out
                    text, paint = (texts.PAID if paid else texts.FREE).in_(self.lang), tone if paid else quiet
            parts += [Segment(fit(text, cells), paint), Segment(" ", style)]
        return Strip(parts)

    def empty(self) -> str:
        return texts.NO_TASKS.in_(self.lang)


def _sorted(tasks: Sequence[PlannedTask]) -> dict[str, PlannedTask]:
    """The paid ones first."""
    order = list(Action)
    return {task.task_id: task for task in sorted(tasks, key=lambda task: order.index(task.action))}


def _what(task: PlannedTask) -> Text:
    """What is done to it, without what that costs."""
    if task.action is Action.WATCH and task.expired:
        return texts.EXPIRED
    if task.waits:
        return texts.ASKED_ONE
    what = texts.WHAT[task.action]
    if task.days_left is not None:
        left = texts.LAST_DAY if not task.days_left else texts.DAYS_LEFT
        short = texts.WATCHED if task.action is Action.WATCH else what
        days = task.days_left
        return Text(left.zh.format(what=short.zh, days=days), left.en.format(what=short.en, days=days))
    if task.reusable and task.action is Action.SUBMIT:
        return texts.PAID_BEFORE
    if task.action is Action.KEEP:
        state = STATES[task.state]
        return Text(f"{what.zh}：{state.zh}", f"{what.en}: {state.en}")
    return what


def _columns(width: int) -> list[tuple[str, int]]:
    columns = [("tick", _TICK), ("id", _ID if width >= _WITH_ID else 0), ("title", -1)]
    columns += [("account", _ACCOUNT if width >= _WITH_ACCOUNT else 0), ("what", _WHAT), ("cost", _COST)]
    kept = [(name, cells) for name, cells in columns if cells]
    rest = width - 2 - sum(cells for _, cells in kept if cells > 0) - len(kept)
    title = max(8, min(48, rest))
    what = _WHAT + max(0, rest - title)
    return [(name, title if cells < 0 else what if name == "what" else cells) for name, cells in kept]


def _text_of(task: PlannedTask) -> str:
    return f"{task.task_id} {task.title} {task.account_id}".casefold()
