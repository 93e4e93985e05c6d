"""The computer is kept awake by the library's own means, which the batch neither waits for nor fails with."""

from __future__ import annotations

import threading

import pytest

from cozebatch.batch.awake import KEPT, NOT_KEPT, awake
from cozebatch.model.text import Text

pytestmark = pytest.mark.anyio


async def told(monkeypatch: pytest.MonkeyPatch, fake: str) -> list[Text]:
    """What is said; `fake`: the library's own variable for machines where nothing can be inhibited."""
    monkeypatch.setenv("WAKEPY_FAKE_SUCCESS", fake)
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    notes: list[Text] = []
    said = threading.Event()

    def note(_: str, text: Text) -> None:
        notes.append(text)
        said.set()

    import anyio.to_thread

    async with awake(note):
        await anyio.to_thread.run_sync(said.wait, 10)
        assert [thread.name for thread in threading.enumerate() if thread.name == "awake"] == ["awake"]
    assert not [thread for thread in threading.enumerate() if thread.name == "awake"], "it is let go"
    return notes


async def test_it_says_whether_the_computer_stays_awake_and_lets_go(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await told(monkeypatch, "yes") == [KEPT]


async def test_where_it_cannot_be_had_the_batch_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await told(monkeypatch, "no") in ([NOT_KEPT], [KEPT])


async def test_a_batch_that_fails_lets_go_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAKEPY_FAKE_SUCCESS", "yes")
    with pytest.raises(ValueError, match="broken"):
        async with awake(lambda *_: None):
            raise ValueError("broken")
    assert not [thread for thread in threading.enumerate() if thread.name == "awake"]
