"""Connections kept for the next request: one request at a time each, never more than wanted, none kept half-read."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpcore
import pytest

from cozebatch.network.connections import Connections
from support.raw_server import RawServer, raw_server, read_request, whole

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def connections(url: str, *, most: int = 10, patience: float = 5.0) -> AsyncIterator[Connections]:
    kept = Connections(httpcore.URL(url), proxy=None, tls=None, most=most, keep_idle=60.0, patience=patience)
    try:
        yield kept
    finally:
        await kept.aclose()


def get(url: str) -> httpcore.Request:
    return httpcore.Request("GET", url, headers=[("Host", "x")], extensions={"timeout": {"connect": 5.0}})


async def body_of(kept: Connections, url: str) -> bytes:
    async with kept.asking(get(url)) as response:
        return b"".join([piece async for piece in response.aiter_stream()])


def answers(connection: socket.socket, server: RawServer) -> None:
    while request := read_request(connection):
        server.requests.append(request)
        connection.sendall(whole(b"%d" % len(server.requests)))


async def test_a_connection_is_used_again_after_a_whole_answer() -> None:
    with raw_server(answers) as server:
        async with connections(server.url) as kept:
            assert [await body_of(kept, server.url) for _ in range(3)] == [b"1", b"2", b"3"]
    assert server.connections == 1


async def test_a_connection_whose_answer_was_not_read_whole_is_closed() -> None:
    with raw_server(answers) as server:
        async with connections(server.url) as kept:
            async with kept.asking(get(server.url)):
                pass
            assert await body_of(kept, server.url) == b"2"
    assert server.connections == 2


async def test_a_request_cancelled_half_way_gives_back_its_place_and_not_its_connection() -> None:
    arrived = anyio.Event()

    def silent_at_first(connection: socket.socket, server: RawServer) -> None:
        server.requests.append(read_request(connection))
        if len(server.requests) > 1:
            connection.sendall(whole(b"late"))
        else:
            anyio.from_thread.run_sync(arrived.set, token=token)
            connection.recv(1)  # until the client goes away

    token = anyio.lowlevel.current_token()
    with raw_server(silent_at_first) as server:
        async with connections(server.url, most=1) as kept:
            async with anyio.create_task_group() as group:
                group.start_soon(body_of, kept, server.url)
                await arrived.wait()
                group.cancel_scope.cancel()
            assert await body_of(kept, server.url) == b"late"
    assert server.connections == 2


async def test_who_finds_all_places_taken_waits_and_then_is_told_that_nothing_was_sent() -> None:
    with raw_server(answers) as server:
        async with connections(server.url, most=1, patience=0.01) as kept, kept.asking(get(server.url)):
            with pytest.raises(httpcore.PoolTimeout):
                await body_of(kept, server.url)
    assert len(server.requests) == 1


async def test_more_connections_than_places_are_never_open() -> None:
    with raw_server(answers) as server:
        async with connections(server.url, most=1) as kept:
            found: list[bytes] = []

            async def ask() -> None:
                found.append(await body_of(kept, server.url))

            async with anyio.create_task_group() as group:
                for _ in range(8):
                    group.start_soon(ask)
    assert sorted(found) == [b"%d" % number for number in range(1, 9)]
    assert server.connections == 1


async def test_a_connection_idle_for_too_long_is_closed_at_the_next_request() -> None:
    with raw_server(answers) as server:
        kept = Connections(httpcore.URL(server.url), proxy=None, tls=None, most=2, keep_idle=-1.0, patience=5.0)
        assert await body_of(kept, server.url) == b"1"
        assert await body_of(kept, server.url) == b"2"
        await kept.aclose()
    assert server.connections == 2
