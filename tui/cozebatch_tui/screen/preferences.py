"""What an operator chose once and keeps: theme and language, in the platform's own place for settings."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any


def settings_path() -> Path:
    """`COZEBATCH_SETTINGS` where it is set (tests, portable installations), else the platform's place."""
    if asked := os.environ.get("COZEBATCH_SETTINGS"):
        return Path(asked)
    from platformdirs import user_config_path

    return user_config_path("cozebatch-tui", appauthor=False) / "settings.json"


def load_user_settings() -> dict[str, Any]:
    """What was saved; nothing when there is nothing, or nothing readable."""
    try:
        found = json.loads(settings_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def save_user_settings(changes: dict[str, Any]) -> None:
    """Keep these beside what was saved before. A settings file that cannot be written is no reason to stop."""
    path = settings_path()
    wanted = load_user_settings() | changes
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(wanted, ensure_ascii=False, indent=2), encoding="utf-8")
