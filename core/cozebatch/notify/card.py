"""A message card of Feishu, as a custom bot's webhook takes it (docs/feishu.md).

Every text is `plain_text`: nothing that comes from a task or a service is read as Feishu's Markdown or as a mention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cozebatch.model.board import Board
from cozebatch.model.failure_cards import card_for
from cozebatch.model.prices import NO_PRICES, Prices, yuan
from cozebatch.model.sanitize import clean
from cozebatch.model.task import State
from cozebatch.model.text import Lang, Text
from cozebatch.notify.news import News
from cozebatch.planning.planned import LAST_DAYS, days_left, expiring, is_expired

MOST_GROUPS = 5
"""Groups of failures that a card names; the table has them all."""

_TITLES: dict[News, Text] = {
    "ended": Text("批次结束", "Batch ended"),
    "stopped": Text("批次自动停止，需要你处理", "Batch stopped itself and needs you"),
    "held": Text("有任务等你确认", "A task waits for you"),
}
_HELD = Text(
    "提交结果不明，可能已经扣费：请在程序里认领（免费）或付费重做。",
    "A submission's result is unclear; it may have been charged: in the program, adopt its execution (free) or rerun "
    "the task (paid).",
)
_LEFT = Text("没做的任务，下次启动接着做。", "What is left waits for the next start.")
_OPEN = Text("打开表格", "Open the table")


@dataclass(frozen=True, slots=True)
class About:
    """Which batch it is: a name that people know, and the address of its table, None where there is none."""

    name: str
    link: str | None = None
    prices: Prices = NO_PRICES


def card_of(kind: News, board: Board, about: About, lang: Lang, *, now: float) -> dict[str, Any]:
    """The card's JSON for `msg_type: interactive`. `now`: Unix seconds."""
    elements: list[dict[str, Any]] = [{"tag": "div", "fields": _figures(board, about.prices, lang)}]
    lines = [error.message.in_(lang) for error in board.paused.values() if error is not None]
    if kind == "held":
        lines.append(_HELD.in_(lang))
    if kind == "ended" and board.counts[State.PENDING]:
        lines.append(_LEFT.in_(lang))
    if (warning := expiring(_days_left(board, now))) is not None:
        lines.append(warning.in_(lang))
    elements += [_text(line) for line in lines]
    groups = sorted(board.groups.values(), key=lambda group: -group.count)
    if groups:
        elements.append({"tag": "hr"})
    for group in groups[:MOST_GROUPS]:
        sample = group.sample
        code = f" ({sample.code})" if sample.code else ""
        elements.append(_text(f"{group.count} × {sample.message.in_(lang)}{code}\n→ {card_for(sample).cure(lang)}"))
    if about.link is not None:
        button = {"tag": "button", "text": _plain(_OPEN.in_(lang)), "url": about.link, "type": "default"}
        elements.append({"tag": "action", "actions": [button]})
    title = f"{_TITLES[kind].in_(lang)}：{about.name}" if lang == "zh" else f"{_TITLES[kind].in_(lang)}: {about.name}"
    return {
        "config": {"wide_screen_mode": True},
        "header": {"title": _plain(clean(title, 120)), "template": _colour(kind, board)},
        "elements": elements,
    }


def _days_left(board: Board, now: float) -> list[int]:
    """Of the tasks whose results lie at Coze and are dropped there within days."""
    rows = [row for row in board.rows.values() if row.state in (State.RUNNING, State.HELD) and not row.has_output]
    left = [days_left(row, now) for row in rows if not is_expired(row, now)]
    return [days for days in left if days is not None and days < LAST_DAYS]


def _figures(board: Board, prices: Prices, lang: Lang) -> list[dict[str, Any]]:
    counts, rows = board.counts, board.rows.values()
    executions = sum(row.attempts for row in rows)
    spent = prices.spent(executions, sum(row.tokens for row in rows))
    named: list[tuple[Text, object]] = [
        (Text("完成", "Done"), counts[State.DONE]),
        (Text("失败", "Failed"), counts[State.FAILED]),
        (Text("待确认", "Held"), counts[State.HELD]),
        (Text("没做完", "Not finished"), board.unfinished),
        (Text("付费执行", "Paid executions"), executions),
        (Text("费用约", "Cost, about"), None if spent is None else yuan(spent)),
        (Text("用时", "Time"), _duration(board.clock)),
    ]
    return [
        {"is_short": True, "text": _plain(f"{name.in_(lang)}  {value}")}
        for name, value in named
        if value or name.en == "Done"
    ]


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _colour(kind: News, board: Board) -> str:
    if kind != "ended":
        return "orange"
    return (
        "red" if board.counts[State.FAILED] else "orange" if board.counts[State.HELD] or board.unfinished else "green"
    )


def _text(line: str) -> dict[str, Any]:
    return {"tag": "div", "text": _plain("\n".join(clean(part, 400) for part in line.split("\n")))}


def _plain(text: str) -> dict[str, str]:
    return {"tag": "plain_text", "content": text}
