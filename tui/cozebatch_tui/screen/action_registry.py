"""Everything an operator can do, once: id, default keys, text, group, cost, and when it applies.

Bindings, footers, the help screen and the command palette are made from this table. Keys that are shown always come
from the live bindings, so that all of them follow the operator's own keymap.

It is longer than 300 lines since it is one table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from textual.binding import Binding, BindingType
from textual.keys import format_key
from textual.screen import Screen

from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch_tui.locale import actions as texts
from cozebatch_tui.screen.host import host_of

if TYPE_CHECKING:
    from cozebatch.model.rows import Row
    from cozebatch.planning.price import Price

Scope = Literal["app", "setup", "start", "main", "list", "task", "log", "help"]
"""Where a binding lives: in the application, on one of its screens, or in a focused list of tasks."""

Group = Literal["tasks", "batch", "view", "program"]
Cost = Literal["free", "paid", "asks", "may_cost"]
"""`paid` asks first, with the number; `asks` asks first and costs nothing; `may_cost` asks first where only a new
execution helps."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What an action could act on now."""

    chosen: Sequence[Row] = ()
    """The marked tasks, or the one under the cursor."""
    current: Row | None = None
    failed_shown: Sequence[Row] = ()
    """The tasks that are shown and have failed."""
    unfinished: bool = False
    """The batch still has work."""
    waiting: int = 0
    """Tasks that a trial left for later."""
    timeline: bool = False
    """The timeline is shown."""
    has_films: bool = False
    """Something was made in this batch."""
    in_browser: bool = False
    """The screen is drawn in a browser: nothing is opened on the machine of the batch."""


NOTHING = Situation()


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
        found = _price_of(self.retries(situation))
        return "paid" if found.paid else "free" if found.free else self.cost


def _price_of(rows: Sequence[Row]) -> Price:
    from cozebatch.planning.price import price

    return price(rows)


def _chosen(situation: Situation) -> Sequence[Row]:
    return situation.chosen


def _failed_shown(situation: Situation) -> Sequence[Row]:
    return situation.failed_shown


def _retriable(situation: Situation) -> bool:
    found = _price_of(situation.chosen)
    return bool(found.free or found.paid)


def _ended(situation: Situation) -> bool:
    return any(row.state.is_end for row in situation.chosen)


def _cancellable(situation: Situation) -> bool:
    return any(not row.state.is_end or row.state is State.HELD for row in situation.chosen)


def _has_link(situation: Situation) -> bool:
    row = situation.current
    return row is not None and (row.debug_url or "").startswith("https://")


def _has_file(situation: Situation) -> bool:
    row = situation.current
    return row is not None and (row.video_path or row.draft_path) is not None and not situation.in_browser


def _has_task(situation: Situation) -> bool:
    return situation.current is not None


def _unfinished(situation: Situation) -> bool:
    return situation.unfinished


def _has_film(situation: Situation) -> bool:
    row = situation.current
    return row is not None and row.video_path is not None and not situation.in_browser


def _may_be_edited(situation: Situation) -> bool:
    row = situation.current
    return row is not None and row.state.is_end


def _waits(situation: Situation) -> bool:
    row = situation.current
    return row is not None and row.waits


def _sees_timeline(situation: Situation) -> bool:
    return situation.timeline


def _sort(number: int) -> ActionSpec:
    return ActionSpec(f"sort{number}", str(number), f"sort({number})", "view", family="sort")


_RETRY = ActionSpec("retry", "r", "retry", "tasks", cost="may_cost", applies=_retriable, retries=_chosen)
_RERUN = ActionSpec("rerun", "x", "rerun", "tasks", cost="paid", applies=_ended)
_CANCEL = ActionSpec("cancel", "c", "cancel", "tasks", cost="asks", applies=_cancellable)
_PLAY = ActionSpec("play", "v", "play", "tasks", applies=_has_film)
_EDIT = ActionSpec("edit", "E", "edit", "tasks", cost="paid", applies=_may_be_edited)
_LINK = ActionSpec("link", "o", "link", "tasks", applies=_has_link)
_COPY = ActionSpec("copy", "y", "copy", "tasks", applies=_has_task)
_BACK = ActionSpec("back", "escape", "app.pop_screen", "view", in_palette=False)

