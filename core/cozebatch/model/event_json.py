"""Events and boards as plain JSON values and back, for a reader in another process (docs/attach.md).

The value of an event is its fields beside its `tag`. A reader may be older or newer than the writer: it leaves out
fields that it does not know, and events with a tag that it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, get_args, get_type_hints

from cozebatch.model import events
from cozebatch.model.allowance import Allowance
from cozebatch.model.board import Board, Limit, seeded
from cozebatch.model.errors import ErrorInfo
from cozebatch.model.rows import Counters, Row, Stage
from cozebatch.model.task import State
from cozebatch.model.text import Text


@dataclass(frozen=True, slots=True)
class _Form:
    """How values of one type are written and read."""

    write: Callable[[Any], Any]
    read: Callable[[Any], Any]


def _by_methods(kind: Any) -> _Form:
    return _Form(lambda value: value.to_json(), kind.from_json)


_FORMS: Mapping[Any, _Form] = {
    Row: _by_methods(Row),
    ErrorInfo: _by_methods(ErrorInfo),
    Text: _by_methods(Text),
    Counters: _by_methods(Counters),
    Allowance: _by_methods(Allowance),
    State: _Form(str, State),
    Stage: _Form(str, Stage),
    tuple[Row, ...]: _Form(
        lambda rows: [row.to_json() for row in rows], lambda values: tuple(map(Row.from_json, values))
    ),
}


def _form_of(hint: Any) -> _Form | None:
    """The form of a field's type; None where the value is plain already."""
    if hint in _FORMS:
        return _FORMS[hint]
    return next((_or_none(_FORMS[option]) for option in get_args(hint) if option in _FORMS), None)


def _or_none(form: _Form) -> _Form:
    return _Form(
        lambda value: None if value is None else form.write(value),
        lambda value: None if value is None else form.read(value),
    )


def _table() -> dict[str, tuple[type, Mapping[str, _Form | None]]]:
    found: dict[str, tuple[type, Mapping[str, _Form | None]]] = {}
    for kind in get_args(events.Event):
        hints = get_type_hints(kind)
        found[kind.tag] = (kind, {field.name: _form_of(hints[field.name]) for field in fields(kind)})
    return found


_EVENTS = _table()


def event_to_json(event: events.Event) -> dict[str, Any]:
    """The event as plain values."""
    value: dict[str, Any] = {"tag": event.tag}
    for name, form in _EVENTS[event.tag][1].items():
        fact = getattr(event, name)
        value[name] = fact if form is None else form.write(fact)
    return value


def event_from_json(value: Mapping[str, Any]) -> events.Event | None:
    """The event; None for a tag that is not known here. Raises `ValueError` for a value that is none of an event."""
    known = _EVENTS.get(value.get("tag", ""))
    if known is None:
        return None
    kind, forms = known
    try:
        facts = {
            name: value[name] if form is None else form.read(value[name])
            for name, form in forms.items()
            if name in value
        }
        event: events.Event = kind(**facts)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no event {kind.__name__}: {error}") from error
    return event


def board_to_json(board: Board) -> dict[str, Any]:
    """All of a board but its rows."""
    return {
        "run_id": board.run_id,
        "total": board.total,
        "clock": board.clock,
        "wall": board.wall,
        "limits": {stage.value: [limit.in_force, limit.user, limit.reason] for stage, limit in board.limits.items()},
        "paused": {reason: None if error is None else error.to_json() for reason, error in board.paused.items()},
        "gauges": None if board.gauges is None else event_to_json(board.gauges),
        "counters": board.counters.copy().to_json(),
        "allowance": board.allowance.to_json(),
        "finished": None if board.finished is None else event_to_json(board.finished),
        "pause_changes": board.pause_changes,
        "allowance_changes": board.allowance_changes,
    }


def board_from_json(head: Mapping[str, Any], rows: Iterable[Row]) -> Board:
    """The board that `head` is of. Raises `ValueError` for a value that is none of a board."""
    try:
        board = seeded(Counters.from_json(head["counters"]), {row.task_id: row for row in rows})
        board.run_id, board.total = head["run_id"], head["total"]
        board.clock, board.wall = head["clock"], head["wall"]
        for name, (in_force, user, reason) in head["limits"].items():
            board.limits[Stage(name)] = Limit(in_force, user, reason)
        board.paused = {
            reason: None if error is None else ErrorInfo.from_json(error) for reason, error in head["paused"].items()
        }
        board.allowance = Allowance.from_json(head["allowance"])
        board.pause_changes, board.allowance_changes = head["pause_changes"], head["allowance_changes"]
        gauges = None if head["gauges"] is None else event_from_json(head["gauges"])
        finished = None if head["finished"] is None else event_from_json(head["finished"])
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no board: {error}") from error
    board.gauges = gauges if isinstance(gauges, events.Gauges) else None
    board.finished = finished if isinstance(finished, events.RunFinished) else None
    return board
