"""The filter language of the task table. Pure; every text is a valid filter.

    cat               the word is in id, title, account or error
    status:failed     the state, by its English or Chinese name (its beginning is enough)
    account:name      the account; `id:` and `error:` likewise; the Chinese names of these serve too
    coze>300          seconds so far; also `synthesis`, `attempts`, `tokens`; with > >= < <= =
    !word             the condition after `!` must not hold
Several conditions must all hold. One that cannot be meant so, or that is not typed to its end, filters nothing, and a
complaint says what is wrong with it.
"""

from __future__ import annotations

import difflib
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cozebatch.model.rows import Row
from cozebatch.model.text import Text
from cozebatch_tui.locale import filtering as texts
from cozebatch_tui.locale.names import CATEGORIES, EARLIER_STATES, STATES
from cozebatch_tui.screen.widgets.columns import coze_seconds, synthesis_seconds

Predicate = Callable[[Row, float], bool]
"""Of a row, at a moment on the run's clock."""

_COMPARISON = re.compile(r"([^\W\d_]{2,})(>=|<=|>|<|=)(.*)", re.DOTALL)
_KEYED = re.compile(r"([^\W\d_]{2,})[:：](?!//)(.*)", re.DOTALL)
"""A name of letters and what stands behind its colon; an address is none."""
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_TICKING = frozenset({"coze", "synthesis"})
_FIGURES: dict[str, Callable[[Row, float], float]] = {
    "coze": coze_seconds,
    "synthesis": synthesis_seconds,
    "attempts": lambda row, now: row.attempts,
    "tokens": lambda row, now: row.tokens,
}


@dataclass(frozen=True, slots=True)
class Filter:
    """`predicate` is true of the rows to show; None shows all. `ticks`: what it is true of changes as time passes."""

    predicate: Predicate | None
    complaints: Sequence[Text] = ()
    ticks: bool = False


def read_filter(text: str) -> Filter:
    """The conditions that can be understood, and what is wrong with the others."""
    conditions: list[Predicate] = []
    complaints: list[Text] = []
    for word in text.split():
        match _condition(word):
            case Text() as complaint:
                complaints.append(complaint)
            case None:
                pass
            case condition:
                conditions.append(condition)
    predicate = (lambda row, now: all(condition(row, now) for condition in conditions)) if conditions else None
    return Filter(predicate, complaints, any(_ticks(word) for word in text.split()))


def _condition(word: str) -> Predicate | Text | None:
    """None for a condition that is still being typed."""
    if word.startswith("!"):
        inner = _condition(word[1:]) if word != "!" else None
        return inner if inner is None or isinstance(inner, Text) else lambda row, now: not inner(row, now)
    if (comparison := _COMPARISON.fullmatch(word)) is not None:
        return _comparison(*comparison.groups())
    if (keyed := _KEYED.fullmatch(word)) is not None:
        return _keyed(*keyed.groups())
    needle = word.casefold()
    return lambda row, now: any(needle in text.casefold() for text in _texts(row))


def _ticks(word: str) -> bool:
    comparison = _COMPARISON.fullmatch(word.lstrip("!"))
    return comparison is not None and comparison[1].lower() in _TICKING


def _comparison(name: str, sign: str, number: str) -> Predicate | Text | None:
    figure = _FIGURES.get(name.lower())
    if figure is None:
        return _named(texts.NO_FIGURE, name, _FIGURES)
    if not number:
        return None
    if not re.fullmatch(r"\d+(?:\.\d+)?", number, re.ASCII):
        return texts.NO_NUMBER
    holds, limit = _OPERATORS[sign], float(number)
    return lambda row, now: holds(figure(row, now), limit)


def _keyed(name: str, value: str) -> Predicate | Text | None:
    field = _FIELDS.get(name.lower())
    if field is None:
        return _named(texts.NO_KEY, name, _FIELDS)
    if not value:
        return None
    if field is _status and not any(value.casefold() in word.casefold() for word in _STATE_WORDS):
        return texts.NO_STATE
    return _about(field, value.casefold())


def _named(text: Text, name: str, known: Iterable[str]) -> Text:
    """The complaint about a name that there is not, with the nearest one."""
    names = list(known)
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5) or names[:1]
    return Text(text.zh.format(name=name, near=near[0]), text.en.format(name=name, near=near[0]))


def _about(field: Callable[[Row], list[str]], value: str) -> Predicate:
    return lambda row, now: any(text.casefold().startswith(value) or value in text.casefold() for text in field(row))


def _status(row: Row) -> list[str]:
    earlier = [name for name, state in EARLIER_STATES.items() if state is row.state]
    return [row.state.value, STATES[row.state].zh, STATES[row.state].en, *earlier]


def _error(row: Row) -> list[str]:
    """What the column of problems shows, and what stands behind it."""
    if row.error is None:
        return [row.note.zh, row.note.en] if row.note is not None else []
    name, error = CATEGORIES[row.error.category], row.error
    return [error.category.value, name.zh, name.en, str(error.code or ""), error.message.zh, error.message.en]


def _texts(row: Row) -> list[str]:
    return [row.task_id, row.title, row.account_id, *_error(row)]


_STATE_WORDS = (*(word for state, text in STATES.items() for word in (state.value, text.zh, text.en)), *EARLIER_STATES)

_FIELDS: dict[str, Callable[[Row], list[str]]] = {
    "status": _status,
    "account": lambda row: [row.account_id],
    "error": _error,
    "title": lambda row: [row.title],
    "id": lambda row: [row.task_id],
    "state": _status,
}
_FIELDS |= {texts.KEYS[name].zh: field for name, field in _FIELDS.items() if name in texts.KEYS}
KEYS: Sequence[str] = tuple(texts.KEYS)
"""The names before a colon that are suggested."""
FIGURES: Sequence[str] = tuple(_FIGURES)
