"""What goes over the wire to a Feishu bot, against a real socket; the signature against OpenSSL's."""

from __future__ import annotations

import json
import socket

import pytest

from cozebatch.model.board import Board
from cozebatch.notify.card import About, card_of
from cozebatch.notify.webhook import FeishuWebhook, NotDelivered, signature
from support.raw_server import RawServer, raw_server, read_request, whole

PATH = "/open-apis/bot/v2/hook/0f1e2d3c"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def test_the_signature_is_what_openssl_makes_of_it() -> None:
    # printf '' | openssl dgst -sha256 -mac HMAC -macopt key:"$(printf '1700000000\nabc123')" -binary | base64
    assert signature("1700000000", "abc123") == "J0suvZQ7pBIXibHw5hyQvuZiXVa3ct5lilLN472FoLk="


@pytest.mark.anyio
async def test_a_card_is_posted_whole_and_signed() -> None:
    seen: list[bytes] = []

    def answer(connection: socket.socket, server: RawServer) -> None:
        seen.append(read_request(connection))
        connection.sendall(whole(b'{"code":0,"msg":"success","data":{}}'))

    with raw_server(answer) as server:
        bot = FeishuWebhook(server.url + PATH, "abc123", wall=lambda: 1700000000.9)
        await bot.send(
            card_of("ended", Board(), About("任务.csv", "https://www.feishu.cn/base/x?table=y"), "zh", now=0.0)
        )
    head, _, body = seen[0].partition(b"\r\n\r\n")
    assert head.startswith(f"POST {PATH} ".encode())
    sent = json.loads(body)
    assert (sent["msg_type"], sent["timestamp"]) == ("interactive", "1700000000")
    assert sent["sign"] == signature("1700000000", "abc123")
    assert sent["card"]["header"]["title"] == {"tag": "plain_text", "content": "批次结束：任务.csv"}
    assert "lark_md" not in body.decode()
    assert sent["card"]["elements"][-1]["actions"][0]["url"] == "https://www.feishu.cn/base/x?table=y"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "may_pass", "said"),
    [
        (whole(b'{"code":19021,"msg":"sign match fail"}'), False, "19021: sign match fail"),
        (whole(b'{"code":11232,"msg":"too many request"}'), True, "11232"),
        (whole(b"oops", status=b"502 Bad Gateway"), True, "HTTP 502"),
        (whole(b"{}", status=b"429 Too Many Requests"), True, "HTTP 429"),
        (whole(b'{"StatusCode":9499,"StatusMessage":"Bad Request"}'), False, "9499"),
        (whole(b"<html>", status=b"200 OK"), False, "HTTP 200"),
        (whole(b"[" * 60_000), False, "HTTP 200"),
        (b"", True, ""),
    ],
)
async def test_what_is_no_success_is_not_taken_for_one(answer: bytes, may_pass: bool, said: str) -> None:
    def treat(connection: socket.socket, server: RawServer) -> None:
        read_request(connection)
        connection.sendall(answer)

    with raw_server(treat) as server:
        bot = FeishuWebhook(server.url + PATH, None, wall=lambda: 0.0)
        with pytest.raises(NotDelivered) as caught:
            await bot.send({})
    assert caught.value.may_pass is may_pass
    assert said in caught.value.text.en
    assert "hook" not in caught.value.text.en
    assert "bot/v2" not in repr(bot)
