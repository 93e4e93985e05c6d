"""The operator's preferences on this machine: theme, language, keymap, and the hosts he trusts with his secrets.

They lie in the platform's folder for settings, never in the folder of a batch.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, get_args

from cozebatch.bounds.json_values import read_json
from cozebatch.disk.writing import make_folder, write_named
from cozebatch_tui.presentation.terminal_signals import Bell

_TRUSTED = "trusted_hosts"


def settings_path() -> Path:
    """`COZEBATCH_SETTINGS` if it is set (tests, portable installations), else the platform's folder."""
    if asked := os.environ.get("COZEBATCH_SETTINGS"):
        return Path(asked)
    from platformdirs import user_config_path

    return user_config_path("cozebatch-tui", appauthor=False) / "settings.json"


def load_user_settings() -> dict[str, Any]:
    """The saved preferences; empty if there are none or the file cannot be read."""
    try:
        found = read_json(settings_path().read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def save_user_settings(changes: dict[str, Any]) -> None:
    """Add these to the saved preferences. Ignores a file that cannot be written: the batch matters more."""
    path = settings_path()
    wanted = load_user_settings() | changes
    with suppress(OSError):
        make_folder(path.parent, path.parent)
        write_named(path, json.dumps(wanted, ensure_ascii=False, indent=2))


def bell_of(preferences: Mapping[str, Any], *, configured: bool) -> Bell:
    """When to ring: `bell` of the preferences, unless the configuration forbids it altogether."""
    if not configured:
        return "never"
    wanted = preferences.get("bell")
    known: tuple[Bell, ...] = get_args(Bell)
    return next((bell for bell in known if bell == wanted), "attention")


def detaches(preferences: Mapping[str, Any]) -> bool:
    """Whether batches that are started on the screen run in the background (`detach`)."""
    return preferences.get("detach") is True


def trusted_hosts() -> frozenset[str]:
    """Hosts that the operator has agreed to send a secret from the environment to."""
    found = load_user_settings().get(_TRUSTED, [])
    return frozenset(host for host in found if isinstance(host, str)) if isinstance(found, list) else frozenset()


def trust_host(host: str) -> None:
    save_user_settings({_TRUSTED: sorted({*trusted_hosts(), host})})
