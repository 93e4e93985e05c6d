"""Writes outcomes into the table and claims records (port `StatusSink`): one writer a table, in batches.

Writes of a table never overlap, neither deliveries nor claims: Feishu refuses the second of two. A refused
batch is split, so that one deleted record does not keep back the outcomes of 199 others.
Going on after a failure that may pass (back-off, the next start) is the engine's part, which journals what is owed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import anyio

from cozebatch.feishu.base import FeishuBase
from cozebatch.feishu.claim_records import ClaimRecords
from cozebatch.feishu.claims import Claims
from cozebatch.feishu.codes import Kind
from cozebatch.feishu.films_out import FilmsOut
from cozebatch.feishu.layout import Columns, StatusValues
from cozebatch.feishu.row_texts import RowTexts
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.errors import Category, ErrorInfo
from cozebatch.model.sanitize import clean_lines
from cozebatch.model.task import Task
from cozebatch.model.text import Text
from cozebatch.ports import Delivered, Delivery, RowText, Undelivered

BATCH = 200
MOST_RESULT = 5_000
"""Characters of a result that are written; a cell takes 100,000."""

_ONE_RECORD = (Kind.RECORD, Kind.VALUE, Kind.REFUSED)
"""Refusals that may be about a single record of the batch."""

Change = tuple[Delivery, Mapping[str, Any]]


class FeishuSink:
    """Writes the outcomes of one content table.

    `ready`: the status values a record may have to be claimed; `owner`: names this operator's state on this machine
    in a claim, the same in every process of it; `claim_window`: seconds, see `claims`.
    """

    def __init__(
        self,
        base: FeishuBase,
        table_id: str,
        columns: Columns,
        values: StatusValues,
        *,
        ready: Sequence[str] = (),
        owner: str = "",
        claim_window: float = 3.0,
        films: FilmsOut | None = None,
    ) -> None:
        self._base = base
        self._table_id = table_id
        self._columns = columns
        self._values = values
        self._films = films
        self._writing = anyio.Lock()
        records = ClaimRecords(base, table_id, columns, values, ready=tuple(ready), owner=owner)
        self._texts = RowTexts(base, table_id, columns)
        self._claims = Claims(records, window=claim_window, writing=self._writing)

    def writes(self, outcome: Literal["running", "done", "failed"]) -> bool:
        """Whether this outcome is written: it has a value, and there is a column for it."""
        return getattr(self._values, outcome) is not None and self._columns.status is not None

    async def claim(self, task: Task, *, name: str = "", asked: bool = False) -> ErrorInfo | None:
        """See `claims`. None: the record is ours (or nothing is claimed in this configuration)."""
        if not self.writes("running") or task.record_id is None:
            return None
        return await self._claims.claim(task.record_id, name=name, asked=asked)

    async def deliver(self, batch: Sequence[Delivery]) -> Sequence[Delivered | Undelivered]:
        """Write up to 200 outcomes in as few requests as the refusals allow; one answer for each."""
        latest = {delivery.record_id: delivery for delivery in batch}
        answers: dict[int, Delivered | Undelivered] = {}
        changes = [(d, self._fields(d)) for d in latest.values() if self.writes(d.outcome)]
        async with self._writing:
            for start in range(0, len(changes), BATCH):
                await _Split(self._base, self._table_id, answers).write(changes[start : start + BATCH])
            if again := [(d, self._fields(d)) for d in latest.values() if await self._not_with_films(d, answers)]:
                await _Split(self._base, self._table_id, answers).write(again)
        for delivery in latest.values():
            answer = answers.get(delivery.serial)
            if isinstance(answer, Delivered):
                self._claims.forget(delivery.record_id)
            if self._films is not None and (isinstance(answer, Delivered) or (answer is not None and answer.final)):
                self._films.settled(delivery.serial)
        return [_answer(delivery, latest[delivery.record_id], answers) for delivery in batch]

    def shows_films(self) -> bool:
        return self._films is not None and self.writes("done")

    async def bring(self, delivery: Delivery) -> Sequence[Text]:
        return await self._films.bring(delivery) if self._films is not None else ()

    async def _not_with_films(self, delivery: Delivery, answers: Mapping[int, Delivered | Undelivered]) -> bool:
        """Whether the row was refused for good, maybe for its films: its outcome is worth more than they are."""
        answer = answers.get(delivery.serial)
        refused = isinstance(answer, Undelivered) and answer.final
        return refused and self._films is not None and await self._films.refused(delivery.serial)

    async def takes_texts(self) -> bool:
        """See `row_texts`."""
        return await self._texts.are_writable()

    async def write_text(self, record_id: str, before: RowText, after: RowText) -> RowText:
        """See `row_texts`."""
        async with self._writing:
            return await self._texts.write(record_id, before, after)

    def _fields(self, delivery: Delivery) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self._columns.status is not None:
            fields[self._columns.status] = getattr(self._values, delivery.outcome)
        if self._columns.result is not None:
            fields[self._columns.result] = _one_cell(delivery.result)
        if self._films is not None and delivery.outcome == "done":
            fields |= self._films.fields(delivery.serial)
        return fields


class _Split:
    """Writes a batch; splits it in halves down to single records when one record spoils it."""

    def __init__(self, base: FeishuBase, table_id: str, answers: dict[int, Delivered | Undelivered]) -> None:
        self._base = base
        self._table_id = table_id
        self._answers = answers
        self._written = False
        self._value_refusals = 0

    async def write(self, changes: Sequence[Change]) -> None:
        """Put one answer for each change into `answers`. A failure that may pass ends it for all that are left."""
        todo = [list(changes)] if changes else []
        while todo:
            part = todo.pop()
            try:
                await self._base.update(self._table_id, [(d.record_id, fields) for d, fields in part])
            except FeishuError as error:
                if error.kind in _ONE_RECORD and len(part) > 1:
                    middle = len(part) // 2
                    todo += [part[middle:], part[:middle]]
                    continue
                self._refuse(part, error)
                if error.kind not in _ONE_RECORD or self._hopeless(error):
                    self._refuse([change for rest in todo for change in rest], error)
                    return
            else:
                self._written = True
                for delivery, _ in part:
                    self._answers[delivery.serial] = Delivered(delivery.serial)

    def _hopeless(self, error: FeishuError) -> bool:
        """True when two records were refused for their column's type and none was taken: the others would be too."""
        self._value_refusals += error.kind is not Kind.RECORD
        return self._value_refusals >= 2 and not self._written

    def _refuse(self, changes: Sequence[Change], error: FeishuError) -> None:
        for delivery, _ in changes:
            self._answers[delivery.serial] = Undelivered(
                delivery.serial, write_back_error(error), final=not error.kind.may_pass, retry_after=error.retry_after
            )


def write_back_error(error: FeishuError) -> ErrorInfo:
    """What the results and the log say about a write-back that failed."""
    if error.kind.may_pass:
        hint = Text(
            f"{error.meaning.hint.zh}成品已做好；没写回的会在下次启动时补写。",
            f"{error.meaning.hint.en} The film is finished; what was not written is delivered at the next start.",
        )
    else:
        hint = error.meaning.hint
    message = Text(f"没能写回飞书：{error.text.zh}", f"Feishu was not updated: {error.text.en}")
    return ErrorInfo(Category.WRITE_BACK, message, code=error.code, logid=error.logid, hint=hint)


def _answer(
    delivery: Delivery, latest: Delivery, answers: Mapping[int, Delivered | Undelivered]
) -> Delivered | Undelivered:
    """An older outcome of the same record shares the fate of the newer one that took its place."""
    answer = answers.get(latest.serial, Delivered(latest.serial))
    return answer if delivery is latest else replace(answer, serial=delivery.serial)


def _one_cell(text: str) -> str:
    """Text as a cell may hold it: bounded, without control characters but line breaks."""
    return clean_lines(text, MOST_RESULT)
