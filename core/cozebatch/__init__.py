"""Runs Coze workflow executions for many tasks: never pays twice, never loses a result, never shows a wrong state.

A script needs the names below: settings (`parse_settings`, `load_settings`), a `Request`, and `open_batch`. Its `Batch`
is used in the order `prepare`, `preflight`, `run`. Events are read from `Batch.subscribe()` or from a `Bus` given to
`open_batch`. `demo_environment` serves a simulated Coze and Feishu. See `docs/example.py`.

Importing this package costs next to nothing: each name is imported when it is first used (PEP 562).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cozebatch.batch.batch import Batch
    from cozebatch.batch.preview import PlannedTask, Preview
    from cozebatch.batch.request import Request
    from cozebatch.batch.wiring import open_batch
    from cozebatch.demo.coze_server import serve_coze
    from cozebatch.demo.environment import demo_environment
    from cozebatch.engine.commands import OperatorCommands
    from cozebatch.engine.engine import Outcome
    from cozebatch.engine.event_bus import Bus, Subscription
    from cozebatch.model import events
    from cozebatch.model.board import Board
    from cozebatch.model.errors import (
        Category,
        CozebatchError,
        ErrorInfo,
        JournalError,
        StepError,
        UsageError,
    )
    from cozebatch.model.rows import Row, Stage
    from cozebatch.model.task import State, Task
    from cozebatch.model.text import Text
    from cozebatch.planning.selection import Selection
    from cozebatch.settings import Settings, load_settings, parse_settings

__all__ = [
    "Batch",
    "Board",
    "Bus",
    "Category",
    "CozebatchError",
    "ErrorInfo",
    "JournalError",
    "OperatorCommands",
    "Outcome",
    "PlannedTask",
    "Preview",
    "Request",
    "Row",
    "Selection",
    "Settings",
    "Stage",
    "State",
    "StepError",
    "Subscription",
    "Task",
    "Text",
    "UsageError",
    "demo_environment",
    "events",
    "load_settings",
    "open_batch",
    "parse_settings",
    "serve_coze",
]

_MODULES = {
    "Batch": "batch.batch",
    "Board": "model.board",
    "Bus": "engine.event_bus",
    "Category": "model.errors",
    "CozebatchError": "model.errors",
    "ErrorInfo": "model.errors",
    "JournalError": "model.errors",
    "OperatorCommands": "engine.commands",
    "Outcome": "engine.engine",
    "PlannedTask": "batch.preview",
    "Preview": "batch.preview",
    "Request": "batch.request",
    "Row": "model.rows",
    "Selection": "planning.selection",
    "Settings": "settings",
    "Stage": "model.rows",
    "State": "model.task",
    "StepError": "model.errors",
    "Subscription": "engine.event_bus",
    "Task": "model.task",
    "Text": "model.text",
    "UsageError": "model.errors",
    "demo_environment": "demo.environment",
    "events": "model.events",
    "load_settings": "settings",
    "open_batch": "batch.wiring",
    "parse_settings": "settings",
    "serve_coze": "demo.coze_server",
}
"""Where each public name is defined; `events` is a module itself."""


if not TYPE_CHECKING:  # with it in sight, a type checker would believe in any name

    def __getattr__(name: str) -> object:
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module = import_module(f"{__name__}.{_MODULES[name]}")
        value: object = module if name == "events" else getattr(module, name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
