"""What one submission comes to: accepted, surely refused, or not understandably answered. It is never sent twice."""

from __future__ import annotations

import json
import socket
from email.utils import formatdate
from time import time
from typing import Any

import pytest

from cozebatch.coze.codes import CODES
from cozebatch.demo.coze_model import TOKEN, WORKFLOW_ID, CozeOptions
from cozebatch.demo.coze_server import serve_coze
from cozebatch.demo.faults import Fault
from cozebatch.model.errors import Category
from cozebatch.model.task import Task
from cozebatch.ports import Accepted, Refused, Unanswered
from support.coze_support import TASK, service, submit_into, submit_once
from support.raw_server import RawServer, raw_server, read_request, whole

pytestmark = pytest.mark.anyio


async def test_an_accepted_submission_has_its_execution_and_where_to_look_at_it() -> None:
    with serve_coze() as coze:
        outcome = await submit_once(coze.url)
        (execution,) = coze.ledger().tasks["三个方法"]
    assert isinstance(outcome, Accepted)
    assert outcome.execute_id == execution.execute_id
    assert outcome.debug_url is not None
    assert execution.execute_id in outcome.debug_url
    assert outcome.logid
    assert execution.parameters == {
        "content": "今天说三个方法。",
        "digitalNo": "7",
        "voiceId": "v1",
        "accountId": "a1",
        "title": "三个方法",
    }


async def test_a_field_that_is_empty_or_absent_is_left_out() -> None:
    parameters = {
        "content": "content",
        "voiceId": "voice_id",
        "digitalNo": "digital_no",
        "mood": "语气",
        "pace": "语速",
    }
    task = Task("t1", content="文案", voice_id="", digital_no="  ", extra={"语气": "轻快"})
    with serve_coze() as coze:
        await submit_once(coze.url, task, parameters=parameters)
        (execution,) = coze.ledger().tasks["文案"]
    assert execution.parameters == {"content": "文案", "mood": "轻快"}


async def test_the_request_is_what_coze_documents() -> None:
    def answer(connection: socket.socket, server: RawServer) -> None:
        server.requests.append(read_request(connection))
        connection.sendall(whole(b'{"code": 0, "execute_id": "e1", "msg": ""}'))

    with raw_server(answer) as server:
        outcome = await submit_once(server.url, bot_id="b1", workflow_version="v3")
    assert outcome == Accepted("e1")
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /v1/workflow/run HTTP/1.1\r\n")
    assert f"Authorization: Bearer {TOKEN}".encode() in head
    assert b"Content-Type: application/json" in head
    sent = json.loads(body)
    assert sent.pop("parameters")["title"] == "三个方法"
    assert sent == {"workflow_id": WORKFLOW_ID, "is_async": True, "bot_id": "b1", "workflow_version": "v3"}


