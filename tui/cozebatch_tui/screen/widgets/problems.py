"""The problems by cause, one line each: how many tasks, what happened, and buttons that name what they cost.

The drawer takes the attention strip's place while it is open. The cause under the cursor unfolds what to do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Static

from cozebatch.model.board import Board, ErrorGroup
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang
from cozebatch.planning.price import price
from cozebatch_tui.locale import attention as texts
from cozebatch_tui.locale.names import CATEGORIES
from cozebatch_tui.presentation.tones import Tone
from cozebatch_tui.screen.action_keys import live_keys, text_with_keys
from cozebatch_tui.screen.error_boundary import guarded
from cozebatch_tui.screen.host import host_of

GROUPS_SHOWN = 12

Request = Literal["retry", "rerun", "show"]
"""What is asked for the tasks of a cause."""


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


class ProblemDrawer(VerticalScroll, can_focus=True):
    """Shows the groups, largest first; rebuilds itself only if they change."""

    DEFAULT_CSS = """
    ProblemDrawer {
        height: auto; max-height: 40%; display: none; background: $background;
        border: round $stage-failed; border-title-color: $foreground; border-subtitle-color: $muted;
        scrollbar-size-vertical: 1;
    }
    ProblemDrawer.open { display: block; }
    ProblemDrawer Cause { height: auto; }
    ProblemDrawer Cause.chosen { background: $cursor; }
    ProblemDrawer Cause Horizontal { height: 1; }
    ProblemDrawer Cause .what { width: 1fr; height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    ProblemDrawer Cause .hint { height: auto; display: none; padding: 0 4; color: $muted; }
    ProblemDrawer Cause.unfolded .hint { display: block; }
    ProblemDrawer Button { min-width: 8; margin-left: 1; padding: 0 1; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("enter", "unfold", show=False),
        Binding("r", "ask('retry')", show=False),
        Binding("x", "ask('rerun')", show=False),
        Binding("escape", "screen.errors", show=False),
    ]

    class Asked(Message):
        """Something is to be done to the tasks of a cause."""

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
        self._chosen = 0

    def show(self) -> None:
        """Draw the groups unless they are drawn already."""
        groups = sorted(self._board.groups.values(), key=lambda group: -group.count)[:GROUPS_SHOWN]
        now = tuple((f"{g.key}", g.count) for g in groups)
        self.border_subtitle = Content(text_with_keys(texts.MOVE, self.lang, live_keys(self.screen)))
        if now == self._shown and self.children:
            return
        self._shown = now
        total = sum(group.count for group in groups)
        self.border_title = Content(texts.PROBLEMS.in_(self.lang).format(count=total))
        self.remove_children()
        if groups:
            self._chosen = min(self._chosen, len(groups) - 1)
            causes = [Cause(self._board, group, self.lang) for group in groups]
            causes[self._chosen].add_class("chosen", "unfolded")
            self.mount(*causes)
        else:
            self.mount(Static(Content(texts.NO_PROBLEMS.in_(self.lang))))

    @guarded
    def action_choose(self, step: int) -> None:
        causes = list(self.query(Cause))
        if not causes:
            return
        causes[self._chosen].remove_class("chosen", "unfolded")
        self._chosen = min(max(0, self._chosen + step), len(causes) - 1)
        causes[self._chosen].add_class("chosen", "unfolded").scroll_visible(animate=False)

    @guarded
    def action_unfold(self) -> None:
        for cause in self.query("Cause.chosen"):
            cause.toggle_class("unfolded")

    @guarded
    def action_ask(self, action: Request) -> None:
        for cause in self.query("Cause.chosen").results(Cause):
            cause.ask(action)


class Cause(Vertical):
    """One group."""

    def __init__(self, board: Board, group: ErrorGroup, lang: Lang) -> None:
        super().__init__()
        self._resumable = resumable(board, group)
        self._group = group
        self._lang: Lang = lang

    def compose(self) -> ComposeResult:
        error, lang = self._group.sample, self._lang
        held = error.category.value == "unknown_submit"
        sign = host_of(self).look.glyphs.states[State.HELD if held else State.FAILED]
        name = CATEGORIES[error.category].in_(lang) + (f" {clean(error.code, 20)}" if error.code else "")
        tone = Tone.ATTENTION if held else Tone.FAILED
        with Horizontal():
            yield Static(
                Content.assemble(
                    (f" {sign} {self._group.count}  {name}", f"bold ${tone}"),
                    f"  {clean(error.message.in_(lang), 300)}",
                ),
                classes="what",
                markup=False,
            )
            if self._resumable.free:
                yield self._button("retry", texts.RETRY.in_(lang).format(count=len(self._resumable.free)), "success")
            if self._resumable.paid:
                yield self._button("rerun", texts.RERUN.in_(lang).format(count=len(self._resumable.paid)), "warning")
            yield self._button("show", texts.ONLY.in_(lang), "default")
        hint = clean(error.hint.in_(lang), 400)
        yield Static(Content(f"{hint}  logid {clean(error.logid, 60)}" if error.logid else hint), classes="hint")

    def _button(self, name: str, label: str, variant: str) -> Button:
        button = Button(Content(label), name=name, variant=variant, compact=True)  # type: ignore[arg-type]
        button.can_focus = False  # the arrows and keys of the drawer lead everywhere
        return button

    def ask(self, action: Request) -> None:
        tasks: dict[Request, tuple[str, ...]] = {
            "retry": self._resumable.free,
            "rerun": self._resumable.paid,
            "show": tuple(self._group.task_ids),
        }
        if tasks[action]:
            self.post_message(ProblemDrawer.Asked(action, tasks[action], self._group.sample.category.value))

    @guarded
    def on_button_pressed(self, event: Button.Pressed) -> None:
        event.stop()
        match event.button.name:
            case "retry" | "rerun" | "show" as action:
                self.ask(action)
            case other:
                raise ValueError(f"no such button: {other}")
