"""The filter language of the task table. Pure; every text is a valid filter.

    cat               the word is in id, title, account or error
    status:failed     the state, by its English or Chinese name (its beginning is enough)
    account:name      the account; `id:` and `error:` likewise
    coze>300          seconds; also `synthesis`, `attempts`, `tokens`; with > >= < <= =
    !word             the condition after `!` must not hold
Several conditions must all hold.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable

from cozebatch.model.rows import Row
from cozebatch_tui.locale.names import CATEGORIES, EARLIER_STATES, STATES

Predicate = Callable[[Row], bool]

_COMPARISON = re.compile(r"(coze|synthesis|attempts|tokens)(>=|<=|>|<|=)(\d+(?:\.\d+)?)", re.IGNORECASE)
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}
_FIGURES: dict[str, Callable[[Row], float]] = {
    "coze": lambda row: row.coze_seconds,
    "synthesis": lambda row: row.synthesis_seconds,
    "attempts": lambda row: row.attempts,
    "tokens": lambda row: row.tokens,
}


def parse_filter(text: str) -> Predicate | None:
    """The predicate for rows to show; None shows all rows."""
    conditions = [_condition(word) for word in text.split() if word not in ("!",)]
    if not conditions:
        return None
    return lambda row: all(condition(row) for condition in conditions)


def _condition(word: str) -> Predicate:
    if word.startswith("!"):
        inner = _condition(word[1:])
        return lambda row: not inner(row)
    if (comparison := _COMPARISON.fullmatch(word)) is not None:
        name, sign, number = comparison.groups()
        figure, holds, limit = _FIGURES[name.lower()], _OPERATORS[sign], float(number)
        return lambda row: holds(figure(row), limit)
    key, colon, value = word.partition(":")
    if colon and value and (field := _FIELDS.get(key.lower())) is not None:
        return _about(field, value.casefold())
    needle = word.casefold()
    return lambda row: any(needle in text.casefold() for text in _texts(row))


def _about(field: Callable[[Row], list[str]], value: str) -> Predicate:
    return lambda row: any(text.casefold().startswith(value) or value in text.casefold() for text in field(row))


def _status(row: Row) -> list[str]:
    earlier = [name for name, state in EARLIER_STATES.items() if state is row.state]
    return [row.state.value, STATES[row.state].zh, STATES[row.state].en, *earlier]


def _error(row: Row) -> list[str]:
    if row.error is None:
        return []
    name = CATEGORIES[row.error.category]
    return [row.error.category.value, name.zh, name.en, row.error.message.zh, row.error.message.en]


def _texts(row: Row) -> list[str]:
    return [row.task_id, row.title, row.account_id, *_error(row)]


_FIELDS: dict[str, Callable[[Row], list[str]]] = {
    "status": _status,
    "state": _status,
    "account": lambda row: [row.account_id],
    "id": lambda row: [row.task_id],
    "title": lambda row: [row.title],
    "error": _error,
}
