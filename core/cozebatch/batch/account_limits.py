"""What is known of a Coze account's limits before a batch pays: requests a second from its plan, executions at once
from the last run that was throttled. Neither is needed, so that neither may keep a batch waiting."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio

from cozebatch.engine.options import Options
from cozebatch.engine.rate_limiter import DEFAULT_RATE
from cozebatch.model.errors import StepError
from cozebatch.model.text import Text
from cozebatch.ports import Journal

PATIENCE = 3.0
"""Seconds that the account has to answer."""
MARGIN = 0.9
"""Share of the requests in force that is used: other programs may use the same account."""
LOWEST, HIGHEST = 1.0, 2000.0
REMEMBERED = 86400.0
"""Seconds for which a learned limit counts."""

AskRate = Callable[[], Awaitable[float | None]]


async def asked_rate(ask: AskRate) -> tuple[float | None, Text]:
    """The request budget that the account's plan gives, None for the default; and a line for the log."""
    why = Text("扣子没有及时返回", "Coze did not respond in time")
    found: float | None = None
    with anyio.move_on_after(PATIENCE):
        try:
            found = await ask()
            why = Text("扣子没有说明", "Coze does not say")
        except StepError as failed:
            why = failed.info.message
    if found is None or not math.isfinite(found) or found <= 0:
        return None, Text(
            f"没查到账号每秒的请求上限（{why.zh}），按每秒 {DEFAULT_RATE:g} 个请求。",
            f"How many requests a second the account allows is not known ({why.en}); {DEFAULT_RATE:g} a second are "
            "used.",
        )
    rate = min(HIGHEST, max(LOWEST, found * MARGIN))
    return rate, Text(
        "账号每秒最多 {found} 个请求，本批次最多用 {rate} 个。",
        "The account allows {found} request(s) a second; this batch uses {rate} at most.",
    ).filled(found=f"{found:g}", rate=f"{rate:g}")


async def with_learned(options: Options, journal: Journal, now: float) -> tuple[Options, Text | None]:
    """The options with what the last throttled run of the account learned within a day, and a line for the log. Raises
    `JournalError`."""
    learned = await journal.learned_limit(options.account) if options.account else None
    if learned is None or not 0 <= now - learned.at < REMEMBERED or learned.executions >= options.max_coze:
        return options, None
    return replace(options, learned_limit=learned.executions), Text(
        "上次限流时扣子允许 {count} 个执行并发，从这里开始，再逐个试着增加。",
        "Coze allowed {count} execution(s) at once when it last limited the rate: the batch begins there, and tries "
        "one more at a time.",
    ).filled(count=learned.executions)
