"""Lines between a screen and the engine: whole, bounded, and of no cost to who gets nonsense."""

from __future__ import annotations

import math

import anyio
import pytest
from anyio.abc import ByteStream
from hypothesis import given, settings
from hypothesis import strategies as st

from cozebatch_tui.attach.handshake import NotProven, OtherProtocol, as_engine, as_screen, proof
from cozebatch_tui.attach.place import PROTOCOL
from cozebatch_tui.attach.wire import HANDSHAKE_BYTES, Lines, WireError

pytestmark = pytest.mark.anyio
TOKEN = bytes(range(32))


class Pipe(ByteStream):
    """One end of a pair in memory. `cut`: what is sent arrives in pieces of so many bytes."""

    def __init__(self, cut: int = 1 << 20) -> None:
        self.sender, self.receiver = anyio.create_memory_object_stream[bytes](math.inf)
        self.other: Pipe = self
        self._cut = cut
        self.taken = 0

    async def send(self, item: bytes) -> None:
        for start in range(0, len(item), self._cut):
            await self.other.sender.send(item[start : start + self._cut])

    async def receive(self, max_bytes: int = 65536) -> bytes:
        item = await self.receiver.receive()
        self.taken += len(item)
        return item

    async def send_eof(self) -> None:
        self.other.sender.close()

    async def aclose(self) -> None:
        self.other.sender.close()
        self.sender.close()
        self.receiver.close()


def pair(cut: int = 1 << 20) -> tuple[Pipe, Pipe]:
    one, two = Pipe(cut), Pipe(cut)
    one.other, two.other = two, one
    return one, two


async def refusing_engine(pipe: Pipe, refused: list[NotProven]) -> None:
    """An engine that keeps why it hung up."""
    try:
        await as_engine(Lines(pipe), TOKEN, "1")
    except NotProven as error:
        refused.append(error)
    await pipe.aclose()


values = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.text(max_size=6), values, max_size=4), max_size=5), st.integers(1, 40))
@settings(max_examples=40)
def test_what_is_sent_arrives_in_whatever_pieces(sent: list[dict[str, object]], cut: int) -> None:
    async def exchange() -> list[object]:
        one, two = pair(cut)
        for item in sent:
            await Lines(one).send(item)
        await one.send_eof()
        lines, found = Lines(two), list[object]()
        while (value := await lines.receive()) is not None:
            found.append(value)
        await one.aclose()
        await two.aclose()
        return found

    assert anyio.run(exchange) == sent


async def test_half_a_surrogate_pair_in_a_title_does_not_stop_its_line() -> None:
    one, two = pair()
    await Lines(one).send({"title": "a\ud800b"})
    assert await Lines(two).receive() == {"title": "a?b"}
    await one.aclose()
    await two.aclose()


async def test_a_line_without_an_end_is_given_up_soon_after_the_limit() -> None:
    one, two = pair(4096)

    async def flood() -> None:
        while True:
            await one.send(b"x" * 4096)
            await anyio.wait_all_tasks_blocked()

    async with anyio.create_task_group() as group:
        group.start_soon(flood)
        with pytest.raises(WireError):
            await Lines(two).receive()
        group.cancel_scope.cancel()
    assert two.taken <= HANDSHAKE_BYTES + 2 * 4096
    await one.aclose()
    await two.aclose()


@pytest.mark.parametrize("sent", [b"{", b"nonsense\n", b"[]\n", b"\xff\xfe\n", b"[" * 60_000 + b"\n", b'{"a": 1}'])
async def test_what_is_no_line_is_refused(sent: bytes) -> None:
    one, two = pair()
    await one.send(sent)
    await one.send_eof()
    with pytest.raises(WireError):
        await Lines(two).receive()
    await one.aclose()
    await two.aclose()


async def test_both_sides_prove_that_they_know_the_token_and_it_is_never_sent() -> None:
    one, two = pair()
    seen = bytearray()
    send = one.send

    async def overheard(item: bytes) -> None:
        seen.extend(item)
        await send(item)

    one.send = overheard  # type: ignore[method-assign]
    async with anyio.create_task_group() as group:
        group.start_soon(as_engine, Lines(two), TOKEN, "1")
        await as_screen(Lines(one), TOKEN, "1")
    assert TOKEN.hex().encode() not in seen
    await one.aclose()
    await two.aclose()


async def test_a_screen_with_another_token_is_left_without_an_answer_and_finds_out() -> None:
    one, two = pair()
    refused: list[NotProven] = []
    async with anyio.create_task_group() as group:
        group.start_soon(refusing_engine, two, refused)
        with pytest.raises(NotProven):
            await as_screen(Lines(one), bytes(32), "1")
        await one.aclose()
    assert refused


async def test_an_engines_own_proof_sent_back_to_it_opens_nothing() -> None:
    one, two = pair()
    refused: list[NotProven] = []
    async with anyio.create_task_group() as group:
        group.start_soon(refusing_engine, two, refused)
        lines = Lines(one)
        await lines.send({"nonce": "0" * 64, "protocol": PROTOCOL, "version": "1"})
        answer = await lines.receive()
        assert answer is not None
        await lines.send({"proof": answer["proof"]})
        assert await lines.receive() is None
    assert refused
    await one.aclose()


async def test_a_side_of_another_protocol_is_named_with_its_version() -> None:
    one, two = pair()

    async def engine() -> None:
        lines = Lines(two)
        hello = await lines.receive()
        assert hello is not None
        told = {"proof": proof(TOKEN, "engine", hello["nonce"]), "nonce": "0" * 64, "protocol": 2, "version": "9.9"}
        await lines.send(told)

    async with anyio.create_task_group() as group:
        group.start_soon(engine)
        with pytest.raises(OtherProtocol) as other:
            await as_screen(Lines(one), TOKEN, "1")
    assert (other.value.version, other.value.protocol) == ("9.9", 2)
    await one.aclose()
    await two.aclose()


def test_a_proof_depends_on_role_nonce_and_token() -> None:
    proofs = {proof(t, r, n) for t in (TOKEN, bytes(32)) for r in ("engine", "screen") for n in ("a", "b")}
    assert len(proofs) == 8
