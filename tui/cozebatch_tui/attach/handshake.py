"""Both sides prove that they know the token, which itself is never sent, and say which protocol they speak.

    screen → engine   {nonce, protocol, version}
    engine → screen   {proof, nonce, protocol, version}
    screen → engine   {proof}

A proof is HMAC-SHA256 of `role:nonce` under the token, with the nonce of the other side, so that no side can send back
what it was sent. A wrong proof is answered by nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any, Literal

import anyio

from cozebatch_tui.attach.place import PROTOCOL
from cozebatch_tui.attach.wire import MOST_BYTES, Lines, WireError

SECONDS = 5.0
"""How long a handshake may take."""
_NONCE_LENGTH = range(32, 129)
"""Characters of a nonce."""


class OtherProtocol(Exception):
    """The other side speaks another protocol; it is of this version."""

    def __init__(self, version: str, protocol: object) -> None:
        super().__init__(f"protocol {protocol}")
        self.version, self.protocol = version, protocol


class NotProven(Exception):
    """The other side does not know the token, or is no side of this protocol."""


def proof(token: bytes, role: Literal["engine", "screen"], nonce: str) -> str:
    return hmac.new(token, f"{role}:{nonce}".encode(), hashlib.sha256).hexdigest()


async def as_engine(lines: Lines, token: bytes, version: str) -> None:
    """Raises `NotProven` and `OtherProtocol`; the caller closes the connection."""
    try:
        with anyio.fail_after(SECONDS):
            hello = await _next(lines)
            theirs, own = _nonce(hello), secrets.token_hex(32)
            await lines.send(
                {"proof": proof(token, "engine", theirs), "nonce": own, "protocol": PROTOCOL, "version": version}
            )
            if hello.get("protocol") != PROTOCOL:
                raise OtherProtocol(_word(hello.get("version")), hello.get("protocol"))
            _check(await _next(lines), proof(token, "screen", own))
    except (TimeoutError, WireError) as error:
        raise NotProven(str(error)) from error
    lines.most_bytes = MOST_BYTES


async def as_screen(lines: Lines, token: bytes, version: str) -> None:
    """Raises `NotProven` and `OtherProtocol`; the caller closes the connection."""
    try:
        with anyio.fail_after(SECONDS):
            own = secrets.token_hex(32)
            await lines.send({"nonce": own, "protocol": PROTOCOL, "version": version})
            answer = await _next(lines)
            theirs = _nonce(answer)
            _check(answer, proof(token, "engine", own))
            if answer.get("protocol") != PROTOCOL:
                raise OtherProtocol(_word(answer.get("version")), answer.get("protocol"))
            await lines.send({"proof": proof(token, "screen", theirs)})
    except (TimeoutError, WireError) as error:
        raise NotProven(str(error)) from error
    lines.most_bytes = MOST_BYTES


async def _next(lines: Lines) -> dict[str, Any]:
    value = await lines.receive()
    if value is None:
        raise NotProven("closed")
    return value


def _nonce(value: dict[str, Any]) -> str:
    nonce = value.get("nonce")
    if not isinstance(nonce, str) or len(nonce) not in _NONCE_LENGTH or not nonce.isascii():
        raise NotProven("no nonce")
    return nonce


def _check(value: dict[str, Any], expected: str) -> None:
    given = value.get("proof")
    if not isinstance(given, str) or not given.isascii() or not hmac.compare_digest(given, expected):
        raise NotProven("a wrong proof")


def _word(value: object) -> str:
    return value[:40] if isinstance(value, str) else "?"
