"""What the process that was started by hand gives to the one that runs the batch in the background.

It goes through the child's standard input, so neither the command line nor a file shows it. A handover that is cut
short starts nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from cozebatch.bounds.json_values import read_json
from cozebatch.model.errors import UsageError
from cozebatch.model.text import Lang
from cozebatch_tui.locale import attach as texts

_MOST_CHARACTERS = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """`options` are those of `run`, as parsed. `agreed`: new executions that the operator agreed to pay; None where he
    was not asked. `trial` and `left_out`: as in `Preview`. `expected`: a screen will attach. `ticket` names this start.
    `command`: how the batch is gone on with."""

    options: dict[str, Any]
    lang: Lang
    command: str
    ticket: str
    agreed: int | None = None
    trial: int | None = None
    left_out: Sequence[str] = ()
    expected: bool = False

    @property
    def namespace(self) -> argparse.Namespace:
        return argparse.Namespace(**self.options)

    def to_json(self) -> str:
        return json.dumps({**asdict(self), "whole": True})


def receive() -> Handover:
    """From this process's standard input. Raises `UsageError` for one that is none, or not whole."""
    try:
        value = read_json(sys.stdin.read(_MOST_CHARACTERS))
        if value.pop("whole", False) is not True:
            raise ValueError("cut short")
        handover = Handover(**{name.name: value[name.name] for name in fields(Handover)})
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise UsageError(texts.NO_HANDOVER) from error
    return handover