async def test_where_nobody_listens_nothing_was_started() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        outcome = await submit_once(f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.NETWORK


async def test_a_host_that_does_not_exist_was_never_reached() -> None:
    outcome = await submit_once("http://no-such-host.invalid")
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.NETWORK


@pytest.mark.parametrize("code", CODES)
async def test_a_code_is_a_refusal_of_its_category(code: int) -> None:
    outcome, requests, executions = await submit_into(Fault(what="code", code=code, message="said so"))
    assert isinstance(outcome, Refused)
    assert (outcome.error.category, outcome.error.hint) == (CODES[code].category, CODES[code].hint)
    assert outcome.error.code == str(code)
    assert "said so" in outcome.error.message.en
    assert outcome.error.logid
    assert (requests, executions) == (1, 0)


@pytest.mark.parametrize(
    ("status", "category"),
    [
        (400, Category.INVALID_REQUEST),
        (401, Category.AUTH),
        (403, Category.SERVER),
        (404, Category.INVALID_REQUEST),
        (413, Category.INVALID_REQUEST),
        (429, Category.THROTTLED),
        (500, Category.SERVER),
        (502, Category.SERVER),
        (503, Category.SERVER),
    ],
)
async def test_a_refusing_status_is_a_refusal(status: int, category: Category) -> None:
    outcome, requests, executions = await submit_into(Fault(what="status", status=status))
    assert isinstance(outcome, Refused)
    assert outcome.error.category is category
    assert outcome.error.code == f"HTTP {status}"
    assert (requests, executions) == (1, 0)


async def test_a_code_says_more_than_the_status_around_it() -> None:
    outcome, _, _ = await submit_into(Fault(what="status", status=400, code=4011))
    assert isinstance(outcome, Refused)
    assert (outcome.error.category, outcome.error.scope) == (Category.QUOTA, "batch")


async def test_http_429_is_over_a_limit_whatever_its_body_says() -> None:
    outcome, _, _ = await submit_into(Fault(what="status", status=429, code=4011))
    assert isinstance(outcome, Refused)
    assert (outcome.error.category, outcome.error.scope) == (Category.THROTTLED, "batch")
    outcome, _, _ = await submit_into(Fault(what="status", status=429))
    assert isinstance(outcome, Refused)
    assert (outcome.error.category, outcome.error.scope) == (Category.THROTTLED, "task")


@pytest.mark.parametrize("code", [4100, 4101, 4200, 4012, 4015, 6003, 6031, 720702004, 720702011, 4008, 4019, 4022])
async def test_what_is_wrong_with_configuration_or_account_blames_no_row(code: int) -> None:
    outcome, _, _ = await submit_into(Fault(what="code", code=code))
    assert isinstance(outcome, Refused)
    assert outcome.error.scope == "batch"


@pytest.mark.parametrize("code", [4000, 4010, 720702002, 4105])
async def test_what_may_be_wrong_with_one_row_alone_is_about_that_row(code: int) -> None:
    outcome, _, _ = await submit_into(Fault(what="code", code=code))
    assert isinstance(outcome, Refused)
    assert outcome.error.scope == "task"


async def test_an_address_that_does_not_answer_like_coze_blames_no_row() -> None:
    outcome, _, _ = await submit_into(Fault(what="status", status=404))
    assert isinstance(outcome, Refused)
    assert outcome.error.scope == "batch"
    assert "base_url" in outcome.error.hint.en


async def test_a_403_is_about_the_token_only_if_coze_itself_says_it() -> None:
    outcome, _, _ = await submit_into(Fault(what="status", status=403, code=99_999))
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.AUTH


async def test_a_code_nobody_knows_is_a_refusal_all_the_same() -> None:
    outcome, _, _ = await submit_into(Fault(what="code", code=99_999))
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.SERVER


LOST = [
    Fault(what="cut_after"),
    Fault(what="late", seconds=60),
    Fault(what="status", status=504),
    Fault(what="status", status=504, code=5000),
    Fault(what="status", status=501, effect=True),
    Fault(what="status", status=302, effect=True),
    Fault(what="html"),
    Fault(what="empty"),
    Fault(what="empty", status=204),
    Fault(what="truncated"),
    Fault(what="short"),
    Fault(what="stall"),
    Fault(what="endless", seconds=0.05),
    Fault(what="endless"),
    Fault(what="no_execute_id"),
    Fault(what="body", text="[1, 2]"),
    Fault(what="body", text="{" * 100_000),
    Fault(what="body", text='{"code": "?"}'),
    Fault(what="body", text='{"code": 0, "execute_id": ""}'),
    Fault(what="body", text='{"code": 0, "execute_id": "\\u0000../x y"}'),
]


@pytest.mark.parametrize("fault", LOST, ids=lambda f: f"{f.what}-{f.status or f.text[:20] or f.seconds}")
async def test_an_answer_that_is_lost_or_unintelligible_may_have_started_an_execution(fault: Fault) -> None:
    patience = 1.0 if fault.what in ("stall", "endless") else 5.0  # only those last until the time-out
    outcome, requests, executions = await submit_into(fault, request_timeout=patience)
    assert isinstance(outcome, Unanswered)
    assert outcome.error.category is Category.UNKNOWN_SUBMIT
    assert (requests, executions) == (1, 1)


async def test_a_cut_before_the_request_had_its_effect_looks_the_same_from_here() -> None:
    outcome, requests, executions = await submit_into(Fault(what="cut_before"))
    assert isinstance(outcome, Unanswered)
    assert (requests, executions) == (1, 0)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 20", b"\x00\xff garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Le"])
async def test_a_connection_cut_after_the_request_was_read_is_not_answered(answer: bytes) -> None:
    def cut(connection: socket.socket, server: RawServer) -> None:
        server.requests.append(read_request(connection))
        connection.sendall(answer)

    with raw_server(cut) as server:
        outcome = await submit_once(server.url)
    assert isinstance(outcome, Unanswered)
    assert len(server.requests) == server.connections == 1


async def test_a_connection_cut_before_anything_was_read_is_not_answered() -> None:
    def cut(connection: socket.socket, server: RawServer) -> None:
        connection.recv(1, socket.MSG_PEEK)  # it has come, and nobody will ever read it: a reset

    with raw_server(cut) as server:
        outcome = await submit_once(server.url)
    assert isinstance(outcome, Unanswered)
    assert server.connections == 1


async def test_a_refusing_status_counts_even_if_its_body_never_ends() -> None:
    def refuse(connection: socket.socket, server: RawServer) -> None:
        read_request(connection)
        connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\nRetry-After: 7\r\n\r\nbusy")
        read_request(connection)

    with raw_server(refuse) as server:
        outcome = await submit_once(server.url, request_timeout=0.3)
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.SERVER
    assert outcome.retry_after == 7


async def test_an_id_that_was_given_counts_whatever_the_status() -> None:
    body = '{"code": 0, "execute_id": 7500000000000000009}'
    outcome, _, _ = await submit_into(Fault(what="body", status=500, text=body))
    assert outcome == Accepted("7500000000000000009", logid=None)


@pytest.mark.parametrize(
    ("header", "low", "high"),
    [
        ("3", 3, 3),
        ("0.5", 0.5, 0.5),
        ("100000", 300, 300),
        ("-4", 0, 0),
        (100, 80, 101),
        (-100, 0, 0),
    ],
)
async def test_retry_after_is_seconds_or_a_date_and_bounded(header: str | int, low: float, high: float) -> None:
    said = header if isinstance(header, str) else formatdate(time() + header, usegmt=True)
    outcome, _, _ = await submit_into(Fault(what="status", status=429, retry_after=said))
    assert isinstance(outcome, Refused)
    assert outcome.retry_after is not None
    assert low <= outcome.retry_after <= high


@pytest.mark.parametrize("header", ["soon", "nan", ""])
async def test_a_retry_after_that_says_nothing_is_none(header: str) -> None:
    outcome, _, _ = await submit_into(Fault(what="status", status=429, retry_after=header))
    assert isinstance(outcome, Refused)
    assert outcome.retry_after is None


@pytest.mark.parametrize("over_limit", ["429", "4009", "4020"])
async def test_being_over_the_limit_is_throttled_in_every_spelling(over_limit: Any) -> None:
    with serve_coze(CozeOptions(concurrency=1, over_limit=over_limit, retry_after=2)) as server:
        async with service(server.url) as coze:
            assert isinstance(await coze.submit(TASK), Accepted)
            outcome = await coze.submit(TASK)
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.THROTTLED
    assert outcome.retry_after == 2


async def test_a_row_too_large_for_coze_is_refused_without_being_sent() -> None:
    with serve_coze() as coze:
        outcome = await submit_once(coze.url, Task("t1", content="长" * 8_000_000))
        assert coze.ledger().requests == {}
    assert isinstance(outcome, Refused)
    assert outcome.error.category is Category.INVALID_REQUEST


async def test_half_a_letter_in_a_cell_does_not_break_the_request() -> None:
    with serve_coze() as coze:
        outcome = await submit_once(coze.url, Task("t1", content="a\ud800b"))
    assert isinstance(outcome, Accepted)
