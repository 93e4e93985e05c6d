"""Whether a task's latest attempt was charged: the one place that says it in words."""

from __future__ import annotations

from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Text
from cozebatch_tui.locale import question as question_texts
from cozebatch_tui.locale import task as texts


def charged(row: Row) -> Text:
    """What is known of the money for a task with a problem."""
    if row.waits:
        return question_texts.WAITING
    if row.unanswered or row.state is State.HELD:
        return texts.MAY_BE_CHARGED
    if row.has_output:
        return texts.CHARGED
    if row.execution_failed:
        return texts.FAILED_AT_COZE
    if row.execute_id is not None:
        return texts.CHARGED_AT_COZE
    return texts.NOT_CHARGED if not row.attempts else texts.MAY_BE_CHARGED
