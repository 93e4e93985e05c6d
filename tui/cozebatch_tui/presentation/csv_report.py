"""A run's tasks as a table for Excel: UTF-8 with a byte order mark, which Excel needs to read Chinese.

No cell is taken for a formula: one that begins like a formula gets an apostrophe in front, as OWASP advises (CSV
injection). A long id, of which Excel would keep 15 digits, gets a tab in front, which keeps it text there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

from cozebatch.model.rows import Row
from cozebatch.model.sanitize import clean
from cozebatch.model.text import Lang, Text
from cozebatch.model.timestamps import iso
from cozebatch_tui.locale.names import CATEGORIES, STATES

COLUMNS: Sequence[Text] = (
    Text("任务", "task"),
    Text("标题", "title"),
    Text("账号", "account"),
    Text("状态", "state"),
    Text("付费次数", "executions"),
    Text("扣子秒", "Coze seconds"),
    Text("合成秒", "synthesis seconds"),
    Text("tokens", "tokens"),
    Text("开始", "submitted"),
    Text("结束", "ended"),
    Text("成片", "film"),
    Text("草稿", "draft"),
    Text("错误类别", "error category"),
    Text("原因", "reason"),
    Text("怎么办", "what to do"),
    Text("执行 ID", "execution"),
    Text("调试页", "debug page"),
)
LONGEST = 2000
"""Characters of a cell; Excel takes 32,767."""


def table(rows: Iterable[Row], lang: Lang) -> str:
    """The CSV text, its byte order mark included, lines ended as Excel does."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.in_(lang) for column in COLUMNS])
    for row in rows:
        writer.writerow([_cell(value) for value in values(row, lang)])
    return "\ufeff" + out.getvalue()


def values(row: Row, lang: Lang) -> list[str | int | float | None]:
    """The cells of a task, in the order of `COLUMNS`, as they are."""
    error = row.error
    reason = error.message if error is not None else row.note
    return [
        row.task_id,
        row.title,
        row.account_id,
        STATES[row.state].in_(lang),
        row.attempts,
        round(row.coze_seconds, 1),
        round(row.synthesis_seconds, 1),
        row.tokens,
        iso(row.submitted_at),
        iso(row.finished_at),
        row.video_path,
        row.draft_path,
        CATEGORIES[error.category].in_(lang) if error is not None else None,
        reason.in_(lang) if reason is not None else None,
        error.hint.in_(lang) if error is not None and error.hint is not None else None,
        row.execute_id,
        row.debug_url,
    ]


def _cell(value: str | int | float | None) -> str | int | float:
    if not isinstance(value, str):
        return "" if value is None else value
    text = clean(value, LONGEST)
    if re.fullmatch("[0-9]{12,}|0[0-9]+", text):
        return f"\t{text}"
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠")) else text
