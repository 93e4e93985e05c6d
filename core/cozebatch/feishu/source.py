"""Tasks from a Feishu table (docs/contract.md §2, §3): paged, filtered by Feishu, only the columns that are needed."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Literal

import anyio

from cozebatch.feishu.accounts import Accounts, load_accounts
from cozebatch.feishu.attachments import Attachments
from cozebatch.feishu.base import MOST_GET, NO_SUCH_CALL, FeishuBase, Record, patiently
from cozebatch.feishu.cells import cell_text, may_hold_several_texts
from cozebatch.feishu.codes import Kind
from cozebatch.feishu.column_check import FORMULA, filtered_columns, missing_column, no_options
from cozebatch.feishu.emptiness import empty_everywhere
from cozebatch.feishu.filters import finished_rows_warning
from cozebatch.feishu.layout import Layout, StatusValues
from cozebatch.feishu.sdk import FeishuError
from cozebatch.model.errors import UsageError, unwrapped_groups
from cozebatch.model.project_name import assign_project_names
from cozebatch.model.task import Outcome, Task
from cozebatch.model.text import Text

OnNote = Callable[[Text], None]


def _now() -> datetime:
    return datetime.now().astimezone()


class FeishuSource:
    """The rows of a content table. `values`: what we write into its status column. `on_note` gets what a person
    should know about the table.

    `patience`: seconds for which Feishu is tried again while it cannot be reached. `attachments` learns what files the
    columns hold that are sent to Coze.
    """

    kind: Literal["feishu", "file", "demo"] = "feishu"

    def __init__(
        self,
        base: FeishuBase,
        layout: Layout,
        values: StatusValues | None = None,
        *,
        on_note: OnNote = lambda text: None,
        now: Callable[[], datetime] = _now,
        patience: float = 60.0,
        attachments: Attachments | None = None,
    ) -> None:
        self._base = base
        self._layout = layout
        self._values = values or StatusValues()
        self._note = on_note
        self._now = now
        self._patience = patience
        self._attachments = attachments
        self._apart: frozenset[str] = frozenset()
        self._view_leaves_out = 0
        """Records that the filter lets through and the view does not show."""

    @property
    def key(self) -> str:
        """The table by itself: the base's own address and a wiki's lead to the same."""
        return f"feishu:{self._base.domain}/{self._layout.table_id}"

    async def load(self, named: Collection[str] = ()) -> Sequence[Task]:
        """All tasks that Feishu's filter lets through, in the table's order, then those that are `named` beyond them.
        Raises `UsageError`."""
        records: list[Record] = []
        accounts: list[Accounts] = []

        async def content() -> None:
            records.extend(await self._content())

        async def relations() -> None:
            accounts.append(await load_accounts(self._base, self._layout, self._patience))

        with unwrapped_groups():
            async with anyio.create_task_group() as group:
                group.start_soon(content)
                group.start_soon(relations)
        listed = {record.record_id for record in records}
        hidden = await self._by_id([record_id for record_id in named if record_id not in listed])
        self._apart = await self._looked_up([*records, *hidden])
        tasks = [task for record in records if (task := self._task(record, accounts[0])) is not None]
        if tasks and not any(task.content.strip() for task in tasks):
            await self._drop_missing_columns()  # a column that is not there may come as one that is empty
        if self._view_leaves_out:
            self._note(_only_of_the_view(len(records), self._view_leaves_out, self._layout.view_id or ""))
        elif not tasks:
            self._note(await self._why_empty())
        for told in empty_everywhere(self._layout, tasks).values():
            self._note(told)
        if (warning := finished_rows_warning(self._layout, self._values)) is not None:
            self._note(warning)
        tasks += [task for record in hidden if (task := self._task(record, accounts[0])) is not None]
        return assign_project_names(tasks, self._now())

    async def look_up(self, task_ids: Sequence[str]) -> Mapping[str, Outcome | None]:
        """Those of these records that are not deleted, as they are now. Raises `UsageError`."""
        return {record.record_id: self._shown(record) for record in await self._by_id(task_ids)}

    async def _by_id(self, record_ids: Sequence[str]) -> list[Record]:
        found: list[Record] = []
        try:
            for start in range(0, len(record_ids), MOST_GET):
                some = record_ids[start : start + MOST_GET]
                found += await patiently(partial(self._get, some), patience=self._patience)
        except FeishuError as error:
            raise UsageError(error.complaint) from None
        return found

    async def _get(self, record_ids: Sequence[str]) -> list[Record]:
        try:
            return await self._base.get(self._layout.table_id, record_ids)
        except FeishuError as error:
            if error.status not in NO_SUCH_CALL:
                raise
        every = await self._base.search_all(self._layout.table_id, columns=self._layout.asked_for())
        return [record for record in every if record.record_id in record_ids]

    def _shown(self, record: Record) -> Outcome | None:
        column = self._layout.columns.status
        return self._values.outcome_of(cell_text(record.cells.get(column))) if column is not None else None

    async def _content(self) -> list[Record]:
        try:
            return await patiently(self._search, patience=self._patience)
        except FeishuError as error:
            if error.kind not in (Kind.COLUMN, Kind.FILTER):
                raise UsageError(error.complaint) from None
        # Both may be about a column: it is named, or left out where the configuration did not ask for it.
        await self._drop_missing_columns()
        try:
            return await patiently(self._search, patience=self._patience)
        except FeishuError as error:
            raise UsageError(error.complaint) from None

    async def _search(self) -> list[Record]:
        """The records of the view that the filter lets through, in the view's order. Feishu forgets the view as soon as
        there is a filter, so the view is asked by itself for the records that it shows."""
        layout = self._layout
        if layout.filter is None or layout.view_id is None:
            view = layout.view_id
            return await self._base.search_all(
                layout.table_id, columns=layout.asked_for(), filter=layout.filter, view_id=view
            )
        found = await self._base.search_all(layout.table_id, columns=layout.asked_for(), filter=layout.filter)
        if not found:
            return []
        by_id = {record.record_id: record for record in found}
        shown = await self._base.search_all(layout.table_id, columns=[layout.columns.content], view_id=layout.view_id)
        chosen = [by_id[record.record_id] for record in shown if record.record_id in by_id]
        if len(chosen) < len(found):
            self._view_leaves_out = len(found) - len(chosen)
        return chosen

    async def _drop_missing_columns(self) -> None:
        """A column that only the defaults name may be missing. Raises `UsageError` for every other one."""
        layout = self._layout
        try:
            found = await patiently(lambda: self._base.columns(layout.table_id), patience=self._patience)
        except FeishuError as error:
            raise UsageError(error.complaint) from None
        existing = [column.name for column in found]
        complaints: list[Text] = []
        absent: dict[str, None] = {}
        for ours, column in layout.columns.named().items():
            if column in existing:
                continue
            if layout.columns.may_miss(ours):
                absent[ours] = None
            else:
                complaints.append(missing_column(f"field_mapping.{ours}", column, existing))
        complaints += [
            missing_column("workflow_config.coze_config.parameters", column, existing)
            for column in layout.extra
            if column not in existing
        ]
        complaints += [
            missing_column("filter_condition", column, existing)
            for column in filtered_columns(layout.filter)
            if column not in existing
        ]
        if complaints:
            raise UsageError(*complaints)
        self._layout = replace(layout, columns=layout.columns.without(absent))
        if absent:
            names = Text.listed(str(getattr(layout.columns, ours)) for ours in absent)
            self._note(
                Text(
                    f"数据表里没有这些默认字段，已略过：{names.zh}。",
                    f"The table has none of these default fields, they are left out: {names.en}.",
                )
            )

    async def _looked_up(self, records: Sequence[Record]) -> frozenset[str]:
        """The columns whose cells hold texts of several records. The table is asked only if a cell may be one, since
        such a cell looks like a formula's. Raises `UsageError`."""
        wanted = self._layout.asked_for()
        maybe = {c for record in records for c in wanted if may_hold_several_texts(record.cells.get(c))}
        if not maybe:
            return frozenset()
        table_id = self._layout.table_id
        try:
            columns = await patiently(lambda: self._base.columns(table_id), patience=self._patience)
        except FeishuError as error:
            raise UsageError(error.complaint) from None
        return frozenset(maybe) - {column.name for column in columns if column.kind == FORMULA}

    def _text(self, record: Record, column: str) -> str:
        return cell_text(record.cells.get(column), values_apart=column in self._apart)

    def _task(self, record: Record, accounts: Accounts) -> Task | None:
        columns = self._layout.columns
        texts = {ours: self._text(record, column).strip() for ours, column in columns.named().items()}
        extra = {column: self._text(record, column) for column in self._layout.extra}
        if self._attachments is not None:
            for column in extra:
                self._attachments.learn(record.record_id, column, record.cells.get(column))
        if not any(texts.values()) and not any(extra.values()):
            return None
        cell = record.cells.get(columns.account) if columns.account is not None else None
        account = accounts.of(cell)
        return Task(
            task_id=record.record_id,
            record_id=record.record_id,
            title=texts.get("title", ""),
            content=texts.get("content", ""),
            digital_no=accounts.digital_human(account, record.record_id) or texts.get("digital_no", ""),
            voice_id=accounts.voice(account) or texts.get("voice_id", ""),
            account_id=accounts.name(account),
            project_name=texts.get("project_name", ""),
            template=texts.get("template", ""),
            extra=MappingProxyType(extra),
            shown=self._shown(record),
        )

    async def _why_empty(self) -> Text:
        """What to tell of a table without tasks. Raises `UsageError` for a filter that lets no record through ever."""
        try:
            page = await self._base.search(self._layout.table_id, page_size=1)
            columns = await self._base.columns(self._layout.table_id) if page.records else []
        except FeishuError as error:
            return error.complaint
        if nothing := no_options(self._layout.filter, columns):
            raise UsageError(*nothing)
        if not page.records:
            return Text(
                "任务表看起来是空的。如果其实有数据，是“高级权限”挡住了应用：请给应用一个能读的角色，或关闭高级权限。",
                "The task table looks empty. If it is not, advanced permissions hide it from the app: give the app a "
                "role that may read, or switch them off.",
            )
        return Text(
            "数据表里有 {count} 条记录，但都不符合筛选条件：请看 tables.content_table.filter_condition。",
            "The table has {count} record(s), but none that the filter lets through: see "
            "tables.content_table.filter_condition.",
        ).filled(count=page.total or Text("若干", "some"))


def _only_of_the_view(shown: int, left_out: int, view_id: str) -> Text:
    return Text(
        "筛选条件选中 {count} 条记录，其中 {shown} 条在视图 {view_id} 里，只跑这些。"
        "要跑全部，就去掉链接里的 view= 和配置里的 view_id。",
        "The filter lets {count} record(s) through; the view {view_id} has {shown}, and only these are run. To run "
        "all, take view= out of the address and view_id out of the configuration.",
    ).filled(count=shown + left_out, shown=shown, view_id=view_id)
