"""Values that a batch has by the hundred thousand: frozen, which the type checker holds, without a price at run time.

A frozen dataclass sets each of its fields through `object.__setattr__`. For a row that takes thrice the time of a plain
one, and every move of a task makes a row and an event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

__all__ = ["valueclass"]

T = TypeVar("T")

if TYPE_CHECKING:
    from dataclasses import dataclass as valueclass
else:

    def valueclass(*, frozen: bool, slots: bool, kw_only: bool = False) -> Callable[[type[T]], type[T]]:
        """`dataclass` with these arguments for whoever reads or checks the source. Hashed by its fields, as a frozen
        one is."""
        assert frozen, "what may change is a plain dataclass"
        return dataclass(slots=slots, kw_only=kw_only, unsafe_hash=True)
