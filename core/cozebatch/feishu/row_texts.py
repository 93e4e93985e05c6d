"""Writes an edited title and script into a row of the table, where a person asked for it.

Only what the row said when it was edited is written over: a colleague may have changed it since, and what he wrote is
newer. Only text columns are written (type 1, open platform, "field types" of Base); a formula or a look-up has its text
from elsewhere.
"""

from __future__ import annotations

from cozebatch.feishu.base import FeishuBase, Record
from cozebatch.feishu.cells import cell_text
from cozebatch.feishu.column_check import TEXT
from cozebatch.feishu.layout import Columns
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.errors import Category, ErrorInfo, StepError
from cozebatch.model.text import Text
from cozebatch.ports import RowText

CHANGED = ErrorInfo(
    Category.SOURCE,
    Text("这条记录的文案后来又改过，没有写回。", "The record was changed since; its script was not written."),
)
GONE = ErrorInfo(Category.SOURCE, Text("这条记录已被删除，没有写回。", "The record was deleted; nothing was written."))


class RowTexts:
    """The title and the script of one table's rows."""

    def __init__(self, base: FeishuBase, table_id: str, columns: Columns) -> None:
        self._base = base
        self._table_id = table_id
        self._names = {"title": columns.title, "content": columns.content}

    async def are_writable(self) -> bool:
        """Whether both columns hold plain text. False too where that cannot be found out."""
        try:
            texts = {column.name for column in await self._base.columns(self._table_id) if column.kind == TEXT}
        except FeishuError:
            return False
        return all(name in texts for name in self._names.values())

    async def write(self, record_id: str, before: RowText, after: RowText) -> RowText:
        """Write `after` into a row that says `before`; what it says then. Raises `StepError`, of category `source`
        where the row says something else or is gone, and nothing was written."""
        try:
            found = await self._read(record_id)
            if found is None:
                raise StepError(GONE)
            if found == after:
                return found
            if found != before:
                raise StepError(CHANGED)
            fields = {name: text for name, text in zip(self._names.values(), after, strict=True) if name is not None}
            await self._base.update(self._table_id, [(record_id, fields)])
            return await self._read(record_id) or after
        except FeishuError as error:
            info = ErrorInfo(
                Category.WRITE_BACK if error.kind.may_pass else Category.SOURCE,
                Text(f"没能把文案写回飞书：{error.text.zh}", f"The script was not written to Feishu: {error.text.en}"),
                code=error.code,
                logid=error.logid,
                hint=error.meaning.hint,
            )
            raise StepError(info, retry_after=error.retry_after) from error

    async def _read(self, record_id: str) -> RowText | None:
        """Title and script as the source reads them; None if the record is gone. Raises `FeishuError`."""
        records = {record.record_id: record for record in await self._base.get(self._table_id, [record_id])}
        record = records.get(record_id)
        return None if record is None else (self._text(record, "title"), self._text(record, "content"))

    def _text(self, record: Record, ours: str) -> str:
        column = self._names[ours]
        return cell_text(record.cells.get(column)).strip() if column is not None else ""
