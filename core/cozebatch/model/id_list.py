"""Task ids as they are typed: commas of any kind part them, and an id that holds one stands in double quotes."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterable

_COMMAS = ",，、;；"
_ID = re.compile(rf'\s*(?:"((?:[^"]|"")+)"|“([^”]+)”)\s*(?:[{_COMMAS}]|$)|([^{_COMMAS}]+)')
_SHELLS_OWN = re.compile(r"""[\s"'`$&|;<>()*?!\\#~%^{}\[\]]""")


def ids_of(words: Iterable[str]) -> list[str]:
    """The ids in these words, without what is blank."""
    found = (match for word in words for match in _ID.findall(word))
    ids = (quoted.replace('""', '"') or wide or bare.strip() for quoted, wide, bare in found)
    return [task_id for task_id in ids if task_id.strip()]


def typed_id(task_id: str) -> str:
    """How an id is typed in such a list, in a shell."""
    if task_id[:1] in ('"', "“") or any(comma in task_id for comma in _COMMAS):
        task_id = '"' + task_id.replace('"', '""') + '"'
    if not _SHELLS_OWN.search(task_id):
        return task_id
    return subprocess.list2cmdline([task_id]) if sys.platform == "win32" else shlex.quote(task_id)
