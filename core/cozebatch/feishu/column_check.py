"""Whether the columns of the content table suit what they are mapped to: read as texts, written, filtered by. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cozebatch.feishu.base import Column
from cozebatch.feishu.layout import Layout, StatusValues, nearest_column
from cozebatch.model.check_item import CheckItem, Level
from cozebatch.model.text import Text

TEXT, SINGLE_SELECT, MULTI_SELECT, LINK, ATTACHMENT, LOOKUP, FORMULA = 1, 3, 4, 15, 17, 19, 20
KINDS: Mapping[int, Text] = {
    1: Text("文本", "text"),
    2: Text("数字", "number"),
    3: Text("单选", "single select"),
    4: Text("多选", "multi select"),
    5: Text("日期", "date"),
    7: Text("复选框", "checkbox"),
    11: Text("人员", "person"),
    13: Text("电话", "phone"),
    15: Text("超链接", "link"),
    17: Text("附件", "attachment"),
    18: Text("单向关联", "relation"),
    19: Text("查找引用", "look-up"),
    20: Text("公式", "formula"),
    21: Text("双向关联", "two-way relation"),
    22: Text("地理位置", "location"),
    23: Text("群组", "group chat"),
    24: Text("流程", "stage"),
    1001: Text("创建时间", "created time"),
    1002: Text("最后更新时间", "modified time"),
    1003: Text("创建人", "created by"),
    1004: Text("修改人", "modified by"),
    1005: Text("自动编号", "auto number"),
    3001: Text("按钮", "button"),
}
"""Feishu's numbers of column types (open platform, "field types" of Base, 2025)."""

_NO_SCRIPT = frozenset({5, 7, 11, 15, 17, 18, 21, 22, 23, 24, 1001, 1002, 1003, 1004, 1005, 3001})
"""Types whose cells hold no script."""
_SENT_AS: Mapping[int, Text] = {
    5: Text("毫秒数", "a number of milliseconds"),
    17: Text("文件名", "the names of the files"),
    18: Text("记录 ID", "ids of records"),
    21: Text("记录 ID", "ids of records"),
    1001: Text("毫秒数", "a number of milliseconds"),
    1002: Text("毫秒数", "a number of milliseconds"),
    3001: Text("空内容", "nothing"),
}
"""Types whose text is hardly what a workflow expects, with what it is."""
_MOST_NAMED = 20

FILTER = Text("筛选条件", "filter")


def check_columns(layout: Layout, values: StatusValues, columns: Sequence[Column]) -> list[CheckItem]:
    """One item for each column that the configuration names."""
    existing = [column.name for column in columns]
    by_name = {column.name: column for column in columns}
    items: list[CheckItem] = []
    for ours, name in layout.columns.named().items():
        key = f"field_mapping.{ours}"
        if name not in by_name:
            level = Level.WARN if layout.columns.may_miss(ours) else Level.FAIL
            items.append(CheckItem(level, _subject(name), missing_column(key, name, existing)))
        elif ours == "status":
            items.append(_status(by_name[name], values))
        elif ours == "result":
            items.append(_result(by_name[name], layout, values))
        elif ours == "content":
            items.append(_script(by_name[name]))
        else:
            items.append(_read(by_name[name], related=ours == "account"))
    for name in layout.extra:
        if name in by_name:
            items.append(_file(by_name[name]) if name in layout.files else _read(by_name[name], related=False))
        else:
            complaint = missing_column("workflow_config.coze_config.parameters", name, existing)
            items.append(CheckItem(Level.FAIL, _subject(name), complaint))
    items += _films(layout, values, by_name)
    items += [
        CheckItem(Level.FAIL, _subject(name), missing_column("filter_condition", name, existing))
        for name in filtered_columns(layout.filter)
        if name not in by_name
    ]
    level = (
        Level.WARN if _has_alternatives(layout.filter) else Level.FAIL
    )  # another alternative may let records through
    items += [CheckItem(level, FILTER, complaint) for complaint in no_options(layout.filter, columns)]
    return items


