"""The connection to Coze: the token stays hidden, connections are used again, no redirect or proxy is followed."""

from __future__ import annotations

import socket

import anyio
import pytest

from cozebatch.coze.client import CozeService
from cozebatch.demo.coze_model import TOKEN
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.model.errors import Category, UsageError
from cozebatch.model.task import Task
from cozebatch.ports import Accepted, Refused, Submission, Unanswered
from support.coze_support import TASK, service, submit_into, submit_once
from support.raw_server import RawServer, raw_server, read_request, whole

pytestmark = pytest.mark.anyio


async def test_a_wrong_token_is_refused_and_not_repeated_in_any_text() -> None:
    secret = "pat_this_is_a_long_secret_token_1234"
    with serve_coze(faults=[Fault(what="code", status=401, code=4100, message=f"bad token {secret}\x1b[31m")]) as coze:
        outcome = await submit_once(coze.url, token=secret)
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.AUTH
    assert secret not in repr(outcome)
    assert "\x1b" not in repr(outcome.error.message)


def test_the_token_is_in_no_repr() -> None:
    assert "sesame" not in repr(CozeService(token="open_sesame", workflow_id="w"))


@pytest.mark.parametrize("token", ["", "pat 1", "pat\n1", "令牌", "pat\x7f"])
def test_a_token_no_header_can_carry_is_a_usage_error_that_does_not_show_it(token: str) -> None:
    with pytest.raises(UsageError) as caught:
        CozeService(token=token, workflow_id="w")
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize("base_url", ["", "api.coze.cn", "ftp://api.coze.cn", "https://", "http://[::1"])
def test_a_base_url_that_is_no_address_is_a_usage_error(base_url: str) -> None:
    with pytest.raises(UsageError):
        CozeService(token=TOKEN, workflow_id="w", base_url=base_url)


async def test_other_secrets_are_masked_as_well() -> None:
    fault = Fault(what="code", code=4000, message="the app secret is hush")
    outcome, _, _ = await submit_into(fault, mask=lambda text: text.replace("hush", "***"))
    assert isinstance(outcome, Refused)
    assert "hush" not in outcome.error.message.en
    assert "***" in outcome.error.message.en


async def test_a_connection_the_server_closed_meanwhile_costs_no_answer() -> None:
    gone = anyio.Event()

    def once(connection: socket.socket, server: RawServer) -> None:
        server.requests.append(read_request(connection))
        connection.sendall(whole(b'{"code": 0, "execute_id": "e%d"}' % len(server.requests)))

    with raw_server(once) as server:
        async with service(server.url) as coze:
            assert await coze.submit(TASK) == Accepted("e1")
            with anyio.move_on_after(0.05):  # the server's goodbye has arrived by then
                await gone.wait()
            assert await coze.submit(TASK) == Accepted("e2")
    assert server.connections == 2


async def test_connections_are_used_again() -> None:
    def forever(connection: socket.socket, server: RawServer) -> None:
        while request := read_request(connection):
            server.requests.append(request)
            connection.sendall(whole(b'{"code": 0, "execute_id": "e1"}'))

    with raw_server(forever) as server:
        async with service(server.url) as coze:
            for _ in range(5):
                await coze.submit(TASK)
    assert (len(server.requests), server.connections) == (5, 1)


async def test_many_submissions_at_once_are_all_answered() -> None:
    outcomes: list[Submission] = []
    with serve_coze() as server:
        async with service(server.url, request_timeout=30) as coze:

            async def one(number: int) -> None:
                outcomes.append(await coze.submit(Task(f"t{number}", title=f"{number}", content="文案")))

            async with anyio.create_task_group() as group:
                for number in range(60):
                    group.start_soon(one, number)
        assert len(server.ledger().executions) == 60
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len({outcome.execute_id for outcome in outcomes if isinstance(outcome, Accepted)}) == 60


async def test_a_redirect_is_not_followed() -> None:
    with (
        serve_coze() as other,
        serve_coze(faults=[Fault(what="redirect", text=f"{other.url}/v1/workflow/run")]) as coze,
    ):
        outcome = await submit_once(coze.url)
        assert other.ledger().requests == {}
    assert isinstance(outcome, Unanswered)


async def test_a_proxy_of_the_environment_is_not_used_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with serve_coze() as coze:
        assert isinstance(await submit_once(coze.url), Accepted)


async def test_a_proxy_that_does_not_answer_never_sent_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed.getsockname()[1]}")
        outcome = await submit_once("http://coze.invalid")
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.NETWORK
