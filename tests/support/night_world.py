"""What a simulated night is lived in: its hours, its Coze, its disk, its table and its rows. See `night`."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import anyio

from cozebatch.coze.codes import CODES
from cozebatch.journal.memory import MemoryJournal
from cozebatch.model.errors import Category, ErrorInfo, JournalError, StepError
from cozebatch.model.task import Outcome as Shown
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import Accepted, Change, Delivered, Delivery, PollResult, Refused, Submission, Undelivered
from support.fakes import FakeCoze, FakeTable, error

HOUR, MINUTE = 3600.0, 60.0
ROWS = 500
EVENING = 22
"""O'clock at which the night begins: 0 on the virtual clock."""
MIDNIGHT = 1_795_010_400.0
"""Unix seconds at which it begins: in China it is that hour then."""
TOKEN_EXPIRES, TOKEN_RENEWED = 3.2 * HOUR, 3.6 * HOUR
SLEEPS_AT, SLEEPS = 5 * HOUR, 1.5 * HOUR
DISK_FULL = (7.5 * HOUR, 7.5 * HOUR + 10 * MINUTE)
UNTIL = 8.5 * HOUR
ASKED = "t137"
MORNING = 10 * HOUR


def clock(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{(EVENING + minutes // 60) % 24:02}:{minutes % 60:02}"


def wall() -> float:
    return MIDNIGHT + anyio.current_time()


def now() -> float:
    return anyio.current_time()


CODES_OF = {
    Category.AUTH: 4100,
    Category.SERVER: 5000,
    Category.CONTENT_REJECTED: 4105,
}
"""Coze's codes for what goes wrong in a night."""
WORDS = {
    Category.WORKFLOW_FAILED: Text("工作流执行失败", "The workflow failed"),
    Category.NETWORK: Text("连不上扣子", "Coze cannot be reached"),
    Category.UNKNOWN_SUBMIT: Text(
        "已提交，但结果不明，可能已经扣费", "Submitted, result unclear; it may have been charged"
    ),
}


def worded(info: ErrorInfo) -> ErrorInfo:
    """The error as Coze's answers are told."""
    code = CODES_OF.get(info.category)
    if code is None:
        return replace(info, message=WORDS.get(info.category, info.message), code=None)
    return replace(info, message=CODES[code].text, code=str(code))


class NightCoze(FakeCoze):
    """Refuses everything while its token is expired, and allows only `capacity` executions."""

    async def submit(self, task: Task) -> Submission:
        if TOKEN_EXPIRES <= now() < TOKEN_RENEWED:
            await anyio.sleep(0.2)
            return Refused(expired())
        answer = await super().submit(task)
        return answer if isinstance(answer, Accepted) else replace(answer, error=worded(answer.error))

    async def poll(self, execute_id: str, workflow_id: str | None = None) -> PollResult:
        if TOKEN_EXPIRES <= now() < TOKEN_RENEWED:
            await anyio.sleep(0.2)
            raise StepError(expired())
        seen = await super().poll(execute_id, workflow_id)
        return replace(seen, error=worded(seen.error)) if seen.status == "failed" and seen.error is not None else seen


def expired() -> ErrorInfo:
    return worded(error(Category.AUTH))


class NightDisk(MemoryJournal):
    """Refuses every write for ten minutes."""

    refused = 0

    async def write(self, *changes: Change) -> None:
        if DISK_FULL[0] <= now() < DISK_FULL[1]:
            await anyio.sleep(0.05)
            self.refused += 1
            raise JournalError(Text("磁盘已满", "the disk is full"))
        await super().write(*changes)


@dataclass
class NightTable(FakeTable):
    """Shows films. Now and then an upload or a write fails for a while."""

    rng: random.Random = field(default_factory=random.Random)
    films: Counter[str] = field(default_factory=Counter)
    shown: bool = True

    def shows_films(self) -> bool:
        return self.shown

    async def bring(self, delivery: Delivery) -> Sequence[Text]:
        await anyio.sleep(self.rng.uniform(1, 40))
        if self.rng.random() < 0.1:
            raise StepError(error(Category.WRITE_BACK, "the upload was cut off"))
        self.films[delivery.record_id] += 1
        return ()

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Delivered | Undelivered]:
        if self.rng.random() < 0.05:
            await anyio.sleep(0.3)
            return [Undelivered(d.serial, error(Category.WRITE_BACK), final=False) for d in batch]
        return await super().deliver(batch)


class Rows:
    """The table's rows, always the same."""

    kind: Literal["feishu", "file", "demo"] = "feishu"
    key = "feishu:https://open.feishu.cn/tblnight"

    def __init__(self, rows: Sequence[Task]) -> None:
        self._rows = rows

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        return self._rows

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Shown | None]:
        return dict.fromkeys(task_ids)
