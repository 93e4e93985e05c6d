"""Which of the files of this run are with Coze: who brings a content there, and which of its ids Coze has refused."""

from __future__ import annotations

from collections.abc import Collection

import anyio


class Uploads:
    """Lives on the engine's event loop, for one process."""

    def __init__(self) -> None:
        self._turns: dict[str, anyio.Lock] = {}
        self._made_here: set[str] = set()
        self._refused: set[str] = set()

    def turn(self, key: str) -> anyio.Lock:
        """Tasks with the same file bring it to Coze once: one after the other."""
        return self._turns.setdefault(key, anyio.Lock())

    def made(self, file_id: str) -> None:
        """Coze has just given this id, maybe the same again for the same content."""
        self._made_here.add(file_id)
        self._refused.discard(file_id)

    def is_good(self, file_id: str | None) -> bool:
        """Whether this id may be sent."""
        return bool(file_id) and file_id not in self._refused

    def refuse(self, file_ids: Collection[str]) -> frozenset[str]:
        """Coze refused a submission for these; those of them that are not to be sent any more.

        An id that this process got itself is not among them: another upload would be refused likewise. So each content
        is uploaded once more at most.
        """
        stale = frozenset(file_ids) - self._made_here
        self._refused |= stale
        return stale
