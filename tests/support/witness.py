"""Stands in front of a simulated Coze and puts down what became of every submission: the evidence that a held task
was rightly held. Its clock is `time.monotonic`."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cozebatch.demo.coze_server import SimulatedCoze
from cozebatch.demo.serving import App, Message, Receive, Send, serve


@dataclass(slots=True)
class Submission:
    """One request to start an execution, as the server saw it."""

    title: str
    arrived: float
    answered: float | None = None
    """When a whole answer in JSON had been handed to the socket; None when it was cut."""


class Witness:
    """The application `app`, watched."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._lock = threading.Lock()
        self._seen: list[Submission] = []

    def submissions(self) -> list[Submission]:
        with self._lock:
            return list(self._seen)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/v1/workflow/run":
            await self._app(scope, receive, send)
            return
        arrived, asked, said = time.monotonic(), b"", b""
        submission: Submission | None = None

        async def hear() -> Message:
            nonlocal asked, submission
            message = await receive()
            if message["type"] == "http.request":
                asked += message.get("body", b"")
                if not message.get("more_body") and submission is None:
                    submission = Submission(_title(asked), arrived)
                    with self._lock:
                        self._seen.append(submission)
            return message

        async def tell(message: Message) -> None:
            nonlocal said
            await send(message)
            if message["type"] == "http.response.body":
                said += message.get("body", b"")
                if not message.get("more_body") and submission is not None and _is_object(said):
                    submission.answered = time.monotonic()

        await self._app(scope, hear, tell)


@contextmanager
def witnessed(coze: SimulatedCoze) -> Iterator[tuple[str, Witness]]:
    """Serve `coze` behind a witness: its URL, and the witness."""
    witness = Witness(coze)
    with serve(witness) as url:
        yield url, witness


def _title(body: bytes) -> str:
    parameters = json.loads(body)["parameters"]
    return str(parameters.get("title") or parameters.get("content"))


def _is_object(body: bytes) -> bool:
    try:
        return isinstance(json.loads(body), dict)
    except ValueError:
        return False
