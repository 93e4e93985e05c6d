"""The tables and columns that are read and written: the configuration's `tables` as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cozebatch.feishu.film_columns import FilmColumns
from cozebatch.model.nearest import nearest
from cozebatch.model.task import Outcome

ALWAYS = ("content", "status", "result")
"""Ours that a mapped column must exist for: without them nothing can be run, or its outcome not be written."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Our field → column name; None: the table has no such column.

    `optional` are those (our names) that may be missing in the table: they stand at their default.
    """

    content: str
    title: str | None = None
    digital_no: str | None = None
    voice_id: str | None = None
    project_name: str | None = None
    account: str | None = None
    template: str | None = None
    status: str | None = None
    result: str | None = None
    optional: frozenset[str] = frozenset()

    def named(self) -> dict[str, str]:
        """Our field → column, for those that have one."""
        pairs = ((name, getattr(self, name)) for name in FIELDS)
        return {name: column for name, column in pairs if column is not None}

    def without(self, names: Iterable[str]) -> Columns:
        """The same columns without these fields. `content` always stays."""
        absent: dict[str, Any] = dict.fromkeys(names)
        return replace(self, **absent)

    def may_miss(self, name: str) -> bool:
        return name in self.optional and name not in ALWAYS


FIELDS = ("title", "content", "digital_no", "voice_id", "project_name", "account", "template", "status", "result")


NO_FILMS = FilmColumns()


@dataclass(frozen=True, slots=True)
class Relation:
    """A table that belongs to accounts: `account_column` names the account, `value_column` holds what is looked up."""

    table_id: str
    account_column: str
    value_column: str


@dataclass(frozen=True, slots=True)
class Layout:
    """Everything that is read of a base. `extra`: further columns of the content table that are kept with a task."""

    table_id: str
    columns: Columns
    view_id: str | None = None
    filter: Mapping[str, Any] | None = None
    extra: tuple[str, ...] = ()
    films: FilmColumns = NO_FILMS
    files: frozenset[str] = frozenset()
    """Those of `extra` that feed inputs of file types, as far as that is known."""
    sent: frozenset[str] = frozenset()
    """Our task fields that are sent to Coze."""
    accounts: Relation | None = None
    voices: Relation | None = None
    digital_humans: Relation | None = None

    def asked_for(self) -> list[str]:
        """The columns of the content table that are read, each once."""
        return list(dict.fromkeys((*self.columns.named().values(), *self.extra)))


@dataclass(frozen=True, slots=True)
class StatusValues:
    """What is written into the status column; None: the outcome is not written."""

    running: str | None = None
    done: str | None = None
    failed: str | None = None

    def outcome_of(self, cell: str) -> Outcome | None:
        """The outcome whose value a status cell shows; None for any other text."""
        cell = cell.strip()
        return next((outcome for outcome in OUTCOMES if cell and cell == (getattr(self, outcome) or "").strip()), None)


OUTCOMES: tuple[Outcome, ...] = ("done", "failed", "running")


def nearest_column(name: str, existing: Iterable[str]) -> str | None:
    """The existing column that a person most likely meant."""
    return nearest(name, existing, plain=_plain, cutoff=0.5)


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
