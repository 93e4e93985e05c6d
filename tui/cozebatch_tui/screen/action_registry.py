"""Everything an operator can do, once: id, default keys, text, group, cost, and when it applies.

Bindings, footers, the help screen and the command palette are made from this table (`action_keys`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cozebatch.model.text import Lang
from cozebatch_tui.locale import actions as texts
from cozebatch_tui.screen import situation as when
from cozebatch_tui.screen.situation import Situation

if TYPE_CHECKING:
    from cozebatch.model.rows import Row

Scope = Literal["app", "setup", "start", "main", "list", "task", "log", "help"]
"""Where a binding lives: in the application, on one of its screens, or in a focused list of tasks."""

Group = Literal["tasks", "batch", "view", "program"]
Cost = Literal["free", "paid", "asks", "may_cost"]
"""`paid` asks first, with the number; `asks` asks first and costs nothing; `may_cost` asks first where only a new
execution helps."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """`id` names the action in the operator's keymap. `keys` are Textual's names, separated by commas; those without
    any are in the palette only."""

    id: str
    keys: str
    action: str
    group: Group
    cost: Cost | None = None
    applies: Callable[[Situation], bool] = lambda _: True
    retries: Callable[[Situation], Sequence[Row]] | None = None
    """The tasks whose price is told beside the name."""
    family: str | None = None
    """Actions of one family share one line of the help."""
    in_palette: bool = True
    priority: bool = False
    """It works over a dialog, too."""

    def name(self, lang: Lang, situation: Situation | None = None) -> str:
        """What it does and what it costs, in this situation if one is given."""
        return texts.ACTIONS[self.id].in_(lang) + self._cost(lang, situation)

    def short_name(self, lang: Lang, situation: Situation) -> str:
        """The same for a footer."""
        text = texts.SHORT.get(self.id, texts.ACTIONS[self.id])
        cost = self._cost_now(situation)
        short = texts.SHORT_COSTS.get(cost) if cost is not None else None
        return text.in_(lang) + (short.in_(lang) if short is not None else "")

    def help_name(self, lang: Lang) -> str:
        """The name of the action, or of its family."""
        return texts.FAMILIES[self.family].in_(lang) if self.family is not None else self.name(lang)

    def _cost(self, lang: Lang, situation: Situation | None = None) -> str:
        cost = self._cost_now(situation)
        return texts.COSTS[cost].in_(lang) if cost is not None else ""

    def _cost_now(self, situation: Situation | None) -> Cost | None:
        if self.retries is None or situation is None:
            return self.cost
        found = when.price_of(self.retries(situation))
        return "paid" if found.paid else "free" if found.free else self.cost


def _sort(number: int) -> ActionSpec:
    return ActionSpec(f"sort{number}", str(number), f"sort({number})", "view", family="sort")


_RETRY = ActionSpec("retry", "r", "retry", "tasks", cost="may_cost", applies=when.retriable, retries=when.chosen)
_RERUN = ActionSpec("rerun", "x", "rerun", "tasks", cost="paid", applies=when.ended)
_CANCEL = ActionSpec("cancel", "c", "cancel", "tasks", cost="asks", applies=when.cancellable)
_PLAY = ActionSpec("play", "v", "play", "tasks", applies=when.has_film)
_EDIT = ActionSpec("edit", "E", "edit", "tasks", cost="paid", applies=when.may_be_edited)
_LINK = ActionSpec("link", "o", "link", "tasks", applies=when.has_link)
_COPY = ActionSpec("copy", "y", "copy", "tasks", applies=when.has_task)
_BACK = ActionSpec("back", "escape", "app.pop_screen", "view", in_palette=False)

SPECS: Mapping[Scope, Sequence[ActionSpec]] = {
    "app": (
        ActionSpec("help", "question_mark", "app.help", "program"),
        ActionSpec("quit", "q", "app.leave", "program"),
        ActionSpec("quit_always", "ctrl+q", "app.leave", "program", in_palette=False, priority=True),
        ActionSpec("interrupt", "ctrl+c", "app.interrupt", "program", in_palette=False, priority=True),
        ActionSpec("lang", "f2", "app.switch_lang", "program", priority=True),
        ActionSpec("palette", "ctrl+p", "app.command_palette", "program", in_palette=False, priority=True),
        ActionSpec("theme", "f3", "app.choose_theme", "program"),
        ActionSpec("maximize", "", "app.maximize", "view"),
        ActionSpec("screenshot", "", "app.screenshot", "program"),
        ActionSpec("background", "", "app.switch_background", "program"),
    ),
    "setup": (
        ActionSpec("step_on", "enter", "next", "view"),
        ActionSpec("step_back", "escape", "previous", "view"),
        ActionSpec("demo", "d", "demo", "program", cost="free"),
    ),
    "start": (
        ActionSpec("start", "s", "start", "batch", cost="paid"),
        *(ActionSpec(f"try{n}", str(n), f"try({n})", "batch", cost="paid", family="try") for n in range(1, 10)),
        ActionSpec("tick", "space", "tick", "tasks"),
        ActionSpec("reuse", "u", "reuse", "batch", in_palette=False),
        ActionSpec("filter", "slash", "filter", "view"),
        ActionSpec("leave", "q,escape", "leave_start", "program"),
    ),
    "main": (
        ActionSpec("mark", "space", "mark", "tasks", applies=when.has_task),
        _RETRY,
        ActionSpec(
            "retry_all",
            "R",
            "retry_all",
            "tasks",
            cost="may_cost",
            applies=lambda now: bool(now.failed_shown),
            retries=when.failed_shown,
        ),
        _RERUN,
        _EDIT,
        _CANCEL,
        _PLAY,
        ActionSpec("folder", "f", "folder", "tasks", applies=lambda now: now.has_films and not now.in_browser),
        _LINK,
        _COPY,
        ActionSpec("continue", "s", "continue", "batch", cost="paid", applies=lambda now: now.waiting > 0),
        ActionSpec("report", "h", "report", "batch", applies=lambda now: not now.unfinished),
        ActionSpec("pause", "p", "pause", "batch", applies=when.unfinished),
        ActionSpec("allow", "b", "allow", "batch", cost="asks", applies=when.unfinished),
        ActionSpec("coze_up", "plus,equals_sign", "coze_limit(1)", "batch", applies=when.unfinished),
        ActionSpec("coze_down", "minus", "coze_limit(-1)", "batch", applies=when.unfinished),
        ActionSpec("synthesis_up", "right_square_bracket", "synthesis_limit(1)", "batch", applies=when.unfinished),
        ActionSpec("synthesis_down", "left_square_bracket", "synthesis_limit(-1)", "batch", applies=when.unfinished),
        ActionSpec("filter", "slash", "filter", "view"),
        ActionSpec("clear", "escape", "clear", "view"),
        *(_sort(number) for number in range(1, 10)),
        ActionSpec("follow", "a", "follow", "view"),
        ActionSpec("timeline", "t", "timeline", "view"),
        ActionSpec("zoom_in", "less_than_sign", "zoom(-1)", "view", applies=when.sees_timeline),
        ActionSpec("zoom_out", "greater_than_sign", "zoom(1)", "view", applies=when.sees_timeline),
        ActionSpec("zoom_all", "0", "zoom_all", "view", applies=when.sees_timeline),
        ActionSpec("errors", "e", "errors", "view"),
        ActionSpec("log", "l", "log", "view"),
    ),
    "list": (ActionSpec("open", "enter", "open", "tasks", applies=when.has_task),),
    "task": (
        _BACK,
        ActionSpec("previous", "up,k", "turn(-1)", "view"),
        ActionSpec("next", "down,j", "turn(1)", "view"),
        ActionSpec("page_up", "pageup", "scroll_text(-1)", "view", in_palette=False),
        ActionSpec("page_down", "pagedown", "scroll_text(1)", "view", in_palette=False),
        _RETRY,
        _RERUN,
        ActionSpec("answer", "enter", "answer", "tasks", cost="free", applies=when.waits),
        ActionSpec("adopt", "a", "adopt", "tasks", cost="free", applies=when.ended),
        _CANCEL,
        _EDIT,
        _PLAY,
        ActionSpec("folder", "f", "folder", "tasks", applies=when.has_file),
        _LINK,
        _COPY,
    ),
    "log": (
        ActionSpec("back", "escape", "close_or_back", "view", in_palette=False),
        ActionSpec("log", "l", "app.pop_screen", "view", in_palette=False),
        ActionSpec("find", "slash", "find", "view"),
        ActionSpec("find_next", "n", "find_next(1)", "view"),
        ActionSpec("find_previous", "N", "find_next(-1)", "view"),
        ActionSpec("filter", "F", "filter", "view"),
        ActionSpec("follow", "f,end", "follow", "view"),
        ActionSpec("wrap", "w", "wrap", "view"),
        ActionSpec("only_marked", "m", "only_marked", "view"),
    ),
    "help": (
        _BACK,
        ActionSpec("help", "question_mark", "app.pop_screen", "view", in_palette=False),
        ActionSpec("quit", "q", "app.pop_screen", "view", in_palette=False),
    ),
}

FOOTERS: Mapping[Scope, Sequence[str]] = {
    "setup": ("step_on", "step_back", "demo", "help", "quit_always"),
    "start": ("start", "try1", "tick", "filter", "help", "leave"),
    "main": (
        "filter",
        "mark",
        "open",
        "retry",
        "rerun",
        "cancel",
        "pause",
        "timeline",
        "log",
        "errors",
        "folder",
        "clear",
        "help",
        "quit",
    ),
    "task": (
        "back",
        "answer",
        "retry",
        "rerun",
        "adopt",
        "edit",
        "play",
        "folder",
        "link",
        "copy",
        "cancel",
        "help",
        "quit",
    ),
    "log": ("back", "find", "find_next", "find_previous", "filter", "follow", "wrap", "only_marked", "help", "quit"),
    "help": ("back",),
}
"""The actions in a footer, the most important first: a narrow terminal shows the first ones only."""

ONLY_WHERE_IT_APPLIES = frozenset({"answer"})
"""Those that a footer shows only where there is something to do with them."""

AT_THE_EDGE = frozenset({"help", "quit", "quit_always", "leave"})
"""Those that stand apart at the right edge of a footer."""

_PARTS: Mapping[Scope, Sequence[Scope]] = {"main": ("list", "main", "app")}
"""The scopes whose bindings are live together on a screen; else the screen's own and the application's."""


def specs_of(scope: Scope) -> list[ActionSpec]:
    """Everything that can be done on a screen, its own actions first."""
    parts: Sequence[Scope] = ("app",) if scope == "app" else _PARTS.get(scope, (scope, "app"))
    return [spec for part in parts for spec in SPECS[part]]


OPENS_FILES = frozenset({"play", "folder"})
"""Not offered in a browser."""
