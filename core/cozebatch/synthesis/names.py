"""Names of files and folders made here, safe on Windows, macOS and Linux whatever a title says; and whose they are."""

from __future__ import annotations

import hashlib
import os
import unicodedata
from typing import Any

from cozebatch.ports import Job

_FORBIDDEN = frozenset('<>:"/\\|?*%')
WINDOWS_PATH = 259
"""UTF-16 code units of a path that every program on Windows opens; longer ones need a setting and a newer program.
https://learn.microsoft.com/windows/win32/fileio/maximum-file-path-limitation"""
SHORTEST = 16
"""What is left of a name at least; where even that does not fit, writing fails and says so."""
_RESERVED = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{device}{n}" for device in ("com", "lpt") for n in "0123456789¹²³"]
)


def safe_name(text: str, limit: int = 120) -> str:
    """`text` as one path component: forbidden and control characters become `_`, never empty, `.` or `..`.

    At most `limit` bytes of UTF-8, so that an ending still fits; what is cut off is replaced by a digest.
    """
    normal = unicodedata.normalize("NFC", text)
    kept = "".join("_" if c in _FORBIDDEN or unicodedata.category(c)[0] == "C" else c for c in normal)
    kept = " ".join(kept.split()).strip(" .")
    if len(kept.encode()) > limit:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        kept = kept.encode()[: limit - 9].decode("utf-8", "ignore").strip(" .") + "-" + digest
    if not kept:
        return "_"
    return f"_{kept}" if kept.split(".")[0].lower().strip() in _RESERVED else kept


def fitting_name(text: str, *folders: str, room: int, copies: int = 1, on_windows: bool = os.name == "nt") -> str:
    """`safe_name(text)`, shortened so that paths below each of `folders` are not too long for Windows' programs.

    `copies`: how often the name stands in the path. `room`: characters for the rest of it. The same name at every try.
    """
    name = safe_name(text)
    if not on_windows:
        return name
    left = min(WINDOWS_PATH - _units(folder) for folder in folders) - room
    limit = max(left // copies - 1, SHORTEST)
    if _units(name) <= limit:
        return name
    ending = "-" + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    while _units(name) > limit - len(ending):
        name = name[:-1]
    return name.rstrip(" .") + ending


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def digest(*parts: str, length: int = 16) -> str:
    """A short, stable name made of any texts."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:length]


def owner_of(job: Job) -> dict[str, Any]:
    """Identifies whose a film is: the same for every try of a job, another for a new execution."""
    return {"run_id": job.run_id, "task_id": job.task.task_id, "submitted_at": job.submitted_at}


def is_of_the_same_execution(one: Any, other: Any) -> bool:
    """Whether two results of `owner_of` name one execution's film; a later run takes over what an earlier one made."""

    def execution(owner: Any) -> Any:
        return {name: value for name, value in owner.items() if name != "run_id"} if isinstance(owner, dict) else None

    return execution(one) is not None and execution(one) == execution(other)
