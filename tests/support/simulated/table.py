"""A base with one content table, as `FeishuBase` shows it: it refuses, conflicts, loses answers; writes may be slow,
arrive after they were given up, and overtake each other. The real source, claims and write-backs work on it."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import anyio
from anyio.abc import TaskGroup

from cozebatch.feishu.base import Column, FeishuBase, Page, Record
from cozebatch.feishu.codes import NETWORK, Kind, Meaning
from cozebatch.feishu.layout import Columns, Layout, StatusValues
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.text import Text
from support.simulated.coze import Life
from support.simulated.drive import Drive
from support.simulated.judge import Judge, Sent
from support.simulated.swarm import Fault

DOMAIN, TABLE = "https://feishu.invalid", "tbl"
READY, RUNNING, DONE, FAILED = "ready", "running", "done", "failed"
COLUMNS = Columns(content="content", title="title", template="template", status="status", result="result")
CONFLICT = Meaning(Kind.CONFLICT, Text.same("conflict"), Text.same("again"))


def layout(*, open_filter: bool) -> Layout:
    condition = {"field_name": "status", "operator": "is", "value": [READY]}
    return Layout(TABLE, COLUMNS, filter=None if open_filter else {"conjunction": "and", "conditions": [condition]})


def status_values(*, claims: bool) -> StatusValues:
    return StatusValues(RUNNING if claims else None, DONE, FAILED)


@dataclass
class Table:
    """The table itself. `network` carries writes that nobody waits for any more."""

    rng: random.Random
    judge: Judge
    faults: Collection[Fault]
    network: TaskGroup
    cells: dict[str, dict[str, str]] = field(default_factory=dict)
    written: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """By record: who wrote which status, in the order of arrival."""
    ever: dict[str, set[Sent]] = field(default_factory=dict)
    """By record: all that it was ever to be made of."""
    edits: dict[str, set[Sent]] = field(default_factory=dict)
    """By record: what operators edited its row to; the one in force is made when the record is set back."""
    in_doubt: set[str] = field(default_factory=set)
    """Records whose mark arrived when they were not ready any more, or was overtaken by somebody else's: who wrote it
    cannot tell whether it hides a mark that won, or an outcome."""
    times_wanted: Counter[str] = field(default_factory=Counter)
    """How often each record became ready."""
    drive: Drive | None = None
    """Where the films of its rows go, if they show any."""
    in_transit: int = 0
    storm_until: float = 0.0
    """Until then it cannot be reached, for minutes."""

    def add(self, *, on_top: bool = False, copy_of: str | None = None) -> None:
        serial = len(self.ever) + 1
        record_id = f"rec{serial}"
        cells = {"content": f"script {serial}", "title": f"title {serial}"}
        if copy_of is not None:
            cells = {name: self.cells[copy_of][name] for name in ("content", "title")}
        new = {record_id: {**cells, "template": "", "status": READY, "result": ""}}
        self.cells = {**new, **self.cells} if on_top else {**self.cells, **new}
        self.ever[record_id] = {self.sent(record_id)}
        self.times_wanted[record_id] += 1
        self.judge.wanted[self.sent(record_id)] += 1

    def change(self) -> str:
        """What people do to it between two starts, or meanwhile; told."""
        rng, faults, told = self.rng, self.faults, []
        record_id = rng.choice(list(self.cells))
        if Fault.EDITS in faults and rng.random() < 0.6:
            told.append(self._edit(record_id))
        if Fault.DUPLICATES in faults and rng.random() < 0.4:
            self.add(copy_of=rng.choice(list(self.cells)))
            told.append("a row was copied")
        if Fault.SORTING in faults and rng.random() < 0.6:
            order = list(self.cells)
            rng.shuffle(order)
            self.cells = {r: self.cells[r] for r in order}
            self.add(on_top=True)
            told.append("sorted, a row on top")
        if Fault.SETBACKS in faults and rng.random() < 0.6:
            told.append(self.set_back(rng.choice(list(self.cells))))
        return ", ".join(told)

    def set_back(self, record_id: str) -> str:
        """A colleague makes a record ready again."""
        before = self.cells[record_id]["status"]
        if before == READY:
            return f"{record_id} is ready"
        self.cells[record_id]["status"] = READY
        self.in_doubt.discard(record_id)
        self.times_wanted[record_id] += 1
        # A run that goes on sends what it listed, also if people have changed the script since.
        for sent in {*self.ever[record_id], *self.edits.get(record_id, ())}:
            self.judge.set_back(sent)
        return f"{record_id} set back from {before}"

    def _edit(self, record_id: str) -> str:
        what, cells = self.rng.choice(["content", "template", "template", "gone"]), self.cells[record_id]
        if what == "gone" and len(self.cells) > 1:
            del self.cells[record_id]
        elif what == "content":
            cells["content"] += " edited"
            self.ever[record_id].add(self.sent(record_id))
            self.judge.wanted[self.sent(record_id)] += 1
        else:
            cells["template"] = f"template {self.rng.randrange(100)}"
        return f"{record_id}: {what}"

    def sent(self, record_id: str) -> Sent:
        return self.cells[record_id]["content"], self.cells[record_id]["title"]

    def matching(self, filter: Mapping[str, Any] | None) -> Iterator[str]:
        wanted = [] if filter is None else [v for c in filter["conditions"] for v in c["value"]]
        return (r for r, cells in self.cells.items() if not wanted or cells.get("status") in wanted)

    def arrive(
        self, machine: str, changes: Sequence[tuple[str, Mapping[str, Any]]], overtaken: Collection[str] = ()
    ) -> None:
        """`overtaken`: the records that somebody else wrote to since this was sent."""
        for record_id, fields in changes:
            if record_id in self.cells:
                is_free = self.cells[record_id]["status"] == READY and record_id not in overtaken
                if fields.get("status") == RUNNING and not is_free:
                    self.in_doubt.add(record_id)
                else:
                    self.in_doubt.discard(record_id)
                self.cells[record_id].update(fields)
                self.written.setdefault(record_id, []).append((machine, str(fields.get("status"))))

    async def carry(self, delay: float, machine: str, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        self.in_transit += 1
        before = {record_id: len(self.written.get(record_id, ())) for record_id, _ in changes}
        try:
            await anyio.sleep(delay)
            since = {record_id: self.written.get(record_id, [])[count:] for record_id, count in before.items()}
            overtaken = [record_id for record_id, news in since.items() if any(who != machine for who, _ in news)]
            self.arrive(machine, changes, overtaken)
        finally:
            self.in_transit -= 1


@dataclass
class Line:
    """One process's line to the table; it has the methods of `FeishuBase` that the adapters call."""

    table: Table
    machine: str
    life: Life
    domain: str = DOMAIN
    writing: bool = False

    @property
    def base(self) -> FeishuBase:
        return cast(FeishuBase, self)

    async def app_token(self) -> str:
        return "base"

    async def columns(self, table_id: str) -> list[Column]:
        await self._answer()
        return [Column(name, 1) for name in COLUMNS.named().values()]

    async def search(self, table_id: str, *, filter: Mapping[str, Any] | None = None, **_: Any) -> Page:
        found = await self.search_all(table_id, filter=filter)
        return Page(tuple(found), None, len(found))

    async def search_all(self, table_id: str, *, filter: Mapping[str, Any] | None = None, **_: Any) -> list[Record]:
        await self._answer()
        return [Record(r, dict(self.table.cells[r])) for r in self.table.matching(filter)]

    async def get(self, table_id: str, record_ids: Sequence[str]) -> list[Record]:
        await self._answer()
        return [Record(r, dict(self.table.cells[r])) for r in record_ids if r in self.table.cells]

    async def update(self, table_id: str, changes: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        self.life.require()
        table, rng = self.table, self.table.rng
        if self.writing:
            table.judge.blame(f"{self.machine}: two writers at one table")
        if len(changes) > 200 or len({record_id for record_id, _ in changes}) < len(changes):
            table.judge.blame(f"{self.machine}: a batch too large, or one record twice in it")
        for record_id, fields in changes:
            if fields.get("status") in (DONE, FAILED) and record_id in table.cells:
                table.judge.cell(self.machine, table.ever[record_id], str(fields["status"]))
            if fields.get("status") == DONE and table.drive is not None:
                table.drive.told_done(self.machine, record_id, fields)
        self.writing = True
        try:
            await self._answer()
            if Fault.LATE_WRITES not in table.faults or rng.random() < 0.7:
                table.arrive(self.machine, changes)
                if Fault.LATE_WRITES in table.faults and rng.random() < 0.1:
                    raise FeishuError(NETWORK, wording="answer lost")
                return
            delay = rng.choice([rng.uniform(0, 2.9), 4.0, rng.uniform(3, 12)])
            table.network.start_soon(table.carry, delay, self.machine, list(changes))
            if rng.random() < 0.4:
                await anyio.sleep(rng.uniform(0, delay))
                raise FeishuError(NETWORK, wording="gave up waiting")
            await anyio.sleep(delay + 0.01)
        finally:
            self.writing = False

    async def _answer(self) -> None:
        self.life.require()
        table = self.table
        await anyio.sleep(table.rng.uniform(0.05, 1.0))
        if Fault.TABLE in table.faults:
            now = anyio.current_time()
            if table.rng.random() < 0.02:
                table.storm_until = now + table.rng.uniform(60, 400)
            if now < table.storm_until:
                raise FeishuError(NETWORK)
            fate = table.rng.random()
            if fate < 0.12:
                raise FeishuError(CONFLICT if fate < 0.08 else NETWORK)
