"""Reads of a base, or of a task file, what a person needs to see to choose: tables, views, columns with sample values.

Reads only. A table is read with the application's own rights; a file with the readers of `files`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path

from cozebatch.feishu.base import FeishuBase, Named
from cozebatch.feishu.cells import cell_text
from cozebatch.feishu.links import BaseLink
from cozebatch.feishu.sdk import FeishuClient
from cozebatch.files.columns import Complaints
from cozebatch.files.csv_reader import read_csv
from cozebatch.files.decoding import decode
from cozebatch.files.field_names import USUAL, FieldNames
from cozebatch.files.json_reader import read_json, read_jsonl
from cozebatch.files.rows import Row
from cozebatch.files.source import ENDINGS, MAX_BYTES
from cozebatch.model.errors import UsageError
from cozebatch.model.os_reason import os_reason
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Text
from cozebatch.setup.matching import RELATIONS, SourceColumn, plain, role_of

SAMPLES = 3
"""Rows that are shown of a table."""
_ROWS_READ = 50
_LOOK_UP = 19
_MOST_RELATIONS = 12
_MOST_SAMPLE, _MOST_VALUE, _MOST_VALUES = 200, 20, 12


@asynccontextmanager
async def opened(
    link: BaseLink, *, app_id: str, app_secret: str, domain: str, timeout: float
) -> AsyncIterator[tuple[FeishuClient, FeishuBase]]:
    """The base behind a link, with the application's rights. `timeout` in seconds. Raises `UsageError`."""
    client = FeishuClient(app_id=app_id, app_secret=app_secret, domain=domain, request_timeout=timeout)
    async with client:
        yield client, FeishuBase(client, link)


async def columns_of(base: FeishuBase, table_id: str) -> tuple[list[SourceColumn], int]:
    """The columns with samples, and the number of rows. Raises `FeishuError`."""
    columns = await base.columns(table_id)
    page = await base.search(table_id, page_size=_ROWS_READ)
    found = []
    for column in columns:
        texts = [
            _sample(cell_text(record.cells.get(column.name), values_apart=column.kind == _LOOK_UP))
            for record in page.records
        ]
        found.append(SourceColumn(column.name, column.kind, column.options, tuple(texts[:SAMPLES]), _values(texts)))
    return found, max(page.total, len(page.records))


async def relations_of(
    base: FeishuBase, table_id: str, columns: Sequence[SourceColumn], tables: Sequence[Named]
) -> dict[str, dict[str, str]]:
    """The tables of the base that name accounts, their voices and their digital humans, as the configuration has them
    (docs/contract.md §2). Only for a table with an account. Raises `FeishuError`."""
    account = next((column for column in columns if role_of(column.name) == "account_id"), None)
    found: dict[str, dict[str, str]] = {}
    if account is None:
        return found
    for table in [table for table in tables if table.id != table_id][:_MOST_RELATIONS]:
        by_role: dict[str | None, str] = {}
        names = [column.name for column in await base.columns(table.id)]
        for name in names:
            by_role.setdefault(role_of(name), name)
        of = by_role.get("account_id")
        if of is None:
            continue
        if "voice_id" in by_role:
            found.setdefault(
                "voice_table", {"table_id": table.id, "account_field": of, "voice_id_field": by_role["voice_id"]}
            )
        elif "digital_no" in by_role:
            found.setdefault(
                "digital_human_table",
                {"table_id": table.id, "account_field": of, "digital_no_field": by_role["digital_no"]},
            )
        elif account.kind in RELATIONS:
            called = next((name for name in names if plain(name) in ("名称", "名字", "昵称", "name")), of)
            found.setdefault("account_table", {"table_id": table.id, "account_field": of, "name_field": called})
    return found


async def views_of(base: FeishuBase, table_id: str) -> list[Named]:
    """The views of a table, by their cleaned names. Raises `FeishuError`."""
    return [Named(view.id, clean(view.name, 80)) for view in await base.views(table_id)]


async def tables_of(base: FeishuBase) -> list[Named]:
    """The tables of a base, by their cleaned names. Raises `FeishuError`."""
    return [Named(table.id, clean(table.name, 80)) for table in await base.tables()]


def columns_of_file(path: Path) -> tuple[list[SourceColumn], int | None]:
    """The columns of a task file with samples, and the number of its rows as far as it was read (None: more than
    that). Blocks. Raises `UsageError` for a file that cannot be read.

    The header is known by its column of scripts. Where no column is called like one, it is the fullest row near the
    top, and which column has the scripts is still to be chosen.
    """
    complaints = Complaints(str(path))
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise UsageError(
            Text(
                f"任务文件应为 {' '.join(ENDINGS)} 之一，例如 tasks.xlsx。",
                f"A task file ends in one of {' '.join(ENDINGS)}, such as tasks.xlsx.",
            )
        )
    try:
        if not path.is_file():
            raise UsageError(Text(f"没有 {path} 这个文件。", f"There is no file {path}."))
        if path.stat().st_size > MAX_BYTES:
            raise UsageError(Text(f"{path} 太大，请拆成几个文件。", f"{path} is too large: split it."))
        names, rows = _read(path, ending, complaints, USUAL)
        if names and not USUAL.is_header(names):
            likely = next((name for name in names if role_of(name) == "content"), names[0])
            names, rows = _read(path, ending, complaints, FieldNames({"content": likely}))
    except OSError as error:
        raise UsageError(
            Text("无法读取 {path}：{why}。", "{path} cannot be read: {why}.").filled(path=path, why=os_reason(error))
        ) from None
    first = [row.cells for row in islice(rows, _ROWS_READ) if not row.hidden and any(row.cells.values())]
    names = list(dict.fromkeys([*(names or ()), *(name for cells in first for name in cells)]))
    more = next(iter(rows), None) is not None
    return [_file_column(name, first) for name in names], None if more else len(first)


def _read(
    path: Path, ending: str, complaints: Complaints, fields: FieldNames
) -> tuple[list[str] | None, Iterable[Row]]:
    if ending == ".xlsx":
        from cozebatch.files.xlsx_reader import read_xlsx

        names, rows = read_xlsx(path, complaints, fields)
        return names, iter(rows)
    text = decode(path.read_bytes(), complaints)
    if ending == ".csv":
        names, rows = read_csv(text, complaints, fields)
        return names, iter(rows)
    read = read_json if ending == ".json" else read_jsonl
    return None, iter(read(text, complaints))


def _file_column(name: str, rows: Sequence[Mapping[str, str]]) -> SourceColumn:
    texts = [_sample(row.get(name, "")) for row in rows]
    return SourceColumn(name, samples=tuple(texts[:SAMPLES]), values=_values(texts))


def _sample(text: str) -> str:
    return clean(text.strip(), _MOST_SAMPLE)


def _values(texts: Iterable[str]) -> tuple[str, ...]:
    """The different texts, if they are few and short enough to be something like a status."""
    different = tuple(dict.fromkeys(text for text in texts if text))
    few = len(different) <= _MOST_VALUES and all(len(text) <= _MOST_VALUE for text in different)
    return different if few else ()
