"""Message handlers that may fail: an error of the screen's own is told and logged, and the widget goes on.

Textual would close the whole screen for it, while the batch runs on in its own thread unseen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from textual.message_pump import MessagePump

if TYPE_CHECKING:
    from cozebatch_tui.screen.app import CozebatchApp

P = ParamSpec("P")
W = TypeVar("W", bound=MessagePump)


def guarded(handler: Callable[Concatenate[W, P], None]) -> Callable[Concatenate[W, P], None]:
    """For handlers of messages and timers of what stands over a running batch."""

    @wraps(handler)
    def safe(widget: W, /, *args: P.args, **named: P.kwargs) -> None:
        try:
            handler(widget, *args, **named)
        except Exception as error:  # noqa: BLE001 - whatever it is, the screen must not go away
            cast("CozebatchApp", widget.app).tell_error(error)

    return safe
