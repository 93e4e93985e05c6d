"""The records of one table as claims read and mark them: status values, marks, and the two requests."""

from __future__ import annotations

import platform
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from cozebatch.feishu.base import NO_SUCH_CALL, FeishuBase, Record
from cozebatch.feishu.cells import cell_text
from cozebatch.feishu.layout import Columns, StatusValues
from cozebatch.feishu.sdk import FeishuError


class ClaimRecords:
    """`ready`: the status values of a free record; none: every one that is not ours. `owner` names this state folder in
    its marks."""

    def __init__(
        self,
        base: FeishuBase,
        table_id: str,
        columns: Columns,
        values: StatusValues,
        *,
        ready: tuple[str, ...],
        owner: str,
    ) -> None:
        self._base = base
        self._table_id = table_id
        self._columns = columns
        self._values = values
        self._ready = ready
        self._owner = owner
        self._by_search = False

    @property
    def running(self) -> str | None:
        """The status value of a record that somebody has."""
        return self._values.running

    def status(self, record: Record) -> str:
        return "" if self._columns.status is None else cell_text(record.cells.get(self._columns.status)).strip()

    def is_ready(self, status: str) -> bool:
        if self._ready:
            return status in self._ready
        return status not in (self._values.running, self._values.done, self._values.failed)

    def new_mark(self, name: str) -> str:
        """A mark of the claim `name` that was never written before."""
        return f"#{self._owner}.{name}{secrets.token_hex(8)}"

    def find_mark(self, record: Record, marks: Sequence[str]) -> str | None:
        """The one of these marks that the record bears. Without a result column: the last, since none can be told
        from another."""
        if self._columns.result is None:
            return marks[-1] if marks else None
        result = self._result(record)
        return next((mark for mark in marks if mark in result), None)

    def earlier_mark(self, record: Record, name: str = "") -> str | None:
        """The mark that an earlier process of this state folder left for the claim `name`, or for any; None without a
        result column."""
        found = re.search(rf"#{re.escape(self._owner)}\.{name}[0-9a-f]+", self._result(record))
        return found.group() if found else None

    async def read(self, record_ids: Sequence[str]) -> dict[str, Record]:
        """The records as they are now, by id; those that are gone are missing. Raises `FeishuError`."""
        if not self._by_search:
            try:
                return {record.record_id: record for record in await self._base.get(self._table_id, record_ids)}
            except FeishuError as error:
                if error.status not in NO_SUCH_CALL:
                    raise
                self._by_search = True
        values = [value for value in (*self._ready, self._values.running) if value is not None]
        status = self._columns.status
        conditions = [{"field_name": status, "operator": "is", "value": [value]} for value in values]
        columns = [column for column in (status, self._columns.result) if column is not None]
        found = await self._base.search_all(
            self._table_id,
            columns=columns,
            filter={"conjunction": "or", "conditions": conditions} if self._ready else None,
        )
        return {record.record_id: record for record in found if record.record_id in record_ids}

    async def mark(self, marks: Mapping[str, str]) -> None:
        """Write the running value and a mark into each record, in one request. Raises `FeishuError`."""
        await self._base.update(self._table_id, [(record_id, self._fields(mark)) for record_id, mark in marks.items()])

    async def restore(self, records: Iterable[Record]) -> None:
        """Write status and result of these records as they were read. Raises `FeishuError`."""
        columns = [column for column in (self._columns.status, self._columns.result) if column is not None]
        written = [
            (record.record_id, {column: cell_text(record.cells.get(column)) or None for column in columns})
            for record in records
        ]
        await self._base.update(self._table_id, written)

    def _fields(self, mark: str) -> Mapping[str, str | None]:
        fields: dict[str, str | None] = {}
        if self._columns.status is not None:
            fields[self._columns.status] = self._values.running
        if self._columns.result is not None:
            when = datetime.now().astimezone().strftime("%m-%d %H:%M:%S")
            fields[self._columns.result] = f"{platform.node() or 'cozebatch'} {when} 认领 / claimed {mark}"
        return fields

    def _result(self, record: Record) -> str:
        return "" if self._columns.result is None else cell_text(record.cells.get(self._columns.result))
