"""Keeps the screen alive when one of its own message handlers fails: the error is shown and logged.

Without it Textual would close the whole screen, while the batch runs on unseen in its own thread.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from textual.message_pump import MessagePump

from cozebatch_tui.screen.host import host_of

P = ParamSpec("P")
W = TypeVar("W", bound=MessagePump)


def guarded(handler: Callable[Concatenate[W, P], None]) -> Callable[Concatenate[W, P], None]:
    """For handlers of messages and timers on any screen that stands over a running batch."""

    @wraps(handler)
    def safe(widget: W, /, *args: P.args, **named: P.kwargs) -> None:
        try:
            handler(widget, *args, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, the screen must not go away
            host_of(widget).tell_error(error)

    return safe
