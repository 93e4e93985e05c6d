"""What the operator allows a run to pay for: so many new executions, and none after a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

Spent = Literal["until", "max_executions"]
"""Why nothing more is paid for: reasons of a pause (`events.Paused`), named as the options of docs/contract.md §1."""

SPENT: frozenset[str] = frozenset({"until", "max_executions"})


@dataclass(frozen=True, slots=True)
class Allowance:
    """Immutable. `most`: new executions, retries included; None for any number. `until`: Unix seconds; None for always.

    `used` counts what was started, or may have been, since `most` was set.
    """

    most: int | None = None
    until: float | None = None
    used: int = 0

    @property
    def left(self) -> int | None:
        """How many more may be started; None for any number."""
        return None if self.most is None else max(0, self.most - self.used)

    def spent(self, now: float) -> Spent | None:
        """Why nothing more may be started at `now` (Unix seconds); None when something may."""
        if self.until is not None and now >= self.until:
            return "until"
        return "max_executions" if self.left == 0 else None

    def counting(self, number: int) -> Allowance:
        """The same with so many more started; negative for one that turned out to have been refused."""
        return replace(self, used=max(0, self.used + number))

    def carried_over(self, most: int | None, until: float | None, now: float) -> Allowance:
        """This of a run that was cut short, in its next process, which was started with `most` and `until` (None: not
        given). What was started counts on; a time that has passed is over."""
        kept_until = self.until if self.until is not None and self.until > now else None
        return Allowance(
            self.most if most is None else most,
            kept_until if until is None else until,
            0 if self.most is None else self.used,
        )

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Allowance:
        return cls(**{name: value[name] for name in cls.__slots__ if name in value})


ANY_NUMBER = Allowance()
"""No limit."""
