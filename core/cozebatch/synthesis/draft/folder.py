r"""Finds the folder where JianYing keeps its drafts on this computer. Its user may have moved it to another drive.

On Windows JianYing writes a folder that was chosen in its settings to the registry, as the value
`currentCustomDraftPath` of `HKCU\Software\Bytedance\JianyingPro\GlobalSettings\History`, and under the same name to
`%LOCALAPPDATA%\JianyingPro\User Data\Config\globalSetting`, an INI file as Qt writes it. The vendor documents neither;
public programs that open drafts read them there.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cozebatch.disk.writing import read_own

Source = Literal["registry", "settings", "usual"]

_KEY = r"Software\Bytedance\JianyingPro\GlobalSettings\History"
_VALUE = "currentCustomDraftPath"
_SETTING = re.compile(rf'^{_VALUE}[ \t]*=[ \t]*"?([^"\r\n]+?)"?[ \t\r]*$', re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{1,4})|(.))")
_MOST_BYTES = 1_000_000
_DRAFTS = Path("User Data", "Projects", "com.lveditor.draft")


@dataclass(frozen=True, slots=True)
class DraftFolder:
    """`source`: JianYing's registry entry, its settings file, or where it keeps drafts unless told otherwise."""

    path: Path
    source: Source


def own_draft_folder(environment: Mapping[str, str] = os.environ) -> DraftFolder | None:
    """Where JianYing keeps its drafts, whether the folder is there or not; one that is there comes first. None where
    there is no JianYing, as on Linux. Blocks."""
    found = list(_candidates(environment))
    return next((one for one in found if one.path.is_dir()), found[0] if found else None)


def setting_in(text: str) -> str | None:
    """The draft folder that JianYing's settings file names, without Qt's escapes."""
    found = _SETTING.search(text)
    return _ESCAPE.sub(lambda e: chr(int(e[1], 16)) if e[1] else e[2], found[1]) if found else None


def _candidates(environment: Mapping[str, str]) -> Iterator[DraftFolder]:
    if sys.platform == "darwin":
        yield DraftFolder(Path.home() / "Movies" / "JianyingPro" / _DRAFTS, "usual")
    if sys.platform != "win32":
        return
    if (named := _registered()) is not None and Path(named).is_absolute():
        yield DraftFolder(Path(named), "registry")
    local = environment.get("LOCALAPPDATA")
    if not local:
        return
    home = Path(local) / "JianyingPro"
    if (named := _set(home / "User Data" / "Config" / "globalSetting")) is not None and Path(named).is_absolute():
        yield DraftFolder(Path(named), "settings")
    yield DraftFolder(home / _DRAFTS, "usual")


def _set(file: Path) -> str | None:
    try:
        return setting_in(read_own(file, file.parent, _MOST_BYTES).decode("utf-8-sig", "replace"))
    except OSError:
        return None


def _registered() -> str | None:
    if sys.platform != "win32":
        return None
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _KEY) as key:
            value, kind = winreg.QueryValueEx(key, _VALUE)
    except OSError:
        return None
    if not isinstance(value, str):
        return None
    return os.path.expandvars(value) if kind == winreg.REG_EXPAND_SZ else value
