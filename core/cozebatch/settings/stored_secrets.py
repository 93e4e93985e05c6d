"""Secrets in the system's keyring (Windows Credential Manager, macOS Keychain, Secret Service), where the optional
package `keyring` is installed. An option beats the environment, which beats the file, which beats the keyring.

An entry is named after the variable and what it is for, so that a token of one site is never taken for another's.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from cozebatch.model.errors import UsageError
from cozebatch.model.text import Text

SERVICE = "cozebatch-tui"
Stored = Callable[[str], str | None]
"""Gives the secret of an entry; None if there is none."""


def nothing_stored(name: str) -> str | None:
    return None


def name_in_keyring(variable: str, of: str) -> str:
    """`of`: the address of Coze's interface, or the id of the Feishu app."""
    return f"{variable}@{of.rstrip('/')}"


def has_keyring() -> bool:
    """Whether there is a keyring that can be used here."""
    keyring = _keyring()
    return keyring is not None and keyring.get_keyring().priority > 0


def stored_secret(name: str) -> str | None:
    """The secret of this entry; None if there is none, or no keyring that opens."""
    keyring = _keyring()
    if keyring is None:
        return None
    try:
        found = keyring.get_password(SERVICE, name)
    except Exception:  # noqa: BLE001 - each system's keyring fails in a way of its own; the secret is then missing
        return None
    return found if isinstance(found, str) else None


def store_secret(name: str, secret: str) -> None:
    """Put it into the keyring. Raises `UsageError` if the keyring does not take it."""
    keyring = _keyring()
    try:
        if keyring is None:
            raise RuntimeError("keyring is not installed")
        keyring.set_password(SERVICE, name, secret)
    except Exception as error:  # noqa: BLE001 - each system's keyring fails in a way of its own
        kind = type(error).__name__  # its words could repeat the secret
        raise UsageError(
            Text(
                f"系统钥匙串没有收下密钥（{kind}）。请返回上一步，换一个放的地方。",
                f"The system's keyring did not take the secret ({kind}). Go back and keep it somewhere else.",
            )
        ) from None


def _keyring() -> Any | None:
    """The package, which is optional and slow to import: None where it is not installed."""
    try:
        return importlib.import_module("keyring")
    except ImportError:
        return None
