"""What is charged, in words: whether a task's latest attempt was, and what executions cost."""

from __future__ import annotations

from cozebatch.model.prices import Prices, yuan
from cozebatch.model.rows import Row
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
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


def costs_about(prices: Prices, executions: int, tokens_each: float | None, lang: Lang) -> str:
    """A line for a question: what so many executions cost; empty where that is not known."""
    expected = prices.expected(executions, tokens_each)
    if not executions or expected is None:
        return ""
    return "\n" + texts.COSTS_ABOUT.in_(lang).format(cost=yuan(expected))
