"""Chooses the language: the one asked for, else the system's."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping

from cozebatch.model.text import Lang

_WINDOWS_CHINESE = 0x04


def choose_lang(asked: str | None, env: Mapping[str, str] = os.environ) -> Lang:
    """`zh` or `en`; every other locale reads English."""
    if asked in ("zh", "en"):
        return "zh" if asked == "zh" else "en"
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if env.get(name):
            return "zh" if env[name].lower().startswith("zh") else "en"
    return "zh" if _system_is_chinese() else "en"


def _system_is_chinese() -> bool:
    if sys.platform == "win32":
        import ctypes

        return bool(ctypes.windll.kernel32.GetUserDefaultUILanguage() & 0x3FF == _WINDOWS_CHINESE)
    return (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese"))
