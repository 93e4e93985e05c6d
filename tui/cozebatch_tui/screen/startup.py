"""What the terminal UI is given to begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cozebatch.model.text import Lang, Text

if TYPE_CHECKING:
    from cozebatch_tui.session.session import Session

Ask = Callable[[Text], bool]


@dataclass(frozen=True, slots=True)
class AppStart:
    """`make_session` is heavy and may raise `UsageError`; it is called in a worker thread after the first paint, with
    a function that puts a question with yes and no to the operator and waits for the answer, from any other thread.

    `setup_needed`: no configuration was found. `begin_at_once`: the operator has confirmed beforehand.
    """

    make_session: Callable[[Ask], Session]
    lang: Lang
    title: str
    setup_needed: bool = False
    begin_at_once: bool = False
    notes: Sequence[Text] = ()
    """Warnings, which may come while the session is made."""