def no_options(filter: Mapping[str, Any] | None, columns: Sequence[Column]) -> list[Text]:
    """Complaints about values that a filter asks for and that are no options of their select column: no record can have
    them. A column without options says nothing."""
    by_name = {column.name: column for column in columns if column.kind in (SINGLE_SELECT, MULTI_SELECT)}
    found: list[Text] = []
    for condition in _conditions(filter):
        column = by_name.get(str(condition.get("field_name")))
        if column is None or not column.options or condition.get("operator") not in ("is", "contains", "in"):
            continue
        for value in condition.get("value") or ():
            if value not in column.options:
                options = column.options[:_MOST_NAMED]
                found.append(
                    Text(
                        f"filter_condition 里的“{value}”不是字段“{column.name}”的选项，没有记录会符合。"
                        f"现有：{'、'.join(options)}。",
                        f"'{value}' in filter_condition is no option of the field '{column.name}': no record has it. "
                        f"There are: {', '.join(options)}.",
                    )
                )
    return found


def missing_column(key: str, column: str, existing: Sequence[str]) -> Text:
    """The complaint about a column that the table does not have, with the nearest one it has."""
    near = nearest_column(column, existing)
    hint = (
        Text(f"最接近的是“{near}”", f"the nearest is '{near}'")
        if near
        else Text(f"现有：{'、'.join(existing[:20])}", f"there are: {', '.join(existing[:20])}")
    )
    return Text(
        f"数据表里没有“{column}”这个字段（{key}）：{hint.zh}。请改配置，或在数据表里加上这个字段。",
        f"The table has no field '{column}' ({key}): {hint.en}. Change the configuration, or add the field.",
    )


def filtered_columns(filter: Mapping[str, Any] | None) -> list[str]:
    """The columns that a filter looks at, nested groups included."""
    names = [condition.get("field_name") for condition in _conditions(filter)]
    return list(dict.fromkeys(name for name in names if isinstance(name, str)))


def _has_alternatives(filter: Mapping[str, Any] | None) -> bool:
    """Whether one of several conditions suffices somewhere."""
    groups = (filter, *(filter.get("children") or ())) if filter is not None else ()
    return any(
        group.get("conjunction") == "or" and len(group.get("conditions") or ()) + len(group.get("children") or ()) > 1
        for group in groups
    )


def _conditions(filter: Mapping[str, Any] | None) -> Iterator[Mapping[str, Any]]:
    if filter is not None:
        yield from filter.get("conditions") or ()
        for child in filter.get("children") or ():
            yield from _conditions(child)


def _subject(name: str) -> Text:
    return Text(f"字段“{name}”", f"field '{name}'")


def _kind(column: Column) -> Text:
    return KINDS.get(column.kind, Text("其他类型", "another type"))


def _script(column: Column) -> CheckItem:
    kind = _kind(column)
    if column.kind not in _NO_SCRIPT:
        return CheckItem(Level.OK, _subject(column.name), kind)
    return CheckItem(
        Level.FAIL,
        _subject(column.name),
        Text(
            f"是{kind.zh}字段，里面没有文案：请把 field_mapping.content 改成文案所在的文本字段",
            f"holds no script (its type is {kind.en}): set field_mapping.content to the text field that does",
        ),
    )


def _read(column: Column, *, related: bool) -> CheckItem:
    """`related`: relations are resolved to what they lead to."""
    kind, sent = _kind(column), _SENT_AS.get(column.kind)
    if sent is None or (related and column.kind in (18, 21)):
        return CheckItem(Level.OK, _subject(column.name), kind)
    return CheckItem(
        Level.WARN,
        _subject(column.name),
        Text(
            f"是{kind.zh}字段，取到的只是{sent.zh}；需要文字就改用文本字段或查找引用字段",
            f"is a {kind.en} field, of which only {sent.en} can be had; for its text use a text or look-up field",
        ),
    )


