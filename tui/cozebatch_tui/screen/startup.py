"""The arguments of the terminal UI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cozebatch.model.text import Lang, Text

if TYPE_CHECKING:
    from cozebatch_tui.session.session import Session

Ask = Callable[[Text], bool]


@dataclass(frozen=True, slots=True)
class AppStart:
    """`make_session` is entered in a worker thread after the first paint: it imports much and may raise `UsageError`.
    It gets a function that asks the operator a question with yes and no and waits for the answer; other threads may
    call it. `run_app` leaves the session when the screen is gone.

    `setup_needed`: no configuration was found. `begin_at_once`: the operator has confirmed beforehand.
    """

    make_session: Callable[[Ask], AbstractContextManager[Session]]
    lang: Lang
    title: str
    setup_needed: bool = False
    begin_at_once: bool = False
    notes: Sequence[Text] = ()
    """Warnings; more may come while the session opens."""
