"""What a person means by what he pasted: the address in a message, the secret in a command, the path of a dragged file.

Whatever cannot be told apart stays as it was typed, and is judged as that.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from urllib.parse import unquote
from urllib.request import url2pathname

from cozebatch.model.urls import split_url
from cozebatch.setup.secrets import without_wrapping

_ADDRESS = re.compile(r"(https?)[:：]//([^\s<>\"'`“”‘’「」《》【】()（）\[\]，。；、]+)", re.IGNORECASE)
_BEARER = re.compile(r"\bbearer[\s:：]+([^\s\"'`“”‘’,，]+)", re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?:export\s+|set\s+|\$env:)?[\"']?[A-Za-z_][\w ]*[\"']?\s*[=:：](?!//)\s*([^\s=]\S*)", re.IGNORECASE
)
_AROUND = "\"'“”‘’ \t\r\n"
_POWERSHELL = re.compile(r"&\s+(['\"].+['\"])")
_ESCAPED = re.compile(r"\\(.)")


def address_in(text: str) -> str:
    """The first address of http or https in a text; the text itself if there is none."""
    found = _ADDRESS.search(text)
    return text.strip() if found is None else f"{found[1].lower()}://{found[2]}".rstrip(".,;")


def secret_in(text: str) -> str:
    """The token of a header or of a whole `curl` command, the value of an assignment, or what stands in quotes."""
    if (bearer := _BEARER.search(text)) is not None:
        return without_wrapping(bearer[1])
    bare = without_wrapping(_half_width(text))
    assigned = _ASSIGNED.fullmatch(bare)
    return bare if assigned is None else without_wrapping(assigned[1])


def path_in(text: str) -> str:
    """The path of a file or folder as terminals and file managers hand it over: quoted, with escapes, or as an address;
    `~` stands for the own folder. Looks what exists."""
    called = _POWERSHELL.fullmatch(text.strip())
    path = (called[1] if called else text).strip(_AROUND)
    if path.lower().startswith("file://"):
        address = split_url(path)
        path = url2pathname(address.path) if address is not None else unquote(path[7:])
    if path.startswith(("~/", "~\\")) or path == "~":
        path = os.path.expanduser(path)
    if os.name == "posix" and "\\" in path and not _exists(path):
        path = _ESCAPED.sub(r"\1", path.replace("'\\''", "'"))
    return path


def _half_width(text: str) -> str:
    """Letters of a Chinese input method as those of ASCII, where nothing else is in the text."""
    plain = unicodedata.normalize("NFKC", text)
    return plain if plain.isascii() else text


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except (OSError, ValueError):
        return False