SPECS: Mapping[Scope, Sequence[ActionSpec]] = {
    "app": (
        ActionSpec("help", "question_mark", "app.help", "program"),
        ActionSpec("quit", "q", "app.leave", "program"),
        ActionSpec("quit_always", "ctrl+q", "app.leave", "program", in_palette=False, priority=True),
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
        ActionSpec("mark", "space", "mark", "tasks", applies=_has_task),
        _RETRY,
        ActionSpec(
            "retry_all",
            "R",
            "retry_all",
            "tasks",
            cost="may_cost",
            applies=lambda now: bool(now.failed_shown),
            retries=_failed_shown,
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
        ActionSpec("pause", "p", "pause", "batch", applies=_unfinished),
        ActionSpec("allow", "b", "allow", "batch", cost="asks", applies=_unfinished),
        ActionSpec("coze_up", "plus,equals_sign", "coze_limit(1)", "batch", applies=_unfinished),
        ActionSpec("coze_down", "minus", "coze_limit(-1)", "batch", applies=_unfinished),
        ActionSpec("synthesis_up", "right_square_bracket", "synthesis_limit(1)", "batch", applies=_unfinished),
        ActionSpec("synthesis_down", "left_square_bracket", "synthesis_limit(-1)", "batch", applies=_unfinished),
        ActionSpec("filter", "slash", "filter", "view"),
        ActionSpec("clear", "escape", "clear", "view"),
        *(_sort(number) for number in range(1, 10)),
        ActionSpec("follow", "a", "follow", "view"),
        ActionSpec("timeline", "t", "timeline", "view"),
        ActionSpec("zoom_in", "less_than_sign", "zoom(-1)", "view", applies=_sees_timeline),
        ActionSpec("zoom_out", "greater_than_sign", "zoom(1)", "view", applies=_sees_timeline),
        ActionSpec("zoom_all", "0", "zoom_all", "view", applies=_sees_timeline),
        ActionSpec("errors", "e", "errors", "view"),
        ActionSpec("log", "l", "log", "view"),
    ),
    "list": (ActionSpec("open", "enter", "open", "tasks", applies=_has_task),),
    "task": (
        _BACK,
        ActionSpec("previous", "up,k", "turn(-1)", "view"),
        ActionSpec("next", "down,j", "turn(1)", "view"),
        ActionSpec("page_up", "pageup", "scroll_text(-1)", "view", in_palette=False),
        ActionSpec("page_down", "pagedown", "scroll_text(1)", "view", in_palette=False),
        _RETRY,
        _RERUN,
        ActionSpec("answer", "enter", "answer", "tasks", cost="free", applies=_waits),
        ActionSpec("adopt", "a", "adopt", "tasks", cost="free", applies=_ended),
        _CANCEL,
        _EDIT,
        _PLAY,
        ActionSpec("folder", "f", "folder", "tasks", applies=_has_file),
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

_WORDS = {"enter": Text("回车", "enter"), "escape": Text.same("Esc"), "space": Text("空格", "space")}
"""Keys by their names: not every terminal's font has Textual's signs for them."""

_PARTS: Mapping[Scope, Sequence[Scope]] = {"main": ("list", "main", "app")}
"""The scopes whose bindings are live together on a screen; else the screen's own and the application's."""


def bindings_of(scope: Scope) -> list[BindingType]:
    """Textual's bindings for a scope. Nothing of them is shown by Textual itself."""
    return [
        Binding(spec.keys, spec.action, spec.id, show=False, id=spec.id, priority=spec.priority)
        for spec in SPECS[scope]
        if spec.keys
    ]


def specs_of(scope: Scope) -> list[ActionSpec]:
    """Everything that can be done on a screen, its own actions first."""
    return [spec for part in _PARTS.get(scope, (scope, "app")) for spec in SPECS[part]]


OPENS_FILES = frozenset({"play", "folder"})
"""Not offered in a browser."""


def live_keys(screen: Screen[Any]) -> dict[str, list[str]]:
    """The keys of each action id as they work on this screen now, as an operator reads them."""
    lang = host_of(screen).lang
    return {action_id: [shown_key(key, lang) for key in keys] for action_id, keys in _live(screen).items()}


def _live(screen: Screen[Any]) -> dict[str, list[str]]:
    """The same by Textual's names."""
    keys: dict[str, list[str]] = {}
    focused = screen.focused
    for key, active in screen.active_bindings.items():
        shown = shown_key(key)
        typed = shown if len(shown) == 1 else None
        if active.binding.id is None or (focused is not None and focused.check_consume_key(key, typed)):
            continue  # a text field takes the key before any binding sees it
        if active.binding.id in OPENS_FILES and screen.app.is_web:
            continue  # it would open on the batch's machine
        keys.setdefault(active.binding.id, []).append(key)
    return keys


def shown_key(key: str, lang: Lang = "en") -> str:
    """A key as it is typed: `/` for `slash`, `ctrl+p`, `space`."""
    *modifiers, name = key.split("+") if key != "+" else [key]
    return "+".join([*modifiers, _WORDS[name].in_(lang) if name in _WORDS else format_key(name)])


@dataclass(frozen=True, slots=True)
class FooterEntry:
    """One entry of a footer. `key` is Textual's name; `key_display` is as it is typed."""

    action_id: str
    key: str
    key_display: str
    name: str
    action: str


def footer_entries(scope: Scope, screen: Screen[Any], lang: Lang, situation: Situation = NOTHING) -> list[FooterEntry]:
    """The entries of a footer whose keys work now, in their order."""
    specs = {spec.id: spec for spec in reversed(specs_of(scope))}
    keys = _live(screen)
    return [
        FooterEntry(
            action_id,
            keys[action_id][0],
            shown_key(keys[action_id][0], lang),
            specs[action_id].short_name(lang, situation),
            specs[action_id].action,
        )
        for action_id in FOOTERS[scope]
        if action_id in keys and (action_id not in ONLY_WHERE_IT_APPLIES or specs[action_id].applies(situation))
    ]


def help_lines(scope: Scope, keys: Mapping[str, Sequence[str]], lang: Lang) -> list[tuple[str, list[tuple[str, str]]]]:
    """For each group its title and its lines: keys, and what they do."""
    lines: dict[Group, dict[str, list[str]]] = {"tasks": {}, "batch": {}, "view": {}, "program": {}}
    for spec in specs_of(scope):
        if not keys.get(spec.id):
            continue
        lines[spec.group].setdefault(spec.help_name(lang), []).extend(keys.get(spec.id, ()))
    return [
        (texts.GROUPS[group].in_(lang), [(_range(typed), name) for name, typed in of_group.items()])
        for group, of_group in lines.items()
        if of_group
    ]


def _range(keys: Sequence[str]) -> str:
    return f"{keys[0]}-{keys[-1]}" if len(keys) > 4 else " ".join(keys)


def text_with_keys(text: Text, lang: Lang, keys: Mapping[str, Sequence[str]], **values: object) -> str:
    """A text whose `{key_NAME}` stand for the key of an action; `-` if no key leads there."""
    named = {f"key_{spec.id}": "-" for specs in SPECS.values() for spec in specs}
    named |= {f"key_{action_id}": typed[0] for action_id, typed in keys.items()}
    return text.in_(lang).format(**named, **values)
