"""The arguments of the terminal UI."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cozebatch.model.text import Lang, Text

if TYPE_CHECKING:
    from cozebatch.batch.preview import Preview
    from cozebatch_tui.session.session import Session

Ask = Callable[[Text], bool]


@dataclass(frozen=True, slots=True)
class Chosen:
    """How the operator goes on from the set-up: with the demo, or with the configuration that was just written and,
    where tasks come from a file, that file. `notes`: what the start screen should say."""

    demo: bool = False
    tasks_file: str | None = None
    notes: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class AppStart:
    """`make_session` is entered in a worker thread after the first paint: it imports much and may raise `UsageError`.
    It gets a function that asks the operator a question with yes and no and waits for the answer; other threads may
    call it. `run_app` leaves the session when the screen is gone.

    `setup_needed`: no configuration was found; `after_setup` makes the start that follows, in this language, and
    `answers` are those that the command line gave beforehand. `hand_over`: the batch runs in another process; this is
    called with what the operator has confirmed, and the screen goes away. `begin_at_once`: the operator has confirmed
    beforehand. `set_up`: this follows a set-up, which has added `also` to the command line.
    """

    make_session: Callable[[Ask], AbstractContextManager[Session]]
    lang: Lang
    title: str
    setup_needed: bool = False
    begin_at_once: bool = False
    notes: Sequence[Text] = ()
    """Warnings; more may come while the session opens."""
    after_setup: Callable[[Chosen, Lang], AppStart] | None = None
    hand_over: Callable[[Preview], None] | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    set_up: bool = False
    also: Sequence[str] = ()
