"""HTTP answers made to explode: compressed twice or a thousandfold, nested or with numbers without end."""

from __future__ import annotations

import gzip
import json
import socket
import tracemalloc
import zlib
from collections.abc import Iterator

import pytest

from cozebatch.bounds.decoding import BodyDecoder, UnreadableBody
from cozebatch.coze.output import parse_output
from cozebatch.feishu.sdk import FeishuClient, FeishuError
from cozebatch.model.errors import StepError
from cozebatch.ports import Accepted, Submission, Unanswered
from cozebatch.synthesis.compose import given_captions
from support.coze_support import service, submit_once
from support.raw_server import RawServer, raw_server, read_request, whole

pytestmark = pytest.mark.anyio

MOST_MEGABYTES = 150
ACCEPTED = json.dumps({"code": 0, "execute_id": "7512345678901234567", "debug_url": "https://www.coze.cn/x"}).encode()


def packed(size: int) -> bytes:
    """`size` spaces before an object, compressed."""
    packer = zlib.compressobj(9, wbits=31)
    block = b" " * 1_000_000
    return b"".join(packer.compress(block) for _ in range(size // len(block))) + packer.compress(b"{}") + packer.flush()


BOMB = packed(300_000_000)
TWICE = gzip.compress(BOMB)


@pytest.fixture(autouse=True)
def bounded_memory() -> Iterator[None]:
    """Fails a test in which Python held more than `MOST_MEGABYTES` at once."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < MOST_MEGABYTES * 1_000_000


def answering(body: bytes, encoding: str) -> bytes:
    return whole(body, headers=b"Content-Encoding: %s\r\n" % encoding.encode() if encoding else b"")


async def submitted_to(answer: bytes) -> Submission:
    def treat(connection: socket.socket, server: RawServer) -> None:
        server.requests.append(read_request(connection))
        connection.sendall(answer)

    with raw_server(treat) as server:
        outcome = await submit_once(server.url)
    assert len(server.requests) == 1, "whatever the answer is, nothing is sent twice"
    return outcome


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (TWICE, "gzip, gzip"),
        (TWICE, "gzip,gzip"),
        (BOMB, "gzip"),
        (ACCEPTED, "br"),
        (ACCEPTED, "zstd"),
        (ACCEPTED, "gzip"),
        (gzip.compress(ACCEPTED)[:-9], "gzip"),
        (gzip.compress(gzip.compress(ACCEPTED)), "gzip, gzip"),
        (b"[" * 900_000, ""),
        (b'{"code": 0, "data": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", ""),
    ],
    ids=["twice", "twice-tight", "bomb", "br", "zstd", "no-gzip", "cut-off", "twice-small", "deep", "deep-closed"],
)
async def test_an_answer_that_cannot_be_understood_leaves_the_submission_unanswered(body: bytes, encoding: str) -> None:
    assert isinstance(await submitted_to(answering(body, encoding)), Unanswered)


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "GZIP", "deflate"])
async def test_an_answer_that_a_proxy_compressed_once_is_understood(encoding: str) -> None:
    bodies = {"gzip": gzip.compress(ACCEPTED), "deflate": zlib.compress(ACCEPTED)}
    outcome = await submitted_to(answering(bodies.get(encoding.lower(), ACCEPTED), encoding))
    assert isinstance(outcome, Accepted)
    assert outcome.execute_id == "7512345678901234567"


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(TWICE, "gzip, gzip"), (BOMB, "gzip"), (b'{"code": 0, "data": ' + b"[" * 90_000, "")],
    ids=["twice", "bomb", "deep"],
)
async def test_looking_at_an_execution_is_bounded_too(body: bytes, encoding: str) -> None:
    def treat(connection: socket.socket, server: RawServer) -> None:
        read_request(connection)
        connection.sendall(answering(body, encoding))

    with raw_server(treat) as server:
        async with service(server.url) as coze:
            with pytest.raises(StepError):
                await coze.poll("7512345678901234567")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(TWICE, "gzip, gzip"), (BOMB, "gzip"), (b"{}", "br"), (b"[" * 900_000, ""), (b'{"code": ' + b"9" * 9000, "")],
    ids=["twice", "bomb", "unknown", "deep", "number"],
)
async def test_an_answer_of_feishu_is_bounded_and_told(body: bytes, encoding: str) -> None:
    def treat(connection: socket.socket, server: RawServer) -> None:
        read_request(connection)
        connection.sendall(answering(body, encoding))

    with raw_server(treat) as server:
        async with FeishuClient(app_id="cli_x", app_secret="secret", domain=server.url, request_timeout=5) as client:
            with pytest.raises(FeishuError):
                await client.check_token()


def test_a_decoder_never_makes_more_than_was_allowed_of_any_piece() -> None:
    decoder = BodyDecoder("gzip", 1000)
    with pytest.raises(UnreadableBody, match="longer than 1000 bytes"):
        decoder.feed(BOMB)


DEEP = "[" * 100_000
ABSURD = [
    DEEP,
    DEEP + "]" * 100_000,
    '{"Output": "' + DEEP + '"}',
    '{"Output": ' + '{"a":' * 3000 + "1" + "}" * 3000 + "}",
    '{"captions": [{"start": 1e400, "end": ' + "9" * 5000 + ', "text": "a"}]}',
    '{"captions": ' + json.dumps(DEEP) + "}",
    json.dumps(json.dumps(json.dumps({"Output": DEEP}))),
]


@pytest.mark.parametrize("raw", ABSURD, ids=range(len(ABSURD)))
def test_an_output_is_borne_whatever_it_is_and_can_be_stored(raw: str) -> None:
    found = parse_output(raw, ("captions", "videoUrl"))
    json.dumps(found, ensure_ascii=False).encode("utf-8")
    assert given_captions.read(found.get("captions"), 5_000_000) == []


@pytest.mark.parametrize(
    "number",
    ["1e308", "-1e308", "1e309", "NaN", "9" * 400, '"1e309"', f'"{"9" * 5000}"', '"99:99:99,999"', '"²:00:01"'],
    ids=range(9),
)
def test_captions_with_absurd_numbers_never_raise(number: str) -> None:
    text = f'[{{"start": {number}, "end": {number}, "text": "a"}}, {{"start": 0, "end": 1, "text": "b"}}]'
    for value in (text, json.loads(text), {"captions": text}):
        captions = given_captions.read(value, 5_000_000)
        assert all(0 <= caption.start <= caption.end for caption in captions)
