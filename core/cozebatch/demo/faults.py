"""What can go wrong at a simulated service, as data: which requests it strikes, and how.

A plan is seeded and counts for itself, so that a run with the same requests meets the same faults. Faults can be
given from the start or over HTTP while the service runs, as JSON objects with the fields of `Fault`.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, get_args

On = Literal[
    "submit", "look", "node", "workflow", "workflows", "workspaces", "benefit", "resume", "upload", "media", "any",
    "execution",
]  # fmt: skip

AnswerFault = Literal[
    "cut_before",  # the connection is cut, the request has no effect
    "cut_after",  # the request has its effect, then the connection is cut without an answer
    "late",  # the true answer, `seconds` late
    "status",  # HTTP `status`; with `code` also a body as Coze writes it
    "code",  # HTTP 200 (or `status`) with `code` and `message`
    "html",  # a web page instead of JSON, HTTP 200 (or `status`)
    "empty",  # HTTP 200 (or `status`) and no body
    "truncated",  # half of the true answer, as if it were all
    "short",  # half of the true answer, less than Content-Length says, then a cut
    "stall",  # half of the true answer, then silence
    "endless",  # a body that never ends, a piece every `seconds`
    "no_execute_id",  # `code` 0 and nothing else
    "body",  # `text` as body
    "redirect",  # HTTP 302 to `text`, or to the same place once more
]
ExecutionFault = Literal[
    "fail",  # ends as `Fail` with `code` and `message`
    "lasts",  # takes `seconds` (before the time scale)
    "word",  # `execute_status` is `text` while it runs
    "interrupt",  # waits for a person, asking `text`; `message`: required_parameters as JSON; `code`: the type
    "forget",  # no record of it (code 4314) once `seconds` have passed
    "no_data",  # a poll finds an empty list
    "output",  # `output` is `text`
    "shape",  # `output` in the shape named by `text` (see `coze_output.SHAPES`)
    "trimmed",  # the output node's text comes trimmed, whole only at its own address
]

WHATS: tuple[str, ...] = get_args(AnswerFault) + get_args(ExecutionFault)
_OF_EXECUTIONS = frozenset(get_args(ExecutionFault))
_WITHOUT_EFFECT = frozenset({"cut_before", "status", "code", "redirect"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, and which requests or executions it strikes.

    `match` is looked for in the values sent with a request (for looks and media: with the submission behind it).
    Of those that match, counted from 1, the `first` to the `last` are struck, of these a `share` by seeded chance.
    `effect` decides whether a struck request still does what it asks for; by default as the fault's name suggests.
    """

    what: str
    on: On = "any"
    match: str = ""
    first: int = 1
    last: int | None = None
    share: float = 1.0
    effect: bool | None = None
    status: int | None = None
    code: int | str | None = None
    message: str = ""
    text: str = ""
    seconds: float = 0.0
    retry_after: float | str | None = None

    def __post_init__(self) -> None:
        if self.what not in WHATS:
            raise ValueError(f"no such fault: {self.what!r} (there are {', '.join(WHATS)})")
        if self.on not in get_args(On):
            raise ValueError(f"faults do not strike {self.on!r} (but {', '.join(get_args(On))})")
        if self.what in _OF_EXECUTIONS:
            object.__setattr__(self, "on", "execution")
        elif self.on == "execution":
            raise ValueError(f"{self.what!r} does not strike an execution")

    @property
    def has_effect(self) -> bool:
        if self.effect is not None:
            return self.effect
        return self.status == 504 or self.what not in _WITHOUT_EFFECT

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Fault:
        """Raises ValueError for what is no fault."""
        unknown = set(value) - _NAMES
        if unknown:
            raise ValueError(f"a fault has no {', '.join(sorted(unknown))}")
        try:
            return cls(**value)
        except TypeError as error:
            raise ValueError(str(error)) from None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


_NAMES = frozenset(field.name for field in fields(Fault))


class FaultPlan:
    """The faults in force, and how often each has been met."""

    def __init__(self, faults: Iterable[Fault] = (), *, seed: int = 0) -> None:
        self._seed = seed
        self.replace(faults)

    @property
    def faults(self) -> Sequence[Fault]:
        return self._faults

    def replace(self, faults: Iterable[Fault]) -> None:
        """Other faults from now on; counting starts anew."""
        self._faults = tuple(faults)
        self._counts = [0] * len(self._faults)

    def strike(self, kind: On, values: Iterable[str]) -> Fault | None:
        """The first fault that strikes this request. Every fault that could have counts it."""
        struck = self.all_for(kind, values)
        return struck[0] if struck else None

    def all_for(self, kind: On, values: Iterable[str]) -> list[Fault]:
        """All faults that strike, in their order."""
        if not self._faults:
            return []
        texts = tuple(values)
        struck: list[Fault] = []
        for index, fault in enumerate(self._faults):
            if fault.on != kind and not (fault.on == "any" and kind != "execution"):
                continue
            if fault.match and not any(fault.match in text for text in texts):
                continue
            self._counts[index] += 1
            count = self._counts[index]
            if count < fault.first or (fault.last is not None and count > fault.last):
                continue
            if fault.share < 1 and random.Random(f"{self._seed}/{index}/{count}").random() >= fault.share:
                continue
            struck.append(fault)
        return struck
