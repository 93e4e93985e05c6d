"""Who runs the program, for the record of who answered a question."""

from __future__ import annotations

import getpass


def operator_name() -> str:
    """The name of the system's account; empty where the system has none."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
