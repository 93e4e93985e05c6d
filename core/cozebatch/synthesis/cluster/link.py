"""The connection to a scheduler, kept up by a thread: it connects, looks who is there, and connects again when lost.

Dask's client closes for good when its scheduler goes, so each connection has a client of its own. A worker counts only
after it has been examined: what has another version, does not see the shared folder or lacks a font gets no film.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from distributed import Client

from cozebatch.model.text import Text
from cozebatch.synthesis.cluster.connecting import CONNECT, Cluster, connect, disconnect, not_reached
from cozebatch.synthesis.cluster.examining import Examined, back_again, examine, left_out

LOOK = 0.5
LOOKS_A_ROUND = 4
"""The workers are listed at every so many looks at the connection."""
LOOKS_A_REVIEW = 120
"""Machines that were left out are examined again after so many."""
LONGEST_WAIT = 30.0
SETTLED = 30.0
"""Seconds after which a connection that is lost is made again at once."""

_LOST = Text("和合成集群断开了，会自动重连。", "The connection to the cluster is lost; it is made again.")


@dataclass(frozen=True, slots=True)
class Connected:
    """One connection and who is there. `number` is another one for each connection."""

    client: Client
    number: int
    films: Mapping[str, int] = field(default_factory=dict)
    """Worker that may make films → how many at once."""
    neighbours: Mapping[str, int] = field(default_factory=dict)
    """The same worker → films at once of all workers on its machine."""

    @property
    def capacity(self) -> int:
        return sum(self.films.values())


@dataclass(slots=True)
class Heard:
    """What a worker has told of one film. Written by dask's thread, read by the engine's."""

    starts: int = 0
    fraction: float | None = None


@dataclass
class Link:
    """`request`: the options that every worker is examined for. `on_note` gets what a person should know; it is called
    from the link's thread. Start it once, close it once."""

    cluster: Cluster
    request: Mapping[str, Any]
    on_note: Callable[[Text], object] = lambda _: None
    topic: str = field(default_factory=lambda: f"cozebatch-{secrets.token_hex(8)}")
    now: Connected | None = None
    """The connection of this moment; None while there is none."""

    def __post_init__(self) -> None:
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self._heard: dict[str, Heard] = {}
        self._told: set[Text] = set()
        self._known: dict[str, Examined] = {}
        self._out: dict[str, Text] = {}
        """What was told last of a machine that is left out, by its name."""
        self._changing = threading.Lock()
        """Held while `_known` and `now` are changed: a review comes from another thread."""
        self._reviewing = threading.Lock()

    def start(self) -> None:
        with self._starting:
            if self._thread is None and not self._closing.is_set():
                self._thread = threading.Thread(target=self._run, name="cluster", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """End the connection. Films that are under way are given up. Blocks for a moment."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join(CONNECT)

    def listen(self, key: str) -> Heard:
        """What is told of this film from now on; end it with `forget`."""
        return self._heard.setdefault(key, Heard())

    def forget(self, key: str) -> None:
        self._heard.pop(key, None)

    def review(self, worker: str, number: int) -> Text | None:
        """Examine a worker again of which something is wrong, since a film has failed there. Returns why it gets none
        from now on; None if it is as fit as before, or nobody can say. Blocks for a moment, rarely up to `EXAMINE`."""
        with self._reviewing:
            now = self.now
            if now is None or now.number != number:
                return None
            if worker not in now.films:  # another film has failed there, too
                known = self._known.get(worker)
                return None if known is None or known.problem is None else left_out(known)
            try:
                listed = now.client.scheduler_info(n_workers=-1)["workers"]
                if worker not in listed:
                    return None
                found = self._examine(now.client, {worker: listed[worker]})
            except Exception:  # noqa: BLE001 - whatever dask raises: the link's own thread finds out what it means
                return None
            with self._changing:
                if self.now is not None and self.now.number == number:
                    self._known |= found
                    self.now = self._connected(self.now, listed, self._known)
            return None if found[worker].problem is None else left_out(found[worker])

    def _run(self) -> None:
        wait, number = 1.0, 0
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                client = connect(self.cluster)
            except OSError as error:
                self._tell(not_reached(self.cluster.address, error))
            else:
                number += 1
                self._follow(Connected(client, number))
            if time.monotonic() - began > SETTLED:
                wait = 1.0
            self._closing.wait(wait)
            wait = min(LONGEST_WAIT, wait * 2)

    def _follow(self, connected: Connected) -> None:
        """Until the connection is lost or closed."""
        client = connected.client
        try:
            client.subscribe_topic(self.topic, self._hear)
            self._look_around(connected)
        except Exception as error:  # noqa: BLE001 - whatever dask raises, the connection is made again
            self._tell(
                Text(f"合成集群出错：{type(error).__name__}", f"The cluster had an error: {type(error).__name__}")
            )
        finally:
            self.now = None
            disconnect(client)
        if not self._closing.is_set():
            self._tell(_LOST)

    def _look_around(self, connected: Connected) -> None:
        client = connected.client
        with self._changing:
            self._known = {}
        look = 0
        while not self._closing.is_set() and client.status == "running":
            if look % LOOKS_A_ROUND == 0:
                listed = client.scheduler_info(n_workers=-1)["workers"]
                again = look % LOOKS_A_REVIEW == 0  # what was missing on a machine may be there now
                with self._changing:
                    self._known = {
                        address: examined
                        for address, examined in self._known.items()
                        if address in listed and not (again and examined.problem is not None)
                    }
                    self.now = self._connected(connected, listed, self._known)
                    new = {address: listed[address] for address in listed if address not in self._known}
                if new:
                    found = self._examine(client, new)
                    with self._changing:
                        self._known |= found
                        self.now = self._connected(connected, listed, self._known)
            if self.now is not None and self.now.films:
                self._told.discard(_LOST)
            look += 1
            self._closing.wait(LOOK)

    def _examine(self, client: Client, listed: Mapping[str, Any]) -> dict[str, Examined]:
        """Ask these workers what they are, and tell of those that get no film, or get films again."""
        found = examine(client, self.cluster, self.request, listed)
        for examined in found.values():
            before = self._out.pop(examined.name, None)
            if examined.problem is not None:
                self._out[examined.name] = text = left_out(examined)
                self._tell(text)
            elif before is not None:
                self._told.discard(before)
                self.on_note(back_again(examined))
        return found

    def _tell(self, text: Text) -> None:
        """Say it once, however often it is tried again."""
        if text not in self._told:
            self._told.add(text)
            self.on_note(text)

    @staticmethod
    def _connected(before: Connected, listed: Mapping[str, Any], known: Mapping[str, Examined]) -> Connected:
        films = {
            address: found.films
            for address, found in known.items()
            if address in listed and found.problem is None and found.films
        }
        on_host: dict[str, int] = {}
        for address in films:
            on_host[listed[address]["host"]] = on_host.get(listed[address]["host"], 0) + films[address]
        neighbours = {address: on_host[listed[address]["host"]] for address in films}
        return Connected(before.client, before.number, films, neighbours)

    def _hear(self, event: tuple[float, Any]) -> None:
        told = event[1]
        heard = self._heard.get(told["key"]) if isinstance(told, dict) and "key" in told else None
        if heard is None:
            return
        if "started" in told:
            heard.starts += 1
        if isinstance(told.get("fraction"), int | float):
            heard.fraction = float(told["fraction"])
