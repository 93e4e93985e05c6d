"""Decodes the body of an HTTP answer piece by piece, never into more than was allowed.

We ask for answers without encoding. A proxy on the way may compress them nevertheless, so `gzip` and `deflate` are
understood, once: an answer that is compressed twice is built to explode, 5 KB of it becoming gigabytes.
"""

from __future__ import annotations

import zlib

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_PLAIN = frozenset({"", "identity"})
_KNOWN = frozenset({"gzip", "x-gzip", "deflate"})


class UnreadableBody(ValueError):
    """Says why a body cannot be decoded."""


class BodyDecoder:
    """Decodes one body of at most `most_bytes`. `encoding` is the header `Content-Encoding`, empty without one.

    Raises `UnreadableBody`, here for an encoding that is not understood.
    """

    def __init__(self, encoding: str, most_bytes: int) -> None:
        self._left = most_bytes
        self._most = most_bytes
        named = encoding.strip().lower()
        if named not in _PLAIN | _KNOWN:
            raise UnreadableBody(f"its Content-Encoding is {named[:40]!r}")
        self._inflate = zlib.decompressobj(_GZIP_OR_ZLIB) if named in _KNOWN else None

    def feed(self, piece: bytes) -> bytes:
        """What this piece of the body decodes to. Raises `UnreadableBody` when it is broken or becomes too much."""
        if self._inflate is not None:
            try:
                piece = self._inflate.decompress(piece, self._left + 1)
            except zlib.error:
                raise UnreadableBody("its compression is broken") from None
        self._left -= len(piece)
        if self._left < 0:
            raise UnreadableBody(f"longer than {self._most} bytes")
        return piece

    def end(self) -> None:
        """Raise `UnreadableBody` if a compressed body is not whole."""
        if self._inflate is not None and not self._inflate.eof:
            raise UnreadableBody("its compression is cut off")
