"""Holds a command against what the operator had before his eyes when he gave it.

Several screens may show one batch, each a moment late: what somebody else has done since must not be done twice.
"""

from __future__ import annotations

from collections.abc import Mapping

from cozebatch.model.rows import Row
from cozebatch.model.text import Text

PAID_MEANWHILE = Text(
    "有人刚刚重做过这个任务，没有再提交。先看看现在的结果。",
    "Somebody else has just run this task again; nothing was submitted. Look at its result first.",
)


def differs(row: Row, attempts: Mapping[str, int] | None) -> bool:
    """Whether the row was paid for since. `attempts`: of each row as it was seen; None: not said."""
    return attempts is not None and attempts.get(row.task_id) != row.attempts
