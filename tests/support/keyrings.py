"""A keyring of this process, by the package's own way to add one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keyring
from keyring.backend import KeyringBackend

keyring.get_keyring()
"""The system's is chosen now: later the class below would be taken for one of them."""


class InMemory(KeyringBackend):
    """`locked`: it opens for nobody."""

    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("locked: s3cret")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        if self.locked:
            raise keyring.errors.KeyringLocked(f"locked: {password}")
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@contextmanager
def keyring_in_memory() -> Iterator[InMemory]:
    """The system's keyring for as long as the block lasts."""
    before, used = keyring.get_keyring(), InMemory()
    keyring.set_keyring(used)
    try:
        yield used
    finally:
        keyring.set_keyring(before)
