"""`check` for Feishu: credentials, base, tables, every mapped column, column types, and the right to write.

Nothing is changed: the right to write is found out with an update of a record that cannot exist, which Feishu refuses
for the record only when the application may write.
"""

from __future__ import annotations

from cozebatch.feishu.base import Column, FeishuBase
from cozebatch.feishu.codes import Kind
from cozebatch.feishu.column_check import FILTER, check_columns, missing_column
from cozebatch.feishu.film_upload import begin_upload
from cozebatch.feishu.filters import finished_rows_warning
from cozebatch.feishu.layout import Layout, Relation, StatusValues
from cozebatch.feishu.sdk import FeishuClient, FeishuError
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.text import Text

_NO_RECORD = "reccozebatchcheck"


async def check_feishu(client: FeishuClient, base: FeishuBase, layout: Layout, values: StatusValues) -> list[CheckItem]:
    """One item for each thing looked at; stops where nothing further can be found out. Never raises for Feishu."""
    items: list[CheckItem] = []
    application = Text("飞书应用", "Feishu app")
    try:
        await client.check_token()
    except FeishuError as error:
        return [_refused(application, error)]
    items.append(CheckItem(Level.OK, application, Text("凭证有效", "the credentials are good")))
    content = Text("任务表", "task table")
    columns = await _columns(base, layout.table_id, content, items)
    if columns is not None:
        items += check_columns(layout, values, columns)
        items += await _rows(base, layout)
        if (warning := finished_rows_warning(layout, values)) is not None:
            items.append(CheckItem(Level.WARN, FILTER, warning))
        items += await _right_to_write(base, layout, values)
        if layout.films.cover is not None or layout.films.film is not None:
            items.append(await _right_to_upload(client, base))
    relations = (
        ("account_table", Text("账号表", "account table"), layout.accounts),
        ("voice_table", Text("声音表", "voice table"), layout.voices),
        ("digital_human_table", Text("数字人表", "avatar table"), layout.digital_humans),
    )
    for key, subject, relation in relations:
        if relation is not None:
            items += await _relation(base, key, subject, relation)
    return items


def _refused(subject: Text, error: FeishuError) -> CheckItem:
    return CheckItem(Level.FAIL, subject, error.complaint, may_pass=error.may_pass)


async def _columns(base: FeishuBase, table_id: str, subject: Text, items: list[CheckItem]) -> list[Column] | None:
    try:
        columns = await base.columns(table_id)
    except FeishuError as error:
        items.append(_refused(subject, error))
        return None
    await base.find_names()
    name = base.table_name(table_id)
    found = (
        Text("“{name}”，{count} 个字段", '"{name}", {count} field(s)')
        if name
        else Text("可以访问，{count} 个字段", "found, {count} field(s)")
    )
    found = found.filled(name=name, count=len(columns))
    items.append(CheckItem(Level.OK, subject, found))
    return columns


async def _rows(base: FeishuBase, layout: Layout) -> list[CheckItem]:
    """What the filter lets through, and whether an empty table may be one that is hidden from the application."""
    subject = Text("要生成的记录", "records to run")
    try:
        both = layout.filter is not None and layout.view_id is not None
        if both:
            await base.search(layout.table_id, view_id=layout.view_id, page_size=1)
        view_id = None if both else layout.view_id
        page = await base.search(layout.table_id, filter=layout.filter, view_id=view_id, page_size=1)
        if page.records:
            zh, en = f"{page.total or '至少 1'} 条记录", f"{page.total or 'at least 1'}"
            if both:
                zh, en = f"{zh}，只跑其中在视图 {layout.view_id} 里的", f"{en}; only those in {layout.view_id} are run"
            return [CheckItem(Level.OK, subject, Text(zh, en))]
        anything = await base.search(layout.table_id, page_size=1)
    except FeishuError as error:
        return [_refused(subject, error)]
    if anything.records:
        return [CheckItem(Level.OK, subject, Text("没有符合筛选条件的记录", "none that the filter lets through"))]
    return [
        CheckItem(
            Level.WARN,
            subject,
            Text(
                "数据表看起来是空的；如果其实有数据，是“高级权限”挡住了应用：请给它有权限的角色",
                "the table looks empty; if it is not, advanced permissions hide it: give the app a role",
            ),
        )
    ]


async def _right_to_write(base: FeishuBase, layout: Layout, values: StatusValues) -> list[CheckItem]:
    subject = Text("写回权限", "permission to write")
    written = next((v for v in (values.done, values.failed, values.running) if v is not None), None)
    if written is None or layout.columns.status is None:
        return [CheckItem(Level.OK, subject, Text("没有配置写回", "nothing is written back"))]
    try:
        await base.update(layout.table_id, [(_NO_RECORD, {layout.columns.status: written})])
    except FeishuError as error:
        if error.kind is Kind.RECORD:
            return [CheckItem(Level.OK, subject, Text("可以写入", "may write"))]
        if error.kind is Kind.PERMISSION:
            return [_refused(subject, error)]
        if error.kind in (Kind.COLUMN, Kind.VALUE):
            # The complaint about the column is made already.
            return []
        return [CheckItem(Level.WARN, subject, error.complaint)]
    return [CheckItem(Level.OK, subject, Text("可以写入", "may write"))]


async def _right_to_upload(client: FeishuClient, base: FeishuBase) -> CheckItem:
    """An upload is begun and never gone on with: nothing of it is left."""
    subject = Text("上传权限", "permission to upload")
    try:
        await begin_upload(client, base)
    except FeishuError as error:
        if error.kind is not Kind.PERMISSION:
            return CheckItem(Level.WARN, subject, error.complaint)
        zh = "到开放平台“权限管理”开通上传云文档素材的权限，发布版本；或把 cover 和 film 设为 null"
        en = "give it the permission to upload drive media and publish a version, or set cover and film to null"
        return CheckItem(Level.FAIL, subject, Text(f"{error.text.zh}。{zh}", f"{error.text.en}: {en}"))
    return CheckItem(Level.OK, subject, Text("可以上传", "may upload"))


async def _relation(base: FeishuBase, key: str, subject: Text, relation: Relation) -> list[CheckItem]:
    items: list[CheckItem] = []
    columns = await _columns(base, relation.table_id, subject, items)
    existing = [column.name for column in columns or ()]
    for name in (relation.account_column, relation.value_column):
        if columns is not None and name not in existing:
            column = Text(f"字段“{name}”", f"field '{name}'")
            items.append(CheckItem(Level.FAIL, column, missing_column(f"tables.{key}", name, existing)))
    return items