def _films(layout: Layout, values: StatusValues, by_name: Mapping[str, Column]) -> Iterator[CheckItem]:
    """The columns that show what was made."""
    used = [*layout.columns.named().values(), *layout.extra, *layout.films.named().values()]
    for ours, name in layout.films.named().items():
        key, subject, column = f"field_mapping.{ours}", _subject(name), by_name.get(name)
        wanted = (TEXT, LINK) if ours == "film_link" else (ATTACHMENT,)
        if column is None:
            yield CheckItem(Level.FAIL, subject, missing_column(key, name, list(by_name)))
        elif column.kind not in wanted:
            right = Text("“文本”或“超链接”", "text or a link") if ours == "film_link" else Text("“附件”", "attachments")
            text = Text(
                f"是{_kind(column).zh}字段，成片写不进去：请改为{right.zh}，或把 {key} 设为 null",
                f"is a {_kind(column).en} field and cannot take it: make it {right.en}, or set {key} to null",
            )
            yield CheckItem(Level.FAIL, subject, text)
        elif used.count(name) > 1:
            text = Text(
                f"还有别的用处，写成片会把它盖掉：请给 {key} 单独一个字段，或设为 null",
                f"is mapped to something else, too, which would be overwritten: give {key} a field of its own, or null",
            )
            yield CheckItem(Level.FAIL, subject, text)
        elif values.done is None or layout.columns.status is None:
            text = Text(
                "没有配置完成状态，成片不会写回", "no status for finished records is set, so that it is not written"
            )
            yield CheckItem(Level.WARN, subject, text)
        else:
            yield CheckItem(
                Level.OK, subject, Text(f"{_kind(column).zh}，成片写在这里", f"{_kind(column).en}, for what is made")
            )


def _file(column: Column) -> CheckItem:
    """A column that feeds an input of a file type: attachments, or something that may hold addresses."""
    kind = _kind(column)
    if column.kind == ATTACHMENT:
        text = Text("附件，运行时上传到扣子", "attachments, uploaded to Coze when they are needed")
        return CheckItem(Level.OK, _subject(column.name), text)
    if column.kind in (TEXT, LINK, LOOKUP, FORMULA):
        text = Text(f"{kind.zh}，当作文件的网址", f"{kind.en}, taken as addresses of files")
        return CheckItem(Level.OK, _subject(column.name), text)
    return CheckItem(
        Level.FAIL,
        _subject(column.name),
        Text(
            f"是{kind.zh}字段，工作流要文件：请改为“附件”，或写网址的“文本”字段",
            f"is a {kind.en} field, and the workflow takes a file: make it attachments, or text with addresses",
        ),
    )


def _status(column: Column, values: StatusValues) -> CheckItem:
    written = _written(values)
    kind, subject = _kind(column), _subject(column.name)
    if written and column.kind not in (TEXT, SINGLE_SELECT):
        return CheckItem(
            Level.FAIL,
            subject,
            Text(
                f"是{kind.zh}字段，状态写不进去：请改为“单选”或“文本”",
                f"is a {kind.en} field and cannot take the status: make it single select or text",
            ),
        )
    new = [value for value in written if column.kind == SINGLE_SELECT and value not in column.options]
    if new:
        return CheckItem(
            Level.WARN,
            subject,
            Text(
                f"单选字段里还没有这些选项，写入时会新建：{'、'.join(new)}",
                f"these options do not exist yet, writing creates them: {', '.join(new)}",
            ),
        )
    return CheckItem(Level.OK, subject, kind)


def _result(column: Column, layout: Layout, values: StatusValues) -> CheckItem:
    kind, subject = _kind(column), _subject(column.name)
    written = bool(_written(values)) and layout.columns.status is not None
    if written and column.kind != TEXT:
        return CheckItem(
            Level.FAIL,
            subject,
            Text(
                f"是{kind.zh}字段，结果写不进去：请改为“文本”，或把 field_mapping.result 设为 null",
                f"is a {kind.en} field and cannot take the result: make it text, or set field_mapping.result to null",
            ),
        )
    if written and column.name in _read_columns(layout):
        return CheckItem(
            Level.FAIL,
            subject,
            Text(
                "还有别的用处，写结果会把它盖掉：请给 field_mapping.result 单独一个字段，或设为 null",
                "is mapped to something else, too, which the result would overwrite: give field_mapping.result a field "
                "of its own, or null",
            ),
        )
    return CheckItem(Level.OK, subject, kind)


def _read_columns(layout: Layout) -> set[str]:
    named = layout.columns.named()
    return {column for ours, column in named.items() if ours != "result"} | set(layout.extra)


def _written(values: StatusValues) -> list[str]:
    return [value for value in (values.running, values.done, values.failed) if value is not None]
