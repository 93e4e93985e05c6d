"""A task, the states it goes through, and the moves between them (docs/contract.md §3 and §4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Literal

from cozebatch.model.value_class import valueclass

NO_EXTRA: Mapping[str, str] = MappingProxyType({})

CONTENT_ONLY = "content:"
"""Prefix of a fingerprint that covers only the script."""


Outcome = Literal["running", "done", "failed"]
"""The outcomes that we write into a table's status column."""


@valueclass(frozen=True, slots=True)
class Task:
    """One row of the source: a script that is to become a film. Every value is text; absent means empty."""

    task_id: str
    title: str = ""
    content: str = ""
    digital_no: str = ""
    voice_id: str = ""
    account_id: str = ""
    project_name: str = ""
    template: str = ""
    record_id: str | None = None
    extra: Mapping[str, str] = field(default_factory=lambda: NO_EXTRA)
    own_id: bool = field(default=True, compare=False)
    """True if the source gave the id; False if it is the row's position, which may change until the next start."""
    default_name: bool = field(default=False, compare=False)
    """The project name was made here, at the time of this start; the source gives none."""
    shown: Outcome | None = field(default=None, compare=False)
    """The outcome that the status cell shows; None if it shows none of our values, or if there is no such cell."""
    edited: bool = field(default=False, compare=False)
    """Title and script are those that the operator gave the row here; the source has others (`planning.edits`)."""

    def value(self, name: str) -> str | None:
        """The field or extra column of that name; None where the source has no such column."""
        if name in FIELDS:
            value = getattr(self, name)
            return None if value is None else str(value)
        return self.extra.get(name)

    def with_project_name(self, name: str, *, default: bool) -> Task:
        """The same task with this project name; `default`: see `default_name`.

        `dataclasses.replace` does the same in thrice the time.
        """
        return Task(
            self.task_id,
            self.title,
            self.content,
            self.digital_no,
            self.voice_id,
            self.account_id,
            name,
            self.template,
            self.record_id,
            self.extra,
            self.own_id,
            default,
            self.shown,
            self.edited,
        )

    def fingerprint(self) -> str:
        """A digest of everything that decides what the film will be: same input, same digest.

        The generated project name holds a time and is left out.
        """
        facts = [self.title, self.content, self.digital_no, self.voice_id, self.account_id, self.template]
        facts.append(json.dumps(dict(self.extra), sort_keys=True, ensure_ascii=False) if self.extra else "{}")
        return hashlib.sha256("\x1f".join(facts).encode()).hexdigest()[:32]

    def content_fingerprint(self) -> str:
        """A digest of the script alone, for tasks of which no more is known; begins with `CONTENT_ONLY`.

        It ignores spaces and line breaks, because other programs read them differently from the same cell.
        """
        return CONTENT_ONLY + hashlib.sha256("".join(self.content.split()).encode()).hexdigest()[:32]

    def to_json(self) -> dict[str, Any]:
        """JSON as in docs/contract.md §3: extra columns are beside the fields, under their own names."""
        return {**self.extra, **{name: getattr(self, name) for name in FIELDS}}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Task:
        known = {name: value[name] for name in FIELDS if name in value}
        extra = {name: str(v) for name, v in value.items() if name not in FIELDS}
        return cls(**known, extra=MappingProxyType(extra))


def parameters_digest(parameters: Mapping[str, str]) -> str:
    """SHA-256 of the parameters sent to an execution, as canonical JSON. Equal parameters give the same digest."""
    canonical = json.dumps(dict(parameters), sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


FIELDS = (
    "task_id",
    "title",
    "content",
    "digital_no",
    "voice_id",
    "account_id",
    "project_name",
    "template",
    "record_id",
)


SHARED_FIELDS = frozenset({"digital_no", "voice_id", "account_id", "template"})
"""Fields with the same value in many tasks; sources intern them to save memory with a hundred thousand tasks."""


class State(StrEnum):
    PENDING = "pending"
    SUBMITTING = "submitting"
    RUNNING = "running"
    DOWNLOADING = "downloading"
    QUEUED = "queued"
    SYNTHESIZING = "synthesizing"
    WRITING_BACK = "writing_back"
    DONE = "done"
    FAILED = "failed"
    HELD = "held"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_end(self) -> bool:
        return self in ENDS

    @property
    def in_flight(self) -> bool:
        """A Coze execution may be running: it takes a slot."""
        return self in (State.SUBMITTING, State.RUNNING)


ENDS = frozenset({State.DONE, State.FAILED, State.HELD, State.CANCELLED, State.SKIPPED})

_P, _S, _R = State.PENDING, State.SUBMITTING, State.RUNNING
_D, _Q, _Y = State.DOWNLOADING, State.QUEUED, State.SYNTHESIZING
_W, _F, _H, _C = State.WRITING_BACK, State.FAILED, State.HELD, State.CANCELLED

MOVES: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        # `pending` also leads directly to the state in which an earlier run left a task (adopt, continue, deliver).
        _P: frozenset({_S, _R, _D, _Q, _Y, _W, State.DONE, _F, _H, _C, State.SKIPPED}),
        _S: frozenset({_R, _P, _F, _H, _C}),
        # Back to `pending`: Coze reported the execution as failed, and another one may be started.
        _R: frozenset({_D, _Q, _W, State.DONE, _P, _F, _H, _C}),
        _D: frozenset({_Q, _W, State.DONE, _F, _C}),
        # Back to `downloading`: the downloaded files are gone or unusable.
        _Q: frozenset({_Y, _D, _F, _C}),
        _Y: frozenset({_W, State.DONE, _Q, _D, _F, _C}),
        _W: frozenset({State.DONE}),
        # Only a person moves an ended task: retry continues from the failed step, rerun starts at `pending`.
        State.DONE: frozenset({_P, _R, _W}),
        _F: frozenset({_P, _R, _D, _Q, _W}),
        _H: frozenset({_P, _R, _C}),
        _C: frozenset({_P, _R, _D, _Q, _W}),
        State.SKIPPED: frozenset({_P, _D, _R}),
    }
)
"""The states that a task may move to from each state. No other move is allowed."""


def may_move(before: State, after: State) -> bool:
    return after in MOVES[before]
