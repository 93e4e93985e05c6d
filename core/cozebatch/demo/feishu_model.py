"""The tables of a simulated Feishu: their columns and cells, what a search finds and what a write is refused for.

No HTTP in here; `feishu_server` speaks it. Cells are kept in the shapes in which Feishu gives them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TEXT, NUMBER, SINGLE_SELECT, MULTI_SELECT, DATE, CHECKBOX = 1, 2, 3, 4, 5, 7
PERSON, LINK, ATTACHMENT, RELATION, LOOKUP, FORMULA, TWO_WAY_RELATION, AUTO_NUMBER = 11, 15, 17, 18, 19, 20, 21, 1005
_COMPUTED = frozenset({LOOKUP, FORMULA, AUTO_NUMBER})

_FIELD_REFUSALS: Mapping[int, tuple[int, str]] = {
    TEXT: (1254060, "TextFieldConvFail"),
    NUMBER: (1254061, "NumberFieldConvFail"),
    SINGLE_SELECT: (1254062, "SingleSelectFieldConvFail"),
    MULTI_SELECT: (1254063, "MultiSelectFieldConvFail"),
    DATE: (1254064, "DatetimeFieldConvFail"),
    CHECKBOX: (1254065, "CheckboxFieldConvFail"),
    PERSON: (1254066, "UserFieldConvFail"),
    RELATION: (1254067, "LinkFieldConvFail"),
    LINK: (1254068, "URLFieldConvFail"),
    ATTACHMENT: (1254069, "AttachFieldConvFail"),
}


class Refusal(Exception):
    """The service says no: Feishu's code and message, and the HTTP status."""

    def __init__(self, code: int, message: str, *, status: int = 200, reset: float | None = None) -> None:
        super().__init__(f"{code} {message}")
        self.code = code
        self.message = message
        self.status = status
        self.reset = reset


@dataclass(slots=True)
class SimColumn:
    name: str
    kind: int = TEXT
    options: list[str] = field(default_factory=list)


@dataclass(slots=True)
class SimTable:
    """One table. `read_only`: synchronised from elsewhere. `hidden`: advanced permissions show nothing of it."""

    table_id: str
    columns: list[SimColumn]
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    views: tuple[str, ...] = ()
    shown: dict[str, list[str]] = field(default_factory=dict)
    """View → the records that it shows, in its order; a view that is not here shows all."""
    view_names: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    read_only: bool = False
    hidden: bool = False
    busy: bool = False
    """A write is being carried out."""

    def column(self, name: str) -> SimColumn | None:
        return next((column for column in self.columns if column.name == name), None)

    def add(self, record_id: str, values: Mapping[str, Any]) -> None:
        """A new record; plain strings are put into the shape of their column."""
        cells: dict[str, Any] = {}
        for name, value in values.items():
            column = self.column(name)
            if column is None:
                raise KeyError(name)
            if value not in (None, ""):
                cells[name] = self._shaped(column, value)
        self.records[record_id] = cells

    def check_write(self, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Raises `Refusal` when any of the changes cannot be made."""
        if self.read_only:
            raise Refusal(1254302, "The role has no permissions.", status=403)
        for record_id, fields in changes:
            if record_id not in self.records:
                raise Refusal(1254043, "RecordIdNotFound")
            for name, value in fields.items():
                column = self.column(name)
                if column is None:
                    raise Refusal(1254045, "FieldNameNotFound")
                if column.kind in _COMPUTED:
                    raise Refusal(1254015, "Field types do not match.")
                if not _fits(column.kind, value):
                    raise Refusal(*_FIELD_REFUSALS.get(column.kind, (1254015, "Field types do not match.")))

    def write(self, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        for record_id, fields in changes:
            for name, value in fields.items():
                column = self.column(name)
                assert column is not None
                if value is None or value == "":
                    self.records[record_id].pop(name, None)
                else:
                    self.records[record_id][name] = self._shaped(column, value)

    def search(self, body: Mapping[str, Any]) -> list[str]:
        """The ids of the records that the body's filter lets through. Raises `Refusal`."""
        view = body.get("view_id")
        if view is not None and view not in (*self.views, *self.shown):
            raise Refusal(1254042, "ViewIdNotFound")
        for name in body.get("field_names") or ():
            if self.column(name) is None:
                raise Refusal(1254045, "FieldNameNotFound")
        condition = body.get("filter")
        if condition is not None:
            self._check_filter(condition)
        if self.hidden:
            return []
        if view in self.shown and condition is None:  # with a filter, a view is ignored
            return [record_id for record_id in self.shown[view] if record_id in self.records]
        return [
            record_id for record_id, cells in self.records.items() if condition is None or _matches(condition, cells)
        ]

    def _check_filter(self, condition: Mapping[str, Any]) -> None:
        if condition.get("conjunction") not in ("and", "or"):
            raise Refusal(1254018, "InvalidFilter")
        for one in condition.get("conditions") or ():
            known = self.column(str(one.get("field_name"))) is not None and one.get("operator") in _OPERATORS
            if not known or not all(isinstance(value, str) for value in one.get("value") or ()):
                raise Refusal(1254018, "InvalidFilter")
        for child in condition.get("children") or ():
            self._check_filter(child)

    @staticmethod
    def _shaped(column: SimColumn, value: Any) -> Any:
        if column.kind == TEXT and isinstance(value, str):
            return [{"text": value, "type": "text"}]
        chosen = [value] if column.kind == SINGLE_SELECT else value if column.kind == MULTI_SELECT else []
        column.options += [option for option in chosen if option not in column.options]
        return value


def shown(cell: Any) -> str:
    """The text a person sees in a cell of one of the kinds that the simulated tables are filtered by."""
    match cell:
        case None:
            return ""
        case list():
            return "".join(str(part.get("text", "")) if isinstance(part, Mapping) else str(part) for part in cell)
        case {"link_record_ids": list() as ids}:
            return ",".join(ids)
    return str(cell)


_OPERATORS = ("is", "isNot", "contains", "doesNotContain", "isEmpty", "isNotEmpty")


def _matches(condition: Mapping[str, Any], cells: Mapping[str, Any]) -> bool:
    results = [_holds(one, cells) for one in condition.get("conditions") or ()]
    results += [_matches(child, cells) for child in condition.get("children") or ()]
    if not results:
        return True
    return all(results) if condition["conjunction"] == "and" else any(results)


def _holds(one: Mapping[str, Any], cells: Mapping[str, Any]) -> bool:
    text, values = shown(cells.get(one["field_name"])), list(one.get("value") or ())
    match one["operator"]:
        case "is":
            return text in values
        case "isNot":
            return text not in values
        case "contains":
            return any(value in text for value in values)
        case "doesNotContain":
            return not any(value in text for value in values)
        case "isEmpty":
            return not text
    return bool(text)


def _fits(kind: int, value: Any) -> bool:
    match kind:
        case 1 | 3:
            return value is None or isinstance(value, str)
        case 2 | 5:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case 4:
            return isinstance(value, list) and all(isinstance(option, str) for option in value)
        case 7:
            return isinstance(value, bool)
        case 15:
            return isinstance(value, Mapping) and "link" in value
    return isinstance(value, list)


def table(table_id: str, columns: Iterable[SimColumn], **more: Any) -> SimTable:
    """A table without records yet."""
    return SimTable(table_id, list(columns), **more)
