"""Why a service could not be reached, in the reader's language."""

from __future__ import annotations

import errno
import socket
import ssl

import httpx
import pytest

from cozebatch.model.text import Text
from cozebatch.network.trouble import trouble

pytestmark = pytest.mark.anyio


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _met(url: str, timeout: float = 5.0) -> Text:
    async with httpx.AsyncClient(trust_env=False, timeout=timeout) as client:
        with pytest.raises(httpx.HTTPError) as failed:
            await client.get(url)
    return trouble(failed.value, None).said


async def test_a_refused_connection() -> None:
    said = await _met(f"http://127.0.0.1:{_free_port()}")
    assert said.zh == "对方拒绝连接"
    assert "refused" in said.en


async def test_a_name_that_nobody_knows() -> None:
    assert (await _met("http://cozebatch.invalid")).zh == "找不到这个主机名"


async def test_nothing_comes_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        said = await _met(f"http://127.0.0.1:{mute.getsockname()[1]}", timeout=0.05)
    assert said == Text("等不到返回", "nothing came in time")


def test_what_is_not_known_keeps_its_words() -> None:
    assert trouble(httpx.RemoteProtocolError("illegal header line"), None).said == Text.same("illegal header line")
    closed = httpx.RemoteProtocolError("Server disconnected without sending a response.")
    assert trouble(closed, None).said.zh == "对方中途断开了连接"


def test_a_failed_handshake_is_no_missing_permission() -> None:
    """An `SSLError` has the number 1, which is EPERM among the system's."""
    failed = httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number")
    failed.__cause__ = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    failed.__cause__.__context__ = ConnectionRefusedError(errno.ECONNREFUSED, "of another address")
    assert trouble(failed, None).said == Text.same(str(failed))


def test_a_number_that_is_no_networks_keeps_its_words() -> None:
    """Windows refuses with an error that Python knows by EINVAL only."""
    failed = httpx.ConnectError("refused")
    failed.__cause__ = OSError(errno.EINVAL, "refused")
    assert trouble(failed, None).said == Text.same("refused")
