"""The problems, grouped by cause: number of tasks, message, hint, and buttons that name their cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rich.text import Text as RichText
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from cozebatch.model.board import Board, ErrorGroup
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch.planning.price import price
from cozebatch_tui.locale import screen as texts
from cozebatch_tui.locale.names import CATEGORIES
from cozebatch_tui.screen.error_boundary import guarded

GROUPS_SHOWN = 12

Request = Literal["retry", "rerun", "show"]
"""What a button of the panel asks for."""


@dataclass(frozen=True, slots=True)
class Resumable:
    """The tasks of a group that resume for free, and those that only a paid execution takes further."""

    free: tuple[str, ...]
    paid: tuple[str, ...]


def resumable(board: Board, group: ErrorGroup) -> Resumable:
    """By the price of a retry. A held task has none: a person who runs it again pays."""
    rows = [board.rows[task_id] for task_id in group.task_ids]
    found = price(rows)
    held = tuple(row.task_id for row in rows if row.state is State.HELD)
    return Resumable(found.free, found.paid + held)


class ErrorPanel(VerticalScroll):
    """Shows the groups; rebuilds itself only if they change."""

    DEFAULT_CSS = """
    ErrorPanel { height: auto; max-height: 30%; border-top: solid $error; padding: 0 1; display: none; }
    ErrorPanel.open { display: block; }
    ErrorPanel .group { height: auto; margin-bottom: 1; }
    ErrorPanel Static { height: auto; }
    ErrorPanel Horizontal { height: 1; }
    ErrorPanel Button { min-width: 12; margin-right: 2; padding: 0 1; }
    """

    class Asked(Message):
        """A button was pressed."""

        def __init__(self, action: Request, task_ids: Sequence[str], category: str) -> None:
            super().__init__()
            self.action: Request = action
            self.task_ids = task_ids
            self.category = category

    def __init__(self, board: Board, lang: Lang) -> None:
        super().__init__()
        self._board = board
        self.lang: Lang = lang
        self._shown: tuple[tuple[str, int], ...] = ()

    def show(self) -> None:
        """Draw the groups, largest first, unless they are drawn already."""
        groups = sorted(self._board.groups.values(), key=lambda group: -group.count)[:GROUPS_SHOWN]
        now = tuple((f"{g.key}", g.count) for g in groups)
        if now == self._shown and self.children:
            return
        self._shown = now
        self.border_title = f"{texts.ERRORS_TITLE.in_(self.lang)} ({sum(g.count for g in groups)})"
        self.remove_children()
        if groups:
            self.mount(*(Group(self._board, group, self.lang) for group in groups))
        else:
            self.mount(Static(Content(texts.NO_ERRORS.in_(self.lang))))


class Group(Vertical):
    """One group: a text and its buttons."""

    def __init__(self, board: Board, group: ErrorGroup, lang: Lang) -> None:
        super().__init__(classes="group")
        self._resumable = resumable(board, group)
        self._group = group
        self._lang: Lang = lang

    def compose(self) -> ComposeResult:
        error, lang = self._group.sample, self._lang
        text = RichText()
        text.append(f"{self._group.count} x {CATEGORIES[error.category].in_(lang)}", style="bold")
        if error.code:
            text.append(f" [{clean(error.code, 40)}]")
        text.append(f"  {clean(error.message.in_(lang), 300)}")
        if error.logid:
            text.append(f"  logid {clean(error.logid, 60)}", style="dim")
        text.append(f"\n{clean(error.hint.in_(lang), 300)}", style="italic")
        yield Static(text, markup=False)
        with Horizontal():
            if self._resumable.free:
                yield self._button("retry", texts.RETRY_FREE.in_(lang), len(self._resumable.free), "success")
            if self._resumable.paid:
                yield self._button("rerun", texts.RERUN_PAID.in_(lang), len(self._resumable.paid), "warning")
            yield self._button("show", texts.SHOW_THESE.in_(lang), self._group.count, "default")

    def _button(self, name: str, label: str, number: int, variant: str) -> Button:
        return Button(Content(f"{label} {number}"), name=name, variant=variant, compact=True)  # type: ignore[arg-type]

    @guarded
    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        tasks: dict[str | None, tuple[Request, tuple[str, ...]]] = {
            "retry": ("retry", self._resumable.free),
            "rerun": ("rerun", self._resumable.paid),
            "show": ("show", tuple(self._group.task_ids)),
        }
        action, task_ids = tasks[event.button.name]
        self.post_message(ErrorPanel.Asked(action, task_ids, self._group.sample.category.value))
