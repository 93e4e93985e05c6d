"""An application can be served for the length of a block, over real sockets."""

from __future__ import annotations

import socket
import threading
from collections.abc import MutableMapping
from typing import Any

import anyio
import httpx
import pytest

from cozebatch.demo.serving import CUT, Receive, Send, serve


async def greet(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        return
    match scope["path"]:
        case "/broken":
            raise LookupError("a fault of the application")
        case "/cut":
            await scope[CUT]()
        case "/never":
            await anyio.sleep_forever()
        case _:
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
            await send({"type": "http.response.body", "body": b"hello"})


def test_the_application_answers_at_the_url_that_is_yielded() -> None:
    with serve(greet) as url:
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(url).text == "hello"


@pytest.mark.anyio
async def test_a_client_on_any_event_loop_is_served() -> None:
    with serve(greet) as url:
        async with httpx.AsyncClient() as client:
            assert (await client.get(url)).text == "hello"


def test_nothing_listens_any_more_when_the_block_has_ended() -> None:
    with serve(greet) as url:
        httpx.get(url)
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)


def test_two_servers_stand_side_by_side() -> None:
    with serve(greet) as one, serve(greet) as other:
        assert one != other
        assert httpx.get(one).text == httpx.get(other).text == "hello"


def test_a_port_can_be_chosen_and_chosen_again() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(2):
        with serve(greet, port=port) as url:
            assert url == f"http://127.0.0.1:{port}"
            assert httpx.get(url).text == "hello"


def test_a_port_that_is_taken_is_an_os_error() -> None:
    with serve(greet) as url, pytest.raises(OSError), serve(greet, port=int(url.rsplit(":", 1)[1])):  # noqa: PT011
        pass


def test_a_connection_can_be_cut_without_an_answer() -> None:
    with serve(greet) as url:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            httpx.get(f"{url}/cut")
        assert httpx.get(url).text == "hello"


def test_a_request_that_waits_for_ever_does_not_hold_up_the_end() -> None:
    seen: list[type[Exception]] = []

    def ask(url: str) -> None:
        try:
            httpx.get(f"{url}/never", timeout=30)
        except httpx.TransportError as error:
            seen.append(type(error))

    with serve(greet) as url:
        thread = threading.Thread(target=ask, args=(url,))
        thread.start()
        with socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))):  # a second, silent client
            pass
    thread.join(5)
    assert not thread.is_alive()
    assert seen


def test_an_exception_in_the_application_comes_to_light_at_the_end() -> None:
    with pytest.raises(ExceptionGroup) as caught, serve(greet) as url:
        assert httpx.get(f"{url}/broken").status_code == 500
    assert isinstance(caught.value.exceptions[0], LookupError)


def test_an_exception_of_the_block_is_not_replaced() -> None:
    with pytest.raises(httpx.HTTPStatusError), serve(greet) as url:
        httpx.get(f"{url}/broken").raise_for_status()
